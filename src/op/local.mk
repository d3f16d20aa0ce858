libop_a_SOURCES = \
	include/op/account.h include/op/audit.h include/op/cache.h include/op/change.h include/op/claim.h include/op/clock.h include/op/clock_rule.h \
	include/op/credential.h include/op/throttle.h include/op/hashing.h include/op/instance.h \
	include/op/limit.h include/op/limit_lease.h include/op/mutant.h \
	include/op/op.h include/op/owner.h include/op/page.h include/op/provision.h \
	include/op/ready.h include/op/role.h include/op/scope.h include/op/sweep.h include/op/tier.h \
	include/op/usage.h include/op/user.h \
	src/op/account.c src/op/admin.c src/op/approve.c src/op/audit.c src/op/cache.c src/op/change.c src/op/claim.c \
	src/op/clock.c src/op/clock_rule.c src/op/credential.c src/op/credential_list.c \
	src/op/throttle.c src/op/hashing.c src/op/instance.c src/op/limit.c \
	src/op/limit_lease.c src/op/limit_rule.c src/op/login.c src/op/owner.c \
	src/op/page.c src/op/password.c src/op/provision.c src/op/ready.c src/op/role.c src/op/scope.c src/op/sweep.c src/op/tier.c \
	src/op/usage.c src/op/usage_report.c src/op/user.c src/op/user_update.c
libop_a_CPPFLAGS = $(AM_CPPFLAGS)
