libshm_a_SOURCES = include/shm/cache.h include/shm/calls.h include/shm/epoch.h include/shm/known.h include/shm/limit.h include/shm/limit_private.h \
	include/shm/repeat.h include/shm/ring.h include/shm/segment.h include/shm/segment_file.h include/shm/segment_private.h \
	include/shm/scoreboard.h include/shm/stat.h \
	src/shm/cache.c src/shm/calls.c src/shm/epoch.c src/shm/known.c src/shm/limit.c src/shm/limit_due.c src/shm/limit_table.c src/shm/repeat.c src/shm/ring.c src/shm/segment.c \
	src/shm/segment_file.c src/shm/segment_open.c src/shm/scoreboard.c src/shm/stat.c
libshm_a_CPPFLAGS = $(AM_CPPFLAGS)
