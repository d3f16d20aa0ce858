#!/usr/bin/perl
# What comes in another order than it was begun, and what fails for good, while users
# connect: src/op/connect_identify.c, src/worker/caller_errand.c. And a code that waited too long.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use Pierre::Check;
use Pierre::Connect;
use Process qw(await);
use Provider;

my $fake = Provider->start;

sub of { my ($p, $user, $column) = @_; return $p->sql("SELECT $column FROM provider_connections WHERE user_id = '$user->{user_id}'") }
sub again { my ($p, $user) = @_; $p->sql("UPDATE provider_connections SET retry_at = NULL WHERE user_id = '$user->{user_id}'") }
sub given { my ($p, $user) = @_; return $p->get('/api/oauth/tokens/acme', token => $user->{token}) }
sub user_with_app { my ($p) = @_; my $user = $p->approved_user; set_app($p, $user, 'acme'); return $user }
# Tokens of one whom the provider cannot name now.
sub unidentified {
	my ($p, $me) = @_;
	my $user = user_with_app($p);
	$fake->set(me => $me);
	like(connect_it($p, $user, 'acme')->{body}, qr/has not said yet whose they are/, 'it is not known whose they are');
	$fake->set;
	return $user;
}

# The provider says late whose the first tokens are: what came since is the newer wish.
sub older_attempt {
	my ($p) = @_;
	my %newer = (
		connected => sub { my ($user) = @_; is(heading(connect_it($p, $user, 'acme')), 'Connected', 'connected again') },
		brought => sub { my ($user) = @_; $p->expect(200, $p->put('/api/oauth/tokens/acme', { access_token => "brought $user->{user_id}" }, token => $user->{token})) },
	);
	for my $how (sort keys %newer) {
		my $user = unidentified($p, 500);
		$newer{$how}->($user);
		my $newer = given($p, $user)->{json}{access_token};
		again($p, $user);
		await('one connection', sub { of($p, $user, 'count(*)') == 1 }, $p);
		is(given($p, $user)->{json}{access_token}, $newer, "an older attempt does not replace what was $how since");
		$p->sql("DELETE FROM provider_connections WHERE user_id = '$user->{user_id}'");
	}
}

# An account of another length than any id has.
sub identity {
	my ($p) = @_;
	$fake->with_state(sub { $_[0]{me} = 'x' x 20000 });
	my $user = user_with_app($p);
	like(connect_it($p, $user, 'acme')->{body}, qr/has not said yet whose they are/, 'an id of 20,000 characters is none');
	is(of($p, $user, "state || ' ' || attempts"), 'unidentified 1', 'and counted as an attempt');
	$fake->with_state(sub { delete $_[0]{me} });
	$p->sql("DELETE FROM provider_connections WHERE user_id = '$user->{user_id}'");
}

# Codes that have waited for years when a caller finds them, until what is returned is called.
sub codes_wait {
	my ($p) = @_;
	my $old = "UPDATE connect_states SET updated_at = '2020-01-01T00:00:00.000Z' WHERE id = NEW.id";
	if ($p->{backend} eq 'sqlite') {
		$p->sql("CREATE TRIGGER waits AFTER UPDATE ON connect_states WHEN NEW.phase = 'called_back' AND OLD.phase <> NEW.phase BEGIN $old; END");
		return sub { $p->sql('DROP TRIGGER waits') };
	}
	$p->sql("CREATE FUNCTION waits() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN $old; RETURN NULL; END \$\$");
	$p->sql("CREATE TRIGGER waits AFTER UPDATE ON connect_states FOR EACH ROW WHEN (NEW.phase = 'called_back' AND OLD.phase <> NEW.phase) EXECUTE FUNCTION waits()");
	return sub { $p->sql('DROP FUNCTION waits() CASCADE') };
}

