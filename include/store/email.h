/*
 * store/email.h - the e-mail address of an account: what is taken, and the form
 * that is compared, users.email_key.
 *
 * The canonical form: the part before the '@' in NFC and then in lower case (RFC
 * 8265 section 3.3; case folding would make one of weiß and weiss; widths are not
 * mapped), the part after it in ASCII (IDNA2008, RFC 5891), lower case. So the form of a canonical form is
 * itself. What a later version of Unicode could give another form is refused.
 * tests/unit/email.table has what comes of which address.
 */
#ifndef PIERRE_STORE_EMAIL_H
#define PIERRE_STORE_EMAIL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "model/user.h"

struct db;

/* Check the address of a new account, and give its canonical form.
 * False: ERR_REQUIRED, ERR_INVALID or ERR_RANGE, field email. */
bool email_canonical(struct arena *arena, const char *email, const char **key_r,
		     struct err *err_r);

/* The form of schemas before 8, of any text: ASCII in lower case, other bytes as
 * they are. Addresses that collide keep it, and those that are not taken now. */
const char *email_exact(struct arena *arena, const char *email);

/* To look for an address, or to count what is tried with it: the canonical form,
 * or else the exact one. */
const char *email_key(struct arena *arena, const char *email);

/* The function of migration 0008. Keys that are not canonical become so; where
 * that would be the key of two accounts, each keeps its own and has the other in
 * email_key_shared. */
bool migrate_email_keys(struct db *db, void *arg, struct err *err_r);

#endif
