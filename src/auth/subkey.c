/*
 * auth/subkey.c - a key of its own for each purpose: the first block of
 * HKDF-Expand, which is as long as the key that is wanted.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "auth/subkey.h"

#define LABEL_MAX 64

const struct subkey_row subkey_rows[SUBKEY__COUNT] = {
	[SUBKEY_KEY_CHECK] = {
		"pierre key check|", "Tells whether ENCRYPTION_KEY is that of the database",
		"Written anew in the transaction of the change; a host with the old key alone does not start" },
	[SUBKEY_MASTER_ID] = {
		"pierre master id", "Tells which master key is in use", "Written anew in that transaction" },
	[SUBKEY_WRAP] = {
		"pierre wrap v1", "Wraps the data keys, which seal all secrets",
		"Data keys are wrapped anew in that transaction; what they seal stays as it is" },
	[SUBKEY_SESSION_PAIR] = {
		"pierre session pair", "Makes the pair of tokens of a session again when its reply was lost",
		"Sessions go on; a pair from before is given again while ENCRYPTION_KEY_PREVIOUS is set" },
	[SUBKEY_AUDIT_HEAD] = {
		"pierre audit head", "Signs the heads of the audit trail", "All are signed anew in that transaction" },
	[SUBKEY_REPLY] = {
		"pierre idempotent reply", "Seals replies to requests with an Idempotency-Key",
		"They open while ENCRYPTION_KEY_PREVIOUS is set; then, for a day, a repeat of a request from "
		"before gets 409 reply_gone and the id of what was made" },
	[SUBKEY_SPOOL] = {
		"pierre spool v1", "Seals new tokens of providers that wait in SPOOL_DIR to be stored",
		"They open while ENCRYPTION_KEY_PREVIOUS is set" },
};

void subkey_derive(const unsigned char *key, enum subkey_purpose purpose, struct subkey *out)
{
	const char *label = purpose > SUBKEY_UNSET && purpose < SUBKEY__COUNT ?
		subkey_rows[purpose].label : NULL;
	char info[LABEL_MAX];
	size_t n = label ? strlen(label) : 0;

	if (n == 0 || n >= sizeof(info))
		abort();   /* cut, it could be another purpose */
	memcpy(info, label, n);
	info[n] = 1;   /* number of the block, in place of the NUL */
	hmac_sha256(key, SHA256_BYTES, info, n + 1, out->bytes);
	out->set = true;
}
