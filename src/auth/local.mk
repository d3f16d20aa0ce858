libauth_a_SOURCES = 
libauth_a_CPPFLAGS = $(AM_CPPFLAGS)
