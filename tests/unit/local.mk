
check_PROGRAMS += tests/unit/base tests/unit/conf
tests_unit_base_SOURCES = tests/unit/base.c tests/unit/tap.h
tests_unit_base_LDADD = $(LAYERS) $(LIBS_ALL)
tests_unit_conf_SOURCES = tests/unit/conf.c tests/unit/tap.h
tests_unit_conf_LDADD = $(LAYERS) $(LIBS_ALL)
