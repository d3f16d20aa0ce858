#!/usr/bin/perl
# FastCGI as no nginx sends it: cut short, forged, malformed. Nothing of it may
# be executed, and the service goes on. (R1, R2, R3, R24)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use FastCGI;
use Process qw(await becomes_ready await_log count_log children lines_of);

my ($backend) = Pierre::backends() or plan skip_all => 'no backend';
my $p = Pierre->start(backend => $backend, nginx => 0);
await_log($p, qr/ started /);
my $SLOW = $p->{slow_socket};
my $users = 0;

sub body { return sprintf '{"email":"u%d@example.org","password":"correct horse battery","display_name":"U"}', ++$users }
sub stored { return $p->sql('SELECT count(*) FROM users') }
sub message { my ($body, %o) = @_; return FastCGI::message('POST', '/api/auth/register', $body, %o) }

# Send bytes, end the stream (unless held open), read what comes.
sub send_all {
	my ($bytes, %o) = @_;
	my $s = FastCGI::open_socket($o{path} // $SLOW) // die "connect: $!";
	FastCGI::send_bytes($s, $bytes);
	shutdown $s, 1 if $o{eof} // 1;
	return FastCGI::reply($s);
}

sub serves {
	my ($what) = @_;
	becomes_ready($_, "$what: $_ serves") for $p->{fast_socket}, $SLOW;
}

is(FastCGI::request($SLOW, 'POST', '/api/auth/register', body())->{status}, 201, 'a whole request is executed');
my $known = stored();
is($known, 1, 'and stored');

subtest 'cut inside the parameters' => sub {
	my $params = FastCGI::environment('POST', '/api/auth/register', body());
	my $whole = FastCGI::record(FastCGI::F_PARAMS, $params);
	for my $cut (9, 40, int(length($whole) / 2), length($whole) - 30, length $whole) {
		my $begun = FastCGI::begin() . substr $whole, 0, $cut;
		is(send_all($begun)->{status}, 0, "end of file after $cut bytes: no answer");
	}
	for my $n (0, 10, 60, length($params) - 1, length $params) {
		my $r = send_all(FastCGI::begin() . FastCGI::record(FastCGI::F_PARAMS, substr $params, 0, $n || 1)
			. FastCGI::record(FastCGI::F_ABORT, ''), eof => 0);
		cmp_ok($r->{status}, '!=', 201, "aborted after $n bytes: not executed");
		$r = send_all(FastCGI::begin() . FastCGI::record(FastCGI::F_PARAMS, substr $params, 0, $n || 1)
			. FastCGI::stream(FastCGI::F_STDIN, body()), eof => 0);
		cmp_ok($r->{status}, '!=', 201, "body record after $n bytes: not executed");
	}
	is(stored(), $known, 'nothing was stored');
	serves('afterwards');
};

subtest 'incomplete environments' => sub {
	my @bad = (
		[ 'no method', REQUEST_METHOD => undef ], [ 'no URI', REQUEST_URI => undef ],
		[ 'no protocol', SERVER_PROTOCOL => undef ],
		[ 'length not a number', CONTENT_LENGTH => '1x' ],
		[ 'negative length', CONTENT_LENGTH => '-1' ],
		[ 'huge length', CONTENT_LENGTH => '99999999999999999999' ],
	);
	for (@bad) {
		my ($what, %over) = @$_;
		my $r = send_all(message(body(), params => \%over));
		ok($r->{status} >= 400 || $r->{status} == 0, "$what: $r->{status}");
	}
	my $text = body();
	my $params = FastCGI::environment('POST', '/api/auth/register', $text);
	substr $params, -length(FastCGI::pair('PIERRE_END', 1)), 99, '';
	my $r = send_all(FastCGI::begin() . FastCGI::stream(FastCGI::F_PARAMS, $params) . FastCGI::stream(FastCGI::F_STDIN, $text));
	is($r->{status}, 400, 'no sentinel');
	for my $role (2, 3) {
		cmp_ok(send_all(message(body(), role => $role))->{status}, '!=', 201, "role $role");
	}
	is(stored(), $known, 'nothing was stored');
	serves('afterwards');
};

subtest 'bodies that are not what CONTENT_LENGTH says' => sub {
	my $text = body();
	my $start = sub {
		my ($length) = @_;
		return FastCGI::begin() . FastCGI::stream(FastCGI::F_PARAMS,
			FastCGI::environment('POST', '/api/auth/register', $text, CONTENT_LENGTH => $length));
	};
	is(send_all($start->(length($text) + 5) . FastCGI::stream(FastCGI::F_STDIN, $text))->{status}, 400, 'short by 5');
	is(send_all($start->(100) . FastCGI::stream(FastCGI::F_STDIN, '{"a":'))->{status}, 400, '5 of 100');
	is(send_all($start->(length($text) - 1) . FastCGI::stream(FastCGI::F_STDIN, $text))->{status}, 400, 'long by 1');
	is(send_all($start->('') . FastCGI::stream(FastCGI::F_STDIN, $text))->{status} == 201 ? 'executed' : 'refused',
		'refused', 'a body without a length');
	my $half = FastCGI::record(FastCGI::F_STDIN, substr $text, 0, 20);
	cmp_ok(send_all($start->(length $text) . $half)->{status}, '!=', 201, 'end of file in the body');
	cmp_ok(send_all($start->(length $text) . $half . FastCGI::record(FastCGI::F_ABORT, ''))->{status}, '!=', 201,
		'aborted in the body');
	cmp_ok(send_all($start->(length $text) . FastCGI::record(FastCGI::F_STDIN, $text)
		. FastCGI::record(FastCGI::F_ABORT, ''))->{status}, '!=', 201, 'aborted after the body');
	is(stored(), $known, 'nothing was stored');
	serves('afterwards');
};

# The answer goes out before the body was read: its bytes must never become
# a request, kept connection or not.
subtest 'early replies and a forged request in the body' => sub {
	my $forged = FastCGI::message('POST', '/api/auth/register', body(), keep => 1);
	my @early = ([ 'too large', '/api/auth/register', 413 ], [ 'not found', '/nowhere', 404 ],
		[ 'no credential', '/api/keys', 401 ], [ 'wrong method', '/health/live', 405 ]);
	my $tried = 0;
	for my $early (@early) {
		my ($what, $target) = @$early;
		for my $offset (map { 8192 - 8 * $_ } 0 .. 15) {
			# a sled of records that mean nothing leads to the forged one
			my $sled = FastCGI::record(99, 'x' x 8) x 64;
			my $content = 'A' x $offset . $sled . $forged . 'A' x 60000;
			for my $raw (0, 1) {
				my $bytes = FastCGI::begin(keep => 1) . FastCGI::stream(FastCGI::F_PARAMS,
					FastCGI::environment('POST', $target, $content));
				$bytes .= $raw ? $content : FastCGI::stream(FastCGI::F_STDIN, $content);
				my $r = send_all($bytes, eof => 0);
				$tried++;
				fail("$what, offset $offset: $r->{replies} answers") if $r->{replies} > 1;
				fail("$what: the forged request was answered") if $r->{status} == 201;
			}
		}
	}
	is($tried, 4 * 16 * 2, "$tried tries");
	is(stored(), $known, 'nothing was executed');
	# straight after the request, without the body that was announced
	my $r = send_all(FastCGI::begin(keep => 1) . FastCGI::stream(FastCGI::F_PARAMS,
		FastCGI::environment('POST', '/nowhere', 'A' x 70000)) . $forged, eof => 0);
	cmp_ok($r->{replies}, '<=', 1, 'one answer at most');
	is(stored(), $known, 'nothing was executed');
	serves('afterwards');
};

subtest 'a kept connection is closed' => sub {
	my $s = FastCGI::open_socket($SLOW);
	FastCGI::send_bytes($s, FastCGI::message('GET', '/health/live', '', keep => 1)
		. FastCGI::message('POST', '/api/auth/register', body(), keep => 1));
	my $r = FastCGI::reply($s);
	is("$r->{status} $r->{replies}", '200 1', 'one answer, then closed');
	is(stored(), $known, 'the second request was not executed');
};

subtest 'records that mean nothing' => sub {
	my @bytes = (
		[ 'random', join '', map { chr(($_ * 197) % 256) } 1 .. 4000 ],
		[ 'HTTP', "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n" ],
		[ 'TLS', "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" . 'x' x 500 ],
		[ 'wrong version', "\x02" . substr message(body()), 1 ],
		[ 'request id 0', FastCGI::begin(id => 0) ],
		[ 'parameters first', FastCGI::stream(FastCGI::F_PARAMS, FastCGI::environment('GET', '/', '')) ],
		[ 'begin of 3 bytes', FastCGI::record(FastCGI::F_BEGIN, 'abc') ],
		[ 'GET_VALUES, 8 times one name', FastCGI::record(FastCGI::F_GET_VALUES,
			FastCGI::pair('FCGI_MAX_CONNS', '') x 8, 0) ],
		[ 'lengths of 2 GiB', FastCGI::begin() . FastCGI::record(FastCGI::F_PARAMS,
			pack('NN', 0xfffffffe, 0xfffffffe) . 'x' x 40) ],
		[ '5 bytes of a header', "\1\1\0\1\0" ],
		[ '200 parameters', FastCGI::begin() . FastCGI::stream(FastCGI::F_PARAMS, join('', map { FastCGI::pair("X$_", 1) } 1 .. 200)
			. FastCGI::environment('GET', '/health/live', '')) . FastCGI::stream(FastCGI::F_STDIN, '') ],
		[ '100 kB of parameters', FastCGI::begin() . FastCGI::stream(FastCGI::F_PARAMS, FastCGI::pair('X', 'x' x 100000)
			. FastCGI::environment('GET', '/health/live', '')) . FastCGI::stream(FastCGI::F_STDIN, '') ],
	);
	for (@bytes) {
		my ($what, $bytes) = @$_;
		cmp_ok(send_all($bytes)->{status}, '!=', 200, $what);
	}
	serves('afterwards');
	is(stored(), $known, 'nothing was stored');
};

subtest 'silent connections hold nobody for long' => sub {
	my @silent = map { FastCGI::open_socket($SLOW) } 1 .. 4;
	FastCGI::send_bytes($silent[0], "\1\1\0");
	is(FastCGI::get($SLOW, '/health/live')->{status}, 200, 'both workers come back');
};

my ($died) = (count_log($p, qr/ request_stuck /));
is($died, 0, 'no worker got stuck');
is($p->stop_serve, 0, 'stops');
$p->stop;
done_testing;
