#!/usr/bin/perl
# Keys change, and what changes them is killed, under a running service: no request fails; a secret stands
# nowhere as it is; the options of pierre keys; a row that is copied to the other backend
# opens there; where libgcrypt seals nothing, the service does not start.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use JSON::PP qw(decode_json);
use MIME::Base64 qw(encode_base64);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC sleep);
use Pierre;
use POSIX qw(WNOHANG);
use Pierre::Team;
use Process qw(await await_log count_log hold_writes start_load stop_load);

my $KILLS = $ENV{PIERRE_KEYS_KILLS} // 3;   # 20 for the long form

sub random_text { my ($n) = @_; my @c = ('a' .. 'z', 'A' .. 'Z', 0 .. 9); return join '', map { $c[ rand @c ] } 1 .. $n }
sub new_master { return encode_base64(join('', map { chr int rand 256 } 1 .. 32), '') }

# A command that succeeds, and what it prints.
sub done {
	my ($p, @words) = @_;
	my $r = $p->cli('--json', @words);
	is($r->{status}, 0, "pierre @words[0, 1]") or diag($r->{err});
	return $r->{status} == 0 ? decode_json($r->{out}) : undef;
}
sub set_secret { my ($p, $name, $value) = @_; return done($p, qw(secret set), $name, qw(--value-file -), stdin => "$value\n") }
sub revealed { my ($p, $name) = @_; return (done($p, qw(secret show), $name, '--reveal') // {})->{value} }

# --- a secret stands nowhere --------------------------------------------------------------

sub stands_in {
	my ($p, $text) = @_;
	my @found;
	my $dump = $p->{backend} eq 'sqlite' ? '' : $p->sql("SELECT string_agg(query_to_xml(format('SELECT * FROM %I', tablename), true, false, '')::text, '') FROM pg_tables WHERE schemaname = 'public'");
	push @found, 'the tables' if index($dump, $text) >= 0;
	open my $grep, '-|', 'grep', '-rlaF', '--', $text, "$p->{dir}/state", $p->{log_file} or die "grep: $!";
	push @found, <$grep>;
	chomp @found;
	return join ' ', @found;
}

sub secrets {
	my ($p) = @_;
	my $canary = random_text(40);
	set_secret($p, 'canary', $canary);
	is(revealed($p, 'canary'), $canary, 'a secret comes back');
	unlike($p->cli(qw(secret show canary))->{out} . $p->cli(qw(secret list))->{out}, qr/\Q$canary\E/, 'only when it is asked for');
	is($p->sql("SELECT count(*) FROM audit_events WHERE event_type = 'SystemSecretRevealed'"), 1, 'which is on record');
	is(stands_in($p, $canary), '', 'it stands in no table, file or log');
	is(stands_in($p, 'canary') ne '', 1, 'its name does: a search finds what is there');
	my $r = $p->cli(qw(secret set x --value-file -), stdin => "\n");
	is($r->{status}, 1, 'an empty one is refused');
	like($r->{err}, qr/empty/, 'with a sentence');
	return $canary;
}

# --- the master key ------------------------------------------------------------------------

sub login { my ($p, $user) = @_; return $p->expect(200, $p->post('/api/auth/login', $user))->{json} }
sub refresh { my ($p, $token) = @_; return $p->expect(200, $p->post('/api/auth/refresh', { refresh_token => $token }))->{json} }

# Clients that log in, and clients that read tokens which Pierre opens for them.
sub load {
	my ($p, $user, $access) = @_;
	my ($token, %o) = (random_text(30), token => $access);
	$p->expect(200, $p->put('/api/oauth/tokens/strava', { access_token => $token, refresh_token => random_text(30) }, %o));
	my $reads = sub { my $r = $p->get('/api/oauth/tokens/strava', %o); return $r->{status} == 200 && $r->{json}{access_token} eq $token ? '' : $r->{text} };
	my $logs_in = sub { my $r = $p->post('/api/auth/login', $user); return $r->{status} =~ /^(?:200|429)$/ ? '' : $r->{text} };
	return start_load(4, sub { return $_[0] % 2 ? $reads->() : $logs_in->() });
}

# A rotation is killed at any point, and begun again.
sub killed {
	my ($p) = @_;
	for my $round (1 .. $KILLS) {
		my $id = done($p, qw(keys rotate))->{id};
		my $pid = $p->spawn('pierre', [ Pierre::as_user($p->binary, qw(keys rewrap --rate 2)) ], $p->{env}, "$p->{dir}/killed.log");
		$round % 2 ? await('a row that is sealed again', sub { $p->sql("SELECT count(*) FROM system_secrets WHERE key_id = $id") })
			: sleep rand 0.5;
		kill 'KILL', $pid;
		waitpid $pid, 0;
		delete $p->{pids}{$pid};
	}
	is($p->sql('SELECT count(*) FROM key_versions'), $KILLS + 1, "$KILLS kills left as many old data keys");
	done($p, qw(keys rewrap));
	is(done($p, qw(keys retire))->{retired}, $KILLS, 'begun again it comes to its end');
}

sub change_of_master {
	my ($p, $canary) = @_;
	my ($old, $new) = ($p->{env}{ENCRYPTION_KEY}, new_master());
	my %user = (email => 'user@example.org', password => random_text(20));
	$p->expect(201, $p->post('/api/auth/register', { %user, display_name => 'U' }));
	my $r = $p->cli(qw(keys master));
	like($r->{err}, qr/ENCRYPTION_KEY is the master key of this database already/, 'nothing to change');
	@{ $p->{env} }{qw(ENCRYPTION_KEY ENCRYPTION_KEY_PREVIOUS)} = ($new, $old);
	$p->restart;
	await_log($p, qr/ master_key_change_open .*pierre keys master/);
	my $session = login($p, \%user);
	my $load = load($p, \%user, $session->{access_token});
	my $pair = refresh($p, $session->{refresh_token});
	is(done($p, qw(keys master --dry-run))->{done}, JSON::PP::false, 'which changes nothing');
	is(done($p, qw(keys rotate))->{id}, 2, 'a data key that is made meanwhile');
	like($p->cli(qw(keys retire 2 --dry-run))->{err}, qr/Data key 2 seals new secrets/, 'it would not be retired');
	like($p->cli(qw(keys retire 1 --dry-run))->{err}, qr/Data key 1 is needed by 2 rows/, 'nor one that rows need');
	is(done($p, qw(keys master))->{done}, JSON::PP::true, 'the change');
	is(refresh($p, $session->{refresh_token})->{access_token}, $pair->{access_token},
		'a refresh from before gives its pair again');
	is(done($p, qw(keys rewrap))->{resealed}, 2, 'the secret is sealed again, and the tokens');
	is(done($p, qw(keys retire 1 --dry-run))->{retired}, 1, 'the first data key would go');
	meanwhile($p) if $p->{backend} eq 'postgresql';
	is(done($p, qw(keys retire))->{retired}, 1, 'and goes');
	killed($p);
	my ($served, $failed) = stop_load($load);
	is("@$failed", '', "no request failed; served: $served");
	is(revealed($p, 'canary'), $canary, 'the secret is there');
	delete $p->{env}{ENCRYPTION_KEY_PREVIOUS};
	$p->restart;
	refresh($p, $pair->{refresh_token});
	is(done($p, qw(keys check))->{faults}, 0, 'without the old key every secret opens');
	is(done($p, qw(audit verify))->{faults}, 0, 'and the audit trail is whole');
	is($p->cli(qw(keys status))->{out} =~ tr/\n//, 2, 'one data key is left');
	is_refused($p, $old);
}

# A worker seals by the old data key, and commits after the command has counted its rows.
sub meanwhile {
	my ($p) = @_;
	my $key = $p->sql('SELECT key_id FROM system_secrets LIMIT 1');
	my $pid = $p->spawn('psql', [ 'psql', '-Xq', '-d', $p->{url}, '-c',
		'BEGIN; UPDATE system_secrets SET key_id = 1; SELECT pg_sleep(2); COMMIT' ], { PATH => $ENV{PATH} }, "$p->{dir}/psql.log");
	await('the row', sub { $p->sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()") }, $p);
	is(join(' ', @{ done($p, qw(keys retire)) }{qw(retired kept)}), '0 1', 'a row that comes meanwhile keeps it');
	waitpid $pid, 0;
	delete $p->{pids}{$pid};
	$p->sql("UPDATE system_secrets SET key_id = $key");
}

# A host that has only the old one.
sub is_refused {
	my ($p, $old) = @_;
	my $r;
	$p->stop_serve;
	local $p->{env}{ENCRYPTION_KEY} = $old;
	$r = $p->cli('serve');
	is($r->{status}, 1, 'with the old key nothing starts');
	like($r->{err}, qr/ENCRYPTION_KEY is not the key that this database is served with.*the new one that the other hosts have/,
		'and the sentence says what to do');
	$r = $p->cli(qw(secret show canary --reveal));
	like($r->{err}, qr/ENCRYPTION_KEY is not the key/, 'nor does a command');
}

# --- options -----------------------------------------------------------------------------------

# The data keys of the rows of two tenants, and of all others: "a:2 2 b:1 1 -:1 1".
sub keys_of {
	my ($p, %of) = @_;
	my $rows = sub { my ($where) = @_; return map { split /\n/, $p->sql("SELECT key_id FROM $_ WHERE $where") } qw(provider_apps provider_connections) };
	return join ' ', (map { join ' ', "$_:" . join ' ', $rows->("tenant_id = '$of{$_}'") } sort keys %of),
		'-:' . join ' ', $p->sql('SELECT key_id FROM system_secrets'), $rows->("tenant_id NOT IN ('$of{a}', '$of{b}')");
}
sub counts { my ($p, @words) = @_; return join ' ', map { $_ // 'null' } @{ done($p, 'keys', @words) // {} }{qw(rows resealed faults)} }
sub shown { my ($p, @o) = @_; my $r = $p->cli(qw(--json keys status), @o); return join ' ', map { $_->{id} } @{ decode_json($r->{out}) } }
sub key_count { my ($p) = @_; return $p->sql('SELECT count(*) FROM key_versions') }

# Two teams, each with an application and a connection.
sub two_teams {
	my ($p) = @_;
	my %tenant;
	for my $name (qw(a b)) {
		my $user = $p->approved_user;
		my $t = $tenant{$name} = team($p, $user, name => "Team $name", slug => "team-$name")->{tenant_id};
		$p->expect(200, $p->put("/api/tenants/$t/oauth/strava", { client_id => $name, client_secret => random_text(30) }, token => $user->{token}));
		$p->expect(200, $p->put('/api/oauth/tokens/strava', { access_token => random_text(30), refresh_token => random_text(30) },
			token => switched($p, $user, $t)->{token}));
	}
	return %tenant;
}

sub of_one_tenant {
	my ($p) = @_;
	my %of = two_teams($p);
	my $all = shown($p);
	my ($own, $next) = ($all + 1, $all + 2);
	my ($at, $made) = (keys_of($p, %of), key_count($p));
	is($at, "a:$all $all b:$all $all -:$all $all", 'all rows have the data key of all');
	is(done($p, qw(keys rotate --dry-run))->{state}, 'not made', 'a dry run makes no data key');
	is(done($p, qw(keys rotate --dry-run --tenant team-a))->{tenant_id}, $of{a}, 'nor for a tenant');
	is(key_count($p), $made, 'none');
	my $key = done($p, qw(keys rotate --tenant team-a));
	is("$key->{id} $key->{tenant_id}", "$own $of{a}", 'a tenant has one of its own');
	is(join('|', map { shown($p, @$_) } [], [ '--tenant', $of{a} ], [ '--tenant', 'team-b' ]), "$all $own|$own|", 'status of all, and of a tenant');
	is(counts($p, qw(rewrap --dry-run)), '6 2 0', 'a dry run counts the rows of all');
	is(counts($p, qw(rewrap --dry-run --tenant team-a)), '2 2 0', 'or of one tenant');
	is(counts($p, qw(rewrap --dry-run --tenant team-b)), '2 0 0', 'the other one has nothing to do');
	done($p, qw(keys rotate));
	is(counts($p, qw(rewrap --dry-run --tenant), $of{b}), '2 2 0', 'now it has');
	is(keys_of($p, %of), $at, 'no dry run wrote');
	is(counts($p, qw(rewrap --tenant team-a)), '2 2 0', 'the rows of one tenant');
	is(keys_of($p, %of), "a:$own $own b:$all $all -:$all $all", 'are sealed again, and no others');
	is(counts($p, qw(rewrap --tenant), $of{b}), '2 2 0', 'those of the other one');
	is(keys_of($p, %of), "a:$own $own b:$next $next -:$all $all", 'and no more than those');
	for (qw(check rewrap rotate status retire)) {
		my $r = $p->cli('keys', $_, qw(--tenant nobody));
		like("$r->{status} $r->{err}", qr/^1 .*tenant/i, "keys $_ of a tenant that is not there");
	}
	checked($p, %of);
	retired($p, \%of, $all, $own);
}

# A check of one tenant finds what does not open there.
sub checked {
	my ($p, %of) = @_;
	my $secret = $p->sql("SELECT sealed_secret FROM provider_apps WHERE tenant_id = '$of{b}'");
	$p->sql("UPDATE provider_apps SET sealed_secret = (SELECT sealed_secret FROM provider_apps WHERE tenant_id = '$of{a}') WHERE tenant_id = '$of{b}'");
	is(counts($p, qw(check --tenant team-a)), '2 0 0', 'a check of a tenant');
	for ([ '--tenant', $of{b} ], []) {
		my $r = $p->cli(qw(keys check), @$_);
		like("$r->{status} $r->{err}", qr/^1 .*provider_apps .*1 rows have a secret that does not open/s, "what does not open is found: @$_");
	}
	$p->sql("UPDATE provider_apps SET sealed_secret = '$secret' WHERE tenant_id = '$of{b}'");
	is(counts($p, 'check'), '6 0 0', 'put back all opens');
}

# Of old data keys those of one tenant go, or all.
sub retired {
	my ($p, $of, $all, $own) = @_;
	my $of_tenant = sub { my ($t, @o) = @_; return join ' ', @{ done($p, qw(keys retire), @o, '--tenant', $t) // {} }{qw(retired kept)} };
	my $left = sub { return join ' ', sort split /\n/, $p->sql("SELECT id FROM key_versions WHERE id IN ($all, $own)") };
	done($p, qw(keys rotate --tenant team-a));
	is($of_tenant->('team-a'), '0 1', 'one that rows need is kept');
	is(counts($p, 'rewrap'), '6 4 0', 'no row has an old data key any more');
	is($of_tenant->('team-b'), '0 0', 'a tenant without any retires none');
	my $r = $p->cli(qw(keys retire), $all, qw(--tenant team-a));
	like("$r->{status} $r->{err}", qr/^1 .*This tenant has no data key $all/, 'nor does one retire that of all');
	is($of_tenant->('team-a', '--dry-run'), '1 0', 'its own would go');
	is($left->(), "$all $own", 'a dry run drops none');
	is($of_tenant->($of->{a}), '1 0', 'and goes');
	is($left->(), $all, 'alone');
	is(join(' ', @{ done($p, qw(keys retire)) }{qw(retired kept)}), '1 0', 'without --tenant the others do');
	is($left->(), '', 'they are gone');
	is(counts($p, 'check'), '6 0 0', 'and all opens');
}

# So many rows a second at most, whatever else the machine does; and a terminal shows how many.
sub rate_and_progress {
	my ($p) = @_;
	my $rate = sub {
		done($p, qw(keys rotate));
		my $start = clock_gettime(CLOCK_MONOTONIC);
		is(counts($p, 'rewrap', @_), '6 4 0', "rewrap @_");
		return clock_gettime(CLOCK_MONOTONIC) - $start;
	};
	cmp_ok($rate->('--rate', 2), '>=', 2, 'four rows at two a second take two seconds');
	is($p->cli(qw(keys rewrap --rate), $_)->{status}, 2, "--rate $_ is refused") for qw(0 x);
	unlike($p->cli(qw(keys check))->{err}, qr/rows/, 'no progress into a file');
	SKIP: {
		skip 'no script(1), which brings a terminal', 1 if system('script --version >/dev/null 2>&1') != 0;
		done($p, qw(keys rotate));
		my $r = Pierre::capture([ 'script', '-qec', $p->binary . ' keys rewrap', '/dev/null' ], $p->{env}, user => 1, only_env => 1, dir => "$p->{dir}/state");
		like($r->{out}, qr/\r\d+ rows, \d+ sealed again .*\r6 rows, 4 sealed again /s, 'at a terminal there is progress');
	}
}

# Others hold rows for longer than DATABASE_TIMEOUT_MS.
sub held {
	my ($p) = @_;
	done($p, qw(keys rotate));
	my $thaw = hold_writes($p, 'system_secrets');
	my $log = "$p->{dir}/rewrap.log";
	my $pid = $p->spawn('rewrap', [ Pierre::as_user($p->binary, qw(keys rewrap)) ], { %{ $p->{env} }, DATABASE_TIMEOUT_MS => 3000 }, $log);
	my $ended = 0;
	await('the page to be tried again', sub { Pierre::slurp($log) =~ / page_tried_again / || ($ended = waitpid($pid, WNOHANG) == $pid) });
	my $status = $?;
	$thaw->();
	$status = waitpid($pid, 0) == $pid ? $? : -1 if !$ended;
	delete $p->{pids}{$pid};
	is($status, 0, 'rows that are held longer than is waited are sealed again later') or diag(Pierre::slurp($log));
	is(done($p, qw(keys rewrap))->{resealed}, 0, 'none is left');
	is(done($p, qw(keys retire))->{retired}, 1, 'and the data key before goes');
}

my %service;
for my $backend (Pierre::backends()) {
	subtest $backend => sub {
		my $p = Pierre->start(backend => $backend, env => { AUTO_APPROVE_USERS => 'yes', WORKERS => 1, LIMIT_SLOTS => 64, CACHE_MB => 1 });
		change_of_master($p, secrets($p));
		held($p);
		$p->serve;
		of_one_tenant($p);
		rate_and_progress($p);
		$p->stop_serve;
		$service{$backend} = $p;
	};
}

# --- between backends -----------------------------------------------------------------------

subtest 'a row that is copied to the other backend opens there' => sub {
	plan skip_all => 'there is one backend' if keys %service < 2;
	my ($from, $to) = @service{qw(sqlite postgresql)};
	my $value = random_text(40);
	$to->{env}{ENCRYPTION_KEY} = $from->{env}{ENCRYPTION_KEY};   # and so to a database of its own
	$to->sql('UPDATE instance SET key_check = NULL');
	$to->sql("DELETE FROM $_") for qw(system_secrets provider_connections provider_apps key_versions);
	set_secret($from, 'copied', $value);
	for ([ 'key_versions', "WHERE id = (SELECT key_id FROM system_secrets WHERE name = 'copied')", qw(id tenant_id master_id wrapped seals created_at) ],
		[ 'system_secrets', "WHERE name = 'copied'", qw(name sealed_value key_id created_at updated_at) ]) {
		my ($table, $where, @columns) = @$_;
		my @rows = split /\n/, $from->sql("SELECT " . join(" || '|' || ", map { "COALESCE($_, '')" } @columns) . " FROM $table $where");
		is(scalar @rows, 1, "a row of $table");
		my $values = join ', ', map { $_ eq '' ? 'NULL' : "'$_'" } split /\|/, $rows[0], -1;
		$to->sql("INSERT INTO $table (" . join(', ', @columns) . ") VALUES ($values)");
	}
	$to->serve;
	is(revealed($to, 'copied'), $value, 'it opens');
	$to->sql("UPDATE system_secrets SET name = 'other'");
	my $r = $to->cli(qw(secret show other --reveal));
	is($r->{status}, 1, 'under another name it does not');
	like($r->{err}, qr/does not open: it was changed, or it is not this row's/, 'with a sentence');
	unlike($r->{out} . $r->{err}, qr/\Q$value\E/, 'and without the value');
};
$_->stop for values %service;

# --- libgcrypt ----------------------------------------------------------------------------------

subtest 'libgcrypt in FIPS mode' => sub {
	my $p = Pierre->start(serve => 0, nginx => 0, env => { LIBGCRYPT_FORCE_FIPS_MODE => 1 });
	my $r = $p->cli('serve');
	is($r->{status}, 1, 'the service does not start');
	like($r->{err}, qr/ fips_mode .*libgcrypt=on seals=no/, 'the log says in which mode it is');
	like($r->{err}, qr/libgcrypt is in FIPS mode and refuses to seal/, 'and why, and what to do');
	$p->cli(@$_) for [qw(db migrate)], [qw(admin setup-token)];
	like($p->cli(@$_)->{err}, qr/no master key yet: start the service/, "a database that was never served: pierre @$_")
		for [qw(keys status)], [qw(keys master)];
	$p->stop;
};
done_testing;
