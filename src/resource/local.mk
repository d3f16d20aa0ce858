libresource_a_SOURCES = \
	include/resource/call.h include/resource/claim.h include/resource/consume.h include/resource/guard.h \
	include/resource/limit.h include/resource/list.h \
	include/resource/routes.h include/resource/subrequest.h include/resource/version.h \
	src/resource/admin.c src/resource/auth.c src/resource/call.c src/resource/claim.c src/resource/consume.c \
	src/resource/guard.c \
	src/resource/health.c src/resource/limit.c src/resource/list.c \
	src/resource/provision.c src/resource/routes.c \
	src/resource/subrequest.c src/resource/usage.c src/resource/user.c \
	src/resource/verify.c src/resource/version.c
libresource_a_CPPFLAGS = $(AM_CPPFLAGS)
