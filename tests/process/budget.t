#!/usr/bin/perl
# Budgets of applications at providers: two hosts on one PostgreSQL ask no more often than
# the provider takes, and as often; what it refuses on one host is not asked by another.
# Windows, clocks and eight processes on SQLite: tests/db/op_budget.c.
use strict;
use warnings;
use File::Copy qw(copy);
use FindBin;
use lib "$FindBin::Bin/../support";
use JSON::PP ();
use Test::More;
use Pierre;
use Process qw(await);
use Provider;

my $fake = Provider->start;
my $json = JSON::PP->new->canonical->utf8;
my ($USERS, $MOST) = (8, 5);

sub row {
	my ($id, %o) = @_;
	return { id => $id, title => ucfirst $id, authorize_url => $fake->url('/authorize'),
		token_url => $fake->url('/token'), client_auth => 'body', scope_separator => ' ', pkce => 'none',
		scopes => ['read'], scopes_granted => 'reply', refresh => 'rotates', replay => 'lethal',
		access_ttl => 3600, keepalive => 'no', %o };
}

sub start {
	my ($backend, %o) = @_;
	# patient: a call whose connection fails has its place in the budget all the same
	my $p = Pierre->start(backend => $backend, serve => 0, program => 'tests/support/pierre_refresh', %o);
	copy($fake->ca, "$p->{dir}/ca.pem") or die "copy: $!";
	# a window that does not end while this runs
	Pierre::rewrite("$p->{dir}/providers.json", $json->encode({ providers => [
		row('few', budgets => ["$MOST/31536000s"]), row('free', budgets => ['1/31536000s'], auth_calls => 'free'),
		row('shut', budgets => ['100/day']) ] }));
	@{ $p->{env} }{qw(OUTBOUND_ALLOW OUTBOUND_CA_FILE PROVIDERS_FILE PIERRE_TEST_FAULT)} =
		('127.0.0.0/8 ::1', "$p->{dir}/ca.pem", "$p->{dir}/providers.json", "$p->{dir}/state/fault");
	$p->serve;
	return $p;
}

sub set_app {
	my ($p, $provider) = @_;
	Pierre::rewrite("$p->{dir}/state/secret", "canary-app-secret\n");
	$p->give("$p->{dir}/state/secret");
	my $made = $p->cli(qw(provider app set), $provider, '--client-id', 'server', '--value-file', 'secret');
	is($made->{status}, 0, "the server's application at $provider") or diag $made->{err};
}

# Tokens that have ended.
sub bring {
	my ($p, $user, $provider) = @_;
	my ($refresh, $access) = $fake->token;
	$p->expect(200, $p->put("/api/oauth/tokens/$provider", { access_token => $access, refresh_token => $refresh,
		expires_at => '2020-01-01T00:00:00Z' }, token => $user->{token}));
}

sub n { my ($p, $provider, $where) = @_; return $p->sql("SELECT count(*) FROM provider_connections WHERE provider = '$provider' AND $where") }
my $asked = 0;
sub newly_asked { my $n = () = $fake->asked('/token'); my $new = $n - $asked; $asked = $n; return $new }
sub want { my ($p, $provider) = @_; $p->sql("UPDATE provider_connections SET refresh_wanted = TRUE, retry_at = NULL WHERE provider = '$provider'") }

sub shown {
	my ($p, $provider) = @_;
	my ($line) = grep { $_->{provider} eq $provider } @{ $json->decode($p->cli(qw(provider app budgets --json))->{out}) };
	return $line;
}

# All of them need new tokens at once, and each host looks for what there is to do.
sub exact {
	my ($p, @users) = @_;
	bring($p, $_, 'few') for @users;
	want($p, 'few');
	await('what is refused', sub { n($p, 'few', "reason = 'no_budget' AND phase = 'idle'") == $USERS - $MOST }, $p);
	await('what is not', sub { n($p, 'few', "state = 'ok' AND phase = 'idle' AND NOT refresh_wanted") == $MOST }, $p);
	is(newly_asked(), $MOST, "$USERS refreshes with a budget of $MOST: $MOST calls");
	is(n($p, 'few', "state = 'degraded' AND retry_at > updated_at"), $USERS - $MOST, 'the others wait for the next window');
	want($p, 'few');
	await('what is refused again', sub { n($p, 'few', "attempts = 2 AND phase = 'idle'") == $USERS - $MOST }, $p);
	is(newly_asked(), 0, 'and none is asked for before');
	my $few = shown($p, 'few');
	is("$few->{client_id} $few->{budget} $few->{used}", "server $MOST/31536000s $MOST", 'operators see it');
}

# A 429 to one is an answer to all, on each host.
sub shut {
	my ($p, @users) = @_;
	$fake->set(status => 429, headers => ['Retry-After: 3600'], json => {});
	bring($p, $users[0], 'shut');
	want($p, 'shut');
	await('the refusal', sub { n($p, 'shut', "state = 'degraded' AND phase = 'idle'") == 1 }, $p);
	is(newly_asked(), 1, 'a provider refuses');
	bring($p, $_, 'shut') for @users[1 .. $#users];
	want($p, 'shut');
	await('the others', sub { n($p, 'shut', "reason = 'no_budget' AND phase = 'idle'") == $USERS }, $p);
	is(newly_asked(), 0, 'then it is asked for nobody');
	like(shown($p, 'shut')->{shut_until}, qr/^\d{4}-/, 'operators see until when');
	$fake->set;
	is($p->cli(qw(provider app reopen shut))->{status}, 0, 'an operator opens it before that');
	is(shown($p, 'shut')->{shut_until}, undef, 'then it is not shut');
	await('all', sub { n($p, 'shut', "state = 'ok' AND phase = 'idle' AND NOT refresh_wanted") == $USERS }, $p);
	is(newly_asked(), $USERS, 'and what waited for it is asked for');
	is($p->sql("SELECT count(*) FROM audit_events WHERE event_type = 'ProviderAppReopened'"), 1, 'the audit trail has it');
}

sub free {
	my ($p, @users) = @_;
	bring($p, $_, 'free') for @users[0 .. 2];
	want($p, 'free');
	await('all', sub { n($p, 'free', "state = 'ok' AND phase = 'idle' AND NOT refresh_wanted") == 3 }, $p);
	is(newly_asked(), 3, 'where the provider does not count requests for tokens, neither do we');
}

for my $backend (Pierre::backends()) {
	subtest $backend => sub {
		my $p = start($backend);
		my $q = $backend eq 'postgresql' ? start($backend, url => $p->{url},
			env => { ENCRYPTION_KEY => $p->{env}{ENCRYPTION_KEY} }) : undef;
		set_app($p, $_) for qw(few free shut);
		my @users = map { $p->approved_user(email => "u$_\@example.org") } 1 .. $USERS;
		subtest 'exact' => sub { exact($p, @users) };
		subtest 'shut' => sub { shut($p, @users) };
		subtest 'not counted' => sub { free($p, @users) };
		$q->stop if $q;
		is($p->stop_serve, 0, 'stops');
		$p->stop;
	};
}
$fake->stop;
done_testing;
