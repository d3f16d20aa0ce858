/* tests/unit/conf.c - options: where values come from, what is refused. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/str.h"
#include "tap.h"

static char dir[] = "/tmp/pierre-conf-XXXXXX", path[64], secret[64];

static void write_text(const char *to, const char *text)
{
	FILE *f = fopen(to, "w");

	if (!f || fputs(text, f) < 0 || fclose(f) != 0)
		exit(99);
}

/* Load a file with this text; the sentence when it is refused. */
static struct conf *load(const char *text, struct err *err_r)
{
	write_text(path, text);
	*err_r = (struct err){ .kind = ERR_NONE };
	return conf_load(path, err_r);
}

static void test_values(void)
{
	struct err err;
	struct conf *c = load("# comment\n\nWORKERS=7\nLOG_LEVEL = \"warn\"\r\nAUTO_MIGRATE='no'\n", &err);
	char buf[32];

	if (!ok(c == NULL, "a blank before '=' is not part of a name: refused"))
		return;
	ok(strstr(err.message, ":4:") != NULL, "the sentence names the line");
	c = load("# comment\n\nWORKERS=7\nLOG_LEVEL= \"warn\"\r\nAUTO_MIGRATE='no'\n", &err);
	if (!ok(c != NULL, "a good file is taken: %s", err.message))
		return;
	is_int(c->fast_workers, 7, "number from the file");
	is_int(c->log_level, 2, "word from the file");
	ok(!c->auto_migrate, "boolean from the file");
	is_int(c->bcrypt_cost, 12, "default");
	is_str(conf_value(c, &conf_options[0], buf, sizeof(buf)), "sqlite:./data/pierre.db",
	       "a URL without a password is shown");
	conf_free(&c);
	setenv("WORKERS", "9", 1);
	c = load("WORKERS=7\n", &err);
	is_int(c ? c->fast_workers : 0, 9, "the environment wins");
	unsetenv("WORKERS");
	conf_free(&c);
}

static void test_origins(void)
{
	struct err err;
	struct conf *a = load("CORS_ORIGINS=' https://a.org,http://b.org:81 '\n", &err), *b = load("", &err);
	const struct conf_option *o = conf_options;

	while (strcmp(o->name, "CORS_ORIGINS") != 0)
		o++;
	is_str(a ? a->cors_origins : NULL, "https://a.org http://b.org:81", "origins are read once");
	is_str(a ? conf_value(a, o, NULL, 0) : NULL, "https://a.org http://b.org:81", "and shown");
	is_str(b ? b->cors_origins : NULL, "", "none by default");
	ok(a && b && conf_needs_restart(a, b) == NULL, "they may change at a reload");
	conf_free(&a);
	conf_free(&b);
}

static void test_files(void)
{
	struct err err;
	struct conf *c;
	char text[200];

	write_text(secret, "from-a-file\n");
	snprintf(text, sizeof(text), "SOCKET_GROUP_FILE=%s\n", secret);
	c = load(text, &err);
	is_str(c ? c->socket_group : NULL, "from-a-file", "NAME_FILE reads the value");
	conf_free(&c);
	snprintf(text, sizeof(text), "SOCKET_GROUP_FILE=%s\nSOCKET_GROUP=x\n", secret);
	ok(!load(text, &err) && strstr(err.message, "SOCKET_GROUP_FILE"), "both forms are refused");
	setenv("SOCKET_GROUP", "from-env", 1);
	snprintf(text, sizeof(text), "SOCKET_GROUP_FILE=%s\n", secret);
	c = load(text, &err);
	is_str(c ? c->socket_group : NULL, "from-env", "the environment replaces either form");
	conf_free(&c);
	unsetenv("SOCKET_GROUP");
	ok(!conf_load("/nonexistent/pierre.conf", &err) && strstr(err.message, "/nonexistent/"),
	   "a missing file is named");
}

