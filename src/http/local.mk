libhttp_a_SOURCES = 
libhttp_a_CPPFLAGS = $(AM_CPPFLAGS)
