#!/usr/bin/perl
# The master key changes under a running service, and no request fails; a secret stands
# nowhere as it is; a row that is copied to the other backend opens there; where
# libgcrypt seals nothing, the service does not start.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use JSON::PP qw(decode_json);
use MIME::Base64 qw(encode_base64);
use Pierre;
use Process qw(await await_log count_log start_load stop_load);

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
	my $load = start_load(4, sub { my $l = $p->post('/api/auth/login', \%user); return $l->{status} =~ /^(?:200|429)$/ ? '' : $l->{text} });
	my $session = login($p, \%user);
	my $pair = refresh($p, $session->{refresh_token});
	is(done($p, qw(keys master --dry-run))->{done}, JSON::PP::false, 'which changes nothing');
	is(done($p, qw(keys rotate))->{id}, 2, 'a data key that is made meanwhile');
	like($p->cli(qw(keys retire 2 --dry-run))->{err}, qr/Data key 2 seals new secrets/, 'it would not be retired');
	like($p->cli(qw(keys retire 1 --dry-run))->{err}, qr/Data key 1 is needed by 1 rows/, 'nor one that rows need');
	is(done($p, qw(keys master))->{done}, JSON::PP::true, 'the change');
	is(refresh($p, $session->{refresh_token})->{access_token}, $pair->{access_token},
		'a refresh from before gives its pair again');
	is(done($p, qw(keys rewrap))->{resealed}, 1, 'the secret is sealed again');
	is(done($p, qw(keys retire 1 --dry-run))->{retired}, 1, 'the first data key would go');
	meanwhile($p) if $p->{backend} eq 'postgresql';
	is(done($p, qw(keys retire))->{retired}, 1, 'and goes');
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

my %service;
for my $backend (Pierre::backends()) {
	subtest $backend => sub {
		my $p = Pierre->start(backend => $backend, env => { AUTO_APPROVE_USERS => 'yes', WORKERS => 1, LIMIT_SLOTS => 64, CACHE_MB => 1 });
		change_of_master($p, secrets($p));
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
	$to->sql('DELETE FROM system_secrets');
	$to->sql('DELETE FROM key_versions');
	set_secret($from, 'copied', $value);
	for ([ 'key_versions', '', qw(id tenant_id master_id wrapped seals created_at) ],
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
