libstore_a_SOURCES = \
	include/store/audit.h include/store/change.h include/store/constraint.h include/store/email.h include/store/instance.h \
	include/store/key.h include/store/known_time.h include/store/login_failure.h include/store/owner.h \
	include/store/quota.h include/store/scope.h include/store/session.h include/store/store.h \
	include/store/tenant.h include/store/usage.h include/store/usage_private.h \
	include/store/user.h \
	src/store/audit.c src/store/change.c src/store/constraint.c src/store/email.c src/store/email_migrate.c src/store/instance.c src/store/key.c \
	src/store/known_time.c src/store/login_failure.c src/store/owner.c src/store/quota.c src/store/session.c \
	src/store/store.c src/store/tenant.c src/store/usage.c src/store/usage_body.c \
	src/store/usage_count.c src/store/usage_month.c src/store/usage_record.c \
	src/store/usage_report.c src/store/user.c src/store/user_status.c
nodist_libstore_a_SOURCES = include/store/sql.h src/store/sql.c
libstore_a_CPPFLAGS = $(AM_CPPFLAGS) $(IDN2_CFLAGS)
