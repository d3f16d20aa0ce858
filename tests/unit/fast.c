/*
 * tests/unit/fast.c - the fast pool's loop when it has as many connections as it
 * may, and each of them waits: what comes then is closed, and costs nothing. And
 * the loop that fails: those that wait are answered, as being late. And requests that are
 * held: none is run again that waits on, what comes meanwhile does not wait until each of them
 * was run again, and one that is parked then is not run a third time.
 */
#include "config.h"

#include <dirent.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "fcgi_client.h"
#include "worker/fast.h"

/* With so few descriptors the loop keeps MOST for connections. */
enum { DESCRIPTORS = 128, MOST = 64, MORE = 200, LEFT = 6, HELD = 20 };

static struct scoreboard *scoreboard;   /* this loop, and a worker that takes nothing */
static struct sockaddr_un name;
static socklen_t name_len = sizeof(sa_family_t);   /* the kernel chooses one */

static void park(void *arg, struct fcgi *f, char **params)
{
	(void)params;
	fcgi_park(f, arg);
}

static bool finish_it(void *arg, struct fcgi *f, bool late)
{
	(void)arg;
	(void)late;
	fcgi_reply(f, REPLY, sizeof(REPLY) - 1);
	return true;
}

static bool finish_late(void *arg, struct fcgi *f, bool late)
{
	return late && finish_it(arg, f, late);
}

/* Takes the loop's epoll away with the second request: what it waits with fails. */
static void park_and_break(void *arg, struct fcgi *f, char **params)
{
	static int requests;
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;
	char target[32] = "";

	park(arg, f, params);
	for (requests++; requests == 2 && d && (e = readdir(d));) {
		if (readlinkat(dirfd(d), e->d_name, target, sizeof(target) - 1) > 0 &&
		    strstr(target, "[eventpoll]"))
			close(atoi(e->d_name));
	}
	if (d)
		closedir(d);
}

static int connected(void);
static void put_request(int fd);

/* Of the loop's process, and seen by the test. */
static struct {
	_Atomic int held, again, again_at_new, looks, waits;
} *seen;
static int again_fd = -1;

/* The first that runs again is overtaken by a new request, with which the rest is answered. */
static void hold(void *arg, struct fcgi *f, char **params)
{
	(void)arg;
	(void)params;
	if (!seen->again && !fcgi_held(f)) {
		fcgi_hold(f, 1);
		seen->held++;
		return;
	}
	if (fcgi_held(f) && seen->again++ == 0)
		put_request(connected());
	if (!fcgi_held(f))
		seen->again_at_new = seen->again;
	if (seen->again_at_new)
		fcgi_reply(f, REPLY, sizeof(REPLY) - 1);
}

static void hold_then_park(void *arg, struct fcgi *f, char **params)
{
	static int runs;

	if (++runs == 1)
		fcgi_hold(f, 1);
	else if (runs == 2)
		park(arg, f, params);
	else
		fcgi_reply(f, "again", 5);
}

static void look(void *arg)
{
	(void)arg;
	seen->looks++;
}

static bool waits(void *arg, const struct fcgi *f)
{
	(void)arg;
	(void)f;
	return seen->waits;
}

/* How a loop serves. */
struct way {
	void (*serve)(void *arg, struct fcgi *f, char **params);
	bool (*finish)(void *arg, struct fcgi *f, bool late);
	int64_t finish_ms;
};
static const struct way parks = { park, finish_it, 60000 }, breaks = { park_and_break, finish_late, 60000 },
	holds = { hold, finish_it, 60000 }, holds_then_parks = { hold_then_park, finish_late, 1 };

static int run_loop(int listen_fd, int lifeline_fd, int finish_fd, const struct way *way)
{
	struct fast_options o = {
		.listen_fd = listen_fd, .lifeline_fd = lifeline_fd, .fcgi = fcgi,
		.scoreboard = scoreboard, .slot = &scoreboard->slots[0],
		.serve = way->serve, .arg = &name, .finish = way->finish, .finish_fd = finish_fd,
		.finish_ms = way->finish_ms, .again_fd = again_fd, .look = look, .waits = waits,
	};
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	return fast_run(&o);
}

static int connected(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&name, name_len) == 0)
		return fd;
	close(fd);
	return -1;
}

static void put_request(int fd)
{
	struct strbuf b = whole("", 0);

	put_all(fd, b.s, b.len);
}

/* Everything until the other side closes. */
static size_t bytes_until_end(int fd)
{
	char chunk[256];
	size_t sum = 0;
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		sum += (size_t)n;
	close(fd);
	return sum;
}

static void test_full(int finish_fd)
{
	struct strbuf b = whole("", 0);
	int fds[MOST], answered = 0, closed = 0;

	for (int i = 0; i < MOST; i++) {
		fds[i] = connected();
		put_all(fds[i], b.s, b.len);
	}
	for (int i = 0; i < MORE; i++) {
		int fd = connected();

		closed += fd >= 0 && bytes_until_end(fd) == 0;
	}
	is_int(closed, MORE, "more connections than it may have: each is closed at once");
	ok(eventfd_write(finish_fd, 1) == 0, "those that wait may be answered");
	for (int i = 0; i < MOST; i++)
		answered += bytes_until_end(fds[i]) > sizeof(REPLY);
	is_int(answered, MOST, "and all of them are");
}

