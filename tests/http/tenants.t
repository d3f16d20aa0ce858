#!/usr/bin/perl
# Tenants behind nginx: what each role may on each route, what a session and a key work
# in, and what ends it. tests/db/op_tenant.c has the rules, op_place.c the credentials.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use JSON::PP ();
use Test::More;
use Limit qw(mid_month);
use Pierre::Check;
use Pierre::Team;

my @roles = qw(viewer billing member admin owner);

sub named { my ($list, $id) = @_; return (grep { $_->{tenant_id} eq $id } @{ $list->{tenants} })[0] }

# --- make, see, change -------------------------------------------------------------------

# Sc 57.
sub making {
	my ($p) = @_;
	my $user = $p->approved_user;
	my @me = (token => $user->{token});
	my $list = status_is($p->get('/api/tenants', @me), 200, 'a user has a tenant')->{json};
	is($list->{total_count}, 1, 'one');
	is($list->{tenants}[0]{kind}, 'personal', 'a personal one');
	is($list->{tenants}[0]{tenant_id}, $user->{user_id}, 'with the user\'s id');
	is($list->{tenants}[0]{role}, 'owner', 'which the user owns');
	ok($list->{tenants}[0]{is_current}, 'and the session works in');
	is_deeply($list->{tenants}[0]{oauth_providers}, [], 'without providers');
	my $t = status_is($p->post('/api/tenants', { name => "\x{c9}quipe", domain => 'equipe.example' }, @me), 201, 'a team')->{json};
	is_deeply([ sort keys %$t ], [ qw(api_endpoint created_at domain name plan slug tenant_id) ], 'what is told of it');
	is($t->{plan}, 'starter', 'of the user\'s tier');
	is($t->{api_endpoint}, "/api/tenants/$t->{tenant_id}", 'where it is');
	is($p->sql("SELECT rate_limit_requests FROM tenants WHERE id = '$t->{tenant_id}'"), 10000, 'its ceiling is that of the plan');
	is($p->sql("SELECT rate_limit_requests FROM tenants WHERE id = '$user->{user_id}'"), '', 'a personal one has none');
	problem_is($p->post('/api/tenants', { name => 'x', %{ $_->[0] } }, @me), $_->[1], { field => $_->[2] }, "$_->[2] is refused")
		for [ { slug => $t->{slug} }, 409, 'slug' ], [ { domain => 'equipe.example' }, 409, 'domain' ], [ { plan => 'enterprise' }, 403, 'plan' ],
			[ { slug => 'admin' }, 422, 'slug' ], [ { slug => 'Team' }, 422, 'slug' ], [ { slug => 'personal-x' }, 422, 'slug' ],
			[ { domain => 'x' }, 422, 'domain' ], [ { plan => 'basic' }, 422, 'plan' ];
	is(status_is($p->get("/api/tenants?slug=$t->{slug}", @me), 200, 'by its slug')->{json}{total_count}, 1, 'one');
	is(status_is($p->get('/api/tenants?slug=nobody', @me), 200, 'no such slug')->{json}{total_count}, 0, 'none');
	my $r = status_is($p->request('PATCH', "/api/tenants/$t->{tenant_id}", { name => 'Other', domain => undef }, @me), 200, 'changed');
	is($r->{json}{name}, 'Other', 'what was named');
	is($r->{json}{domain}, undef, 'also to nothing');
	is($r->{json}{slug}, $t->{slug}, 'and no more');
	is($p->get("/api/tenants/$t->{tenant_id}", @me)->{json}{version}, $r->{json}{version}, 'its version');
	problem_is($p->get("/api/tenants/$_", @me), 404, {}, "$_ is none") for '00000000-0000-4000-8000-000000000000', 'x';
	team($p, $user) for 2 .. 10;
	problem_is($p->post('/api/tenants', { name => 'x' }, @me), 409, { reason => 'tenants' }, 'ten are the most');
	problem_is($p->request('DELETE', "/api/tenants/$user->{user_id}", { confirm => "personal-$user->{user_id}" }, @me), 409,
		{ reason => 'personal' }, 'the personal one stays');
}

