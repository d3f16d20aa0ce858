liboutbound_a_SOURCES = include/outbound/outbound.h include/outbound/outbound_private.h \
	src/outbound/outbound.c src/outbound/transfer.c
liboutbound_a_CPPFLAGS = $(AM_CPPFLAGS) $(CURL_CFLAGS)
