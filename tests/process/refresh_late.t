#!/usr/bin/perl
# Tokens that come when nobody waits for them any more, and those that have to be used once:
# src/op/refresh_late.c, src/worker/refresh_settle.c.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use Process qw(await await_log count_log);
use Refresh;

my @revoked = (revoke_url => $fake->url('/revoke'), revoke_method => 'POST', revoke_auth => 'body', revoke_token => 'token');
my @rows = (row('token', @revoked, revoke_kills => 'token'), row('grant', @revoked, revoke_kills => 'grant'),
	row('used', replay => 'safe_until_used', identity_url => $fake->url('/me'), identity_field => 'id'),
	row('plain', replay => 'safe_until_used'));

sub revoked_with { my ($token) = @_; return scalar grep { $_->{form}{token} eq $token } $fake->asked('/revoke') }
sub ended { my ($p) = @_; return $p->sql('SELECT count(*) FROM provider_connections WHERE ended_at IS NOT NULL') }
# What a refresh gave for that token: the fake makes its pairs in this order.
sub after { my ($refresh) = @_; my ($n) = $refresh =~ /^rt-\d+-(\d+)-/; return $n + 1 }

# A call that is under way; %o: of the fake
sub under_way {
	my ($p, $provider, %o) = @_;
	my $user = user_at($p, $provider);
	my ($refresh) = bring($p, $user, $provider);
	my $release = hold(%o);
	ask($p, $user, $provider);
	await('the call', sub { calls_with($refresh) == 1 }, $p);
	return ($user, $refresh, $release);
}

sub set_anew {
	my ($p, $provider, $want) = @_;
	my $outdated = count_log($p, qr/ tokens_outdated /);
	my $before = () = $fake->asked('/revoke');
	my ($user, $refresh, $release) = under_way($p, $provider);
	my ($brought, $access) = bring($p, $user, $provider, 3000);
	$release->();
	await_log($p, qr/ tokens_outdated /, $outdated + 1);
	await('the end', sub { !ended($p) }, $p);
	my @asked = $fake->asked('/revoke');
	is(@asked - $before, $want, "$provider: late tokens " . ($want ? 'are revoked' : 'are dropped'));
	ok($fake->alive($brought), '  those that were brought meanwhile live');
	is(lend($p, $user, $provider)->{json}{access_token}, $access, '  and are given');
	# made by the call, which may have got its number before or after the one that was brought
	my $late = $asked[-1]{form}{token};
	ok($late =~ /^rt-\d+-(\d+)-/ && $1 >= after($refresh) && $late ne $brought, '  by the refresh token that came late') or diag($late) if $want;
}

sub disconnected {
	my ($p, $provider, $want) = @_;
	my $outdated = count_log($p, qr/ tokens_outdated /);
	my $before = () = $fake->asked('/revoke');
	my ($user, $refresh, $release) = under_way($p, $provider);
	$p->expect(204, $p->delete("/api/oauth/tokens/$provider", token => $user->{token}));
	$release->();
	await_log($p, qr/ tokens_outdated /, $outdated + 1);
	await('the end', sub { !ended($p) }, $p);
	is(revoked_with($refresh), 1, "$provider: disconnected during the call, the provider is told");
	is($fake->asked('/revoke') - $before, 1 + $want, '  of what came late ' . ($want ? 'too' : 'not'));
	is($p->sql("SELECT count(*) FROM notifications WHERE user_id = '$user->{user_id}' AND message LIKE '%was disconnected%'"), 1,
		'  its owner once');
	is($p->delete("/api/users/oauth-apps/$provider", token => $user->{token})->{status}, 204, '  nothing is left that needs its application');
}

# The provider gives what is there already: that is in use.
sub same {
	my ($p) = @_;
	my $outdated = count_log($p, qr/ tokens_outdated /);
	my $before = () = $fake->asked('/revoke');
	my ($user, $refresh, $release) = under_way($p, 'token', mode => 'same');
	$p->expect(200, $p->put('/api/oauth/tokens/token', { access_token => 'other', refresh_token => $refresh }, token => $user->{token}));
	$release->();
	await_log($p, qr/ tokens_outdated /, $outdated + 1);
	await('the end', sub { !ended($p) }, $p);
	is($fake->asked('/revoke') - $before, 0, 'a refresh token that is in use is not revoked');
}

# Nothing came of the call before.
sub resent {
	my ($p, $provider, %o) = @_;
	my $user = user_at($p, $provider);
	my ($refresh) = bring($p, $user, $provider);
	$fake->set(mode => 'until_used', %o);
	set_row($p, $user, "attempts = 1, state = 'degraded'");
	my $given = lent($p, $user, $provider)->{access_token};
	return ($user, $refresh, $given);
}
sub used_with { my ($access) = @_; return scalar grep { $_->{headers}{authorization} eq "Bearer $access" } $fake->asked('/me') }
# Access tokens that the provider saw in use since that many requests.
sub uses_since { my ($n) = @_; my @all = $fake->asked('/me'); return map { $_->{headers}{authorization} =~ s/^Bearer //r } @all[ $n .. $#all ] }

# Calls of which a busy machine made nothing: no connection in three seconds, no answer in ten.
sub missed { my ($p) = @_; return count_log($p, qr/ (?:tokens_not_used .*status=0|provider_not_reached .*what=refresh)/) }
# The same, and the use, of a user whose calls were all answered until $done->($user):
# (user, refresh token, uses before, what was used).
sub resent_and_used {
	my ($p, $done, %o) = @_;
	for (1 .. 10) {
		my ($before, $missed) = (scalar(() = $fake->asked('/me')), missed($p));
		my ($user, $refresh) = resent($p, 'used', %o);
		await('a use', sub { uses_since($before) && $done->($user, $refresh) || missed($p) > $missed }, $p);
		return ($user, $refresh, $before, (uses_since($before))[0]) if missed($p) == $missed;
	}
	die "ten times a call was not answered\n" . $p->log;
}

sub used {
	my ($p) = @_;
	my ($user, $refresh, $before, $access) = resent_and_used($p, sub { !$fake->alive($_[1]) });
	is(of($p, $user, 'tokens_gen') . calls_with($refresh) . uses_since($before), '111', 'after a resend the new access token is used once');
	is(lent($p, $user, 'used')->{access_token}, $access, 'and given');
	$user = user_at($p, 'used');
	($refresh) = bring($p, $user, 'used');
	$access = lent($p, $user, 'used')->{access_token};
	(undef, my $other) = resent($p, 'plain');
	ok($fake->alive($other), 'a provider that cannot be asked is not');
	is(used_with($access), 0, 'nor after a first call');
	# which of the two a request is given depends on when it comes
	($user, $refresh, $before, $access) = resent_and_used($p, sub { of($p, $_[0], 'tokens_gen') == 2 && of($p, $_[0], 'phase') eq 'idle' }, me => 401);
	is(of($p, $user, 'state') . uses_since($before), 'ok1', 'one that does not work is refreshed, once');
	isnt(lent($p, $user, 'used')->{access_token}, $access, 'and another one is given');
	$fake->set;
}

for my $backend (Pierre::backends()) {
	subtest $backend => sub {
		my $p = start($backend, \@rows);
		set_anew($p, token => 1);
		set_anew($p, grant => 0);
		disconnected($p, token => 1);
		disconnected($p, grant => 0);
		same($p);
		used($p);
		is($p->stop_serve, 0, 'stops');
		$p->stop;
	};
}
$fake->stop;
done_testing;
