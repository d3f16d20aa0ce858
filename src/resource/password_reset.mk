# Forgotten passwords: the files of each layer.
libmodel_a_SOURCES += include/model/password_reset.h src/model/password_reset.c
libstore_a_SOURCES += include/store/password_reset.h src/store/password_reset.c
libop_a_SOURCES += include/op/password_reset.h src/op/password_reset.c
libresource_a_SOURCES += src/resource/password_reset.c
SQL_FILES += sql/common/password_reset.sql
