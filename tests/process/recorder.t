#!/usr/bin/perl
# The recorder: what was answered 200 is one row each, also when it is killed,
# when the service stops or reloads, when the database is away for a while, and
# over the end of a month.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use POSIX qw(strftime);
use Test::More;
use Time::Local qw(timegm);
use Pierre;
use FastCGI;
use Process qw(await alive children await_log count_log start_load stop_load hold_usage lock_file recorded);

my $number = 0;

sub start {
	my ($backend, %env) = @_;
	my $p = Pierre->start(backend => $backend, env => { WORKERS => 4, %env });
	my $user = $p->approved_user;
	$p->{key} = $p->new_key($user);
	$p->{user} = $user;
	return $p;
}

sub verify {
	my ($p, $id) = @_;
	return FastCGI::get($p->{fast_socket}, '/verify', params => { REQUEST_ID => $id,
		HTTP_AUTHORIZATION => "Bearer $p->{key}{api_key}", PIERRE_ROUTE => 'load' });
}

# Clients that write down each id that was answered 200.
sub load {
	my ($p, $name) = @_;
	return start_load(3, sub {
		my ($i) = @_;
		my $id = sprintf '%s%08x%016x', $name, $i, ++$number;
		my $r = verify($p, $id);
		return '' unless $r->{status} == 200 && $r->{ended};
		open my $f, '>>', "/tmp/pierre-ids-$$.$i" or die;   # in the client: its own pid
		print $f "$id\n";
		close $f;
		return '';
	});
}

sub answered {
	my ($clients) = @_;
	my @ids;
	for my $i (0 .. $#$clients) {
		my $file = "/tmp/pierre-ids-$clients->[$i]{pid}.$i";
		push @ids, split /\n/, Pierre::slurp($file);
		unlink $file;
	}
	return sort @ids;
}

sub pid_of {
	my ($p, $name) = @_;
	my %c = children($p);
	return (grep { $c{$_} =~ /^$name/ } sort { $b <=> $a } keys %c)[0];
}

sub missing {
	my ($have, @want) = @_;
	my %have = map { $_ => 1 } @$have;
	return grep { !$have{$_} } @want;
}

sub repeated {
	my %n;
	return grep { $n{$_}++ } @_;
}

