#!/usr/bin/perl
# Nothing lost and nothing twice: clients on kept connections write down each
# request id that was answered 200, while kill -9 takes a worker, the recorder or
# the master, again and again and over the end of a month. Then every such id is
# one row, repeats of it dropped; a row without an answer is one that a
# killed worker held; and the counters say what the rows say.
#
# PIERRE_KILLS=N kills N times on each backend (100); PIERRE_SEED=N repeats the
# order in which a run, which prints its seed, chose whom to kill.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use POSIX qw(strftime);
use Test::More;
use Time::HiRes qw(sleep time);
use Time::Local qw(timegm);
use Pierre;
use FastCGI;
use Ledger qw(missing);
use Limit qw(offset_to);
use Process qw(await alive children count_log);

my $KILLS = $ENV{PIERRE_KILLS} // 100;
my $SEED = $ENV{PIERRE_SEED} // time % 1000000;
my $EDGE = timegm(0, 0, 0, 1, 1, 2031);
my ($CLIENTS, $KEYS) = (8, 3);
my $PER_KILL = 0.12;   # seconds, about; for the moment of the edge only

# Ready an hour before the edge; then so many seconds before it, and what a start and the
# clients' first requests take on this machine now.
sub start {
	my ($backend, $durability, $seconds) = @_;
	my $begin = time;
	my $p = Pierre->start(backend => $backend, env => { WORKERS => 4, ACCESS_TOKEN_TTL => 86400,
		USAGE_DURABILITY => $durability, PIERRE_CLOCK_OFFSET => offset_to($EDGE - 3600) });
	my $slack = 6 + 2 * (time - $begin);
	$p->{user} = $p->approved_user;
	$p->sql("UPDATE users SET tier = 'enterprise' WHERE id = '$p->{user}{user_id}'");   # no limit
	$p->{keys} = [ map { $p->new_key($p->{user}) } 1 .. $KEYS ];
	$p->stop_serve;
	$p->{env}{PIERRE_CLOCK_OFFSET} = offset_to($EDGE - $seconds - $slack);
	$p->serve;
	return $p;
}

# --- killing ------------------------------------------------------------------------

