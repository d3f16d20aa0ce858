# The token vault: the files of each layer.
libmodel_a_SOURCES += include/model/data_key.h include/model/sealed.h include/model/system_secret.h \
	src/model/data_key.c src/model/sealed.c src/model/system_secret.c
libstore_a_SOURCES += include/store/data_key.h include/store/master_key.h include/store/sealed.h \
	include/store/system_secret.h src/store/data_key.c src/store/master_key.c src/store/sealed.c \
	src/store/system_secret.c
libop_a_SOURCES += include/op/data_key.h include/op/sealed_walk.h include/op/system_secret.h \
	include/op/vault.h include/op/vault_key.h src/op/data_key.c src/op/data_key_master.c src/op/sealed_walk.c \
	src/op/system_secret.c src/op/vault.c src/op/vault_key.c
libcmd_a_SOURCES += include/cmd/vault.h src/cmd/keys.c src/cmd/system_secret.c src/cmd/vault.c
SQL_FILES += sql/common/data_key.sql sql/common/system_secret.sql sql/pgsql/0014_vault.sql \
	sql/sqlite/0014_vault.sql
SQL_SCHEMA += sql/schema/0014_vault.sql
