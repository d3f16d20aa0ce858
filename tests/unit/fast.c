/*
 * tests/unit/fast.c - the fast pool's loop when it has as many connections as it
 * may, and each of them waits: what comes then is closed, and costs nothing.
 */
#include "config.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "fcgi_client.h"
#include "worker/fast.h"

/* With so few descriptors the loop keeps MOST for connections. */
enum { DESCRIPTORS = 128, MOST = 64, MORE = 200 };

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

static int run_loop(int listen_fd, int lifeline_fd, int finish_fd)
{
	struct fast_options o = {
		.listen_fd = listen_fd, .lifeline_fd = lifeline_fd, .fcgi = fcgi, .serve = park,
		.arg = &name, .finish = finish_it, .finish_fd = finish_fd, .finish_ms = 60000,
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

int main(void)
{
	int listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int finish_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), lifeline[2], status = -1;
	pid_t pid;

	if (setrlimit(RLIMIT_NOFILE, &(struct rlimit){ DESCRIPTORS, DESCRIPTORS }) != 0)
		return tap_skip_all("the limit of descriptors cannot be lowered");   /* valgrind */
	name.sun_family = AF_UNIX;
	if (!start() || bind(listen_fd, (struct sockaddr *)&name, name_len) != 0 ||
	    listen(listen_fd, MORE) != 0 || pipe(lifeline) != 0)
		return 99;
	name_len = sizeof(name);
	getsockname(listen_fd, (struct sockaddr *)&name, &name_len);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(lifeline[1]);
		_exit(run_loop(listen_fd, lifeline[0], finish_fd));
	}
	close(listen_fd);
	test_full(finish_fd);
	close(lifeline[1]);
	ok(waitpid(pid, &status, 0) == pid && status == 0, "and it ends well");
	return finished();
}
