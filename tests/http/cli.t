#!/usr/bin/perl
# The shell commands, on both backends, beside a running service: what they
# print, what they change, how they fail.
use strict;
use warnings;
use FindBin;
use IPC::Open2;
use lib "$FindBin::Bin/../support";
use Test::More;
use Digest::SHA qw(sha256_hex);
use Time::HiRes qw(time);
use Pierre::Check;
use Process qw(await);

my $json = JSON::PP->new->utf8;
my $sentence = qr/\Apierre: [^\n]+\n\z/;

sub run_ok {
	my ($p, $name, @words) = @_;
	my $r = $p->cli(@words);
	is($r->{status}, 0, $name) or diag("@words: $r->{err}");
	is($r->{err}, '', 'nothing on standard error');
	return $r;
}

# One JSON value, nothing else.
sub run_json {
	my ($p, $name, @words) = @_;
	my $r = run_ok($p, $name, splice(@words, 0, 2), '--json', @words);
	my $value = eval { $json->decode($r->{out}) };
	ok($value, 'is JSON') or diag($r->{out});
	return $value;
}

sub fails {
	my ($p, $status, $like, @words) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $r = $p->cli(@words);
	my $name = join(' ', map { ref $_ ? sprintf('%s=%s', map { $_ // '' } %$_) : s/\W+\z//r } @words);
	is($r->{status}, $status, "$name: exit $status") or diag($r->{err});
	is($r->{out}, '', 'nothing on standard output');
	like($r->{err}, $status == 1 ? $sentence : qr/\Apierre: [^\n]+\nusage: pierre/, 'one sentence') if $status == 1 || $like;
	like($r->{err}, $like, 'that says why') if $like;
	return $r;
}

sub usage {
	my ($p) = @_;
	fails($p, 2, undef);
	fails($p, 2, qr/there is no command 'nope'/, 'nope');
	fails($p, 2, qr/'user' needs a second word/, 'user');
	fails($p, 2, qr/there is no command 'user nope'/, 'user', 'nope');
	fails($p, 2, qr/there is no option --bogus/, '--bogus', 'version');
	fails($p, 2, qr/user list has no option --bogus/, 'user', 'list', '--bogus');
	fails($p, 2, qr/user create needs EMAIL/, 'user', 'create');
	fails($p, 2, qr/does not take 'extra'/, 'user', 'list', 'extra');
	fails($p, 2, qr/--status needs a value/, 'user', 'list', '--status');
	fails($p, 2, qr/--status is given twice/, 'user', 'list', '--status', 'active', '--status=pending');
	fails($p, 2, qr/--json takes no value/, 'user', 'list', '--json=yes');
	fails($p, 2, qr/--admin takes no value/, 'user', 'create', 'x@example.org', '--admin=1');
	fails($p, 2, qr/has no option --password/, 'user', 'create', 'x@example.org', '--password', 'secret');
	my $help = run_ok($p, 'help', 'help');
	for my $words ('serve', 'db test', 'db migrate', 'db status', 'user create', 'user list', 'user approve', 'user suspend',
		'user passwd', 'key create', 'key list', 'key revoke', 'admin setup-token', 'config check', 'config dump', 'openapi',
		'version', 'help') {
		like($help->{out}, qr/^  \Q$words\E  /m, "help lists '$words'");
		my $one = run_ok($p, "help $words", 'help', split / /, $words);
		like($one->{out}, qr/\Ausage: pierre \Q$words\E/, 'its usage');
		is($p->cli(split(/ /, $words), '--help')->{out}, $one->{out}, '--help says the same');
	}
	is(run_ok($p, '--help', '--help')->{out}, $help->{out}, '--help is help');
	is(run_ok($p, '-h', '-h')->{out}, $help->{out}, '-h too');
	is(run_ok($p, '-h -h', '-h', '-h')->{out}, $help->{out}, 'also twice');
	like(run_ok($p, 'group', 'help', 'db')->{out}, qr/db status/, 'help of a group');
	is($p->cli('help', 'nope')->{status}, 2, 'help of nothing');
	my $group = run_ok($p, 'help user', 'help', 'user')->{out};
	like($group, qr/^  user passwd  /m, 'help of a group');
	unlike($group, qr/^  key /m, 'and of no other');
	is(run_ok($p, "@$_", @$_)->{out}, $group, 'the same') for [ 'user', '--help' ], [ 'user', '-h' ], [ '--help', 'user' ];
	is(run_ok($p, '--version', '--version')->{out}, run_ok($p, 'version', 'version')->{out}, '--version is version');
	is(run_json($p, '--version', '--version')->{name}, 'pierre', 'with options too');
	fails($p, 2, qr/user list has no option --version/, 'user', 'list', '--version');
}

sub about {
	my ($p) = @_;
	like(run_ok($p, 'version', 'version')->{out}, qr/\Apierre \d+\.\d+\.\d+ \(.*\b$p->{backend}\b.*\)\n\z/, 'version and backends');
	is_deeply($json->decode(run_ok($p, 'openapi', 'openapi')->{out}), $p->get('/openapi.json')->{json}, 'openapi is what is served');
	my $man = run_ok($p, 'man page', 'help', '--man')->{out};
	my $markdown = run_ok($p, 'table', 'help', '--options-markdown')->{out};
	my $dump = run_ok($p, 'dump', 'config', 'dump')->{out};
	my @options = $dump =~ /^(?:# )?([A-Z][A-Z_]+)=/mg;
	cmp_ok(scalar @options, '>', 15, 'options: ' . scalar @options);
	for my $option (@options) {
		like($man, qr/^\\fB\Q$option\E\\fR/m, "$option is in the man page");
		like($markdown, qr/^\| `\Q$option\E` \|/m, 'and in the table');
	}
	like($man, qr/^\.SH $_$/m, "section $_") for 'FILES', 'SIGNALS', 'EXAMPLES', 'EXIT STATUS';
	unlike($man, qr/^[.'](?!TH|SH|SS|TP|PP|B |I )/m, 'no text is taken for a request');
}

sub database {
	my ($p) = @_;
	my $t = run_json($p, 'db test', 'db', 'test');
	is($t->{backend}, $p->{backend}, 'backend');
	ok($t->{library}, "library: $t->{library}");
	like($t->{encoding}, qr/\bUTF-?8\b/i, 'encoding');
	is($t->{schema_current}, $t->{schema_latest}, 'schema');
	cmp_ok($t->{round_trip_min_us}, '<=', $t->{round_trip_median_us}, 'round trip');
	ok($t->{where}, 'where');
	if ($p->{backend} eq 'sqlite') {
		is($t->{journal}, 'wal', 'journal');
		is($t->{synchronous}, 'full', 'synchronous');
	} else {
		ok($t->{server}, "server: $t->{server}");
		ok(defined $t->{tls}, 'tls: ' . ($t->{tls} // ''));
		cmp_ok($t->{connections_free}, '>', 0, 'connections_free');
		unlike($json->encode($t), qr/password|:[^:\@\/]+\@/, 'no password');
	}
	my $human = run_ok($p, 'db test', 'db', 'test')->{out};
	like($human, qr/^backend +$p->{backend}$/m, 'for people');
	my $s = run_json($p, 'db status', 'db', 'status');
	is($s->{pending}, 0, 'nothing pending');
	cmp_ok($s->{file_bytes}, '>', 0, 'file size') if $p->{backend} eq 'sqlite';
	is(run_json($p, 'db migrate', 'db', 'migrate')->{applied}, 0, 'migrate again does nothing');
}

sub users {
	my ($p) = @_;
	my $password = 'a shell made password';
	my @pw = ('--password-file', '-');
	my $u = run_json($p, 'create', 'user', 'create', 'Shell@Example.org', '--name', 'Shell', '--tier=professional', @pw,
		stdin => "$password\n");
	is($u->{user_status}, 'active', 'active at once');
	is($u->{tier}, 'professional', 'tier');
	ok(!$u->{is_admin}, 'no admin');
	my $login = $p->login({ email => 'shell@example.org', password => $password });
	status_is($p->get('/api/keys', token => $login->{token}), 200, 'can log in');
	fails($p, 1, qr/already exists; 'pierre user list'/, 'user', 'create', 'SHELL@example.org', @pw, stdin => "$password\n");
	fails($p, 1, qr/password/i, 'user', 'create', 'short@example.org', @pw, stdin => "short\n");
	fails($p, 1, qr/e-?mail/i, 'user', 'create', 'no-address', @pw, stdin => "$password\n");
	fails($p, 1, qr/--tier must be one of: starter, professional, enterprise$/m, 'user', 'create', 'x@example.org', '--tier', $_, @pw,
		stdin => "$password\n") for qw(gold trial);
	fails($p, 1, qr/there is no terminal/, 'user', 'create', 'x@example.org');
	fails($p, 1, qr/cannot read/, 'user', 'create', 'x@example.org', '--password-file', 'no-such-file');
	fails($p, 1, undef, 'user', 'create', 'x@example.org', @pw, stdin => '');
	open my $f, '>', "$p->{dir}/state/pw" or die;
	print $f "$password\r\nsecond line\n";
	close $f;
	my $admin = run_json($p, 'create an admin', 'user', 'create', 'root@example.org', '--admin', '--password-file', 'pw');
	ok($admin->{is_admin}, 'admin');
	my $root = $p->login({ email => 'root@example.org', password => $password });
	status_is($p->get('/admin/users', token => $root->{token}), 200, 'may do what admins do');
	$p->{admin} = $root;
	fails($p, 1, qr/exists; 'pierre user create EMAIL --admin'/, 'admin', 'setup-token');

	my $human = run_ok($p, 'list', 'user', 'list')->{out};
	like($human, qr/^id +email +user_status/, 'a table');
	like($human, qr/shell\@example\.org/i, 'with the user');
	fails($p, 1, qr/\Apierre: --name: .*control/, 'user', 'create', 'esc@example.org', '--name', "a\e[2Jb", @pw, stdin => "$password\n");
	$p->sql("UPDATE users SET display_name = 'a' || " . ($p->{backend} eq 'sqlite' ? 'char(27)' : 'chr(27)') . " || '[2J' WHERE email_key = 'shell\@example.org'");
	unlike(run_ok($p, 'approve', 'user', 'approve', 'shell@example.org')->{out}, qr/\e/, 'a name cannot steer the terminal');
	unlike($p->cli('user', 'list', '--json')->{out}, qr/[^\n -~\xa0-\xff]/, 'nor in JSON');
	my $all = run_json($p, 'list', 'user', 'list');
	is(scalar @$all, $p->sql('SELECT count(*) FROM users'), 'all users');
	unlike($json->encode($all), qr/\$2b\$|password/, 'no hash');

	my $pending = $p->register_user;
	is_deeply([ map { $_->{id} } @{ run_json($p, 'pending', 'user', 'list', '--status', 'pending') } ], [ $pending->{user_id} ], 'by status');
	fails($p, 1, qr/--status must be one of: pending, active, suspended$/m, 'user', 'list', '--status', 'odd');
	$u = run_json($p, 'approve by e-mail', 'user', 'approve', uc $pending->{email}, '--tenant-name', 'My Team', '--tenant-slug', 'my-team');
	is($u->{user_status}, 'active', 'active');
	ok($u->{tenant_id}, 'has the tenant');
	is($p->sql("SELECT name FROM tenants WHERE slug = 'my-team'"), 'My Team', 'which was made');
	$login = $p->login($pending);
	is(run_json($p, 'suspend by id', 'user', 'suspend', $pending->{user_id}, '--reason', 'test')->{user_status}, 'suspended', 'suspended');
	problem_is($p->get('/verify', token => $login->{token}), 403, { reason => 'suspended' }, 'from the next request on') for 1 .. 4;
	run_ok($p, 'approve again', 'user', 'approve', $pending->{user_id});
	fails($p, 1, qr/No user found; 'pierre user list'/, 'user', $_, 'ghost@example.org') for qw(approve suspend);
	fails($p, 1, qr/No user found/, 'user', 'passwd', 'ghost@example.org', @pw, stdin => "$password\n");
	fails($p, 1, qr/admin/, 'user', 'suspend', 'root@example.org');

	$login = $p->login($pending);
	run_ok($p, 'passwd', 'user', 'passwd', $pending->{email}, @pw, stdin => "another password entirely");
	problem_is($p->get('/verify', token => $login->{token}), 401, {}, 'ends the sessions');
	$p->login({ %$pending, password => 'another password entirely' });
	is($p->sql("SELECT count(*) FROM audit_events WHERE source = 'shell' AND target = '$pending->{user_id}'") >= 3 ? 1 : 0, 1,
		'the audit trail knows the shell');
}

# On a terminal the password is asked for, twice and unseen.
sub terminal {
	my ($p, $email, @typed) = @_;
	my @run = Pierre::as_user('script', '-qefc', $p->binary . " user create $email", '/dev/null');
	local %ENV = %{ $p->{env} };
	my $pid = open2(my $out, my $in, @run);
	my $seen = '';
	my $read = sub { my ($until) = @_;
		while (!defined $until || $seen !~ /$until/) { sysread($out, $seen, 4096, length $seen) or last } };
	local $SIG{ALRM} = sub { kill 'TERM', $pid; die "no prompt: $seen" };
	alarm 60;
	for (qr/Password: /, qr/Once more: /) {
		$read->($_);
		syswrite $in, shift(@typed) . "\n";
	}
	$read->();
	waitpid $pid, 0;
	alarm 0;
	return { status => $? >> 8, seen => $seen };
}

sub prompts {
	my ($p) = @_;
	my $password = 'typed without echo';
	my $r = terminal($p, 'typed@example.org', $password, $password);
	is($r->{status}, 0, 'typed twice') or diag($r->{seen});
	unlike($r->{seen}, qr/echo/, 'unseen');
	$p->login({ email => 'typed@example.org', password => $password });
	$r = terminal($p, 'typo@example.org', $password, 'something else again');
	is($r->{status}, 1, 'two that differ');
	like($r->{seen}, qr/the two entries differ/, 'says so');
}

sub keys_ {
	my ($p) = @_;
	my $user = $p->approved_user;
	my $k = run_json($p, 'create', 'key', 'create', $user->{email}, '--name', 'by shell', '--scopes', 'read,write',
		'--expires-in-days', '30', '--description', 'for tests', '--rate-limit-requests', '9');
	like($k->{api_key}, qr/^pk_live_\w{32}$/, 'the key');
	is($k->{key_info}{name}, 'by shell', 'name');
	is_deeply([ @{ $k->{key_info} }{qw(description rate_limit_requests scopes)} ], [ 'for tests', 9, [ 'read', 'write' ] ], 'the rest');
	ok($k->{key_info}{expires_at}, 'expires_at');
	is($p->get('/verify', token => $k->{api_key})->{headers}{'x-pierre-scopes'}, 'read write', 'verifies');
	my $human = run_ok($p, 'create', 'key', 'create', $user->{user_id}, '--tier', 'trial')->{out};
	like($human, qr/^api_key +pk_trial_\w{32}$/m, 'for people');
	fails($p, 1, qr/\Apierre: --tier: /, 'key', 'create', $user->{email}, '--tier', 'enterprise');
	fails($p, 1, qr/scopes.*commas between/, 'key', 'create', $user->{email}, '--scopes', 'a b');
	fails($p, 1, qr/No user found; 'pierre user list'/, 'key', 'create', 'ghost@example.org');
	for ([ soon => 'a number from 1 to \d+' ], [ 0 => 'from 1 to \d+' ], [ 1_000_000 => 'from 1 to \d+' ]) {
		my $r = $p->cli('key', 'create', $user->{email}, '--expires-in-days', $_->[0]);
		is($r->{status}, 2, "$_->[0] days");
		like($r->{err}, qr/\Apierre: --expires-in-days must be $_->[1]\n\z/, 'says how many there may be');
	}
	my $list = run_json($p, 'list', 'key', 'list', $user->{email});
	is(scalar @$list, 2, 'two keys');
	unlike($json->encode($list), qr/hash|pk_\w{25}/, 'never the key again');
	like(run_ok($p, 'list', 'key', 'list', $user->{email})->{out}, qr/^id +key_prefix +name/, 'a table');
	ok(!run_json($p, 'revoke', 'key', 'revoke', $k->{key_info}{id})->{is_active}, 'revoked');
	problem_is($p->get('/verify', token => $k->{api_key}), 401, { reason => 'revoked' }, 'from the next request on') for 1 .. 4;
	run_ok($p, 'revoke again', 'key', 'revoke', $k->{key_info}{id});
	fails($p, 1, qr/not the id/, 'key', 'revoke', 'x');
	is_deeply([ map { $_->{tier} } @{ run_json($p, 'list', 'key', 'list', $user->{email}, '--state', 'active') } ], ['trial'], 'the other is active');
	is_deeply([ map { $_->{id} } @{ run_json($p, 'list', 'key', 'list', '--all', '--state', 'revoked', '--tier', 'starter') } ], [ $k->{key_info}{id} ], 'of all users');
	like(run_ok($p, 'list', 'key', 'list', '--all')->{out}, qr/^id +user_email +key_prefix/, 'a table');
	for ([], [ $user->{email}, '--all' ]) {
		my $r = $p->cli('key', 'list', @$_);
		is($r->{status}, 2, 'one of the two');
		like($r->{err}, qr/\Apierre: Name the USER whose keys to list, or give --all\n\z/, 'says so');
	}
	fails($p, 1, qr/No user found; 'pierre user list'/, 'key', 'list', 'ghost@example.org');
	$p->sql("UPDATE api_keys SET expires_at = '2020-01-01T00:00:00.000Z' WHERE tier = 'trial'");
	is(run_json($p, 'expire', 'key', 'expire')->{expired}, 1, 'one has expired');
	is(run_json($p, 'expire', 'key', 'expire')->{expired}, 0, 'again: none');
	is_deeply([ map { $_->{tier} } @{ run_json($p, 'list', 'key', 'list', '--all', '--state', 'expired') } ], ['trial'], 'it is listed as expired');
	fails($p, 1, qr/'pierre key list USER'/, 'key', 'revoke', '00000000-0000-4000-8000-000000000000');
}

# Keys of another program, by their hashes; what a line may have is tests/db/op_key_import.c.
sub imported {
	my ($p) = @_;
	my $user = $p->approved_user;
	my $row = sub { my ($text, %more) = @_; return $json->encode({ user_email => $user->{email}, name => 'old', hash => 'sha256-plain:' . sha256_hex($text), %more }) };
	my @good = map { $row->("old-key-$_") } 1 .. 3;
	my $dir = "$p->{dir}/state";
	put("$dir/good", join "\n", @good, '', '  ', '');
	chmod 0644, "$dir/good";
	is_deeply(run_json($p, 'a trial', 'key', 'import', "$dir/good", '--dry-run'), { lines => 5, imported => 3, present => 0, dry_run => JSON::PP::true }, 'would be');
	is($p->sql("SELECT count(*) FROM api_keys WHERE user_id = '$user->{user_id}'"), 0, 'nothing is');
	is_deeply(run_json($p, 'import', 'key', 'import', "$dir/good"), { lines => 5, imported => 3, present => 0, dry_run => JSON::PP::false }, 'are');
	like(run_ok($p, 'again', 'key', 'import', "$dir/good")->{out}, qr/^imported +0\npresent +3$/m, 'they are there already');
	my $works = sub { $p->get('/verify', headers => { 'X-API-Key' => 'old-key-2' })->{status} == 200 };
	ok(await('a key that was imported', $works, $p), 'it works');
	my @wrong = ($row->('a'), 'not json', $row->('b', tier => 'gold'), $row->('c', user_email => 'ghost@example.org'),
		$row->('d', hash => 'md5:1'), $row->('e', color => 'red'));
	my $r = $p->cli('key', 'import', '-', stdin => join("\n", @wrong, map { $row->("new-$_") } 1 .. 495) . "\n");
	is($r->{status}, 1, 'wrong lines');
	is(join(',', $r->{err} =~ /^pierre: line (\d+): /mg), '2,3,4,5,6', 'each is named by its number');
	like($r->{err}, qr/^pierre: 5 lines are wrong.* 1 keys were; correct them/m, 'their batch was not imported, the next one was');
	is($p->sql("SELECT count(*) FROM api_keys WHERE user_id = '$user->{user_id}'"), 4, 'so many keys');
	fails($p, 1, qr/cannot read .*: No such file/, 'key', 'import', "$dir/none");
	my $other = $p->approved_user;
	run_ok($p, 'revoke', 'key', 'revoke', $p->sql("SELECT id FROM api_keys WHERE key_prefix = '#" . sha256_hex('old-key-3') . q(')));
	$r = $p->cli('key', 'import', '-', stdin => $row->('old-key-3') . "\n");
	is("$r->{status} $r->{err}", "0 pierre: line 1: the user has this key, which was revoked or has expired; it was left as it is\n", 'one was revoked: it is told');
	$r = $p->cli('key', 'import', '-', stdin => join "\n", $row->('z', user_email => $other->{email}), $row->('old-key-2', user_email => $other->{email}), '');
	is($r->{status}, 1, 'keys that another user has');
	like($r->{err}, qr/^pierre: line 2: another user has this key[^\n]*\npierre: 1 keys of the file belong to another user/m, 'are told by line');
	is($p->sql("SELECT count(*) FROM api_keys WHERE user_id = '$other->{user_id}'"), 1, 'the others were imported');
	# the last batch repeats lines of the first one, as another user's, and itself
	my @twice = ((map { $row->("twice-$_") } 1 .. 500), $row->('twice-1'), $row->('twice-2', user_email => $other->{email}), ($row->('twice-501')) x 2);
	my @told = map { $p->cli('key', 'import', '-', '--json', @$_, stdin => join("\n", @twice) . "\n") } ['--dry-run'], [];
	is($told[0]{err} =~ s/would be/were/r, $told[1]{err}, 'a trial says of lines that are there twice what an import says');
	like($told[0]{err}, qr/^pierre: line 502: another user has this key/m, 'each by its number');
	is($p->sql("SELECT count(*) FROM api_keys WHERE name = 'old' AND user_id = '$user->{user_id}'"), 4 + 501, 'which writes each once');
	my @fresh = ((map { $row->("fresh-$_") } 1 .. 501), map { $row->("fresh-$_") } 1, 501);
	for my $trial (1, 0) {
		my $r = $p->cli('key', 'import', '-', '--json', $trial ? '--dry-run' : (), stdin => join("\n", @fresh) . "\n");
		is_deeply($json->decode($r->{out}), { lines => 503, imported => 501, present => 2, dry_run => $trial ? JSON::PP::true : JSON::PP::false }, 'each is counted once');
	}
}

# All that is wrong at once, a sentence each.
sub several {
	my ($p) = @_;
	put("$p->{dir}/state/wrong", "WORKERS=0\nLOG_LEVEL=loud\nWROKERS=1\nBCRYPT_COST=99\n");
	my $r = $p->cli('config', 'check', '--config', 'wrong', env => { ENCRYPTION_KEY => undef, WORKERS => undef,
		LOG_LEVEL => undef, BCRYPT_COST => undef, SLOW_SOCKET => '/no/such/dir/x' });
	is($r->{status}, 1, 'several mistakes');
	for my $like (qr/WORKERS takes/, qr/LOG_LEVEL takes/, qr/wrong:3: .*WROKERS/, qr/BCRYPT_COST takes/, qr/ENCRYPTION_KEY is not/,
		qr/SLOW_SOCKET/) {
		like($r->{err}, qr/^pierre: [^\n]*$like/m, "told: $like");
	}
	is(scalar(() = $r->{err} =~ /^pierre: /mg), 6, 'and no more');
}

# The directory of the default sockets is systemd's to make.
sub socket_directory {
	my ($p) = @_;
	my $r = $p->cli('config', 'check', env => { FAST_SOCKET => undef, SLOW_SOCKET => undef });
	is($r->{status}, 0, 'the default sockets') or diag($r->{err});
	is(scalar(() = $r->{err} =~ m{^pierre: note: .*/run/pierre .*systemd makes it; by hand: mkdir}mg), -d '/run/pierre' ? 0 : 1,
		'a missing directory is a note');
}

sub key_file {
	my ($p) = @_;
	my $file = "$p->{dir}/state/key";
	my %env = (env => { ENCRYPTION_KEY => undef, ENCRYPTION_KEY_FILE => $file });
	put($file, $p->{env}{ENCRYPTION_KEY});
	chmod 0644, $file;
	fails($p, 1, qr/ENCRYPTION_KEY_FILE: everybody may read.*chmod o=/, 'config', 'check', %env);
	my ($uid, $gid) = (stat "$p->{dir}/state")[4, 5];
	chown $uid, $gid, $file;
	chmod 0640, $file;
	is($p->cli('config', 'check', %env)->{status}, 0, 'a key file for its owner and group');
	unlink $file;
}

# While a command waits for what it reads: no debugger, no core file, no key.
sub hidden {
	my ($p) = @_;
	my $fifo = "$p->{dir}/state/fifo";
	POSIX::mkfifo($fifo, 0600) or die "$fifo: $!";
	$p->give($fifo);
	for my $words ([ 'user', 'create', 'hidden@example.org', '--password-file', $fifo ],
		[ 'config', 'check', '--nginx', $fifo ], [ 'user', 'create', 'debug@example.org', '--password-file', $fifo ]) {
		my $debug = "@$words" =~ /debug/;
		my $pid = $p->spawn('command', [ Pierre::as_user($p->binary, @$words) ],
			{ %{ $p->{env} }, LOG_LEVEL => $debug ? 'debug' : 'info' }, "$p->{dir}/hidden.out");
		local $SIG{ALRM} = sub { die "nobody reads $fifo:\n" . Pierre::slurp("$p->{dir}/hidden.out") };
		alarm 60;
		open my $f, '>', $fifo or die "$fifo: $!";   # waits for the command
		alarm 0;
		my $owner = (stat "/proc/$pid/mem")[4];
		is($owner, $debug ? (stat $fifo)[4] : 0, "@$words: " . ($debug ? 'a debugger may' : 'no debugger'));
		like(Pierre::slurp("/proc/$pid/limits"), qr/^Max core file size\s+0\s+0\s/m, '  no core file');
		unlike(Pierre::slurp("/proc/$pid/environ"), qr/\Q$p->{env}{ENCRYPTION_KEY}\E/, '  the key is wiped');
		print $f "a long enough password\n";
		close $f;
		waitpid $pid, 0;
	}
	unlink $fifo;
}

sub put { my ($file, $text) = @_; open my $f, '>', $file or die "$file: $!"; print $f $text; close $f }

# Files that root makes are of no use to the service: root acts as their owner.
sub root {
	my ($p) = @_;
	plan skip_all => 'not root' if $> != 0;
	my $dir = "$p->{dir}/owned";
	mkdir $dir or die;
	chown +(stat "$p->{dir}/state")[4, 5], $dir;
	my $user = (stat $dir)[4];
	for my $words ([ 'db', 'migrate' ], [ 'user', 'list' ], [ 'db', 'test' ]) {
		my $r = Pierre::capture([ $p->binary, @$words ], { %{ $p->{env} }, DATABASE_URL => "sqlite:$dir/x.db" });
		is($r->{status}, 0, "root may: @$words") or diag($r->{err});
	}
	my $password = "$p->{dir}/root-password";
	put($password, "a password of root's\n");
	chmod 0600, $password;
	my $r = Pierre::capture([ $p->binary, qw(user create x@example.org --password-file), $password ],
		{ %{ $p->{env} }, DATABASE_URL => "sqlite:$dir/x.db" });
	is($r->{status}, 0, 'a password file that only root may read') or diag($r->{err});
	is_deeply([ grep { (stat $_)[4] != $user } glob "$dir/*" ], [], 'and every file is the owner\'s');
}

# Only root reads the master key of an installed service; PostgreSQL on the same host lets in
# the service's user alone.
sub key_of_root {
	my ($p) = @_;
	plan skip_all => 'not root' if $> != 0;
	my ($key, $secret, $files) = map { "$p->{dir}/root-$_" } qw(key secret files);
	put($key, "$p->{env}{ENCRYPTION_KEY}\n");
	put($secret, "a secret of root's\n");
	chmod 0600, $key, $secret;
	mkdir $files, 0700 or die "$files: $!";
	my %env = (%{ $p->{env} }, ENCRYPTION_KEY_FILE => $key);
	delete $env{ENCRYPTION_KEY};
	my $as_root = sub { return Pierre::capture([ $p->binary, @_ ], \%env, only_env => 1) };
	for my $words ([qw(keys status)], [qw(secret set of-root --value-file), $secret], [qw(secret show of-root --reveal)]) {
		my $r = $as_root->(@$words);
		is($r->{status}, 0, "root: @$words[0, 1]") or diag($r->{err});
	}
	my $r = $as_root->(qw(spool import), $files);
	is($r->{status}, 1, 'but goes on as the service\'s user');
	like($r->{err}, qr/Permission denied/, 'who may not read what is root\'s');
}

# The journal takes the level from the line, but only where it reads it.
sub journal {
	my ($p) = @_;
	my $file = "$p->{dir}/state/journal";
	put($file, '');
	my ($device, $inode) = (stat $file)[0, 1];
	for ([ "$device:$inode", '<3>' ], [ "$device:1", '' ], [ 'nonsense', '' ]) {
		my ($stream, $prefix) = @$_;
		system('env', "JOURNAL_STREAM=$stream", 'sh', '-c', "'" . $p->binary . "' serve 2>'$file'");
		like(Pierre::slurp($file), qr/\A${prefix}pierre: /, "JOURNAL_STREAM=$stream: '$prefix'");
	}
}

sub configuration {
	my ($p) = @_;
	journal($p);
	is(run_json($p, 'check', 'config', 'check')->{sound}, JSON::PP::true, 'sound');
	my $long = "$p->{dir}/" . 'x' x 100;
	for ([ ENCRYPTION_KEY => undef, qr/ENCRYPTION_KEY/ ], [ ENCRYPTION_KEY => 'c2hvcnQ=', qr/ENCRYPTION_KEY/ ],
		[ DATABASE_URL => 'mysql://x/y', qr/mysql|scheme/ ], [ FAST_SOCKET => '/no/such/dir/x', qr/FAST_SOCKET.*directory.*mkdir/ ],
		[ ENCRYPTION_KEY => '', qr/LoadCredential.*ENCRYPTION_KEY_FILE/ ],
		(Pierre::built()->{sqlite} ? ([ DATABASE_URL => 'sqlite:/no/such/x.db', qr{/no/such of the database.*DATABASE_URL} ],
			[ DATABASE_URL => 'sqlite:/etc/x.db', qr{may not write to /etc} ], [ DATABASE_URL => 'sqlite:/etc', qr/is not a file/ ]) : ()),
		[ SLOW_SOCKET => $long, qr/SLOW_SOCKET.*10[78]/ ], [ SLOW_SOCKET => $p->{fast_socket}, qr/same path/ ],
		[ WORKERS => 0, qr/WORKERS/ ], [ WORKERS => 'many', qr/WORKERS/ ], [ BCRYPT_COST => 3, qr/BCRYPT_COST/ ],
		[ LOG_LEVEL => 'loud', qr/LOG_LEVEL takes debug, info, warn or error$/m ], [ AUTO_MIGRATE => 'maybe', qr/AUTO_MIGRATE/ ]) {
		my ($name, $value, $like) = @$_;
		fails($p, 1, $like, 'config', 'check', env => { $name => $value });
	}
	if ($p->{backend} eq 'postgresql') {
		fails($p, 1, $_->[1], 'config', 'check', env => { DATABASE_URL => "postgresql://u$_->[0]" })
			for [ '@ho:port/db', qr/DATABASE_URL.*port/ ], [ '@h/db?sslmod=require', qr/DATABASE_URL.*parameter/ ],
			[ '@h/db?sslmode=verify-full', qr/sslmode=verify-full and no sslrootcert: add &sslrootcert=FILE/ ],
			[ '@h/db?sslmode=verify-ca', qr/sslmode=verify-ca and no sslrootcert/ ],
			[ '@h/db?sslmode=verify-full&sslrootcert=/no/such.pem', qr{/no/such\.pem, which sslrootcert .*: No such file} ];
		run_ok($p, "sound: $_", 'config', 'check', env => { DATABASE_URL => "postgresql://u\@h/db?$_" })
			for "sslmode=verify-full&sslrootcert=$p->{ca}", 'sslmode=verify-full&sslrootcert=system', 'sslmode=require';
	}
	several($p);
	socket_directory($p);
	key_file($p);
	open my $f, '>', "$p->{dir}/state/conf" or die;
	print $f "# a comment\nWORKERS=7\nSLOW_WORKERS=\"3\"\n";
	close $f;
	my %dump = map { $_->{name} => $_ } @{ run_json($p, 'dump', 'config', 'dump', '--config', 'conf') };
	is("$dump{SLOW_WORKERS}{value} $dump{SLOW_WORKERS}{source}", '2 environment', 'the environment wins');
	%dump = map { $_->{name} => $_ } @{ run_json($p, 'dump', 'config', 'dump', '--config=conf',
		env => { WORKERS => undef, SLOW_WORKERS => undef }) };
	is("$dump{WORKERS}{value} $dump{WORKERS}{source}", '7 conf', 'from the file');
	is("$dump{SLOW_WORKERS}{value}", '3', 'quoted');
	is($dump{LOG_LEVEL}{source}, 'default', 'default');
	is($dump{ENCRYPTION_KEY}{value}, '(set)', 'secrets are not shown');
	my ($secret) = $p->{url} =~ m{^\w+://\w+:([^@]+)@};
	my $shown = $secret ? $p->{url} =~ s/:\Q$secret\E@/:***@/r : $p->{url};
	is($dump{DATABASE_URL}{value}, $shown, 'DATABASE_URL is shown without its password');
	is($dump{DATABASE_URL}{source}, 'environment', 'and where it is from');
	my $text = run_ok($p, 'dump', 'config', 'dump')->{out};
	unlike($text, qr/\Q$p->{env}{ENCRYPTION_KEY}\E/, 'nor in the text');
	open $f, '>', "$p->{dir}/state/again" or die;
	print $f $text;
	close $f;
	run_ok($p, 'a dump is a configuration', 'config', 'dump', '--config', 'again');
	print { open my $g, '>', "$p->{dir}/state/bad"; $g } "WROKERS=1\n";
	fails($p, 1, qr/bad:1.*WROKERS/, 'config', 'check', '--config', 'bad');
	fails($p, 1, qr/no-such-file/, 'config', 'check', '--config', 'no-such-file');
}

# Each one sentence, exit 1, and soon.
# Sc 1.
sub trouble {
	my ($p) = @_;
	my $dir = "$p->{dir}/state";
	my @tries = ([ 'mysql://x/y', qr/mysql/ ], [ 'nonsense', qr/./ ], [ '', qr/./ ]);
	if ($p->{backend} eq 'sqlite') {
		print { open my $g, '>', "$dir/junk.db"; $g } 'this is not a database, it is a text of some length' x 100;
		fails($p, 1, qr/does not exist: 'pierre db migrate' makes it/, 'db', 'test', env => { DATABASE_URL => "sqlite:$dir/none.db" });
		is_deeply([ glob "$dir/none.db*" ], [], 'db test makes nothing');
		symlink "$dir/elsewhere.db", "$dir/link.db" or die;
		print { open my $g, '>', "$dir/gone.db.open"; $g } '';
		fails($p, 1, qr/the database \S+$_\.db is gone: put it back, or restore a backup/i, 'db', 'test',
			env => { DATABASE_URL => "sqlite:$dir/$_.db" }) for qw(link gone);
		push @tries, [ "sqlite:$dir/none/x.db", qr/directory.*set DATABASE_URL/ ], [ "sqlite:$dir", qr/./ ], [ "sqlite:$dir/junk.db", qr/database/ ];
	} else {
		my ($user, $pass) = $p->{url} =~ m{^\w+://(\w+):?([^@]*)@} ? ($1, $2) : ('pierre', '');
		(my $none = $p->{url}) =~ s{/\Q$p->{database}\E}{/no_such_database};
		push @tries, [ $none, qr/no_such_database|does not exist/ ],
			[ 'postgresql://127.0.0.1:1/x', qr/./ ], [ 'postgresql://no-such-host.invalid/x', qr/./ ];
	}
	for (@tries) {
		my ($url, $like) = @$_;
		for my $words ([ 'db', 'test' ], [ 'user', 'list' ]) {
			my $start = time;
			fails($p, 1, $like, @$words, env => { DATABASE_URL => $url, DATABASE_TIMEOUT_MS => 1000 });
			cmp_ok(time - $start, '<', 30, 'within a bounded time');
		}
	}
	my $fresh = do { local $p->{empty} = 1; $p->new_database };
	$fresh =~ s/pierre\.db$/fresh.db/;
	my %env = (DATABASE_URL => $fresh, AUTO_MIGRATE => 'no');
	my $migrations = () = glob "$Pierre::SOURCE/sql/pgsql/[0-9]*.sql";
	fails($p, 1, qr/pierre db migrate/, @$_, env => \%env) for [ qw(user list) ], [ qw(admin setup-token) ];
	if ($p->{backend} eq 'sqlite') {
		fails($p, 1, qr/fresh\.db does not exist: 'pierre db migrate' makes it/, 'db', 'status', env => \%env);
		is_deeply([ glob "$dir/fresh.db*" ], [], 'db status makes nothing');
	} else {
		is(run_json($p, 'status', 'db', 'status', env => \%env)->{pending}, $migrations, 'status tells what is pending');
	}
	is($json->decode($p->cli('db', 'migrate', '--json', env => \%env)->{out})->{applied}, $migrations, 'migrate');
	is($p->cli('user', 'list', '--json', env => \%env)->{out}, "[]\n", 'then it works');
	my $token = $p->cli('admin', 'setup-token', env => \%env);
	like($token->{out}, qr/\Asetup_[A-Za-z0-9_-]{43}\n\z/, 'a setup token');
	is($p->cli('user', 'list', env => { DATABASE_URL => 'sqlite::memory:' })->{status}, 0, 'commands work in memory')
		if $p->{backend} eq 'sqlite';
	Pierre::psql("DROP DATABASE $p->{database} WITH (FORCE)") if $p->{backend} eq 'postgresql';
}

each_backend(sub {
	my ($p) = @_;
	subtest usage => sub { usage($p) };
	subtest about => sub { about($p) };
	subtest database => sub { database($p) };
	subtest users => sub { users($p) };
	subtest prompts => sub { prompts($p) };
	subtest keys => sub { keys_($p) };
	subtest imported => sub { imported($p) };
	subtest configuration => sub { configuration($p) };
	subtest hidden => sub { hidden($p) };
	subtest root => sub { root($p) } if $p->{backend} eq 'sqlite';
	subtest 'key of root' => sub { key_of_root($p) };
	my $database = $p->{database};
	subtest trouble => sub { trouble($p) };
	$p->{database} = $database;
});
done_testing;
