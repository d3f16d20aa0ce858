/*
 * auth/token.h - bearer secrets: session tokens and API keys. Pure functions.
 *
 * Access token:  `pat_` + base64url(32 secret bytes).
 * Refresh token: `prt_` + base64url(16 bytes session id | 16 bytes family
 *   secret | 32 secret bytes). The family secret stays through all rotations
 *   of one session, so a token that was spent long ago is still known to be
 *   ours (and ends the session) without keeping a row per spent token.
 * The secret bytes are random at a login. At a refresh they are derived, so that
 *   each process that has the key makes the same pair again:
 *   HMAC-SHA-256(key, session id "|" seed "|" kind), texts; seed: hex of 32
 *   random bytes, kind: "access" or "refresh".
 * API key: `pk_live_` | `pk_trial_` + 32 of [A-Za-z0-9] (R28);
 *   its public id is the first 16 characters (R17).
 * Stored forms: SHA-256 of the token in hex (256 random bits need no salt, ASVS
 * 6.5.2); keys: "sha256:" + salt hex + ":" + SHA-256(salt text | key) hex, so
 * that the value names its scheme.
 */
#ifndef PIERRE_AUTH_TOKEN_H
#define PIERRE_AUTH_TOKEN_H

#include <stdbool.h>

#include "auth/auth.h"
#include "auth/subkey.h"

#define TOKEN_TEXT 96          /* any token and NUL */
#define TOKEN_SEED 65          /* 32 bytes in hex and NUL */
#define KEY_TEXT 42            /* 41 characters and NUL */
#define KEY_PUBLIC 17          /* 16 characters and NUL */
#define KEY_HASH 112           /* stored form and NUL */

void token_access_generate(char out[TOKEN_TEXT], char hash_r[SHA256_HEX]);

/* session_id: uuid text. family: 32 hex digits, made when NULL-terminated "" is
 * passed in, kept otherwise. */
void token_refresh_generate(const char *session_id, char family[33],
			    char out[TOKEN_TEXT], char hash_r[SHA256_HEX]);
/* A pair that can be made again. family: 32 hex digits. */
void token_seed_generate(char out[TOKEN_SEED]);
void token_access_derive(const struct subkey *key, const char *session_id, const char *seed,
			 char out[TOKEN_TEXT], char hash_r[SHA256_HEX]);
void token_refresh_derive(const struct subkey *key, const char *session_id, const char *seed,
			  const char *family, char out[TOKEN_TEXT], char hash_r[SHA256_HEX]);
/* Split a presented refresh token; false = not one of ours by shape. */
bool token_refresh_parse(const char *token, char session_id_r[UUID_TEXT],
			 char family_r[33]);
void token_hash(const char *token, char out[SHA256_HEX]);

/* Token for a new password: `prt_` + 43 characters, where a refresh token has 86. */
void token_reset_generate(char out[TOKEN_TEXT], char hash_r[SHA256_HEX]);

/* Admin token: `padm_` + 43 characters. The first TOKEN_ADMIN_PREFIX may be shown. */
#define TOKEN_ADMIN_PREFIX 13
void token_admin_generate(char out[TOKEN_TEXT], char hash_r[SHA256_HEX]);

/* One-time token for the first admin: `setup_` + 43 characters. */
void token_setup_generate(char out[TOKEN_TEXT], char hash_r[SHA256_HEX]);
/* Invitation to a tenant: `inv_` + 43 characters. */
void token_invitation_new(char out[TOKEN_TEXT], char hash_r[SHA256_HEX]);

void key_generate(bool trial, char out[KEY_TEXT], char public_r[KEY_PUBLIC],
		  char hash_r[KEY_HASH]);
/* Right prefix, exact length, alphabet; fills the public id. */
bool key_parse(const char *key, char public_r[KEY_PUBLIC]);
bool key_matches(const char *key, const char *stored_hash);  /* constant time */

/* A key that another program made, of whatever form: its stored form is
 * KEY_IMPORTED and the 64 hex digits of its SHA-256, its public id '#' and these. */
#define KEY_IMPORTED "sha256-plain:"
#define KEY_IMPORTED_NAME (SHA256_HEX + 1)
void key_imported_name(const char *key, char out[KEY_IMPORTED_NAME]);

#endif
