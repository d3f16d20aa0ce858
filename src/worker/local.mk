libworker_a_SOURCES = 
libworker_a_CPPFLAGS = $(AM_CPPFLAGS)
