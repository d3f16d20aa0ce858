
# Driven by tests/process/pgsql_*.t.
if HAVE_PGSQL
check_PROGRAMS += tests/support/dbtool tests/unit/pgsql_map
tests_support_dbtool_SOURCES = tests/support/dbtool.c
tests_support_dbtool_LDADD = libdb.a libbase.a $(SQLITE_LIBS) $(PGSQL_LIBS)
tests_unit_pgsql_map_SOURCES = tests/unit/pgsql_map.c tests/unit/tap.h
tests_unit_pgsql_map_CPPFLAGS = $(AM_CPPFLAGS) $(PGSQL_CFLAGS)
tests_unit_pgsql_map_LDADD = libdb.a libbase.a $(SQLITE_LIBS) $(PGSQL_LIBS)
endif

check_PROGRAMS += tests/db/contract
tests_db_contract_SOURCES = tests/db/contract.c tests/db/contract.h tests/db/catalog.c \
	tests/db/case_value.c tests/db/case_transaction.c tests/db/case_fault.c \
	tests/db/case_schema.c tests/db/case_product.c \
	tests/db/case_file.c tests/db/case_disk.c tests/db/case_crash.c
tests_db_contract_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS) -I$(srcdir)
tests_db_contract_LDADD = $(LAYERS) $(LIBS_ALL)

check_PROGRAMS += tests/db/op_admin tests/db/op_password tests/db/op_race \
	tests/db/op_user
tests_db_op_admin_SOURCES = tests/db/op_admin.c tests/db/op_fixture.h tests/unit/tap.h
tests_db_op_admin_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/unit
tests_db_op_admin_LDADD = $(LAYERS) $(LIBS_ALL)
tests_db_op_password_SOURCES = tests/db/op_password.c tests/db/op_fixture.h tests/unit/tap.h
tests_db_op_password_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/unit
tests_db_op_password_LDADD = $(LAYERS) $(LIBS_ALL)
tests_db_op_race_SOURCES = tests/db/op_race.c tests/db/op_fixture.h tests/unit/tap.h
tests_db_op_race_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/unit
tests_db_op_race_LDADD = $(LAYERS) $(LIBS_ALL)
tests_db_op_user_SOURCES = tests/db/op_user.c tests/db/op_fixture.h tests/unit/tap.h
tests_db_op_user_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/unit
tests_db_op_user_LDADD = $(LAYERS) $(LIBS_ALL)

check_PROGRAMS += tests/db/op_login tests/db/op_session tests/db/op_key tests/db/op_key_use
tests_db_op_login_SOURCES = tests/db/op_login.c tests/db/op_fixture.h tests/unit/tap.h
tests_db_op_login_LDADD = $(LAYERS) $(LIBS_ALL)
tests_db_op_login_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=password_verify
tests_db_op_session_SOURCES = tests/db/op_session.c tests/db/op_fixture.h tests/unit/tap.h
tests_db_op_session_LDADD = $(LAYERS) $(LIBS_ALL)
tests_db_op_key_SOURCES = tests/db/op_key.c tests/db/op_fixture.h tests/unit/tap.h
tests_db_op_key_LDADD = $(LAYERS) $(LIBS_ALL)
tests_db_op_key_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=key_new
tests_db_op_key_use_SOURCES = tests/db/op_key_use.c tests/db/op_fixture.h tests/unit/tap.h
tests_db_op_key_use_LDADD = $(LAYERS) $(LIBS_ALL)

# Quota leases, usage rows and counters.
check_PROGRAMS += tests/db/quota tests/db/usage
tests_db_quota_SOURCES = tests/db/quota.c tests/db/op_fixture.h tests/unit/tap.h
tests_db_quota_LDADD = $(LAYERS) $(LIBS_ALL)
tests_db_usage_SOURCES = tests/db/usage.c tests/db/op_fixture.h tests/unit/tap.h
tests_db_usage_LDADD = $(LAYERS) $(LIBS_ALL)

check_PROGRAMS += tests/db/op_cache tests/db/op_limit
tests_db_op_cache_SOURCES = tests/db/op_cache.c tests/db/room_op.h tests/db/op_fixture.h tests/unit/tap.h
tests_db_op_cache_LDADD = $(LAYERS) $(LIBS_ALL)
tests_db_op_cache_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_monotonic
tests_db_op_limit_SOURCES = tests/db/op_limit.c tests/db/room_op.h tests/db/op_fixture.h tests/unit/tap.h
tests_db_op_limit_LDADD = $(LAYERS) $(LIBS_ALL)
tests_db_op_limit_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_monotonic
