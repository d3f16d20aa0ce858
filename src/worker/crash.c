/*
 * worker/crash.c - what a worker still does when it dies of a fault: it marks
 * the request that it is at (shm/scoreboard.h), before its connections close
 * and nginx sends that request to another worker.
 *
 * Then the signal has its usual effect: a sanitizer's handler runs, or the process ends.
 * Only async-signal-safe calls here (signal-safety(7)).
 */
#include "config.h"

#include <signal.h>
#include <stdalign.h>

#include "base/clock.h"
#include "worker/worker_private.h"

#define STACK_BYTES 65536   /* the kernel's frame with all registers of AMX is 11 kB */

static const int faults[] = { SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE };
#define FAULTS (sizeof(faults) / sizeof(faults[0]))

static struct {
	struct scoreboard *scoreboard;
	const struct slot *slot;
	struct sigaction before[FAULTS];
} dying;

static void on_fault(int signal_number, siginfo_t *info, void *context)
{
	(void)context;
	scoreboard_mark(dying.scoreboard, dying.slot, clock_monotonic());
	for (size_t i = 0; i < FAULTS; i++)
		if (faults[i] == signal_number)
			sigaction(signal_number, &dying.before[i], NULL);
	/* an instruction at fault runs again after this; a signal that was sent does not
	 * come again */
	if (info->si_code <= 0)
		raise(signal_number);
}

/* The fault may be a full stack, so the handler has its own; a sanitizer brings one. */
static void use_other_stack(void)
{
	static alignas(16) char stack[STACK_BYTES];
	stack_t now;

	if (sigaltstack(NULL, &now) == 0 && (now.ss_flags & SS_DISABLE))
		sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof(stack) }, NULL);
}

void crash_watch(const struct child *c)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	dying.scoreboard = c->scoreboard;
	dying.slot = c->slot;
	use_other_stack();
	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < FAULTS; i++)
		sigaction(faults[i], &sa, &dying.before[i]);
}
