#!/usr/bin/perl
# A request that ends its worker. nginx sends it again down each connection that
# it keeps: the worker that gets it next answers 500 and lives. To the question of
# a protected location it says 503, without a body.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use IO::Socket::INET;
use Pierre;
use FastCGI;
use Process qw(await await_log children count_log metric);

my ($backend) = Pierre::backends() or plan skip_all => 'no backend';
plan skip_all => 'a sanitizer has the functions that are preloaded'
	if Pierre::slurp("$Pierre::BUILD/Makefile") =~ /^PIERRE_CFLAGS = .*-fsanitize/m;

my $WORKERS = 8;
my $KEPT = 64;
my $SITE = <<'END';
server {
	listen 127.0.0.1:@SITE_PORT@ backlog=4096;
	include snippets/pierre-locations.conf;
	location /door/ { include snippets/pierre-auth.conf; root @DIR@/nginx; }
}
END

# A service whose workers end as a request says.
sub start {
	my (%env) = @_;
	my $p = Pierre->start(backend => $backend, site => $SITE, serve => 0);
	my $shim = "$p->{dir}/crash.so";
	system($ENV{CC} // 'cc', qw(-shared -fPIC -O0 -w -o), $shim, "$Pierre::SOURCE/tests/support/crash.c") == 0
		or die "no preload\n";
	%{ $p->{env} } = (%{ $p->{env} }, WORKERS => $WORKERS, LD_PRELOAD => $shim,
		METRICS_SOCKET => "$p->{dir}/run/metrics.sock", %env);
	$p->serve;
	await_log($p, qr/ started /);
	return $p;
}

sub fast { my ($p) = @_; my %c = children($p); return grep { $c{$_} =~ /^fast/ } keys %c }

# Connections of nginx to the fast pool: 03 are accepted, 02 wait to be.
# Num RefCount Protocol Flags Type St Inode Path
sub connections { my ($p, $state) = @_; return scalar(() = Pierre::slurp('/proc/net/unix') =~ m{ 0001 $state +\d+ \Q$p->{fast_socket}\E$}mg) }

# nginx keeps $KEPT connections, as many to each worker. While all workers stand
# still, requests are each on a connection of their own; one worker takes those
# that are new.
sub keep_connections {
	my ($p) = @_;
	await('all workers', sub { fast($p) == $WORKERS });
	my @workers = fast($p);
	for my $i (0 .. $#workers) {
		kill 'STOP', @workers;
		my $n = ($i + 1) * $KEPT / $WORKERS;
		my @clients = map { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $p->{site}{port}) or die "connect: $!" } 1 .. $n;
		syswrite $_, "GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" for @clients;
		await("$n connections", sub { connections($p, '0[23]') >= $n });
		kill 'CONT', $workers[$i];
		await('one worker to take the new ones', sub { connections($p, '02') == 0 });
		kill 'CONT', @workers;
		for my $s (@clients) { local $/; readline $s }
	}
}

# way => what is asked for, and the status of its answer
my @ways = ([ segv => '/verify', 500 ], [ abort => '/verify', 500 ], [ stack => '/verify', 500 ], [ segv => '/door/', 503 ]);
for (@ways) {
	my ($way, $target, $status) = @$_;
	subtest "a request that ends its worker: $way at $target" => sub {
		my $p = start();
		for my $round (1, 2) {
			keep_connections($p);
			my $kept = connections($p, '03');
			cmp_ok($kept, '>=', $KEPT - 8, "$kept kept connections");
			my $before = count_log($p, qr/ child_died /);
			my $r = $p->{site}->get($target, token => "crash-$way");
			is($r->{status}, $status, "is answered $status in the end");
			like($r->{json}{detail}, qr/The log says why/, 'in the words of Pierre, not of nginx') if $status == 503;
			my $id = $r->{headers}{'x-request-id'};
			ok(await_log($p, qr/ error request_failed .* status=500 .*error="A process ended at the request $id: /), 'the log says why');
			await_log($p, qr/ child_died .*role=fast .*request_id=$id /);
			my $died = count_log($p, qr/ child_died /) - $before;
			cmp_ok($died, '<=', 2, "$died of $WORKERS workers died");
			is($p->{site}->get('/version')->{status}, 200, 'others are served');
		}
		# each after its line
		await('the count of deaths', sub { metric($p, 'pierre_process_deaths_total{role="fast"}') == count_log($p, qr/ child_died .*role=fast /) }, $p);
		pass('deaths are counted');
		is($p->stop_serve, 0, 'stops');
		$p->stop;
	};
}

subtest 'a request that the master kills its worker for' => sub {
	my $p = start(REQUEST_DEADLINE_MS => 5000);
	keep_connections($p);
	my $r = $p->{site}->get('/verify', token => 'hang');
	is($r->{status}, 500, 'is answered 500 in the end');
	is(count_log($p, qr/ request_stuck /), 1, 'and kills one');
	ok(await_log($p, qr/ error request_failed .*error="A process ended at the request $r->{headers}{'x-request-id'}: /), 'the log says why');
	is($p->stop_serve, 0, 'stops');
	$p->stop;
};

done_testing;
