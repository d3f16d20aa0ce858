libprovider_a_SOURCES = include/provider/builtin.h include/provider/providers.h include/provider/reply.h \
	include/provider/request.h src/provider/limited.c src/provider/providers.c src/provider/reply.c \
	src/provider/request.c
nodist_libprovider_a_SOURCES = src/provider/builtin.c
libprovider_a_CPPFLAGS = $(AM_CPPFLAGS)

# The rows are in the program; this copy is for people who write a PROVIDERS_FILE.
dist_pkgdata_DATA = src/provider/providers.json
EXTRA_DIST += src/provider/builtin.awk
BUILT_SOURCES += src/provider/builtin.c
CLEANFILES += src/provider/builtin.c
src/provider/builtin.c: src/provider/builtin.awk src/provider/providers.json
	$(AM_V_GEN)$(MKDIR_P) src/provider && \
	$(AWK) -f $(srcdir)/src/provider/builtin.awk $(srcdir)/src/provider/providers.json > $@.tmp && \
	mv $@.tmp $@
