# The shared-memory segment of a service: whose it is, who else may work in it,
# what it outlives, and commands that tell running workers what they changed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use Process qw(await alive await_log children count_log lines_of);

my ($backend) = Pierre::backends() or plan skip_all => 'no backend';
my $started = 0;

sub serve {
	my ($p, %env) = @_;
	$p->{env}{$_} = $env{$_} for keys %env;
	$p->serve;
	await_log($p, qr/ started /, ++$started);
}
sub start {
	my $p = Pierre->start(backend => $backend, nginx => 0, serve => 0, @_);
	$started = 0;
	serve($p);
	return $p;
}
sub segment { my ($p) = @_; return $p->{env}{RUNTIME_DIR} }
sub mode { return sprintf '%04o', (stat $_[0])[2] & 07777 }
sub storage { my ($p) = @_; return (stat segment($p) . '/room')[12] * 512 }
sub inode { my ($p) = @_; return (stat segment($p) . '/room')[1] }
sub refused {
	my ($p, $what, $re, %env) = @_;
	my $r = $p->cli('serve', env => \%env);
	is($r->{status}, 1, "$what: exit status 1");
	like($r->{err}, qr/^pierre: [^\n]*$re[^\n]*$/m, "$what: says why");
}

subtest 'its directory' => sub {
	my $p = start();
	is(mode(segment($p)), '0700', 'is for the service alone');
	is(mode(segment($p) . "/$_"), '0600', "$_ too") for qw(room room.lock);
	is($p->stop_serve, 0, 'stops');
	chmod 0777, segment($p);
	refused($p, 'a directory for all', qr/RUNTIME_DIR .*writable by nobody else/);
	refused($p, 'no directory', qr{RUNTIME_DIR /nowhere/room cannot be made}, RUNTIME_DIR => '/nowhere/room');
	refused($p, 'too many workers', qr/WORKERS is above MAX_WORKERS, which is 2/, MAX_WORKERS => 2, WORKERS => 3);
	$p->stop;
};

subtest 'what it outlives' => sub {
	my $p = start();
	my $inode = inode($p);
	is($p->stop_serve, 0, 'stops');
	serve($p);
	is(inode($p), $inode, 'a stop');
	my @pids = ($p->{pid}, $p->workers);
	kill 'KILL', @pids;
	await('all to be gone', sub { !$p->running && !grep { alive($_) } @pids });
	serve($p);
	is(inode($p), $inode, 'kill -9 of every process');
	is($p->stop_serve, 0, 'stops');
	serve($p, LIMIT_SLOTS => 128, MAX_WORKERS => 70);
	isnt(inode($p), $inode, 'other sizes: another file');
	is(count_log($p, qr/ room_discarded /), 0, 'nothing was thrown away so far');
	is($p->stop_serve, 0, 'stops');
	open my $f, '>', segment($p) . '/room' or die "open: $!";
	print $f "torn\n";
	close $f;
	serve($p);
	like(join("\n", lines_of($p, qr/ room_discarded /)), qr/^[^\n]*reason=torn rows=unknown[^\n]*$/,
		'a torn file is thrown away with one line');
	is($p->stop_serve, 0, 'stops');
	$p->sql(q{UPDATE instance SET database_id = '11111111-2222-4333-8444-555555555555', key_check = NULL});
	serve($p);
	like((lines_of($p, qr/ room_discarded /))[1], qr/reason=database rows=0/, 'and that of another database');
	is($p->stop_serve, 0, 'stops');
	$p->stop;
};