# Connections that a process of the fast pool holds; it must stand still.
sub connections {
	my ($p, $pid) = @_;
	# St 03
	my %connected = map { $_ => 1 } Pierre::slurp('/proc/net/unix') =~ m{^\S+ \S+ \S+ \S+ \S+ 03 +(\d+) \Q$p->{fast_socket}\E$}mg;
	return scalar grep { (readlink($_) // '') =~ /^socket:\[(\d+)\]$/ && $connected{$1} } glob "/proc/$pid/fd/*";
}

# kill -9, and how many requests it may have held.
sub kill_worker {
	my ($p, $pid) = @_;
	kill 'STOP', $pid or return;
	await('it stands still', sub { Pierre::slurp("/proc/$pid/stat") !~ /\) [^TZ] / });
	my $held = connections($p, $pid);
	return kill('KILL', $pid) ? $held : undef;
}

# Its children end by themselves, when they see that it is gone, and answer what they
# have; only when the recorder died just before, nobody commits what it is to be.
sub kill_master {
	my ($p) = @_;
	my @pids = $p->workers;
	kill 'KILL', $p->{pid};
	await('the master to be gone', sub { !$p->running });
	await('its children to be gone', sub { !grep { alive($_) } @pids });
	$p->serve;
	return $p->{env}{USAGE_DURABILITY} eq 'sync' ? $CLIENTS : 0;
}

sub kill_one {
	my ($p, $kind) = @_;
	return kill_master($p) if $kind eq 'master';
	my %c = children($p);
	my @of = sort { $a <=> $b } grep { $c{$_} =~ /^$kind/ } keys %c;
	return unless @of;   # the last one was young when it died: it comes back later
	my $pid = $of[ int rand @of ];
	return kill_worker($p, $pid) if $kind eq 'fast';
	return kill('KILL', $pid) ? 0 : undef;
}

# {kind => how often}, requests that the victims may have held
sub kill_many {
	my ($p, $kills) = @_;
	my (%killed, $held);
	srand $SEED;
	for (my $n = 0; $n < $kills; ) {
		my ($dice, $pause) = (rand, rand);
		my $kind = $dice < 0.6 ? 'fast' : $dice < 0.9 ? 'recorder' : 'master';
		my $more = kill_one($p, $kind);
		sleep $pause * $PER_KILL;
		next unless defined $more;
		$held += $more;
		$killed{$kind}++;
		$n++;
	}
	return (\%killed, $held);
}

# --- comparing ----------------------------------------------------------------------

sub reported {
	my ($p, $key) = @_;
	my $range = join '&', map { "$_->[0]=" . strftime '%Y-%m-%dT%H:%M:%SZ', gmtime $EDGE + $_->[1] * 86400 }
		[ start_date => -9 ], [ end_date => 9 ];
	my $r = $p->get("/api/keys/$key->{key_info}{id}/usage?bucket=day&$range", token => $p->{user}{token});
	return $r->{json}{total_requests} // "status $r->{status}";
}

# Until the recorder has caught up, or for so long that it never will.
sub settle {
	my ($p, $answered) = @_;
	my ($end, $last, $n) = (time + 60, -1, 0);
	for (; time < $end; sleep 0.2) {
		$n = Ledger::count($p);
		my $sum = 0;
		$sum += $_ for grep { /^\d+$/ } map { reported($p, $_) } @{ $p->{keys} };
		return if $n >= $answered && $n == $last && $sum == $n;
		$last = $n;
	}
}

# A list that should be empty, as far as it can be read.
sub some { return join ' ', scalar(@_) x !!@_, @_ > 5 ? @_[0 .. 4] : @_ }

sub compare {
	my ($p, $asked, $held) = @_;
	my @rows = Ledger::rows($p);
	my @ids = map { $_->[0] } @rows;
	my $answered = keys %{ $asked->{answered} };
	my (%times, %of_key);
	$times{$_}++ for @ids;
	$of_key{ $_->[1] }++ for @rows;
	is(some(missing(\@ids, [ keys %{ $asked->{answered} } ])), '', "$answered answers, each is a row");
	is(some(grep { $times{$_} > ($asked->{sent}{$_} // 0) } keys %times), '', 'none is there more often than it was asked');
	my $extra = @rows - $answered;
	cmp_ok($extra, '<=', $held, "$extra rows without an answer, of $held that the victims may have held");
	my $not = $asked->{lost} + ($asked->{other}{503} // 0);
	cmp_ok($extra, '<=', $not, "nor of more than the $not that were not answered 200");
	is(some(map { $_->[0] } grep { $_->[2] ne $_->[3] } @rows), '', 'each stands in its month');
	my %months = map { $_->[3] => 1 } @rows;
	is(join(' ', sort keys %months), '2031-01 2031-02', 'before and after the edge');
	my %of = Ledger::months($p);
	is(join(' ', grep { -s "$of{$_}-wal" } keys %of), '', 'no log is left');
	my @reported = map { $p->{reported}{ $_->{key_info}{id} } } @{ $p->{keys} };
	is("@reported", join(' ', map { $of_key{ $_->{key_info}{id} } // 0 } @{ $p->{keys} }), 'the counters say the same');
}

# Clients ask while $do->() does its worst; what it returns may be held.
sub run {
	my ($backend, $durability, $seconds, $do) = @_;
	my $p = start($backend, $durability, $seconds);
	my $ends = Ledger::start($p, clients => $CLIENTS, keys => [ map { $_->{api_key} } @{ $p->{keys} } ]);
	my $held = $do->($p);
	my $past = $EDGE + 1 - $p->{env}{PIERRE_CLOCK_OFFSET};
	sleep 0.1 while time < $past;
	my $asked = $ends->();
	is($asked->{failed}, 0, 'no client failed');
	note(join ', ', map { "$asked->{other}{$_} x $_" } sort keys %{ $asked->{other} });
	settle($p, scalar keys %{ $asked->{answered} });
	$p->{reported}{ $_->{key_info}{id} } = reported($p, $_) for @{ $p->{keys} };
	is($p->stop_serve, 0, 'stops');
	compare($p, $asked, $held);
	return ($p, $asked);
}

diag("PIERRE_SEED=$SEED");
for my $backend (Pierre::backends()) {
	# some of them while answers wait for the row to be committed
	my $sync = int($KILLS / 4);
	for ([ async => $KILLS - $sync ], [ sync => $sync ]) {
		my ($durability, $kills) = @$_;
		subtest "$backend, $durability: $kills x kill -9" => sub {
			my ($killed, $held);
			my ($p) = run($backend, $durability, $kills * $PER_KILL, sub { ($killed, $held) = kill_many($_[0], $kills); return $held });
			pass(join ', ', map { "$killed->{$_} x $_" } sort keys %$killed);
			$p->stop;
		};
	}

	subtest "$backend: nobody is killed" => sub {
		my ($p, $asked) = run($backend, 'async', 4, sub { return 0 });
		is($asked->{lost}, 0, 'every request is answered');
		is(count_log($p, qr/ child_died /), 0, 'nobody died');
		$p->stop;
	};
}
done_testing;
