#!/usr/bin/perl
# A database that is away: at the start, when serve comes up all the same and
# answers 503 until a check was good; and later, when the log must not drown.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use File::Temp ();
use IO::Select;
use IO::Socket::UNIX;
use IPC::Open2 qw(open2);
use Socket qw(SOCK_DGRAM);
use Pierre;
use Pierre::Cluster;
use FastCGI;
use Process qw(await await_log children count_log lines_of);

my @backends = Pierre::backends() or plan skip_all => 'no backend';
my ($made, $cluster) = (0);
my $tmp = File::Temp->newdir('po.XXXXXX', DIR => Pierre::short_tmp());
chmod 0755, "$tmp";

sub make {
	my ($backend, %o) = @_;
	my %env = (DATABASE_TIMEOUT_MS => 2000, AUTO_APPROVE_USERS => 'yes', %{ delete $o{env} // {} });
	my @url = $backend eq 'postgresql' ? (url => fresh_database()) : ();
	return Pierre->start(backend => $backend, nginx => 0, serve => 0, wait => 0, @url, env => \%env, %o);
}

# A database of a cluster of our own, which can be stopped.
sub fresh_database {
	$cluster //= Pierre::Cluster->new;
	my $name = 'outage_' . ++$made;
	$cluster->sql("CREATE DATABASE $name OWNER pierre");
	return Pierre::database_url($cluster->{url}, $name);
}

# Away until the code that is returned is called: PostgreSQL is stopped, the file
# of SQLite is locked by a shell. One that a service has open already can only be
# lost, and not come back.
sub take_away {
	my ($p) = @_;
	if ($p->{backend} eq 'postgresql') {
		$cluster->stop;
		return sub { $cluster->start };
	}
	my ($file) = $p->{url} =~ /^sqlite:(.*)/;
	if ($p->{pid}) {
		unlink "$file-wal" or die "unlink: $!";
		return sub { };
	}
	my $pid = open2(my $out, my $in, Pierre::as_user('sqlite3', '-batch', $file));
	syswrite $in, "PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; SELECT 'locked';\n";
	while (readline $out) { last if /locked/ }
	return sub { syswrite $in, "ROLLBACK;\n.quit\n"; close $in; waitpid $pid, 0 };
}

sub start_without {
	my ($p, @args) = @_;
	my $back = take_away($p);
	$p->serve(@args);
	await_log($p, qr/ not_serving /);
	await('workers', sub { keys %{ { children($p) } } >= 4 }, $p);
	return $back;
}

sub user_body { return '{"email":"u@example.org","password":"correct horse battery","display_name":"U"}' }
sub status { my ($p, $pool, $method, $path, %h) = @_;
	return FastCGI::request($p->{"${pool}_socket"}, $method, $path, $method eq 'POST' ? user_body() : '', params => \%h)->{status} }

# Needs no database; needs one.
my @served = (200 => '/health', 200 => '/health/live', 200 => '/version', 200 => '/openapi.json', 404 => '/nowhere');
my @refused = ([ fast => GET => '/health/ready' ], [ fast => GET => '/verify' ], [ fast => GET => '/verify', HTTP_X_API_KEY => 'pk_live_' . 'a' x 32 ],
	[ slow => POST => '/api/auth/register' ], [ slow => POST => '/api/auth/login' ], [ slow => GET => '/api/keys' ],
	[ slow => GET => '/admin/setup-status' ], [ fast => GET => '/api/keys', HTTP_AUTHORIZATION => 'Bearer x' ]);

for my $backend (@backends) {
	subtest "$backend: a start without the database" => sub {
		my $p = make($backend);
		my $back = start_without($p);
		for (my $i = 0; $i < @served; $i += 2) {
			is(status($p, $_, 'GET', $served[$i + 1]), $served[$i], "$_: $served[$i + 1] is answered") for qw(fast slow);
		}
		for (@refused) {
			my ($pool, $method, $path, %h) = @$_;
			my $r = FastCGI::request($p->{"${pool}_socket"}, $method, $path, $method eq 'POST' ? user_body() : '', params => \%h);
			is("$r->{status} " . ($r->{headers}{'retry-after'} // '-') . " $r->{json}{code} $r->{json}{reason}",
				'503 1 ResourceUnavailable starting', "$method $path is refused");
		}
		is(count_log($p, qr/ started /), 0, 'it has not started yet');
		$p->signal('HUP');
		await_log($p, qr/ reloading /);
		$back->();
		await_log($p, qr/ started /);
		# until it has ended an unchecked worker may take a connection
		await('the unchecked workers to end', sub { keys %{ { children($p) } } == 7 }, $p);
		is(status($p, slow => POST => '/api/auth/register'), 201, 'the first user, when the database is there');
		for my $pool (qw(fast slow)) {
			ok(await("$pool to be ready", sub { status($p, $pool, 'GET', '/health/ready') == 200 }, $p), "$pool: ready");
		}
		# a PostgreSQL that begins to start says another sentence, and is late with it or not
		my @said = map { /error="((?:[^"\\]|\\.)*)"/ } lines_of($p, qr/ not_serving /);
		is(join("\n", grep { $_ && $said[$_] eq $said[ $_ - 1 ] } 0 .. $#said), '', 'the log says a reason once, not again and again');
		is(count_log($p, qr/ child_died | reload_failed /), 0, 'nothing died');
		$p->signal('HUP');
		await_log($p, qr/ reloaded /);
		pass('and a reload is one again');
		is($p->stop_serve, 0, 'stops');
		$p->stop;
	};

	subtest "$backend: signals meanwhile" => sub {
		my $p = make($backend, env => { WORKERS => undef });
		my $configure = sub { open my $f, '>', "$p->{dir}/conf" or die "conf: $!"; print $f "WORKERS=$_[0]\n" };
		$configure->(1);
		my $back = start_without($p, '--config', "$p->{dir}/conf");
		is($p->stop_serve, 0, 'TERM stops it');
		ok(!-e $p->{fast_socket}, 'and its sockets are gone');
		$p->serve('--config', "$p->{dir}/conf");
		await_log($p, qr/ not_serving /, 2);
		$configure->('none');
		$p->signal('HUP');
		await_log($p, qr/ not_serving .*WORKERS takes a whole number/);
		is(status($p, fast => GET => '/health/live'), 200, 'HUP with a bad configuration ends nothing');
		$configure->(3);
		$p->signal('HUP');
		$back->();
		await_log($p, qr/ started .*fast=3 /);
		pass('with a good one it is used');
		is($p->stop_serve, 0, 'stops');
		$p->stop;
	};

	subtest "$backend: nothing is served before it is checked" => sub {
		my $p = make($backend);
		$p->serve;
		await_log($p, qr/ started /);
		is($p->stop_serve, 0, 'a database of one key');
		my $key = $p->{env}{ENCRYPTION_KEY};
		$p->{env}{ENCRYPTION_KEY} = ($key =~ /^A/ ? 'B' : 'A') . substr $key, 1;
		my $back = start_without($p);
		is(status($p, fast => GET => '/verify'), 503, 'another key: 503 while it is away');
		$back->();
		await('serve to end', sub { !$p->running });
		is($p->{status} >> 8, 1, 'and the end when it is there');
		is(count_log($p, qr/^pierre: ENCRYPTION_KEY is not the key/), 1, 'with a sentence');
		is(count_log($p, qr/ started /), 1, 'nothing was served with it');
		$p->stop;
	};

	subtest "$backend: what does not pass by itself" => sub {
		my $p = make($backend, $backend eq 'sqlite' ? (url => "sqlite:$tmp/nowhere/pierre.db") : ());
		$p->{env}{DATABASE_URL} = Pierre::database_url($p->{url}, 'nowhere') if $backend eq 'postgresql';
		$p->serve;
		await('serve to end', sub { !$p->running });
		is($p->{status} >> 8, 1, 'ends the start');
		is(count_log($p, qr/^pierre: .*nowhere/), 1, 'with a sentence');
		is(count_log($p, qr/ not_serving /), 0, 'at once');
		$p->stop;
	};

	subtest "$backend: one line for what fails again and again" => sub {
		my $p = make($backend, env => { FAST_DATABASE_TIMEOUT_MS => 20 });
		$p->serve;
		await_log($p, qr/ started /);
		my $back = take_away($p);
		my ($id, $n) = ('a1b2c3d4e5f60718293a4b5c6d7e8f90', 200);
		await('the outage', sub { status($p, fast => GET => '/health/ready', REQUEST_ID => $id) == 503 });
		await_log($p, qr/request_id=$id\b/);   # it comes after the answer
		like((lines_of($p, qr/request_id=$id\b/))[0] // '', qr/ warn request_failed .* path=\/health\/ready .* status=503 .* error="/, 'with the sentence');
		is(count_log($p, qr/request_id=$id\b/), 1, 'one line');
		my @got = map { status($p, fast => GET => $_ % 20 ? '/verify' : '/health/ready', HTTP_X_API_KEY => 'pk_live_' . 'b' x 32) } 1 .. $n;
		is(scalar(grep { $_ == 503 } @got), $n, "$n more are refused");
		$back->();
		my $all = sub { my $sum = count_log($p, qr/ request_failed /); $sum += $_ for map { / more=(\d+)/ } lines_of($p, qr/ requests_failed /); return $sum };
		ok(await('the count', sub { $all->() == $n + 1 }, $p), 'all of them are written or counted');
		my @lines = lines_of($p, qr/ requests?_failed /);
		cmp_ok(scalar(grep { !/ more=/ } @lines), '<', $n / 2, 'most are counted');
		is(count_log($p, qr/ request /), 0, 'no other line says it again');
		is($p->stop_serve, 0, 'stops');
		$p->stop;
	};
}

# A host in trouble may end it, or have no process for it.
subtest 'a check that is killed ends nothing' => sub {
	my $p = make($backends[0], env => { DATABASE_TIMEOUT_MS => 1000 });
	my $back = start_without($p);
	# one that is at its end already has said what it found: then the next
	await('a check that is killed', sub {
		my %c = children($p);
		kill 'KILL', grep { $c{$_} eq 'check' } keys %c;
		return count_log($p, qr/ not_serving .*Killed/);
	}, $p);
	is(status($p, fast => GET => '/health/live'), 200, 'the service goes on');
	$back->();
	await_log($p, qr/ started /);
	is($p->stop_serve, 0, 'and serves when the database is there');
	$p->stop;
};

subtest 'systemd is told' => sub {
	my $p = make($backends[0]);
	$p->{env}{NOTIFY_SOCKET} = "$p->{dir}/run/notify";
	my $notify = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $p->{env}{NOTIFY_SOCKET}) or die "notify: $!";
	chmod 0666, $p->{env}{NOTIFY_SOCKET};
	my ($told, $select) = ('', IO::Select->new($notify));
	my $hears = sub {
		my ($re) = @_;
		await("$re", sub { while ($select->can_read(0.05)) { $notify->recv(my $m, 4096); $told .= "$m\n--\n" } return $told =~ $re }, $p);
		pass("is told $re");
	};
	my $back = start_without($p);
	$hears->(qr/^READY=1\nSTATUS=Answering 503: .*(?:database|PostgreSQL)/m);
	$back->();
	$hears->(qr/^READY=1\nSTATUS=Serving\.$/m);
	is($p->stop_serve, 0, 'stops');
	$p->stop;
} if Pierre::built()->{systemd};

done_testing;
