
check_PROGRAMS += tests/unit/base tests/unit/conf
tests_unit_base_SOURCES = tests/unit/base.c tests/unit/tap.h
tests_unit_base_LDADD = $(LAYERS) $(LIBS_ALL)
tests_unit_conf_SOURCES = tests/unit/conf.c tests/unit/tap.h
tests_unit_conf_LDADD = $(LAYERS) $(LIBS_ALL)

check_PROGRAMS += tests/unit/auth tests/unit/password tests/unit/token
tests_unit_auth_SOURCES = tests/unit/auth.c tests/unit/tap.h
tests_unit_auth_LDADD = $(LAYERS) $(LIBS_ALL)
tests_unit_password_SOURCES = tests/unit/password.c tests/unit/tap.h
tests_unit_password_LDADD = $(LAYERS) $(LIBS_ALL)
tests_unit_token_SOURCES = tests/unit/token.c tests/unit/tap.h
tests_unit_token_LDADD = $(LAYERS) $(LIBS_ALL)

check_PROGRAMS += tests/unit/json
tests_unit_json_SOURCES = tests/unit/json.c tests/unit/tap.h
tests_unit_json_LDADD = $(LAYERS) $(LIBS_ALL)

check_PROGRAMS += tests/unit/pools
tests_unit_pools_SOURCES = tests/unit/pools.c tests/unit/tap.h
tests_unit_pools_LDADD = $(LAYERS) $(LIBS_ALL)

check_PROGRAMS += tests/unit/window tests/unit/room tests/unit/limit \
	tests/unit/limit_table tests/unit/ring tests/unit/stat
tests_unit_window_SOURCES = tests/unit/window.c tests/unit/tap.h
tests_unit_window_LDADD = $(LAYERS) $(LIBS_ALL)
tests_unit_room_SOURCES = tests/unit/room.c tests/unit/room_fixture.h tests/unit/tap.h
tests_unit_room_LDADD = $(LAYERS) $(LIBS_ALL)
tests_unit_limit_SOURCES = tests/unit/limit.c tests/unit/room_fixture.h tests/unit/tap.h
tests_unit_limit_LDADD = $(LAYERS) $(LIBS_ALL)
tests_unit_limit_table_SOURCES = tests/unit/limit_table.c tests/unit/room_fixture.h tests/unit/tap.h
tests_unit_limit_table_LDADD = $(LAYERS) $(LIBS_ALL)
tests_unit_ring_SOURCES = tests/unit/ring.c tests/unit/room_fixture.h tests/unit/tap.h
tests_unit_ring_LDADD = $(LAYERS) $(LIBS_ALL)
tests_unit_stat_SOURCES = tests/unit/stat.c tests/unit/room_fixture.h tests/unit/tap.h
tests_unit_stat_LDADD = $(LAYERS) $(LIBS_ALL)

check_PROGRAMS += tests/unit/limit_rule
tests_unit_limit_rule_SOURCES = tests/unit/limit_rule.c tests/unit/tap.h
tests_unit_limit_rule_LDADD = $(LAYERS) $(LIBS_ALL)

check_PROGRAMS += tests/unit/guard tests/unit/subrequest
tests_unit_guard_SOURCES = tests/unit/guard.c tests/unit/tap.h
tests_unit_guard_LDADD = $(LAYERS) $(LIBS_ALL)
tests_unit_subrequest_SOURCES = tests/unit/subrequest.c tests/unit/tap.h
tests_unit_subrequest_LDADD = $(LAYERS) $(LIBS_ALL)
