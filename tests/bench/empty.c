/*
 * tests/bench/empty.c - the least a libfcgi responder can do, as a measure:
 * forked processes in the plain accept loop that answer 204 to everything.
 *
 *     empty PROCESSES SOCKET ...     (PROCESSES for each socket)
 */
#include "config.h"

#include <fcgiapp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int serve(int fd)
{
	FCGX_Request request;

	if (FCGX_Init() != 0 || FCGX_InitRequest(&request, fd, 0) != 0)
		return 1;
	while (FCGX_Accept_r(&request) == 0) {
		FCGX_PutS("Status: 204 No Content\r\n\r\n", request.out);
		FCGX_Finish_r(&request);
	}
	return 0;
}

static bool start(const char *path, long processes)
{
	int fd = FCGX_OpenSocket(path, 4096);

	for (long i = 0; fd >= 0 && i < processes; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return false;
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			_exit(serve(fd));
		}
	}
	return fd >= 0;
}

int main(int argc, char **argv)
{
	long processes = argc > 2 ? strtol(argv[1], NULL, 10) : 0;

	if (processes < 1 || processes > 256) {
		fprintf(stderr, "usage: empty PROCESSES SOCKET ...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		if (!start(argv[i], processes)) {
			perror(argv[i]);
			return 1;
		}
	}
	while (wait(NULL) > 0)
		;
	return 0;
}
