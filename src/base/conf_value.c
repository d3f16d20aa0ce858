/*
 * base/conf_value.c - what an option's type means: from a text to a member of
 * struct conf, back, and compared.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/conf_private.h"
#include "base/network.h"
#include "base/origin.h"
#include "base/str.h"

void *conf_member(const struct conf *c, const struct conf_option *o)
{
	return (char *)(uintptr_t)c + o->offset;
}

static const struct { const char *word; bool value; } bool_words[] = {
	{ "yes", true }, { "true", true }, { "1", true }, { "on", true },
	{ "no", false }, { "false", false }, { "0", false }, { "off", false },
};

static bool set_bool(const struct conf_option *o, const char *text, bool *out, struct err *err_r)
{
	for (size_t i = 0; i < sizeof(bool_words) / sizeof(bool_words[0]); i++) {
		if (strcmp(text, bool_words[i].word) != 0)
			continue;
		*out = bool_words[i].value;
		return true;
	}
	return err_field(err_r, ERR_CONFIG, o->name, "%s takes yes or no", o->name);
}

static bool set_word(const struct conf_option *o, const char *text, int64_t *out, struct err *err_r)
{
	for (int64_t i = 0; o->words[i]; i++) {
		if (strcmp(text, o->words[i]) != 0)
			continue;
		*out = i;
		return true;
	}
	err_field(err_r, ERR_CONFIG, o->name, "%s takes", o->name);
	for (size_t i = 0; err_r && o->words[i]; i++) {
		size_t n = strlen(err_r->message);

		snprintf(err_r->message + n, sizeof(err_r->message) - n, "%s %s",
			 i == 0 ? "" : o->words[i + 1] ? "," : " or", o->words[i]);
	}
	return false;
}

static bool set_origins(const struct conf *c, const struct conf_option *o, const char *text,
			const char **out, struct err *err_r)
{
	const char *bad = NULL, *list = origins_read(c->arena, text, &bad);

	if (!list)
		return err_field(err_r, ERR_CONFIG, o->name, "%s: browsers never send '%.100s': an origin is "
				 "scheme://host[:port] in lower case, without a path, and without the port "
				 "that the scheme has anyway", o->name, bad);
	if (o->flags & CONF_HTTPS && *list && (!str_starts(list, "https://") || strchr(list, ' ')))
		return err_field(err_r, ERR_CONFIG, o->name, "%s takes one origin, which begins with https://", o->name);
	*out = list;
	return true;
}

static bool set_text(const struct conf *c, const struct conf_option *o, const char *text,
		     const char **out, struct err *err_r)
{
	struct strings networks;
	const char *bad = NULL;

	if (o->flags & CONF_ORIGINS)
		return set_origins(c, o, text, out, err_r);
	if (o->flags & CONF_NETWORKS && !networks_read(c->arena, text, &networks, &bad))
		return err_field(err_r, ERR_CONFIG, o->name, "%s: '%.100s' is no network: one is ADDRESS/BITS "
				 "without bits of a host, such as 10.1.2.0/24 or ::1/128", o->name, bad);
	*out = arena_strdup(c->arena, text);
	return true;
}

static bool set_key(const struct conf_option *o, const char *text, struct conf_key *out,
		    struct err *err_r)
{
	size_t n = 0;

	if (str_blank(text))
		return true;
	out->set = base64_decode(text, out->bytes, sizeof(out->bytes), &n) && n == sizeof(out->bytes);
	if (out->set)
		return true;
	explicit_bzero(out, sizeof(*out));
	return err_field(err_r, ERR_CONFIG, o->name, "%s is not base64 of exactly %d bytes; "
			 "make one with `openssl rand -base64 %d`", o->name, CONF_KEY_BYTES, CONF_KEY_BYTES);
}

bool conf_set_value(struct conf *c, const struct conf_option *o, const char *text,
		      struct err *err_r)
{
	switch (o->type) {
	case CONF_TEXT:
		return set_text(c, o, text, conf_member(c, o), err_r);
	case CONF_BOOL:
		return set_bool(o, text, conf_member(c, o), err_r);
	case CONF_WORD:
		return set_word(o, text, conf_member(c, o), err_r);
	case CONF_INT:
		if (str_int(text, o->min, o->max, conf_member(c, o)))
			return true;
		return err_field(err_r, ERR_CONFIG, o->name, "%s takes a whole number from %lld to %lld",
				 o->name, (long long)o->min, (long long)o->max);
	case CONF_KEY:
		return set_key(o, text, conf_member(c, o), err_r);
	}
	return err_set(err_r, ERR_INTERNAL, "option %s has no type", o->name);
}

const char *conf_value(const struct conf *c, const struct conf_option *o, char *buf, size_t size)
{
	const void *at = conf_member(c, o);

	switch (o->type) {
	case CONF_TEXT:
		if (o->flags & CONF_URL)
			return url_mask(c->arena, *(const char *const *)at);
		return *(const char *const *)at;
	case CONF_BOOL:
		return *(const bool *)at ? "yes" : "no";
	case CONF_WORD:
		return o->words[*(const int64_t *)at];
	case CONF_INT:
		snprintf(buf, size, "%lld", (long long)*(const int64_t *)at);
		return buf;
	case CONF_KEY:
		return ((const struct conf_key *)at)->set ? "(set)" : "";
	}
	return "";
}

static bool same(const struct conf *a, const struct conf *b, const struct conf_option *o)
{
	switch (o->type) {
	case CONF_TEXT:
		return str_eq(*(const char *const *)conf_member(a, o), *(const char *const *)conf_member(b, o));
	case CONF_BOOL:
		return *(const bool *)conf_member(a, o) == *(const bool *)conf_member(b, o);
	case CONF_WORD:
	case CONF_INT:
		return *(const int64_t *)conf_member(a, o) == *(const int64_t *)conf_member(b, o);
	case CONF_KEY:
		return memcmp(conf_member(a, o), conf_member(b, o), sizeof(struct conf_key)) == 0;
	}
	return false;
}

void conf_keep_keys(struct conf *c, const struct conf *old)
{
	for (const struct conf_option *o = conf_options; o->name; o++)
		if (o->type == CONF_KEY && !((const struct conf_key *)conf_member(c, o))->set)
			memcpy(conf_member(c, o), conf_member(old, o), sizeof(struct conf_key));
}

void conf_wipe_keys(struct conf *c)
{
	for (const struct conf_option *o = conf_options; o->name; o++)
		if (o->type == CONF_KEY)
			explicit_bzero(conf_member(c, o), sizeof(struct conf_key));
}

const char *conf_needs_restart(const struct conf *old, const struct conf *new_)
{
	for (const struct conf_option *o = conf_options; o->name; o++)
		if (!(o->flags & CONF_RELOAD) && !same(old, new_, o))
			return o->name;
	return NULL;
}
