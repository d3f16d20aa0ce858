#!/usr/bin/perl
# USAGE_DURABILITY=sync: who is let through has his row in the database by the
# time he hears of it; many wait for one COMMIT; and nobody waits for ever.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Time::HiRes qw(sleep time);
use Pierre;
use FastCGI;
use Process qw(alive await await_log count_log children start_load stop_load hold_usage metric);
use Ledger qw(recorded);

my $LATE_MS = 3000;

# Direct FastCGI; the key has no limit that a test here reaches.
sub start {
	my ($backend, %env) = @_;
	my $p = Pierre->start(backend => $backend, serve => 0, env => { USAGE_DURABILITY => 'sync', WORKERS => 2,
		# who is parked waits longer than all that is looked at meanwhile takes
		DATABASE_TIMEOUT_MS => 60000, REQUEST_DEADLINE_MS => 120000, STOP_TIMEOUT_MS => 60000, %env });
	$p->{env}{METRICS_SOCKET} = "$p->{dir}/run/metrics.sock";
	$p->serve;
	my $user = $p->approved_user;
	$p->sql("UPDATE users SET tier = 'enterprise' WHERE id = '$user->{user_id}'");
	$p->{key} = $p->new_key($user);
	is(verify($p, id('first'))->{status}, 200, 'the month is made') or diag $p->log;
	return $p;
}

my $number = 0;
# under 20 characters: a longer one has the shape of a secret, and is replaced
sub id { return sprintf '%.6s-%x-%x', $_[0], $$, ++$number }
sub params { my ($p, $id) = @_; return { REQUEST_ID => $id, HTTP_X_API_KEY => $p->{key}{api_key}, PIERRE_ROUTE => 'sync',
	HTTP_ORIGIN => 'https://app.example.org' } }
sub verify {
	my ($p, $id, %more) = @_;
	return FastCGI::get($p->{fast_socket}, '/verify', params => { %{ params($p, $id) }, %more });
}
# Sent, and not waited for.
sub ask {
	my ($p, $id, %o) = @_;
	my $s = FastCGI::open_socket($p->{fast_socket}) // die "connect: $!";
	FastCGI::send_bytes($s, FastCGI::message('GET', '/verify', '', %o, params => params($p, $id))) or die "send: $!";
	return $s;
}
sub recorder { my ($p) = @_; my %c = children($p); return (grep { $c{$_} =~ /^recorder/ } sort { $b <=> $a } keys %c)[0] }
sub waiting { my ($p) = @_; return metric($p, 'pierre_ring_rows') }
sub has { my ($p, $id) = @_; return scalar grep { $_ eq $id } recorded($p) }

