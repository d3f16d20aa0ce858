
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

check_PROGRAMS += tests/unit/fcgi
tests_unit_fcgi_SOURCES = tests/unit/fcgi.c tests/unit/tap.h
tests_unit_fcgi_LDADD = $(LAYERS) $(LIBS_ALL)
