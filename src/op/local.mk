libop_a_SOURCES = 
libop_a_CPPFLAGS = $(AM_CPPFLAGS)
libop_a_SOURCES += include/op/ready.h src/op/ready.c
