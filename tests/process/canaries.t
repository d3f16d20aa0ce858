#!/usr/bin/perl
# Secrets that are sealed stand nowhere as they are: not in tables, in files of the database and
# its log, in a spool where an answer waits, in logs, on the page of /metrics, in the audit trail
# or on a command line. Secrets of applications (user, tenant, server), of the service, PKCE
# verifiers and codes, tokens that were brought, given or refreshed. A search that finds none
# finds each that is planted, also within JSON.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use Pierre::Connect;
use Pierre::Team;
use Process qw(await metric);
use Refresh;

sub random_text { my ($n) = @_; my @c = ('a' .. 'z', 'A' .. 'Z', 0 .. 9); return join '', map { $c[ rand @c ] } 1 .. $n }

# A new canary by that name.
sub canary { my ($p, $name) = @_; return $p->{canary}{$name} = 'canary-' . random_text(30) }

# What the provider was sent, and what it gave, up to now.
sub note_calls {
	my ($p) = @_;
	my $n = 0;
	for my $form (map { $_->{form} } $fake->asked('/token')) {
		$n++;
		$p->{canary}{"$_ of call $n"} = $form->{$_} for grep { defined $form->{$_} } qw(code code_verifier);
	}
	$fake->with_state(sub { my ($of) = @_; $p->{canary}{"token $_"} = $_ for keys $of->{access}->%*, keys $of->{refresh}->%* });
}

# --- where they could stand ----------------------------------------------------------------

# Each value of each column of each table, as text.
sub dump_tables {
	my ($p) = @_;
	my $names = $p->{backend} eq 'sqlite'
		? "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'"
		: "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'";
	my @columns = map { [ split /\|/ ] } split /\n/, $p->sql($names);
	die 'no columns' if @columns < 150;
	return $p->sql(join ' ', map { "SELECT '$_->[0].$_->[1]', CAST($_->[1] AS TEXT) FROM $_->[0] WHERE $_->[1] IS NOT NULL;" } @columns);
}

sub page {
	my ($p) = @_;
	my $s = FastCGI::open_socket($p->{env}{METRICS_SOCKET}) or die "connect: $!";
	FastCGI::send_bytes($s, "GET /metrics HTTP/1.0\r\n\r\n");
	local $/;
	return readline($s) // '';
}

# Of PostgreSQL, when it is on this host.
sub server_files {
	my ($p) = @_;
	return if $p->{backend} ne 'postgresql';
	my ($data, $oid) = map { Pierre::trim(Pierre::psql($_)) } 'SHOW data_directory',
		"SELECT oid FROM pg_database WHERE datname = '$p->{database}'";
	Pierre::psql('CHECKPOINT');
	return grep { -d } "$data/pg_wal", "$data/base/$oid";
}

