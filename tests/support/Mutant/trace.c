/*
 * tests/support/Mutant/trace.c - which basic blocks of this program ran.
 *
 * gcc -fsanitize-coverage=trace-pc calls __sanitizer_cov_trace_pc() at the start
 * of each block. The byte at the address it returns to, counted from the start of
 * the program, becomes 1 in $PIERRE_COVERAGE/NAME, which all processes of
 * that name share. A mapped file needs no orderly exit: children end by
 * _exit(), and tests kill. Nothing is kept where the directory is not given.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

extern char __executable_start[], etext[];
void __sanitizer_cov_trace_pc(void);

static unsigned char *ran;

__attribute__((constructor))
static void open_map(void)
{
	size_t size = (size_t)(etext - __executable_start);
	const char *dir = getenv("PIERRE_COVERAGE");
	char path[4096];
	void *map;
	int fd;

	if (!dir)
		return;
	snprintf(path, sizeof(path), "%s/%s", dir, program_invocation_short_name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return;
	fchmod(fd, 0666);
	if (ftruncate(fd, (off_t)size) == 0) {
		map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		ran = map == MAP_FAILED ? NULL : map;
	}
	close(fd);
}

void __sanitizer_cov_trace_pc(void)
{
	if (ran)
		ran[(char *)__builtin_return_address(0) - __executable_start] = 1;
}
