# The links of the audit trail, and reading it: the files of each layer.
libmodel_a_SOURCES += include/model/audit_chain.h src/model/audit_chain.c
libstore_a_SOURCES += include/store/audit_chain.h include/store/audit_read.h \
	src/store/audit_chain.c src/store/audit_read.c
libworker_a_SOURCES += src/worker/linker.c
libop_a_SOURCES += include/op/audit_hash.h include/op/audit_link.h include/op/audit_read.h \
	include/op/audit_verify.h \
	src/op/audit_hash.c src/op/audit_link.c src/op/audit_read.c src/op/audit_verify.c
libresource_a_SOURCES += src/resource/audit.c
libcmd_a_SOURCES += src/cmd/audit.c
SQL_FILES += sql/common/audit_chain.sql sql/pgsql/0009_audit_chain.sql sql/pgsql/audit_chain.sql \
	sql/sqlite/0009_audit_chain.sql sql/sqlite/audit_chain.sql \
	sql/pgsql/0018_audit_pending_chain.sql sql/sqlite/0018_audit_pending_chain.sql
SQL_SCHEMA += sql/schema/0009_audit_chain.sql sql/schema/0018_audit_pending_chain.sql
