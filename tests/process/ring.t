#!/usr/bin/perl
# A usage ring that fills, because nothing can be written down: requests are
# refused and not charged, until it can be again. The limit is reached exactly.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use FastCGI;
use Limit qw(limited_key mid_month);
use Process qw(await count_log hold_usage metric);
use Ledger qw(recorded);

my $RING = 8192;           # RING_ROWS
my $LIMIT = $RING + 300;

for my $backend (Pierre::backends()) {
	subtest $backend => sub {
		my $p = Pierre->start(backend => $backend, serve => 0, env => { WORKERS => 1, PIERRE_CLOCK_OFFSET => mid_month() });
		$p->{env}{METRICS_SOCKET} = "$p->{dir}/run/metrics.sock";
		$p->serve;
		my $key = limited_key($p, $p->approved_user, $LIMIT, 'month')->{api_key};
		my ($conn, %n);
		my $verify = sub {
			$conn //= FastCGI::open_socket($p->{fast_socket}) // die "connect: $!";
			FastCGI::send_bytes($conn, FastCGI::message('GET', '/verify', '', keep => 1, params => { HTTP_X_API_KEY => $key }));
			my $r = FastCGI::reply($conn, keep => 1);
			$n{ $r->{status} }++;
			return $r;
		};
		is($verify->()->{status}, 200, 'a request');
		await('its row', sub { 1 == (() = recorded($p)) }, $p);

		my $release = hold_usage($p);
		# a disk that stands still can refuse a lease meanwhile, which is not charged either
		for (my $odd = 0; $n{200} <= $RING && $odd < 50;) { $odd++ if $verify->()->{status} != 200 }
		is($n{200}, 1 + $RING, 'as many as the ring has places') or diag explain(\%n), $p->log;
		while (metric($p, 'pierre_ring_full_total') < 5) {
			my $r = $verify->();
			is("$r->{status} " . ($r->{headers}{'retry-after'} // ''), '503 1', 'refused, with Retry-After') or last;
			like($r->{body}, qr/"code":"ResourceUnavailable"/, 'with a problem body');
		}
		is(FastCGI::get($p->{fast_socket}, '/health/live')->{status}, 200, 'what needs no row is answered');
		is(metric($p, 'pierre_ring_rows_most'), $RING, '/metrics: a full ring');
		is(metric($p, 'pierre_refused_unavailable_total'), $n{503}, 'and those that were refused');

		$release->();
		await('a place', sub { $verify->()->{status} != 503 }, $p);
		for (1 .. $LIMIT) { last if $verify->()->{status} == 429 }
		is($n{200}, $LIMIT, 'as many as the limit allows: those that were refused were not charged');
		is($p->stop_serve, 0, 'stops');
		is(scalar(() = recorded($p)), $LIMIT, 'each one is a row');
		is(count_log($p, qr/ child_died /), 0, 'nobody had to be killed');
		$p->stop;
	};
}

done_testing;
