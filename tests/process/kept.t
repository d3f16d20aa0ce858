#!/usr/bin/perl
# Kept connections between nginx and the fast pool: bodies that hide requests,
# reloads under load, and many clients at once. Each client is counted by
# itself: a mean hides those who get nothing.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use FastCGI;
use Kept qw(text answer);
use Limit qw(limited_key);
use Process qw(await_log count_log start_load stop_load);

my $SITE = <<'END';
server {
	listen 127.0.0.1:@SITE_PORT@ backlog=4096;
	keepalive_requests 1000000;
	include snippets/pierre-locations.conf;
}
END
my @routes = Pierre::fast_routes();

my ($backend) = Pierre::backends() or plan skip_all => 'no backend';
my $p = Pierre->start(backend => $backend, site => $SITE, nginx_errors => 1, env => { LOG_LEVEL => 'debug' });
my $port = $p->{site}{port};
my $user = $p->approved_user;
$p->sql("UPDATE users SET tier = 'enterprise' WHERE id = '$user->{user_id}'");   # no limit
my $key = $p->new_key($user)->{api_key};

sub connected { return Kept::connected($port, @_) }

# R1: one offset puts the hidden request where libfcgi's second read begins.
subtest 'a request in a body is not executed' => sub {
	my $spent = limited_key($p, $p->approved_user, 1, 'month')->{api_key};
	$p->expect(200, $p->get('/verify', headers => { 'X-API-Key' => $spent }));
	my $direct = FastCGI::request($p->{fast_socket}, 'GET', '/verify', '', keep => 1,
		params => { HTTP_X_API_KEY => $key, REQUEST_ID => 'forged-seen' });
	is($direct->{status}, 200, 'the hidden request is a good one by itself');
	ok(await_log($p, qr/ request .*request_id=forged-seen/), 'and would be seen');
	# one of FastCGI, and one of HTTP
	my $hidden = FastCGI::message('GET', '/verify', '', keep => 1, params => { HTTP_X_API_KEY => $key, REQUEST_ID => 'forged-hidden' })
		. text('GET', '/verify', '', 'X-API-Key' => $key);
	# nginx splits a body that is longer than its buffer
	my @offsets = (7000 .. 8192, 15900 .. 16000, 40000);
	my $live = FastCGI::get($p->{fast_socket}, '/health/live')->{body};
	my %own = ('no key' => 401, 'a good key' => 200, 'a spent key' => 429);   # a GET's body is not looked at
	my $let_through = 0;
	for my $target (@routes) {
		for my $with ([ 'no key' ], [ 'a good key', $key ], [ 'a spent key', $spent ]) {
			my ($name, $credential) = @$with;
			next if $credential && $target ne '/verify';
			my %h = $credential ? ('X-API-Key' => $credential) : ();
			my ($s, $other, %status, @bad) = (connected(), connected());
			for my $method (qw(PUT GET)) {
				for my $offset ($method eq 'PUT' ? @offsets : grep { $_ % 5 == 0 } @offsets) {
					syswrite $s, text($method, $target, 'A' x $offset . $hidden, %h);
					my ($status) = answer($s);
					$status{$status}++;
					$s = connected() if !$status;
					next if $offset % 25;
					# another client, on the connection that nginx used last, gets an answer of his own
					syswrite $other, text('GET', '/health/live', '');
					my ($next, undef, $body) = answer($other);
					push @bad, "$method $offset: $next $body" if $next != 200 || $body ne $live;
				}
			}
			# a PUT of tokens goes to the slow pool, which asks for a credential first
			my @own = $target eq '/verify' ? ($own{$name}, 405) : $target =~ /tokens/ ? 401 : (200, 405);
			is(join(' ', sort keys %status), join(' ', sort @own, 413), "$target with $name: its own answer");
			$let_through += $status{200} // 0 if $target eq '/verify';
			is("@bad", '', "$target with $name: the next request is answered");
		}
	}
	is(count_log($p, qr/request_id=forged-hidden/), 0, 'none was executed');
	is(count_log($p, qr/ request .*path=\/verify .*status=200/), 2 + $let_through, 'nor any as HTTP');
	is(count_log($p, qr/ child_died | request_stuck /), 0, 'no worker died or got stuck');
};

subtest 'refusals leave a good connection' => sub {
	my $s = connected();
	my @asked = (([ 401, '/verify' ], [ 200, '/verify', 'X-API-Key' => $key ], [ 422, '/health?x=1' ],
		[ 401, '/verify', 'X-API-Key' => 'pk_live_' . 'c' x 32 ], [ 200, '/version' ]) x 20);
	my @got = map { my ($due, $target, %h) = @$_; syswrite $s, text('GET', $target, '', %h); my ($status) = answer($s); $status } @asked;
	is("@got", join(' ', map { $_->[0] } @asked), '100 requests of all kinds, each with its own answer');
};

subtest '50 reloads under load' => sub {
	$p->stop_serve;
	$p->{env}{LOG_LEVEL} = 'info';   # not a line for each request
	$p->serve;
	my $before = count_log($p, qr/ reloaded /);
	my $load = start_load(8, sub {
		my ($i) = @_;
		our $s;
		$s //= connected();
		my ($method, $target, $due, %h) = $i % 2 ? ('GET', '/verify', 200, 'X-API-Key' => $key) :
			$i ? ('GET', $routes[$i / 2 - 1], 200) : ('POST', '/verify', 405);
		syswrite $s, text($method, $target, '', %h);
		my ($status, undef, $body) = answer($s);
		undef $s if !$status;
		return $status == $due ? '' : "$method $target: status $status $body";
	});
	for my $n (1 .. 50) {
		$p->signal('HUP');
		await_log($p, qr/ reloaded /, $before + $n);
	}
	my ($served, $failed) = stop_load($load);
	is("@$failed", '', "no request failed of $served");
	is(count_log($p, qr/ child_died /), 0, 'no child died');
};

# 8 processes with 64 connections each, all of them asked at once, again and again.
subtest '512 clients' => sub {
	my $rounds = 20;
	my $load = start_load(8, sub {
		my ($i) = @_;
		my @clients = map { connected("127.0.1.$i") } 1 .. 64;
		my ($none, $wrong) = (0, 0);
		for (1 .. $rounds) {
			syswrite $_, text('GET', '/verify', '', 'X-API-Key' => $key) for @clients;
			for my $s (@clients) {
				my ($status) = answer($s);
				$none++ if !$status;
				$wrong++ if $status && $status != 200;
			}
		}
		return $none + $wrong ? "$none without an answer, $wrong not 200" : '';
	});
	my ($served, $failed) = stop_load($load);
	is("@$failed", '', "each of 512 clients had $rounds answers, $served times");
	cmp_ok($served, '>=', 8, 'each process of them');
	unlike($p->nginx_log, qr/worker_connections are not enough|Resource temporarily unavailable/, 'nginx never ran out');
};

is($p->stop_serve, 0, 'stops');
$p->stop;
done_testing;
