# Applications at providers, connections, attempts to connect, notifications: the files of
# each layer.
libmodel_a_SOURCES += include/model/connect.h include/model/connection.h \
	include/model/connection_audit.h include/model/notification.h include/model/provider_app.h \
	src/model/connect.c src/model/connection.c src/model/notification.c src/model/provider_app.c
libstore_a_SOURCES += include/store/connect.h include/store/connection.h \
	include/store/connection_call.h include/store/notification.h include/store/provider_app.h \
	src/store/connect.c src/store/connection.c src/store/connection_call.c src/store/notification.c src/store/provider_app.c
libop_a_SOURCES += include/op/caller.h include/op/connect.h include/op/connect_call.h \
	include/op/connect_seal.h include/op/connection.h include/op/notification.h \
	include/op/provider_app.h src/op/caller.c src/op/connect.c src/op/connect_call.c \
	src/op/connect_identify.c src/op/connect_revoke.c src/op/connect_seal.c src/op/connection.c \
	src/op/notification.c src/op/provider_app.c
libresource_a_SOURCES += include/resource/html.h include/resource/provider.h src/resource/connect.c \
	src/resource/connection.c src/resource/html.c src/resource/provider_app.c
libcmd_a_SOURCES += src/cmd/provider_app.c
SQL_FILES += sql/common/connect.sql sql/common/connection.sql sql/common/notification.sql \
	sql/common/provider_app.sql sql/pgsql/0015_connections.sql sql/pgsql/0019_connection_user_index.sql sql/pgsql/connection.sql \
	sql/sqlite/0015_connections.sql sql/sqlite/0019_connection_user_index.sql sql/sqlite/connection.sql
SQL_SCHEMA += sql/schema/0015_connections.sql sql/schema/0019_connection_user_index.sql
