#!/usr/bin/perl
# Files of an SQLite database that go away, or are replaced, under a running
# service: every process refuses with one sentence until a restart, nothing is
# opened again, and whatever was acknowledged is there afterwards.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use File::Copy qw(copy);
use Test::More;
use Time::HiRes qw(sleep);
use Pierre;
use FastCGI;
use Ledger qw(missing recorded);
use Limit qw(mid_month);
use Process qw(await becomes_ready alive await_log children count_log);

plan skip_all => 'SQLite is not built in' unless grep { $_ eq 'sqlite' } Pierre::backends();

my $WRITERS = 3;
my $started;

sub start {
	my $p = Pierre->start(backend => 'sqlite', env => { WORKERS => 3, PIERRE_CLOCK_OFFSET => mid_month() });
	($p->{file}) = $p->{url} =~ /^sqlite:(.*)/;
	$started = 1;
	$p->{user} = $p->approved_user;
	$p->sql("UPDATE users SET tier = 'enterprise' WHERE id = '$p->{user}{user_id}'");   # no limit
	$p->{key} = $p->new_key($p->{user});
	$p->expect(200, $p->get('/verify', token => $p->{key}{api_key}));
	await('the month', sub { Ledger::count($p) == 1 });
	($p->{month}) = values %{ { Ledger::months($p) } };
	return $p;
}

sub verify {
	my ($p, $id) = @_;
	return FastCGI::get($p->{fast_socket}, '/verify', params => { REQUEST_ID => $id, PIERRE_ROUTE => 'load',
		HTTP_AUTHORIZATION => "Bearer $p->{key}{api_key}" })->{status};
}

# Clients make keys until one is refused, or he has as many as he may; what was acknowledged is in a file.
sub writers {
	my ($p) = @_;
	my @pids = map {
		my $n = $_;
		my $pid = fork // die "fork: $!";
		if (!$pid) {
			open my $ledger, '>', "$p->{dir}/made.$n" or POSIX::_exit(1);
			$ledger->autoflush(1);
			for (;;) {
				my $r = $p->post('/api/keys', { name => 'test' }, token => $p->{user}{token});
				last if $r->{status} != 201;
				print $ledger "$r->{json}{key_info}{id}\n";
			}
			POSIX::_exit(0);
		}
		$pid;
	} 1 .. $WRITERS;
	await('each to be answered', sub { $WRITERS == grep { -s "$p->{dir}/made.$_" } 1 .. $WRITERS });
	return sub {
		waitpid $_, 0 for @pids;
		return map { split /\n/, Pierre::slurp("$p->{dir}/made.$_") } 1 .. $WRITERS;
	};
}

