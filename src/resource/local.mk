libresource_a_SOURCES = 
libresource_a_CPPFLAGS = $(AM_CPPFLAGS)
