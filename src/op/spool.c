/* op/spool.c - answers of providers in files. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/seal.h"
#include "base/log.h"
#include "base/str.h"
#include "op/spool.h"

#define HEAD "pierre spool 1 "

/* --- the directory ------------------------------------------------------------------------- */

static bool unusable(const char *path, struct err *err_r)
{
	return err_field(err_r, ERR_CONFIG, "SPOOL_DIR", "The spool %s cannot be used: %s; without it no token is "
			 "refreshed", path, strerror(errno));
}

bool spool_open(const char *path, const struct master_subkeys *keys, struct spool *out,
		struct err *err_r)
{
	*out = (struct spool){ open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), path, keys };
	return out->dir >= 0 || unusable(path, err_r);
}

bool spool_create(const char *path, const struct master_subkeys *keys, struct spool *out,
		struct err *err_r)
{
	*out = (struct spool){ -1, path, keys };
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return unusable(path, err_r);
	return spool_open(path, keys, out, err_r);
}

/* What is written to a directory that was removed or renamed is found by nobody (as R9). */
static bool is_at_path(const struct spool *s)
{
	struct stat is, at;

	return s->dir >= 0 && fstat(s->dir, &is) == 0 && stat(s->path, &at) == 0 &&
	       is.st_dev == at.st_dev && is.st_ino == at.st_ino;
}

bool spool_follow(struct spool *s, struct err *err_r)
{
	struct spool now;
	bool done;

	if (is_at_path(s))
		return true;
	if (!spool_create(s->path, s->keys, &now, err_r))
		return false;
	if (s->dir < 0) {
		*s = now;
		return true;
	}
	done = dup3(now.dir, s->dir, O_CLOEXEC) >= 0 || unusable(s->path, err_r);
	spool_close(&now);
	return done;
}

void spool_close(struct spool *s)
{
	if (s->dir >= 0)
		close(s->dir);
	s->dir = -1;
}

/* --- a file ---------------------------------------------------------------------------------- */

/* As long as the descriptor is open. */
static bool lock(int fd)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &all) == 0;
}

static bool no_spool(struct err *err_r)
{
	return err_reason(err_r, ERR_UNAVAILABLE, "no_spool", "There is no place for an answer: see that "
			  "SPOOL_DIR exists, or can be made, and belongs to the service's user");
}

static bool no_space(const struct spool *s, struct spool_file *f, int error, struct err *err_r)
{
	spool_drop(s, f, false);
	return err_reason(err_r, ERR_UNAVAILABLE, "no_space", "There is no room for an answer in SPOOL_DIR: %s",
			  strerror(error));
}

