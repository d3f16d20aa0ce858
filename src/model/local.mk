libmodel_a_SOURCES = \
	include/model/audit.h include/model/audit_kinds.h include/model/check.h include/model/claim.h include/model/instance.h include/model/known_time.h \
	include/model/login_failure.h include/model/page.h include/model/provider.h include/model/role.h include/model/scope.h \
	include/model/usage.h include/model/user.h include/model/version.h \
	src/model/audit.c src/model/check.c src/model/claim.c src/model/instance.c src/model/known_time.c \
	src/model/login_failure.c src/model/page.c src/model/provider.c src/model/role.c src/model/usage.c \
	src/model/user.c src/model/version.c
libmodel_a_CPPFLAGS = $(AM_CPPFLAGS)
