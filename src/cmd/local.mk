libcmd_a_SOURCES = \
	include/cmd/args.h include/cmd/cmd.h include/cmd/config_check.h include/cmd/context.h include/cmd/fail.h \
	include/cmd/help.h include/cmd/man_notes.h \
	include/cmd/nginx_check.h include/cmd/nginx_conf.h include/cmd/nginx_cors.h \
	include/cmd/nginx_protected.h include/cmd/nginx_rules.h include/cmd/nginx_snippet.h \
	include/cmd/options.h \
	include/cmd/print.h include/cmd/process.h include/cmd/secret.h include/cmd/tables.h \
	include/cmd/unit.h \
	src/cmd/about.c src/cmd/admin.c src/cmd/args.c src/cmd/clock.c src/cmd/cmd.c src/cmd/config.c src/cmd/config_outbound.c \
	src/cmd/context.c src/cmd/db.c src/cmd/fail.c src/cmd/help.c src/cmd/man.c src/cmd/man_notes.c \
	src/cmd/nginx.c src/cmd/nginx_check.c src/cmd/nginx_conf.c src/cmd/nginx_cors.c \
	src/cmd/nginx_protected.c src/cmd/nginx_rules.c src/cmd/nginx_snippet.c src/cmd/nginx_told.c src/cmd/options.c \
	src/cmd/print.c src/cmd/process.c src/cmd/provider.c src/cmd/secret.c src/cmd/serve.c src/cmd/tables.c src/cmd/unit.c src/cmd/user.c
libcmd_a_CPPFLAGS = $(AM_CPPFLAGS)
