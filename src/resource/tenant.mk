# Tenants, members, invitations: the files of each layer.
libmodel_a_SOURCES += include/model/member.h include/model/tenant.h include/model/tenant_role.h \
	src/model/member.c src/model/tenant.c src/model/tenant_role.c
libstore_a_SOURCES += include/store/member.h include/store/tenant.h include/store/tenant_private.h \
	src/store/member.c src/store/tenant.c src/store/tenant_remove.c
libop_a_SOURCES += include/op/member.h include/op/tenant.h include/op/tenant_judge.h \
	include/op/tenant_prepare.h src/op/invitation.c src/op/member.c src/op/session_switch.c \
	src/op/tenant.c src/op/tenant_end.c src/op/tenant_judge.c src/op/tenant_prepare.c
libresource_a_SOURCES += src/resource/member.c src/resource/tenant.c src/resource/tenant_admin.c
libcmd_a_SOURCES += src/cmd/tenant.c
SQL_FILES += sql/common/member.sql sql/common/tenant.sql sql/pgsql/0010_tenants.sql \
	sql/pgsql/tenant.sql sql/sqlite/0010_tenants.sql sql/sqlite/quota/0002_week.sql \
	sql/sqlite/tenant.sql
SQL_SCHEMA += sql/schema/0010_tenants.sql