for my $backend (Pierre::backends()) {
	subtest "$backend: a row before the answer" => sub {
		my $p = start($backend);
		my @bad;
		for (1 .. 15) {
			my $id = id('single');
			my $r = verify($p, $id);
			push @bad, "$r->{status} $id" unless $r->{status} == 200 && has($p, $id);
		}
		is("@bad", '', 'each of 15 is there when it is answered');
		my $id = id('snippet');
		is(verify($p, $id, PIERRE_SUBREQUEST => 1, ORIGINAL_URI => '/x', ORIGINAL_METHOD => 'GET')->{status}, 204, 'the snippet asks');
		ok(has($p, $id), 'and is written down');
		is(FastCGI::get($p->{slow_socket}, '/verify', params => params($p, $id = id('slow')))->{status}, 200, 'through the slow pool');
		ok(has($p, $id), 'too');
		is(FastCGI::get($p->{fast_socket}, '/verify', params => { HTTP_X_API_KEY => 'pk_live_' . 'x' x 32 })->{status}, 401, 'a refusal needs no row');
		my $before = metric($p, 'pierre_recorder_batches_total');
		my $load = start_load(8, sub {
			for (1, 2) {
				my @s = map { my $id = id('many'); [ ask($p, $id), $id ] } 1 .. 8;
				my @got = map { [ FastCGI::reply($_->[0])->{status}, $_->[1] ] } @s;
				my %there = map { $_ => 1 } recorded($p);
				for (@got) { return "$_->[0] $_->[1]" unless $_->[0] == 200 && $there{ $_->[1] } }
			}
			return '';
		});
		my ($served, $failed) = stop_load($load);
		is("@$failed", '', 'from 64 clients at once, too');
		my ($requests, $batches) = (16 * $served, metric($p, 'pierre_recorder_batches_total') - $before);
		cmp_ok($batches, '<', $requests, "$requests requests shared $batches commits");
		is($p->stop_serve, 0, 'stops');
		$p->stop;
	};

	subtest "$backend: while the month cannot be written" => sub {
		my $p = start($backend);
		my $release = hold_usage($p);
		my @ids = map { id('parked') } 1 .. 20;
		my @parked = map { ask($p, $_) } @ids;
		await('20 rows that wait', sub { waiting($p) == 20 }, $p);
		is(FastCGI::get($p->{fast_socket}, '/health/live')->{status}, 200, 'others are answered meanwhile');
		is(FastCGI::get($p->{fast_socket}, '/verify')->{status}, 401, 'refusals too');
		my $ready = '';
		vec($ready, fileno $_, 1) = 1 for @parked;
		is(select(my $seen = $ready, undef, undef, 0), 0, 'none of the 20 is');
		close shift @parked;   # a client that does not wait
		# one that says already what it wants next, and one that has said all
		FastCGI::send_bytes($parked[0], FastCGI::message('GET', '/health/live', ''));
		shutdown $parked[0], 1;
		my $kept = ask($p, id('kept'), keep => 1);
		await('its row', sub { waiting($p) == 21 }, $p);
		FastCGI::send_bytes($kept, FastCGI::message('GET', '/version', ''));
		my $killed = recorder($p);
		kill 'KILL', $killed;
		await('another recorder', sub { my $new = recorder($p); $new && $new != $killed }, $p);
		$release->();
		is(join(' ', map { FastCGI::reply($_)->{status} } @parked), join(' ', (200) x 19), 'then all are answered, also after kill -9 of the recorder');
		my $both = FastCGI::reply($kept);
		is("$both->{status} $both->{replies}", '200 2', 'on a kept connection, and what came meanwhile is the next request');
		my @rows = grep { /^parked/ } recorded($p);
		is_deeply(\@rows, [ sort @ids ], 'one row each, also of the client that went away');
		is($p->stop_serve, 0, 'stops');
		$p->stop;
	};

	subtest "$backend: stop and reload" => sub {
		my $p = start($backend);
		for my $how (qw(HUP TERM)) {
			my $release = hold_usage($p);
			my @parked = map { ask($p, id($how), keep => 1) } 1 .. 10;
			await('10 rows that wait', sub { waiting($p) == 10 }, $p);
			$p->signal($how);
			await_log($p, $how eq 'HUP' ? qr/ reloaded / : qr/ stopping /);
			$release->();
			is(join(' ', map { FastCGI::reply($_)->{status} } @parked), join(' ', (200) x 10), "$how: parked requests are answered");
		}
		await('the end', sub { !$p->running });
		is($p->{status}, 0, 'stops');
		is(scalar(() = recorded($p)), 21, 'and are written down');
		is(count_log($p, qr/ child_died /), 0, 'nobody had to be killed');
		$p->stop;
	};

	subtest "$backend: kill -9 of the master" => sub {
		my $p = start($backend);
		my $s = ask($p, id('before'), keep => 1);
		is(FastCGI::reply($s, keep => 1)->{status}, 200, 'a connection that is kept');
		my $bytes = FastCGI::message('GET', '/verify', '', params => params($p, id('orphan')));
		FastCGI::send_bytes($s, substr $bytes, 0, 50);
		my @pids = $p->workers;
		my %name = children($p);
		my ($scheduler) = grep { $name{$_} =~ /^schedule/ } @pids;
		kill 'KILL', $p->{pid};
		# a busy machine may need longer for it than half a request is waited for (5 s), or a
		# key is taken from the cache without it (3 s)
		my $until = time + 1;
		sleep 0.01 while time < $until && ($p->running || alive($scheduler));
		FastCGI::send_bytes($s, substr $bytes, 50);
		my $r = FastCGI::reply($s);
		is($r->{status}, 200, 'a request under way is written down and answered') or diag($r->{body}, $p->log);
		await('the children to be gone', sub { !grep { alive($_) } @pids });
		is(scalar(() = recorded($p)), 3, 'its row is there');
		$p->stop;
	};

	subtest "$backend: a commit that does not come" => sub {
		my $p = start($backend, WORKERS => 1, CORS_ORIGINS => 'https://app.example.org');
		# not for what comes before: logins, and the row that makes the month
		$p->stop_serve;
		$p->{env}{DATABASE_TIMEOUT_MS} = $LATE_MS;
		$p->serve;
		my $release = hold_usage($p);
		my @parked = map { ask($p, id('late')) } 1 .. 5;
		for (@parked) {
			my $r = FastCGI::reply($_);
			is("$r->{status} " . ($r->{headers}{'retry-after'} // ''), '503 1', 'refused in the end, with Retry-After');
			is($r->{headers}{'access-control-allow-origin'}, 'https://app.example.org', 'which a web page can read');
		}
		my $rows = waiting($p);
		my $r = verify($p, id('never'));
		is($r->{status}, 503, 'from then on at once');
		$r = verify($p, id('never'), PIERRE_SUBREQUEST => 1, ORIGINAL_URI => '/x', ORIGINAL_METHOD => 'GET');
		is("$r->{status} $r->{headers}{'x-pierre-status'}", '403 503', 'the snippet too');
		is(waiting($p), $rows, 'without a row');
		is(count_log($p, qr/ usage_late /), 1, 'the log says it once');
		$release->();
		await('requests are let through again', sub { verify($p, id('again'))->{status} == 200 }, $p);
		await_log($p, qr/ usage_commits /);
		my @rows = recorded($p);
		is(scalar(grep { /^late/ } @rows), 5, 'the rows of those that were refused late are there: they stay charged');
		is(scalar(grep { /^never/ } @rows), 0, 'of those that were refused at once there is none');
		is($p->stop_serve, 0, 'stops');
		$p->stop;
	};
}

done_testing;
