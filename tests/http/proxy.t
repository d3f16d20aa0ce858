#!/usr/bin/perl
# Requests that nginx sends on to a provider with the token of who calls
# (nginx/pierre-proxy.conf, src/op/proxy.c): what goes there and what comes back, and that
# nobody sees a token. The provider is tests/support/Provider.pm; what its refusals do is in
# proxy_refused.t.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Ledger ();
use Pierre;
use Pierre::Check;
use Process qw(await);
use Proxied;

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

# At debug, which the checker must name.
sub debug_log {
	my ($p) = @_;
	my $user = user_at($p, 'acme');
	status_is(ask($p, $user, 'acme/athlete'), 200, 'a request at error_log debug');
	secrets($p, 'debug');
}

for my $backend (Pierre::backends()) {
	subtest $backend => sub {
		my $p = at_level('info', $backend);
		subtest $_->[0] => sub { $_->[1]->($p) } for [ 'there and back' => \&forwarded ], [ sizes => \&sizes ], [ refusals => \&refusals ],
			[ charged => \&charged ], [ paths => \&paths ], [ waits => \&waits ], [ secrets => sub { secrets($p, 'info') } ];
		$p->stop;
		$p = at_level('debug', $backend);
		subtest 'error_log debug' => sub { debug_log($p) };
		$p->stop;
	};
}
$dns->stop;
$fake->stop;
done_testing;
