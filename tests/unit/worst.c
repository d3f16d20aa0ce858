/* tests/unit/worst.c - the replaced functions, and the moments they wait for. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "auth/password.h"
#include "auth/token.h"
#include "base/clock.h"
#include "db/query.h"
#include "db/transaction.h"
#include "op/key_grant.h"
#include "shm/epoch.h"
#include "shm/limit.h"
#include "shm/segment_private.h"
#include "store/change.h"
#include "store/owner.h"
#include "worst.h"

/* The function, which the linker calls __real_, and what stands in its place. */
#define REPLACED(type, name, ...)        \
	type __real_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__)

int64_t clock_skew;
static int64_t stopped_at;   /* 0: it runs */

static struct moment waiting[WORST__COUNT];   /* times 0: none is waited for */
static int calls[WORST__COUNT];

static void all_came(void)
{
	for (int f = 0; f < WORST__COUNT; f++) {
		if (waiting[f].times == 0)
			continue;
		printf("# worst: moment %d has not come\n", f);
		fflush(stdout);
		_exit(1);
	}
}

void worst(enum worst_function f, struct moment m)
{
	static bool begun;

	if (!begun)
		atexit(all_came);
	begun = true;
	if (waiting[f].times > 0)
		exit(99);
	if (m.times == 0)
		m.times = 1;
	waiting[f] = m;
}

int worst_calls(enum worst_function f)
{
	return calls[f];
}

/* The moment that this call is; an empty one, when it is none. */
static struct moment begin(enum worst_function f)
{
	struct moment *w = &waiting[f], now = { 0 };

	calls[f]++;
	if (w->times == 0 || --w->nth > 0)
		return now;
	now = *w;
	w->times--;
	if (now.before)
		now.before(now.arg);
	return now;
}

static void end(const struct moment *now)
{
	if (now->after)
		now->after(now->arg);
}

static bool refused(struct err *err_r)
{
	return err_set(err_r, ERR_UNAVAILABLE, "refused by the test");
}

/* --- auth ----------------------------------------------------------------------- */

REPLACED(void, key_generate, bool trial, char out[KEY_TEXT], char public_r[KEY_PUBLIC],
	 char hash_r[KEY_HASH])
{
	static char last[KEY_TEXT], last_public[KEY_PUBLIC], last_hash[KEY_HASH];
	struct moment now = begin(WORST_KEY_GENERATE);

	if (now.answer != ANSWER_AGAIN)
		__real_key_generate(trial, last, last_public, last_hash);
	memcpy(out, last, KEY_TEXT);
	memcpy(public_r, last_public, KEY_PUBLIC);
	memcpy(hash_r, last_hash, KEY_HASH);
	end(&now);
}

REPLACED(bool, password_hash, const char *password, int64_t cost, char out[PASSWORD_HASH],
	 struct err *err_r)
{
	struct moment now = begin(WORST_PASSWORD_HASH);
	bool done = now.answer == ANSWER_REFUSED ? refused(err_r) :
		    __real_password_hash(password, cost, out, err_r);

	end(&now);
	return done;
}

REPLACED(bool, password_verify, const char *password, const char *hash, int64_t cost)
{
	struct moment now = begin(WORST_PASSWORD_VERIFY);
	bool good = __real_password_verify(password, hash, cost);

	end(&now);
	return good;
}

/* --- op --------------------------------------------------------------------------- */

REPLACED(bool, key_grant_check, const struct key_grant *g, struct err *err_r)
{
	struct moment now = begin(WORST_KEY_GRANT_CHECK);
	bool good = __real_key_grant_check(g, err_r);

	end(&now);
	return good;
}

/* --- db, store ------------------------------------------------------------------- */

struct inside {
	db_tx_fn *fn;
	void *arg;
	const struct moment *now;
};

static bool run_inside(struct db *db, void *arg, struct err *err_r)
{
	const struct inside *in = arg;
	bool done = in->fn(db, in->arg, err_r);

	if (done)
		in->now->inside(in->now->arg);
	return done;
}

