libmaster_a_SOURCES = include/master/master.h include/master/master_private.h \
	src/master/master.c src/master/generation.c src/master/stop.c src/master/spawn.c \
	src/master/listen.c src/master/watch.c src/master/notify.c
libmaster_a_CPPFLAGS = $(AM_CPPFLAGS)
if HAVE_SYSTEMD
libmaster_a_CPPFLAGS += $(SYSTEMD_CFLAGS)
endif