# The applications of a tenant are shown with it, by name, and are part of its version.
sub applications {
	my ($p) = @_;
	my $user = $p->approved_user;
	my $other = $p->approved_user;
	my @me = (token => $user->{token});
	my $id = $p->expect(201, $p->post('/api/tenants', { name => 'Team' }, @me))->{json}{tenant_id};
	my %app = (client_id => 'x', client_secret => 'canary-secret');
	my $before = $p->get("/api/tenants/$id", @me);
	status_is($p->put("/api/tenants/$id/oauth/$_", \%app, @me), 200, "an application at $_") for qw(strava garmin);
	status_is($p->put('/api/users/oauth-apps/oura', \%app, @me), 200, 'and one of the user');
	my $r = status_is($p->get("/api/tenants/$id", @me, headers => { 'If-None-Match' => $before->{headers}{etag} }), 200, 'the version has moved');
	is_deeply($r->{json}{oauth_providers}, [ qw(garmin strava) ], 'a tenant shows where it has an application');
	my %of = map { $_->{tenant_id} => $_->{oauth_providers} } @{ $p->get('/api/tenants', @me)->{json}{tenants} };
	is_deeply(\%of, { $id => [ qw(garmin strava) ], $user->{user_id} => [] }, 'in the list too, each its own');
	is_deeply($p->get('/api/tenants', token => $other->{token})->{json}{tenants}[0]{oauth_providers}, [], 'nobody else has them');
	status_is($p->delete("/api/tenants/$id/oauth/garmin", @me), 204, 'one is deleted');
	my $after = $p->get("/api/tenants/$id", @me);
	is_deeply($after->{json}{oauth_providers}, [ 'strava' ], 'and is gone');
	isnt($after->{headers}{etag}, $r->{headers}{etag}, 'under another version');
	my $switched = $p->expect(200, $p->post('/api/tenants/switch', { tenant_id => $id }, @me))->{json};
	is_deeply($switched->{tenant}{oauth_providers}, [ 'strava' ], 'a switch shows it') if exists $switched->{tenant};
}

# --- each role on each route --------------------------------------------------------------

# method, path below the tenant, body, the roles that may (of the others 403), status.
sub routes {
	my ($victim) = @_;
	return (
		[ 'GET', '', undef, 200, @roles ],
		[ 'PATCH', '', { name => 'New' }, 200, qw(admin owner) ],
		[ 'GET', '/members', undef, 200, @roles ],
		[ 'PATCH', "/members/$victim->{user_id}", { role => 'viewer' }, 200, qw(admin owner) ],
		[ 'POST', '/invitations', { email => 'new@example.org', role => 'viewer' }, 201, qw(admin owner) ],
		[ 'GET', '/invitations', undef, 200, qw(admin owner) ],
		[ 'GET', '/audit', undef, 200, qw(admin owner) ],
		[ 'DELETE', '', { confirm => 'no' }, 422, 'owner' ],   # it may, and is told that this is not the slug
	);
}

sub matrix {
	my ($p) = @_;
	my ($owner, $victim, $stranger) = map { $p->approved_user } 1 .. 3;
	my %of = map { $_ => $p->approved_user } @roles;
	my $team = team($p, $owner);
	join_team($p, $team, $owner, $of{$_}, $_) for @roles;
	join_team($p, $team, $owner, $victim, 'member');
	my ($cells, @wrong) = (0);
	for my $route (routes($victim)) {
		my ($method, $path, $body, $status, @may) = @$route;
		for my $who (@roles, 'stranger', 'nobody') {
			my $user = $who eq 'stranger' ? $stranger : $of{$who};
			my $r = $p->request($method, "/api/tenants/$team->{tenant_id}$path", $body, $user ? (token => $user->{token}) : ());
			my $want = $who eq 'nobody' ? 401 : $who eq 'stranger' ? 404 : (grep { $_ eq $who } @may) ? $status : 403;
			my $reason = $r->{json}{reason} // '';
			$cells++;
			push @wrong, "$who $method $path: $r->{status} instead of $want" if $r->{status} != $want;
			push @wrong, "$who $method $path: reason $reason" if $want == 403 && $reason ne 'role';
		}
	}
	is(join("\n", @wrong), '', "$cells cells: each role on each route");

	# keys are data: who may not write makes none
	for my $role (@roles) {
		$of{$role} = switched($p, $of{$role}, $team->{tenant_id});
		my $r = $p->post('/api/keys', { name => 'x' }, token => $of{$role}{token});
		is($r->{status}, $role =~ /viewer|billing/ ? 403 : 201, "a key by a $role");
		$r = $p->request('PATCH', '/api/keys/00000000-0000-4000-8000-000000000000', { name => 'y' }, token => $of{$role}{token});
		is($r->{status}, $role =~ /viewer|billing/ ? 403 : 404, 'and a change of one');
	}
	problem_is($p->request('PATCH', "/api/tenants/$team->{tenant_id}/members/$victim->{user_id}", { role => 'owner' }, token => $of{admin}{token}),
		403, { reason => 'role' }, 'an admin makes no owner');
	problem_is($p->request('DELETE', "/api/tenants/$team->{tenant_id}/members/$of{owner}{user_id}", undef, token => $of{admin}{token}),
		403, { reason => 'role' }, 'and removes none');
	problem_is($p->request('DELETE', "/api/tenants/$team->{tenant_id}/members/$victim->{user_id}", undef, token => $of{member}{token}),
		403, { reason => 'role' }, 'a member removes nobody');
	status_is($p->request('DELETE', "/api/tenants/$team->{tenant_id}/members/$victim->{user_id}", undef, token => $victim->{token}), 204, 'but leaves');
	problem_is($p->request('DELETE', "/api/tenants/$team->{tenant_id}/members/x", undef, token => $of{owner}{token}), 404, {}, 'no id of a member');
}

