libcmd_a_SOURCES = 
libcmd_a_CPPFLAGS = $(AM_CPPFLAGS)
