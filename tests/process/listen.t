#!/usr/bin/perl
# Sockets: made, taken over, refused, inherited; and what systemd is told.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);
use File::Temp ();
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(SOCK_DGRAM SOCK_STREAM);
use Pierre;
use FastCGI;
use Process qw(await becomes_ready await_log count_log children);

my ($backend) = Pierre::backends() or plan skip_all => 'no backend';

# `serve` that is expected to end: {status, err}; always one sentence.
sub refused {
	my ($p, $what, $re, %env) = @_;
	my $r = Pierre::capture([ 'timeout', '60', $p->binary, 'serve' ], { %{ $p->{env} }, %env },
		user => 1, only_env => 1, dir => $p->{dir});
	is($r->{status}, 1, "$what: exit status 1");
	my @said = grep { /^pierre: / } split /\n/, $r->{err};
	is(scalar @said, 1, "$what: one sentence") or diag($r->{err});
	like($said[0] // '', $re, "$what: says why");
}

sub make { return Pierre->start(backend => $backend, nginx => 0, serve => 0, @_) }

subtest 'paths' => sub {
	my $p = make();
	my $dir = "$p->{dir}/run";
	my $name = sub { my ($n) = @_; return "$dir/" . 'x' x ($n - length($dir) - 1) };
	refused($p, '108 bytes', qr/108 bytes.*allows 107/, FAST_SOCKET => $name->(108));
	refused($p, 'one path for both', qr/same path/, SLOW_SOCKET => $p->{fast_socket});
	refused($p, 'no directory', qr{directory of socket /nowhere/}, FAST_SOCKET => '/nowhere/fast.sock');
	refused($p, 'no such group', qr/no group is called no-such-group/, SOCKET_GROUP => 'no-such-group');
	open my $f, '>', "$dir/plain" or die;
	print $f 'text';
	close $f;
	refused($p, 'a plain file', qr/is not a socket/, FAST_SOCKET => "$dir/plain");
	is(-s "$dir/plain", 4, 'which stays');
	ok(!-e $p->{fast_socket} && !-e $p->{slow_socket}, 'no socket is left');
	$p->{env}{FAST_SOCKET} = $p->{fast_socket} = $name->(107);
	$p->serve;
	await_log($p, qr/ started /);
	is(FastCGI::get($p->{fast_socket}, '/health/live')->{status}, 200, '107 bytes');
	is(sprintf('%o', (stat $p->{$_})[2] & 07777), '660', "$_ has mode 0660") for qw(fast_socket slow_socket);
	is($p->stop_serve, 0, 'stops');
	$p->stop;
};

subtest 'two masters, and one that died' => sub {
	my $p = make();
	my $stale = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $p->{fast_socket}, Listen => 1) or die "bind: $!";
	chmod 0666, $p->{fast_socket};
	refused($p, 'somebody answers', qr/another process serves on socket/);
	close $stale;
	ok(-S $p->{fast_socket}, 'a stale socket');
	$p->serve;
	await_log($p, qr/ started /);
	is(FastCGI::get($p->{fast_socket}, '/health/live')->{status}, 200, 'is taken over');
	refused($p, 'a second master', qr/another process serves on socket/);
	is(FastCGI::get($p->{$_}, '/health/live')->{status}, 200, "the first one still serves ($_)") for qw(fast_socket slow_socket);
	is($p->stop_serve, 0, 'stops');
	ok(!-e $p->{fast_socket} && !-e $p->{slow_socket}, 'and removes its sockets');
	$p->serve;
	await_log($p, qr/ started /, 2);
	unlink $p->{fast_socket};
	my $foreign = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $p->{fast_socket}, Listen => 1) or die "bind: $!";
	is($p->stop_serve, 0, 'stops');
	ok(-S $p->{fast_socket}, "but not somebody else's that took the path");
	$p->stop;
};

subtest 'what serve refuses' => sub {
	my $p = make();
	refused($p, 'memory', qr/sqlite::memory:.*process/, DATABASE_URL => 'sqlite::memory:') if Pierre::built()->{sqlite};
	refused($p, 'no migration', qr/pierre db migrate/, AUTO_MIGRATE => 'no');
	refused($p, 'no key', qr/ENCRYPTION_KEY/, ENCRYPTION_KEY => 'short');
	refused($p, 'unknown scheme', qr/mysql/, DATABASE_URL => 'mysql://localhost/x');
	SKIP: {
		skip 'not root', 1 if $> != 0;
		my $r = Pierre::capture([ $p->binary, 'serve' ], $p->{env}, only_env => 1, dir => $p->{dir});
		is($r->{status}, 1, 'root: exit status 1');
		like($r->{err}, qr/does not run as root.*setpriv/, 'root: says what to do');
	}
	my $migrated = $p->cli('db', 'migrate');
	is($migrated->{status}, 0, 'migrated by hand') or diag $migrated->{err};
	$p->{env}{AUTO_MIGRATE} = 'no';
	$p->serve;
	await_log($p, qr/ started /);
	becomes_ready($p->{fast_socket}, 'then it serves');
	$p->stop_serve;
	my $key = $p->{env}{ENCRYPTION_KEY};
	refused($p, 'another key', qr/ENCRYPTION_KEY/, ENCRYPTION_KEY => ($key =~ /^A/ ? 'B' : 'A') . substr $key, 1);
	$p->stop;
};

