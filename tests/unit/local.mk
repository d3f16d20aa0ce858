
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

check_PROGRAMS += tests/unit/fcgi tests/unit/fcgi_bad
tests_unit_fcgi_SOURCES = tests/unit/fcgi.c tests/unit/fcgi_client.h tests/unit/tap.h
tests_unit_fcgi_LDADD = $(LAYERS) $(LIBS_ALL)
tests_unit_fcgi_bad_SOURCES = tests/unit/fcgi_bad.c tests/unit/fcgi_client.h tests/unit/tap.h
tests_unit_fcgi_bad_LDADD = $(LAYERS) $(LIBS_ALL)

check_PROGRAMS += tests/unit/request
tests_unit_request_SOURCES = tests/unit/request.c tests/unit/tap.h
tests_unit_request_LDADD = $(LAYERS) $(LIBS_ALL)

check_PROGRAMS += tests/unit/response
tests_unit_response_SOURCES = tests/unit/response.c tests/unit/tap.h
tests_unit_response_LDADD = $(LAYERS) $(LIBS_ALL)

check_PROGRAMS += tests/unit/problem
tests_unit_problem_SOURCES = tests/unit/problem.c tests/unit/tap.h
tests_unit_problem_LDADD = $(LAYERS) $(LIBS_ALL)

check_PROGRAMS += tests/unit/route
tests_unit_route_SOURCES = tests/unit/route.c tests/unit/tap.h
tests_unit_route_LDADD = $(LAYERS) $(LIBS_ALL)

check_PROGRAMS += tests/unit/openapi
tests_unit_openapi_SOURCES = tests/unit/openapi.c tests/unit/tap.h
tests_unit_openapi_LDADD = $(LAYERS) $(LIBS_ALL)
