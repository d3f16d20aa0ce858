#!/usr/bin/perl
# Requests that nginx sends on to a provider with the token of who calls
# (nginx/pierre-proxy.conf, src/op/proxy.c): what goes there and what comes back, what the
# provider's refusals do, and that nobody sees a token. The provider is
# tests/support/Provider.pm.
use strict;
use warnings;
use File::Copy qw(copy);
use FindBin;
use lib "$FindBin::Bin/../support";
use IO::Socket::SSL ();
use JSON::PP ();
use Test::More;
use Ledger ();
use Pierre;
use Pierre::Check;
use Pierre::Inherited;
use Process qw(await);
use Provider;
use Resolver;

my $fake = Provider->start;
my $dns = Resolver->start;
my $json = JSON::PP->new->canonical->utf8;
my $CANARY = qr/[ar]t-\d+-\d+-[ar]{20}/;   # a token of the fake

sub row {
	my ($id, %o) = @_;
	return { id => $id, title => ucfirst $id, authorize_url => $fake->url('/authorize'),
		token_url => $fake->url('/token'), api_url => $fake->url('/api'), client_auth => 'body',
		scope_separator => ' ', pkce => 'none', scopes => ['read'], scopes_granted => 'reply', refresh => 'rotates',
		replay => 'lethal', access_ttl => 3600, keepalive => 'no', rate_headers => 'quarter_day', %o };
}

# Lines of a block around, none of which may reach a request to a provider.
sub around {
	my ($p) = @_;
	return join '', map { s/\@DIR\@/$p->{dir}/r . "\n" } Pierre::Inherited::lines(@Pierre::Inherited::PASS);
}

sub start {
	my ($backend, %o) = @_;
	my $p;
	$p = Pierre->start(backend => $backend, serve => 0, nginx => 0, edit => {
		'pierre-proxy-pass.conf' => sub { s/proxy_read_timeout 30s/proxy_read_timeout 2s/ },
		'pierre-http.conf' => sub { $_ .= around($p) },
	}, %o);
	copy($fake->ca, "$p->{dir}/ca.pem") or die "copy: $!";
	my $closed = Pierre::free_port();
	Pierre::rewrite("$p->{dir}/providers.json", $json->encode({ providers => [ row('acme'), row('other'),
		row('budget', budgets => ['2/hour'], auth_calls => 'free'), row('closed', api_url => "https://localhost:$closed/api"),
		row('false', api_url => "https://127.0.0.1:$fake->{port}/api"),
		row('nowhere', api_url => undef), row('ends', authorize_url => $fake->url('/api/authorize'),
			revoke_url => $fake->url('/api/user/{user}'), revoke_method => 'DELETE', revoke_auth => 'bearer'), row('fixed', refresh => 'none'),
		row('shared', budgets => ['4/31536000s'], auth_calls => 'free') ] }));
	@{ $p->{env} }{qw(OUTBOUND_ALLOW OUTBOUND_CA_FILE PROVIDERS_FILE)} =
		('127.0.0.0/8 ::1', "$p->{dir}/ca.pem", "$p->{dir}/providers.json");
	$p->locate_providers($dns->address);
	$p->{nginx} = 1;
	$p->start_nginx;
	$p->serve;
	return $p;
}

# A user with tokens of that provider: {api_key, access, refresh} too. With an application of his
# own, unless own_app is 0.
sub user_at {
	my ($p, $provider, %o) = @_;
	my $user = $p->approved_user;
	my $own = delete $o{own_app} // 1;
	$p->expect(200, $p->put("/api/users/oauth-apps/$provider", { client_id => "client-$user->{email}", client_secret => 's' },
		token => $user->{token})) if $own;
	@$user{qw(refresh access)} = bring($p, $user, $provider);
	my $key = $p->new_key($user, scopes => ['tokens:use'], %o);
	@$user{qw(api_key key_id)} = ($key->{api_key}, $key->{key_info}{id});
	return $user;
}
sub bring {
	my ($p, $user, $provider) = @_;
	my ($refresh, $access) = $fake->token;
	$p->expect(200, $p->put("/api/oauth/tokens/$provider", { access_token => $access, refresh_token => $refresh,
		expires_at => '2031-01-01T00:00:00Z' }, token => $user->{token}));
	return ($refresh, $access);
}

sub bring_access {
	my ($p, $user) = @_;
	my (undef, $access) = $fake->token;
	$p->expect(200, $p->put('/api/oauth/tokens/acme', { access_token => $access, expires_at => '2031-01-01T00:00:00Z' }, token => $user->{token}));
	return $access;
}