# --- invitations ----------------------------------------------------------------------------

sub inviting {
	my ($p) = @_;
	my ($owner, $guest, $other) = map { $p->approved_user } 1 .. 3;
	my $team = team($p, $owner);
	my $path = "/api/tenants/$team->{tenant_id}/invitations";
	my @me = (token => $owner->{token});
	my $i = status_is($p->post($path, { email => uc $guest->{email}, role => 'member' }, @me), 201, 'invited')->{json};
	like($i->{invitation_token}, qr/^inv_[A-Za-z0-9_-]{43}$/, 'a token');
	unlike($p->sql('SELECT * FROM tenant_invitations'), qr/\Q$i->{invitation_token}/, 'which is not in the database');
	my $accept = sub { $p->post('/api/tenants/invitations/accept', { invitation_token => $i->{invitation_token} }, token => $_[0]{token}) };
	problem_is($accept->($other), 403, { reason => 'email' }, 'another address');
	my $m = status_is($accept->($guest), 200, 'its own, however it is spelled')->{json};
	is($m->{role}, 'member', 'with the role');
	is($m->{tenant_id}, $team->{tenant_id}, 'of this tenant');
	problem_is($accept->($guest), 409, { reason => 'accepted' }, 'once');
	problem_is($p->post('/api/tenants/invitations/accept', { invitation_token => 'inv_x' }, token => $guest->{token}), 404, {}, 'unknown');
	problem_is($p->post($path, { email => $guest->{email}, role => 'admin' }, @me), 409, { field => 'email' }, 'a member');
	problem_is($p->post($path, { email => 'x@example.org', role => 'owner' }, @me), 422, { field => 'role' }, 'an owner');
	problem_is($p->post($path, { email => 'nonsense', role => 'viewer' }, @me), 422, { field => 'email' }, 'no address');
	$i = $p->expect(201, $p->post($path, { email => $other->{email}, role => 'viewer' }, @me))->{json};
	is(scalar @{ $p->get($path, @me)->{json}{invitations} }, 2, 'both are in the list');
	unlike($p->get($path, @me)->{body}, qr/inv_|token/, 'without tokens');
	status_is($p->request('DELETE', "$path/$i->{invitation_id}", undef, @me), 204, 'taken back');
	problem_is($p->request('DELETE', "$path/$i->{invitation_id}", undef, @me), 404, {}, 'once');
	problem_is($accept->($other), 404, {}, 'and opens nothing');
	my $own = "/api/tenants/$owner->{user_id}/invitations";
	problem_is($p->post($own, { email => $guest->{email}, role => 'viewer' }, @me), 409, { reason => 'personal' }, 'nobody to a personal tenant');
}

# --- two worlds -------------------------------------------------------------------------------

