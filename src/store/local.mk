libstore_a_SOURCES = 
libstore_a_CPPFLAGS = $(AM_CPPFLAGS)