# Withings' lives for 30 s.
sub late_code {
	my ($p) = @_;
	my $user = $p->approved_user;
	set_app($p, $user, $_) for qw(brief acme);
	is(heading(connect_it($p, $user, 'brief')), 'Connected', 'a code that comes in time is redeemed') or diag($p->log);
	my $now = codes_wait($p);
	my $before = () = $fake->asked('/token');
	like(connect_it($p, $user, 'brief')->{body}, qr/the code that it gave lives for 3600 s, and waited longer here/,
		'one that has waited longer than it lives ends, and the page says why');
	is(scalar(() = $fake->asked('/token')), $before, 'it is not sent');
	is($p->sql("SELECT count(*) FROM notifications WHERE user_id = '$user->{user_id}' AND message LIKE '%waited longer%'"), 1, 'its user is told');
	is(heading(connect_it($p, $user, 'acme')), 'Connected', 'where nobody knows how long it lives it is sent');
	$now->();
}

# No row gets the state ok, until the code that is returned is called.
sub nothing_is_ok {
	my ($p) = @_;
	my $sqlite = $p->{backend} eq 'sqlite';
	$p->sql($sqlite ? "CREATE TRIGGER no_ok BEFORE UPDATE ON provider_connections WHEN NEW.state = 'ok' BEGIN SELECT RAISE(ABORT, 'no'); END"
		: "ALTER TABLE provider_connections ADD CONSTRAINT no_ok CHECK (state <> 'ok') NOT VALID");
	return sub { $p->sql($sqlite ? 'DROP TRIGGER no_ok' : 'ALTER TABLE provider_connections DROP CONSTRAINT no_ok') };
}

# What fails for good is an attempt: it is made less often, and ends.
sub fails_for_good {
	my ($p) = @_;
	my $stored = nothing_is_ok($p);
	my $user = user_with_app($p);
	like(connect_it($p, $user, 'acme')->{body}, qr/has not said yet whose they are/, 'a connection that cannot be stored: its attempt is over');
	is(of($p, $user, "state || ' ' || phase || ' ' || attempts || ' ' || reason"), 'unidentified idle 1 failed_here', 'it counts');
	$stored->();
	again($p, $user);
	await('it to be stored', sub { of($p, $user, 'state') eq 'ok' }, $p);
	pass('and is stored later');

	my $dora = unidentified($p, 500);
	my $sealed = of($p, $dora, 'sealed_access');
	$p->sql("UPDATE provider_connections SET sealed_access = 'broken' WHERE user_id = '$dora->{user_id}'");
	again($p, $dora);
	await('a second attempt', sub { of($p, $dora, 'attempts') == 2 }, $p);
	is(of($p, $dora, "phase || ' ' || reason"), 'idle failed_here', 'tokens that do not open: that counts too');
	status_is($p->delete('/api/oauth/tokens/acme', token => $dora->{token}), 204, 'disconnected');
	await('an attempt to revoke', sub { of($p, $dora, "attempts || ' ' || phase") eq '1 idle' }, $p);
	pass('so does one to end them');
	$p->sql("UPDATE provider_connections SET attempts = 7 WHERE user_id = '$dora->{user_id}'");
	again($p, $dora);
	await('the row to go', sub { of($p, $dora, 'count(*)') == 0 }, $p);
	like($p->sql("SELECT message FROM notifications WHERE user_id = '$dora->{user_id}' ORDER BY created_at DESC LIMIT 1"),
		qr/there it may still be allowed/, 'the eighth is the last, and its owner is told');
	status_is($p->delete('/api/users/oauth-apps/acme', token => $dora->{token}), 204, 'the application is free');
}

for my $backend (Pierre::backends()) {
	subtest $backend => sub {
		my $p = start_connect($backend, { providers => [ provider_row($fake, 'acme'), provider_row($fake, 'brief', code_ttl => 3600) ] }, $fake->ca,
			program => 'tests/support/pierre_refresh');
		older_attempt($p);
		identity($p);
		fails_for_good($p);
		late_code($p);
		is($p->stop_serve, 0, 'stops');
		$p->stop;
	};
}
$fake->stop;
done_testing;
