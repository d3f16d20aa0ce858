# Refreshes of connections: the files of each layer.
libstore_a_SOURCES += include/store/refresh.h src/store/refresh.c
libop_a_SOURCES += include/op/refresh.h include/op/refresh_ask.h include/op/refresh_late.h include/op/refresh_rule.h include/op/spool.h include/op/spool_count.h \
	src/op/refresh.c src/op/refresh_ask.c src/op/refresh_late.c src/op/refresh_rule.c src/op/spool.c src/op/spool_count.c
libcmd_a_SOURCES += include/cmd/spool_check.h src/cmd/spool.c src/cmd/spool_check.c
SQL_FILES += sql/common/refresh.sql sql/pgsql/0016_refresh.sql sql/pgsql/refresh.sql \
	sql/sqlite/0016_refresh.sql sql/sqlite/refresh.sql
SQL_SCHEMA += sql/schema/0016_refresh.sql
