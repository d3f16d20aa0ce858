#!/usr/bin/perl
# The fast pool's loop on its raw socket: connections that are kept, silent,
# cut, forged, too many. What is left of one request is never the next
# (R1), and nobody waits for a connection that is not his.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use FastCGI;
use Limit qw(limited_key);
use Process qw(await await_log count_log children);

my ($backend) = Pierre::backends() or plan skip_all => 'no backend';
my $p = Pierre->start(backend => $backend, env => { LOG_LEVEL => 'debug', WORKERS => 1 });
my $FAST = $p->{fast_socket};
my $key = $p->new_key($p->approved_user)->{api_key};
my @routes = Pierre::fast_routes();
my $n = 0;

sub executed { my ($id) = @_; return count_log($p, qr/ request .*request_id=$id\b/) }
sub fresh_id { return sprintf '%s%08d', $_[0] // 'test', ++$n }
sub open_fast { return FastCGI::open_socket($FAST) // die "connect: $!" }
sub environment { return FastCGI::environment(@_) }

# One request with a body as records, or exactly these bytes after the parameters.
sub message {
	my ($method, $target, $body, %o) = @_;
	return FastCGI::begin(keep => $o{keep} // 1)
		. FastCGI::stream(FastCGI::F_PARAMS, environment($method, $target, $body, %{ $o{params} // {} }))
		. ($o{bytes} // FastCGI::stream(FastCGI::F_STDIN, $body));
}
sub talk {
	my ($bytes, %o) = @_;
	my $s = open_fast();
	FastCGI::send_bytes($s, $bytes);
	shutdown $s, 1 if $o{eof};
	return FastCGI::reply($s, keep => $o{keep});
}
sub serves { my ($what) = @_; is(FastCGI::get($FAST, '/health/live')->{status}, 200, "$what: it serves") }

subtest 'a connection is kept while the client asks for it' => sub {
	my $s = open_fast();
	my @status;
	for my $target ((@routes, '/nowhere') x 20) {
		my $id = fresh_id();
		FastCGI::send_bytes($s, message('GET', $target, '', params => { HTTP_X_API_KEY => $key, REQUEST_ID => $id }));
		my $r = FastCGI::reply($s, keep => 1);
		push @status, $r->{status} if $r->{headers}{'x-request-id'} eq $id && $r->{replies} == 1;
	}
	is(join(' ', @status), join(' ', ((map { /tokens/ ? 403 : 200 } @routes), 404) x 20), @status . ' requests on one connection, each with its answer');
	FastCGI::send_bytes($s, message('GET', '/version', '', keep => 0));
	my $r = FastCGI::reply($s);
	is("$r->{status} $r->{replies}", '200 1', 'the last one, and the end of the connection');
	$s = open_fast();
	for my $body ('{}', 'x' x 9000, 'y' x 16000) {
		FastCGI::send_bytes($s, message('POST', '/health', $body));
		is(FastCGI::reply($s, keep => 1)->{status}, 405, 'with a body of ' . length $body);
	}
	FastCGI::send_bytes($s, message('HEAD', '/health', ''));
	$r = FastCGI::reply($s, keep => 1);
	is("$r->{status}$r->{body}", '200', 'it is still the same connection');
};

# The worker learns of both at once, and no event tells of the end again.
subtest 'a client that ends with its request' => sub {
	my %c = children($p);
	my ($worker) = grep { $c{$_} =~ /^fast/ } keys %c;
	for my $body ('', '{}') {
		my $s = open_fast();
		FastCGI::send_bytes($s, message('GET', '/health', ''));
		is(FastCGI::reply($s, keep => 1)->{status}, 200, 'a kept connection');
		kill STOP => $worker;
		FastCGI::send_bytes($s, message($body ? 'POST' : 'GET', '/health', $body));
		shutdown $s, 1;
		kill CONT => $worker;
		my $r = eval { FastCGI::reply($s) } // { status => 0, replies => $@ };
		is("$r->{status} $r->{replies}", $body ? '405 1' : '200 1', 'its last request is answered, and the connection closed');
	}
	serves('afterwards');
};

subtest 'in pieces' => sub {
	my $id = fresh_id();
	my $bytes = message('GET', '/verify', '', params => { HTTP_X_API_KEY => $key, REQUEST_ID => $id });
	my $s = open_fast();
	for my $at (0 .. length($bytes) - 2) {
		FastCGI::send_bytes($s, substr $bytes, $at, 1);
		is(FastCGI::get($FAST, '/health/live')->{status}, 200, "others are served after byte $at") if $at % 97 == 0;
	}
	is(executed($id), 0, 'half a request is none');
	FastCGI::send_bytes($s, substr $bytes, -1);
	is(FastCGI::reply($s, keep => 1)->{status}, 200, 'the last byte makes it one');
	FastCGI::send_bytes($s, substr $bytes, 0, 50);
	close $s;
	serves('after half a request on a kept connection');
};

subtest 'silent and idle connections starve nobody' => sub {
	my @silent = map { open_fast() } 1 .. 100;
	my @half = map { my $s = open_fast(); FastCGI::send_bytes($s, substr(message('GET', '/health', ''), 0, 30)); $s } 1 .. 100;
	my @idle = map { my $s = open_fast(); FastCGI::send_bytes($s, message('GET', '/health', '')); FastCGI::reply($s, keep => 1); $s } 1 .. 100;
	# read from the database, with the whole deadline of a request
	my @status = map { FastCGI::get($FAST, '/verify', params => { HTTP_X_API_KEY => 'pk_live_' . 'x' x 32 })->{status} } 1 .. 50;
	is("@status", join(' ', (401) x 50), '50 requests beside 300 such, on one worker');
	FastCGI::send_bytes($_, message('GET', '/health', '')) for @idle;
	is(join(' ', map { FastCGI::reply($_, keep => 1)->{status} } @idle), join(' ', (200) x 100), 'the idle ones go on');
	is(join(' ', map { FastCGI::reply($_)->{replies} } @half[0 .. 9], @silent[0 .. 9]), join(' ', (0) x 20),
		'the silent and the half ones are closed without an answer');
	serves('afterwards');
};

subtest 'a client that does not read' => sub {
	my $s = open_fast();
	for (1 .. 200) {
		last if !FastCGI::send_bytes($s, message('GET', '/openapi.json', ''));
		last if FastCGI::get($FAST, '/health/live')->{status} != 200;
	}
	serves('afterwards');
};

# --- what is left of a request is not the next one ---------------------------------

# [status, method, target, parameters] of requests that are answered early: each
# route with each error that it has.
sub early {
	my $spent = limited_key($p, $p->approved_user, 1, 'month')->{api_key};
	is(FastCGI::get($FAST, '/verify', params => { HTTP_X_API_KEY => $spent })->{status}, 200, 'a key with one request');
	return ([ 404, 'GET', '/nowhere' ], [ 404, 'POST', '/nowhere' ], map {
		my ($route, $asks) = ($_, $_ eq '/verify');
		[ $asks || $route =~ /tokens/ ? 401 : 200, 'GET', $route ], [ 405, 'POST', $route ], [ 413, 'GET', $route, CONTENT_LENGTH => 70000 ],
		[ 204, 'OPTIONS', $route ], !$asks ? () : ([ 200, 'GET', $route, HTTP_X_API_KEY => $key ],
		[ 401, 'GET', $route, HTTP_X_API_KEY => 'pk_live_' . 'a' x 32 ], [ 429, 'GET', $route, HTTP_X_API_KEY => $spent ])
	} @routes);
}

sub forged { my ($id) = @_; return FastCGI::message('GET', '/verify', '', keep => 1, params => { HTTP_X_API_KEY => $key, REQUEST_ID => $id }) }

# Every way to hide a request behind another one. Returns how often it was tried.
sub hide_requests {
	my ($status, $method, $target, %params) = @_;
	my ($tried, @bad) = (0);
	# where libfcgi's second read begins, by the two lengths that the body may be said to have
	my @edges = map { 8192 - 8 - length message($method, $target, 'A' x 7900, params => { %params, @$_ }, bytes => '') }
		[], [ CONTENT_LENGTH => '' ];
	my %seen;
	for my $offset (grep { !$seen{$_}++ } 0, 1, 8, 100, (map { $_ - 2 .. $_ + 2 } @edges), 8150 .. 8160, 16300, 60000) {
		my $id = fresh_id('hidden');
		my $hidden = 'A' x $offset . forged($id);
		my $sled = 'A' x $offset . FastCGI::record(99, 'x' x 8) x 64 . forged($id);
		my @forms = (
			# a whole body that nobody reads; a length that is not the body's
			message($method, $target, $hidden, params => { %params }),
			message($method, $target, $hidden, params => { %params, CONTENT_LENGTH => '' }),
			message($method, $target, $hidden, params => { %params, CONTENT_LENGTH => $offset || 1 }),
			# raw behind the request: another request, or nothing that is known
			message($method, $target, '', params => { %params }) . $hidden,
			message($method, $target, '', params => { %params }, bytes => $sled),
			message($method, $target, 'A' x 100, params => { %params }, bytes => FastCGI::record(FastCGI::F_STDIN, 'A' x 50) . forged($id)),
		);
		for my $bytes (@forms) {
			my $s = open_fast();
			FastCGI::send_bytes($s, $bytes);
			my $r = FastCGI::reply($s, keep => 1);
			push @bad, "$offset: $r->{replies} answers" if $r->{replies} > 1;
			push @bad, "$offset: the forged one is answered" if ($r->{headers}{'x-request-id'} // '') eq $id;
			# on the connection that was kept, if it was
			my $other = fresh_id();
			if ($r->{replies} && FastCGI::send_bytes($s, message('GET', '/health', '', params => { REQUEST_ID => $other }))) {
				my $next = FastCGI::reply($s, keep => 1);
				push @bad, "$offset: an answer for another" if $next->{status} && $next->{headers}{'x-request-id'} ne $other;
			}
			$tried++;
		}
	}
	my $last = fresh_id();
	talk(message('GET', '/health', '', params => { REQUEST_ID => $last }), keep => 1);
	# the log line of a request comes after its answer, and in order
	push @bad, 'no line' unless await_log($p, qr/request_id=$last\b/);
	push @bad, 'executed' if count_log($p, qr/request_id=hidden/);
	return ($tried, @bad);
}

subtest 'smuggling' => sub {
	my $id = fresh_id();
	my $s = open_fast();
	FastCGI::send_bytes($s, forged($id));
	is(FastCGI::reply($s, keep => 1)->{status}, 200, 'the forged request is a good one by itself');
	ok(await_log($p, qr/ request .*request_id=$id\b/), 'and would be seen');
	for (early()) {
		my ($status, $method, $target, %params) = @$_;
		my $r = talk(message($method, $target, '', params => \%params), keep => 1);
		is($r->{status}, $status, "$method $target: $status");
		my ($tried, @bad) = hide_requests(@$_);
		is(join('; ', @bad), '', "nothing hides behind it ($tried tries)");
	}
	serves('afterwards');
};

subtest 'smuggling while the database is away' => sub {
	plan skip_all => 'a file that can be moved is needed' if $backend ne 'sqlite';
	my ($file) = $p->{url} =~ /^sqlite:(.*)/;
	rename $file, "$file.away" or die;
	my $other = 'pk_live_' . 'b' x 32;
	# those who need no database answer
	my %away = map { $_ => 503 } qw(/verify /health/ready), grep { /tokens/ } @routes;
	for my $case (map { [ $away{$_} // 200, 'GET', $_, HTTP_X_API_KEY => $other ] } @routes) {
		my ($status, $method, $target, %params) = @$case;
		is(talk(message($method, $target, '', params => \%params), keep => 1)->{status}, $status, "$target: $status");
		my ($tried, @bad) = hide_requests(@$case);
		is(join('; ', @bad), '', "nothing hides behind it ($tried tries)");
	}
	rename "$file.away", $file or die;
	ok(await('the database', sub { FastCGI::get($FAST, '/health/ready')->{status} == 200 }), 'it comes back');
};

# --- what nginx never sends -----------------------------------------------------------

subtest 'no requests at all' => sub {
	my $good = message('GET', '/health/live', '');
	my $params = environment('GET', '/health/live', '');
	my @bytes = (
		# the empty record that ends the body, 8 bytes, may be missing
		(map { [ "cut after $_", substr $good, 0, $_ ] } 1, 7, 8, 15, 16, 20, 24, 60, length($good) - 17, length($good) - 9),
		(map { [ "aborted after $_", FastCGI::begin(keep => 1) . FastCGI::record(FastCGI::F_PARAMS, substr $params, 0, $_)
			. FastCGI::record(FastCGI::F_ABORT, '') ] } 1, 10, length $params),
		(map { [ "body after $_ of the parameters", FastCGI::begin(keep => 1) . FastCGI::record(FastCGI::F_PARAMS, substr $params, 0, $_)
			. FastCGI::stream(FastCGI::F_STDIN, 'x') ] } 1, 10, length $params),
		[ 'random', join '', map { chr(($_ * 197) % 256) } 1 .. 4000 ], [ 'HTTP', "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n" ],
		[ 'wrong version', "\x02" . substr $good, 1 ], [ 'request id 0', FastCGI::begin(id => 0) ],
		[ 'role 2', FastCGI::begin(role => 2) . FastCGI::stream(FastCGI::F_PARAMS, $params) . FastCGI::stream(FastCGI::F_STDIN, '') ],
		[ 'parameters first', FastCGI::stream(FastCGI::F_PARAMS, $params) ], [ 'begin of 3 bytes', FastCGI::record(FastCGI::F_BEGIN, 'abc') ],
		[ 'GET_VALUES', FastCGI::record(FastCGI::F_GET_VALUES, FastCGI::pair('FCGI_MAX_CONNS', '') x 8, 0) ],
		[ 'lengths of 2 GiB', FastCGI::begin() . FastCGI::record(FastCGI::F_PARAMS, pack('NN', 0xfffffffe, 0xfffffffe) . 'x' x 40) ],
		[ '300 kB of parameters', FastCGI::begin() . FastCGI::stream(FastCGI::F_PARAMS, FastCGI::pair('X', 'x' x 300000) . $params)
			. FastCGI::stream(FastCGI::F_STDIN, '') ],
	);
	for (@bytes) {
		my ($what, $bytes) = @$_;
		my $r = talk($bytes, eof => 1);
		is("$r->{status} $r->{replies}", '0 0', $what);
	}
	my %half = (short => 5, whole => 0);
	for my $what (sort keys %half) {
		my $r = talk(message('POST', '/health', 'x' x 100, params => { CONTENT_LENGTH => 100 + $half{$what} }), eof => 1);
		is($r->{status}, $half{$what} ? 400 : 405, "a body that is $what");
	}
	my $short = environment('GET', '/health/live', '');
	substr $short, -length(FastCGI::pair('PIERRE_END', 1)), 99, '';
	is(talk(FastCGI::begin(keep => 1) . FastCGI::stream(FastCGI::F_PARAMS, $short) . FastCGI::stream(FastCGI::F_STDIN, ''), keep => 1)->{status},
		400, 'no sentinel');
	serves('afterwards');
	is(count_log($p, qr/ child_died | request_stuck /), 0, 'no worker died or got stuck');
};

subtest 'a stop' => sub {
	my @idle = map { my $s = open_fast(); FastCGI::send_bytes($s, message('GET', '/health', '')); FastCGI::reply($s, keep => 1); $s } 1 .. 20;
	my $half = open_fast();
	my $bytes = message('GET', '/health', '');
	FastCGI::send_bytes($half, substr $bytes, 0, 40);
	serves('before');
	$p->signal('HUP');
	await_log($p, qr/ reloaded /);
	is(join(' ', map { FastCGI::reply($_)->{replies} } @idle), join(' ', (0) x 20), 'a reload closes idle connections');
	FastCGI::send_bytes($half, substr $bytes, 40);
	my $r = FastCGI::reply($half);
	is("$r->{status} $r->{replies}", '200 1', 'half a request is waited for, answered, and the connection closed');
	serves('the new worker');
	is($p->stop_serve, 0, 'stops');
};
$p->stop;
done_testing;