/* A walk between open and lock takes the file for one that was left, and deletes it. */
static bool is_there(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

bool spool_reserve(const struct spool *s, const char *id, int64_t gen, struct spool_file *out,
		   struct err *err_r)
{
	int error;

	snprintf(out->name, sizeof(out->name), "%s.%" PRId64, id, gen);
	out->fd = -1;
	if (!is_at_path(s))
		return no_spool(err_r);
	out->fd = openat(s->dir, out->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out->fd < 0)
		return no_space(s, out, errno, err_r);
	if (!lock(out->fd) || !is_there(out->fd))
		return no_space(s, out, EBUSY, err_r);
	error = posix_fallocate(out->fd, 0, SPOOL_BYTES);
	if (error == 0 && (fsync(out->fd) != 0 || fsync(s->dir) != 0))
		error = errno;
	return error == 0 || no_space(s, out, error, err_r);
}

void spool_drop(const struct spool *s, struct spool_file *f, bool keep)
{
	if (f->fd < 0)
		return;
	if (!keep)
		unlinkat(s->dir, f->name, 0);
	close(f->fd);
	f->fd = -1;
}

/* --- an answer ------------------------------------------------------------------------------- */

/* Of the answer; texts, or numbers by their text. */
static const struct part {
	size_t offset;
	bool number;
} parts[] = {
	{ offsetof(struct refresh_answer, user_id), false },
	{ offsetof(struct refresh_answer, tenant_id), false },
	{ offsetof(struct refresh_answer, provider), false },
	{ offsetof(struct refresh_answer, app_id), false },
	{ offsetof(struct refresh_answer, connect_gen), true },
	{ offsetof(struct refresh_answer, expires_at), true },
	{ offsetof(struct refresh_answer, answered_at), true },
	{ offsetof(struct refresh_answer, scopes), false },
	{ offsetof(struct refresh_answer, access_token), false },
	{ offsetof(struct refresh_answer, refresh_token), false },
	{ offsetof(struct refresh_answer, client_id), false },
	{ offsetof(struct refresh_answer, account), false },
};
#define N_PARTS (sizeof(parts) / sizeof(parts[0]))

static const void *at(const struct refresh_answer *a, const struct part *m)
{
	return (const char *)a + m->offset;
}

/* Part by part in the order of the table: "LENGTH:BYTES," each, "-," for none. Lengths need no
 * escapes, so what is written is not longer than what came. */
static const char *text_of(const struct refresh_answer *a, struct arena *arena)
{
	struct strbuf b = { .arena = arena };

	for (size_t i = 0; i < N_PARTS; i++) {
		const char *text = NULL;

		if (parts[i].number)
			text = arena_printf(arena, "%" PRId64, *(const int64_t *)at(a, &parts[i]));
		else
			memcpy(&text, at(a, &parts[i]), sizeof(text));
		if (text)
			strbuf_addf(&b, "%zu:%s,", strlen(text), text);
		else
			strbuf_adds(&b, "-,");
	}
	return b.s;
}

/* The part at *at, which moves behind it. False: there is none. */
static bool part_read(const char **at, const char *end, struct arena *arena, const char **out)
{
	const char *s = *at;
	size_t n = 0;

	*out = NULL;
	if (end - s >= 2 && s[0] == '-') {
		*at = s + 2;
		return s[1] == ',';
	}
	for (; s < end && *s >= '0' && *s <= '9' && n < SPOOL_BYTES; s++)
		n = 10 * n + (size_t)(*s - '0');
	if (s == *at || s == end || *s++ != ':' || (size_t)(end - s) < n + 1 || s[n] != ',')
		return false;
	*out = arena_strndup(arena, s, n);
	*at = s + n + 1;
	return true;
}

static bool answer_read(const char *text, size_t n, struct arena *arena, struct refresh_answer *out)
{
	const char *end = text + n;

	for (size_t i = 0; i < N_PARTS; i++) {
		char *to = (char *)out + parts[i].offset;
		const char *word;
		int64_t number = 0;

		if (!part_read(&text, end, arena, &word) ||
		    (parts[i].number && (!word || !str_int(word, INT64_MIN, INT64_MAX, &number))))
			return false;
		memcpy(to, parts[i].number ? (const void *)&number : (const void *)&word, sizeof(word));
	}
	return text == end && out->user_id && out->tenant_id && out->provider && out->app_id &&
	       out->access_token;
}

static struct seal_place place_of(const char *id, const char *gen)
{
	return (struct seal_place){ "spool", "answer", id, { gen } };
}

static bool put(int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, text, n);

		if (done < 0 && errno != EINTR)
			return false;
		if (done > 0) {
			text += done;
			n -= (size_t)done;
		}
	}
	return fdatasync(fd) == 0;
}

bool spool_write(const struct spool *s, const struct spool_file *f, const struct refresh_answer *a,
		 struct arena *arena, struct err *err_r)
{
	const struct master_subkey *master = &s->keys->of[0];
	const struct seal_key by = { 0, master->key };
	const char *gen = strrchr(f->name, '.') + 1, *text, *sealed, *whole;
	const struct seal_place place = place_of(a->id, gen);
	struct refresh_answer in = *a;

	if (in.scopes && strlen(in.scopes) > SPOOL_SCOPES_MAX)
		in.scopes = NULL;
	text = text_of(&in, arena);
	if (!seal(&by, &place, text, strlen(text), arena, &sealed, err_r))
		return false;
	whole = arena_printf(arena, HEAD "%s %s %s\n%s\n", master->id, a->id, gen, sealed);
	if (strlen(whole) > SPOOL_BYTES)
		return err_set(err_r, ERR_INTERNAL, "An answer of %zu bytes is larger than its place in SPOOL_DIR",
			       strlen(whole));
	return put(f->fd, whole, strlen(whole)) ||
	       err_set(err_r, ERR_UNAVAILABLE, "An answer cannot be written to SPOOL_DIR: %s", strerror(errno));
}

/* --- what was left ------------------------------------------------------------------------------ */

