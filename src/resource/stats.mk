# Numbers for administrators: the files of each layer.
libmodel_a_SOURCES += include/model/stats.h src/model/stats.c
libstore_a_SOURCES += include/store/stats.h src/store/stats.c
libop_a_SOURCES += include/op/stats.h src/op/stats.c
libresource_a_SOURCES += src/resource/stats.c
libcmd_a_SOURCES += src/cmd/stats.c
SQL_FILES += sql/common/stats.sql
