# Units, system user, an example configuration; one that is there is kept.
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
examplesdir = $(docdir)/examples
pierreconfdir = $(sysconfdir)/pierre

UNITS = systemd/pierre.service systemd/pierre-fast.socket systemd/pierre-slow.socket
nodist_systemdsystemunit_DATA = $(UNITS)
dist_sysusers_DATA = systemd/sysusers.d/pierre.conf
nodist_tmpfiles_DATA = systemd/tmpfiles.d/pierre.conf
dist_examples_DATA = systemd/offline.conf systemd/pierre.conf
EXTRA_DIST += systemd/pierre.service.in systemd/pierre-fast.socket.in \
	systemd/pierre-slow.socket.in systemd/tmpfiles.d/pierre.conf.in
CLEANFILES += $(UNITS) systemd/tmpfiles.d/pierre.conf

systemd/pierre.service: systemd/pierre.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && $(PIERRE_FILL) $(srcdir)/systemd/pierre.service.in >$@
systemd/pierre-fast.socket: systemd/pierre-fast.socket.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && $(PIERRE_FILL) $(srcdir)/systemd/pierre-fast.socket.in >$@
systemd/pierre-slow.socket: systemd/pierre-slow.socket.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && $(PIERRE_FILL) $(srcdir)/systemd/pierre-slow.socket.in >$@
systemd/tmpfiles.d/pierre.conf: systemd/tmpfiles.d/pierre.conf.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd/tmpfiles.d && \
	$(PIERRE_FILL) $(srcdir)/systemd/tmpfiles.d/pierre.conf.in >$@

# The man page comes from the program's own tables.
PIERRE_RUN = ./pierre$(EXEEXT)
nodist_man1_MANS = pierre.1
CLEANFILES += pierre.1
pierre.1: pierre$(EXEEXT)
	$(AM_V_GEN)$(PIERRE_RUN) help --man >$@.tmp && mv $@.tmp $@

install-data-local: install-edited
	$(INSTALL) -d -m 755 "$(DESTDIR)$(pierreconfdir)"
	test -e "$(DESTDIR)$(pierreconfdir)/pierre.conf" || \
	$(INSTALL) -m 640 $(srcdir)/systemd/pierre.conf "$(DESTDIR)$(pierreconfdir)/pierre.conf"

uninstall-local: uninstall-edited
	if cmp -s $(srcdir)/systemd/pierre.conf "$(DESTDIR)$(pierreconfdir)/pierre.conf"; then \
	rm -f "$(DESTDIR)$(pierreconfdir)/pierre.conf"; fi
