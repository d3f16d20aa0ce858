#!/usr/bin/perl
# Two pools that do not wait for each other, and one scheduler that alone
# writes checkpoints.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use FastCGI;
use Process qw(await await_log children count_log half_request hold_writes
	lock_file);

my ($backend) = Pierre::backends() or plan skip_all => 'no backend';
my $BODY = '{"email":"slow%d@example.org","password":"correct horse battery","display_name":"S"}';

subtest 'a full slow pool does not hold the fast one' => sub {
	my $p = Pierre->start(backend => $backend, nginx => 0, env => { LOG_LEVEL => 'debug',
		REQUEST_DEADLINE_MS => 120000, DATABASE_TIMEOUT_MS => 60000 });
	await_log($p, qr/ started /);
	my $release = hold_writes($p);
	my @slow = map { FastCGI::open_socket($p->{slow_socket}) } 1 .. 6;
	FastCGI::send_bytes($slow[$_], FastCGI::message('POST', '/api/auth/register', sprintf $BODY, $_)) for 0 .. 5;
	await_log($p, qr/ request_begins .*path=.api.auth.register/, 2);
	# read from the database, with the whole deadline of a request
	my @status = map { FastCGI::get($p->{fast_socket}, '/verify', params => { HTTP_X_API_KEY => 'pk_live_' . 'x' x 32 })->{status} } 1 .. 200;
	is(scalar(grep { $_ == 401 } @status), 200, '200 fast requests, while no slow one can end');
	is(count_log($p, qr/ request .*path=.api.auth.register/), 0, 'indeed none has ended');
	$release->();
	my @late = map { FastCGI::reply($_)->{status} } @slow;
	is(scalar(grep { $_ == 201 || $_ == 429 } @late), 6, 'the slow ones are answered when they can be') or diag "@late";
	is($p->stop_serve, 0, 'stops');
	$p->stop;
};

subtest 'one scheduler works at a time' => sub {
	my $p = Pierre->start(backend => 'sqlite', nginx => 0, env => { LOG_LEVEL => 'debug' });
	await_log($p, qr/ scheduler_works /);
	my ($file) = $p->{url} =~ /^sqlite:(.*)/;
	ok(!lock_file("$file.checkpointer"), 'the scheduler holds the lock');
	is(FastCGI::post($p->{slow_socket}, '/api/auth/register', sprintf $BODY, 1)->{status}, 201, 'a write');
	cmp_ok(-s "$file-wal", '>', 0, 'is in the WAL');
	for my $n (1 .. 5) {
		$p->signal('HUP');
		await_log($p, qr/ reloaded /, $n);
		await_log($p, qr/ scheduler_works /, $n + 1);
		ok(!lock_file("$file.checkpointer"), "held after reload $n");
	}
	is(count_log($p, qr/ scheduler_works /), 6, 'each took the lock once');
	is($p->sql('SELECT count(*) FROM users'), 1, 'the write is there');
	is($p->stop_serve, 0, 'stops');
	is((-s "$file-wal") // 0, 0, 'the last checkpoint left an empty WAL');
	my $lock = lock_file("$file.checkpointer");
	ok($lock, 'the lock is free');
	# in a reload the new scheduler may have waited too
	my $waited = count_log($p, qr/ scheduler_waits /);
	$p->serve;
	await_log($p, qr/ scheduler_waits /, $waited + 1);
	pass('a scheduler without the lock waits');
	is(FastCGI::post($p->{slow_socket}, '/api/auth/register', sprintf $BODY, 2)->{status}, 201, 'a write');
	is($p->stop_serve, 0, 'stops');
	cmp_ok(-s "$file-wal", '>', 0, 'and it touched nothing');
	is(count_log($p, qr/ scheduler_works /), 6, 'nor said that it works');
	$p->stop;
} if grep { $_ eq 'sqlite' } Pierre::backends();

subtest 'the last checkpoint comes after the last write' => sub {
	my $p = Pierre->start(backend => 'sqlite', nginx => 0, env => { LOG_LEVEL => 'debug' });
	await_log($p, qr/ scheduler_works /);
	my ($file) = $p->{url} =~ /^sqlite:(.*)/;
	my ($s, $rest) = half_request($p->{slow_socket}, '/api/auth/register', sprintf $BODY, 1);
	$p->signal('TERM');
	# what is left: that worker, the scheduler, the recorder
	await('idle workers to end', sub { 3 == (() = $p->workers) });
	FastCGI::send_bytes($s, $rest);
	is(FastCGI::reply($s)->{status}, 201, 'a write during the stop');
	is($p->stop_serve, 0, 'stops');
	is((-s "$file-wal") // 0, 0, 'is in the database file, the WAL is empty');
	$p->stop;
} if grep { $_ eq 'sqlite' } Pierre::backends();

subtest 'checkpoints keep the WAL small' => sub {
	my $p = Pierre->start(backend => 'sqlite', nginx => 0, env => { LOG_LEVEL => 'debug' });
	await_log($p, qr/ scheduler_works /);
	my ($file) = $p->{url} =~ /^sqlite:(.*)/;
	my $n = 0;
	while (((-s "$file-wal") // 0) <= 1572864 && $n < 2000) {
		FastCGI::post($p->{slow_socket}, '/api/auth/register', sprintf $BODY, ++$n);
		last if count_log($p, qr/ checkpoint .*done=yes/);
	}
	await_log($p, qr/ checkpoint .*done=yes/);
	pass("a checkpoint after $n writes");
	is($p->stop_serve, 0, 'stops');
	$p->stop;
} if grep { $_ eq 'sqlite' } Pierre::backends();

done_testing;
