libop_a_SOURCES = 
libop_a_CPPFLAGS = $(AM_CPPFLAGS)
