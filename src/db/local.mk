libdb_a_SOURCES = include/db/admin.h include/db/args.h include/db/catalog.h \
	include/db/db_core.h include/db/db_private.h include/db/handle.h include/db/query.h \
	include/db/transaction.h include/db/value.h \
	src/db/args.c src/db/backend.c src/db/conflict.c src/db/db.c src/db/lost.c \
	src/db/migrate.c src/db/shape.c src/db/transaction.c src/db/url.c src/db/value.c
libdb_a_CPPFLAGS = $(AM_CPPFLAGS)
if HAVE_SQLITE
libdb_a_SOURCES += include/db/driver_sqlite.h src/db/driver_sqlite.c \
	src/db/driver_sqlite_open.c src/db/driver_sqlite_lock.c \
	src/db/driver_sqlite_error.c src/db/driver_sqlite_files.c src/db/driver_sqlite_pragma.c \
	src/db/driver_sqlite_save.c src/db/driver_sqlite_service.c src/db/driver_sqlite_wal.c
libdb_a_CPPFLAGS += $(SQLITE_CFLAGS)
endif
if HAVE_PGSQL
libdb_a_SOURCES += include/db/driver_pgsql.h src/db/driver_pgsql.c \
	src/db/driver_pgsql_connect.c src/db/driver_pgsql_copy.c src/db/driver_pgsql_error.c \
	src/db/driver_pgsql_map.c src/db/driver_pgsql_wait.c
libdb_a_CPPFLAGS += $(PGSQL_CFLAGS)
endif

# The closed set of SQL. Keep the list sorted within each folder.
SQL_FILES = \
	sql/common/audit.sql \
	sql/common/change.sql \
	sql/common/instance.sql \
	sql/common/key.sql \
	sql/common/known_time.sql \
	sql/common/login_failure.sql \
	sql/common/migration.sql \
	sql/common/quota.sql \
	sql/common/session.sql \
	sql/common/tenant.sql \
	sql/common/usage.sql \
	sql/common/user.sql \
	sql/pgsql/0001_initial.sql \
	sql/pgsql/0002_usage.sql \
	sql/pgsql/0003_key_limit_period.sql \
	sql/pgsql/0004_changes.sql \
	sql/pgsql/0005_key_granted_by.sql \
	sql/pgsql/0006_known_time.sql \
	sql/pgsql/0007_session_pair.sql \
	sql/pgsql/0008_email_keys.sql \
	sql/pgsql/change.sql \
	sql/pgsql/known_time.sql \
	sql/pgsql/migration.sql \
	sql/pgsql/usage.sql \
	sql/pgsql/user.sql \
	sql/sqlite/0001_initial.sql \
	sql/sqlite/0002_usage.sql \
	sql/sqlite/0003_key_limit_period.sql \
	sql/sqlite/0004_changes.sql \
	sql/sqlite/0005_key_granted_by.sql \
	sql/sqlite/0006_known_time.sql \
	sql/sqlite/0007_session_pair.sql \
	sql/sqlite/0008_email_keys.sql \
	sql/sqlite/change.sql \
	sql/sqlite/known_time.sql \
	sql/sqlite/migration.sql \
	sql/sqlite/quota/0001_initial.sql \
	sql/sqlite/usage.sql \
	sql/sqlite/usage/0001_initial.sql \
	sql/sqlite/user.sql
# From 0009 on a migration is written in sql/schema/, once for both dialects, and
# its expansions stand in the list above (sql/schema.awk).
SQL_SCHEMA =
EXTRA_DIST += sql/embed.awk sql/emit.awk sql/schema.awk $(SQL_FILES) $(SQL_SCHEMA)
BUILT_SOURCES += include/store/sql.h include/store/constraint_rows.h
CLEANFILES += include/store/sql.h src/store/sql.c include/store/constraint_rows.h

SQL_EMBED = cd $(srcdir) && sha256sum $(SQL_FILES) | $(AWK) -f sql/embed.awk -f sql/emit.awk
include/store/sql.h: sql/embed.awk sql/emit.awk $(SQL_FILES)
	$(AM_V_GEN)$(MKDIR_P) include/store && \
	($(SQL_EMBED) -v part=header - $(SQL_FILES)) > $@.tmp && mv $@.tmp $@
src/store/sql.c: sql/embed.awk sql/emit.awk $(SQL_FILES)
	$(AM_V_GEN)$(MKDIR_P) src/store && \
	($(SQL_EMBED) -v part=source - $(SQL_FILES)) > $@.tmp && mv $@.tmp $@

include/store/constraint_rows.h: sql/schema.awk src/db/local.mk $(SQL_SCHEMA)
	$(AM_V_GEN)$(MKDIR_P) include/store && \
	(cd $(srcdir) && $(AWK) -v part=constraints -f sql/schema.awk /dev/null $(SQL_SCHEMA)) > $@.tmp && \
	mv $@.tmp $@

# BUILT_SOURCES is made first by `make` and `make check` alone; with this also
# `make pierre` works in an empty build directory.
$(libstore_a_OBJECTS): include/store/sql.h include/store/constraint_rows.h
