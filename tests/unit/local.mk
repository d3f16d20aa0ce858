check_PROGRAMS += \
	tests/unit/auth tests/unit/base tests/unit/cache tests/unit/caller tests/unit/calls tests/unit/cidr tests/unit/clock_rule tests/unit/clock_sync \
	tests/unit/command tests/unit/command_rows tests/unit/conf tests/unit/credential \
	tests/unit/cors tests/unit/crash tests/unit/email tests/unit/fast tests/unit/fcgi \
	tests/unit/fcgi_bad tests/unit/fcgi_layout tests/unit/fcgi_wiped tests/unit/field tests/unit/fuzz tests/unit/fcgi_peek tests/unit/held tests/unit/json tests/unit/json_canon tests/unit/json_slice \
	tests/unit/limit tests/unit/limit_headers tests/unit/limit_rule \
	tests/unit/limit_table tests/unit/mask tests/unit/network \
	tests/unit/openapi tests/unit/outbound tests/unit/password tests/unit/pools tests/unit/problem tests/unit/provider_reply \
	tests/unit/provider_request tests/unit/providers tests/unit/refresh_rule tests/unit/request \
	tests/unit/response tests/unit/ring tests/unit/segment tests/unit/route tests/unit/row \
	tests/unit/scoreboard tests/unit/seal tests/unit/spool tests/unit/stat tests/unit/strings tests/unit/subrequest tests/unit/token tests/unit/window
tests_unit_fcgi_layout_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=FCGX_Accept_r -Wl,--wrap=FCGX_Free
EXTRA_DIST += tests/unit/email.table tests/unit/crypt_seen.h tests/unit/db_args.h tests/unit/descriptors.h tests/unit/fcgi_client.h \
	tests/unit/header.h tests/unit/segment_fixture.h tests/unit/tap.h

tests_unit_limit_table_SOURCES = tests/unit/limit_table.c $(WORST)
tests_unit_limit_table_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)

if HAVE_PGSQL
check_PROGRAMS += tests/unit/pgsql_map
tests_unit_pgsql_map_CPPFLAGS = $(AM_CPPFLAGS) $(PGSQL_CFLAGS)
endif

tests_unit_clock_sync_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=adjtimex -Wl,--wrap=stat