# Files that have one.
sub found {
	my ($p) = @_;
	my ($seen, $canaries) = ("$p->{dir}/seen", "$p->{dir}/canaries");
	mkdir $seen;
	Pierre::rewrite("$seen/tables", dump_tables($p));
	Pierre::rewrite("$seen/metrics", page($p));
	Pierre::rewrite("$seen/cmdline", join "\n", map { Pierre::slurp($_) } glob '/proc/[0-9]*/cmdline');
	Pierre::rewrite($canaries, join '', map { "$_\n" } sort values $p->{canary}->%*);
	my @at = grep { -e } "$p->{dir}/state", $p->{log_file}, glob("$p->{dir}/nginx/*.log"), "$p->{dir}/nginx.out", server_files($p), $seen;
	my $r = Pierre::capture([ qw(grep -rlaF -f), $canaries, '--', @at ], { LC_ALL => 'C' });
	die "grep: $r->{err}" if $r->{status} > 1 && $r->{err} !~ /No such file/;   # files of a server come and go
	return join ' ', sort map { s/^\Q$p->{dir}\E\///r } split /\n/, $r->{out};
}

sub is_clean {
	my ($p, $what) = @_;
	note_calls($p);
	is(found($p), '', "$what: none of " . keys($p->{canary}->%*) . ' secrets stands anywhere');
}

# --- secrets of each kind -------------------------------------------------------------------

# Applications of a user, a tenant and the server, a secret of the service, and tokens.
sub set_all {
	my ($p, $user, $lead, $team) = @_;
	$p->expect(200, $p->put('/api/users/oauth-apps/acme', { client_id => 'c', client_secret => canary($p, 'application of a user') }, token => $user->{token}));
	$p->expect(200, $p->put("/api/tenants/$team->{tenant_id}/oauth/acme", { client_id => 't', client_secret => canary($p, 'application of a tenant') }, token => $lead->{token}));
	for ([ 'application of the server', qw(provider app set acme --client-id s --value-file -) ], [ 'system secret', qw(secret set canary --value-file -) ]) {
		my ($name, @words) = @$_;
		is($p->cli(@words, stdin => canary($p, $name) . "\n", env => { DATABASE_TIMEOUT_MS => 60000 })->{status}, 0, $name);
	}
	$p->expect(200, $p->put('/api/oauth/tokens/other', { access_token => canary($p, 'access token'), refresh_token => canary($p, 'refresh token') }, token => $user->{token}));
	is($p->sql('SELECT count(*) FROM provider_apps WHERE sealed_secret IS NOT NULL'), 3, 'three applications have a secret');
}

# A code is being redeemed, by the application of the tenant: it is sealed, beside its verifier.
sub in_attempt {
	my ($p, $there) = @_;
	my $release = hold();
	my $before = () = $fake->asked('/token');
	connect_past($p, $there, 'acme');
	await('the call', sub { (() = $fake->asked('/token')) > $before }, $p);
	is($p->sql('SELECT count(*) FROM connect_states WHERE sealed_verifier IS NOT NULL AND sealed_code IS NOT NULL'), 1, 'an attempt has a code and a verifier');
	my ($asked) = reverse $fake->asked('/token');
	is($asked->{form}{client_secret}, $p->{canary}{'application of a tenant'}, 'which is redeemed with the secret of the tenant');
	is_clean($p, 'during an attempt to connect');
	$release->();
	$fake->set;
	await('the end of the attempt', sub { $p->sql('SELECT count(*) FROM connect_states WHERE sealed_code IS NOT NULL') == 0 && !spool($p) }, $p);
}

# A refresh was answered, and the answer waits for the database.
sub in_spool {
	my ($p, $user) = @_;
	my $of = "user_id = '$user->{user_id}' AND provider = 'acme' AND tenant_id = user_id";
	fault($p, 'store');
	$p->sql("UPDATE provider_connections SET expires_at = '$PAST', refresh_wanted = TRUE WHERE $of");
	ask($p, $user, 'acme');
	await('an answer that cannot be stored', sub { spooled($p) }, $p);
	is_clean($p, 'with an answer in the spool');
	is(scalar(my @files = spooled($p)), 1, 'which was there all the while');
	fault($p);
	await('the answer to be stored', sub { !spooled($p) }, $p);
	lent($p, $user, 'acme');
}

# The search finds what there is: each kind of place has one now.
sub planted {
	my ($p) = @_;
	my ($of_tenant, $access) = @{ $p->{canary} }{'application of a tenant', 'access token'};
	my ($given) = grep { /^token rt-/ } sort keys $p->{canary}->%*;
	$p->sql('CREATE TABLE planted (value TEXT)');
	$p->sql("INSERT INTO planted (value) VALUES ('{\"at\":\"here\",\"secret\":\"$of_tenant\"}')");
	Pierre::rewrite("$p->{env}{SPOOL_DIR}/planted", "text before $p->{canary}{$given} and behind\n");
	open my $log, '>>', $p->{log_file} or die "log: $!";
	print $log qq({"event":"x","token":"$access"}\n);
	close $log;
	my $found = found($p);
	like($found, qr{(?:^| )seen/tables(?: |$)}, 'one in a table is found, within JSON');
	like($found, qr{(?:^| )state/pierre\.db(?:-wal)?(?: |$)}, 'in the files of the database too') if $p->{backend} eq 'sqlite';
	like($found, qr{/(?:base/\d+|pg_wal)/}, 'in the files of the server too') if $p->{backend} eq 'postgresql';
	like($found, qr{(?:^| )state/spool/planted(?: |$)}, 'one in the spool');
	like($found, qr{(?:^| )pierre\.log(?: |$)}, 'and one in the log');
	my $pid = $p->spawn('sleep', [ 'sh', '-c', 'read x < /dev/zero', $p->{canary}{'system secret'} ], { PATH => $ENV{PATH} }, "$p->{dir}/sh.log");
	await('a command line', sub { Pierre::slurp("/proc/$pid/cmdline") =~ /canary/ });
	like(found($p), qr{(?:^| )seen/cmdline(?: |$)}, 'and one on a command line');
	kill 'KILL', $pid;
	waitpid $pid, 0;
	delete $p->{pids}{$pid};
}

for my $backend (Pierre::backends()) {
	subtest $backend => sub {
		my $p = start_connect($backend, { providers => [ map { provider_row($fake, $_) } qw(acme other) ] }, undef,
			program => 'tests/support/pierre_refresh', env => { DATABASE_TIMEOUT_MS => 1000, LOG_LEVEL => 'debug' });
		$p->{env}{METRICS_SOCKET} = "$p->{dir}/run/metrics.sock";
		$p->restart;
		$fake->set;
		my $user = $p->approved_user;
		my $lead = $p->approved_user;
		my $team = team($p, $lead);
		set_all($p, $user, $lead, $team);
		is(heading(connect_it($p, $user, 'acme')), 'Connected', 'a provider is connected');
		await('tokens', sub { $p->get('/api/oauth/tokens/acme', token => $user->{token})->{status} == 200 }, $p);
		is_clean($p, 'connected');
		in_attempt($p, switched($p, $lead, $team->{tenant_id}));
		in_spool($p, $user);
		is_clean($p, 'after all that');
		planted($p);
		$p->stop;
	};
}
$fake->stop;
done_testing;