typedef bool transaction_fn(struct db *db, db_tx_fn *fn, void *arg, struct err *err_r);

static bool transaction(transaction_fn *real, struct db *db, db_tx_fn *fn, void *arg,
			struct err *err_r)
{
	struct moment now = begin(WORST_DB_TRANSACTION);
	struct inside in = { fn, arg, &now };
	bool done = now.answer == ANSWER_REFUSED ? refused(err_r) :
		    now.inside ? real(db, run_inside, &in, err_r) : real(db, fn, arg, err_r);

	if (done && now.answer == ANSWER_LOST)
		done = err_set(err_r, ERR_UNCERTAIN, "lost by the test");
	end(&now);
	return done;
}

REPLACED(bool, db_transaction, struct db *db, db_tx_fn *fn, void *arg, struct err *err_r)
{
	return transaction(__real_db_transaction, db, fn, arg, err_r);
}

REPLACED(bool, db_transaction_urgent, struct db *db, db_tx_fn *fn, void *arg, struct err *err_r)
{
	return transaction(__real_db_transaction_urgent, db, fn, arg, err_r);
}

REPLACED(bool, store_owner_get, struct db *db, int stmt, const struct db_value *args, size_t n,
	 const struct field_schema *schema, struct arena *arena, void *out, struct user *owner_r,
	 struct tenant_place *place_r, const char *absent, struct err *err_r)
{
	struct moment now = begin(WORST_OWNER_GET);
	bool done = __real_store_owner_get(db, stmt, args, n, schema, arena, out, owner_r, place_r,
					   absent, err_r);

	end(&now);
	return done;
}

REPLACED(bool, store_changes_since, struct db *db, int64_t position, struct arena *arena,
	 const char **ids, size_t max, size_t *n_r, struct err *err_r)
{
	struct moment now = begin(WORST_CHANGES_SINCE);
	bool done = __real_store_changes_since(db, position, arena, ids, max, n_r, err_r);

	end(&now);
	return done;
}

/* --- shm -------------------------------------------------------------------------- */

REPLACED(uint32_t, epoch_read, const struct segment *r, const char *id)
{
	struct moment now = begin(WORST_EPOCH_READ);
	uint32_t n = __real_epoch_read(r, id);

	end(&now);
	return n;
}

REPLACED(bool, limit_lock, struct limit_slot *s, int timeout_ms)
{
	struct moment now = begin(WORST_LIMIT_LOCK);
	int64_t skew = clock_skew, stopped = stopped_at;
	bool done;

	clock_skew = stopped_at = 0;
	done = now.answer != ANSWER_REFUSED && __real_limit_lock(s, timeout_ms);
	clock_skew = skew;
	stopped_at = stopped;
	end(&now);
	return done;
}

REPLACED(void, segment_lock, struct segment *r, size_t stripe)
{
	struct moment now = begin(WORST_SEGMENT_LOCK);

	__real_segment_lock(r, stripe);
	end(&now);
}

REPLACED(bool, segment_try_lock, struct segment *r, size_t stripe)
{
	struct moment now = begin(WORST_SEGMENT_TRY_LOCK);
	bool done = now.answer != ANSWER_REFUSED && __real_segment_try_lock(r, stripe);

	end(&now);
	return done;
}

/* --- time -------------------------------------------------------------------------- */

REPLACED(int64_t, clock_monotonic, void)
{
	return (stopped_at ? stopped_at : __real_clock_monotonic()) + clock_skew;
}

void clock_stop(void)
{
	stopped_at = __real_clock_monotonic();
}

REPLACED(int64_t, clock_now, void)
{
	struct moment now = begin(WORST_CLOCK_NOW);
	int64_t ms = __real_clock_now();

	end(&now);
	return ms;
}

REPLACED(int, nanosleep, const struct timespec *pause, struct timespec *left_r)
{
	struct moment now = begin(WORST_NANOSLEEP);
	int rc = now.answer == ANSWER_REFUSED ? 0 : __real_nanosleep(pause, left_r);

	end(&now);
	return rc;
}
