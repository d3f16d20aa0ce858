package Pierre::Access;
# Who may call which route, as cells: each a call, and what is wrong with its
# answer, or with what it left in the database. tests/http/access.t runs them on
# pierre; tests/http/mutants_access.t on a program that skips a guard or scope.
use strict;
use warnings;
use Exporter 'import';
use Pierre;
use Pierre::Document;
use Pierre::Values;

our @EXPORT = qw(access_routes access_cells access_people access_person access_end);

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
);

# Scopes that open routes: include/http/route.h.
our @SCOPES = ((map { ("$_:read", "$_:write") } qw(profile configuration goals insights sync notifications tasks)), 'usage:read', 'tokens:read');

# By security requirements of the document.
my %cells_of = (anybody => \&public_cells, credential => \&credential_cells, scoped => \&scoped_cells,
	session => \&session_cells, admin => \&admin_cells, super_admin => \&super_cells);

# What an admin token may be permitted.
our @PERMISSIONS = qw(provision_keys list_keys revoke_keys update_key_limits manage_admin_tokens view_audit_logs manage_users);

sub who_may {
	my ($security) = @_;
	return 'not said' unless $security;
	my %role = map { %$_ } @$security;
	return 'anybody' unless %role;
	return @{ $role{api_key} } ? 'scoped' : 'credential' if $role{api_key} && $role{bearer};
	return $role{bearer} ? $role{bearer}[0] // 'session' : 'not said';
}

