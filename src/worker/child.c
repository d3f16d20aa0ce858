/*
 * worker/child.c - what workers and the scheduler have in common: signals,
 * the lifeline to the master, and what is opened after the fork.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "auth/auth.h"
#include "base/clock.h"
#include "base/log.h"
#include "db/handle.h"
#include "op/clock.h"
#include "op/vault.h"
#include "provider/providers.h"
#include "shm/known.h"
#include "store/quota.h"
#include "store/store.h"
#include "store/usage.h"
#include "worker/worker_private.h"

#define FAST_BREAKER_MS 1000
#define START_DATABASE_MS 1000  /* what needs no database is served without one */
#define FAST_PAGES_KB 512       /* what is asked for often is in the segment */

/* The handler does nothing: the signal ends ppoll, and the loop reads the flag. */
static volatile sig_atomic_t stop_asked;

static void on_term(int signal_number)
{
	(void)signal_number;
	stop_asked = 1;
}

static void on_other(int signal_number)
{
	(void)signal_number;
}

/* Ctrl-C reaches the whole process group; only the master decides what to do then, and
 * sends TERM. */
static const int ignored[] = { SIGINT, SIGQUIT, SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2 };

void child_signals(void)
{
	struct sigaction sa = { .sa_handler = on_term, .sa_flags = SA_RESTART };
	sigset_t blocked;

	sigemptyset(&sa.sa_mask);
	sigaction(SIGTERM, &sa, NULL);
	sa.sa_handler = on_other;
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		sigaction(ignored[i], &sa, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
}

/* ppoll that finds a descriptor ready leaves a pending TERM undelivered, so
 * under load the handler alone would never run. */
static bool term_came(void)
{
	sigset_t pending;

	sigpending(&pending);
	return stop_asked || sigismember(&pending, SIGTERM) == 1;
}

enum child_event child_wait(const struct child *c, int fd, int64_t timeout_ms)
{
	struct pollfd fds[2] = { { .fd = c->lifeline_fd, .events = POLLIN },
				 { .fd = fd, .events = POLLIN } };
	struct timespec ts = { .tv_sec = timeout_ms / SECOND_MS,
			       .tv_nsec = timeout_ms % SECOND_MS * 1000000 };
	sigset_t none;
	int n;

	sigemptyset(&none);
	for (;;) {
		if (term_came())
			return CHILD_STOP;
		n = ppoll(fds, 2, timeout_ms < 0 ? NULL : &ts, &none);
		if (n == 0)
			return CHILD_TIMEOUT;
		if (n < 0 && errno != EINTR)
			return CHILD_STOP;
		if (n > 0)
			return fds[0].revents ? CHILD_STOP : CHILD_READABLE;
	}
}

bool child_lock(const char *path, int *fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (*fd < 0)
		*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0)
		log_warn("lock_failed", LOG_S("path", path), LOG_S("error", strerror(errno)));
	return *fd >= 0 && fcntl(*fd, F_OFD_SETLK, &lock) == 0;
}

bool child_is_orphan(const struct child *c)
{
	struct pollfd fd = { .fd = c->lifeline_fd, .events = POLLIN };

	return poll(&fd, 1, 0) > 0;
}

bool child_is_replaced(const struct child *c)
{
	for (size_t i = 0; i < c->scoreboard->n; i++) {
		const struct slot *s = &c->scoreboard->slots[i];

		if (s->role == c->slot->role && s->generation > c->slot->generation &&
		    atomic_load(&s->state) >= SLOT_IDLE && atomic_load(&s->state) < SLOT_STOPPING)
			return true;
	}
	return false;
}

static bool ask_time(struct worker *w, struct err *err_r)
{
	struct op op = { .db = w->db, .arena = w->arena, .process = &w->process };
	bool done = op_clock_look(&op, err_r);

	arena_reset(w->arena);
	return done;
}

static const char *lost(const void *segment)
{
	return segment_lost(segment);
}

