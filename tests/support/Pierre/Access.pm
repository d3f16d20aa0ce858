package Pierre::Access;
# Who may call which route: each route of the OpenAPI document, how it is called, the
# people of the test and the things that they have. Pierre::Callers has who calls, and
# what is due. tests/http/access.t runs them on pierre; tests/http/mutants_access.t on a
# program that skips a guard or scope.
use strict;
use warnings;
use Exporter 'import';
use Pierre;
use Pierre::Document;
use Pierre::Values;

our @EXPORT = qw(access_routes access_people access_person access_end);

# operationId => how to call it so that the right caller succeeds. {id} names
# what the id is of: key and session belong to the calling user, pending is a
# registered stranger; `in` names the other parameters of the path, `names` what
# the body names, of the calling user alone. `ok` is the status of success, `public` the answer that
# everybody gets, `shows` what of the caller's own stands in it. A body that
# names somebody's is made from the person whose it is.
my %calls = (
	health => { public => 200 }, health_live => { public => 200 }, admin_health => { public => 200 }, health_ready => { public => 200 },
	version => { public => 200 }, openapi => { public => 200 }, admin_setup_status => { public => 200 },
	auth_register => { public => 422, body => {} }, auth_login => { public => 422, body => {} },
	auth_refresh => { public => 422, body => {} }, auth_complete_reset => { public => 422, body => {} }, admin_setup => { public => 422, body => {} },
	verify => { ok => 200, shows => 'user_id' },
	auth_logout => { ok => 200 },
	auth_password => { ok => 200, body => { current_password => $Pierre::PASSWORD, new_password => 'another long password' } },
	session_list => { ok => 200, shows => 'session' },
	session_end => { ok => 204, id => 'session' },
	key_create => { ok => 201, body => { name => 'x' }, shows => 'user_id' },
	key_list => { ok => 200, shows => 'key' },
	key_show => { ok => 200, id => 'key', shows => 'key' },
	key_limits => { ok => 200, id => 'key', shows => 'key' },
	key_usage => { ok => 200, id => 'key', shows => 'key' },
	key_rotate => { ok => 201, id => 'key', body => {}, shows => 'user_id' },
	key_patch => { ok => 200, id => 'key', body => { name => 'y' }, shows => 'key' },
	key_revoke => { ok => 200, id => 'key' },
	audit_list => { ok => 200 },
	audit_own_list => { ok => 200, query => 'event_type=UserLogin', shows => 'user_id' },
	audit_tenant_list => { ok => 200, id => 'tenant', query => 'event_type=InvitationCreated', shows => 'tenant' },
	tenant_create => { ok => 201, body => { name => 'x' } },
	tenant_list => { ok => 200, shows => 'tenant' },
	tenant_switch => { ok => 200, body => sub { return { tenant_id => $_[0]{tenant} } }, shows => 'tenant', names => 'tenant' },
	tenant_show => { ok => 200, id => 'tenant', shows => 'tenant' },
	tenant_update => { ok => 200, id => 'tenant', body => { name => 'y' }, shows => 'tenant' },
	tenant_delete => { ok => 204, id => 'tenant', body => sub { return { confirm => $_[0]{slug} } } },
	member_list => { ok => 200, id => 'tenant', shows => 'user_id' },
	member_update => { ok => 200, id => 'tenant', in => { user_id => 'user_id' }, body => { role => 'owner' }, shows => 'user_id' },
	member_delete => { ok => 409, id => 'tenant', in => { user_id => 'user_id' } },   # the last owner
	invitation_create => { ok => 201, id => 'tenant', body => { email => 'x@example.org', role => 'viewer' }, shows => 'tenant' },
	invitation_list => { ok => 200, id => 'tenant', shows => 'invitation' },
	invitation_delete => { ok => 204, id => 'tenant', in => { invitation_id => 'invitation' } },
	invitation_accept => { ok => 403, body => sub { return { invitation_token => $_[0]{invitation_token} } } },   # of another address
	admin_tenants => { ok => 200, shows => 'tenant' },
	admin_tenant_update => { ok => 200, id => 'tenant', body => { plan => 'starter' }, shows => 'tenant' },
	admin_suspend_tenant => { ok => 200, id => 'tenant', shows => 'tenant' },
	admin_resume_tenant => { ok => 200, id => 'tenant', shows => 'tenant' },
	user_show => { ok => 200, shows => 'user_id' },
	user_rename => { ok => 200, body => { display_name => 'z' }, shows => 'user_id' },
	admin_users => { ok => 200, shows => 'email' },
	admin_user => { ok => 200, id => 'user_id', shows => 'user_id' },
	admin_user_patch => { ok => 200, id => 'user_id', body => { tier => 'professional' }, shows => 'user_id' },
	admin_stats => { ok => 200 },
	admin_reset_password => { ok => 201, id => 'user_id' },
	admin_token_create => { ok => 201, body => { service_name => 'cron' } },
	admin_token_list => { ok => 200, shows => 'admin_token' },
	admin_token_show => { ok => 200, id => 'admin_token', shows => 'admin_token' },
	admin_token_rotate => { ok => 201, id => 'admin_token', shows => 'admin_token' },
	admin_token_usage => { ok => 200, id => 'admin_token' },
	# a token may end itself alone
	admin_token_revoke => { ok => 200, id => 'admin_token', shows => 'admin_token', own_token => 1 },
	# a session is no token
	admin_token_info => { ok => 200, token_only => 1 },
	admin_provisioned_keys => { ok => 200 },
	admin_pending_users => { ok => 200 },
	admin_provision_key => { ok => 201, body => sub { return { user_email => $_[0]{email}, tier => 'starter' } }, shows => 'user_id' },
	admin_update_key_limits => { ok => 200, body => sub { return { api_key_id => $_[0]{key}, rate_limit_requests => 5 } }, shows => 'key' },
	admin_list_keys => { ok => 200, shows => 'key' },
	admin_revoke_key => { ok => 200, body => sub { return { api_key_id => $_[0]{key} } }, shows => 'key' },
	admin_approve_user => { ok => 200, id => 'pending', body => {}, shows => 'pending' },
	admin_suspend_user => { ok => 200, id => 'pending', body => {}, shows => 'pending' },
	oauth_app_list => { ok => 200, shows => 'user_id' },
	oauth_app_put => { ok => 200, in => { provider => 'app_of' }, body => { client_id => 'x', client_secret => 'y' } },
	oauth_app_show => { ok => 200, in => { provider => 'app_of' }, shows => 'user_id' },
	oauth_app_delete => { ok => 204, in => { provider => 'app_of' } },
	tenant_oauth_put => { ok => 200, id => 'tenant', in => { provider => 'app_of' }, body => { client_id => 'x', client_secret => 'y' } },
	tenant_oauth_show => { ok => 200, id => 'tenant', in => { provider => 'app_of' } },
	tenant_oauth_delete => { ok => 204, id => 'tenant', in => { provider => 'app_of' } },
	tenant_oauth_connections => { ok => 200, id => 'tenant', in => { provider => 'tokens_of' } },
	oauth_tokens_list => { ok => 200, shows => 'user_id' },
	oauth_tokens_put => { ok => 200, in => { provider => 'tokens_of' }, body => { access_token => 'x' }, shows => 'user_id' },
	oauth_tokens_show => { ok => 200, in => { provider => 'tokens_of' }, shows => 'user_id' },
	oauth_tokens_delete => { ok => 204, in => { provider => 'tokens_of' } },
	oauth_tokens_delete_all => { ok => 204 },
	oauth_connect => { ok => 409, in => { provider => 'app_of' } },   # PUBLIC_URL is not set
	# by their secrets: tests/http/connect.t
	oauth_start => { public => 422 }, oauth_start_go => { public => 422 },
	oauth_callback => { public => 403, in => { provider => 'app_of' } },
	oauth_outcome => { public => 422, id => 'key' },
);