# The scope by which a key opens it.
sub scope_of {
	my ($security) = @_;
	my ($of) = map { $_->{api_key} // () } @{ $security // [] };
	return $of ? $of->[0] : undef;
}

sub permission_of {
	my ($security) = @_;
	my ($of) = map { $_->{admin_token} // () } @{ $security // [] };
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

# All routes of the document: {name, method, path, who, call}; `call` is the row
# above, undef when there is none.
sub access_routes {
	my ($p) = @_;
	my $paths = $p->get('/openapi.json')->{json}{paths};
	my @routes;
	for my $path (sort keys %$paths) {
		for my $method (sort keys %{ $paths->{$path} }) {
			my $o = $paths->{$path}{$method};
			push @routes, { name => $o->{operationId}, method => uc $method, path => $path,
				who => who_may($o->{security}), permission => permission_of($o->{security}), scope => scope_of($o->{security}), call => $calls{ $o->{operationId} } // plain_call($method, $path, $o) };
		}
	}
	return @routes;
}

# --- people -----------------------------------------------------------------

# Those of one round of cells, made when they are first needed: owner and other
# are users, then suspended and admin. Nothing changes the suspended one, so he
# is the same in each round.
sub access_people {
	my ($p) = @_;
	return { p => $p, $p->{suspended} ? (suspended => $p->{suspended}) : () };
}

sub access_person {
	my ($people, $name) = @_;
	return $people->{$name} //= new_person($people->{p}, $name);
}

sub new_person {
	my ($p, $name) = @_;
	my $user = $name eq 'admin' ? $p->login($p->{admin}) : $p->approved_user;
	my $key = $p->new_key($user);
	my ($session) = grep { $_->{current} } @{ $p->get('/api/auth/sessions', token => $user->{token})->{json}{sessions} };
	my %person = (%$user, key => $key->{key_info}{id}, api_key => $key->{api_key}, session => $session->{id});
	$person{ $_->[0] } = $p->expect(201, $p->post(@$_, token => $user->{token}))->{json}{id} for plain_things();
	# one after the other, so that the most that one user may own are not reached
	$p->sql("UPDATE tenants SET deleted_at = created_at WHERE kind = 'team' AND id IN (SELECT tenant_id FROM tenant_users WHERE user_id = '$user->{user_id}')");
	@person{qw(tenant slug)} = @{ $p->expect(201, $p->post('/api/tenants', { name => 'x' }, token => $user->{token}))->{json} }{qw(tenant_id slug)};
	@person{qw(invitation invitation_token)} = @{ $p->expect(201, $p->post("/api/tenants/$person{tenant}/invitations",
		{ email => 'guest@example.org', role => 'viewer' }, token => $user->{token}))->{json} }{qw(invitation_id invitation_token)};
	scoped_key($p, \%person, @SCOPES) if $name eq 'suspended';
	$person{pending} = $p->register_user->{user_id} if $name eq 'owner';
	$person{admin_token} = new_token($p)->{token_id} if $name eq 'owner';
	$p->sql("UPDATE users SET role = 'admin' WHERE id = '$user->{user_id}'") if $name eq 'plain admin';
	$p->expect(200, $p->post("/admin/suspend-user/$user->{user_id}", {}, token => $p->{admin}{token}))
		if $name eq 'suspended';
	$p->{suspended} = \%person if $name eq 'suspended';
	return \%person;
}

# An admin token, by the super_admin.
sub new_token {
	my ($p, %in) = @_;
	return $p->expect(201, $p->post('/admin/tokens', { service_name => 'test', %in }, token => $p->{admin}{token}))->{json};
}

# Tokens of all people of the test: with and without this permission, revoked, expired.
sub access_token {
	my ($people, $kind, $permission) = @_;
	my $p = $people->{p};
	return $p->{tokens}{"$kind $permission"} //= do {
		my $t = new_token($p, permissions => $kind eq 'without' ? [ grep { $_ ne $permission } @PERMISSIONS ]
			: $permission eq 'any' ? [] : [ $permission ]);
		$p->expect(200, $p->post("/admin/tokens/$t->{token_id}/revoke", undef, token => $p->{admin}{token})) if $kind eq 'revoked';
		$p->sql("UPDATE admin_tokens SET expires_at = '2026-01-01T00:00:00.000Z' WHERE id = '$t->{token_id}'") if $kind eq 'expired';
		$t;
	};
}

# Of a person: one that opens routes.
sub scoped_key {
	my ($p, $person, @scopes) = @_;
	return $person->{"key of @scopes"} //= $p->new_key($person, scopes => \@scopes)->{api_key};
}

# A password changed, or a session ended, by the admin's own call must not lock
# later calls out.
sub access_end {
	my ($p, $route) = @_;
	return unless $route->{name} =~ /^(auth_|session_end)/;
	$p->cli('user', 'passwd', $p->{admin}{email}, '--password-file', '-', stdin => "$Pierre::PASSWORD\n");
	$p->{admin} = $p->login($p->{admin});
}

# --- calls and what is due ----------------------------------------------------

# $person: who calls, undef = whom the headers say. $owner: whose things are named.
sub call {
	my ($people, $route, $person, $owner, %headers) = @_;
	my ($c, $path) = ($route->{call}, $route->{path});
	my $body = ref $c->{body} eq 'CODE' ? $c->{body}->($owner) : $c->{body};
	$path =~ s/\{id\}/$owner->{ $c->{id} }/ if $c->{id};
	$path .= "?$c->{query}" if $c->{query};
	$path =~ s/\{$_\}/$owner->{ $c->{in}{$_} }/ for keys %{ $c->{in} // {} };
	$headers{Authorization} = "Bearer $person->{token}" if $person;
	return $people->{p}->request($route->{method}, $path, $body, headers => \%headers);
}

sub status_wrong {
	my ($r, $status) = @_;
	return $r->{status} == $status ? '' : "$r->{status} instead of $status: $r->{body}";
}

# A problem with these members.
sub problem_wrong {
	my ($r, $status, %want) = @_;
	my $j = $r->{json} // {};
	my $wrong = status_wrong($r, $status);
	return $wrong if $wrong;
	$want{status} = $status;
	$want{request_id} = $r->{headers}{'x-request-id'};
	my @off = grep { ($j->{$_} // '') ne $want{$_} } sort keys %want;
	push @off, 'Content-Type' if $r->{headers}{'content-type'} ne 'application/problem+json';
	return @off ? "other @off: $r->{body}" : '';
}

# The answer is a success that shows the caller's own, and nothing of the others.
sub own_wrong {
	my ($r, $c, $caller, @others) = @_;
	my $wrong = status_wrong($r, $c->{ok});
	return $wrong if $wrong;
	return "does not show the $c->{shows}: $r->{body}" if $c->{shows} && index($r->{body}, $caller->{ $c->{shows} }) < 0;
	for my $other (@others) {
		for (qw(user_id email key session tenant invitation)) {
			return "shows another user's $_: $r->{body}" if index($r->{body}, $other->{$_}) >= 0;
		}
	}
	return '';
}

# What there is in the database of these people.
sub rows_of {
	my ($people, @persons) = @_;
	my $ids = join ',', map { "'$_'" } map { grep { defined } @$_{qw(user_id pending)} } @persons;
	my @plain = map { my ($table) = $_->[0] =~ m{(\w+)$};
		$people->{p}->sql("SELECT * FROM $table WHERE user_id IN ($ids) ORDER BY id") } plain_things();
	return join "\n", @plain, $people->{p}->sql(join(' UNION ALL ',
		"SELECT 'user', CAST(id AS TEXT), password_hash, user_status, CAST(updated_at AS TEXT) FROM users WHERE id IN ($ids)",
		"SELECT 'key', CAST(id AS TEXT), name, tier, CAST(updated_at AS TEXT) FROM api_keys WHERE user_id IN ($ids)",
		"SELECT 'session', CAST(id AS TEXT), access_hash, refresh_hash, CAST(refreshed_at AS TEXT) FROM sessions WHERE user_id IN ($ids)",
		"SELECT 'member', CAST(tenant_id AS TEXT), CAST(user_id AS TEXT), role, CAST(joined_at AS TEXT) FROM tenant_users WHERE user_id IN ($ids)",
		"SELECT 'tenant', CAST(t.id AS TEXT), name, plan, CAST(version AS TEXT) FROM tenants t JOIN tenant_users m ON m.tenant_id = t.id WHERE m.user_id IN ($ids)",
		"SELECT 'invitation', CAST(id AS TEXT), role, token_hash, CAST(created_at AS TEXT) FROM tenant_invitations WHERE invited_by IN ($ids)",
	) . ' ORDER BY 1, 2');
}

# --- cells ----------------------------------------------------------------------

# [name, code that calls and says what is wrong, '' = nothing]
sub access_cells {
	my ($people, $route) = @_;
	return $cells_of{ $route->{who} }->($people, $route);
}

# Credentials of a user that no route of ours takes: [name, headers, members of
# the 401].
sub strangers {
	my ($one) = @_;
	return (
		[ 'nobody', {}, { code => 'AuthRequired', reason => 'missing' } ],
		[ 'garbage', { Authorization => 'Bearer pat_' . 'A' x 43 }, { code => 'AuthInvalid', reason => 'unknown' } ],
		[ 'no scheme', { Authorization => $one->{token} }, { code => 'AuthInvalid', reason => 'malformed' } ],
		[ 'an API key', { Authorization => "Bearer $one->{api_key}" }, { code => 'AuthInvalid', reason => 'unknown' } ],
		[ 'a key in X-API-Key', { 'X-API-Key' => $one->{api_key} }, { code => 'AuthRequired', reason => 'missing' } ],
		[ 'a refresh token', { Authorization => "Bearer $one->{refresh_token}" }, { code => 'AuthInvalid', reason => 'unknown' } ],
		[ 'Basic', { Authorization => 'Basic YTpi' }, { code => 'AuthInvalid', reason => 'malformed' } ],
	);
}

sub public_cells {
	my ($people, $route) = @_;
	my $status = $route->{call}{public};
	return (
		(map { my $s = $_; [ $s->[0], sub { status_wrong(call($people, $route, undef, {}, %{ $s->[1] }), $status) } ] }
			strangers(access_person($people, 'owner'))),
		map { my $who = $_; [ $who, sub { status_wrong(call($people, $route, access_person($people, $who), {}), $status) } ] }
			qw(owner suspended admin),
	);
}

# What all guarded routes refuse; nothing of the owner's has changed after it.
sub refused_cells {
	my ($people, $route, @more) = @_;
	my $owner = access_person($people, 'owner');
	my $before = rows_of($people, $owner);
	return (
		(map { my $s = $_; [ $s->[0], sub { problem_wrong(call($people, $route, undef, $owner, %{ $s->[1] }), 401, %{ $s->[2] }) } ] }
			strangers($owner)),
		[ 'suspended', sub {
			problem_wrong(call($people, $route, access_person($people, 'suspended'), $owner), 403, reason => 'suspended') } ],
		@more,
		[ 'nothing has changed', sub {
			my $after = rows_of($people, $owner);
			return $after eq $before ? '' : "before:\n$before\nafter:\n$after" } ],
	);
}

# An admin token opens nothing outside of /admin.
sub no_token_cell {
	my ($people, $route) = @_;
	my $owner = access_person($people, 'owner');
	return [ 'an admin token', sub { problem_wrong(call($people, $route, undef, $owner,
		Authorization => 'Bearer ' . access_token($people, 'without', 'manage_users')->{token}), 401, reason => 'unknown') } ];
}

sub session_cells {
	my ($people, $route) = @_;
	my ($c, $owner) = ($route->{call}, access_person($people, 'owner'));
	my @foreign = map { my $who = $_; [ "$who: " . ($c->{id} || $c->{names} ? "another user's" : 'own'), sub {
		my $caller = access_person($people, $who);
		my $r = call($people, $route, $caller, $owner);
		return $c->{id} || $c->{names} ? problem_wrong($r, 404, code => 'ResourceNotFound') : own_wrong($r, $c, $caller, $owner);
	} ] } qw(other admin);
	my @own = map { my $who = $_; [ "$who: own", sub {
		my $caller = access_person($people, $who);
		my @others = map { access_person($people, $_) } grep { $_ ne $who } qw(owner other);
		return own_wrong(call($people, $route, $caller, $caller), $c, $caller, @others);
	} ] } $c->{id} || $c->{names} ? qw(owner admin) : qw(owner);
	return (refused_cells($people, $route, no_token_cell($people, $route), @foreign), @own);
}

# [name, code]: calls with an admin token of these permissions, and what is due.
sub token_cells {
	my ($people, $route) = @_;
	my ($c, $owner, $permission) = ($route->{call}, access_person($people, 'owner'), $route->{permission});
	my $with = sub { my ($kind) = @_;
		my $t = access_token($people, $kind, $permission);
		return call($people, $route, undef, $c->{own_token} ? { %$owner, admin_token => $t->{token_id} } : $owner, Authorization => "Bearer $t->{token}") };
	return (
		[ 'a revoked admin token', sub { problem_wrong($with->('revoked'), 401, code => 'AuthInvalid', reason => 'revoked') } ],
		[ 'an expired admin token', sub { problem_wrong($with->('expired'), 401, code => 'AuthExpired', reason => 'expired') } ],
		($permission eq 'any' ? () : [ "an admin token with all but $permission", sub {
			problem_wrong($with->('without'), 403, code => 'PermissionDenied', reason => 'permission') } ]),
		[ "an admin token with $permission alone", sub {
			my $r = $with->('with');
			delete $people->{p}{tokens}{"with $permission"} if $c->{own_token};
			return status_wrong($r, $c->{ok}) } ],
	);
}

# A session, or an API key that holds the scope: this is refused by its scope, and as a
# session is for what is another user's.
sub scoped_cells {
	my ($people, $route) = @_;
	my ($c, $owner) = ($route->{call}, access_person($people, 'owner'));
	my ($none, $lacks) = ({ code => 'AuthRequired', reason => 'missing' }, { code => 'PermissionDenied', reason => 'scope' });
	my %other = ('no scheme' => [ 401, $none ], 'Basic' => [ 401, $none ],
		'an API key' => [ 403, $lacks ], 'a key in X-API-Key' => [ 403, $lacks ]);
	my %key = map { $_ => scoped_key($people->{p}, access_person($people, $_), $_ eq 'suspended' ? @SCOPES : $route->{scope}) } qw(owner other suspended);
	my $all_but = scoped_key($people->{p}, $owner, grep { $_ ne $route->{scope} } @SCOPES);
	my @cells = session_cells($people, $route);
	for my $s (strangers($owner)) {
		my ($status, $members) = @{ $other{ $s->[0] } // next };
		my ($cell) = grep { $_->[0] eq $s->[0] } @cells;
		$cell->[1] = sub { problem_wrong(call($people, $route, undef, $owner, %{ $s->[1] }), $status, %$members) };
	}
	my $by_key = sub { return call($people, $route, undef, $owner, 'X-API-Key' => $key{ $_[0] }) };
	return (@cells, [ 'a key with the scope', sub { own_wrong($by_key->('owner'), $c, $owner) } ],
		[ 'a key with all others', sub { problem_wrong(call($people, $route, undef, $owner, 'X-API-Key' => $all_but), 403, %$lacks) } ],
		[ "another user's key with the scope", sub { $c->{id} || $c->{names} ? problem_wrong($by_key->('other'), 404, code => 'ResourceNotFound')
			: own_wrong($by_key->('other'), $c, access_person($people, 'other'), $owner) } ],
		[ 'of a suspended user', sub { problem_wrong($by_key->('suspended'), 403, reason => 'suspended') } ]);
}

sub admin_cells {
	my ($people, $route) = @_;
	my ($c, $owner) = ($route->{call}, access_person($people, 'owner'));
	my $of_session = sub { my ($who) = @_;
		my $r = call($people, $route, access_person($people, $who), $owner);
		return $c->{token_only} ? status_wrong($r, 404) : own_wrong($r, $c, $owner) };
	my ($revoked, $expired, @tokens) = token_cells($people, $route);
	return (
		refused_cells($people, $route, $revoked, $expired, [ 'a user', sub {
			problem_wrong(call($people, $route, access_person($people, 'other'), $owner), 403,
				code => 'PermissionDenied', reason => 'role') } ],
			[ 'a user, of himself', sub {
			problem_wrong(call($people, $route, $owner, $owner), 403, code => 'PermissionDenied', reason => 'role') } ]),
		@tokens,
		[ 'a plain admin', sub { $c->{own_token} ? problem_wrong(call($people, $route, access_person($people, 'plain admin'), $owner), 403, reason => 'role')
			: $of_session->('plain admin') } ],
		[ 'admin', sub { $of_session->('admin') } ],
	);
}

sub super_cells {
	my ($people, $route) = @_;
	my ($c, $owner) = ($route->{call}, access_person($people, 'owner'));
	my $refused = sub { my ($who) = @_; return [ $who, sub {
		problem_wrong(call($people, $route, access_person($people, $who), $owner), 403, code => 'PermissionDenied', reason => 'role') } ] };
	my $token = sub { call($people, $route, undef, $owner, Authorization => 'Bearer ' . new_token($people->{p}, is_super_admin => JSON::PP::true)->{token}) };
	return (
		refused_cells($people, $route, $refused->('other'), $refused->('plain admin'),
			[ 'an admin token with all permissions', sub { problem_wrong($token->(), 401, code => 'AuthInvalid', reason => 'unknown') } ]),
		[ 'super_admin', sub { own_wrong(call($people, $route, access_person($people, 'admin'), $owner), $c, $owner) } ],
	);
}

# The handler judges API keys and access tokens.
sub credential_cells {
	my ($people, $route) = @_;
	my $c = $route->{call};
	my %good = ('an API key' => 1, 'a key in X-API-Key' => 1);
	my $judge = sub {
		my ($name, $who, $good) = @_;
		return map { my $s = $_; [ "$name$s->[0]", sub {
			my $r = call($people, $route, undef, {}, %{ $s->[1] });
			return $good{ $s->[0] } ? $good->($r) : status_wrong($r, 401);
		} ] } strangers(access_person($people, $who));
	};
	return (
		no_token_cell($people, $route),
		$judge->('', 'owner', sub { own_wrong($_[0], $c, access_person($people, 'owner')) }),
		$judge->('suspended, ', 'suspended', sub { status_wrong($_[0], 403) }),
		[ 'suspended', sub { problem_wrong(call($people, $route, access_person($people, 'suspended'), {}), 403, reason => 'suspended') } ],
		map { my $who = $_; [ $who, sub {
			own_wrong(call($people, $route, access_person($people, $who), {}), $c, access_person($people, $who)) } ] } qw(owner admin),
	);
}

1;
