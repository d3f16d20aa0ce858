# What the shipped nginx snippets promise by themselves: error pages, limits,
# headers, the door for upstreams, logs. Sc 58.
use strict;
use warnings;
use Test::More;
use IO::Socket::UNIX;
use lib "$ENV{PIERRE_SOURCE}/tests/support";
use Pierre;
use Process qw(await);

sub problem {
	my ($r, $status, $name) = @_;
	subtest $name => sub {
		is $r->{status}, $status, "status $status";
		is $r->{headers}{'content-type'}, 'application/problem+json', 'a problem document';
		is $r->{json}{status}, $status, 'says its status';
		ok $r->{json}{code} && $r->{json}{title} && $r->{json}{detail}, 'code, title and detail';
		like $r->{json}{request_id}, qr/^[0-9a-f]{32}$/, 'request id';
		is $r->{headers}{'x-request-id'}, $r->{json}{request_id}, 'the same in the header';
		secured($r);
	};
}
sub secured {
	my ($r) = @_;
	my %times;
	$times{ lc $_->[0] }++ for @{ $r->{header_list} };
	is $times{$_}, 1, "$_ once" for qw(strict-transport-security x-content-type-options
		x-frame-options referrer-policy content-security-policy permissions-policy cache-control);
	is $r->{headers}{server}, 'nginx', 'no version';
}

# Any client address: a second server with the shipped locations that believes
# the PROXY protocol.
sub behind_proxy {
	my ($p) = @_;
	my $socket = "$p->{dir}/run/proxy.sock";
	my $conf = Pierre::slurp("$p->{dir}/nginx/nginx.conf");
	$conf =~ s{\}\s*\z}{server { listen unix:$socket proxy_protocol; set_real_ip_from unix:;
		real_ip_header proxy_protocol; include snippets/pierre-locations.conf; }\n\}\n};
	open my $f, '>', "$p->{dir}/nginx/nginx.conf" or die "nginx.conf: $!";
	print $f $conf;
	close $f;
	kill 'HUP', $p->{nginx_pid};
	for (1 .. 1000) {
		return $socket if IO::Socket::UNIX->new(Peer => $socket);
		select undef, undef, undef, 0.01;
	}
	die "no second server: " . $p->nginx_log;
}

