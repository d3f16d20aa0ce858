# API keys: the files of each layer.
libmodel_a_SOURCES += include/model/key.h src/model/key.c src/model/key_list.c
libstore_a_SOURCES += include/store/key.h src/store/key.c src/store/key_import.c
libop_a_SOURCES += include/op/key.h include/op/key_grant.h include/op/key_create.h \
	src/op/credential_key.c src/op/key.c src/op/key_create.c src/op/key_grant.c \
	src/op/key_import.c src/op/key_list.c src/op/key_rotate.c
libresource_a_SOURCES += src/resource/key.c src/resource/key_admin.c
libcmd_a_SOURCES += include/cmd/key_import.h src/cmd/key.c src/cmd/key_import.c
SQL_FILES += sql/common/key.sql sql/pgsql/0012_key_lists.sql sql/sqlite/0012_key_lists.sql
SQL_SCHEMA += sql/schema/0012_key_lists.sql
