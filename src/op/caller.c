/* op/caller.c - wake the process that calls providers. */
#include "config.h"

#include <sys/eventfd.h>

#include "op/caller.h"

void op_caller_wake(const struct op *op)
{
	if (op->process->caller_fd)
		(void)!eventfd_write(*op->process->caller_fd, 1);
}