# Statuses of $n refreshes, each from another address of the prefix.
sub from {
	my ($socket, $prefix, $n) = @_;
	my $body = '{"refresh_token":"prt_x"}';
	return map {
		my $s = IO::Socket::UNIX->new(Peer => $socket) or die "connect: $!";
		$s->print(sprintf("PROXY TCP6 $prefix%x ::1 1 2\r\n", $_), "POST /api/auth/refresh HTTP/1.1\r\n",
			"Host: localhost\r\nContent-Type: application/json\r\nContent-Length: ", length $body,
			"\r\nConnection: close\r\n\r\n$body");
		local $/;
		Pierre::Client::parse($s->getline // '')->{status};
	} 1 .. $n;
}

my ($backend) = Pierre::backends();
my $p = Pierre->start(backend => $backend, site => <<'END');
server {
	listen 127.0.0.1:@SITE_PORT@;
	error_log @DIR@/nginx/nginx-error.log alert;
	include snippets/pierre-locations.conf;
	location = /nginx.conf { root @DIR@/nginx; }
}
END

subtest 'nginx speaks problem+json' => sub {
	problem($p->raw("nonsense\r\n\r\n"), 400, 'not HTTP');
	problem($p->raw("GET / HTTP/1.1\r\n\r\n"), 400, 'no Host');
	problem($p->raw("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx"),
		400, 'Content-Length twice');
	problem($p->raw("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx"),
		400, 'both lengths');
	my $r = $p->raw("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n");
	problem($r, 405, 'TRACE');
	is $r->{headers}{allow}, 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS', 'which says what there is';
	is $p->get('/nowhere')->{headers}{allow}, undef, 'another error does not';
	$r = $p->{site}->post('/nginx.conf', 'x');
	is "$r->{status} $r->{headers}{allow}", '405 GET, HEAD', 'nor is a file written';
	problem($p->post('/api/auth/login', 'x' x 65537), 413, 'a body over 64 kB');
	problem($p->get('/' . 'x' x 8192), 414, 'a long address');
	problem($p->get('/', headers => { X => 'x' x 8192 }), 431, 'a long header');
	problem(Pierre::Client->new(port => $p->{port}, plain => 1)->get('/'), 400, 'HTTP on the TLS port');
	problem($p->get('/.pierre/auth'), 404, 'the inner question is not for clients');
	problem($p->get('/.pierre/error'), 404, 'nor is the error page');
};

subtest 'Pierre and nginx agree on headers' => sub {
	secured($p->get('/verify'));
	secured($p->get('/nowhere'));
};

subtest 'the plain port redirects what holds no secret' => sub {
	my $r = $p->{http}->get('/openapi.json?x=1');
	is $r->{status}, 308, 'keeps the method';
	is $r->{headers}{location}, "https://localhost:$p->{port}/openapi.json?x=1", 'keeps the address';
	is $p->{http}->request($_, '/api/keys')->{status}, 308, $_ for qw(HEAD DELETE OPTIONS);
	my $secret = 'x' x 40;
	for my $sent ([ GET => '/verify', Authorization => "Bearer $secret" ], [ GET => '/demo/', 'X-API-Key' => $secret ],
		[ DELETE => '/api/keys/x', Authorization => $secret ], [ PUT => '/demo/', 'X-API-Key' => $secret ],
		[ POST => '/api/auth/login' ], [ POST => '/api/auth/refresh' ], [ PATCH => '/api/keys/x' ]) {
		my ($method, $path, @header) = @$sent;
		my $body = $method =~ /^P/ ? qq({"password":"$secret"}) : undef;
		$r = $p->{http}->request($method, $path, $body, headers => {@header});
		my $name = "$method $path " . ($header[0] // 'with a body');
		is $r->{status}, 403, "$name: refused";
		is $r->{headers}{location}, undef, 'not redirected';
		is $r->{headers}{'content-type'}, 'application/problem+json', 'a problem document';
		is $r->{json}{code}, 'PermissionDenied', 'its code';
		like $r->{json}{detail}, qr/without TLS.*https:/, 'a sentence that says what to do';
		is $r->{headers}{'x-request-id'}, $r->{json}{request_id}, 'request id';
		unlike $r->{text}, qr/$secret/, 'without the secret';
	}
};

subtest 'the door' => sub {
	my $user = $p->approved_user;
	my $key = $p->new_key($user);
	my %forged = map { ("X-Pierre-$_" => 'forged') } qw(Auth Key-Id User-Id Tenant-Id Tier Scopes);
	my $r = $p->get('/demo/a?b=1', headers => { %forged, 'X-API-Key' => $key->{api_key} });
	is $r->{status}, 200, 'a key passes';
	like $r->{body}, qr/^X-Pierre-Auth: key$/m, 'told: a key';
	like $r->{body}, qr/^X-Pierre-Key-Id: \Q$key->{key_info}{id}\E$/m, 'told: which key';
	like $r->{body}, qr/^X-Pierre-User-Id: \Q$user->{user_id}\E$/m, 'told: whose';
	like $r->{body}, qr/^X-Pierre-Tier: \Q$key->{key_info}{tier}\E$/m, 'told: tier';
	unlike $r->{body}, qr/forged/, 'nothing a client made up';
	unlike $r->{body}, qr/\Q$key->{api_key}\E/, 'the key itself stays here';
	like $r->{body}, qr{^GET /demo/a\?b=1$}m, 'the address as it was';
	secured_door($r);

	$r = $p->get('/demo/', token => $user->{token});
	like $r->{body}, qr/^X-Pierre-Auth: session$/m, 'an access token passes';
	like $r->{body}, qr/^X-Pierre-Key-Id: ?$/m, 'without a key';
	$r = $p->post('/demo/', 'x' x 2000, headers => { Authorization => $key->{api_key} });
	is $r->{status}, 200, 'a POST with a body passes';
	like $r->{body}, qr{^POST /demo/$}m, 'as a POST';
	is $p->put('/demo/', '{}', token => $user->{token})->{status}, 200, 'PUT too';

	$r = $p->get('/demo/');
	problem($r, 401, 'without a credential');
	like $r->{headers}{'www-authenticate'}, qr/^Bearer /, 'says what is needed';
	problem($p->get('/demo/', headers => { 'X-API-Key' => 'pk_live_' . 'a' x 32 }), 401, 'a wrong key');
	problem($p->get('/demo/', headers => { 'X-Original-URI' => '/verify', 'Content-Length' => 0 }), 401,
		'headers do not open it');

	$p->delete("/api/keys/$key->{key_info}{id}", token => $user->{token});
	problem($p->get('/demo/', headers => { 'X-API-Key' => $key->{api_key} }), 401, 'a revoked key');
	my $admin = $p->setup_admin;
	$p->expect(200, $p->post("/admin/suspend-user/$user->{user_id}", { reason => 'test' }, token => $admin->{token}));
	my $status = $p->get('/verify', token => $user->{token})->{status};
	problem($p->get('/demo/', token => $user->{token}), $status, 'a suspended user, as /verify says');
};
sub secured_door { my ($r) = @_; ok $r->{headers}{'x-content-type-options'}, 'security headers on the upstream\'s reply' }

subtest 'logs hold no secrets' => sub {
	$p->get('/verify?token=canary-one', headers => { 'X-API-Key' => 'canary-two', Authorization => 'Bearer canary-three' });
	$p->get('/demo/?token=canary-one', headers => { 'X-API-Key' => 'canary-two' });
	ok await('its line', sub { $p->access_log =~ m{"GET /demo/ HTTP/1.1" 401} }), 'the request is there';
	unlike $p->access_log, qr/canary/, 'not in the access log';
	unlike $p->log, qr/canary/, 'not in Pierre\'s log';
};

subtest 'Pierre away' => sub {
	$p->stop_serve;
	problem($p->get('/verify'), 502, 'a route');
	for my $route (Pierre::fast_routes()) {
		if ($route =~ /tokens/) {   # also has methods of the slow pool
			problem($p->request($_, $route, 'x'), 502, "$_ $route") for qw(PUT DELETE POST);
			next;
		}
		# a reload closes kept connections, and nginx repeats none of these
		for my $method (qw(POST PATCH LOCK)) {
			my $r = $p->request($method, $route, 'x');
			problem($r, 405, "$method $route: nginx says it");
			is $r->{headers}{allow}, 'GET, HEAD, OPTIONS', 'and which ones are taken';
		}
		is $p->put($route, 'x')->{status}, 502, "PUT $route: Pierre would";
	}
	my $r = $p->get('/demo/');
	problem($r, 503, 'the door stays shut');
	ok $r->{headers}{'retry-after'}, 'says when to try again';
};
$p->stop;

subtest 'guessing is slowed per address' => sub {
	# slower than the site's 5r/s: 60 take longer than 8 s on a busy machine
	my $p = Pierre->start(backend => $backend, login_rate => '5r/m');
	my @status = map { $p->post('/api/auth/refresh', { refresh_token => 'prt_x' }) } 1 .. 60;
	my ($limited) = grep { $_->{status} == 429 } @status;
	ok $limited, '60 in a row are too many' or return $p->stop;
	problem($limited, 429, 'the refusal');
	ok $limited->{headers}{'retry-after'}, 'says when to try again';
	isnt $p->post('/api/auth/refresh', { refresh_token => 'prt_x' }, local => '127.0.1.1')->{status}, 429,
		'another address is not concerned';
	is $p->get('/health/live')->{status}, 200, 'nor are other routes';

	my $socket = behind_proxy($p);
	my %seen = map { $_ => [ from($socket, $_, 30) ] } '2001:db8:0:1::', '2001:db8:0:2::';
	ok((grep { $_ == 429 } @{ $seen{'2001:db8:0:1::'} }), 'addresses of one IPv6 /64 count as one');
	isnt $seen{'2001:db8:0:2::'}[0], 429, 'another /64 is another one';
	$p->stop;
};

done_testing;
