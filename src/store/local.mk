libstore_a_SOURCES = 
libstore_a_CPPFLAGS = $(AM_CPPFLAGS)
libstore_a_SOURCES += include/store/ready.h src/store/ready.c