/* The words of the head: MASTER ID GEN. */
static bool head_read(char *line, const char *name, const char *word[3])
{
	char *rest = str_starts(line, HEAD) ? line + strlen(HEAD) : NULL;
	size_t n;

	for (size_t i = 0; i < 3; i++) {
		word[i] = rest ? strsep(&rest, " ") : NULL;
		if (!word[i] || !*word[i])
			return false;
	}
	n = strlen(word[1]);
	return !rest && strncmp(name, word[1], n) == 0 && name[n] == '.' && str_eq(name + n + 1, word[2]);
}

static bool open_answer(const struct spool *s, char *text, const char *name, struct arena *arena,
			struct refresh_answer *out)
{
	const char *word[3];
	char *head = strsep(&text, "\n"), *sealed = strsep(&text, "\n");
	const struct subkey *key;
	struct seal_key by = { .id = 0 };
	struct seal_place place;
	struct err err;
	char *plain;
	size_t n;
	bool good;

	if (!sealed || !text || !head_read(head, name, word))
		return false;
	key = master_subkey_find(s->keys, word[0]);
	*out = (struct refresh_answer){ .id = arena_strdup(arena, word[1]) };
	if (!key || !str_int(word[2], ANSWER_OF_CODE, INT64_MAX, &out->gen))
		return false;
	by.key = *key;
	place = place_of(word[1], word[2]);
	good = seal_open(&by, &place, sealed, arena, &plain, &n, &err) && answer_read(plain, n, arena, out);
	explicit_bzero(&by, sizeof(by));
	return good;
}

/* Its text; "": there is no answer in it. NULL: it cannot be read, and errno says why. */
static char *content(int fd, struct arena *arena)
{
	char *text = arena_alloc(arena, SPOOL_BYTES + 1);
	ssize_t n = pread(fd, text, SPOOL_BYTES, 0);

	return n < 0 ? NULL : text;
}

struct walk {
	const struct spool *s;
	struct arena *arena;
	spool_store_fn *store;
	void *arg;
	struct spool_found *out;
};

static void keep(const struct walk *w, const char *name, const char *why)
{
	log_error("spool_not_opened", LOG_S("file", name), LOG_S("error", why), LOG_S("next", "it is kept: 'man pierre', TOKENS OF PROVIDERS"));
	w->out->kept++;
}

static bool take(const struct walk *w, struct spool_file *f, struct err *err_r)
{
	char *text = content(f->fd, w->arena);
	struct refresh_answer answer;

	if (text && !*text) {
		spool_drop(w->s, f, false);
		return true;
	}
	if (!text || !open_answer(w->s, text, f->name, w->arena, &answer)) {
		keep(w, f->name, text ? "It was changed, or is of another ENCRYPTION_KEY" : strerror(errno));
		return true;
	}
	if (!w->store(w->arg, &answer, err_r)) {
		w->out->kept++;
		w->out->unknown += err_r->kind == ERR_NOT_FOUND;
		log_error("spool_not_stored", LOG_S("file", f->name), LOG_S("error", err_r->message));
		return !err_is_passing(err_r);
	}
	w->out->stored++;
	spool_drop(w->s, f, false);
	return true;
}

static bool take_named(const struct walk *w, const char *name, struct err *err_r)
{
	struct spool_file f;
	bool good = true;

	str_copy(f.name, sizeof(f.name), name);
	f.fd = openat(w->s->dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (f.fd >= 0 && lock(f.fd))
		good = take(w, &f, err_r);
	else if (f.fd >= 0 && (errno == EAGAIN || errno == EACCES))
		w->out->held++;
	else if (errno != ENOENT && errno != EISDIR)   /* it went meanwhile; lost+found */
		keep(w, name, strerror(errno));
	spool_drop(w->s, &f, true);
	return good;
}

bool spool_each(const struct spool *s, struct arena *arena, spool_store_fn *store, void *arg,
		struct spool_found *out, struct err *err_r)
{
	const struct walk w = { s, arena, store, arg, out };
	int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	bool good = true;

	*out = (struct spool_found){ 0 };
	if (!dir)
		return err_set(err_r, ERR_CONFIG, "The spool cannot be read: %s", strerror(errno));
	while (good && (e = readdir(dir)))
		if (e->d_name[0] != '.' && strlen(e->d_name) < UUID_TEXT + 24)
			good = take_named(&w, e->d_name, err_r);
	closedir(dir);
	return good;
}
