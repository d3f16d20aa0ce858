libop_a_SOURCES = include/op/audit.h include/op/cursor.h include/op/hashing.h \
	include/op/instance.h include/op/op.h include/op/user.h \
	src/op/audit.c src/op/cursor.c src/op/hashing.c src/op/instance.c
libop_a_CPPFLAGS = $(AM_CPPFLAGS)
libop_a_SOURCES += include/op/ready.h src/op/ready.c
libop_a_SOURCES += include/op/guess.h include/op/owner.h \
	src/op/guess.c src/op/owner.c src/op/tier.c