# Another 503 may come before, when the machine is busy.
sub await_refusal {
	my ($p, $name) = @_;
	my $names = qr/\Q$name\E .*restart/;
	await('it is noted', sub { my $r = $p->get('/health/ready'); $r->{status} == 503 && ($r->{json}{detail} // '') =~ $names });
	return $names;
}

sub is_refused {
	my ($p, $name) = @_;
	my $names = await_refusal($p, $name);
	for ([ ready => sub { $p->get('/health/ready') } ],
		[ 'a cached key' => sub { $p->get('/verify', token => $p->{key}{api_key}) } ],
		[ 'a read' => sub { $p->get('/api/keys', token => $p->{user}{token}) } ],
		[ 'a write' => sub { $p->post('/api/keys', { name => 'no' }, token => $p->{user}{token}) } ]) {
		my ($what, $ask) = @$_;
		# each worker, and not only the one that saw it
		is(join(' ', grep { $_ ne 'good' } map { my $r = $ask->();
			$r->{status} == 503 && ($r->{json}{detail} // '') =~ $names ? 'good' : $r->{body} } 1 .. 6), '',
			"$what: 503 that names $name");
	}
	is($p->get('/health/live')->{status}, 200, 'it lives');
	my $r = $p->cli('user', 'list');
	is($r->{status}, 1, 'a command is refused too');
	like($r->{err}, qr/^pierre: [^\n]*restart[^\n]*$/m, 'and says what to do');
	$p->signal('HUP');
	await_log($p, qr/ (?:reload_failed|reloaded) /);
	sleep 0.2;
	is($p->get('/health/ready')->{status}, 503, 'a reload changes nothing');
	is(count_log($p, qr/ database_lost | lock_lost /), 1, 'the log says it once');
	is(count_log($p, qr/ database_not_saved /), 0, 'nothing was left behind');
}

# A restart, $between the stop and the start.
sub restart {
	my ($p, $between) = @_;
	$p->stop_serve;
	$between->($p) if $between;
	$p->serve;
	await_log($p, qr/ started /, ++$started);
}

sub all_there {
	my ($p, @made) = @_;
	my @rows = split /\n/, $p->sql('SELECT id FROM api_keys');
	is_deeply([ missing(\@rows, \@made) ], [], scalar(@made) . ' keys were acknowledged, none is lost');
	is($p->sql('PRAGMA integrity_check'), 'ok', 'the database is whole');
	is($p->get('/verify', token => $p->{key}{api_key})->{status}, 200, 'it serves again');
	ok($p->login($p->{user})->{token}, 'and writes');
}

# Back in its place: what the service copied.
sub put_back {
	my ($p, @suffixes) = @_;
	my $file = $p->{file};
	unlink "$file-shm";
	for my $suffix (@suffixes) {
		my ($copy) = glob "$file$suffix.lost-*";
		ok($copy && rename($copy, "$file$suffix"), "a copy of $file$suffix");
	}
}

my @damages = (
	[ 'the log and its index', 'pierre.db-wal', sub { unlink map { "$_[0]{file}$_" } '-wal', '-shm' } ],
	[ 'the log', 'pierre.db-wal', sub { unlink "$_[0]{file}-wal" } ],
	[ 'the index', 'pierre.db-shm', sub { unlink "$_[0]{file}-shm" } ],
	[ 'the database file', 'pierre.db', sub { unlink $_[0]{file} }, sub { put_back($_[0], '', '-wal') } ],
	[ 'a copy of the database file', 'pierre.db', sub {
		my $file = $_[0]{file};
		copy($file, "$file.copy") or die "copy: $!";
		chown((stat $file)[4, 5], "$file.copy");
		rename "$file.copy", $file or die "rename: $!";
	}, sub { put_back($_[0], '', '-wal') } ],
	[ 'an empty log', 'pierre.db-wal', sub {
		my $file = $_[0]{file};
		open my $f, '>', "$file.new" or die "open: $!";
		chown((stat $file)[4, 5], "$file.new");
		rename "$file.new", "$file-wal" or die "rename: $!";
	}, sub { put_back($_[0], '-wal') } ],
	[ 'the quota', 'pierre.db.quota-wal', sub { unlink map { "$_[0]{file}.quota$_" } '-wal', '-shm' } ],
	[ 'the lock of the scheduler', 'pierre.db.checkpointer', sub { unlink "$_[0]{file}.checkpointer" } ],
	[ 'the lock of the recorder', 'pierre.db.recorder', sub { unlink "$_[0]{file}.recorder" } ],
);

for (@damages) {
	my ($what, $name, $damage, $between) = @$_;
	subtest $what => sub {
		my $p = start();
		my $made = writers($p);
		$damage->($p);
		my @made = $made->();
		is_refused($p, $name =~ s/^pierre\.db/$p->{file} =~ s{.*\/}{}r/er);
		restart($p, $between);
		all_there($p, @made);
		$p->stop;
	};
}

subtest 'a month' => sub {
	my $p = start();
	my $load = Ledger::start($p, keys => [ $p->{key}{api_key} ], clients => 3);
	unlink map { "$p->{month}$_" } '-wal', '-shm';
	my $wal = $p->{month} =~ s{.*/}{}r . '-wal';
	await_refusal($p, $wal);
	my @ids = sort keys %{ $load->()->{answered} };
	is_refused($p, $wal);
	restart($p);
	await('the recorder', sub { Ledger::count($p) >= @ids });
	is_deeply([ missing([ recorded($p) ], \@ids) ], [], scalar(@ids) . ' answers, each a row');
	$p->stop;
};

subtest 'a directory that is moved, and comes back' => sub {
	my $p = start();
	my ($dir) = $p->{file} =~ m{(.*)/};
	my $made = writers($p);
	rename $dir, "$dir.away" or die "rename: $!";
	my @made = $made->();
	is($p->get('/health/ready')->{status}, 503, 'not ready');
	rename "$dir.away", $dir or die "rename: $!";
	restart($p);
	all_there($p, @made);
	$p->stop;
};

subtest 'no false alarm' => sub {
	my $p = start();
	$p->new_key($p->{user}) for 1 .. 5;
	# another program that opens and closes, and checkpoints
	# 1: a process of the service reads just now
	ok(await('a moment without readers', sub { $p->sql('PRAGMA wal_checkpoint(TRUNCATE)') =~ /^0\|/ }, $p), 'a foreign checkpoint');
	is($p->cli('user', 'list')->{status}, 0, 'a command beside it');
	my $months = $p->{month} =~ s/\d{4}-\d\d$/2001-01/r;
	$p->sql("ATTACH '$months' AS m; CREATE TABLE m.t (x)");
	$p->signal('HUP');
	await_log($p, qr/ reloaded /);
	sleep 1.2;   # the scheduler has looked
	$p->new_key($p->{user});
	is(verify($p, 'a' x 32), 200, 'serves');
	becomes_ready($p, 'is ready');
	is(count_log($p, qr/ database_lost | lock_lost /), 0, 'no alarm');
	is($p->stop_serve, 0, 'stops');
	$p->serve;
	becomes_ready($p, 'is ready after a restart');
	$p->stop;
};

done_testing;