/* The files of a service, as they were when it read its options. */
static void test_kept(void)
{
	struct err err;
	struct conf *c;
	char text[200];

	write_text(secret, "before");
	snprintf(text, sizeof(text), "PROVIDERS_FILE=%s\n", secret);
	c = load(text, &err);
	ok(c && !c->providers.text, "the file that an option names is not read with it");
	ok(c && conf_keep_files(c, &err), "a service reads it, once");
	write_text(secret, "after, and longer");
	is_str(c ? c->providers.text : NULL, "before", "and has what it held then");
	is_int(c ? (int64_t)c->providers.n : 0, 6, "with its length");
	ok(c && !c->outbound_ca.text, "of an option that names none there is none");
	conf_free(&c);
	c = load("OUTBOUND_CA_FILE=/nonexistent/ca.pem\n", &err);
	ok(c && !conf_keep_files(c, &err) && err.kind == ERR_CONFIG &&
	   strstr(err.message, "OUTBOUND_CA_FILE: /nonexistent/ca.pem cannot be read"), "a missing one is named");
	conf_free(&c);
}

/* Sizes where one read(2) and the next meet, and where a file is too large. */
static void test_sizes(void)
{
	static char text[65536 + 1];
	struct err err;
	struct conf *c;

	memset(text, '#', sizeof(text) - 1);
	ok(!load(text, &err) && strstr(err.message, "under 64 KiB"), "64 KiB: %s", err.message);
	text[65535] = '\0';
	memcpy(text + 65535 - 11, "\nWORKERS=31", 11);
	c = load(text, &err);
	is_int(c ? c->fast_workers : 0, 31, "a byte less is read to its end");
	conf_free(&c);
	ok(!conf_load("/tmp", &err), "a directory: %s", err.message);
}

#define BYTES "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static bool is_key(const struct conf *c)
{
	for (int i = 0; c && i < CONF_KEY_BYTES; i++)
		if (c->encryption_key.bytes[i] != i)
			return false;
	return c && c->encryption_key.set;
}

static void test_key(void)
{
	static const char *const bad[] = {
		"short", "AAECAwQFBgcICQoLDA0ODw==", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gIQ==",
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
	};
	struct conf *c, *old;
	char text[200], *value;
	struct err err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "ENCRYPTION_KEY=%s\n", bad[i]);
		ok(!load(text, &err) && strstr(err.message, "openssl rand -base64 32") &&
		   !strstr(err.message, bad[i]) && str_eq(err.field, "ENCRYPTION_KEY"),
		   "not a key: %s", err.message);
	}
	write_text(secret, BYTES "\n");
	snprintf(text, sizeof(text), "ENCRYPTION_KEY_FILE=%s\n", secret);
	old = load(text, &err);
	ok(is_key(old), "32 bytes from a file");
	setenv("ENCRYPTION_KEY", BYTES, 1);
	value = getenv("ENCRYPTION_KEY");
	c = load("", &err);
	ok(is_key(c), "from the environment");
	for (size_t i = 0; i < sizeof(BYTES); i++)
		ok(value[i] == '\0', "byte %zu of its text is wiped", i);
	conf_free(&c);
	c = load("", &err);
	ok(c && !c->encryption_key.set && conf_needs_restart(old, c), "so it is read once");
	conf_keep_keys(c, old);
	ok(is_key(c) && !conf_needs_restart(old, c), "and handed on");
	c->encryption_key.bytes[31]++;
	is_str(conf_needs_restart(old, c), "ENCRYPTION_KEY", "another one needs a restart");
	conf_keep_keys(old, c);
	ok(is_key(old), "a key that was read stays");
	conf_wipe_keys(old);
	ok(!old->encryption_key.set && !old->encryption_key.bytes[1] && !old->encryption_key.bytes[31],
	   "a process that needs none has none");
	conf_free(&c);
	conf_free(&old);
	unsetenv("ENCRYPTION_KEY");
}

