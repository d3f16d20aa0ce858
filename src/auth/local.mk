libauth_a_SOURCES = include/auth/auth.h include/auth/master.h include/auth/password.h \
	include/auth/password_common.h include/auth/seal.h include/auth/subkey.h include/auth/token.h \
	src/auth/auth.c src/auth/gcm.c src/auth/master.c src/auth/password.c src/auth/password_common.c src/auth/seal.c \
	src/auth/subkey.c src/auth/token.c
libauth_a_CPPFLAGS = $(AM_CPPFLAGS) $(GCRYPT_CFLAGS) $(CRYPT_CFLAGS)
