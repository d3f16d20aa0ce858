/*
 * op/audit_verify.c - walks each chain, page by page. A link goes on from the hash
 * that the one before has in the database, so that one change is one fault.
 */
#include "config.h"

#include <stdio.h>

#include "op/audit_hash.h"
#include "op/audit_link.h"
#include "op/audit_verify.h"
#include "store/audit_chain.h"

static const struct field fault_fields[] = {
	FIELD(struct audit_fault, chain, TEXT, 0, "The chain: id of a tenant, or system"),
	FIELD(struct audit_fault, seq, INT, FIELD_NULLABLE, "Place in the chain"),
	FIELD(struct audit_fault, event_id, UUID, FIELD_NULLABLE, "The event"),
	FIELD(struct audit_fault, sentence, TEXT, 0, "What is wrong"),
	{ 0 },
};
static const struct field_schema fault_schema =
	FIELD_SCHEMA("AuditFault", struct audit_fault, fault_fields);
static const struct field verified_fields[] = {
	FIELD(struct audit_verified, chains, INT, 0, "Chains that were read"),
	FIELD(struct audit_verified, links, INT, 0, "Events that are linked"),
	FIELD(struct audit_verified, waiting, INT, 0, "Events that have no link yet"),
	FIELD(struct audit_verified, unchained, INT, 0, "Events that are older than the chain"),
	FIELD(struct audit_verified, faults, INT, 0, "What is wrong"),
	FIELD(struct audit_verified, found, LIST, 0, "The first of these", .schema = &fault_schema),
	{ 0 },
};
const struct field_schema audit_verified_schema =
	FIELD_SCHEMA("AuditVerified", struct audit_verified, verified_fields);

struct walk {
	struct op *op;
	const struct subkey *key;
	struct audit_verified *out;
	struct audit_fault *faults;
	struct arena *page;          /* of one page of links */
	const char *chain;
	int64_t seq;                 /* of the last link that was read */
	char hash[SHA256_HEX];       /* of that link */
};

static void fault(struct walk *w, const char *chain, int64_t seq, const char *event_id,
		  const char *sentence)
{
	struct arena *a = w->op->arena;

	if (w->out->faults++ < AUDIT_FAULTS_MAX)
		w->faults[w->out->found.n++] = (struct audit_fault){
			arena_strdup(a, chain), seq, arena_strdup(a, event_id), sentence };
}

/* --- one link ------------------------------------------------------------------------ */

/* NULL: the event and its link are as they were written. */
static const char *judge(const struct walk *w, const struct audit_entry *e)
{
	char hash[SHA256_HEX];

	if (e->link.seq != w->seq + 1)
		return "Links before this one are missing";
	if (!e->event.id)
		return "The event of this link is missing";
	if (!str_eq(audit_chain_of(&e->event), w->chain))
		return "The event belongs to another chain";
	audit_link_hash(w->hash, w->chain, e->link.seq, &e->event, w->page, hash);
	if (!str_eq(hash, e->link.hash))
		return "The event, this link or the one before it was changed";
	if (!e->event.pii_hash)
		return "The event was inserted by another program: its metadata are no object of texts";
	if (!e->event.pii_salt)
		return "The event was blanked, and no erasure says so";
	if (!audit_pii_holds(&e->event, w->page))
		return "Target, address, user agent or metadata of the event were changed";
	return NULL;
}

static void step(struct walk *w, const struct audit_entry *e)
{
	const char *wrong = judge(w, e);

	if (wrong)
		fault(w, w->chain, e->link.seq, e->link.event_id, wrong);
	w->out->links++;
	w->seq = e->link.seq;
	str_copy(w->hash, sizeof(w->hash), e->link.hash);
}

/* --- one chain ----------------------------------------------------------------------- */

/* To this link, or the last one there is. */
static bool read_to(struct walk *w, int64_t last, struct err *err_r)
{
	const struct audit_entry *entries;
	struct field_list list;

	do {
		arena_reset(w->page);
		if (!store_audit_walk(w->op->db, w->chain, w->seq, w->page, &list, err_r))
			return false;
		entries = list.items;
		for (size_t i = 0; i < list.n && entries[i].link.seq <= last; i++)
			step(w, &entries[i]);
	} while (list.n == AUDIT_PAGE && w->seq < last);
	return true;
}

