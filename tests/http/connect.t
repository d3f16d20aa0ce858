#!/usr/bin/perl
# How a user connects a provider: link, page, provider, callback, tokens; and what an
# attacker gets who has one of the parts (src/resource/connect.c). The provider is
# tests/support/Provider.pm.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use FastCGI;
use Pierre;
use Pierre::Check;
use Pierre::Connect;
use Process qw(await);
use Provider;

my $fake = Provider->start;

sub start {
	my ($backend) = @_;
	return start_connect($backend, { providers => [ provider_row($fake, 'acme'), provider_row($fake, 'other'), provider_row($fake, 'all', revoke_kills => 'grant'),
		provider_row($fake, 'plain', pkce => 'none'), provider_row($fake, 'issued', issuer => 'https://acme.example'),
		provider_row($fake, 'meager', budgets => ['2/31536000s']) ] },
		undef, program => 'tests/support/pierre_refresh');   # which is patient
}

# What the provider was asked since the last forget().
my $seen = 0;
sub forget { $seen = () = $fake->asked }
sub asked { my ($path) = @_; my @all = $fake->asked; splice @all, 0, $seen; return grep { $_->{path} eq $path } @all }

sub flow {
	my ($p) = @_;
	my $user = $p->approved_user(email => 'ann&co@example.org');
	problem_is($p->post('/api/oauth/connect/nobody', undef, token => $user->{token}), 404, {}, 'no such provider');
	problem_is($p->post('/api/oauth/connect/acme', undef, token => $user->{token}), 409, { reason => 'no_app' },
		'no application');
	problem_is($p->post('/api/oauth/connect/fitbit', undef, token => $user->{token}), 409, { reason => 'retired' },
		'a provider that has ended');
	set_app($p, $user, 'acme');
	my ($start, $again) = map { $p->expect(201, $p->post('/api/oauth/connect/acme', undef, token => $user->{token},
		headers => { 'Idempotency-Key' => 'once' })) } 1, 2;
	is($again->{json}{start_url}, $start->{json}{start_url}, 'a request that is repeated gets the same link');
	is($again->{headers}{'idempotency-replayed'}, 'true', 'as a repeat');
	is($p->sql('SELECT count(*) FROM connect_states'), 1, 'there is one attempt');
	my $browser = Browser->new($p);
	$start = $start->{json}{start_url};
	like($start, qr{^https://localhost:\d+/api/oauth/start\?link=[\w-]{43}$}, 'a link');
	for (1, 2) {
		my $page = $browser->get($start);
		is($page->{status}, 200, 'its page');
		like($page->{body}, qr/ann&amp;co\@example\.org.*Acme.*<li>read<\/li>.*<li>write<\/li>/s, 'names account, provider and scopes, escaped');
		like($page->{headers}{'cache-control'}, qr/no-store/, 'is kept nowhere');
		is($page->{headers}{'referrer-policy'}, 'no-referrer', 'tells nobody where it was');
		like($page->{headers}{'content-security-policy'}, qr/frame-ancestors 'none'/, 'stands in no frame');
	}
	my $to = visit($browser, $start);
	like($to, qr/[?&]code_challenge=[\w-]{43}&code_challenge_method=S256/, 'the provider is asked with PKCE');
	like($to, qr/[?&]scope=read%20write&/, 'for the scopes');
	is(scalar(keys %{ $browser->{cookies} }), 1, 'the browser has one cookie');
	like((keys %{ $browser->{cookies} })[0], qr/^__Host-pierre-connect-[\w-]{8}$/, 'of this attempt');
	is($browser->get($start)->{status}, 404, 'the link was spent');
	my $back = consent($to);
	my $done = outcome($browser, $back);
	is(heading($done), 'Connected', 'connected') or diag($done->{body}, $p->log);
	is(scalar(keys %{ $browser->{cookies} }), 0, 'and no cookie is left');
	my ($c) = connections($p, $user);
	is("$c->{state} $c->{provider_user_id} @{ $c->{scopes_granted} }", 'ok 4711 read write', 'identified, with its scopes');
	is_deeply($c->{scopes_missing}, [], 'none is missing');
	my $t = status_is($p->get('/api/oauth/tokens/acme', token => $user->{token}), 200, 'the access token');
	like($t->{json}{access_token}, qr/^at-/, 'is that of the provider');
	unlike($t->{text}, qr/"rt-/, 'the refresh token is not shown');
	my ($asked) = asked('/token');
	is($asked->{form}{client_secret}, 'canary-app-secret', 'the application proved itself');
	is(scalar(asked('/token')), 1, 'the code was redeemed once');
	my $told = $p->sql("SELECT count(*) FROM notifications WHERE success AND message LIKE 'Acme is connected%'");
	is($told, 1, 'the user is told');
	return ($user, $c);
}

# Who brings an application, for himself or for a tenant, chooses no host that codes go to.
sub redirects {
	my ($p, $user) = @_;
	my $team = $p->expect(201, $p->post('/api/tenants', { name => 'Redirects' }, token => $user->{token}))->{json};
	my ($app, $ours) = ({ client_id => 'c', client_secret => 'canary-app-secret' }, "$p->{env}{PUBLIC_URL}/api/oauth/callback/other");
	for my $of ('/api/users/oauth-apps/other', "/api/tenants/$team->{tenant_id}/oauth/other") {
		for my $host ("evil.example", "localhost", "localhost:$p->{port}.evil.example") {
			problem_is($p->put($of, { %$app, redirect_uri => "https://$host/api/oauth/callback/other" }, token => $user->{token}), 422,
				{ field => 'redirect_uri' }, "no codes for $host");
		}
		status_is($p->put($of, { %$app, redirect_uri => $ours }, token => $user->{token}), 200, 'that of PUBLIC_URL is accepted');
	}
	like(begin($p, $user, 'other'), qr{^\Q$p->{env}{PUBLIC_URL}\E/api/oauth/start\?}, 'with a link there');
	$p->sql("UPDATE provider_apps SET redirect_uri = 'https://evil.example/api/oauth/callback/other' WHERE user_id = '$user->{user_id}' AND provider = 'other'");
	problem_is($p->post('/api/oauth/connect/other', undef, token => $user->{token}), 409, { reason => 'redirect_uri' },
		'one that was set before PUBLIC_URL changed gives no link');
	status_is($p->delete('/api/users/oauth-apps/other', token => $user->{token}), 204, 'it goes');
	my $made = $p->cli(qw(provider app set other --client-id c --redirect-uri https://second.example/api/oauth/callback/other --value-file),
		secret_file($p));
	is($made->{status}, 0, 'that of the server may name another host') or diag($made->{err});
	like(begin($p, $user, 'other'), qr{^https://second.example/api/oauth/start\?}, 'of which the operator knows');
	is($p->cli(qw(provider app delete other))->{status}, 0, 'it goes too');
}

# --- what an attacker gets ----------------------------------------------------------------

sub refused_is {
	my ($r, $status, $what, $name) = @_;
	is($r->{status}, $status, $name) or diag($r->{text});
	like($r->{body}, $what, "$name: it says why");
}

# An attempt up to the callback: the browser, and the URL that the provider sent it.
sub attempt {
	my ($p, $user, $provider) = @_;
	my $browser = Browser->new($p);
	return ($browser, consent(visit($browser, begin($p, $user, $provider // 'plain'))));
}
sub past { my ($p, $phase) = @_; $p->sql("UPDATE connect_states SET expires_at = '2020-01-01T00:00:00.000Z' WHERE phase = '$phase'") }
sub end_all { my ($p) = @_; past($p, $_) for qw(made started) }
sub in_team {
	my ($p, $user) = @_;
	my $team = $p->expect(201, $p->post('/api/tenants', { name => 'Other' }, token => $user->{token}))->{json}{tenant_id};
	my $there = $p->login($user);
	my $switched = $p->expect(200, $p->post('/api/tenants/switch', { tenant_id => $team }, token => $there->{token}))->{json};
	return ($team, { %$user, token => $switched->{access_token} });
}
my ($no_attempt, $not_begun) = (qr/belongs to no attempt/, qr/did not begin/);

# Each gives nobody a connection: no code is redeemed, unless it says so.
my %attack = (
	'another browser' => sub {
		my ($p, $user) = @_;
		my (undef, $back) = attempt($p, $user);
		refused_is(Browser->new($p)->get($back), 403, $not_begun, 'the callback in another browser');
	},
	'a missing cookie' => sub {
		my ($p, $user) = @_;
		my ($browser, $back) = attempt($p, $user);
		my ($name) = keys %{ $browser->{cookies} };
		$browser->{cookies} = {};
		refused_is($browser->get($back), 403, $not_begun, 'without the cookie');
		$browser->{cookies} = { $name => 'x' x 43 };
		refused_is($browser->get($back), 403, $no_attempt, 'with one that is made up');
	},
	'a missing state' => sub {
		my ($p, $user) = @_;
		my ($browser, $back) = attempt($p, $user);
		refused_is($browser->get($back =~ s/&state=.*//r), 403, $no_attempt, 'without a state');
		refused_is($browser->get($back =~ s/state=.{4}/state=AAAA/r), 403, $not_begun, 'with another one');
		status_is($browser->get("$back&state=x"), 422, 'with two');
	},
	'a replay' => sub {
		my ($p, $user) = @_;
		my ($browser, $back) = attempt($p, $user);
		my %jar = %{ $browser->{cookies} };
		is(heading(outcome($browser, $back)), 'Connected', 'the real one');
		forget();
		$browser->{cookies} = { %jar };
		refused_is($browser->get($back), 403, $no_attempt, 'and once more');
	},
	'another tenant' => sub {
		my ($p, $user) = @_;
		my ($team, $there) = in_team($p, $user);
		my ($own, $back) = attempt($p, $user);
		my ($of_team, $back_team) = attempt($p, $there);
		my ($name) = keys %{ $of_team->{cookies} };
		$of_team->{cookies} = { $name => (values %{ $own->{cookies} })[0] };
		refused_is($of_team->get($back_team), 403, $no_attempt, 'the state of one tenant with the cookie of another');
		is($p->sql("SELECT count(*) FROM provider_connections WHERE tenant_id = '$team'"), 0, 'that has no connection');
	},
	'another issuer' => sub {
		my ($p, $user) = @_;
		set_app($p, $user, 'issued');
		my ($browser, $back) = attempt($p, $user, 'issued');
		like(outcome($browser, "$back&iss=https%3A%2F%2Fevil.example")->{body}, qr/another issuer/, 'iss is another');
		refused_is($browser->get($back), 403, qr/did not begin|belongs to no/, 'which spends the state');
	},
	'an expired state' => sub {
		my ($p, $user) = @_;
		my ($browser, $back) = attempt($p, $user);
		my $late = begin($p, $user, 'plain');
		end_all($p);
		refused_is($browser->get($back), 403, $no_attempt, 'too late');
		refused_is($browser->get($late), 404, qr/too old/, 'a link that is too old');
	},
	'the code of another provider' => sub {
		my ($p, $user) = @_;
		my ($browser, $back) = attempt($p, $user);
		like(outcome($browser, $back =~ s{callback/plain}{callback/other}r)->{body}, qr/another provider/, 'at the callback of another');
	},
	'an error' => sub {
		my ($p, $user) = @_;
		my ($browser, $back) = attempt($p, $user);
		my %jar = %{ $browser->{cookies} };
		like(outcome($browser, $back =~ s/code=[^&]*/error=access_denied/r)->{body}, qr/you did not allow it/, 'error= ends the attempt');
		$browser->{cookies} = { %jar };
		refused_is($browser->get($back), 403, $no_attempt, 'and spends state and cookie: no code afterwards');
	},
	'two tabs' => sub {
		my ($p, $user) = @_;
		my $browser = Browser->new($p);
		my @back = map { consent(visit($browser, begin($p, $user, 'plain'))) } 1, 2;
		is(scalar(keys %{ $browser->{cookies} }), 2, 'each has a cookie of its own');
		my ($one, $two) = map { /state=([\w-]+)/ } @back;
		refused_is($browser->get($back[0] =~ s/state=\Q$one\E/state=@{[ substr($one, 0, 8) . substr $two, 8 ]}/r), 403, $no_attempt, 'they do not mix');
		forget();
		is(heading(outcome($browser, $_)), 'Connected', 'both come to their end') for @back;
		is(scalar(asked('/token')), 2, 'each by its code');
		forget();
	},
	'a link preview' => sub {
		my ($p, $user) = @_;
		my $link = begin($p, $user, 'plain');
		is(Browser->new($p)->get($link)->{status}, 200, 'one that looks sees the page') for 1 .. 3;
		refused_is(Browser->new($p)->get($link =~ s{/start\?}{/start/go?}r), 403, qr/go on from its page/, 'the link behind it needs the page');
		refused_is(Browser->new($p)->get($link =~ s{/start\?}{/start/go?}r . '&page=AAAAAAAAAAAAAAAAAAAAAA'), 403, qr/go on from its page/, 'of this browser');
		my $looks = Browser->new($p);
		my ($href) = map { s/&amp;/&/gr } $looks->get($link)->{body} =~ m{href="([^"]+)"};
		is($looks->get($href, method => 'HEAD')->{status}, 403, 'HEAD spends nothing');
		is($p->sql("SELECT count(*) FROM connect_states WHERE phase = 'made'"), 1, 'the link is there still');
		is($looks->get($href)->{status}, 303, 'and GET spends it');
		is($looks->get($link)->{status}, 404, 'once');
	},
	'the state of another host' => sub {
		my ($p, $user, $other) = @_;
		my $eve = $other->approved_user;
		set_app($other, $eve, 'plain');
		my ($browser, $back) = attempt($other, $eve);
		my $here = Browser->new($p);
		$here->{cookies} = { %{ $browser->{cookies} } };
		$back =~ s/localhost:\d+/localhost:$p->{port}/;
		refused_is($here->get($back), 403, $no_attempt, 'even with its cookie');
	},
);

# A code of the attacker in the victim's callback.
sub injection {
	my ($p, $user) = @_;
	my ($code) = (attempt($p, $user, 'acme'))[1] =~ /code=([^&]+)/;
	my ($victim, $back) = attempt($p, $user, 'acme');
	like(outcome($victim, $back =~ s/code=[^&]+/code=$code/r)->{body}, qr/did not accept the code/, 'a code of another attempt is refused by PKCE');
}

sub attacks {
	my ($p, $user, $other) = @_;
	is(scalar(keys %attack), 12, 'twelve attacks');
	for my $name (sort keys %attack) {
		end_all($p);
		forget();
		subtest $name => sub {
			$attack{$name}->($p, $user, $other);
			is(scalar(asked('/token')), 0, 'no code was redeemed');
		};
	}
	injection($p, $user);
	forget();
}

# Without TLS, which nginx redirects: also behind another proxy there is no link, no page, no
# callback.
sub plain_http {
	my ($p, $user) = @_;
	my $none = '00000000-0000-4000-8000-000000000000';
	my $ask = sub { my ($method, $path, $scheme) = @_; return FastCGI::request($p->{slow_socket}, $method, $path, '',
		params => { HTTP_AUTHORIZATION => "Bearer $user->{token}", HTTPS => $scheme }) };
	for ([ POST => '/api/oauth/connect/plain' ], [ GET => '/api/oauth/start?link=x' ], [ GET => '/api/oauth/start/go?link=x&page=y' ],
		[ GET => '/api/oauth/callback/plain?state=xxxxxxxx&code=y' ], [ GET => "/api/oauth/outcome/$none?of=xxxxxxxx" ]) {
		for my $scheme (undef, '', 'off') {
			my $r = $ask->(@$_, $scheme);
			is($r->{status}, 403, "$_->[1] over plain http" . (defined $scheme ? " ($scheme)" : ''));
			like($r->{body}, qr/needs https, on localhost too/, '  it says why');
			unlike($r->{body} . join(' ', %{ $r->{headers} }), qr/link=|__Host-/, '  and gives nothing');
		}
	}
	is($ask->('POST', '/api/oauth/connect/plain', 'on')->{status}, 201, 'over https there is a link');
}

# Links that nobody follows do not pile up.
sub many_links {
	my ($p) = @_;
	my $user = $p->approved_user;
	set_app($p, $user, 'plain');
	my @links = map { begin($p, $user, 'plain') } 1 .. 12;
	is($p->sql("SELECT count(*) FROM connect_states WHERE user_id = '$user->{user_id}'"), 10, 'ten links of a user are open');
	refused_is(Browser->new($p)->get($links[1]), 404, qr/was never made/, 'the oldest has gone');
	is(Browser->new($p)->get($_)->{status}, 200, 'and a newer one opens') for @links[ 2, 11 ];
}

# --- the same account, elsewhere ------------------------------------------------------------

sub elsewhere {
	my ($p, $user, $first) = @_;
	# the row says that a revocation kills the token alone
	my $old = $p->get('/api/oauth/tokens/acme', token => $user->{token})->{json}{access_token};
	forget();
	is(heading(connect_it($p, $user, 'acme')), 'Connected', 'connected again');
	my ($ended) = @{ await('the old grant to be revoked', sub { my @r = asked('/revoke'); @r ? \@r : undef }, $p) };
	like($ended->{form}{token}, qr/^rt-/, 'by its refresh token');
	ok(await('it to be revoked there', sub { !defined $fake->alive($ended->{form}{token}) }, $p), 'which is dead now');
	await('its row to go', sub { $p->sql("SELECT count(*) FROM provider_connections WHERE ended_at IS NOT NULL") == 0 }, $p);
	my $new = $p->get('/api/oauth/tokens/acme', token => $user->{token})->{json}{access_token};
	isnt($new, $old, 'the new tokens are given out');
	unlike($p->sql("SELECT message FROM notifications WHERE user_id = '$user->{user_id}'"), qr/disconnected/, 'nobody is told of a disconnection');
	set_app($p, $user, 'all');
	forget();
	is(heading(connect_it($p, $user, 'all')), 'Connected', 'where it kills the whole grant') for 1, 2;
	is(scalar(asked('/revoke')), 0, 'a second connection revokes nothing: it would end that too');
	is_deeply([ map { $_->{id} } grep { $_->{provider} eq 'acme' } connections($p, $user) ], [ $first->{id} ], 'the id stays');
	my $bob = $p->approved_user;
	my $made = $p->cli(qw(provider app set acme --client-id server-client --value-file), secret_file($p));
	is($made->{status}, 0, 'an application of the server') or diag($made->{err});
	unlike($made->{out}, qr/canary/, 'its secret is not printed');
	my $carl = $p->approved_user;
	is(heading(connect_it($p, $bob, 'acme')), 'Connected', 'one user, by it');
	my ($of_bob) = connections($p, $bob);
	my $r = connect_it($p, $carl, 'acme');
	is(heading($r), 'Not connected', 'another user with the same account') or diag($p->log);
	like($r->{body}, qr/connected elsewhere/, 'is told');
	is(scalar(connections($p, $carl)), 0, 'and has nothing');
	like((connections($p, $bob))[0]{state}, qr/^(?:ok|refreshing)$/, 'the first one stays');
	is($p->sql("SELECT count(*) FROM provider_connections WHERE (refresh_wanted OR tokens_gen > 0) AND id = '$of_bob->{id}'"), 1,
		'and is to be refreshed, or is by now');
	await('the new tokens to be revoked', sub { $p->sql("SELECT count(*) FROM provider_connections WHERE ended_at IS NOT NULL") == 0 }, $p);
	is(scalar(asked('/revoke')) > 0, 1, 'they were revoked, since that kills them alone');
	problem_is($p->delete('/api/users/oauth-apps/acme', token => $user->{token}), 409, { reason => 'in_use' },
		'an application in use is not deleted');
	problem_is($p->put('/api/users/oauth-apps/acme', { client_id => 'new', client_secret => 'x' }, token => $user->{token}), 409,
		{ reason => 'in_use' }, 'nor given another client_id');
	set_app($p, $user, 'acme');
	return $bob;
}
sub secret_file {
	my ($p) = @_;
	Pierre::rewrite("$p->{dir}/secret", "canary-app-secret\n");
	$p->give("$p->{dir}/secret");
	return "$p->{dir}/secret";
}

# --- identity fails, disconnect -----------------------------------------------------------------

sub unidentified {
	my ($p, $user) = @_;
	my $dora = $p->approved_user;
	set_app($p, $dora, 'acme');
	for my $me (500, 'cut') {
		$fake->set(with => { scope => 'read' }, me => $me);
		like(connect_it($p, $dora, 'acme')->{body}, qr/has not said yet whose they are/, "who it is, $me");
		$p->sql("DELETE FROM provider_connections WHERE user_id = '$dora->{user_id}'") if $me ne 'cut';
	}
	my ($c) = connections($p, $dora);
	is($c->{state}, 'unidentified', 'the tokens are kept');
	is_deeply($c->{scopes_missing}, [ 'write' ], 'what was not granted is named');
	problem_is($p->get('/api/oauth/tokens/acme', token => $dora->{token}), 503, { reason => 'unidentified' }, 'nobody gets them');
	$fake->set;
	$p->sql("UPDATE provider_connections SET retry_at = NULL WHERE state = 'unidentified'");
	await('it to be identified', sub { (connections($p, $dora))[0]{state} eq 'ok' }, $p);
	is((connections($p, $dora))[0]{id}, $c->{id}, 'later it says so');
	status_is($p->get('/api/oauth/tokens/acme', token => $dora->{token}), 200, 'and they are given out');
	return $dora;
}

sub disconnect {
	my ($p, $dora) = @_;
	forget();
	is(heading(connect_it($p, $dora, 'acme')), 'Connected', 'connected once more');
	status_is($p->delete('/api/oauth/tokens/acme', token => $dora->{token}), 204, 'disconnected');
	problem_is($p->get('/api/oauth/tokens/acme', token => $dora->{token}), 404, {}, 'at once');
	await('the provider to be told', sub { asked('/revoke') }, $p);
	is((asked('/revoke'))[0]{headers}{authorization} =~ /^Basic / ? 1 : 0, 1, 'by the application');
	await('the row to go', sub { $p->sql("SELECT count(*) FROM provider_connections WHERE user_id = '$dora->{user_id}'") == 0 }, $p);
	like($p->sql("SELECT message FROM notifications WHERE user_id = '$dora->{user_id}' AND message LIKE '%disconnected%'"),
		qr/was ended there/, 'the user is told what happened');
	status_is($p->delete('/api/oauth/tokens/acme', token => $dora->{token}), 204, 'disconnected again');
	status_is($p->delete('/api/users/oauth-apps/acme', token => $dora->{token}), 204, 'now the application can go');

	# who is no member any more gets no connection
	my $team = $p->expect(201, $p->post('/api/tenants', { name => 'Team' }, token => $dora->{token}))->{json};
	set_app($p, $dora, 'acme');
	my $there = $p->expect(200, $p->post('/api/tenants/switch', { tenant_id => $team->{tenant_id} }, token => $dora->{token}))->{json};
	my $browser = Browser->new($p);
	my $back = consent(visit($browser, begin($p, { token => $there->{access_token} }, 'acme')));
	$p->sql("UPDATE tenants SET is_active = " . ($p->{backend} eq 'sqlite' ? 0 : 'FALSE') . " WHERE id = '$team->{tenant_id}'");
	my $revoked = () = asked('/revoke');
	like(outcome($browser, $back)->{body}, qr/no member of the tenant/, 'a tenant that was suspended meanwhile gets no tokens');
	await('these to be revoked', sub { (() = asked('/revoke')) > $revoked }, $p);
	await('the row to go', sub { $p->sql("SELECT count(*) FROM provider_connections WHERE tenant_id = '$team->{tenant_id}'") == 0 }, $p);
	is($p->sql("SELECT count(*) FROM provider_connections WHERE tenant_id = '$team->{tenant_id}'"), 0, 'none are kept');
}

# A code, and whose tokens they are: two requests.
sub budget {
	my ($p) = @_;
	my $eve = $p->approved_user;
	set_app($p, $eve, 'meager');
	forget();
	is(heading(connect_it($p, $eve, 'meager')), 'Connected', 'a budget of two connects once');
	my $r = connect_it($p, $eve, 'meager');
	is(heading($r), 'Not connected', 'a second time it is used up');
	like($r->{body}, qr/asked too often now, try again later/, 'the user is told');
	is(scalar(asked('/token')) . scalar(asked('/me')), 11, 'and the provider is not asked');
	status_is($p->delete('/api/oauth/tokens/meager', token => $eve->{token}), 204, 'what is disconnected');
	await('the provider to be told', sub { asked('/revoke') }, $p);
	pass('is ended there also without a budget');
}

# Columns in which a secret stands, alone or within other text (tests/support/Provider.pm).
sub columns_with {
	my ($p) = @_;
	my @columns = $p->{backend} eq 'sqlite'
		? map { [ split /\|/ ] } split /\n/, $p->sql("SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'")
		: map { [ split /\|/ ] } split /\n/, $p->sql("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'");
	die 'no columns' if @columns < 150;
	my @like = map { "'%$_%'" } 'canary-app', 'at-%-aaaaaaaaaa', 'rt-%-rrrrrrrrrr', 'code-%-cccccccccc';
	my @look = map { my ($t, $c) = @$_; "SELECT '$t.$c' FROM $t WHERE " . join(' OR ', map { "CAST($c AS TEXT) LIKE $_" } @like) . ';' } @columns;
	my @found;
	while (my @some = splice @look, 0, 100) { push @found, $p->sql("@some") }   # what fits on a command line
	return join ' ', grep { $_ ne '' } @found;
}

sub canaries {
	my ($p) = @_;
	is($p->sql("SELECT count(*) FROM provider_apps WHERE tenant_id IS NOT NULL AND sealed_secret <> ''"), 1, 'a tenant has an application too');
	is(columns_with($p), '', 'no secret stands in a column');
	$p->sql('CREATE TABLE planted (value TEXT)');
	for my $secret ('canary-app-secret', map { "$_->[0]-planted-" . $_->[1] x 20 } [ at => 'a' ], [ rt => 'r' ], [ code => 'c' ]) {
		$p->sql("INSERT INTO planted (value) VALUES ('{\"of\":\"$secret\"}')");
		is(columns_with($p), 'planted.value', 'one that is planted within JSON is found');
		$p->sql('DELETE FROM planted');
	}
	$p->sql('DROP TABLE planted');
	unlike($p->log, qr/canary-app|\bat-\d+-|\brt-\d+-|code-\d/, 'nor in the log');
	unlike($p->access_log, qr/state=|code=|link=/, 'nor in that of nginx');
}

for my $backend (Pierre::backends()) {
	subtest "$backend: a provider is connected" => sub {
		my $p = start($backend);
		my $other = start($backend);
		forget();
		my ($user, $first) = flow($p);
		set_app($p, $user, 'plain');
		redirects($p, $user);
		attacks($p, $user, $other);
		plain_http($p, $user);
		many_links($p);
		elsewhere($p, $user, $first);
		disconnect($p, unidentified($p, $user));
		budget($p);
		canaries($p);
		$other->stop;
		is($p->stop_serve, 0, 'stops');
		unlike($p->log, qr/^\S+ error /m, 'nothing went wrong');
		$p->stop;
	};
}
done_testing;
