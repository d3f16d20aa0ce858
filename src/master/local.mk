libmaster_a_SOURCES = 
libmaster_a_CPPFLAGS = $(AM_CPPFLAGS)
