libresource_a_SOURCES = \
	include/resource/call.h include/resource/guard.h include/resource/message.h \
	include/resource/query.h include/resource/routes.h include/resource/subrequest.h \
	src/resource/call.c src/resource/guard.c src/resource/query.c \
	src/resource/routes.c src/resource/health.c src/resource/verify.c \
	src/resource/auth.c src/resource/session.c src/resource/key.c \
	src/resource/admin.c src/resource/subrequest.c
libresource_a_SOURCES += include/resource/limit.h src/resource/limit.c \
	src/resource/provision.c src/resource/usage.c
libresource_a_CPPFLAGS = $(AM_CPPFLAGS)
