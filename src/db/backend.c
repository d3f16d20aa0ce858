/*
 * db/backend.c - the factory: which backend a DATABASE_URL names.
 *
 * The only place that knows which backends were compiled in. URLs hold
 * passwords, so no sentence ever repeats more of one than its scheme.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "db/db_core.h"

#ifdef HAVE_SQLITE
#define DRIVER_SQLITE (&db_driver_sqlite)
#define BUILT_SQLITE "sqlite"
#else
#define DRIVER_SQLITE NULL
#define BUILT_SQLITE ""
#endif
#ifdef HAVE_PGSQL
#define DRIVER_PGSQL (&db_driver_pgsql)
#define BUILT_PGSQL "postgresql"
#else
#define DRIVER_PGSQL NULL
#define BUILT_PGSQL ""
#endif
#if defined HAVE_SQLITE && defined HAVE_PGSQL
#define BUILT_BOTH ", "
#else
#define BUILT_BOTH ""
#endif

static const struct backend {
	const char *scheme;
	enum db_backend backend;
	const char *name;
	const struct db_driver *driver;   /* NULL = not compiled in */
	const char *option;               /* of configure */
} backends[] = {
	{ "sqlite:", DB_SQLITE, "sqlite", DRIVER_SQLITE, "--with-sqlite" },
	{ "postgresql://", DB_PGSQL, "postgresql", DRIVER_PGSQL, "--with-postgresql" },
	{ "postgres://", DB_PGSQL, "postgresql", DRIVER_PGSQL, "--with-postgresql" },
};

const char *db_backends_built(void)
{
	return BUILT_SQLITE BUILT_BOTH BUILT_PGSQL;
}

static bool unknown_scheme(const char *url, struct err *err_r)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789+.-";
	size_t n = strspn(url, allowed);

	if (url[n] != ':' || n == 0)
		return err_field(err_r, ERR_CONFIG, "DATABASE_URL",
				 "DATABASE_URL has no scheme: write sqlite:PATH or "
				 "postgresql://USER@HOST/NAME (this build has: %s)",
				 db_backends_built());
	return err_field(err_r, ERR_CONFIG, "DATABASE_URL",
			 "DATABASE_URL has the unknown scheme \"%.*s\": this build has: %s",
			 (int)(n < 32 ? n : 32), url, db_backends_built());
}

static const struct backend *backend_of(const char *url, struct err *err_r)
{
	for (size_t i = 0; i < sizeof(backends) / sizeof(*backends); i++) {
		const struct backend *b = &backends[i];

		if (!str_starts(url, b->scheme))
			continue;
		if (b->driver)
			return b;
		err_field(err_r, ERR_CONFIG, "DATABASE_URL",
			  "DATABASE_URL names %s, which was not compiled in: this build has: "
			  "%s (configure with %s)", b->name, db_backends_built(), b->option);
		return NULL;
	}
	unknown_scheme(url, err_r);
	return NULL;
}

static bool path_sound(const char *url, struct err *err_r)
{
	const char *path = db_url_path(url);

	if (*path == '\0')
		return err_field(err_r, ERR_CONFIG, "DATABASE_URL",
				 "DATABASE_URL names no file: write sqlite:PATH");
	if (strchr(path, '?'))
		return err_field(err_r, ERR_CONFIG, "DATABASE_URL",
				 "DATABASE_URL has options after \"?\": sqlite:PATH takes none");
	return true;
}

const struct db_driver *db_url_driver(const char *url, struct err *err_r)
{
	const struct backend *b = backend_of(url ? url : "", err_r);

	if (!b || (b->backend == DB_SQLITE && !path_sound(url, err_r)))
		return NULL;
	return b->driver;
}

bool db_url_backend(const char *url, enum db_backend *backend_r, struct err *err_r)
{
	const struct db_driver *driver = db_url_driver(url, err_r);

	if (!driver)
		return false;
	*backend_r = driver->backend;
	return true;
}

bool db_url_check(const char *url, struct err *err_r)
{
	const struct db_driver *driver = db_url_driver(url, err_r);

	return driver && driver->check(url, err_r);
}

bool db_url_exists(const char *url, struct err *err_r)
{
	const struct db_driver *driver = db_url_driver(url, err_r);

	return driver && driver->exists(url, err_r);
}

bool db_claim(const char *url, int *fd_r, struct err *err_r)
{
	const struct db_driver *driver = db_url_driver(url, err_r);
	char *real;
	bool done;

	if (!driver)
		return false;
	real = db_url_real(url);
	done = driver->claim(real, fd_r, err_r);
	explicit_bzero(real, strlen(real));   /* it may hold a password */
	free(real);
	return done;
}