subtest 'one service at a time' => sub {
	my $p = start();
	my %elsewhere = (FAST_SOCKET => "$p->{dir}/run/f2.sock", SLOW_SOCKET => "$p->{dir}/run/s2.sock");
	refused($p, 'a second service', qr/another service.*works in RUNTIME_DIR/, %elsewhere, REQUEST_DEADLINE_MS => 1000);
	my %of = children($p);
	my ($worker) = grep { $of{$_} eq 'fast/0' } keys %of;
	kill 'STOP', $worker;
	kill 'KILL', $p->{pid};
	await('the master to be gone', sub { !$p->running });
	@{ $p->{env} }{ keys %elsewhere } = values %elsewhere;
	@$p{qw(fast_socket slow_socket)} = @elsewhere{qw(FAST_SOCKET SLOW_SOCKET)};
	$p->{wait} = 0;
	$p->serve;
	await_log($p, qr/ room_waits /);
	is(count_log($p, qr/ started /), 1, 'a new one waits while a worker of the old one is left');
	kill 'CONT', $worker;
	await_log($p, qr/ started /, 2);
	ok(!alive($worker), 'and starts when it has ended');
	is($p->stop_serve, 0, 'stops');
	$p->stop;
};

subtest 'a reload keeps it' => sub {
	my $p = start();
	my $inode = inode($p);
	$p->signal('HUP');
	await_log($p, qr/ reloaded /);
	is(inode($p), $inode, 'the same file');
	$p->sql(q{UPDATE instance SET database_id = '11111111-2222-4333-8444-555555555555', key_check = NULL});
	$p->signal('HUP');
	await_log($p, qr/ reload_failed .*the database is another one/);
	pass('a database that became another one is not served by a reload');
	is($p->stop_serve, 0, 'stops');
	$p->stop;
};

# --- commands -------------------------------------------------------------------

sub key_of {
	my ($p, $user, $name) = @_;
	my $r = $p->expect(201, $p->post('/api/keys', { name => $name }, token => $user->{token}));
	return { full => $r->{json}{api_key}, id => $r->{json}{key_info}{id} };
}
sub statuses {
	my ($p, $key) = @_;
	my %seen;
	$seen{ $p->get('/verify', token => $key->{full})->{status} }++ for 1 .. 12;
	return join ' ', sort keys %seen;
}

subtest 'commands tell the workers' => sub {
	my $p = Pierre->start(backend => $backend);
	my $user = $p->approved_user;
	my $key = key_of($p, $user, 'told');
	my $storage = storage($p);
	is(statuses($p, $key), '200', 'every worker has verified the key');
	cmp_ok(storage($p) - $storage, '<', 2 << 20, 'and had storage for its rows before');
	my $r = $p->cli('key', 'revoke', $key->{id});
	is("$r->{status} $r->{err}", '0 ', 'revoked by the shell, which has nothing to add');
	is(statuses($p, $key), '401', 'no worker takes it from the next request on');

	my $other = key_of($p, $user, 'not told');
	my $away = segment($p) . '.away';
	my $silent = $p->cli('key', 'revoke', $key->{id}, env => { RUNTIME_DIR => $away });
	is("$silent->{status} $silent->{err}", '0 ', 'no runtime directory, no service to tell');
	chmod 0, segment($p);
	$r = $p->cli('key', 'list', $user->{email});
	is("$r->{status} $r->{err}", '0 ', 'a command that changes nothing has nobody to tell');
	$r = $p->cli('key', 'revoke', $other->{id});
	chmod 0700, segment($p);
	is($r->{status}, 0, 'one that could not reach the workers has done its work');
	like($r->{err}, qr/\Apierre: running workers were not told \([^\n]*\); they notice within 5 seconds\n\z/,
		'and says so in one line');
	await('the workers to notice', sub { statuses($p, $other) eq '401' });
	pass('which they do');

	my $third = key_of($p, $user, 'of another version');
	open my $f, '+<', segment($p) . '/room' or die "open: $!";
	seek $f, 8, 0;   # the number of its layout
	print $f pack('L', 99);
	close $f;
	$r = $p->cli('key', 'revoke', $third->{id});
	like($r->{err}, qr/workers were not told \([^\n]*is not a shared memory file of this version of pierre: restart the service\)/,
		'nor those of another version of pierre');
	is($p->stop_serve, 0, 'stops');
	serve($p);
	like((lines_of($p, qr/ room_discarded /))[-1], qr/reason=version rows=unknown/, 'whose segment is not taken over, with one line');
	$p->stop;
};

done_testing;
