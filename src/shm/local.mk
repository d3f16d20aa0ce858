libshm_a_SOURCES = 
libshm_a_CPPFLAGS = $(AM_CPPFLAGS)
