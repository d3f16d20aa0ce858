# Sessions: the files of each layer.
libmodel_a_SOURCES += include/model/session.h src/model/session.c
libstore_a_SOURCES += include/store/session.h src/store/session.c
libop_a_SOURCES += include/op/session.h include/op/session_pair.h src/op/credential_session.c src/op/session.c
libresource_a_SOURCES += src/resource/session.c
SQL_FILES += sql/common/session.sql