# Sc 56.
sub worlds {
	my ($p) = @_;
	my $user = $p->approved_user;
	my $team = team($p, $user);
	my $own = $p->new_key($user);
	my $old = $user->{token};
	my $r = status_is($p->post('/api/tenants/switch', { tenant_id => $team->{tenant_id} }, token => $old), 200, 'switched')->{json};
	is($r->{active_tenant_id}, $team->{tenant_id}, 'to the team');
	is($r->{role}, 'owner', 'with the role');
	is($r->{tenant_name}, 'Team', 'and its name');
	my $there = { %$user, token => $r->{access_token} };
	problem_is($p->get('/api/keys', token => $old), 401, { reason => 'unknown' }, 'the old token is refused at once');
	problem_is($p->post('/api/auth/refresh', { refresh_token => $user->{refresh_token} }), 401, {}, 'and the old refresh token');
	is(scalar @{ $p->get('/api/keys', token => $there->{token})->{json}{api_keys} }, 0, 'the team has no keys');
	my $key = $p->new_key($there);
	is($key->{key_info}{tenant_id}, $team->{tenant_id}, 'a key of the team');
	problem_is($p->get("/api/keys/$own->{key_info}{id}", token => $there->{token}), 404, {}, 'the other one is not there');
	problem_is($p->request('DELETE', "/api/keys/$own->{key_info}{id}", undef, token => $there->{token}), 404, {}, 'and not revoked from here');
	is($p->get('/verify', headers => { 'X-API-Key' => $key->{api_key} })->{headers}{'x-pierre-tenant-id'}, $team->{tenant_id}, 'a key works in its tenant');
	is($p->get('/verify', headers => { 'X-API-Key' => $own->{api_key} })->{headers}{'x-pierre-tenant-id'}, $user->{user_id}, 'the other in its own');
	is($p->get('/verify', token => $there->{token})->{headers}{'x-pierre-tenant-id'}, $team->{tenant_id}, 'and the session');
	ok(named($p->get('/api/tenants', token => $there->{token})->{json}, $team->{tenant_id})->{is_current}, 'which the list tells');
	my $pair = status_is($p->post('/api/auth/refresh', { refresh_token => $r->{refresh_token} }), 200, 'refreshed')->{json};
	is($p->get('/verify', token => $pair->{access_token})->{headers}{'x-pierre-tenant-id'}, $team->{tenant_id}, 'in the same tenant');
	problem_is($p->post('/api/tenants/switch', { tenant_id => $_->[0] }, token => $pair->{access_token}), $_->[1], {}, $_->[2])
		for [ 'x', 422, 'no id' ], [ '00000000-0000-4000-8000-000000000000', 404, 'no such tenant' ], [ $p->{admin}{user_id} // $p->approved_user->{user_id}, 404, 'of another user' ];
}

# --- what ends --------------------------------------------------------------------------------

# Asks often enough that each worker was asked.
sub all_workers {
	my ($p, $want, $what, @call) = @_;
	my %seen;
	$seen{ $p->get(@call)->{status} }++ for 1 .. 24;
	is(join(' ', sort keys %seen), $want, $what);
}

sub ending {
	my ($p) = @_;
	my ($owner, $member) = map { $p->approved_user } 1 .. 2;
	my @admin = (token => $p->{admin}{token});
	my $team = team($p, $owner);
	join_team($p, $team, $owner, $member, 'member');
	my ($boss, $there) = map { switched($p, $_, $team->{tenant_id}) } $owner, $member;
	my ($key, $owners) = map { $p->new_key($_) } $there, $boss;
	my $own = $p->new_key($p->login($member));
	my $verify = sub { my ($k) = @_; return ('/verify', headers => { 'X-API-Key' => $k->{api_key} }) };
	all_workers($p, 200, 'a member\'s key', $verify->($key));

	problem_is($p->request('DELETE', "/api/tenants/$team->{tenant_id}/members/$owner->{user_id}", undef, token => $boss->{token}), 409,
		{ reason => 'last_owner' }, 'the last owner stays');
	problem_is($p->request('PATCH', "/api/tenants/$team->{tenant_id}/members/$owner->{user_id}", { role => 'admin' }, token => $boss->{token}), 409,
		{ reason => 'last_owner' }, 'as an owner');
	problem_is($p->post("/admin/suspend-user/$owner->{user_id}", {}, @admin), 409, { reason => 'last_owner' }, 'and active');

	status_is($p->post("/admin/suspend-tenant/$team->{tenant_id}", undef, @admin), 200, 'suspended');
	all_workers($p, 403, 'its key is refused on every worker', $verify->($key));
	problem_is($p->get($verify->($key)), 403, { reason => 'tenant_suspended' }, 'for that reason');
	all_workers($p, 401, 'a session in it has ended', '/api/keys', token => $there->{token});
	all_workers($p, 200, 'a key of the same owner elsewhere works', $verify->($own));
	$p->sql("UPDATE users SET tenant_id = '$team->{tenant_id}' WHERE id = '$owner->{user_id}'");
	my $again = $p->login($owner);
	is($p->sql("SELECT count(*) FROM audit_events e JOIN sessions s ON CAST(s.id AS TEXT) = e.target WHERE e.event_type = 'UserLogin'"
		. " AND e.user_id = '$owner->{user_id}' AND e.tenant_id <> COALESCE(s.tenant_id, s.user_id)"), 0, 'a login beside its default team is filed there');
	$p->sql("UPDATE users SET tenant_id = NULL WHERE id = '$owner->{user_id}'");
	is(status_is($p->get("/api/tenants/$team->{tenant_id}", token => $again->{token}), 200, 'its owner sees it')->{json}{is_active}, JSON::PP::false, 'suspended');
	problem_is($p->request('PATCH', "/api/tenants/$team->{tenant_id}", { name => 'x' }, token => $again->{token}), 403,
		{ reason => 'tenant_suspended' }, 'and changes nothing');
	problem_is($p->get("/api/tenants/$team->{tenant_id}", token => $p->login($member)->{token}), 404, {}, 'a member does not see it');
	problem_is($p->post('/api/tenants/switch', { tenant_id => $team->{tenant_id} }, token => $again->{token}), 403, { reason => 'tenant_suspended' }, 'no switch');
	status_is($p->post("/admin/resume-tenant/$team->{tenant_id}", undef, @admin), 200, 'resumed');
	all_workers($p, 200, 'its key works again', $verify->($key));

	$there = switched($p, $p->login($member), $team->{tenant_id});
	status_is($p->request('DELETE', "/api/tenants/$team->{tenant_id}/members/$member->{user_id}", undef, token => $p->login($owner)->{token}), 204, 'a member removed');
	all_workers($p, 401, 'his key is refused on every worker', $verify->($key));
	all_workers($p, 401, 'and his session there', '/api/keys', token => $there->{token});
	all_workers($p, 200, 'his own key is not', $verify->($own));

	join_team($p, $team, $p->login($owner), $p->login($member), 'member');
	$key = $p->new_key(switched($p, $p->login($member), $team->{tenant_id}));
	my $o = $p->login($owner);
	my $path = "/api/tenants/$team->{tenant_id}";
	problem_is($p->request('DELETE', $path, { confirm => $team->{slug} }, token => $o->{token}), 409, { reason => 'members' }, 'not while others belong to it');
	problem_is($p->request('DELETE', "$path?members=remove", { confirm => 'x' }, token => $o->{token}), 422, { field => 'confirm' }, 'nor by mistake');
	status_is($p->request('DELETE', "$path?members=remove", { confirm => $team->{slug} }, token => $o->{token}), 204, 'deleted');
	all_workers($p, 401, "the other member's key there is revoked", $verify->($key));
	is($p->sql("SELECT revoked_reason FROM api_keys WHERE id = '$key->{key_info}{id}'"), 'The tenant was deleted', 'and says why');
	all_workers($p, 200, 'his other key works', $verify->($own));
	problem_is($p->get($path, token => $o->{token}), 404, {}, 'it is gone');
	status_is($p->post('/api/keys', { name => 'x' }, token => $p->login($member)->{token}), 201, 'his next write is in his personal tenant');
	problem_is($p->post('/api/tenants', { name => 'x', slug => $team->{slug} }, token => $o->{token}), 409, { field => 'slug' }, 'its slug stays taken');
	problem_is($p->post("/admin/resume-tenant/$team->{tenant_id}", undef, @admin), 409, { reason => 'deleted' }, 'it is not resumed');
	my $r = $p->cli('tenant', 'restore', $team->{slug}, '--json');
	is($r->{status}, 0, 'but restored') or diag($r->{err});
	is(scalar @{ $p->get("$path/members", token => $o->{token})->{json}{members} }, 2, 'with its members');
	all_workers($p, 401, 'what was revoked stays so', $verify->($key));
}

# A key that is made for a member works where it is asked to, under that tenant's ceiling.
sub provisioned {
	my ($p) = @_;
	my ($owner, $user, $stranger) = map { $p->approved_user } 1 .. 3;
	my ($team, @admin) = (team($p, $owner), token => $p->setup_admin->{token});
	join_team($p, $team, $owner, $user, 'member');
	$p->expect(200, $p->request('PATCH', "/admin/tenants/$team->{tenant_id}", { rate_limit_requests => 2, rate_limit_period => 'month' }, @admin));
	my $make = sub { my ($who, %in) = @_; return $p->post('/admin/provision-api-key', { user_email => $who->{email}, tier => 'starter', %in }, @admin) };
	my $where = sub { return $p->get('/verify', token => $_[0]) };
	is($where->(status_is($make->($user), 201, 'where nobody says')->{json}{api_key})->{headers}{'x-pierre-tenant-id'}, $user->{user_id}, 'is his personal tenant');
	my $key = status_is($make->($user, tenant_id => $team->{tenant_id}), 201, 'in a team of his')->{json};
	is($where->($key->{api_key})->{headers}{'x-pierre-tenant-id'}, $team->{tenant_id}, 'it works there');
	my ($text) = $p->cli('key', 'create', $user->{email}, '--tenant', $team->{tenant_id}, '--json')->{out} =~ /"api_key":"([^"]+)"/;
	is($where->($text)->{headers}{'x-pierre-tenant-id'}, $team->{tenant_id}, 'as does one from the shell');
	is($where->($key->{api_key})->{status}, 429, 'both under its ceiling');
	problem_is($make->(@$_), 422, { field => 'tenant_id' }, 'no member')
		for [ $stranger, tenant_id => $team->{tenant_id} ], [ $user, tenant_id => $stranger->{user_id} ], [ $user, tenant_id => '00000000-0000-4000-8000-000000000000' ];
	problem_is($make->($user, tenant_id => 'x'), 422, { field => 'tenant_id' }, 'no id');
	$p->expect(200, $p->post("/admin/suspend-tenant/$team->{tenant_id}", {}, @admin));
	problem_is($make->($user, tenant_id => $team->{tenant_id}), 422, { field => 'tenant_id' }, 'nor in one that is suspended');
	is($p->sql("SELECT count(*) FROM api_keys WHERE tenant_id = '$team->{tenant_id}'"), 2, 'nothing was made of these');
}

