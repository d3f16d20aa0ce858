# The site and its snippets. bootstrap and the tests fill the .in files themselves.
pierrerundir = /run/pierre

nginxsitedir = $(nginxconfdir)/sites-available
nginxsnippetsdir = $(nginxconfdir)/snippets
nodist_nginxsite_DATA = nginx/pierre.conf
dist_nginxsite_DATA = nginx/pierre-protect.conf
nodist_nginxsnippets_DATA = nginx/pierre-http.conf
dist_nginxsnippets_DATA = nginx/pierre-auth.conf nginx/pierre-auth-http.conf \
	nginx/pierre-auth-locations.conf \
	nginx/pierre-headers.conf nginx/pierre-locations.conf nginx/pierre-params.conf \
	nginx/pierre-tls.conf
EXTRA_DIST += nginx/pierre.conf.in nginx/pierre-http.conf.in nginx/dev.conf.in
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
