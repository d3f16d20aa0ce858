libbase_a_SOURCES = 
libbase_a_CPPFLAGS = $(AM_CPPFLAGS)
