#!/usr/bin/perl
# The recorder: what was answered 200 is one row each, also when the service stops,
# reloads or is killed as a whole, and when the database is away for a while.
# Single processes that are killed, and the end of a month: lost.t.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use FastCGI;
use Ledger qw(missing recorded repeated);
use Limit qw(mid_month);
use Process qw(await alive children await_log count_log hold_usage lock_file);

sub start {
	my ($backend, %env) = @_;
	my $p = Pierre->start(backend => $backend, env => { WORKERS => 4, PIERRE_CLOCK_OFFSET => mid_month(), %env });
	my $user = $p->approved_user;
	$p->sql("UPDATE users SET tier = 'enterprise' WHERE id = '$user->{user_id}'");   # no limit
	$p->{key} = $p->new_key($user);
	return $p;
}

sub verify {
	my ($p, $id) = @_;
	return FastCGI::get($p->{fast_socket}, '/verify', params => { REQUEST_ID => $id,
		HTTP_AUTHORIZATION => "Bearer $p->{key}{api_key}", PIERRE_ROUTE => 'load' });
}

sub load { my ($p) = @_; return Ledger::start($p, keys => [ $p->{key}{api_key} ], clients => 3) }

sub pid_of {
	my ($p, $name) = @_;
	my %c = children($p);
	return (grep { $c{$_} =~ /^$name/ } sort { $b <=> $a } keys %c)[0];
}

for my $backend (Pierre::backends()) {
	subtest "$backend: stops, reloads, equal sets" => sub {
		my $p = start($backend);
		my $load = load($p);
		for my $n (1 .. 3) {
			$p->signal('HUP');
			await_log($p, qr/ reloaded /, $n);
		}
		my @ids = sort keys %{ $load->()->{answered} };
		is($p->stop_serve, 0, 'stops');
		my @rows = recorded($p);
		cmp_ok(scalar @ids, '>', 20, scalar(@ids) . ' answers');
		is_deeply(\@rows, \@ids, 'each one is a row, and each row was answered');
		is(count_log($p, qr/ child_died /), 0, 'nobody had to be killed');
		$p->stop;
	};

	subtest "$backend: kill -9 of all" => sub {
		my $p = start($backend);
		my $load = load($p);
		my @pids = ($p->{pid}, $p->workers);
		kill 'KILL', pid_of($p, 'recorder');
		kill 'KILL', @pids;
		await('all are gone', sub { !grep { alive($_) } @pids });
		my @ids = sort keys %{ $load->()->{answered} };
		waitpid $p->{pid}, 0;
		delete $p->{pid};
		$p->serve;
		await_log($p, qr/ started /, 2);
		is(verify($p, 'dddddddd' . 'd' x 24)->{status}, 200, 'serves again');
		is($p->stop_serve, 0, 'stops');
		my @rows = recorded($p);
		is_deeply([ repeated(@rows) ], [], 'no row twice');
		is_deeply([ missing(\@rows, \@ids) ], [], scalar(@ids) . ' answers, each a row');
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

# Rows that are stored by the end of a stop that has to wait for another recorder's lock.
sub stored_by_stop {
	my ($p, $n) = @_;
	my ($file) = $p->{url} =~ /^sqlite:(.*)/;
	my $before = () = recorded($p);
	my ($held, $old) = (undef, pid_of($p, 'recorder'));
	kill 'KILL', $old;   # the test works in its place
	await('the lock', sub { $held = lock_file("$file.recorder") });
	await('another recorder', sub { my $new = pid_of($p, 'recorder'); $new && $new != $old });
	is(verify($p, sprintf '%08x%024x', $n, $_)->{status}, 200, "answered, $_") for 1 .. 3;
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		await('the workers to be gone', sub { !pid_of($p, '(?:fast|slow)/') });
		POSIX::_exit(0);   # this lets go of the lock
	}
	close $held;
	undef $held;
	is($p->stop_serve, 0, 'stops');
	waitpid $pid, 0;
	return (() = recorded($p)) - $before;
}

# It waits for a second and a half. A machine that did not let us go of the lock by then is
# asked again; what stayed in shared memory is stored by the next service.
subtest 'sqlite: a stop waits for the recorder of the generation before' => sub {
	my $p = start('sqlite');
	my $stored;
	for my $n (1 .. 5) {
		last if ($stored = stored_by_stop($p, $n)) == 3;
		$p->serve;
		await('the rows that wait', sub { 3 * $n == (() = recorded($p)) }, $p);
	}
	is($stored, 3, 'the three rows are stored');
	$p->stop;
} if grep { $_ eq 'sqlite' } Pierre::backends();

done_testing;
