libshm_a_SOURCES = include/shm/cache.h include/shm/generation.h include/shm/known.h include/shm/limit.h include/shm/limit_private.h \
	include/shm/repeat.h include/shm/ring.h include/shm/room.h include/shm/room_file.h include/shm/room_private.h \
	include/shm/scoreboard.h include/shm/stat.h \
	src/shm/cache.c src/shm/generation.c src/shm/known.c src/shm/limit.c src/shm/limit_due.c src/shm/limit_table.c src/shm/repeat.c src/shm/ring.c src/shm/room.c \
	src/shm/room_file.c src/shm/room_open.c src/shm/scoreboard.c src/shm/stat.c
libshm_a_CPPFLAGS = $(AM_CPPFLAGS)