# What an admin token may be permitted.
our @PERMISSIONS = qw(provision_keys list_keys revoke_keys update_key_limits manage_admin_tokens view_audit_logs manage_users);
# The scopes of an API key that open routes.
our @SCOPES = ('usage:read', 'tokens:read', 'tokens:use', map { ("$_:read", "$_:write") }
	qw(profile configuration goals insights sync notifications tasks));

sub who_may {
	my ($security) = @_;
	return 'not said' unless $security;
	my %role = map { %$_ } @$security;
	return 'anybody' unless %role;
	return @{ $role{api_key} } ? 'scoped' : 'credential' if $role{api_key} && $role{bearer};
	return $role{bearer} ? $role{bearer}[0] // 'session' : 'not said';
}

# What the security requirement says besides: the permission of an admin token, the scope of a key.
sub said_of {
	my ($security, $scheme) = @_;
	my ($of) = map { $_->{$scheme} // () } @{ $security // [] };
	return $of ? $of->[0] : undef;
}

# /api/NAME and /api/NAME/{id} of a plain resource need no row: the document says how
# to call them, and the thing is one that a POST of what it requires has made.
sub plain_collection { my ($path) = @_; return $path =~ m{^(/api/\w+)(?:/\{id\})?$} ? $1 : () }
sub plain_body {
	my ($o) = @_;
	my $s = $o->{requestBody} or return;
	$s = Pierre::Document::closed($s->{content}{'application/json'}{schema});
	my $body = Pierre::Values::sample($s);
	return %$body ? $body : { Pierre::Values::a_member($s) };
}
sub plain_call {
	my ($method, $path, $o) = @_;
	my $collection = plain_collection($path) or return;
	my ($ok) = grep { /^2/ } keys %{ $o->{responses} };
	return { ok => $ok, body => scalar plain_body($o), ($path =~ /\{/ ? (id => $collection) : ()),
		($method eq 'get' ? (shows => $collection) : ()) };
}
# The collections of such resources, by their POST.
sub plain_things {
	my $paths = Pierre::Document::document()->{paths};
	return map { [ $_, plain_body($paths->{$_}{post}) ] } grep { plain_collection($_) && !/\{/ && $paths->{$_}{post} &&
		!$calls{ $paths->{$_}{post}{operationId} } } sort keys %$paths;
}

# All routes of the document: {name, method, path, who, permission, scope, tenant, named,
# call}. `tenant` is the permission that the caller's role must give in a tenant, which is
# the `named` one or that of the credential; `call` is the row above, undef when there is none.
sub access_routes {
	my ($p) = @_;
	my $paths = $p->get('/openapi.json')->{json}{paths};
	my @routes;
	for my $path (sort keys %$paths) {
		for my $method (sort keys %{ $paths->{$path} }) {
			my $o = $paths->{$path}{$method};
			push @routes, { name => $o->{operationId}, method => uc $method, path => $path,
				who => who_may($o->{security}), permission => said_of($o->{security}, 'admin_token'), scope => said_of($o->{security}, 'api_key'),
				tenant => $o->{'x-tenant-permission'}, named => scalar($path =~ m{/tenants/\{id\}}),
				call => $calls{ $o->{operationId} } // plain_call($method, $path, $o) };
		}
	}
	return @routes;
}

# --- people -----------------------------------------------------------------

# Those of one round of cells: owner and super_admin, whose things successful calls
# change, are made for each round; all others own what nothing changes, once a test.
sub access_people {
	my ($p) = @_;
	return $p->{people} //= { p => $p, lasting => $p->{lasting} //= {} };
}

my %of_a_round = map { $_ => 1 } qw(owner super_admin);
sub access_person {
	my ($people, $name) = @_;
	return ($of_a_round{$name} ? $people : $people->{lasting})->{$name} //= new_person($people->{p}, $name);
}

# After the cells of a route. A read changes nothing of these people. A password
# changed, or a session ended, by the super_admin's own call must not lock later calls out.
sub access_end {
	my ($p, $route) = @_;
	return if $route->{method} eq 'GET' || $route->{who} eq 'anybody';
	delete $p->{people};
	return unless $route->{name} =~ /^(auth_|session_end)/;
	$p->cli('user', 'passwd', $p->{admin}{email}, '--password-file', '-', stdin => "$Pierre::PASSWORD\n");
	$p->{admin} = $p->login($p->{admin});
}

my %made_of = (
	owner => sub {
		my ($p, $person) = @_;
		$person->{pending} = $p->register_user->{user_id};
		$person->{admin_token} = new_token($p)->{token_id};
	},
	'plain admin' => sub { my ($p, $person) = @_; $p->sql("UPDATE users SET role = 'admin' WHERE id = '$person->{user_id}'") },
	suspended => sub {
		my ($p, $person) = @_;
		scoped_key($p, $person, 'every');
		$p->expect(200, $p->post("/admin/suspend-user/$person->{user_id}", {}, token => $p->{admin}{token}));
	},
);

# Tokens at a provider, and applications, whose are seen by what they say: those of the user,
# and under these paths.
sub brought {
	my ($p, $user, @apps) = @_;
	@$user{qw(app_of tokens_of)} = qw(strava whoop);
	$p->expect(200, $p->put($_->[0], $_->[1], token => $user->{token})) for [ '/api/oauth/tokens/whoop', { access_token => "of-$user->{user_id}" } ],
		map { [ "$_/strava", { client_id => "of-$user->{user_id}", client_secret => 's' } ] } '/api/users/oauth-apps', @apps;
}

sub new_person {
	my ($p, $name) = @_;
	my $user = $name eq 'super_admin' ? $p->login($p->{admin}) : $p->approved_user;
	my $key = $p->new_key($user);
	my ($session) = grep { $_->{current} } @{ $p->get('/api/auth/sessions', token => $user->{token})->{json}{sessions} };
	my %person = (%$user, key => $key->{key_info}{id}, api_key => $key->{api_key}, session => $session->{id});
	$person{ $_->[0] } = $p->expect(201, $p->post(@$_, token => $user->{token}))->{json}{id} for plain_things();
	# one after the other, so that the most that one user may own are not reached
	$p->sql("UPDATE tenants SET deleted_at = created_at WHERE kind = 'team' AND id IN (SELECT tenant_id FROM tenant_users WHERE user_id = '$user->{user_id}')")
		if $name eq 'super_admin';
	@person{qw(tenant slug)} = @{ $p->expect(201, $p->post('/api/tenants', { name => 'x' }, token => $user->{token}))->{json} }{qw(tenant_id slug)};
	@person{qw(invitation invitation_token)} = @{ $p->expect(201, $p->post("/api/tenants/$person{tenant}/invitations",
		{ email => 'guest@example.org', role => 'viewer' }, token => $user->{token}))->{json} }{qw(invitation_id invitation_token)};
	brought($p, \%person, "/api/tenants/$person{tenant}/oauth");
	$made_of{$name}->($p, \%person) if $made_of{$name};
	return \%person;
}

# An admin token, by the super_admin.
sub new_token {
	my ($p, %in) = @_;
	return $p->expect(201, $p->post('/admin/tokens', { service_name => 'test', %in }, token => $p->{admin}{token}))->{json};
}

# Of a person: a key that opens routes, with this scope, with every one, or with all but this.
sub scoped_key {
	my ($p, $person, $which, $scope) = @_;
	my @scopes = $which eq 'with' ? $scope : grep { $which eq 'every' || $_ ne $scope } @SCOPES;
	return $person->{"key @scopes"} //= $p->new_key($person, scopes => \@scopes)->{api_key};
}

# What there is in the database of these people.
sub rows_of {
	my ($people, @persons) = @_;
	my $ids = join ',', map { "'$_'" } map { grep { defined } @$_{qw(user_id pending)} } @persons;
	my @plain = map { my ($table) = $_->[0] =~ m{(\w+)$}; "SELECT * FROM $table WHERE user_id IN ($ids) ORDER BY id" } plain_things();
	return $people->{p}->sql(join '; ', @plain, join(' UNION ALL ',
		"SELECT 'user', CAST(id AS TEXT), password_hash, user_status, CAST(updated_at AS TEXT) FROM users WHERE id IN ($ids)",
		# an expired one is made inactive by the sweep
		"SELECT 'key', CAST(id AS TEXT), name, tier, CASE WHEN expires_at <= created_at THEN '' ELSE CAST(updated_at AS TEXT) END FROM api_keys WHERE user_id IN ($ids)",
		"SELECT 'session', CAST(id AS TEXT), access_hash, refresh_hash, CAST(refreshed_at AS TEXT) FROM sessions WHERE user_id IN ($ids)",
		"SELECT 'member', CAST(tenant_id AS TEXT), CAST(user_id AS TEXT), role, CAST(joined_at AS TEXT) FROM tenant_users WHERE user_id IN ($ids)",
		"SELECT 'tenant', CAST(t.id AS TEXT), name, plan, CAST(version AS TEXT) FROM tenants t JOIN tenant_users m ON m.tenant_id = t.id WHERE m.user_id IN ($ids)",
		"SELECT 'connection', CAST(id AS TEXT), state, sealed_access, CAST(ended_at AS TEXT) FROM provider_connections WHERE user_id IN ($ids)",
		"SELECT 'app', CAST(id AS TEXT), client_id, sealed_secret, CAST(updated_at AS TEXT) FROM provider_apps WHERE user_id IN ($ids) OR tenant_id IN (SELECT tenant_id FROM tenant_users WHERE user_id IN ($ids))",
		"SELECT 'invitation', CAST(id AS TEXT), role, token_hash, CAST(created_at AS TEXT) FROM tenant_invitations WHERE invited_by IN ($ids)",
	) . ' ORDER BY 1, 2');
}

1;