# --- administrators, limits, the shell --------------------------------------------------------

# Sc 32.
sub administrators {
	my ($p) = @_;
	my ($user, @admin) = ($p->approved_user, token => $p->{admin}{token});
	my $team = team($p, $user, name => 'Ceiling');
	my $r = status_is($p->get("/admin/tenants?q=$team->{slug}", @admin), 200, 'found')->{json};
	is($r->{data}{count}, 1, 'one');
	is($r->{data}{tenants}[0]{tenant_id}, $team->{tenant_id}, 'this one');
	team($p, $user, name => "\x{c9}quipe", slug => 'equipe-nationale');
	is($p->get("/admin/tenants?q=$_->[0]", @admin)->{json}{data}{count}, $_->[1], "$_->[0]: A-Z is as a-z, and no other letter is folded")
		for [ '%C3%89QUIPE', 1 ], [ '%C3%A9quipe', 0 ], [ 'EQUIPE-N', 1 ];
	is($p->get("/admin/tenants?q=$team->{slug}&plan=enterprise", @admin)->{json}{data}{count}, 0, 'of another plan: none');
	problem_is($p->get('/admin/tenants?active=maybe', @admin), 422, { field => 'active' }, 'junk');
	problem_is($p->get('/admin/tenants', token => $user->{token}), 403, {}, 'for administrators');
	my $page = $p->get('/admin/tenants?limit=1', @admin)->{json}{data};
	is(scalar @{ $page->{tenants} }, 1, 'a page');
	isnt($p->get("/admin/tenants?limit=1&cursor=$page->{next_cursor}", @admin)->{json}{data}{tenants}[0]{tenant_id}, $page->{tenants}[0]{tenant_id}, 'and the next');
	my $path = "/admin/tenants/$team->{tenant_id}";
	$r = status_is($p->request('PATCH', $path, { rate_limit_requests => 5, rate_limit_period => 'week' }, @admin), 200, 'a ceiling')->{json};
	is($r->{tenant}{rate_limit_period}, 'week', 'by the week');
	my $there = switched($p, $user, $team->{tenant_id});
	my @keys = map { $p->new_key($there)->{api_key} } 1 .. 2;
	my %seen;
	$seen{ $p->get('/verify', headers => { 'X-API-Key' => $keys[ $_ % 2 ] })->{status} }++ for 1 .. 9;
	is_deeply(\%seen, { 200 => 5, 429 => 4 }, 'is that of all keys together');
	$r = $p->get('/verify', headers => { 'X-API-Key' => $keys[0] });
	like($r->{headers}{'ratelimit-policy'}, qr/"tenant-week";q=5;w=604800/, 'told to the client');
	problem_is($r, 429, { window => 'week', limit => 5 }, 'and in the refusal');
	status_is($p->request('PATCH', $path, { limit_mode => 'observe' }, @admin), 200, 'only observed');
	is($p->get('/verify', headers => { 'X-API-Key' => $keys[$_] })->{status}, 200, 'nothing is refused') for 0, 1;
	$r = status_is($p->request('PATCH', $path, { plan => 'professional' }, @admin), 200, 'another plan')->{json};
	is($r->{tenant}{rate_limit_requests}, 100000, 'brings its ceiling');
	is($r->{tenant}{rate_limit_period}, undef, 'by the month');
	is(status_is($p->request('PATCH', $path, { rate_limit_requests => undef }, @admin), 200, 'none')->{json}{tenant}{rate_limit_requests}, undef, 'none');
	problem_is($p->request('PATCH', $path, $_->[0], @admin), 422, { field => $_->[1] }, "$_->[1] is refused")
		for [ { rate_limit_requests => 0 }, 'rate_limit_requests' ], [ { rate_limit_period => 'quarter' }, 'rate_limit_period' ],
			[ { rate_limit_period => 'day' }, 'rate_limit_requests' ], [ { limit_mode => 'off' }, 'limit_mode' ], [ { name => 'x' }, 'name' ];
}

