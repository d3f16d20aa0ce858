#!/usr/bin/perl
# Tokens that users bring (scenarios 13 to 16 of the original; 15 as changed: tokens brought
# by PUT), applications of users and tenants, and who sees what of them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use Pierre::Check;

my $end = '2031-05-06T07:08:09.000Z';

sub put { my ($p, $u, $provider, %o) = @_; return $p->put("/api/oauth/tokens/$provider", \%o, token => $u->{token}) }
sub show { my ($p, $u, $provider) = @_; return $p->get("/api/oauth/tokens/$provider", token => $u->{token}) }
sub sealed { my ($p, $id, $column) = @_; return $p->sql("SELECT $column FROM provider_connections WHERE id = '$id'") }

# Sc 13.
sub scenario_13 {
	my ($p, $ann) = @_;
	problem_is(show($p, $ann, 'strava'), 404, {}, 'Sc 13: no token at first');
	my $made = status_is(put($p, $ann, 'strava', access_token => 'a-1', refresh_token => 'r-1', expires_at => $end,
		scope => 'read,activity:read'), 200, 'Sc 13: stored')->{json};
	is_deeply([ @{ show($p, $ann, 'strava')->{json} }{qw(access_token scope expires_at token_type state)} ],
		[ 'a-1', 'read activity:read', $end, 'Bearer', 'ok' ], 'Sc 13: read back');
	is($made->{has_refresh_token} ? 1 : 0, 1, 'Sc 13: with a refresh token, which no reply shows');
	problem_is(show($p, $ann, 'garmin'), 404, {}, 'Sc 13: another provider is independent');
	status_is(put($p, $ann, 'garmin', access_token => 'g-1'), 200, 'Sc 13: also when it has some');
	status_is($p->delete('/api/oauth/tokens/strava', token => $ann->{token}), 204, 'Sc 13: cleared');
	problem_is(show($p, $ann, 'strava'), 404, {}, 'Sc 13: none again');
	is(show($p, $ann, 'garmin')->{json}{access_token}, 'g-1', 'Sc 13: the other one stays');
	problem_is(put($p, $ann, 'fitbit', access_token => 'x'), 409, { reason => 'retired' }, 'a provider that has ended takes none');
	problem_is(put($p, $ann, 'nobody', access_token => 'x'), 404, {}, 'nor one that is not known');
}

