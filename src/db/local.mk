libdb_a_SOURCES = include/db/db.h include/db/db_private.h \
	src/db/db.c src/db/value.c src/db/migrate.c
libdb_a_CPPFLAGS = $(AM_CPPFLAGS)
if HAVE_SQLITE
libdb_a_SOURCES += src/db/driver_sqlite.c
libdb_a_CPPFLAGS += $(SQLITE_CFLAGS)
endif
if HAVE_PGSQL
libdb_a_SOURCES += src/db/driver_pgsql.c
libdb_a_CPPFLAGS += $(PGSQL_CFLAGS)
endif
