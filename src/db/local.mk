libdb_a_SOURCES = include/db/admin.h include/db/args.h include/db/catalog.h \
	include/db/db_core.h include/db/db_private.h include/db/handle.h include/db/query.h \
	include/db/transaction.h include/db/value.h \
	src/db/args.c src/db/backend.c src/db/conflict.c src/db/connect.c src/db/db.c \
	src/db/handle.c src/db/lost.c src/db/migrate.c src/db/shape.c src/db/transaction.c src/db/url.c src/db/value.c
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
