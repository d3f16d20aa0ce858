# Admin tokens: the files of each layer.
libmodel_a_SOURCES += include/model/admin_token.h include/model/permission.h include/model/token_use.h \
	src/model/admin_token.c src/model/permission.c src/model/token_use.c
libstore_a_SOURCES += include/store/admin_token.h include/store/token_use.h \
	src/store/admin_token.c src/store/token_use.c
libop_a_SOURCES += include/op/admin_token.h include/op/token_use.h src/op/admin_token.c \
	src/op/credential_admin_token.c src/op/token_use.c
libresource_a_SOURCES += src/resource/admin_token.c
SQL_FILES += sql/common/admin_token.sql sql/pgsql/0011_admin_tokens.sql \
	sql/sqlite/0011_admin_tokens.sql
SQL_SCHEMA += sql/schema/0011_admin_tokens.sql
