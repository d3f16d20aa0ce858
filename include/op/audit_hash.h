/*
 * op/audit_hash.h - what of an event is hashed, and how.
 *
 * A hash is SHA-256 over fields, each as its length in 4 bytes (big endian;
 * 0xffffffff = NULL) and its bytes; numbers and moments (ms) are decimal, hashes and
 * salts hex. What is about people has a hash of its own, so that it can be erased:
 *
 *   pii_hash = "pierre audit pii 1", pii_salt, target, ip_address, user_agent,
 *              metadata (an object of texts by key, without blanks)
 *   hash     = "pierre audit link 1", hash before, chain, seq, id, event_type,
 *              severity, message, source, result, tenant_id, user_id, request_id,
 *              timestamp, pii_hash
 *   before the first: "pierre audit chain 1", chain, for `system` how many events are
 *              older than it (else NULL)
 *   mac      = HMAC-SHA256 by the key SUBKEY_AUDIT_HEAD of "pierre audit head 1",
 *              chain, seq, hash
 *
 * Fields are as the database gives them back, alike on both backends, so rows can
 * move.
 */
#ifndef PIERRE_OP_AUDIT_HASH_H
#define PIERRE_OP_AUDIT_HASH_H

#include "auth/subkey.h"
#include "base/arena.h"
#include "model/audit_chain.h"

/* A fresh pii_salt, and the pii_hash with it. metadata that are no object of texts:
 * false, and the event has neither. */
bool audit_pii(struct audit_event *e, struct arena *arena);
/* Is pii_hash that of the fields and pii_salt? */
bool audit_pii_holds(const struct audit_event *e, struct arena *arena);

/* The chain that an event belongs to. */
const char *audit_chain_of(const struct audit_event *e);
void audit_begin_hash(const char *chain, int64_t unchained, struct arena *arena,
		      char out[SHA256_HEX]);
void audit_link_hash(const char *before, const char *chain, int64_t seq,
		     const struct audit_event *e, struct arena *arena, char out[SHA256_HEX]);
void audit_head_mac(const struct subkey *key, const struct audit_head *head,
		    struct arena *arena, char out[SHA256_HEX]);

#endif
