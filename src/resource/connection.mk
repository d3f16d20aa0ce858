# Applications at providers, connections, attempts to connect, notifications: the files of
# each layer.
libmodel_a_SOURCES += include/model/connect.h include/model/connection.h \
	include/model/connection_audit.h include/model/notification.h include/model/provider_app.h \
	src/model/connect.c src/model/connection.c src/model/notification.c src/model/provider_app.c
libstore_a_SOURCES += include/store/connect.h include/store/connection.h \
	include/store/notification.h include/store/provider_app.h src/store/connect.c \
	src/store/connection.c src/store/notification.c src/store/provider_app.c
SQL_FILES += sql/common/connect.sql sql/common/connection.sql sql/common/notification.sql \
	sql/common/provider_app.sql sql/pgsql/0012_connections.sql sql/pgsql/connection.sql \
	sql/sqlite/0012_connections.sql sql/sqlite/connection.sql
SQL_SCHEMA += sql/schema/0012_connections.sql
