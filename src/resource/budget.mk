# Budgets of applications at providers: the files of each layer.
libmodel_a_SOURCES += include/model/budget.h src/model/budget.c
libstore_a_SOURCES += include/store/budget.h src/store/budget.c
libop_a_SOURCES += include/op/budget.h src/op/budget.c
SQL_FILES += sql/common/budget.sql sql/pgsql/budget.sql sql/sqlite/budget.sql sql/pgsql/0017_budgets.sql sql/sqlite/0017_budgets.sql \
	sql/sqlite/quota/0003_budgets.sql
SQL_SCHEMA += sql/schema/0017_budgets.sql
