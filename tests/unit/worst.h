/*
 * tests/unit/worst.h - the worst moment: what else happens just before or after
 * a function is called, or what that call answers.
 *
 *	worst(WORST_DB_TRANSACTION, (struct moment){ .before = suspend, .arg = id });
 *
 * The functions are replaced by the linker (--wrap): a program that includes
 * this has worst.c among its SOURCES and $(LDFLAGS_WORST) among its LDFLAGS. A
 * function that stands in only one of the two lists, worst.c and LDFLAGS_WORST,
 * does not link. A call inside the file that defines the function is not seen.
 */
#ifndef PIERRE_TESTS_WORST_H
#define PIERRE_TESTS_WORST_H

#include <stdint.h>

enum worst_function {
	WORST_KEY_GENERATE,
	WORST_PASSWORD_HASH,
	WORST_PASSWORD_VERIFY,
	WORST_KEY_GRANT_CHECK,
	WORST_DB_TRANSACTION,   /* db_transaction_urgent() too */
	WORST_OWNER_GET,        /* store_owner_get() */
	WORST_CHANGES_SINCE,    /* store_changes_since() */
	WORST_EPOCH_READ,
	WORST_LIMIT_LOCK,
	WORST_SEGMENT_LOCK,
	WORST_SEGMENT_TRY_LOCK,
	WORST_CLOCK_NOW,
	WORST_NANOSLEEP,
	WORST__COUNT
};

enum worst_answer {
	ANSWER_OWN,       /* that of the function */
	ANSWER_REFUSED,   /* the function is not called: false, and the error says
			   * ERR_UNAVAILABLE; nanosleep() returns at once */
	ANSWER_LOST,      /* db_transaction() commits, and says ERR_UNCERTAIN */
	ANSWER_AGAIN,     /* key_generate() gives what it gave last */
};

struct moment {
	int nth;          /* which call from now on; 0 and 1: the next one */
	int times;        /* so many calls, one after the other; 0 and 1: one */
	void (*before)(void *arg), (*after)(void *arg);
	void (*inside)(void *arg);   /* db_transaction(): all is written, and not yet committed */
	void *arg;
	enum worst_answer answer;
};

/* One moment a function. What its own functions call is not replaced again,
 * unless they ask for it. A moment that has not come when the next one is
 * asked for, or at exit, fails the program. */
void worst(enum worst_function f, struct moment m);

/* Calls of f since the program began, those in such functions too. */
int worst_calls(enum worst_function f);

/* clock_monotonic() is so many milliseconds ahead, but for limit_lock(), whose
 * deadline the kernel compares with its own clock. */
extern int64_t clock_skew;

/* From now on only clock_skew moves clock_monotonic(): what a program says of an
 * age holds on a machine that stands still for seconds too. */
void clock_stop(void);

#endif
