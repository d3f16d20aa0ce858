# The site and its snippets. bootstrap and the tests fill the .in files themselves.
pierrerundir = /run/pierre

nginxsitedir = $(nginxconfdir)/sites-available
nginxsnippetsdir = $(nginxconfdir)/snippets
nginx_edited = sites-available/pierre.conf sites-available/pierre-protect.conf \
	snippets/pierre-cors.conf
nodist_nginxsnippets_DATA = nginx/pierre-http.conf
dist_nginxsnippets_DATA = nginx/pierre-auth.conf nginx/pierre-auth-http.conf \
	nginx/pierre-auth-locations.conf nginx/pierre-auth-uwsgi.conf \
	nginx/pierre-auth-scgi.conf nginx/pierre-auth-grpc.conf \
	nginx/pierre-headers.conf nginx/pierre-locations.conf nginx/pierre-params.conf \
	nginx/pierre-plain.conf nginx/pierre-proxy.conf nginx/pierre-proxy-ask.conf \
	nginx/pierre-proxy-pass.conf nginx/pierre-tls.conf
EXTRA_DIST += nginx/pierre-cors.conf nginx/pierre-protect.conf nginx/pierre.conf.in \
	nginx/pierre-http.conf.in nginx/dev.conf.in
CLEANFILES += nginx/pierre.conf nginx/pierre-http.conf

# [x] keeps configure from filling these in here
PIERRE_FILL = sed -e 's|[@]sbindir[@]|$(sbindir)|g' -e 's|[@]sysconfdir[@]|$(sysconfdir)|g' \
	-e 's|[@]FAST_SOCKET[@]|$(pierrerundir)/fast.sock|g' \
	-e 's|[@]SLOW_SOCKET[@]|$(pierrerundir)/slow.sock|g' \
	-e 's|[@]pierrerundir[@]|$(pierrerundir)|g' -e 's|[@]LOGIN_RATE[@]|5r/s|g'

nginx/pierre.conf: nginx/pierre.conf.in Makefile
	$(AM_V_GEN)$(MKDIR_P) nginx && $(PIERRE_FILL) $(srcdir)/nginx/pierre.conf.in >$@
nginx/pierre-http.conf: nginx/pierre-http.conf.in Makefile
	$(AM_V_GEN)$(MKDIR_P) nginx && $(PIERRE_FILL) $(srcdir)/nginx/pierre-http.conf.in >$@

# Files that are edited where they are installed: what is there stays, also in an
# upgrade, and only what was never edited is uninstalled.
all-local: nginx/pierre.conf
install-edited: nginx/pierre.conf
	$(INSTALL) -d -m 755 "$(DESTDIR)$(nginxsitedir)" "$(DESTDIR)$(nginxsnippetsdir)"
	@for name in $(nginx_edited); do \
	to="$(DESTDIR)$(nginxconfdir)/$$name"; f=nginx/$${name##*/}; test -f $$f || f=$(srcdir)/$$f; \
	if ! test -e "$$to"; then echo "install $$to"; $(INSTALL_DATA) $$f "$$to" || exit 1; \
	elif ! cmp -s $$f "$$to"; then echo "kept $$to, which differs from $$f"; fi; done
uninstall-edited:
	for name in $(nginx_edited); do \
	to="$(DESTDIR)$(nginxconfdir)/$$name"; f=nginx/$${name##*/}; test -f $$f || f=$(srcdir)/$$f; \
	if cmp -s $$f "$$to"; then rm -f "$$to"; fi; done
.PHONY: install-edited uninstall-edited