static bool lose(void *segment, const char *sentence)
{
	return segment_lose(segment, sentence);
}

bool child_lock_kept(const struct child *c, const char *path, int fd)
{
	const char *slash = strrchr(path, '/');
	struct stat held, there;
	char sentence[DB_LOST_TEXT];

	if (fstat(fd, &held) != 0 ||
	    (stat(path, &there) != 0 ? errno != ENOENT && errno != ENOTDIR
				     : held.st_ino == there.st_ino && held.st_dev == there.st_dev))
		return true;
	snprintf(sentence, sizeof(sentence), "The file %.100s is gone or was replaced while the service "
		 "had it locked: restart the service", slash ? slash + 1 : path);
	if (segment_lose(c->segment, sentence))
		log_error("lock_lost", LOG_S("path", path), LOG_S("requests", "are refused until a restart"));
	return false;
}

/* A process that starts during an outage must become idle all the same, and soon. */
static void try_database(struct worker *w)
{
	struct err err;

	db_deadline(w->db, clock_monotonic() + START_DATABASE_MS);
	if (!db_connect(w->db, &err) || !ask_time(w, &err))
		log_warn("database_away", LOG_S("error", err.message));
	db_deadline(w->db, 0);
}

static bool open_stores(struct worker *w, const struct child *c, struct err *err_r)
{
	clock_follow(known_start(c->segment));
	w->db = store_open(c->conf, err_r);
	if (!w->db)
		return false;
	if (c->slot->role == ROLE_FAST)
		db_page_cache(w->db, FAST_PAGES_KB);
	db_watch_set(w->db, (struct db_watch){ .lost = lost, .lose = lose, .arg = c->segment });
	w->process.quota = store_quota_open(w->db);
	if (c->slot->role == ROLE_FAST) {
		db_breaker(w->db, FAST_BREAKER_MS);
		db_breaker(w->process.quota, FAST_BREAKER_MS);
	}
	w->process.usage = store_usage_open(w->db, NULL);
	try_database(w);
	return true;
}

static bool has(const struct master_subkeys *keys)
{
	return master_subkey_find(keys, NULL) != NULL;
}

/* The pools answer for providers; the caller reads them itself. */
static bool open_providers(struct worker *w, const struct child *c, struct err *err_r)
{
	if (c->slot->role != ROLE_FAST && c->slot->role != ROLE_SLOW)
		return true;
	w->kept = arena_new();
	w->process.caller_fd = &c->caller_fd;
	w->process.providers = providers_kept(w->kept, c->conf, err_r);
	return w->process.providers != NULL;
}

bool child_open(struct worker *w, const struct child *c)
{
	struct err err;

	*w = (struct worker){ .child = c, .arena = arena_new(), .process = {
		.conf = c->conf, .scoreboard = c->scoreboard, .slot = c->slot, .segment = c->segment,
		.block = c->block + 1, .pair_keys = has(&c->pair_keys) ? &c->pair_keys : NULL,
		.reply_keys = has(&c->reply_keys) ? &c->reply_keys : NULL,
		.cache = c->slot->role == ROLE_FAST,
	} };
	if (!open_providers(w, c, &err)) {
		log_error("start_failed", LOG_S("error", err.message));
		return false;
	}
	if (has(&c->wrap_keys))
		w->process.vault = vault_new(&c->wrap_keys);
	clock_set_offset(c->conf->clock_offset, c->conf->host_clock_offset);
	if (auth_init(&err) && (c->unchecked || open_stores(w, c, &err)))
		return true;
	log_error("start_failed", LOG_S("error", err.message));
	return false;
}

void child_close(struct worker *w)
{
	fcgi_free(&w->fcgi);
	vault_free(&w->process.vault);
	store_usage_close(&w->process.usage);
	store_quota_close(&w->process.quota, w->db);
	db_free(&w->db);
	arena_free(&w->arena);
	arena_free(&w->kept);
}
