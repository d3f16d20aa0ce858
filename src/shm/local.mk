libshm_a_SOURCES = include/shm/scoreboard.h src/shm/scoreboard.c
libshm_a_CPPFLAGS = $(AM_CPPFLAGS)
