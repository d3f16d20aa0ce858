libstore_a_SOURCES = \
	include/store/audit.h include/store/change.h include/store/claim.h include/store/claim_private.h include/store/constraint.h include/store/email.h include/store/fill.h include/store/instance.h \
	include/store/known_time.h include/store/login_failure.h include/store/owner.h include/store/page.h \
	include/store/quota.h include/store/scope.h include/store/store.h include/store/sweep.h \
	include/store/usage.h include/store/usage_private.h \
	include/store/user.h \
	src/store/audit.c src/store/change.c src/store/claim.c src/store/constraint.c src/store/email.c src/store/email_migrate.c src/store/fill.c src/store/instance.c \
	src/store/known_time.c src/store/login_failure.c src/store/owner.c src/store/quota.c \
	src/store/store.c src/store/sweep.c src/store/usage.c src/store/usage_body.c \
	src/store/usage_count.c src/store/usage_month.c src/store/usage_record.c \
	src/store/usage_report.c src/store/user.c src/store/user_status.c
nodist_libstore_a_SOURCES = include/store/sql.h src/store/sql.c
libstore_a_CPPFLAGS = $(AM_CPPFLAGS) $(IDN2_CFLAGS)

# The closed set of SQL. Keep the list sorted within each folder.
SQL_FILES = \
	sql/common/audit.sql \
	sql/common/change.sql \
	sql/common/claim.sql \
	sql/common/fill.sql \
	sql/common/instance.sql \
	sql/common/known_time.sql \
	sql/common/login_failure.sql \
	sql/common/migration.sql \
	sql/common/quota.sql \
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
	sql/pgsql/0013_idempotency.sql \
	sql/pgsql/change.sql \
	sql/pgsql/claim.sql \
	sql/pgsql/fill.sql \
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
	sql/sqlite/0013_idempotency.sql \
	sql/sqlite/change.sql \
	sql/sqlite/claim.sql \
	sql/sqlite/fill.sql \
	sql/sqlite/known_time.sql \
	sql/sqlite/migration.sql \
	sql/sqlite/quota/0001_initial.sql \
	sql/sqlite/usage.sql \
	sql/sqlite/usage/0001_initial.sql \
	sql/sqlite/user.sql
# From 0009 on a migration is written in sql/schema/, once for both dialects, and
# its expansions stand in the list above (sql/schema.awk).
SQL_SCHEMA = sql/schema/0013_idempotency.sql
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

include/store/constraint_rows.h: sql/schema.awk Makefile $(SQL_SCHEMA)
	$(AM_V_GEN)$(MKDIR_P) include/store && \
	(cd $(srcdir) && $(AWK) -v part=constraints -f sql/schema.awk /dev/null $(SQL_SCHEMA)) > $@.tmp && \
	mv $@.tmp $@

# BUILT_SOURCES is made first by `make` and `make check` alone; with this also
# `make pierre` works in an empty build directory.
$(libstore_a_OBJECTS): include/store/sql.h include/store/constraint_rows.h
