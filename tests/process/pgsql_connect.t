#!/usr/bin/perl
# Connecting to PostgreSQL: what is wrong is one sentence with a next step,
# within the deadline, and never shows the password; several hosts; TLS.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use IO::Socket::UNIX;
use Pierre;
use Pierre::Cluster;

Pierre::Cluster::wanted();
my $port = Pierre::free_port();
my $cluster = Pierre::Cluster->new('--tcp', $port);
my $url = $cluster->{url};
my ($password) = $url =~ m{//pierre:([^@]+)@} or die;

# The answer to `connect`, and the rules that hold for every sentence.
sub refused {
	my ($name, $url, $want, %env) = @_;
	my $got = $cluster->tool(DATABASE_URL => $url, TIMEOUT_MS => 10000, %env)->ask('connect');
	like $got, $want, $name;
	unlike $got, qr/\Q$password\E|secret/, "$name: no password in it";
	cmp_ok length $got, '<', 400, "$name: short";
	return $got;
}

sub accepted {
	my ($name, $url, %env) = @_;
	my $tool = $cluster->tool(DATABASE_URL => $url, TIMEOUT_MS => 12000, %env);
	is $tool->ask('connect'), 'ok', $name;
	return $tool;
}

# --- settings that are wrong --------------------------------------------------

my $where = qr{\Q$cluster->{dir}\E/s:$port/};
refused('wrong password', $url =~ s/:$password@/:secret@/r,
	qr{^config: .*$where.*password authentication failed.*DATABASE_URL});
refused('no password', $url =~ s/:$password@/@/r, qr{^config: .*no password supplied.*\.pgpass});
refused('no such role', $url =~ s{//pierre:}{//nobody:}r, qr{^config: .*nobody});
refused('no such database', $url =~ s{/pierre\?}{/missing?}r,
	qr{^config: .*database "missing" does not exist: make the database with createdb});
refused('unknown parameter', "$url&colour=secret", qr{^config: .*a parameter that libpq does not know});
refused('malformed', 'postgresql://pierre:%zzsecret@h/d', qr{^config: .*malformed});
refused('an unescaped @ in the password', 'postgresql://pierre:p@secret@h/d', qr{^config: .*%40});
refused('an unescaped / in the password', 'postgresql://pierre:12/secret@h/d', qr{^config: .*%2F});
refused('and no number before it', 'postgresql://pierre:secret/x@h/d', qr{^config: .*%2F});

# --- a server that is not there -----------------------------------------------

my $nowhere = "$cluster->{home}/none";
mkdir $nowhere or die;
refused('no socket', $cluster->url_by($nowhere), qr{^unavailable: .*$nowhere:5432/pierre.*No such file});
my $closed = Pierre::free_port();
refused('nobody listens', "postgresql://pierre:secret\@127.0.0.1:$closed/pierre",
	qr{^unavailable: .*127\.0\.0\.1:$closed/pierre.*Connection refused});

# Accepts by its backlog, and says nothing.
my $silent = "$cluster->{home}/silent";
mkdir $silent or die;
my $mute = IO::Socket::UNIX->new(Local => "$silent/.s.PGSQL.5432", Listen => 100) or die;
refused('a silent server', $cluster->url_by($silent), qr{^unavailable: .*did not answer in time},
	TIMEOUT_MS => 300);

# --- several hosts --------------------------------------------------------------

my $real = $cluster->{socket_dir};
sub hosts { return $cluster->url_by(@_) =~ s/port=5432,5432/port=5432,$port/r }
accepted('a dead first host', hosts($nowhere, $real));
accepted('a frozen first host', hosts($silent, $real));
refused('no host at all', $cluster->url_by($nowhere, $nowhere), qr{^unavailable: None of 2 hosts would do});
refused('all frozen', $cluster->url_by($silent, $silent), qr{^unavailable: None of 2 hosts would do.*in time},
	TIMEOUT_MS => 400);
accepted('a list of ports of one', $cluster->url_by($nowhere, $real) =~ s/port=[\d,]+/port=$port/r);
accepted('prefer-standby is for libpq', hosts($nowhere, $real) . '&target_session_attrs=prefer-standby');
refused('the first host refuses the password', hosts($real, $real) =~ s/port=5432/port=$port/r
	=~ s/:$password@/:secret@/r, qr{^config: .*password authentication failed});

# --- TLS -------------------------------------------------------------------------

my $tcp = $cluster->tcp_url;
like accepted('TLS is required', $tcp)->ask('facts'), qr{\|TLSv1\.[23] \w+\|127\.0\.0\.1:$port/pierre\|}, 'and there';
my $verify = $tcp =~ s/sslmode=require/sslmode=verify-full/r;
accepted('the certificate is verified', "$verify&sslrootcert=$cluster->{dir}/server.crt");
refused('an unknown authority', "$verify&sslrootcert=" . Pierre::tls({ dir => $cluster->{home} }) . '/ca.pem',
	qr{^config: .*certificate verify failed});
refused('no authority', "$verify&sslrootcert=$nowhere/ca.pem", qr{^config: .*root certificate file});
refused('the wrong name', "$verify&sslrootcert=$cluster->{dir}/server.crt" =~ s/127\.0\.0\.1/127.0.0.2/r
	=~ s/127\.0\.0\.2/other.example&hostaddr=127.0.0.1/r =~ s/&hostaddr=127\.0\.0\.1(:\d+\/pierre\?)(.*)/$1$2&hostaddr=127.0.0.1/r,
	qr{^config: .*does not match host name});
like accepted('a socket has no TLS', $url)->ask('facts'), qr{\|off\|}, 'and says so';

# --- connections and read-only servers --------------------------------------------

# a client that has closed its own leaves one for a moment
ok $cluster->until(sub { $cluster->sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'pierre'") == 0 }), 'nobody is connected';
$cluster->sql('ALTER ROLE pierre CONNECTION LIMIT 2');
my $first = accepted('one of two connections', $url);
like $first->ask('facts'), qr{\|1$}, 'one is left';
my $second = accepted('two of two connections', $url);
refused('too many connections', $url, qr{^unavailable: .*too many connections.*fewer workers});
$second->quit;
ok $cluster->until(sub { $first->ask('facts') =~ /\|1$/ }), 'one is left again';
$first->quit;
$cluster->sql('ALTER ROLE pierre CONNECTION LIMIT -1');
like accepted('no limit but the server\'s', $url)->ask('facts'), qr{\|(?:9[0-6])$}, 'connections are counted';

$cluster->sql('ALTER DATABASE pierre SET default_transaction_read_only = on');
my $reader = $cluster->tool(TIMEOUT_MS => 5000);
is $reader->ask('total'), 'ok 0', 'a read-only server is read';
like $reader->ask('add', '00000000-0000-4000-8000-000000000001', 1),
	qr{^unavailable: .*read-only.*target_session_attrs}, 'and not written';
refused('a writable session is asked for', "$url&target_session_attrs=read-write",
	qr{^unavailable: .*session is read-only.*primary});
$cluster->sql('ALTER DATABASE pierre SET default_transaction_read_only = off');
is $cluster->tool->ask('add', '00000000-0000-4000-8000-000000000001', 1), 'ok', 'written again';

# --- a server that stops -----------------------------------------------------------

$first = accepted('a session that stays', $url);
kill 'TERM', $cluster->postmaster;   # smart: waits for the session
my $said = '';
ok $cluster->until(sub { ($said = $cluster->tool->ask('connect')) ne 'ok' }), 'no new session';
like $said, qr{^unavailable: .*shutting down.*try again}, 'while it shuts down';
$first->quit;
ok $cluster->until(sub { !$cluster->postmaster }), 'it ended';
$cluster->start;
accepted('it is back', $url);
done_testing;
