/*
 * tests/support/refresh_faults.c - pierre, whose caller dies or finds no room at a step of a
 * refresh, or on the way from a code to a connection. The step is the text of the file PIERRE_TEST_FAULT: a death happens once, and the
 * file goes with it.
 *
 *   claim     claimed and committed             connect  before phase sent is committed
 *   sent      phase sent, the body is held
 *   reply     the reply is read                 spool    the answer is in its file
 *   write     the answer is stored              room     no file gets its place (stays)
 *   disk      no answer can be written (stays)
 *   store     the database takes no answer (stays)
 * and of a code, besides reply, spool, room and disk:
 *   code      claimed and committed             saved    its tokens are stored
 *   settled   they are the connection of their user
 *
 *   resolver  no name that begins with "dead" is answered, in either way (stays)
 * Otherwise such a name is not known.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/str.h"
#include "op/connect_call.h"
#include "op/refresh.h"
#include "op/spool.h"
#include "outbound/outbound.h"

static bool is_at(const char *step)
{
	char text[20] = "";
	FILE *f = fopen(getenv("PIERRE_TEST_FAULT"), "r");

	if (!f)
		return false;
	if (fscanf(f, "%19s", text) != 1)
		text[0] = '\0';
	fclose(f);
	return str_eq(text, step);
}

static void die_at(const char *step)
{
	if (!is_at(step))
		return;
	unlink(getenv("PIERRE_TEST_FAULT"));
	kill(getpid(), SIGKILL);
}

bool __real_op_refresh_claim(struct op *op, const struct provider *p, const struct connection *seen,
			     struct refresh_claim *out, struct err *err_r);
bool __wrap_op_refresh_claim(struct op *op, const struct provider *p, const struct connection *seen,
			     struct refresh_claim *out, struct err *err_r);
bool __wrap_op_refresh_claim(struct op *op, const struct provider *p, const struct connection *seen,
			     struct refresh_claim *out, struct err *err_r)
{
	bool good = __real_op_refresh_claim(op, p, seen, out, err_r);

	die_at("claim");
	return good;
}

bool __real_op_refresh_sent(struct op *op, const struct refresh_claim *r, struct err *err_r);
bool __wrap_op_refresh_sent(struct op *op, const struct refresh_claim *r, struct err *err_r);
bool __wrap_op_refresh_sent(struct op *op, const struct refresh_claim *r, struct err *err_r)
{
	bool good;

	die_at("connect");
	good = __real_op_refresh_sent(op, r, err_r);
	die_at("sent");
	return good;
}

bool __real_spool_write(const struct spool *s, const struct spool_file *f, const struct refresh_answer *a,
			struct arena *arena, struct err *err_r);
bool __wrap_spool_write(const struct spool *s, const struct spool_file *f, const struct refresh_answer *a,
			struct arena *arena, struct err *err_r);
bool __wrap_spool_write(const struct spool *s, const struct spool_file *f, const struct refresh_answer *a,
			struct arena *arena, struct err *err_r)
{
	bool good;

	die_at("reply");
	if (is_at("disk"))
		return err_set(err_r, ERR_UNAVAILABLE, "The test has no disk");
	good = __real_spool_write(s, f, a, arena, err_r);
	die_at("spool");
	return good;
}

bool __real_op_refresh_write(struct op *op, const struct refresh_answer *a, bool *written_r,
			     struct err *err_r);
bool __wrap_op_refresh_write(struct op *op, const struct refresh_answer *a, bool *written_r,
			     struct err *err_r);
bool __wrap_op_refresh_write(struct op *op, const struct refresh_answer *a, bool *written_r,
			     struct err *err_r)
{
	bool good;

	if (is_at("store"))
		return err_set(err_r, ERR_UNAVAILABLE, "The test has no database");
	good = __real_op_refresh_write(op, a, written_r, err_r);
	die_at("write");
	return good;
}

int __real_posix_fallocate(int fd, off_t offset, off_t len);
int __wrap_posix_fallocate(int fd, off_t offset, off_t len);
int __wrap_posix_fallocate(int fd, off_t offset, off_t len)
{
	return len == SPOOL_BYTES && is_at("room") ? ENOSPC : __real_posix_fallocate(fd, offset, len);
}

/* --- codes ---------------------------------------------------------------------------- */

bool __real_op_redemption_claim(struct op *op, const char *state_id, struct redemption *out,
				struct err *err_r);
bool __wrap_op_redemption_claim(struct op *op, const char *state_id, struct redemption *out,
				struct err *err_r);
bool __wrap_op_redemption_claim(struct op *op, const char *state_id, struct redemption *out,
				struct err *err_r)
{
	bool good = __real_op_redemption_claim(op, state_id, out, err_r);

	die_at("code");
	return good;
}

bool __real_op_redemption_save(struct op *op, const struct provider *p, const struct refresh_answer *a,
			       bool claimed, struct connection *out, bool *written_r, struct err *err_r);
bool __wrap_op_redemption_save(struct op *op, const struct provider *p, const struct refresh_answer *a,
			       bool claimed, struct connection *out, bool *written_r, struct err *err_r);
bool __wrap_op_redemption_save(struct op *op, const struct provider *p, const struct refresh_answer *a,
			       bool claimed, struct connection *out, bool *written_r, struct err *err_r)
{
	bool good = __real_op_redemption_save(op, p, a, claimed, out, written_r, err_r);

	die_at("saved");
	return good;
}

bool __real_op_connection_identify(struct op *op, const struct provider *p, const struct connection *c,
				   const char *account, const char **outcome_r, struct err *err_r);
bool __wrap_op_connection_identify(struct op *op, const struct provider *p, const struct connection *c,
				   const char *account, const char **outcome_r, struct err *err_r);
bool __wrap_op_connection_identify(struct op *op, const struct provider *p, const struct connection *c,
				   const char *account, const char **outcome_r, struct err *err_r)
{
	bool good = __real_op_connection_identify(op, p, c, account, outcome_r, err_r);

	die_at("settled");
	return good;
}

/* In the place of the C library's, for libcurl too. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		struct addrinfo **out)
{
	static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

	if (str_starts(node ? node : "", "dead")) {
		while (is_at("resolver"))
			usleep(20000);
		return EAI_NONAME;
	}
	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	return real(node, service, hints, out);
}