# Sc 14.
sub scenario_14 {
	my ($p, $ann) = @_;
	my %text = (empty => '', long => 'x' x 8000, unicode => "t\x{f6}k\x{e9}n \x{1f6b2}", special => q{'"<>&%\\ ;--});
	for my $name (sort keys %text) {
		status_is(put($p, $ann, 'whoop', access_token => $text{$name}), 200, "Sc 14: $name");
		is(show($p, $ann, 'whoop')->{json}{access_token}, $text{$name}, "Sc 14: $name comes back");
	}
	problem_is(put($p, $ann, 'whoop', access_token => 'x' x 8193), 422, { field => 'access_token' }, 'Sc 14: too long');
	for my $field (qw(access_token refresh_token token_type scope)) {
		problem_is(put($p, $ann, 'whoop', access_token => 'x', $field => "x$_->[0]X-Injected: yes"), 422, { field => $field },
			"no request of Pierre's gets a header from $field: $_->[1]")
			for [ "\r\n", 'CRLF' ], [ "\n", 'LF' ], [ "\x7f", 'DEL' ], [ "\x{2028}", 'a line separator' ];
	}
	my $id = put($p, $ann, 'whoop', access_token => 'canary-token', refresh_token => 'canary-refresh')->{json}{id};
	my ($one, $refresh) = map { sealed($p, $id, $_) } qw(sealed_access sealed_refresh);
	unlike("$one $refresh", qr/canary/, 'Sc 14: the stored form is not the plain text');
	is(put($p, $ann, 'whoop', access_token => 'canary-token')->{json}{id}, $id, 'the id stays');
	isnt(sealed($p, $id, 'sealed_access'), $one, 'Sc 14: the same text is sealed to another');
	isnt(sealed($p, $id, 'sealed_refresh'), '', 'a missing refresh token keeps the old one');
	my $good = sealed($p, $id, 'sealed_access');
	my %bad = (flipped => $good =~ s/(.)(.{5})$/($1 eq 'A' ? 'B' : 'A') . $2/er, truncated => substr($good, 0, -6),
		'not base64' => '!' x 80, short => 'AQ');
	for my $name (sort keys %bad) {
		$p->sql("UPDATE provider_connections SET sealed_access = '$bad{$name}' WHERE id = '$id'");
		my $r = status_is(show($p, $ann, 'whoop'), 500, "Sc 14: $name fails");
		unlike($r->{text}, qr/canary/, "Sc 14: $name gives nothing away");
	}
	$p->sql("UPDATE provider_connections SET sealed_access = '$good' WHERE id = '$id'");
	is(show($p, $ann, 'whoop')->{json}{access_token}, 'canary-token', 'Sc 14: put back it opens');
}

# Sc 15.
sub scenario_15 {
	my ($p, $ann, $bob) = @_;
	my $first = put($p, $ann, 'oura', access_token => 'o-1', refresh_token => 'or-1')->{json};
	my $second = put($p, $ann, 'oura', access_token => 'o-2')->{json};
	is("$second->{id} $second->{created_at}", "$first->{id} $first->{created_at}", 'Sc 15: replaced on (user, tenant, provider); id and created_at stay');
	is(show($p, $ann, 'oura')->{json}{access_token}, 'o-2', 'Sc 15: by the new one');
	problem_is(show($p, $bob, 'oura'), 404, {}, 'Sc 15: another user never sees it');
	is_deeply($p->get('/api/oauth/tokens', token => $bob->{token})->{json}{connections}, [], 'Sc 15: nor in a list');
	status_is($p->delete('/api/oauth/tokens/oura', token => $bob->{token}), 204, 'Sc 15: to end his is to end none');
	is(show($p, $ann, 'oura')->{json}{access_token}, 'o-2', 'Sc 15: of hers');

	my $team = $p->expect(201, $p->post('/api/tenants', { name => 'Team' }, token => $ann->{token}))->{json};
	my $there = $p->login($ann);
	my $switched = $p->expect(200, $p->post('/api/tenants/switch', { tenant_id => $team->{tenant_id} }, token => $there->{token}))->{json};
	$there = { %$there, token => $switched->{access_token} };
	problem_is(show($p, $there, 'oura'), 404, {}, 'Sc 15: another tenant of the same user has none');
	put($p, $there, 'oura', access_token => 'o-team');
	is(join(' ', map { show($p, $_, 'oura')->{json}{access_token} } $ann, $there), 'o-2 o-team', 'Sc 15: two tenants, two tokens');
	my $r = $p->get("/api/tenants/$team->{tenant_id}/oauth/oura/connections", token => $ann->{token});
	is(join(' ', map { $_->{user_id} } @{ $r->{json}{connections} }), $ann->{user_id}, 'an owner of the team sees who is connected in it');
	unlike($r->{text}, qr/o-team/, 'without tokens');
	problem_is($p->get("/api/tenants/$team->{tenant_id}/oauth/oura/connections", token => $bob->{token}), 404, {}, 'a stranger does not');

	pairs($p, $ann, $bob);
	return ($team, $there);
}

# Sc 15: ten clients at once, each of which stores tokens and reads them: five of one user, who
# gets what one of them has stored, and five of users who have their own.
sub pairs {
	my ($p, $ann, $bob) = @_;
	my @who = ($ann, $ann, $ann, $ann, $ann, $bob, map { $p->approved_user } 1 .. 4);
	my $pair = sub {
		my ($i) = @_;
		my $stored = put($p, $who[$i], 'coros', access_token => "c-$i", refresh_token => "cr-$i");
		my $read = show($p, $who[$i], 'coros');
		return "$stored->{status} $read->{status} " . ($read->{json}{access_token} // $read->{text});
	};
	my @words = at_once(map { my $i = $_; sub { $pair->($i) } } 0 .. 9);
	for my $i (0 .. 9) {
		$i < 5 ? like($words[$i], qr/^200 200 c-[0-4]$/, "Sc 15: pair $i of ten at once reads what one of five has stored")
			: is($words[$i], "200 200 c-$i", "Sc 15: pair $i reads what it has stored");
	}
	is($p->sql("SELECT count(*) FROM provider_connections WHERE provider = 'coros'"), 6, 'Sc 15: of each user there is one connection');
	is($p->sql("SELECT count(*) FROM provider_connections WHERE provider = 'coros' AND user_id = '$ann->{user_id}'"), 1, 'Sc 15: of five stores too');
	for my $i (1 .. 10) {
		put($p, $ann, 'wahoo', access_token => "w-$i");
		is(show($p, $ann, 'wahoo')->{json}{access_token}, "w-$i", "Sc 15: pair $i, one after the other");
	}
}

# An access token alone: the refresh token is sent by the application that it was given to.
sub access_alone {
	my ($p) = @_;
	my $user = $p->approved_user;
	Pierre::rewrite("$p->{dir}/secret", "canary-secret\n");
	$p->give("$p->{dir}/secret");
	my $made = $p->cli(qw(provider app set strava --client-id server-client --value-file), "$p->{dir}/secret");
	is($made->{status}, 0, 'an application of the server') or diag($made->{err});
	my $first = put($p, $user, 'strava', access_token => 'a-1', refresh_token => 'r-1', expires_at => $end)->{json};
	$p->sql("UPDATE provider_connections SET provider_user_id = '4711' WHERE id = '$first->{id}'");
	my $app = $p->expect(200, $p->put('/api/users/oauth-apps/strava', { client_id => 'own', client_secret => 'canary-secret' }, token => $user->{token}))->{json};
	my $alone = put($p, $user, 'strava', access_token => 'a-2', expires_at => $end)->{json};
	is("$alone->{app_id} $alone->{provider_user_id}", "$first->{app_id} 4711", 'it stays with the application and the account of its refresh token');
	is(show($p, $user, 'strava')->{json}{access_token}, 'a-2', 'the access token is the new one');
	my $both = put($p, $user, 'strava', access_token => 'a-3', refresh_token => 'r-3')->{json};
	is("$both->{app_id} " . ($both->{provider_user_id} // 'null'), "$app->{id} null", 'another refresh token is of the application now, and of nobody known');
	status_is($p->delete('/api/oauth/tokens', token => $user->{token}), 204, 'ended');
	$p->sql("DELETE FROM provider_connections WHERE user_id = '$user->{user_id}'");
	is($p->cli(qw(provider app delete strava))->{status}, 0, 'the application goes');
}

# Sc 16.
sub scenario_16 {
	my ($p, $ann, $bob, $there) = @_;
	put($p, $bob, 'oura', access_token => 'o-bob');
	my %id = map { $_->[0] => $p->sql("SELECT id FROM provider_connections WHERE user_id = '$_->[1]' AND tenant_id = '$_->[2]' AND provider = '$_->[3]'") }
		[ own => $ann->{user_id}, $ann->{user_id}, 'oura' ], [ user => $bob->{user_id}, $bob->{user_id}, 'oura' ],
		[ provider => $ann->{user_id}, $ann->{user_id}, 'wahoo' ];
	$id{tenant} = $p->sql("SELECT id FROM provider_connections WHERE user_id = '$ann->{user_id}' AND tenant_id <> '$ann->{user_id}' AND provider = 'oura'");
	my $value = sealed($p, $id{own}, 'sealed_access');
	my %reader = (user => [ $bob, 'oura' ], tenant => [ $there, 'oura' ], provider => [ $ann, 'wahoo' ]);
	for my $name (sort keys %reader) {
		$p->sql("UPDATE provider_connections SET sealed_access = '$value' WHERE id = '$id{$name}'");
		status_is(show($p, @{ $reader{$name} }), 500, "Sc 16: moved to the row of another $name it does not open");
	}
	$p->sql("UPDATE provider_connections SET sealed_refresh = sealed_access WHERE id = '$id{own}'");
	status_is($p->put('/api/oauth/tokens/oura', { access_token => 'x' }, token => $ann->{token}), 500, 'nor in another column');
	$p->sql("UPDATE provider_connections SET user_id = '$bob->{user_id}', ended_at = NULL WHERE id = '$id{provider}'");
	status_is(show($p, $bob, 'wahoo'), 404, 'a row that another user was given is in another tenant');
}

# Sc 56.
sub apps {
	my ($p, $ann, $bob, $team) = @_;
	my $body = { client_id => 'c1', client_secret => 'canary-secret' };
	my $r = status_is($p->put('/api/users/oauth-apps/strava', $body, token => $ann->{token}), 200, 'an application is set');
	unlike($r->{text}, qr/canary/, 'its secret does not come back');
	is("$r->{json}{owner} $r->{json}{client_id} $r->{json}{state}", 'user c1 ok', 'the rest does');
	for (['http://localhost/api/oauth/callback/strava', 'not https'], ['https://x.example/other', 'another path'],
		['https://evil.example/x/api/oauth/callback/strava', 'a path before'], ['https://u@x/api/oauth/callback/strava', 'a user in it'],
		['https://evil.example/api/oauth/callback/strava', 'another host']) {
		problem_is($p->put('/api/users/oauth-apps/strava', { %$body, redirect_uri => $_->[0] }, token => $ann->{token}), 422,
			{ field => 'redirect_uri' }, "redirect_uri: $_->[1]");
	}
	problem_is($p->put('/api/users/oauth-apps/strava', { client_id => 'c' }, token => $ann->{token}), 422, { field => 'client_secret' }, 'without its secret');
	problem_is($p->put('/api/users/oauth-apps/fitbit', $body, token => $ann->{token}), 409, { reason => 'retired' }, 'of a provider that has ended');
	$p->put("/api/users/oauth-apps/$_", $body, token => $ann->{token}) for qw(whoop garmin);
	is(join(' ', map { $_->{provider} } @{ $p->get('/api/users/oauth-apps', token => $ann->{token})->{json}{apps} }),
		'garmin strava whoop', 'a list by provider');
	is_deeply($p->get('/api/users/oauth-apps', token => $bob->{token})->{json}{apps}, [], 'another user has none');
	problem_is($p->get('/api/users/oauth-apps/strava', token => $bob->{token}), 404, {}, 'nor this one');
	status_is($p->delete('/api/users/oauth-apps/garmin', token => $ann->{token}), 204, 'deleted');
	problem_is($p->delete('/api/users/oauth-apps/garmin', token => $ann->{token}), 404, {}, 'once');

	my $key = $p->new_key($ann, scopes => ['tokens:read'])->{api_key};
	my $none = $p->new_key($ann, scopes => ['usage:read'])->{api_key};
	is($p->get('/api/oauth/tokens/whoop', headers => { 'X-API-Key' => $key })->{json}{access_token}, 'canary-token',
		'a key with tokens:read gets the access token');
	problem_is($p->get('/api/oauth/tokens/whoop', headers => { 'X-API-Key' => $none }), 403, { reason => 'scope' }, 'another one does not');
	problem_is($p->put('/api/oauth/tokens/whoop', { access_token => 'x' }, headers => { 'X-API-Key' => $key }), 401, {}, 'no key changes them');

	my $of = "/api/tenants/$team->{tenant_id}/oauth/strava";
	is($p->put($of, $body, token => $ann->{token})->{json}{owner}, 'tenant', 'Sc 56: a team has its own');
	problem_is($p->get($of, token => $bob->{token}), 404, {}, 'Sc 56: strangers do not see it');
	status_is($p->get($of, token => $ann->{token}), 200, 'its owner does');
	status_is($p->delete($of, token => $ann->{token}), 204, 'and deletes it');
}

# Each state that an owner can see, with the reason and since when; what only time has done too.
# refreshing, which a call makes: tests/process/refresh.t.
sub states {
	my ($p) = @_;
	my $user = $p->approved_user;
	my $since = '2026-01-02T03:04:05.000Z';
	my $id = put($p, $user, 'oura', access_token => 'x', refresh_token => 'y', expires_at => $end)->{json}{id};
	my $seen = sub { my ($c) = @{ $p->get('/api/oauth/tokens', token => $user->{token})->{json}{connections} };
		return join ' ', map { $_ // 'null' } @$c{qw(state reason state_since)} };
	like($seen->(), qr/^ok null \d{4}-/, 'ok');
	for ([ qw(uncertain no_answer) ], [ qw(degraded http_503) ], [ qw(reauth_required invalid_grant) ], [ qw(unidentified no_identity) ]) {
		my ($state, $reason) = @$_;
		$p->sql("UPDATE provider_connections SET state = '$state', reason = '$reason', state_since = '$since' WHERE id = '$id'");
		is($seen->(), "$state $reason $since", "$state, why, and since when");
	}
	$p->sql("UPDATE provider_connections SET state = 'ok', reason = NULL, expires_at = '$since' WHERE id = '$id'");
	is($seen->(), "reauth_required expired $since", 'what has ended, and no application refreshes, must be connected again');
	problem_is(show($p, $user, 'oura'), 409, { reason => 'reauth_required' }, 'and is not given out');
	$p->sql("UPDATE provider_connections SET provider = 'fitbit', expires_at = '$end' WHERE id = '$id'");
	is($seen->(), 'retired provider_ended 2026-11-02T00:00:00.000Z', 'a provider that has ended');
	problem_is(show($p, $user, 'fitbit'), 409, { reason => 'retired' }, 'gives nothing');
	my $r = $p->get('/api/oauth/tokens/fitbit', token => $user->{token});
	like($r->{json}{detail}, qr/google-health|Google Health/i, 'and its successor is named');
}

# A user from before tenants, whom the scheduler has not come to yet.
sub unfilled {
	my ($p) = @_;
	for my $begins ([ PUT => '/api/oauth/tokens/oura', { access_token => 'x' }, 200 ],
		[ PUT => '/api/users/oauth-apps/oura', { client_id => 'c', client_secret => 'x' }, 200 ],
		[ POST => '/api/oauth/connect/oura', undef, 201 ]) {
		my ($method, $path, $body, $status) = @$begins;
		my $user = $p->approved_user;
		$p->expect(200, $p->put('/api/users/oauth-apps/oura', { client_id => 'c', client_secret => 'x' }, token => $user->{token})) if $method eq 'POST';
		$p->sql("DELETE FROM tenant_users WHERE user_id = '$user->{user_id}'");
		$p->sql("DELETE FROM tenants WHERE id = '$user->{user_id}'");
		status_is($p->request($method, $path, $body, token => $user->{token}), $status, "$path without a tenant of one's own yet");
		is($p->sql("SELECT kind FROM tenants WHERE id = '$user->{user_id}'"), 'personal', '  it is there then') if $path !~ /oauth-apps/;
	}
}

each_backend(sub {
	my ($p) = @_;
	my ($ann, $bob) = map { $p->approved_user } 1, 2;
	scenario_13($p, $ann);
	scenario_14($p, $ann);
	my ($team, $there) = scenario_15($p, $ann, $bob);
	scenario_16($p, $ann, $bob, $there);
	access_alone($p);
	apps($p, $ann, $bob, $team);
	unfilled($p);
	states($p);
	status_is($p->delete('/api/oauth/tokens', token => $ann->{token}), 204, 'all of one tenant are ended');
	is_deeply($p->get('/api/oauth/tokens', token => $ann->{token})->{json}{connections}, [], 'none is left');
	is(scalar @{ $p->get('/api/oauth/tokens', token => $there->{token})->{json}{connections} }, 1, 'those of the other one are');
}, env => { PUBLIC_URL => 'https://localhost' });
done_testing;