static const char *judge_head(const struct walk *w, const struct audit_head *head)
{
	if (!audit_head_holds(w->key, head, w->page))
		return "The head was not written by a service with this ENCRYPTION_KEY";
	if (head->seq > w->seq)
		return "The last links of the chain are missing";
	if (head->seq < w->seq)
		return "The head is an older one, or links were appended to it";
	return str_eq(head->hash, w->hash) ? NULL : "The head has another hash than the last link";
}

/* Up to where it ends now: what is linked meanwhile is for the next time, or this would not
 * end beside a linker that is quicker. */
static bool walk_chain(struct walk *w, const char *chain, struct err *err_r)
{
	struct audit_end end;
	const char *wrong = "The chain has no head";

	w->chain = chain;
	w->seq = 0;
	audit_begin_hash(chain, w->out->unchained, w->op->arena, w->hash);
	w->out->chains++;
	if (!store_audit_end(w->op->db, chain, w->op->arena, &end, err_r) ||
	    (end.last_seq != INT_NONE && !read_to(w, end.last_seq, err_r)))
		return false;
	if (end.head.seq != INT_NONE)
		wrong = judge_head(w, &end.head);
	if (wrong)
		fault(w, chain, end.head.seq, NULL, wrong);
	return true;
}

static bool walk_all(struct walk *w, struct err *err_r)
{
	const struct audit_chain *chains;
	struct field_list list;

	if (!store_audit_chains(w->op->db, w->op->arena, &list, err_r))
		return false;
	chains = list.items;
	for (size_t i = 0; i < list.n; i++)
		if (!walk_chain(w, chains[i].chain, err_r))
			return false;
	return true;
}

/* --- what is not in the chains -------------------------------------------------------- */

static const char *unlinked_sentence(const struct audit_unlinked *u)
{
	if (u->gone)
		return "The event is missing; only its place in audit_pending is left";
	if (u->waits)
		return "The event has waited for its link for more than 60 s: the service does not run, or the "
		       "head of this chain is not good";
	return "The event has no link: it was inserted by another program, or its link was removed";
}

static bool look_for_unlinked(struct walk *w, struct err *err_r)
{
	const struct audit_unlinked *all;
	struct field_list list;

	if (!store_audit_unlinked(w->op->db, w->op->now - AUDIT_WAIT_MS, AUDIT_FAULTS_MAX + 1,
				  w->op->arena, &list, err_r))
		return false;
	all = list.items;
	for (size_t i = 0; i < list.n; i++)
		fault(w, all[i].chain, INT_NONE, all[i].event_id, unlinked_sentence(&all[i]));
	return true;
}

/* --- heads that were kept elsewhere ---------------------------------------------------- */

static bool look_for_expected(struct walk *w, const struct audit_head *head, struct err *err_r)
{
	struct audit_link link;

	if (head->seq == 0)
		return true;
	if (!store_audit_link_get(w->op->db, head->chain, head->seq, w->op->arena, &link, err_r)) {
		if (err_r->kind != ERR_NOT_FOUND)
			return false;
		fault(w, head->chain, head->seq, NULL, "The chain was cut before this link, which is expected");
	} else if (!str_eq(link.hash, head->hash)) {
		fault(w, head->chain, head->seq, link.event_id, "The link has another hash than is expected");
	}
	return true;
}

static bool verify(struct walk *w, const struct field_list *expected, struct err *err_r)
{
	const struct audit_head *heads = expected->items;

	if (!store_audit_unchained(w->op->db, &w->out->unchained, err_r) ||
	    !walk_all(w, err_r) || !look_for_unlinked(w, err_r) ||
	    !store_audit_pending(w->op->db, &w->out->waiting, err_r))
		return false;
	for (size_t i = 0; i < expected->n; i++)
		if (!look_for_expected(w, &heads[i], err_r))
			return false;
	return true;
}

bool op_audit_verify(struct op *op, const struct subkey *key, const struct field_list *expected,
		     struct audit_verified *out, struct err *err_r)
{
	struct walk w = { .op = op, .key = key, .out = out };
	bool done;

	*out = (struct audit_verified){ 0 };
	out->found.items = w.faults = arena_alloc(op->arena, AUDIT_FAULTS_MAX * sizeof(*w.faults));
	w.page = arena_new();
	done = verify(&w, expected, err_r);
	arena_free(&w.page);
	return done;
}

bool op_audit_heads(struct op *op, struct field_list *out, struct err *err_r)
{
	return store_audit_heads(op->db, op->arena, out, err_r);
}

bool op_audit_heads_recent(struct op *op, int64_t since, int64_t limit, struct field_list *out,
			   struct err *err_r)
{
	return store_audit_heads_recent(op->db, since, limit, op->arena, out, err_r);
}
