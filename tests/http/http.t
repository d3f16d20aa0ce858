#!/usr/bin/perl
# HTTP as clients and attackers speak it: JSON, sizes, methods, paths,
# headers, and bytes that would be a second request.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre::Check;
use Process qw(await await_log);

my @security = qw(strict-transport-security x-content-type-options x-frame-options referrer-policy
	content-security-policy permissions-policy cross-origin-resource-policy);

# Sc 40.
sub json {
	my ($p, $user) = @_;
	my $post = sub { $p->post('/api/keys', $_[0], token => $user->{token}) };
	status_is($post->('{"name":"x"}'), 201, 'plain');
	status_is($post->(qq( \r\n\t{ "name" : "\\u00e9\\ud83c\\udfc3 / \\/ \\"" } \n)), 201, 'spaces and escapes');
	my %bad = (
		'empty' => ' ', 'not JSON' => 'name=x', 'cut' => '{"name":"x"', 'two values' => '{"name":"x"}{}',
		'bytes after' => '{"name":"x"} x', 'single quotes' => "{'name':'x'}", 'comment' => '{/* */"name":"x"}',
		'trailing comma' => '{"name":"x",}', 'duplicate' => '{"name":"x","name":"y"}',
		'duplicate by escape' => '{"name":"x","n\u0061me":"y"}', 'NaN' => '{"name":"x","expires_in_days":NaN}',
		'Infinity' => '{"name":"x","expires_in_days":-Infinity}', 'control' => "{\"name\":\"a\nb\"}",
		'lone surrogate' => '{"name":"\ud800"}', 'NUL' => '{"name":"a\u0000b"}', 'raw NUL' => "{\"name\":\"a\0b\"}",
		'bad UTF-8' => "{\"name\":\"\xff\"}", 'overlong' => "{\"name\":\"\xc0\xaf\"}", 'surrogate bytes' => "{\"name\":\"\xed\xa0\x80\"}",
		'BOM' => "\xef\xbb\xbf{\"name\":\"x\"}",
		'leading zero' => '{"name":"x","expires_in_days":01}', 'plus' => '{"name":"x","expires_in_days":+1}',
		'very deep' => '[' x 7000, 'array' => '["name"]', 'text' => '"name"',
		'null' => 'null', 'number' => '1', 'TRUE' => '{"name":"x","scopes":TRUE}',
	);
	for my $name (sort keys %bad) {
		problem_is($post->($bad{$name}), 400, { code => 'InvalidFormat' }, $name);
	}
	problem_is($post->('{"name":"x","colour":1}'), 422, { code => 'InvalidInput', field => 'colour' }, 'unknown field');
	problem_is($post->('{"name":"x","Name":"y"}'), 422, { field => 'Name' }, 'names are case-sensitive');
	problem_is($post->('{}'), 422, { code => 'MissingRequiredField', field => 'name' }, 'missing field');
	problem_is($post->('{"name":"x","expires_in_days":9999}'), 422, { code => 'ValueOutOfRange', field => 'expires_in_days' }, 'out of range');
	problem_is($post->(qq({"name":"x","expires_in_days":$_})), 422, { code => 'ValueOutOfRange', field => 'expires_in_days' }, "out of range: $_")
		for '1e999', '9' x 19, '[' x 16 . ']' x 16;
	problem_is($post->('{"name":"x","expires_in_days":"9"}'), 422, { code => 'InvalidInput', field => 'expires_in_days' }, 'wrong type');
	my $r = $post->("{\"name\":\"x\",\"\x{3c}script\x{3e}\":1}");
	problem_is($r, 422, {}, 'a name that is markup');
	like($r->{headers}{'content-type'}, qr{json}, 'is never HTML');
}

sub media {
	my ($p, $user) = @_;
	my @me = (token => $user->{token});
	for my $type ('application/json', 'Application/JSON', 'application/json; charset=utf-8', 'application/json;charset="UTF-8"') {
		status_is($p->post('/api/keys', '{"name":"x"}', @me, headers => { 'Content-Type' => $type }), 201, $type);
	}
	for my $type (undef, '', 'text/plain', 'application/jsonp', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x',
		'application/json; charset=latin1', 'text/json', 'application/problem+json') {
		problem_is($p->post('/api/keys', '{"name":"x"}', @me, headers => { 'Content-Type' => $type }), 415,
			{ code => 'UnsupportedMediaType' }, $type // 'none');
	}
	my $r = problem_is($p->post('/api/keys', undef, @me), 415, {}, 'no body at all');
	is($r->{headers}{'accept-encoding'}, undef, 'which is not about its coding (RFC 9110 section 12.5.3)');
	for my $coding ('gzip', 'br', 'gzip, identity') {
		$r = problem_is($p->post('/api/keys', '{"name":"x"}', @me, headers => { 'Content-Encoding' => $coding }), 415,
			{ code => 'UnsupportedMediaType' }, "Content-Encoding: $coding");
		is($r->{headers}{'accept-encoding'}, 'identity', 'says which is taken');
	}
	status_is($p->post('/api/keys', '{"name":"x"}', @me, headers => { 'Content-Encoding' => 'Identity' }), 201, 'identity');
	problem_is($p->post('/api/keys', '{"name":"x"}'), 401, {}, 'who comes before what');
}

sub sizes {
	my ($p, $user) = @_;
	my @me = (token => $user->{token});
	my $body = sub { my ($n) = @_; my $b = '{"name":"x"'; return $b . ' ' x ($n - length($b) - 1) . '}' };
	# with a document in it, and without
	for (['/api/keys', 49152], ['/api/tenants', 16384]) {
		my ($path, $most) = @$_;
		status_is($p->post($path, $body->($most - $_), @me), 201, "$path: $most bytes, less $_") for 1, 0;
		problem_is($p->post($path, $body->($most + 1), @me), 413, { code => 'PayloadTooLarge' }, 'one more');
	}
	problem_is($p->post('/api/keys', $body->(65536), @me), 413, {}, '64 KiB');
	is($p->post('/api/keys', $body->(200_000), @me)->{status}, 413, '200 kB: nginx stops it');
	problem_is($p->post('/health', $body->(100)), 405, {}, 'a body where none belongs');
	# of a request that needs no body it is read and ignored, in both pools
	for my $n (1, 100, 16384) {
		status_is($p->request('GET', '/health', 'x' x $n), 200, "GET with a body of $n, fast pool");
		status_is($p->request('GET', '/api/keys', 'x' x $n, @me), 200, "GET with a body of $n, slow pool");
	}
	my $key = $p->post('/api/keys', '{"name":"x"}', @me)->{json}{key_info}{id};
	status_is($p->request('DELETE', "/api/keys/$key", '{"why":"old"}', @me), 200, 'DELETE with a body');
	problem_is($p->request('GET', $_, 'x' x 16385, @me), 413, { code => 'PayloadTooLarge' }, "more than that: $_")
		for '/health', '/api/keys';
	my $chunked = "POST /api/keys HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n" .
		"Authorization: Bearer $user->{token}\r\nTransfer-Encoding: chunked\r\n\r\n" .
		"6\r\n{\"name\r\n6\r\n\":\"c\"}\r\n0\r\n\r\n";
	status_is($p->raw($chunked), 201, 'chunked');
	is($p->get('/health', headers => { 'X-Long' => 'x' x 7000 })->{status}, 200, 'a header of 7 kB');
	cmp_ok($p->get('/health', headers => { 'X-Long' => 'x' x 9000 })->{status}, '>=', 400, 'of 9 kB: refused');
	cmp_ok($p->get('/health', headers => { map { ("X-H$_" => 'x') } 1 .. 150 })->{status}, '==', 400, '150 headers');
	cmp_ok($p->get('/' . 'x' x 20000)->{status}, '==', 414, 'a path of 20 kB');
}

# Every path of the document, every method that is not on it.
# Sc 40.
sub methods {
	my ($p) = @_;
	my $doc = $p->get('/openapi.json')->{json};
	for my $pattern (sort keys %{ $doc->{paths} }) {
		my %has = map { uc $_ => 1 } grep { /^(get|post|put|patch|delete)$/ } keys %{ $doc->{paths}{$pattern} };
		$has{HEAD} = 1 if $has{GET};
		$has{OPTIONS} = 1;
		(my $path = $pattern) =~ s/\{(?:\w+_)?id\}/00000000-0000-4000-8000-000000000000/g;
		my @order = grep { $has{$_} } qw(GET HEAD POST PUT PATCH DELETE OPTIONS);
		my $r = status_is($p->options($path), 204, "OPTIONS $pattern");
		is($r->{headers}{allow}, join(', ', @order), 'Allow');
		is($r->{body}, '', 'no body');
		for my $method (grep { !$has{$_} } qw(GET HEAD POST PUT PATCH DELETE PROPFIND BREW)) {
			my $r = $p->request($method, $path);
			is("$r->{status} " . ($r->{headers}{allow} // ''), '405 ' . join(', ', @order), "$method $pattern")
				or diag($r->{text});
		}
	}
	my $r = $p->options('/nothing/here');
	problem_is($r, 404, {}, 'OPTIONS of nothing');
	is($r->{headers}{allow}, undef, 'no Allow');
	cmp_ok($p->request('TRACE', '/health')->{status}, '==', 405, 'TRACE');
	cmp_ok($p->request('CONNECT', 'localhost:443')->{status}, '>=', 400, 'CONNECT');
	for my $path ('/health', '/version', '/openapi.json', '/health/ready') {
		# the last one may not have the database in time, on a busy machine
		my ($get, $head) = await("$path and its HEAD", sub {
			my @both = ($p->get($path), $p->head($path));
			return 200 == $both[0]{status} && $both[1]{status} != 503 ? \@both : undef;
		})->@*;
		is($head->{status}, $get->{status}, "HEAD $path");
		is($head->{body}, '', 'no body');
		is($head->{headers}{'content-length'}, length $get->{body}, 'its length');
	}
}

sub paths {
	my ($p) = @_;
	for my $path ('/', '/nothing', '/health/', '/HEALTH', '/health/live/', '/api', '/api/', '/api/keys/', '/apikeys', '/healthx',
		'/health%2Flive', '/health%2flive', '/api%2Fkeys', '/%68ealth%2Flive', '/health/%2E/live', '/health/..%2Fversion',
		'/api/%2e%2e/version', '/health%5Clive', '/%2e%2e/%2e%2e/etc/passwd', '/health;x', '/health%', '/health%zz', '//health/live',
		'/.git/config', '/admin') {
		my $r = $p->get($path);
		ok($r->{status} == 404 || $r->{status} == 400, "$path: $r->{status}") or diag($r->{text});
		is($r->{headers}{'content-type'}, 'application/problem+json', 'a problem') if $r->{status} == 404;
	}
	problem_is($p->get('/health?x=1'), 422, { field => 'x' }, 'unknown query parameter');
	status_is($p->get('/health?'), 200, 'empty query');
	is($p->{http}->get('/health?a=b')->{status}, 308, 'plain HTTP is redirected');
	like($p->{http}->get('/health?a=b')->{headers}{location}, qr{^https://localhost:$p->{port}/health\?a=b$}, 'to the same place');
}

# Sc 40.
sub headers {
	my ($p, $user) = @_;
	my %replies = (
		'200' => $p->get('/health'), '201' => $p->post('/api/keys', { name => 'h' }, token => $user->{token}),
		'204' => $p->options('/health'), '304' => $p->get('/openapi.json',
			headers => { 'If-None-Match' => $p->get('/openapi.json')->{headers}{etag} }),
		'400' => $p->post('/api/auth/login', 'x'), '401' => $p->get('/verify'), '404' => $p->get('/none'),
		'405' => $p->delete('/health'), '413' => $p->post('/api/keys', ' ' x 50000, token => $user->{token}),
		'nginx 413' => $p->post('/api/keys', ' ' x 200000), '415' => $p->post('/api/auth/login', '{}', headers => { 'Content-Type' => 'text/plain' }),
		'422' => $p->post('/api/auth/login', {}), 'nginx 400' => $p->raw("GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
	);
	for my $name (sort keys %replies) {
		my $r = $replies{$name};
		is($r->{status}, $name =~ s/\D//gr, $name);
		my %count;
		$count{ lc $_->[0] }++ for @{ $r->{header_list} };
		is(join(' ', grep { ($count{$_} // 0) != 1 } @security), '', 'each security header once');
		is(join(' ', grep { $count{$_} > 1 } sort keys %count), '', 'no header twice');
		like($r->{headers}{'x-request-id'} // '', qr/^[0-9a-f]{32}$/, 'X-Request-Id');
		is($r->{headers}{'cache-control'}, $name eq '304' ? 'no-cache' : 'no-store', 'Cache-Control');
		is($r->{headers}{server}, 'nginx', 'no version of anything');
	}
	my %ids = map { $p->get('/health')->{headers}{'x-request-id'} => 1 } 1 .. 5;
	is(scalar keys %ids, 5, 'request ids differ');
	my $r = $p->get('/none', headers => { 'X-Request-Id' => 'mine' });
	isnt($r->{headers}{'x-request-id'}, 'mine', 'and are nginx\'s');
	is($r->{json}{request_id}, $r->{headers}{'x-request-id'}, 'also in the body');
	ok(await('its line', sub { $p->access_log =~ / \Q$r->{headers}{'x-request-id'}\E$/m }), 'and in nginx\'s log');
	ok(await_log($p, qr/request_id=$r->{headers}{'x-request-id'}\b/), 'and in Pierre\'s');
	$r = $p->get('/health', headers => { Origin => 'https://evil.example' });
	is($r->{headers}{'access-control-allow-origin'}, undef, 'no other origin is let in');
}

# Duplicate critical headers, and bodies that hide a second request. Each
# connection must carry one reply; the prize is `/admin/users` in it.
sub smuggling {
	my ($p, $user) = @_;
	my $auth = "Authorization: Bearer $user->{token}\r\n";
	my $second = "GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	my $n = length $second;
	my %tries = (
		'two lengths' => "POST /api/keys HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: $n\r\n${auth}\r\n$second",
		'length and chunked' => "POST /api/keys HTTP/1.1\r\nHost: localhost\r\nContent-Length: $n\r\nTransfer-Encoding: chunked\r\n${auth}\r\n0\r\n\r\n$second",
		'unknown coding' => "POST /api/keys HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\nContent-Length: 0\r\n${auth}\r\n$second",
		'negative length' => "POST /api/keys HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n${auth}\r\n$second",
		'length with sign' => "POST /api/keys HTTP/1.1\r\nHost: localhost\r\nContent-Length: +5\r\n${auth}\r\n$second",
		'folded header' => "GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b: c\r\nContent-Length : 5\r\n\r\n$second",
		'bare CR' => "GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\rContent-Length: 5\r\nConnection: close\r\n\r\n",
		'NUL in a header' => "GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\nConnection: close\r\n\r\n",
		'two hosts' => "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: other\r\nConnection: close\r\n\r\n",
		'bad chunk' => "POST /api/keys HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n${auth}\r\nZZ\r\n$second",
	);
	for my $name (sort keys %tries) {
		my $r = $p->raw($tries{$name});
		my @replies = $r->{text} =~ /^HTTP\/1\.[01] (\d+)/mg;
		cmp_ok(scalar @replies, '<=', 1, "$name: at most one reply (@replies)");
		cmp_ok($r->{status}, '>=', 400, 'refused') unless $name eq 'bare CR';
	}
	# a body that FastCGI or a careless worker could take for the next request
	my $forged = "\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0" . $second;
	for my $path ('/health', '/verify', '/none', '/api/auth/login', '/version') {
		$p->request('POST', $path, $forged);
		my $r = $p->get('/version');
		is($r->{json}{name}, 'pierre', "after a forged record at $path the next reply is the right one");
	}
	my @headers = ([ 'Content-Type' => [ 'application/json', 'text/plain' ] ], [ Authorization => [ "Bearer $user->{token}", 'Bearer x' ] ],
		[ 'Idempotency-Key' => [ 'a', 'b' ] ], [ 'X-API-Key' => [ 'a', 'b' ] ]);
	for my $h (@headers) {
		my %h = ('Content-Type' => 'application/json', Authorization => "Bearer $user->{token}", @$h);
		problem_is($p->post('/api/keys', '{"name":"dup"}', headers => \%h), 400, {}, "$h->[0] twice");
	}
	is($p->sql("SELECT count(*) FROM api_keys WHERE name = 'dup'"), 0, 'none of them did anything');
	for my $name ('X_API_Key', 'X.API.Key', 'Proxy') {
		my $r = $p->get('/verify', headers => { $name => 'pk_live_' . 'A' x 32 });
		problem_is($r, 401, { reason => 'missing' }, "$name is not X-API-Key");
	}
	my $spoof = $p->login($user, headers => { 'X-Forwarded-For' => '10.9.9.9', 'X-Real-IP' => '10.9.9.9', Forwarded => 'for=10.9.9.9' });
	unlike($p->get('/api/auth/sessions', token => $spoof->{token})->{body}, qr/10\.9\.9\.9/, 'addresses come from the connection');
}

# A line of the log, once it is there: it is written after the reply.
sub log_line {
	my ($p, $id) = @_;
	for (1 .. 500) {
		my ($line) = grep { /request_id=$id/ } split /\n/, $p->log;
		return $line if $line;
		select undef, undef, undef, 0.01;
	}
	return '';
}

# What a client sends ends in the log: it must not talk to the terminal of who
# reads it, nor push what identifies the request out of its line.
sub log_lines {
	my ($p) = @_;
	my $r = $p->get("/log\xc2\x9b31m\xff\xc3\xa9\xe2\x82");
	my ($path) = log_line($p, $r->{headers}{'x-request-id'}) =~ /path=(\S+)/;
	is($path, qq("/log\\xc2\\x9b31m\\xff\xc3\xa9\\xe2\\x82"), 'only UTF-8 text without controls goes out raw');
	my %long = (path => [ 'GET', '/' . 'L' x 7000 ], method => [ 'M' x 4000, '/' ]);
	for my $name (sort keys %long) {
		$r = status_is($p->request(@{ $long{$name} }), 404, "a long $name");
		my $id = $r->{headers}{'x-request-id'};
		like(log_line($p, $id), qr/ status=404 .*request_id=$id bytes=\d+$/, 'hides nothing');
	}
}

each_backend(sub {
	my ($p) = @_;
	my $user = $p->approved_user;
	subtest 'log lines' => sub { log_lines($p) };
	subtest json => sub { json($p, $user) };
	subtest media => sub { media($p, $user) };
	subtest sizes => sub { sizes($p, $user) };
	subtest methods => sub { methods($p) };
	subtest paths => sub { paths($p) };
	subtest headers => sub { headers($p, $user) };
	subtest smuggling => sub { smuggling($p, $user) };
});
done_testing;