for my $backend (Pierre::backends()) {
	subtest "$backend: stops, reloads, equal sets" => sub {
		my $p = start($backend);
		my $load = load($p, 'aaaaaaaa');
		for my $n (1 .. 3) {
			$p->signal('HUP');
			await_log($p, qr/ reloaded /, $n);
		}
		stop_load($load);
		my @ids = answered($load);
		is($p->stop_serve, 0, 'stops');
		my @rows = recorded($p);
		cmp_ok(scalar @ids, '>', 20, scalar(@ids) . ' answers');
		is_deeply(\@rows, \@ids, 'each one is a row, and each row was answered');
		is(count_log($p, qr/ child_died /), 0, 'nobody had to be killed');
		$p->stop;
	};

	subtest "$backend: kill -9 of the recorder" => sub {
		my $p = start($backend);
		my $load = load($p, 'bbbbbbbb');
		for my $n (1 .. 5) {
			my $pid = pid_of($p, 'recorder') or next;
			kill 'KILL', $pid;
			await('another recorder', sub { my $new = pid_of($p, 'recorder'); $new && $new != $pid });
			select undef, undef, undef, 0.05 * $n / 2;
		}
		stop_load($load);
		my @ids = answered($load);
		is($p->stop_serve, 0, 'stops');
		my @rows = recorded($p);
		is_deeply([ repeated(@rows) ], [], 'no row twice');
		is_deeply([ missing(\@rows, @ids) ], [], scalar(@ids) . ' answers, each a row');
		is(scalar @rows, scalar @ids, 'and no other');
		$p->stop;
	};

	subtest "$backend: kill -9 of all" => sub {
		my $p = start($backend);
		my $load = load($p, 'cccccccc');
		my @pids = ($p->{pid}, $p->workers);
		kill 'KILL', pid_of($p, 'recorder');
		kill 'KILL', @pids;
		await('all are gone', sub { !grep { alive($_) } @pids });
		stop_load($load);
		my @ids = answered($load);
		waitpid $p->{pid}, 0;
		delete $p->{pid};
		$p->serve;
		await_log($p, qr/ started /, 2);
		is(verify($p, 'dddddddd' . 'd' x 24)->{status}, 200, 'serves again');
		is($p->stop_serve, 0, 'stops');
		my @rows = recorded($p);
		is_deeply([ repeated(@rows) ], [], 'no row twice');
		is_deeply([ missing(\@rows, @ids) ], [], scalar(@ids) . ' answers, each a row');
		$p->stop;
	};

	subtest "$backend: kill -9 of the recorder, then a stop" => sub {
		my $p = start($backend);
		is(verify($p, 'e' x 32)->{status}, 200, 'a request');
		await('its row', sub { 1 == (() = recorded($p)) });
		my $release = hold_usage($p);
		is(verify($p, sprintf '%032x', $_)->{status}, 200, "answered, $_") for 1 .. 3;
		$p->signal('STOP');   # it hears of both at once, of the stop first
		kill 'KILL', pid_of($p, 'recorder');
		$p->signal('TERM');
		$release->();
		$p->signal('CONT');
		await('the end', sub { !$p->running });
		is($p->{status}, 0, 'stops');
		is(scalar(() = recorded($p)), 4, 'the rows that it left are stored');
		$p->stop;
	};

	subtest "$backend: over the end of a month" => sub {
		my @now = gmtime;
		my $edge = timegm(0, 0, 0, 1, ($now[4] + 1) % 12, $now[5] + ($now[4] == 11));
		my $p = start($backend);
		my $user = $p->{user};
		$p->stop_serve;
		$p->{env}{PIERRE_CLOCK_OFFSET} = $edge - time - 8;
		$p->serve;
		$p->wait_ready;
		my $load = load($p, 'eeeeeeee');
		await('the edge is past', sub { time + $p->{env}{PIERRE_CLOCK_OFFSET} > $edge + 1 });
		stop_load($load);
		my @ids = answered($load);
		is($p->stop_serve, 0, 'stops');
		is_deeply([ recorded($p) ], \@ids, scalar(@ids) . ' answers, each a row');
		my @months = map { strftime '%Y-%m', gmtime $_ } $edge - 1, $edge;
		if ($backend eq 'sqlite') {
			my ($file) = $p->{url} =~ /^sqlite:(.*)/;
			ok(-s "$file.usage-$_", "$_ has its file") for @months;
			is(-s "$file.usage-$months[0]-wal" || 0, 0, 'no log is left');
		} else {
			my $sql = 'SELECT count(*) FROM usage_rows_%s';
			cmp_ok($p->sql(sprintf $sql, $_ =~ tr/-/_/r), '>', 0, "$_ has its partition") for @months;
		}
		$p->stop;
	};
}

subtest 'sqlite: one recorder works at a time; a stuck database loses nothing' => sub {
	my $p = start('sqlite');
	my ($file) = $p->{url} =~ /^sqlite:(.*)/;
	ok(!lock_file("$file.recorder"), 'the recorder holds its lock');
	is(verify($p, 'f' x 32)->{status}, 200, 'a request');
	await('its row', sub { 1 == (() = recorded($p)) });
	my ($month) = grep { /-\d\d$/ } glob "$file.usage-*";
	my $held = lock_file("$month.writer") || await('the writer lock', sub { lock_file("$month.writer") });
	is(verify($p, sprintf '%032x', $_)->{status}, 200, "answered, $_") for 1 .. 5;
	is(scalar(() = recorded($p)), 1, 'the five wait in shared memory');
	close $held;
	undef $held;
	await('their rows', sub { 6 == (() = recorded($p)) });
	pass('then they are stored');
	is($p->stop_serve, 0, 'stops');
	ok(lock_file("$file.recorder"), 'the lock is free');
	$p->stop;
} if grep { $_ eq 'sqlite' } Pierre::backends();

subtest 'sqlite: a stop waits for the recorder of the generation before' => sub {
	my $p = start('sqlite');
	my ($file) = $p->{url} =~ /^sqlite:(.*)/;
	my ($held, $old) = (undef, pid_of($p, 'recorder'));
	kill 'KILL', $old;   # the test works in its place
	await('the lock', sub { $held = lock_file("$file.recorder") });
	await('another recorder', sub { my $new = pid_of($p, 'recorder'); $new && $new != $old });
	is(verify($p, sprintf '%032x', $_)->{status}, 200, "answered, $_") for 1 .. 3;
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		await('the workers to be gone', sub { !pid_of($p, '(?:fast|slow)/') });
		POSIX::_exit(0);   # this lets go of the lock
	}
	close $held;
	undef $held;
	is($p->stop_serve, 0, 'stops');
	waitpid $pid, 0;
	is(scalar(() = recorded($p)), 3, 'the three rows are stored');
	$p->stop;
} if grep { $_ eq 'sqlite' } Pierre::backends();

done_testing;
