libhttp_a_SOURCES = include/http/cors.h include/http/fcgi.h include/http/fcgi_peek.h \
	include/http/fcgi_wipe.h include/http/field_text.h \
	include/http/json.h include/http/json_canon.h \
	include/http/openapi_private.h include/http/params.h include/http/percent.h \
	include/http/problem.h \
	include/http/request.h include/http/response.h include/http/rfc3339.h \
	include/http/route.h \
	src/http/cors.c src/http/fcgi.c src/http/fcgi_peek.c src/http/fcgi_wipe.c src/http/field_text.c \
	src/http/json_canon.c src/http/json_check.c src/http/json_number.c src/http/json_read.c src/http/json_write.c \
	src/http/openapi.c src/http/openapi_answer.c src/http/openapi_schema.c src/http/params.c src/http/percent.c \
	src/http/problem.c \
	src/http/query.c src/http/request.c src/http/response.c src/http/rfc3339.c \
	src/http/route.c
libhttp_a_CPPFLAGS = $(AM_CPPFLAGS) $(JSONC_CFLAGS)
