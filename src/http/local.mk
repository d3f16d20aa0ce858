libhttp_a_SOURCES = include/http/json.h include/http/rfc3339.h \
	src/http/json_check.c src/http/json_read.c src/http/json_write.c src/http/rfc3339.c
libhttp_a_CPPFLAGS = $(AM_CPPFLAGS) $(JSONC_CFLAGS)
