#!/usr/bin/perl
# The service links its audit trail: soon, through kill -9 of the scheduler, and on
# two hosts of one database by one of them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use JSON::PP;
use Time::HiRes qw(sleep);
use FastCGI;
use IO::Socket::UNIX;
use Pierre;
use Process qw(await await_log children count_log);

my $KILLS = $ENV{PIERRE_AUDIT_KILLS} // 5;   # 20 for the long form

sub waiting { return $_[0]->sql('SELECT count(*) FROM audit_pending') }
sub verified {
	my ($p, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $r = $p->cli(qw(audit verify --json));
	is($r->{status}, 0, $name) or diag $r->{out} . $r->{err};
	return decode_json($r->{out});
}
sub metric {
	my ($p, $name) = (@_, 'unlinked_seconds');
	my $s = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $p->{env}{METRICS_SOCKET}) or return '';
	syswrite $s, "GET /metrics HTTP/1.0\r\n\r\n";
	my $got = '';
	1 while sysread $s, $got, 65536, length $got;
	return $got =~ /^pierre_audit_$name ([\d.]+)$/m ? $1 : '';
}
sub register { my ($p, $n) = @_; $p->register_user for 1 .. $n }

sub holder { my ($p) = @_; return $p->sql('SELECT host_id FROM audit_lease') }
sub one_more { my ($p) = @_; $p->cli(qw(user create), 'u' . ++$p->{more} . '@example.org', qw(--password-file -), stdin => "$Pierre::PASSWORD\n") }

# Whoever has the lease links; the other one when that is gone. A host that is late loses it to
# the other one, so who has it is asked. What a host calls itself is seen while it alone runs.
sub two_hosts {
	my ($p) = @_;
	my $q = Pierre->start(backend => 'postgresql', nginx => 0, url => $p->{url}, serve => 0, wait => 0,
		env => { ENCRYPTION_KEY => $p->{env}{ENCRYPTION_KEY} });
	one_more($p);
	await('links', sub { waiting($p) == 0 }, $p);
	my $first = holder($p);
	$q->serve;
	await_log($q, qr/ started /);
	for (1 .. 10) {
		register($p, 2);
		await('links', sub { waiting($p) == 0 }, $p);
	}
	is($p->sql('SELECT count(*) FROM audit_links'), $p->sql('SELECT count(*) FROM audit_events'), 'each event is linked once');
	my ($stopped, $left) = holder($p) eq $first ? ($p, $q) : ($q, $p);
	$stopped->stop_serve;
	one_more($p);
	await('links by the one that is left', sub { waiting($p) == 0 && (holder($p) eq $first) == ($left == $p) }, $left);
	pass('when the holder is gone the other one has the lease, and links');
	$q->stop;
	$p->serve if !$p->{pid};
	await('links', sub { waiting($p) == 0 }, $p);
	is(verified($p, 'verify')->{links}, $p->sql('SELECT count(*) FROM audit_events'), 'each event');
}

for my $backend (Pierre::backends()) {
	my $p = Pierre->start(backend => $backend, serve => 0);
	$p->{env}{METRICS_SOCKET} = "$p->{dir}/run/metrics.sock";
	$p->serve;
	await_log($p, qr/ started /);
	subtest $backend => sub {
		subtest 'linked' => sub {
			register($p, 5);
			await('links', sub { waiting($p) == 0 }, $p);
			is(verified($p, 'verify')->{links}, $p->sql('SELECT count(*) FROM audit_events'), 'each event');
			await('the metric', sub { metric($p) eq '0.000' }, $p);
		};
		subtest 'kill -9 of the scheduler' => sub {
			for (1 .. $KILLS) {
				register($p, 3);
				my %c = children($p);
				kill 'KILL', grep { $c{$_} =~ /^schedule/ } keys %c;
				register($p, 3);
			}
			await('links', sub { waiting($p) == 0 }, $p);
			is(verified($p, 'verify')->{links}, $p->sql('SELECT count(*) FROM audit_events'), 'each event');
		};
		subtest 'two hosts' => sub { two_hosts($p) } if $backend eq 'postgresql';
		subtest 'a chain that was changed' => sub {
			$p->sql("UPDATE audit_heads SET mac = '0000'");
			register($p, 1);
			await_log($p, qr/ audit_chain_broken .*chain=system /);
			await('the metric', sub { metric($p, 'broken_chains') == 1 }, $p);
			is(waiting($p), 1, 'is not gone on from');
			await('the other metric', sub { metric($p) eq '0.000' }, $p);
			my $r = $p->cli(qw(audit verify));
			is($r->{status}, 1, 'and verify says why');
			like($r->{err}, qr/chain system: .*: The head was not written by a service with this ENCRYPTION_KEY/, 'by its chain');
			cmp_ok(count_log($p, qr/ audit_chain_broken /), '==', 1, 'the log says it once');
		};
		subtest 'heads in the log' => sub {
			my $old = '00000000-0000-4000-8000-00000000001d';
			$p->sql("INSERT INTO audit_heads (chain, seq, hash, mac, updated_at) VALUES ('$old', 1, 'x', 'x', '2026-01-01T00:00:00.000Z')");
			my $head = qr/ audit_head .*chain=system seq=\d+ hash=[0-9a-f]{64}/;
			$p->stop_serve;
			my $told = count_log($p, $head);
			$p->serve;
			await_log($p, $head, $told + 1);
			pass('at the start');
			$p->stop_serve;
			is(count_log($p, qr/ audit_head .*chain=$old /), 0, 'of the last hour in which there were any; older ones were told then');
		};
	};
	$p->stop;
}
done_testing;