static void test_refusals(void)
{
	static const struct { const char *text, *names; } bad[] = {
		{ "WORKERS=0\n", "WORKERS" }, { "WORKERS=257\n", "WORKERS" },
		{ "WORKERS=two\n", "WORKERS" }, { "AUTO_MIGRATE=maybe\n", "AUTO_MIGRATE" },
		{ "LOG_LEVEL=loud\n", "LOG_LEVEL" }, { "NO_SUCH_OPTION=1\n", "NO_SUCH_OPTION" },
		{ "WORKERS=65\n", "WORKERS is above MAX_WORKERS, which is 64" },
		{ "MAX_WORKERS=3\nSLOW_WORKERS=4\n", "SLOW_WORKERS is above MAX_WORKERS" },
		{ "just words\n", ":1:" }, { "WORKERS_FILE=x\n", "WORKERS_FILE" },
		{ "CORS_ORIGINS=https://a.org, https://B.org\n", "CORS_ORIGINS: browsers never send 'https://B.org'" },
		{ "CORS_ORIGINS=*\n", "CORS_ORIGINS: browsers never send '*'" },
		{ "PUBLIC_URL=http://a.org\n", "PUBLIC_URL takes one origin, which begins with https://" },
		{ "PUBLIC_URL=https://a.org https://b.org\n", "PUBLIC_URL takes one origin" },
		{ "BCRYPT_COST=3\n", "BCRYPT_COST" }, { "BCRYPT_COST=16\n", "BCRYPT_COST" },
	};
	struct err err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct conf *c = load(bad[i].text, &err);

		ok(!c && strstr(err.message, bad[i].names), "refused by name: %s", err.message);
		conf_free(&c);
	}
}

struct reported {
	int n;
	char fields[200], last[512];
};

static void collect(void *arg, const struct err *err)
{
	struct reported *r = arg;
	size_t n = strlen(r->fields);

	r->n++;
	snprintf(r->fields + n, sizeof(r->fields) - n, "%s ", err->field);
	snprintf(r->last, sizeof(r->last), "%s", err->message);
}

static struct conf *check(const char *text, struct reported *r)
{
	*r = (struct reported){ .n = 0 };
	write_text(path, text);
	return conf_check(path, collect, r);
}

static void test_check(void)
{
	struct reported r;
	struct conf *c = check("WORKERS=5\n", &r);
	char text[200];

	is_int(r.n, 0, "nothing to report");
	is_int(c->fast_workers, 5, "the check hands the values out");
	conf_free(&c);
	c = check("WORKERS=0\nnonsense\nNONE=1\nLOG_LEVEL=loud\nBCRYPT_COST=99\nSLOW_WORKERS=3\n", &r);
	is_int(r.n, 5, "each mistake is reported");
	is_str(r.fields, "  WORKERS BCRYPT_COST LOG_LEVEL ", "naming the option");
	is_str(r.last, "LOG_LEVEL takes debug, info, warn or error", "and what it takes");
	is_int(c->fast_workers, 2, "a mistake leaves the default");
	is_int(c->slow_workers, 3, "the others are read");
	conf_free(&c);
	c = conf_check("/nonexistent/pierre.conf", collect, &r);
	is_int(r.n, 6, "a missing file is one more");
	conf_free(&c);
	write_text(secret, BYTES "\n");
	snprintf(text, sizeof(text), "ENCRYPTION_KEY_FILE=%s\n", secret);
	chmod(secret, 0644);
	c = check(text, &r);
	ok(r.n == 1 && strstr(r.last, "chmod o="), "a secret for everybody: %s", r.last);
	conf_free(&c);
	chmod(secret, 0640);
	c = check(text, &r);
	is_int(r.n, 0, "for a group it is in order");
	conf_free(&c);
}

