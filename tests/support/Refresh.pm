package Refresh;
# What the tests of refreshes share: a service whose providers are rows of one that never
# was (Provider.pm) and whose caller can be made to die (refresh_faults.c), users with
# tokens there, and what became of them.
use strict;
use warnings;
use Exporter qw(import);
use File::Copy qw(copy);
use JSON::PP ();
use POSIX ();
use Pierre;
use Process qw(await await_log children count_log);
use Provider;

our @EXPORT = qw($fake ask bring caller_of calls_with fault hold lend lend_all lent of row
	server_app set_row spool spooled start user_at $PAST $ROUNDS);

$SIG{CHLD} = 'DEFAULT';
$Process::PAUSE = 0.1;   # each look is a process that asks the database
our $ROUNDS = $ENV{PIERRE_TEST_ROUNDS} // 1;
our $PAST = '2000-01-01T00:00:00.000Z';
our $fake = Provider->start;
my $json = JSON::PP->new->canonical->utf8;

# A row of the file of providers.
sub row {
	my ($id, %o) = @_;
	return { id => $id, title => ucfirst $id, authorize_url => $fake->url('/authorize'),
		token_url => $fake->url('/token'), client_auth => 'body', scope_separator => ' ', pkce => 'none',
		scopes => ['read'], scopes_granted => 'reply', refresh => 'rotates', replay => 'lethal',
		access_ttl => 3600, keepalive => 'no', %o };
}

# rows: providers; o: of Pierre->start, and conf: text of a file for --config
sub start {
	my ($backend, $rows, %o) = @_;
	my $p = Pierre->start(backend => $backend, serve => 0, program => 'tests/support/pierre_refresh', %o);
	copy($fake->ca, "$p->{dir}/ca.pem") or die "copy: $!";
	Pierre::rewrite("$p->{dir}/providers.json", $json->encode({ providers => $rows }));
	my %env = (OUTBOUND_ALLOW => '127.0.0.0/8 ::1', OUTBOUND_CA_FILE => "$p->{dir}/ca.pem",
		PROVIDERS_FILE => "$p->{dir}/providers.json", PIERRE_TEST_FAULT => "$p->{dir}/state/fault",
		DATABASE_TIMEOUT_MS => 1000);
	$p->{env} = { %{ $p->{env} }, %env, %{ $o{env} // {} } };
	my $conf = "$p->{dir}/pierre.conf";
	Pierre::rewrite($conf, $o{conf}), chmod 0644, $conf if defined $o{conf};
	$p->serve(defined $o{conf} ? ('--config', $conf) : ());
	return $p;
}

# The server's application there, for whoever has none.
sub server_app {
	my ($p, $provider) = @_;
	my $file = "$p->{dir}/state/app-secret";
	Pierre::rewrite($file, "canary-app-secret\n");
	$p->give($file);
	my $r = $p->cli('provider', 'app', 'set', $provider, '--client-id', "server-$provider", '--value-file', $file,
		env => { DATABASE_TIMEOUT_MS => 60000 });
	die "provider app set: $r->{err}" if $r->{status};
}

my $users = 0;
# A user with an application at that provider.
sub user_at {
	my ($p, $provider) = @_;
	my $user = $p->approved_user(email => "u$$-" . ++$users . '@example.org');
	$p->expect(200, $p->put("/api/users/oauth-apps/$provider",
		{ client_id => "client-$users", client_secret => 'canary-app-secret' }, token => $user->{token}));
	return $user;
}

# Tokens that have ended, or end in so many seconds.
sub bring {
	my ($p, $user, $provider, $ends) = @_;
	my ($refresh, $access) = $fake->token;
	my @t = gmtime time + ($ends // -60);
	$p->expect(200, $p->put("/api/oauth/tokens/$provider", { access_token => $access, refresh_token => $refresh,
		expires_at => sprintf('%04d-%02d-%02dT%02d:%02d:%02dZ', $t[5] + 1900, $t[4] + 1, @t[3, 2, 1, 0]) },
		token => $user->{token}));
	return ($refresh, $access);
}

sub lend { my ($p, $user, $provider) = @_; return $p->get("/api/oauth/tokens/$provider", token => $user->{token}) }
# The same, without waiting for the answer.
sub ask {
	my @of = @_;
	my $pid = fork // die "fork: $!";
	return if $pid;
	lend(@of);
	POSIX::_exit(0);
}
# Of many at once.
sub lend_all { my ($p, $provider, @users) = @_; ask($p, $_, $provider) for @users }
# The access token, once there is one.
sub lent {
	my ($p, $user, $provider) = @_;
	return await("tokens of $provider", sub {
		my $r = lend($p, $user, $provider);
		die "status $r->{status}: $r->{text}" if $r->{status} != 200 && $r->{status} != 503;
		return $r->{status} == 200 ? $r->{json} : undef;
	}, $p);
}

# The row of a user's connection.
sub of { my ($p, $user, $column) = @_; return $p->sql("SELECT $column FROM provider_connections WHERE user_id = '$user->{user_id}'") }
sub set_row { my ($p, $user, $what) = @_; $p->sql("UPDATE provider_connections SET $what WHERE user_id = '$user->{user_id}'") }

sub calls_with { my ($refresh) = @_; return scalar grep { ($_->{form}{refresh_token} // '') eq $refresh } $fake->asked('/token') }
# Files in the spool; and those that have an answer.
sub spool { my ($p) = @_; return grep { !m{/\.} } glob "$p->{env}{SPOOL_DIR}/*" }
sub spooled { return grep { Pierre::slurp($_) =~ /^pierre spool 1 / } spool($_[0]) }
sub caller_of { my ($p) = @_; my %c = children($p); return (grep { $c{$_} =~ /^caller/ } sort { $a <=> $b } keys %c)[-1] }

# The caller dies, or finds no room, at that step; undef: all is well again.
sub fault {
	my ($p, $step) = @_;
	my $file = $p->{env}{PIERRE_TEST_FAULT};
	unlink $file unless defined $step;
	Pierre::rewrite($file, $step), $p->give($file) if defined $step;
}

# From here on the provider has answered, and its replies wait, until the code that is
# returned is called. %o: of the fake
my $holds = 0;
sub hold {
	my (%o) = @_;
	my $file = "$fake->{dir}/hold" . ++$holds;
	Pierre::rewrite($file, '');
	$fake->set(hold => $file, after => '/token', %o);
	return sub { unlink $file };
}

1;