subtest 'more workers than PostgreSQL has connections' => sub {
	my $p = make(backend => 'postgresql');
	refused($p, '256 workers', qr/free connections.*WORKERS/, MAX_WORKERS => 128, WORKERS => 128, SLOW_WORKERS => 128);
	$p->stop;
} if grep { $_ eq 'postgresql' } Pierre::backends();

# --- systemd ----------------------------------------------------------------------

# Start the service as systemd would: sockets from descriptor 3 on, with names.
sub activate {
	my ($p, $sockets, $names, %env) = @_;
	my $binary = $p->binary;
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		my @high = map { my $fd = POSIX::dup2(fileno $_, 100 + fileno $_); $fd } @$sockets;
		POSIX::dup2($high[$_], 3 + $_) for 0 .. $#high;
		%ENV = (%{ $p->{env} }, LISTEN_PID => $$, LISTEN_FDS => scalar @$sockets, LISTEN_FDNAMES => $names, %env);
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', $p->{log_file};
		open STDERR, '>&', \*STDOUT;
		{ no warnings 'exec'; exec { 'setpriv' } Pierre::as_user($binary, 'serve'); }
		POSIX::_exit(127);
	}
	$p->{pids}{$pid} = 'pierre';
	return $p->{pid} = $pid;
}

sub listening {
	my ($path) = @_;
	my $s = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $path, Listen => 128) or die "bind $path: $!";
	chmod 0666, $path;
	return $s;
}

subtest 'socket activation' => sub {
	my $p = make();
	my ($fast, $slow) = map { listening($p->{$_}) } qw(fast_socket slow_socket);
	activate($p, [ $slow, $fast ], 'slow:fast');
	await_log($p, qr/ started .*fast_socket=inherited slow_socket=inherited/);
	becomes_ready($p->{$_}, "$_ serves") for qw(fast_socket slow_socket);
	my %c = children($p);
	my ($worker) = grep { $c{$_} eq 'fast/0' } keys %c;
	is($p->stop_serve, 0, 'stops');
	ok(-S $p->{fast_socket} && -S $p->{slow_socket}, "systemd's sockets stay");
	my $s = FastCGI::open_socket($p->{fast_socket});
	ok($s, 'one can connect meanwhile');
	FastCGI::send_bytes($s, FastCGI::message('GET', '/health/live'));
	activate($p, [ $fast, $slow ], 'fast:slow');
	is(FastCGI::reply($s)->{status}, 200, 'and is served by the next master');
	await_log($p, qr/ started /, 2);
	is($p->stop_serve, 0, 'stops');
	activate($p, [$fast], 'fast');
	await('the master to end', sub { !$p->running });
	is($p->{status} >> 8, 1, 'one socket alone is refused');
	is(count_log($p, qr/^pierre: none of the 1 sockets handed over .*'slow'/), 1, 'with a sentence');
	$p->stop;
} if Pierre::built()->{systemd};

subtest 'systemd is told' => sub {
	my $p = make();
	my $path = "$p->{dir}/run/notify";
	my $notify = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $path) or die "notify: $!";
	chmod 0666, $path;
	my $told = '';
	my $hears = sub {
		my ($re) = @_;
		await("$re in: $told", sub {
			my $rin = '';
			vec($rin, fileno $notify, 1) = 1;
			$told .= do { $notify->recv(my $m, 4096); "$m\n--\n" } while select(my $r = $rin, undef, undef, 0.05) > 0;
			return $told =~ $re;
		});
		pass("is told $re");
	};
	$p->{env}{NOTIFY_SOCKET} = $path;
	$p->{env}{WATCHDOG_USEC} = 200000;
	delete $p->{env}{WORKERS};
	my $configure = sub {
		open my $f, '>', "$p->{dir}/conf" or die "conf: $!";
		print $f "WORKERS=$_[0]\n";
		close $f;
	};
	$configure->(2);
	$p->serve('--config', "$p->{dir}/conf");
	$hears->(qr/^READY=1/m);
	ok(count_log($p, qr/ started /) == 1, 'only when it serves');
	$hears->(qr/^WATCHDOG=1.*^WATCHDOG=1/ms);
	$told = '';
	$configure->('none');
	$p->signal('HUP');
	$hears->(qr/^READY=1\nSTATUS=Serving with the old configuration: WORKERS takes a whole number /m);
	$configure->(2);
	$told = '';
	my $before = clock_gettime(CLOCK_MONOTONIC);
	$p->signal('HUP');
	$hears->(qr/^RELOADING=1\nMONOTONIC_USEC=\d+.*^READY=1\nSTATUS=Serving\.$/ms);
	my ($usec) = $told =~ /^MONOTONIC_USEC=(\d+)/m;
	ok($usec / 1e6 >= $before - 0.001 && $usec / 1e6 <= clock_gettime(CLOCK_MONOTONIC),
		'the moment is of the clock that systemd reads');
	$p->signal('TERM');
	$hears->(qr/^STOPPING=1/m);
	is($p->stop_serve, 0, 'stops');
	$p->stop;
} if Pierre::built()->{systemd};

done_testing;
