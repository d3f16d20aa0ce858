
# Driven by tests/process/pgsql_*.t.
if HAVE_PGSQL
check_PROGRAMS += tests/support/dbtool tests/unit/pgsql_map
tests_support_dbtool_SOURCES = tests/support/dbtool.c
tests_support_dbtool_LDADD = libdb.a libbase.a $(SQLITE_LIBS) $(PGSQL_LIBS)
tests_unit_pgsql_map_SOURCES = tests/unit/pgsql_map.c tests/unit/tap.h
tests_unit_pgsql_map_CPPFLAGS = $(AM_CPPFLAGS) $(PGSQL_CFLAGS)
tests_unit_pgsql_map_LDADD = libdb.a libbase.a $(SQLITE_LIBS) $(PGSQL_LIBS)
endif
