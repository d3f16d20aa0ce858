/*
 * tests/bench/empty.c - the least a libfcgi responder can do, as a measure:
 * processes that answer every request with the same bytes, on one of two loops.
 *
 *     empty plain|fast PROCESSES SOCKET [REPLY]
 *
 * plain is libfcgi's own accept loop, a connection a request; fast is the loop
 * of our fast pool on kept connections, guard and all. REPLY is a file with what
 * is sent, headers first; without it a 200 and JSON as long as that of /verify.
 */
#include "config.h"

#include <fcgiapp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker/fast.h"

static char file_answer[8192];
static const char short_answer[] =
	"Status: 200 OK\r\nContent-Type: application/json\r\n\r\n"
	"{\"auth\":\"key\",\"key_id\":\"00000000-0000-4000-8000-000000000001\","
	"\"user_id\":\"00000000-0000-4000-8000-000000000002\",\"tenant_id\":null,"
	"\"tier\":\"professional\",\"scopes\":[]}\n";
static const char *answer = short_answer;
static size_t answer_len = sizeof(short_answer) - 1;

static int serve_plain(int fd)
{
	FCGX_Request request;

	if (FCGX_Init() != 0 || FCGX_InitRequest(&request, fd, 0) != 0)
		return EXIT_FAILURE;
	while (FCGX_Accept_r(&request) == 0) {
		FCGX_PutStr(answer, (int)answer_len, request.out);
		FCGX_Finish_r(&request);
	}
	return EXIT_SUCCESS;
}

static void reply(void *arg, struct fcgi *f, char **params)
{
	(void)arg;
	(void)params;
	fcgi_reply(f, answer, answer_len);
}

static struct scoreboard *scoreboard;   /* the loops share connections as Pierre's do */
static struct slot *slot;

static int serve_fast(int fd)
{
	struct fast_options o = { .listen_fd = fd, .lifeline_fd = -1, .again_fd = -1, .serve = reply,
				  .scoreboard = scoreboard, .slot = slot };
	struct err err = { .kind = ERR_NONE };
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	if (!fcgi_start(&o.fcgi, &err) || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		return EXIT_FAILURE;
	slot_idle(slot);
	return fast_run(&o);
}

static bool start(int (*serve)(int), int fd, long processes)
{
	scoreboard = scoreboard_new((size_t)processes, NULL);
	for (long i = 0; scoreboard && i < processes; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return false;
		if (pid == 0) {
			slot = &scoreboard->slots[i];
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			_exit(serve(fd));
		}
	}
	return scoreboard != NULL;
}

static bool read_answer(const char *path)
{
	FILE *f = fopen(path, "r");

	if (!f)
		return false;
	answer = file_answer;
	answer_len = fread(file_answer, 1, sizeof(file_answer), f);
	return fclose(f) == 0 && answer_len > 0 && answer_len < sizeof(file_answer);
}

int main(int argc, char **argv)
{
	bool good = argc == 4 || argc == 5, fast = good && strcmp(argv[1], "fast") == 0;
	long processes = good ? strtol(argv[2], NULL, 10) : 0;
	int fd;

	if (processes < 1 || processes > 256 || (!fast && strcmp(argv[1], "plain") != 0)) {
		fprintf(stderr, "usage: empty plain|fast PROCESSES SOCKET [REPLY]\n");
		return 2;
	}
	if (argc == 5 && !read_answer(argv[4])) {
		fprintf(stderr, "%s: no reply of 1 to %zu bytes\n", argv[4], sizeof(file_answer) - 1);
		return EXIT_FAILURE;
	}
	fd = FCGX_OpenSocket(argv[3], 4096);
	if (fd < 0 || !start(fast ? serve_fast : serve_plain, fd, processes)) {
		perror(argv[3]);
		return EXIT_FAILURE;
	}
	while (wait(NULL) > 0)
		;
	return EXIT_SUCCESS;
}
