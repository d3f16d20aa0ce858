# Web pages of other origins: before Pierre's own routes (CORS_ORIGINS), and
# before an upstream of a site ($pierre_cors), through real nginx.
use strict;
use warnings;
use IO::Select;
use IO::Socket::UNIX;
use JSON::PP;
use Test::More;
use lib "$ENV{PIERRE_SOURCE}/tests/support";
use Pierre;
use Pierre::Check;
use FastCGI;
use Limit qw(limited_key);
use Process qw(await await_log);

my $PAGE = 'https://app.example.org';
my $LOCAL = 'http://localhost:3000';
# no page of ours: other scheme, port, host, case; prefixes, suffixes, lists
my @OTHERS = ('http://app.example.org', "$PAGE:8443", "$PAGE:443", "$PAGE.evil.com", 'https://evil-app.example.org',
	'https://app.example.or', "$PAGE/", 'https://App.example.org', 'HTTPS://APP.EXAMPLE.ORG', 'app.example.org', 'null', '*',
	"$PAGE $LOCAL", "https://evil.com $PAGE", "$PAGE, $LOCAL", "$PAGE\t", '1', 'http://localhost:30000', 'http://localhost');

my $SITE = <<'END';
server {
	listen 127.0.0.1:@SITE_PORT@;
	listen unix:@DIR@/run/h2.sock http2;
	root @DIR@/www;
	include snippets/pierre-auth-locations.conf;
	# what a site may have, and a preflight that is passed on must not take over
	proxy_request_buffering off;
	proxy_http_version 1.1;
	proxy_set_header X-From-Site smuggled;
	proxy_set_body smuggled;
	proxy_method PUT;
	location /unset/ { include snippets/pierre-auth.conf; proxy_pass http://upstream; }
	location /answer/ {
		set $pierre_cors answer;
		include snippets/pierre-auth.conf;
		proxy_pass http://upstream;
	}
	location /late/ {
		include snippets/pierre-auth.conf;
		include snippets/pierre-headers.conf;
		set $pierre_cors answer;
		proxy_pass http://upstream;
	}
	location /file/ {
		set $pierre_cors answer;
		include snippets/pierre-auth.conf;
		try_files $uri /answer/tried;
	}
	location /led/ {
		include snippets/pierre-auth.conf;
		try_files $uri /answer/led;
	}
	location /pass/ {
		set $pierre_cors http://upstream;
		include snippets/pierre-auth.conf;
		proxy_pass http://upstream;
	}
	location /slow/ {
		set $pierre_cors answer;
		include snippets/pierre-auth.conf;
		limit_req zone=pierre_burst burst=1 nodelay;
		proxy_pass http://upstream;
	}
	location /denied/ {
		set $pierre_cors http://upstream;
		include snippets/pierre-auth.conf;
		deny all;
		proxy_pass http://upstream;
	}
	location /gone/ {
		set $pierre_cors answer;
		include snippets/pierre-auth.conf;
		proxy_pass http://unix:@DIR@/run/nobody.sock;
	}
	location /odd/ { set $pierre_cors yes; include snippets/pierre-auth.conf; proxy_pass http://upstream; }
}
upstream upstream { server unix:@DIR@/run/up.sock; }
END

# --- what a browser looks at ---------------------------------------------------

# name => value of the headers of the CORS protocol, and Vary; each once.
sub cors {
	my ($r) = @_;
	my (%got, %times);
	for (@{ $r->{header_list} }) {
		my ($name, $value) = (lc $_->[0], $_->[1]);
		next unless $name =~ /^(?:access-control-.*|vary)$/;
		$got{ $name =~ s/^access-control-//r } = $times{$name}++ ? "$name twice" : $value;
	}
	return \%got;
}

my $READ = 'ETag, Idempotency-Replayed, RateLimit, RateLimit-Policy, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, '
	. 'X-RateLimit-Reset, X-RateLimit-Tier, X-Request-Id';

# A page of $origin can read it, or not.
sub readable {
	my ($r, $origin, $name) = @_;
	is_deeply cors($r), { 'allow-origin' => $origin, 'expose-headers' => $READ, vary => 'Origin' }, "$name: $origin reads it"
		or diag $r->{text};
}
sub unreadable {
	my ($r, $name) = @_;
	is_deeply cors($r), { vary => 'Origin' }, "$name: no CORS headers" or diag $r->{text};
}

sub preflight {
	my ($client, $path, $origin, %o) = @_;
	return $client->request(OPTIONS => $path, $o{body}, headers => { Origin => $origin,
		'Access-Control-Request-Method' => 'DELETE', 'Access-Control-Request-Headers' => 'authorization',
		%{ $o{headers} // {} } });
}

# --- the upstream of the site: answers with what it was sent --------------------

sub serve_upstream {
	my ($p, $path) = @_;
	my $listen = IO::Socket::UNIX->new(Local => $path, Listen => 16) or die "$path: $!";
	chmod 0777, $path;
	my $pid = fork // die "fork: $!";
	if ($pid) { $p->{pids}{$pid} = 'upstream'; return }
	$SIG{$_} = 'DEFAULT' for qw(TERM INT);
	while (my $s = $listen->accept) {
		my $got = '';
		1 while $got !~ /\r\n\r\n/ && sysread $s, $got, 65536, length $got;
		my ($length) = $got =~ /^Content-Length: (\d+)/mi;
		# a body that nobody announced comes with the head or not at all
		1 while (length(($got =~ /\r\n\r\n(.*)/s)[0]) < ($length // 0) || IO::Select->new($s)->can_read(0.05))
			&& sysread $s, $got, 65536, length $got;
		my $own = $got =~ m{^\w+ \S*/own} ? "Access-Control-Allow-Origin: https://its.own\r\nVary: Accept\r\n" : '';
		my $body = encode_json({ got => $got });
		print $s "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n${own}Content-Length: ", length $body, "\r\n\r\n$body";
		close $s;
	}
	POSIX::_exit(0);
}

# By HTTP/2, where a body needs no Content-Length.
sub by_http2 {
	my ($p, $path, $body, @headers) = @_;
	my $r = Pierre::capture([ 'curl', '-sS', '--http2-prior-knowledge', '--unix-socket', "$p->{dir}/run/h2.sock", '-X', 'OPTIONS',
		'-H', "Origin: $PAGE", '-H', 'Access-Control-Request-Method: GET', (map { ('-H', $_) } @headers),
		'-T', '-', "http://localhost$path" ], {}, stdin => $body);
	return eval { decode_json($r->{out})->{got} } // die "curl: $r->{out}$r->{err}";
}

# --- a site's upstream ------------------------------------------------------------

# What is sent along to make something else of a preflight.
my %SMUGGLED = ('X-HTTP-Method-Override' => 'DELETE', 'X-HTTP-Method' => 'DELETE', 'X-Method-Override' => 'DELETE',
	'X-Pierre-User-Id' => 'forged', 'X-Pierre-Auth' => 'key', Authorization => 'Basic YTpi', 'X-API-Key' => 'pk_live_x',
	Cookie => 'a=b', 'X-Other' => 1);

sub answered {
	my ($p, $key) = @_;
	my $site = $p->{site};
	my %due = ('allow-origin' => $PAGE, 'allow-methods' => 'GET, HEAD, POST, PUT, PATCH, DELETE',
		'allow-headers' => 'Authorization, Content-Type, X-API-Key', 'max-age' => 600, 'expose-headers' => $READ, vary => 'Origin');
	for my $path ('/answer/x', '/late/x', '/file/x', '/slow/x') {
		my $r = status_is(preflight($site, $path, $PAGE), 204, "$path: nginx answers a preflight");
		is_deeply cors($r), \%due, "$path: by pierre-cors.conf" or diag $r->{text};
		is $r->{body}, '', "$path: without a body";
	}
	status_is(preflight($site, '/answer/x', $PAGE, body => 'x' x 3000, headers => \%SMUGGLED), 204,
		'whatever comes along: the upstream would have said 200');
	for my $origin (@OTHERS) {
		my $r = preflight($site, '/answer/x', $origin);
		status_is($r, $origin =~ /[ ]/ ? 401 : 204, "a preflight of $origin");
		unreadable($r, $origin);
		unreadable($site->get('/answer/x', headers => { %$key, Origin => $origin }), "$origin, let through");
		unreadable($site->get('/answer/x', headers => { Origin => $origin }), "$origin, refused");
	}
	readable($site->get('/answer/x', headers => { %$key, Origin => $_ }), $_, 'let through') for $PAGE, $LOCAL;
	unreadable($site->get('/answer/x', headers => $key), 'without an Origin');
	is_deeply cors($site->get('/answer/own', headers => { %$key, Origin => $PAGE })),
		{ 'allow-origin' => 'https://its.own', vary => 'vary twice' }, "an upstream's own word stands alone";
	readable($site->get('/file/nowhere', headers => { %$key, Origin => $PAGE }), $PAGE, 'led on inside');
	readable($site->get('/led/nowhere', headers => { %$key, Origin => $PAGE }), $PAGE, 'led to it');
	status_is(preflight($site, '/led/nowhere', $PAGE, headers => $key), 204, 'also a preflight that had a key until there');
}

sub passed {
	my ($p, $key) = @_;
	my $site = $p->{site};
	my $r = status_is(preflight($site, '/pass/a%20b?c=d', $PAGE, body => 'x' x 3000, headers => \%SMUGGLED), 200, 'the upstream answers it');
	my @lines = sort split /\r\n/, $r->{json}{got};
	is_deeply [ grep { !/^X-Request-Id: [0-9a-f]{32}$/ } @lines ], [ 'Access-Control-Request-Headers: authorization',
		'Access-Control-Request-Method: DELETE', 'Connection: close', 'Host: upstream', 'OPTIONS /pass/a%20b?c=d HTTP/1.1', "Origin: $PAGE" ],
		'and was sent this, and nothing else';
	is_deeply cors($r), {}, 'the headers are its own';
	unlike by_http2($p, '/pass/x', 'smuggled', map { "$_: $SMUGGLED{$_}" } sort keys %SMUGGLED), qr/smuggled|DELETE|forged|\r\n\r\n./s,
		'by HTTP/2, with a body of no announced length, neither';
	is_deeply cors($site->get('/pass/x', headers => { %$key, Origin => $PAGE })), {}, 'nor of what is let through';
	is cors($site->get('/pass/own', headers => { %$key, Origin => $PAGE }))->{'allow-origin'}, 'https://its.own', 'the upstream says those';
	readable(problem_is($site->get('/pass/x', headers => { Origin => $PAGE }), 401, {}, 'a refusal'), $PAGE, 'a refusal');
	status_is(preflight($site, '/denied/x', $PAGE), 403, 'an address that the site denies');
}

# Only a preflight goes without a key, and only where the site says so.
sub judged {
	my ($p, $key) = @_;
	my $site = $p->{site};
	my %full = (Origin => $PAGE, 'Access-Control-Request-Method' => 'GET');
	for my $path ('/answer/x', '/pass/x', '/late/x', '/file/x', '/led/x') {
		for my $lack (keys %full) {
			my %half = %full;
			delete $half{$lack};
			problem_is($site->options($path, headers => \%half), 401, { reason => 'missing' }, "$path: OPTIONS without $lack");
			problem_is($site->options($path, headers => { %half, $lack => '' }), 401, {}, "$path: with an empty one");
			problem_is($site->options($path, headers => { %half, (keys %half)[0] => 'a b' }), 401, {}, "$path: with a blank in the other");
		}
		problem_is($site->request($_, $path, undef, headers => { %full, 'X-HTTP-Method-Override' => 'OPTIONS' }), 401, {}, "$path: $_")
			for qw(GET POST PUT DELETE);
		status_is($site->options($path, headers => $key), 200, "$path: OPTIONS with a key is a request like others") if $path ne '/file/x';
	}
	for my $path ('/unset/x', '/led/x', '/odd/x') {
		my $r = problem_is(preflight($site, $path, $PAGE), 401, { reason => 'missing' }, "$path says nothing of browsers");
		is_deeply cors($r), $path eq '/odd/x' ? { 'allow-origin' => $PAGE, 'expose-headers' => $READ, vary => 'Origin' } : {},
			"$path: the refusal";
		is_deeply cors($site->get($path, headers => { %$key, Origin => $PAGE })), {}, "$path: let through" if $path ne '/led/x';
	}
}

sub charged {
	my ($p, $user, $key) = @_;
	my $site = $p->{site};
	my $limited = limited_key($p, $user, 4, 'month');
	my %with = ('X-API-Key' => $limited->{api_key}, Origin => $PAGE);
	my $left = sub { return $site->get('/answer/x', headers => \%with)->{headers}{'x-ratelimit-remaining'} };
	is $left->(), 3, 'one of four is spent';
	preflight($site, $_, $PAGE, headers => \%with) for ('/answer/x', '/pass/x', '/late/x') x 3;
	is $left->(), 2, 'nine preflights that carry the key cost nothing';
	$left->() for 1 .. 2;
	my $r = problem_is($site->get('/answer/x', headers => \%with), 429, {}, 'spent');
	readable($r, $PAGE, 'spent');
	ok $r->{headers}{$_}, "with $_" for qw(retry-after ratelimit x-ratelimit-limit);
	status_is(preflight($site, '/answer/x', $PAGE, headers => \%with), 204, 'a preflight is answered all the same');
	my @burst = map { $site->get('/slow/x', headers => { %$key, Origin => $PAGE }) } 1 .. 4;
	readable(problem_is($burst[-1], 429, {}, "nginx's own 429"), $PAGE, "nginx's own 429");
	readable(problem_is($site->get('/gone/x', headers => { %$key, Origin => $PAGE }), 502, {}, 'no upstream'), $PAGE, 'no upstream');
}

sub site {
	my ($p, $user) = @_;
	my $key = { 'X-API-Key' => $p->new_key($user)->{api_key} };
	mkdir "$p->{dir}/www", 0755 or die;
	serve_upstream($p, "$p->{dir}/run/up.sock");
	subtest 'nginx answers' => sub { answered($p, $key) };
	subtest 'an upstream answers' => sub { passed($p, $key) };
	subtest 'all else is judged' => sub { judged($p, $key) };
	subtest 'never charged' => sub { charged($p, $user, $key) };
	$p->stop_serve;
	readable(problem_is($p->{site}->get('/answer/x', headers => { %$key, Origin => $PAGE }), 503, {}, 'Pierre away'), $PAGE, 'Pierre away');
	status_is(preflight($p->{site}, '/answer/x', $PAGE), 204, 'nobody is asked about a preflight');
	status_is(preflight($p->{site}, '/pass/x', $PAGE), 200, 'nor about one that is passed on');
}

# --- Pierre's own routes ------------------------------------------------------------

sub own_preflights {
	my ($p) = @_;
	for (map { [ '/api/keys', $_ ], [ '/verify', $_ ] } $PAGE, $LOCAL) {
		my ($path, $origin) = @$_;
		my $r = status_is(preflight($p, $path, $origin), 204, "a preflight of $path");
		is_deeply cors($r), { 'allow-origin' => $origin, 'allow-methods' => $r->{headers}{allow}, 'max-age' => 600,
			'allow-headers' => 'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-API-Key', vary => 'Origin' }, "of $origin";
	}
	like cors(preflight($p, '/api/keys/00000000-0000-4000-8000-000000000000', $PAGE))->{'allow-methods'}, qr/\bDELETE\b/, 'as the path takes them';
	unreadable(status_is(preflight($p, '/api/keys', $_), 204, "a preflight of $_"), $_) for @OTHERS;
	readable(status_is(preflight($p, '/nowhere', $PAGE), 404, 'a preflight of no route'), $PAGE, 'no route');
	readable(status_is($p->options('/api/keys', headers => { Origin => $PAGE }), 204, 'OPTIONS alone'), $PAGE, 'OPTIONS alone');
}

sub own_answers {
	my ($p, $user, $key) = @_;
	my %page = (Origin => $PAGE);
	my $get = sub { my ($path, %h) = @_; return $p->get($path, headers => { %page, %h }) };
	readable(status_is($get->('/health/live'), 200, 'a public route'), $PAGE, 'a public route');
	readable(problem_is($get->('/api/keys'), 401, {}, 'no token'), $PAGE, 'no token');
	readable(status_is($get->('/api/keys', Authorization => "Bearer $user->{token}"), 200, 'a list'), $PAGE, 'a list');
	readable(problem_is($get->('/nowhere'), 404, {}, 'no route'), $PAGE, 'no route');
	readable(problem_is($get->('/verify?x=1', %$key), 422, {}, 'a bad query'), $PAGE, 'a bad query');
	readable(status_is($get->('/verify', %$key), 200, '/verify'), $PAGE, '/verify');
	readable(problem_is($p->post('/api/auth/login', '{', headers => \%page), 400, {}, 'a bad body'), $PAGE, 'a bad body');
	my $r = $get->('/openapi.json');
	readable($r, $PAGE, 'a public document');
	readable(status_is($get->('/openapi.json', 'If-None-Match' => $r->{headers}{etag}), 304, 'not modified'), $PAGE, 'not modified');
	unreadable($p->get('/health/live', headers => { Origin => $_ }), "an answer to $_") for @OTHERS;
	unreadable($p->get('/health/live'), 'an answer without Origin');
	is $get->('/health/live')->{headers}{'cross-origin-resource-policy'}, 'same-origin', 'a page that cannot read it may not embed it either';
	readable(problem_is($p->post('/health', '{}', headers => \%page), 405, {}, "nginx's own 405"), $PAGE, "nginx's own 405");
	readable(problem_is($p->post('/api/auth/login', 'x' x 65537, headers => \%page), 413, {}, "nginx's own 413"), $PAGE, "nginx's own 413");
	unreadable($p->post('/health', '{}', headers => { Origin => $_ }), "nginx's own 405 to $_") for @OTHERS;
	$r = FastCGI::get($p->{fast_socket}, '/verify', params => { HTTP_ORIGIN => $PAGE, PIERRE_SUBREQUEST => 1, HTTP_X_API_KEY => $key->{'X-API-Key'} });
	is "$r->{status} @{[ grep { /^(access|vary)/ } keys %{ $r->{headers} } ]}", '204 ', 'the question of nginx is answered without';
}

# CORS_ORIGINS in the file, so that HUP finds another.
sub reloaded {
	my ($p) = @_;
	my $file = "$p->{dir}/cors.conf";
	my $write = sub { open my $f, '>', $file or die; print $f @_; close $f; chmod 0644, $file };
	my $see = sub { my ($text) = @_; await("headers of '$text'", sub { (cors($p->get('/health/live', headers => { Origin => $PAGE }))->{'allow-origin'} // '') eq $text }) };
	$p->stop_serve;
	delete $p->{env}{CORS_ORIGINS};
	$write->('');
	$p->serve('--config', $file);
	is_deeply cors($p->get('/health/live', headers => { Origin => $PAGE })), {}, 'empty: no such header at all, Vary neither';
	is_deeply cors(preflight($p, '/api/keys', $PAGE)), {}, 'for a preflight neither';
	$write->("CORS_ORIGINS=$PAGE\n");
	$p->signal('HUP');
	ok $see->($PAGE), 'a reload takes the list';
	$write->("CORS_ORIGINS=$PAGE/\n");
	$p->signal('HUP');
	ok await_log($p, qr/ reload_failed .*CORS_ORIGINS/), 'a list with a mistake changes nothing';
	ok $see->($PAGE), 'the old one stays';
}

my %origins = ('pierre-cors.conf' => sub { s/^    # https.*/    $PAGE 1;\n    $LOCAL 1;\n    null 1;\n    * 1;/m },
	'pierre-http.conf' => sub { s/(zone=pierre_burst:10m rate=)100r\/s/${1}1r\/m/ });
each_backend(sub {
	my ($p) = @_;
	my $user = $p->approved_user;
	my $key = { 'X-API-Key' => $p->new_key($user)->{api_key} };
	subtest 'preflights' => sub { own_preflights($p) };
	subtest 'answers' => sub { own_answers($p, $user, $key) };
	site($p, $user);
	readable(problem_is($p->get('/verify', headers => { Origin => $PAGE }), 502, {}, "nginx's own 502"), $PAGE, "nginx's own 502");
	$p->serve;
	subtest 'a reload' => sub { reloaded($p) };
	my $r = $p->cli('config', 'check', env => { CORS_ORIGINS => "$PAGE null" });
	is $r->{status}, 1, 'a list with a mistake is refused';
	like $r->{err}, qr/CORS_ORIGINS: browsers never send 'null'/, 'naming it';
}, site => $SITE, edit => \%origins, env => { CORS_ORIGINS => " $PAGE,$LOCAL " });

my $cors = Pierre::slurp("$Pierre::SOURCE/nginx/pierre-cors.conf");
like $cors, qr/default "\Q$READ\E"/, "a site's pages may read what Pierre's own may";
done_testing;
