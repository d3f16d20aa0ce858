libop_a_SOURCES = 
libop_a_CPPFLAGS = $(AM_CPPFLAGS)
libop_a_SOURCES += include/op/ready.h src/op/ready.c
libop_a_SOURCES += include/op/guess.h include/op/owner.h \
	src/op/guess.c src/op/owner.c src/op/tier.c
