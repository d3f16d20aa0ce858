libbase_a_SOURCES = include/base/arena.h include/base/cidr.h include/base/clock.h include/base/conf.h \
	include/base/conf_private.h include/base/err.h include/base/field.h include/base/heap.h \
	include/base/json_slice.h include/base/network.h \
	include/base/log.h include/base/mask.h include/base/origin.h include/base/str.h \
	include/base/strings.h include/base/text.h include/base/window.h \
	src/base/arena.c src/base/cidr.c src/base/clock.c src/base/clock_sync.c src/base/conf.c \
	src/base/conf_file.c src/base/conf_table.c src/base/conf_value.c src/base/encode.c src/base/err.c \
	src/base/field.c src/base/heap.c src/base/json_slice.c src/base/json_text.c src/base/log.c src/base/mask.c \
	src/base/network.c src/base/origin.c src/base/str.c \
	src/base/strings.c src/base/text.c src/base/uuid.c src/base/window.c
libbase_a_CPPFLAGS = $(AM_CPPFLAGS)
