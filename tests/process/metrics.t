#!/usr/bin/perl
# /metrics: Prometheus text on a socket of its own, through reloads, beside
# clients that say nothing.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use IO::Socket::UNIX;
use Pierre;
use FastCGI;
use Process qw(await await_log count_log);

my ($backend) = Pierre::backends() or plan skip_all => 'no backend';

sub ask {
	my ($path, $bytes) = @_;
	my $s = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $path) or return '';
	local $SIG{ALRM} = sub { die "no answer within 60 s\n" };
	alarm 60;
	syswrite $s, $bytes;
	my $got = '';
	1 while sysread $s, $got, 65536, length $got;
	alarm 0;
	return $got;
}
# A client that is slow to ask is dropped after half a second, without a word.
sub told { my @what = @_; return await('an answer', sub { ask(@what) }) }
sub page { return told($_[0], "GET /metrics HTTP/1.0\r\n\r\n") }
my $PROCESSES = 'caller 1 fast 2 recorder 1 scheduler 1 slow 2';
sub processes {
	my ($text) = @_;
	my %n;
	$n{$1} += $2 while $text =~ /^pierre_processes\{role="(\w+)",state="\w+"\} (\d+)$/mg;
	return join ' ', map { "$_ $n{$_}" } sort keys %n;
}
sub value { my ($text, $name) = @_; return $text =~ /^\Q$name\E ([\d.]+)$/m ? $1 : undef }

my $p = Pierre->start(backend => $backend, nginx => 0, serve => 0);
my $socket = "$p->{dir}/run/metrics.sock";
$p->{env}{METRICS_SOCKET} = $socket;
$p->serve;
await_log($p, qr/ started /);
ok(await('the socket', sub { -S $socket }, $p), 'there is a socket');
is(sprintf('%03o', (stat $socket)[2] & 0777), '660', 'for its group only');

subtest 'the page' => sub {
	FastCGI::get($p->{fast_socket}, '/health/live') for 1 .. 7;
	FastCGI::get($p->{fast_socket}, '/nowhere') for 1 .. 3;
	FastCGI::get($p->{fast_socket}, '/verify');
	# each is counted after its reply, by a worker of its own
	my %counts = ('health_live",code="2xx' => 7, 'other",code="4xx' => 3, 'verify",code="4xx' => 1);
	for my $of (sort keys %counts) {
		await($of, sub { (value(page($socket), "pierre_requests_total{route=\"$of\"}") // 0) == $counts{$of} }, $p);
	}
	my ($head, $text) = split /\r\n\r\n/, page($socket), 2;
	like($head, qr{^HTTP/1\.0 200 OK\r\n}, 'is answered');
	like($head, qr{^Content-Type: text/plain; version=0\.0\.4; charset=utf-8\r?$}m, 'its type');
	like($head, qr{^Content-Length: ${\ length $text}\r?$}m, 'its length');
	my (%type, @bad);
	for (split /\n/, $text) {
		if (/^# TYPE (\S+) (counter|gauge|histogram)$/) { push @bad, "$1 twice" if $type{$1}++; next }
		next if /^# HELP pierre_\w+ \S.*\.$/;
		my ($name) = /^(pierre_[a-z_]+)(?:\{(?:[a-z]+="[^"\\]*",?)+\})? -?[0-9.]+$/ or push(@bad, $_), next;
		push @bad, "$_ has no type" unless $type{$name} || $type{ $name =~ s/_(bucket|sum|count)$//r };
	}
	is("@bad", '', 'each line is well-formed');
	is(value($text, 'pierre_requests_total{route="health_live",code="2xx"}'), 7, 'requests of a route');
	is(value($text, 'pierre_request_seconds_count{route="health_live"}'), 7, 'timed');
	is(value($text, 'pierre_request_seconds_bucket{route="health_live",le="+Inf"}'), 7, 'in a histogram');
	is(value($text, 'pierre_requests_total{route="verify",code="4xx"}'), 1, 'a refusal');
	is(value($text, 'pierre_refused_missing_total'), 1, 'by its reason');
	unlike($text, qr/code="(?![1-5]xx")/, 'there are five classes of answers');
	is(processes($text), $PROCESSES, 'the processes');
	for my $name (qw(limit_slots limit_slots_used ring_rows leases_total rows_recorded_total recorder_batches_total cache_hits_total process_deaths_total{role="slow"})) {
		ok(defined value($text, "pierre_$name"), "pierre_$name");
	}
	my @le = $text =~ /route="health_live",le="([\d.e-]+)"/g;
	is("@le", join(' ', sort { $a <=> $b } @le), 'buckets in order');
};

subtest 'what else is asked' => sub {
	for my $method (qw(POST PUT OPTIONS TRACE GETS get)) {
		my $r = told($socket, "$method /metrics HTTP/1.0\r\n\r\n");
		like($r, qr{^HTTP/1\.0 405 }, $method);
		like($r, qr{^Allow: GET, HEAD\r$}m, 'which names those that are taken');
	}
	my ($head, $body) = split /\r\n\r\n/, told($socket, "HEAD /metrics HTTP/1.0\r\n\r\n"), 2;
	like($head, qr{^HTTP/1\.0 200 .*^Content-Length: [1-9]\d{3,}\r?$}ms, 'HEAD has the length of the page');
	is($body, '', 'and no body');
	like(told($socket, "GET /metrics?name[]=up HTTP/1.0\r\n\r\n"), qr{^HTTP/1\.0 200 .*^pierre_processes}ms, 'a query is ignored');
	like(told($socket, "GET /metricsx HTTP/1.0\r\n\r\n"), qr{^HTTP/1\.0 404 }, 'a longer path');
	like(told($socket, "GET /other HTTP/1.0\r\n\r\n"), qr{^HTTP/1\.0 404 }, 'another path');
	like(told($socket, "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n"), qr{^HTTP/1\.0 200 }, 'HTTP/1.1');
	is(ask($socket, 'x' x 10000), '', 'no request');
	my @silent = map { IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $socket) } 1 .. 3;
	like(page($socket), qr{^HTTP/1\.0 200 }, 'after three that say nothing');
};

subtest 'reloads' => sub {
	for my $n (1 .. 3) {
		$p->signal('HUP');
		await_log($p, qr/ reloaded /, $n);
		ok(await('the new scheduler', sub { (value(page($socket), 'pierre_generation') // 0) == $n + 1 }, $p),
			"reload $n: the new scheduler answers");
		ok(await('the old ones', sub { processes(page($socket)) eq $PROCESSES }, $p),
			'as many processes as before');
	}
	is(value(page($socket), 'pierre_requests_total{route="health_live",code="2xx"}'), 7, 'counters outlive workers');
};

is($p->stop_serve, 0, 'stops');
ok(!-e $socket, 'the socket is gone');
is_deeply([ glob "$socket*" ], [], 'and nothing is left beside it');

subtest 'a path that cannot be' => sub {
	mkdir $socket or die;
	$p->serve;
	await_log($p, qr/ metrics_off /);
	is(FastCGI::get($p->{fast_socket}, '/health/live')->{status}, 200, 'the service runs without');
	ok(-d $socket, 'what was there stays');
	is($p->stop_serve, 0, 'stops');
};
$p->stop;
done_testing;