static void test_mask(void)
{
	static const struct { const char *url, *shown; } urls[] = {
		{ "sqlite:/var/lib/pierre/pierre.db", "sqlite:/var/lib/pierre/pierre.db" },
		{ "sqlite:///srv/a@b:c.db", "sqlite:///srv/a@b:c.db" },
		{ "postgresql://u@h/d", "postgresql://u@h/d" },
		{ "postgresql://h:5432/d", "postgresql://h:5432/d" },
		{ "postgresql://u:secret@h:5432/d?sslmode=require",
		  "postgresql://u:***@h:5432/d?sslmode=require" },
		{ "postgres://u:@h/d", "postgres://u:***@h/d" },
		{ "postgresql://u:sec@ret@h/d", "postgresql://u:***@h/d" },
		{ "postgresql://u:s/e?c:ret@h/d", "postgresql://u:***@h/d" },
		{ "postgresql://u:secret@h1:1,h2:2/d", "postgresql://u:***@h1:1,h2:2/d" },
		{ "postgresql://u:secret@[::1]:5432/d", "postgresql://u:***@[::1]:5432/d" },
		{ "postgresql:///d?user=u&password=secret&host=/run/p",
		  "postgresql:///d?user=u&password=***&host=/run/p" },
		{ "postgresql://h/d?password=sec@ret", "postgresql://h/d?password=***" },
		{ "postgresql://h:1/d?password=sec@ret", "postgresql://h:***" },
		{ "postgresql://u:my-password=secret@h/d", "postgresql://u:***" },
		{ "postgresql://u:a@h/d?sslpassword=b&password=c",
		  "postgresql://u:***@h/d?sslpassword=***&password=***" },
		{ "host=h password=secret user=u", "host=h password=*** user=u" },
		{ "", "" },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		is_str(url_mask(a, urls[i].url), urls[i].shown, "a URL without its password");
	arena_free(&a);
}

static void test_bounds(void)
{
	struct err err;

	for (const struct conf_option *o = conf_options; o->name; o++) {
		bool is_most = strcmp(o->name, "MAX_WORKERS") == 0;
		const char *most_workers = is_most ? "" : "MAX_WORKERS=256\n";
		char text[128];
		struct conf *c;

		if (o->type != CONF_INT)
			continue;
		for (int edge = -1; edge <= 1; edge += 2) {
			int64_t at = edge < 0 ? o->min : o->max;

			snprintf(text, sizeof(text), "%s%s=%lld\n", most_workers, o->name, (long long)at);
			c = load(text, &err);
			ok(c != NULL, "%s takes its bound %lld", o->name, (long long)at);
			conf_free(&c);
			snprintf(text, sizeof(text), "%s%s=%lld\n", most_workers, o->name,
				 (long long)(at + edge));
			ok(!load(text, &err), "%s refuses %lld", o->name, (long long)(at + edge));
		}
	}
}

static void test_reload(void)
{
	struct err err;
	struct conf *a = load("WORKERS=2\n", &err), *b = load("WORKERS=3\n", &err);
	struct conf *c = load("FAST_SOCKET=/tmp/other.sock\n", &err);

	ok(conf_needs_restart(a, b) == NULL, "WORKERS may change at a reload");
	is_str(conf_needs_restart(a, c), "FAST_SOCKET", "a socket may not, and is named");
	conf_free(&a);
	conf_free(&b);
	conf_free(&c);
}

int main(void)
{
	for (const struct conf_option *o = conf_options; o->name; o++)
		unsetenv(o->name);
	if (!mkdtemp(dir))
		return 99;
	snprintf(path, sizeof(path), "%s/conf", dir);
	snprintf(secret, sizeof(secret), "%s/secret", dir);
	test_values();
	test_origins();
	test_files();
	test_kept();
	test_sizes();
	test_key();
	test_refusals();
	test_check();
	test_mask();
	test_bounds();
	test_reload();
	unlink(path);
	unlink(secret);
	rmdir(dir);
	return tap_done();
}