sub shell {
	my ($p) = @_;
	my ($owner, $user) = map { $p->approved_user } 1 .. 2;
	my $json = sub { my $r = $p->cli(@_, '--json'); is($r->{status}, 0, "pierre @_") or diag($r->{err}); return JSON::PP::decode_json($r->{out} || 'null') };
	my $t = $json->('tenant', 'create', $owner->{email}, 'From the shell', '--plan', 'enterprise');
	is($t->{plan}, 'enterprise', 'of any plan');
	is($json->('tenant', 'show', $t->{slug})->{tenant_id}, $t->{tenant_id}, 'by its slug');
	ok((grep { $_->{tenant_id} eq $t->{tenant_id} } @{ $json->('tenant', 'list') }), 'in the list');
	is($json->('member', 'add', $t->{slug}, $user->{email}, 'viewer')->{role}, 'viewer', 'a member');
	is($json->('member', 'role', $t->{slug}, $user->{email}, 'member')->{role}, 'member', 'with another role');
	is(scalar @{ $json->('member', 'list', $t->{slug}) }, 2, 'both');
	is($json->('tenant', 'suspend', $t->{slug})->{is_active}, JSON::PP::false, 'suspended');
	is($json->('tenant', 'resume', $t->{slug})->{is_active}, JSON::PP::true, 'resumed');
	my $r = $p->cli('tenant', 'delete', $t->{slug});
	is($r->{status}, 1, 'not while others belong to it');
	like($r->{err}, qr/Others belong to the tenant/, 'says why');
	$json->('member', 'remove', $t->{slug}, $user->{email});
	$r = $p->cli('member', 'remove', $t->{slug}, $owner->{email});
	like($r->{err}, qr/last active owner/, 'not the last owner');
	ok($json->('tenant', 'delete', $t->{slug})->{deleted_at}, 'deleted');
	is($json->('tenant', 'restore', $t->{slug})->{deleted_at}, undef, 'restored');
	$r = $p->cli('tenant', 'show', 'nobody');
	is($r->{err}, "pierre: No such tenant; 'pierre tenant list' shows all tenants\n", 'what is not there');
}

each_backend(sub {
	my ($p) = @_;
	$p->setup_admin;
	my %parts = (making => \&making, applications => \&applications, matrix => \&matrix, inviting => \&inviting, worlds => \&worlds, ending => \&ending,
		provisioned => \&provisioned, administrators => \&administrators, shell => \&shell);
	for my $name (sort keys %parts) {
		subtest $name => sub { $parts{$name}->($p) };
	}
}, env => { PIERRE_CLOCK_OFFSET => mid_month() });
done_testing;