/* Connections over its share, which the other worker ought to take. */
static void test_left(int finish_fd)
{
	struct strbuf b = whole("", 0);
	int fds[LEFT], answered = 0;

	slot_idle(&scoreboard->slots[0]);
	slot_idle(&scoreboard->slots[1]);
	for (int i = 0; i < LEFT; i++) {
		fds[i] = connected();
		put_all(fds[i], b.s, b.len);
	}
	while (atomic_load(&scoreboard->slots[0].connections) < LEFT)
		usleep(1000);
	ok(slot_over_share(scoreboard, &scoreboard->slots[0]), "a worker over its share");
	ok(eventfd_write(finish_fd, 1) == 0, "takes what nobody else takes");
	for (int i = 0; i < LEFT; i++)
		answered += bytes_until_end(fds[i]) > sizeof(REPLY);
	is_int(answered, LEFT, "and answers all of it");
	while (atomic_load(&scoreboard->slots[0].connections) > 0)
		usleep(1000);
	ok(true, "and has none left");
	slot_stopping(&scoreboard->slots[1]);
}

static void test_broken(void)
{
	struct strbuf b = whole("", 0);
	int fds[2], answered = 0;

	for (int i = 0; i < 2; i++) {
		fds[i] = connected();
		put_all(fds[i], b.s, b.len);
	}
	for (int i = 0; i < 2; i++)
		answered += bytes_until_end(fds[i]) > sizeof(REPLY);
	is_int(answered, 2, "a loop that can wait no longer answers those that wait in it");
}

static void test_held(void)
{
	int fds[HELD], answered = 0, looks;

	seen->waits = 1;
	for (int i = 0; i < HELD; i++)
		put_request(fds[i] = connected());
	while (seen->held < HELD && !seen->again)
		usleep(1000);
	looks = seen->looks;
	eventfd_write(again_fd, 1);
	while (seen->looks < looks + 2)   /* the second by itself */
		usleep(1000);
	is_int(seen->again, 0, "none is run again that waits on");
	seen->waits = 0;
	ok(eventfd_write(again_fd, 1) == 0, "%d requests are held, and may run again", (int)seen->held);
	for (int i = 0; i < HELD; i++)
		answered += bytes_until_end(fds[i]) > sizeof(REPLY);
	is_int(answered, HELD, "all are answered");
	ok(seen->again_at_new > 0 && seen->again_at_new <= 2, "a new request overtook them, after %d", (int)seen->again_at_new);
}

static void test_held_and_parked(void)
{
	char text[256];
	size_t n = 0;
	ssize_t got;
	int fd = connected();

	put_request(fd);
	while (n < sizeof(text) && (got = read(fd, text + n, sizeof(text) - n)) > 0)
		n += (size_t)got;
	close(fd);
	ok(n > 0 && !memmem(text, n, "again", 5), "what was held and is parked then is not run again");
}

/* A loop of its own process, and its lifeline. */
static pid_t start_loop(int listen_fd, int finish_fd, const struct way *way, int *lifeline)
{
	int ends[2];
	pid_t pid;

	if (pipe(ends) != 0)
		return -1;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		_exit(run_loop(listen_fd, ends[0], finish_fd, way));
	}
	close(ends[0]);
	*lifeline = ends[1];
	return pid;
}

static int end_of(pid_t pid)
{
	int status = -1;

	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(void)
{
	int listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int finish_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), lifeline = -1;
	pid_t pid;

	if (setrlimit(RLIMIT_NOFILE, &(struct rlimit){ DESCRIPTORS, DESCRIPTORS }) != 0)
		return tap_skip_all("the limit of descriptors cannot be lowered");   /* valgrind */
	scoreboard = scoreboard_new(2, NULL);
	name.sun_family = AF_UNIX;
	if (!start() || bind(listen_fd, (struct sockaddr *)&name, name_len) != 0 ||
	    listen(listen_fd, MORE) != 0)
		return 99;
	name_len = sizeof(name);
	getsockname(listen_fd, (struct sockaddr *)&name, &name_len);
	pid = start_loop(listen_fd, finish_fd, &breaks, &lifeline);
	test_broken();
	close(lifeline);
	is_int(end_of(pid), EXIT_FAILURE, "and it fails, so that the master starts another");
	again_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (seen == MAP_FAILED)
		return 99;
	pid = start_loop(listen_fd, finish_fd, &holds, &lifeline);
	test_held();
	close(lifeline);
	is_int(end_of(pid), EXIT_SUCCESS, "and the loop ends well");
	again_fd = -1;
	pid = start_loop(listen_fd, finish_fd, &holds_then_parks, &lifeline);
	test_held_and_parked();
	close(lifeline);
	is_int(end_of(pid), EXIT_SUCCESS, "and its loop ends well");
	pid = start_loop(listen_fd, finish_fd, &parks, &lifeline);
	close(listen_fd);
	test_left(finish_fd);
	test_full(finish_fd);
	close(lifeline);
	is_int(end_of(pid), EXIT_SUCCESS, "and it ends well");
	return finished();
}