sub ask {
	my ($p, $user, $path, %o) = @_;
	return $p->request($o{method} // 'GET', "/proxy/$path", $o{body},
		headers => { 'X-API-Key' => $o{key} // $user->{api_key}, %{ $o{headers} // {} } });
}
# The answer to a GET of a new user whose token has to be refreshed: $ends->($user) sees to that.
# On a busy machine a refresh may take longer than a request waits, 8 s: then with another one.
sub refreshed_first {
	my ($p, $path, $ends) = @_;
	my ($user, $r);
	for (1 .. 3) {
		$user = user_at($p, $path =~ m{^(\w+)});
		$ends->($user);
		forget();
		$r = ask($p, $user, $path);
		last if $r->{status} != 503;
	}
	return ($user, $r);
}
# The token as it is now; and as if it had been refreshed long ago.
sub access { my ($p, $user, $provider) = @_; return $p->expect(200, $p->get("/api/oauth/tokens/$provider", token => $user->{token}))->{json}{access_token} }
sub age { my ($p, $user, $to) = @_; $p->sql("UPDATE provider_connections SET refreshed_at = '" . ($to // '2020-01-01T00:00:00.000Z') . "' WHERE user_id = '$user->{user_id}'") }
# Status, once no refresh is waited for.
sub renewed {
	my ($p, $user) = @_;
	my $r;
	for (1 .. 3) { $r = ask($p, $user, 'acme/athlete'); last if $r->{status} != 503 }
	return $r->{status};
}
sub dies { return sub { $fake->kill_access($_[0]{access}) } }
# What the provider was asked since the last forget(), but for tokens.
my $seen = 0;
sub forget { $seen = () = $fake->asked }
sub asked { my @all = $fake->asked; splice @all, 0, $seen; return grep { $_->{path} =~ m{^/api} } @all }
sub refreshed { my ($refresh) = @_; return scalar grep { ($_->{form}{refresh_token} // '') eq $refresh } $fake->asked('/token') }

# --- there and back ------------------------------------------------------------------------

sub forwarded {
	my ($p) = @_;
	my @hidden = qw(X-Pierre-User-Id X-Pierre-Key-Id X-Pierre-Status X-Pierre-Problem X-Pierre-Mark X-Pierre-Token X-Pierre-Scopes
		Set-Login Speculation-Rules Use-As-Dictionary CDN-Cache-Control Surrogate-Control Timing-Allow-Origin Pragma
		Sec-Session-Registration Cross-Origin-Opener-Policy Accept-CH);
	my $user = user_at($p, 'acme');
	$fake->set(headers => [ 'Set-Cookie: evil=1; Path=/', 'Content-Security-Policy: script-src *', 'X-Accel-Redirect: /health',
		'Access-Control-Allow-Origin: *', map({ "$_: theirs" } @hidden), 'Alt-Svc: h2="evil.example:443"', 'Cache-Control: public, max-age=999',
		'X-RateLimit-Limit: 200,2000', 'X-RateLimit-Usage: 1,2', 'ETag: "of-theirs"', 'Link: </api/x>; rel=next' ]);
	forget();
	my $r = ask($p, $user, 'acme/athlete?page=2&x=a%2Fb', headers => { Cookie => 'a=b', 'X-Pierre-User-Id' => 'forged',
		'X-Forwarded-For' => '192.0.2.1', Referer => 'https://localhost/secret', Accept => 'text/x', 'User-Agent' => 'watch',
		'If-None-Match' => '"of-mine"', Origin => 'https://app.example' });
	is($r->{status}, 200, 'a request goes to the provider') or diag($r->{text});
	ok($r->{json}{ok}, 'and its answer comes back');
	my ($sent) = asked();
	is("$sent->{method} $sent->{path}?$sent->{query}", 'GET /api/athlete?page=2&x=a%2Fb', 'to its API, with the query');
	my $h = $sent->{headers};
	is($h->{host}, "localhost:$fake->{port}", 'to its host');
	is($h->{authorization}, "Bearer $user->{access}", 'with the token in place of the key');
	is(join(' ', grep { !/^(?:host|authorization|accept|user-agent|if-none-match|connection)$/ } sort keys %$h), '',
		'and no header that was not listed');
	is("$h->{accept} $h->{'user-agent'} $h->{'if-none-match'}", 'text/x watch "of-mine"', 'which those are');
	is($r->{headers}{$_}, undef, "the client gets no $_") for qw(set-cookie alt-svc access-control-allow-origin x-pierre-token x-pierre-mark), map { lc } @hidden;
	is($r->{headers}{etag}, '"of-theirs"', 'but an ETag');
	like($r->{headers}{'content-security-policy'}, qr/^(?!.*script-src \*).*\bsandbox$/, 'what is sent stays in a sandbox');
	is($r->{headers}{'x-content-type-options'}, 'nosniff', 'and is what it says');
	is($r->{headers}{'cache-control'}, 'no-store', 'no cache keeps it');
	is($r->{headers}{'x-ratelimit-usage'}, '1,2', 'the limits of the provider are told');
	unlike($r->{headers}{'x-ratelimit-limit'}, qr/200/, 'beside those of the key');
	my $left = $r->{headers}{'x-ratelimit-remaining'};
	$fake->set(page => '<p><!--#echo var="pierre_token" --></p>');
	is(ask($p, $user, 'acme/athlete')->{body}, '<p><!--#echo var="pierre_token" --></p>', 'no answer is read as a program (SSI)');
	$left--;
	$fake->set;
	$r = ask($p, $user, 'acme/activities', method => 'POST', body => '{"name":"Run"}',
		headers => { 'Content-Encoding' => 'gzip', 'Idempotency-Key' => 'once' });
	is($r->{headers}{'x-ratelimit-remaining'}, $left - 1, 'each request is charged');
	is((asked())[-1]{body}, '{"name":"Run"}', 'a body goes along');
	is(join(' ', @{ (asked())[-1]{headers} }{qw(content-encoding idempotency-key)}), 'gzip once', 'with how it is packed, and that it counts once');
	status_is(ask($p, $user, 'acme/athlete', method => $_), 200, $_) for qw(HEAD PUT DELETE);
	my @rows;
	await('usage rows', sub { (@rows = Ledger::routes($p, $user->{key_id})) >= 6 }, $p);
	is(join(' ', @rows), join(' ', ('proxy.acme') x 6), 'each is a usage row');
	$r = $p->get('/proxy/acme/athlete', token => $user->{token});
	is($r->{status}, 200, 'a session may too');
}

sub sizes {
	my ($p) = @_;
	my $user = user_at($p, 'acme');
	$fake->set(bytes => 3_000_000);
	my $r = ask($p, $user, 'acme/blob');
	is(length $r->{body}, 3_000_000, 'an answer of 3 MB');
	forget();
	status_is(ask($p, $user, 'acme/upload', method => 'POST', body => 'x' x 3_000_000, headers => { 'Content-Type' => 'application/octet-stream' }),
		200, 'a body of 3 MB');
	is((asked())[0]{length}, 3_000_000, 'came whole');
	forget();
	my $head = "POST /proxy/acme/upload HTTP/1.1\r\nHost: localhost\r\nX-API-Key: $user->{api_key}\r\nConnection: close\r\n";
	$r = $p->raw($head . "Content-Length: 20000000\r\n\r\n");
	problem_is($r, 413, {}, 'one of 20 MB is refused');
	$r = $p->raw($head . "Transfer-Encoding: chunked\r\n\r\n186a0\r\n" . 'x' x 100_000 . "\r\n0\r\n\r\n");
	is("$r->{status} " . join(' ', map { $_->{length} } asked()), '200 100000', 'one in chunks');
	$fake->set;
}

# --- who may --------------------------------------------------------------------------------

sub refusals {
	my ($p) = @_;
	my ($user, $bob) = (user_at($p, 'acme'), user_at($p, 'other'));
	forget();
	problem_is($p->get('/proxy/acme/athlete'), 401, {}, 'no key');
	is(scalar asked(), 0, 'nothing goes to the provider, also within `satisfy any`');
	my $reader = $p->new_key($user, scopes => [ 'tokens:read', 'read' ])->{api_key};
	problem_is(ask($p, $user, 'acme/athlete', key => $reader), 403, { reason => 'scope' }, 'a key without tokens:use');
	problem_is($p->get('/api/oauth/tokens/acme', headers => { 'X-API-Key' => $user->{api_key} }), 403, { reason => 'scope' },
		'which does not show the token');
	problem_is(ask($p, $bob, 'acme/athlete'), 404, {}, 'the connection of another user');
	my $team = $p->expect(201, $p->post('/api/tenants', { name => 'Team' }, token => $user->{token}))->{json};
	my $there = $p->expect(200, $p->post('/api/tenants/switch', { tenant_id => $team->{tenant_id} }, token => $p->login($user)->{token}))->{json};
	problem_is($p->get('/proxy/acme/athlete', token => $there->{access_token}), 404, {}, 'that of another tenant');
	problem_is(ask($p, $user, 'nobody/x'), 404, {}, 'no such provider');
	problem_is(ask($p, $user, 'nowhere/x'), 404, {}, 'one without an API');
	problem_is(ask($p, $user, 'fitbit/x'), 404, {}, 'one that has ended');
	problem_is($p->get("$_/acme", headers => { 'X-API-Key' => $user->{api_key} }), 404, {}, "what is inside: $_")
		for '/.pierre/token', '/.pierre/proxy';
	problem_is($p->get('/.pierre/proxy/acme', headers => { 'X-API-Key' => $user->{api_key}, 'PIERRE_INTERNAL' => 'ask',
		'Pierre-Internal' => 'ask' }), 404, {}, 'whatever headers say');
	my $admin = $p->setup_admin->{token};
	is(scalar asked(), 0, 'the provider was not asked');
	$p->expect(200, $p->patch("/api/keys/$user->{key_id}", { scopes => ['tokens:use'] }, token => $user->{token}));
	$p->expect(200, $p->post('/admin/update-key-limits', { api_key_id => $user->{key_id}, rate_limit_requests => 2,
		rate_limit_period => 'month' }, token => $admin));
	is(join(' ', map { ask($p, $user, 'acme/athlete')->{status} } 1 .. 3), '200 200 429', 'a key has its limit');
	my $r = ask($p, $user, 'acme/athlete');
	problem_is($r, 429, {}, 'over it');
	ok($r->{headers}{'retry-after'}, 'with Retry-After');
	$r = ask($p, $user, 'other/athlete');
	problem_is($r, 429, {}, 'it learns nothing of a provider');
	is(scalar asked(), 2, 'and the provider is not asked');
}

# A key is charged for what goes to the provider.
sub charged {
	my ($p) = @_;
	my $user = user_at($p, 'acme');
	my $n = ask($p, $user, 'acme/athlete')->{headers}{'x-ratelimit-remaining'};
	my $left = sub {
		my ($r, $status, $reason, $what, $sent) = @_;
		problem_is($r, $status, $reason ? { reason => $reason } : {}, $what);
		is($r->{headers}{'x-ratelimit-remaining'}, $n - ($sent // 0), '  says what is left');
	};
	$left->(ask($p, $user, 'other/athlete'), 404, undef, 'not connected') for 1 .. 2;
	$fake->set(api => 429, headers => ['Retry-After: 600']);
	$left->(ask($p, $user, 'acme/athlete'), 429, 'provider_limited', 'the provider refuses one', 1);
	$fake->set;
	$left->(ask($p, $user, 'acme/athlete'), 429, 'provider_shut', 'shut', 1) for 1 .. 2;
	my @rows;
	await('usage rows', sub { (@rows = Ledger::routes($p, $user->{key_id})) >= 2 }, $p);
	is(join(' ', @rows), 'proxy.acme proxy.acme', 'two rows for two requests that went there');
}

# The path that comes there begins with that of the API.
sub paths {
	my ($p) = @_;
	my $user = user_at($p, 'acme');
	my $raw = sub {
		my ($target, $host) = @_;
		forget();
		my $r = $p->raw("GET $target HTTP/1.1\r\nHost: " . ($host // 'localhost') . "\r\nX-API-Key: $user->{api_key}\r\nConnection: close\r\n\r\n");
		my ($a) = asked();
		return "$r->{status} " . ($a ? $a->{path} : '-');
	};
	my %path = ('/proxy/acme/a/../b' => '200 /api/b', '/proxy/acme/a%20b%3Fc%25d' => '200 /api/a%20b%3Fc%25d',
		'/proxy/acme/../../token' => '404 -', '/proxy/../../token' => '400 -', '/proxy/acme/../token' => '404 -', '/proxy/acme/%2e%2e/%2e%2e/token' => '404 -',
		'/proxy/acme/a%2F..%2F..%2Ftoken' => '404 -', '/proxy/acme/a%2fb' => '404 -', '/proxy/acme/a%5Cb' => '404 -', '/proxy/acme/a%0d%0aX:%20y' => '404 -',
		(map { ("/proxy/acme/$_" => '404 -') } 'a\\b', 'a\\..\\..\\token', '..;/token', 'a/..%3B/token', 'a%3bb', 'a;x', '%7f'), '/proxy/acme/a?b;c%5C%2f' => '200 /api/a',
		'/proxy/acme/%252e%252e/x' => '200 /api/%252e%252e/x', '/proxy/acme//a' => '200 /api/a', '/proxy/acme/@evil.example/' => '200 /api/@evil.example/',
		'/proxy/acme@evil.example/a' => '404 -', '/proxy/acme:443/a' => '404 -', '/proxy/acme' => '404 -', '/proxy/ACME/a' => '404 -', '/proxy/https://evil.example/' => '404 -',
		'/proxy/acme/' => '200 /api/', 'https://evil.example/proxy/acme/a' => '200 /api/a', '/proxy/acme/a#b' => '200 /api/a',
		'/proxy/acme/https://evil.example/a' => '200 /api/https:/evil.example/a');
	is($raw->($_), $path{$_}, $_) for sort keys %path;
	is($raw->('/proxy/acme/a', 'evil.example'), '200 /api/a', 'another Host');
	is((asked())[0]{headers}{host}, "localhost:$fake->{port}", 'does not reach the provider');
	my $ends = user_at($p, 'ends');
	my $of = sub {
		my ($method, $path) = @_;
		forget();
		return join ' ', ask($p, $ends, "ends/$path", method => $method)->{status}, map { $_->{path} } asked();
	};
	is($of->(GET => 'user/17'), '200 /api/user/17', 'a path below the API');
	is($of->(@$_), '404', "@$_: it ends the grant, or is of OAuth") for [ DELETE => 'user/17' ], [ DELETE => 'USER/17/' ], [ POST => '%75ser//17' ],
		[ GET => 'authorize' ], [ POST => 'x/../authorize' ];
	my $false = user_at($p, 'false');
	forget();
	problem_is(ask($p, $false, 'false/a'), 502, {}, 'a host whose certificate has another name');
	is(scalar asked(), 0, 'gets no request');
}

# --- the provider refuses ----------------------------------------------------------------------

sub unauthorized {
	my ($p) = @_;
	my ($user, $r) = refreshed_first($p, 'acme/athlete?x=1', dies());
	is($r->{status}, 200, '401: the token is refreshed, and a GET sent again') or diag($r->{text});
	is(join(' ', map { "$_->{method} $_->{path}?$_->{query}" } asked()), 'GET /api/athlete?x=1 GET /api/athlete?x=1', 'once');
	isnt((asked())[1]{headers}{authorization}, "Bearer $user->{access}", 'with the new token');
	is(refreshed($user->{refresh}), 1, 'one refresh');
	$r = ask($p, $user, 'acme/athlete');
	is($r->{headers}{'x-ratelimit-limit'} - $r->{headers}{'x-ratelimit-remaining'}, 2, 'it is one request to the key, the next the second');

	$user = user_at($p, 'acme');
	$fake->kill_access($user->{access});
	forget();
	$r = ask($p, $user, 'acme/activities', method => 'POST', body => '{"a":1}');
	problem_is($r, 503, { reason => 'refresh_pending' }, 'a POST is not sent again');
	is($r->{headers}{'retry-after'}, 2, 'it says when');
	is(scalar asked(), 1, 'it went there once');
	await('the refresh', sub { refreshed($user->{refresh}) == 1 }, $p);
	await('the new token', sub { ask($p, $user, 'acme/activities', method => 'POST', body => '{"a":1}')->{status} == 200 }, $p);
	is(refreshed($user->{refresh}), 1, 'and its token is refreshed');

	(my $again, $user->{access}) = bring($p, $user, 'acme');
	$fake->kill_access($user->{access});
	is(renewed($p, $user), 200, 'tokens that were brought just now are refreshed');
	is(refreshed($again), 1, 'once');
	$user->{access} = bring_access($p, $user);
	$fake->kill_access($user->{access});
	is(renewed($p, $user), 200, 'an access token alone that was brought just now, too');
	age($p, $user, '2100-01-01T00:00:00.000Z');
	$fake->kill_access(access($p, $user, 'acme'));
	is(renewed($p, $user), 200, 'and tokens of a refresh under a clock that was ahead');

	$fake->set(api => 401);
	forget();
	$r = ask($p, $user, 'acme/athlete');
	problem_is($r, 403, { reason => 'provider_refuses' }, 'a new token is refused: it is not the token');
	is(scalar asked(), 1, 'so nothing is sent again');
	problem_is(ask($p, $user, 'acme/athlete', method => 'PUT', body => '{}'), 403, { reason => 'provider_refuses' }, 'nor of a PUT');
	($user, $r) = refreshed_first($p, 'acme/athlete', sub { });
	problem_is($r, 403, { reason => 'provider_refuses' }, 'an old one, and then a new one');
	is(scalar asked(), 2, 'by two requests');
	is(refreshed($user->{refresh}), 1, 'and one refresh');
	$user = user_at($p, 'fixed');
	problem_is(ask($p, $user, 'fixed/athlete'), 403, { reason => 'provider_refuses' }, 'one that cannot be refreshed');
	$fake->set;

	$user = user_at($p, 'acme');
	$fake->kill_access($user->{access});
	$fake->set(status => 503);
	problem_is($r = ask($p, $user, 'acme/athlete'), 503, { reason => 'refresh_pending' }, 'a refresh that fails');
	ok($r->{headers}{'retry-after'} >= 2, 'says when it is tried again');
	$fake->set(api => 403);
	$user = user_at($p, 'acme');
	is(ask($p, $user, 'acme/athlete')->{json}{error}, 'made_up', 'another refusal is passed on');
	$fake->set;
}

# Its token is replaced while the provider thinks about a request with the one before.
sub replaced {
	my ($p) = @_;
	my ($user) = refreshed_first($p, 'acme/athlete', dies());
	$fake->kill_access(access($p, $user, 'acme'));
	$fake->set(stall => 1, after => '/api/slow');
	forget();
	my $n = () = $fake->asked('/token');
	open my $out, '-|', 'curl', '-s', '--cacert', $p->{ca}, '-H', "X-API-Key: $user->{api_key}", '-o', '/dev/null', '-w', '%{http_code}',
		"https://localhost:$p->{port}/proxy/acme/slow" or die "curl: $!";
	await('the request', sub { asked() > 0 }, $p);
	bring_access($p, $user);
	is(do { local $/; <$out> }, 200, 'a token that was brought meanwhile goes with the repeat');
	is(scalar(() = $fake->asked('/token')), $n, 'and none is refreshed');
	$fake->set;
}

sub limited {
	my ($p) = @_;
	my $user = user_at($p, 'acme');
	$fake->set(api => 429, headers => ['Retry-After: 77']);
	forget();
	my $r = ask($p, $user, 'acme/athlete');
	problem_is($r, 429, { reason => 'provider_limited' }, '429 comes to the client');
	is($r->{headers}{'retry-after'}, 77, 'with the time that the provider says');
	$fake->set;
	$r = ask($p, $user, 'acme/athlete');
	problem_is($r, 429, { reason => 'provider_shut' }, 'the next one is refused');
	like($r->{headers}{'retry-after'}, qr/^7[567]$/, 'until then');
	problem_is(ask($p, $user, 'acme/athlete', method => 'POST', body => '{}'), 429, { reason => 'provider_shut' }, 'also a POST');
	is(scalar asked(), 1, 'and the provider is not asked');
	status_is($p->get('/api/oauth/tokens/acme', token => $user->{token}), 200, 'its owner still gets the token');

	$user = user_at($p, 'acme');
	$fake->set(api => 429, headers => [ 'X-RateLimit-Limit: 200,2000', 'X-RateLimit-Usage: 201,300' ]);
	$r = ask($p, $user, 'acme/activities', method => 'POST', body => '{}');
	problem_is($r, 429, { reason => 'provider_limited' }, 'also of a POST');
	cmp_ok($r->{headers}{'retry-after'}, '<=', 900, 'by its own headers: the end of the quarter');
	is((900 - time % 900 - $r->{headers}{'retry-after'}) =~ /^-?[01]$/ ? 1 : 0, 1, 'to the second');
	$fake->set;

	$fake->set(api => 429);
	($user, $r) = refreshed_first($p, 'acme/athlete', dies());
	problem_is($r, 429, { reason => 'provider_limited' }, '401, and then 429');
	is($r->{headers}{'retry-after'}, 60, 'a minute when nothing says it');
	$fake->set;

	($user, $r) = refreshed_first($p, 'budget/athlete', dies());
	is(join(' ', $r->{status}, map { ask($p, $user, 'budget/athlete')->{status} } 1 .. 2), '200 200 429', 'a budget of two');
	problem_is(ask($p, $user, 'budget/athlete'), 429, { reason => 'provider_budget' }, 'is used up');
	is(scalar asked(), 3, 'without asking the provider');
	($user) = refreshed_first($p, 'budget/athlete', dies());
	age($p, $user);
	$fake->kill_access(access($p, $user, 'budget'));
	forget();
	problem_is(ask($p, $user, 'budget/athlete'), 429, { reason => 'provider_budget' }, 'a repeat is charged to the budget too');
	is(scalar asked(), 1, 'so it was not sent');
}

# With the server's application, which both may use, and tokens that nothing shows to be of it.
sub brought {
	my ($p) = @_;
	Pierre::rewrite("$p->{dir}/state/secret", "of-the-server\n");
	$p->give("$p->{dir}/state/secret");
	my $made = $p->cli(qw(provider app set shared --client-id server --value-file secret --redirect-uri),
		'https://localhost/api/oauth/callback/shared');
	is($made->{status}, 0, "the server's application") or diag($made->{err});
	my ($mallory, $bob) = map { user_at($p, 'shared', own_app => 0) } 1, 2;
	is(join(' ', map { ask($p, $mallory, 'shared/x')->{status} } 1 .. 5), '200 200 200 200 200', 'tokens that were brought take nothing from its budget of 4');
	$fake->set(api => 429, headers => ['Retry-After: 86400']);
	problem_is(ask($p, $mallory, 'shared/x'), 429, { reason => 'provider_limited' }, 'the provider refuses them');
	$fake->set;
	problem_is(ask($p, $mallory, 'shared/x'), 429, { reason => 'provider_shut' }, 'who brought them waits');
	is(ask($p, $bob, 'shared/x')->{status}, 200, 'and nobody else: not another tenant');
	$p->sql("UPDATE provider_connections SET expires_at = '2000-01-01T00:00:00.000Z' WHERE user_id = '$bob->{user_id}'");
	my $r;
	await('a refresh, as before', sub { ($r = ask($p, $bob, 'shared/x'))->{status} == 200 }, $p);
	$fake->set(api => 429, headers => ['Retry-After: 86400']);
	problem_is(ask($p, $bob, 'shared/x'), 429, { reason => 'provider_limited' }, 'those that were refreshed are of the application');
	$fake->set;
	await('the line of the log', sub { $p->log =~ /provider_shut .*provider=shared application=[0-9a-f-]{36} until=\S+Z why="[^"]+" after=proxy/ }, $p);
	problem_is(ask($p, $bob, 'shared/x'), 429, { reason => 'provider_shut' }, 'it is shut');
	$r = $p->cli(qw(provider app reopen shared));
	is($r->{status}, 0, 'an operator opens it again') or diag($r->{err});
	is(ask($p, $bob, 'shared/x')->{status}, 200, 'and its requests go on');
	is($p->cli(qw(provider app reopen), $_)->{status}, 1, "not $_") for 'nowhere', '00000000-0000-4000-8000-000000000000';
}

sub failures {
	my ($p) = @_;
	my $user = user_at($p, 'closed');
	problem_is(ask($p, $user, 'closed/athlete'), 502, {}, 'a provider that is down');
	$user = user_at($p, 'acme');
	$fake->set(cut => 'before');
	forget();
	problem_is(ask($p, $user, 'acme/athlete'), 502, {}, 'one that hangs up');
	is(scalar asked(), 1, 'is not asked again at its other address');
	forget();
	problem_is(ask($p, $user, 'acme/athlete', method => 'POST', body => '{}'), 502, {}, 'also on a POST');
	is(scalar asked(), 1, 'which is not sent again');
	$fake->set(stall => 3);
	problem_is(ask($p, $user, 'acme/athlete'), 504, {}, 'one that is silent');
	$fake->set(api => 500);
	is(ask($p, $user, 'acme/athlete')->{status}, 500, 'one that fails');
	$fake->set;
	$p->put('/api/oauth/tokens/acme', { access_token => $_ }, token => $user->{token}),
		problem_is(ask($p, $user, 'acme/athlete'), 409, { reason => 'unsendable' }, 'a token that no header can hold') for "t\x{f6}", '';
	$p->put('/api/oauth/tokens/acme', { access_token => 'x' x 8192 }, token => $user->{token});
	forget();
	ask($p, $user, 'acme/athlete');
	is(length((asked())[0]{headers}{authorization}), 8192 + 7, 'the longest token there may be');
}

# A request that has come to the provider; its socket.
sub on_its_way {
	my ($p, $user, $line) = @_;
	forget();
	my $s = IO::Socket::SSL->new(PeerAddr => '127.0.0.1', PeerPort => $p->{port}, SSL_hostname => 'localhost', SSL_ca_file => $p->{ca})
		or die "connect: $!";
	print $s "$line HTTP/1.1\r\nHost: localhost\r\nX-API-Key: $user->{api_key}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
	await('the request there', sub { asked() }, $p);
	return $s;
}

# A client that leaves before the provider answers: over HTTP/1.1, since nginx ends the
# request of a stream of HTTP/2 that is reset, whatever proxy_ignore_client_abort says.
sub leaves {
	my ($p) = @_;
	my $user = user_at($p, 'acme');
	$fake->set(api => 429, headers => ['Retry-After: 3000'], stall => 0.5, after => '/api/slow');
	my $s = on_its_way($p, $user, 'GET /proxy/acme/slow');
	$s->close;
	await('the end of it', sub { $p->access_log =~ m{/proxy/acme/slow } }, $p);
	$fake->set;
	problem_is(ask($p, $user, 'acme/athlete'), 429, { reason => 'provider_shut' }, 'a 429 counts when the client has left');
}

# Pierre stops while the provider thinks.
sub away {
	my ($p) = @_;
	my $user = user_at($p, 'acme');
	for my $status (401, 429) {
		$fake->set(api => $status, hold => "$p->{dir}/hold");
		Pierre::rewrite("$p->{dir}/hold", '');
		my $s = on_its_way($p, $user, 'POST /proxy/acme/x');
		$p->stop_serve;
		unlink "$p->{dir}/hold";
		my $text = do { local $/; readline $s };
		like($text, qr{^HTTP/1\.1 502 .*\ncontent-type: application/problem\+json}is, "the provider says $status, and Pierre is away: a problem");
		$fake->set;
		$p->serve;
	}
}

# The row of a provider changes, and nobody prints for nginx.
sub moved {
	my ($p) = @_;
	my ($file, $user) = ("$p->{dir}/providers.json", user_at($p, 'acme'));
	my $before = Pierre::slurp($file);
	for my $to ('https://api.example', $fake->url('/api/v2'), undef) {
		my $rows = $json->decode($before);
		$rows->{providers}[0]{api_url} = $to;
		Pierre::rewrite($file, $json->encode($rows));
		$p->stop_serve;
		$p->serve;
		forget();
		problem_is(ask($p, $user, 'acme/athlete'), 503, { reason => 'nginx_outdated' }, 'the row says ' . ($to // 'nowhere') . ': no token is lent');
		is(scalar asked(), 0, 'and the place before is not asked');
		status_is(ask($p, $user, 'other/athlete'), 404, 'other providers are as before');
	}
	Pierre::rewrite($file, $before);
	$p->stop_serve;
	$p->serve;
	status_is(ask($p, $user, 'acme/athlete'), 200, 'it is as it was');
}

# Expired, and the refresh takes longer than nginx waits for other questions.
sub waits {
	my ($p) = @_;
	$fake->set(stall => 6, after => '/token');
	my ($user, $r) = refreshed_first($p, 'acme/athlete', sub {
		$p->sql("UPDATE provider_connections SET expires_at = '2000-01-01T00:00:00.000Z' WHERE user_id = '$_[0]{user_id}'");
	});
	is($r->{status}, 200, 'a request waits for a refresh of 6 s') or diag($r->{text});
	is(scalar asked(), 1, 'then it is sent');
	is($r->{headers}{'x-ratelimit-limit'} - $r->{headers}{'x-ratelimit-remaining'}, 1, 'and charged once');
	$fake->set;
}

# --- who sees a token -----------------------------------------------------------------------------

my @replies;
sub secrets {
	my ($p, $level) = @_;
	is(scalar grep({ $_->{text} =~ $CANARY } @replies), 0, scalar(@replies) . ' replies: none holds a token');
	unlike($p->log . $p->access_log, $CANARY, 'no log of Pierre, nor the access log');
	my $hits = () = $p->nginx_log =~ /$CANARY/g;
	$level eq 'debug' ? cmp_ok($hits, '>', 0, 'at error_log debug nginx writes tokens') : is($hits, 0, "at error_log $level nginx writes none");
}

# At debug, which the checker must name.
sub debug_log {
	my ($p) = @_;
	my $user = user_at($p, 'acme');
	status_is(ask($p, $user, 'acme/athlete'), 200, 'a request at error_log debug');
	secrets($p, 'debug');
}

sub at_level {
	my ($level, $backend) = @_;
	return start($backend, judge => sub { push @replies, $_[1] if $_[0] =~ m{^\w+ \S*/proxy/}; Pierre::judge(@_) },
		nginx_level => $level);
}

for my $backend (Pierre::backends()) {
	subtest $backend => sub {
		my $p = at_level('info', $backend);
		subtest $_->[0] => sub { $_->[1]->($p) } for [ 'there and back' => \&forwarded ], [ sizes => \&sizes ], [ refusals => \&refusals ],
			[ paths => \&paths ], [ charged => \&charged ], [ 'it answers 401' => \&unauthorized ], [ 'replaced meanwhile' => \&replaced ], [ 'it answers 429' => \&limited ], [ 'brought tokens' => \&brought ], [ failures => \&failures ], [ waits => \&waits ], [ 'a client that leaves' => \&leaves ], [ 'Pierre is away' => \&away ],
			[ 'a row that moved' => \&moved ],
			[ secrets => sub { secrets($p, 'info') } ];
		$p->stop;
		$p = at_level('debug', $backend);
		subtest 'error_log debug' => sub { debug_log($p) };
		$p->stop;
	};
}
$dns->stop;
$fake->stop;
done_testing;
