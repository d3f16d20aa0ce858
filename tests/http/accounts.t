#!/usr/bin/perl
# Setup, registration, approval, suspension, login, passwords.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre::Check;

# Sc 39.
sub setup {
	my ($p) = @_;
	is_deeply([ @{ $p->get('/admin/setup-status')->{json} }{qw(needs_setup admin_user_exists)} ],
		[ JSON::PP::true, JSON::PP::false ], 'setup is needed');
	my ($token) = $p->cli('admin', 'setup-token')->{out} =~ /(setup_\S+)/;
	my %in = (email => 'admin@example.org', password => $Pierre::PASSWORD, display_name => 'Admin');
	problem_is($p->post('/admin/setup', { %in, setup_token => 'setup_' . 'x' x 43 }), 401,
		{ code => 'AuthInvalid' }, 'wrong setup token');
	problem_is($p->post('/admin/setup', \%in), 422, { field => 'setup_token' }, 'no setup token');
	my $r = status_is($p->post('/admin/setup', { %in, setup_token => $token }), 201, 'setup');
	like($r->{json}{user_id}, qr/^[0-9a-f-]{36}$/, 'user_id');
	ok($r->{json}{message}, 'message');
	status_is($p->get('/admin/users', token => $r->{json}{admin_token}), 200, 'admin_token works');
	problem_is($p->post('/admin/setup', { %in, email => 'b@example.org', setup_token => $token }),
		409, {}, 'setup again');
	is_deeply([ @{ $p->get('/admin/setup-status')->{json} }{qw(needs_setup admin_user_exists)} ],
		[ JSON::PP::false, JSON::PP::true ], 'setup is done');
	is($p->cli('admin', 'setup-token')->{status}, 1, 'no more setup tokens');
	$p->{admin} = { %in, user_id => $r->{json}{user_id}, token => $r->{json}{admin_token} };
}

# Sc 6, 7.
sub registration {
	my ($p) = @_;
	my %in = (email => 'Runner@Example.org', password => $Pierre::PASSWORD, display_name => 'Runner');
	my $r = status_is($p->post('/api/auth/register', \%in), 201, 'register');
	like($r->{json}{user_id}, qr/^[0-9a-f-]{36}$/, 'user_id');
	like($r->{json}{message}, qr/approve/, 'says what comes next');
	for my $email ('Runner@Example.org', 'runner@example.ORG') {
		my $again = problem_is($p->post('/api/auth/register', { %in, email => $email }), 409,
			{ code => 'ResourceAlreadyExists', field => 'email' }, "again as $email");
		like($again->{json}{detail}, qr/already exists/, 'says so');
	}
	for my $email ('', 'a', 'plain', '@example.org', 'a@', 'a@b', 'a@b.', 'a b@example.org',
		"a\@exam\tple.org", 'a@@example.org', 'a@b@example.org', 'x' x 250 . '@a.org') {
		problem_is($p->post('/api/auth/register', { %in, email => $email }), 422,
			{ field => 'email' }, "e-mail '" . substr($email, 0, 20) . "'");
	}
	for my $password ('', 'short', 'elevenchars', 'x' x 73, 'password1234') {
		my $r = problem_is($p->post('/api/auth/register',
			{ %in, email => 'p@example.org', password => $password }), 422,
			{ field => 'password' }, 'password of ' . length($password));
		unlike($r->{body}, qr/\Q$password\E/, 'is not echoed') if length $password > 5;
	}
	problem_is($p->post('/api/auth/register', { %in, password => "with\0nul-character" }), 400, {}, 'NUL');
	problem_is($p->post('/api/auth/register', { email => 'p@example.org' }), 422,
		{ code => 'MissingRequiredField', field => 'password' }, 'no password');
	problem_is($p->post('/api/auth/register', { %in, email => 'p@example.org', is_admin => JSON::PP::true }),
		422, { field => 'is_admin' }, 'nobody makes himself an admin');
	status_is($p->post('/api/auth/register', { %in, email => 'p@example.org', display_name => undef }),
		201, 'display_name may be null');
	my $before = $p->sql('SELECT count(*) FROM users');
	my @codes = at_once(map { my $n = $_; sub { $p->post('/api/auth/register',
		{ %in, email => "many$n\@example.org" })->{status} } } 1 .. 8);
	is("@codes", join(' ', (201) x 8), 'eight at once');
	is($p->sql('SELECT count(*) FROM users'), $before + 8, 'all counted');
	@codes = at_once(map { sub { $p->post('/api/auth/register',
		{ %in, email => 'same@example.org' })->{status} } } 1 .. 6);
	is(join(' ', sort @codes), '201 409 409 409 409 409', 'six with one address');
}

# Sc 8, 9, 44.
sub approval {
	my ($p) = @_;
	my @admin = (token => $p->{admin}{token});
	my $user = $p->register_user;
	my $login = sub { $p->post('/api/auth/login', { email => $user->{email}, password => $user->{password} }) };
	my $r = problem_is($login->(), 403, { code => 'PermissionDenied', reason => 'pending' }, 'pending');
	like($r->{json}{detail}, qr/approv/, 'names approval');
	my $pending = $p->get('/admin/pending-users?limit=200', @admin)->{json};
	ok($pending->{success}, 'success');
	ok((grep { $_->{id} eq $user->{user_id} } @{ $pending->{data}{users} }), 'is in the pending list');
	is($p->get("/admin/$_->[0]limit=1", @admin)->{json}{message}, "1 $_->[1] on this page", "1 $_->[1]")
		for [ 'users?', 'user' ], [ 'pending-users?', 'pending user' ];
	is($pending->{data}{count}, scalar @{ $pending->{data}{users} }, 'count');

	$r = status_is($p->post("/admin/approve-user/$user->{user_id}", undef, @admin), 200, 'approve without a body');
	is($r->{json}{user}{user_status}, 'active', 'active');
	is($r->{json}{message}, 'User approved', 'says so');
	is($p->post("/admin/approve-user/$user->{user_id}", undef, @admin)->{json}{message}, 'The user was active already',
		'not of one who is active');
	is($r->{json}{user}{approved_by}, $p->{admin}{user_id}, 'approved_by');
	ok($r->{json}{user}{approved_at}, 'approved_at');
	is($r->{json}{tenant_created}, undef, 'no tenant was asked for');
	$r = status_is($login->(), 200, 'can log in');
	my $token = $r->{json}{access_token};
	my $refresh = $r->{json}{refresh_token};
	my $key = $p->new_key({ token => $token })->{api_key};

	$r = status_is($p->post("/admin/suspend-user/$user->{user_id}", { reason => 'unpaid' }, @admin), 200, 'suspend');
	is($r->{json}{user}{user_status}, 'suspended', 'suspended');
	is($r->{json}{user}{approved_by}, undef, 'approved_by is cleared');
	for (1 .. 6) {
		problem_is($p->get('/verify', token => $token), 403, { reason => 'suspended' }, 'session, every worker');
		problem_is($p->get('/verify', token => $key), 403, { reason => 'suspended' }, 'key, every worker');
	}
	problem_is($p->get('/api/keys', token => $token), 403, {}, 'no list');
	problem_is($login->(), 403, { reason => 'suspended' }, 'no login');
	ok($p->post('/api/auth/refresh', { refresh_token => $refresh })->{status} =~ /^40[13]$/, 'no refresh');
	problem_is($p->post('/api/auth/login', { email => $user->{email}, password => 'wrong wrong wrong' }),
		401, {}, 'status is told to the owner only');

	status_is($p->post("/admin/approve-user/$user->{user_id}", {}, @admin), 200, 'approve again');
	problem_is($p->get('/verify', token => $token), 401, {}, 'old session is over');
	status_is($p->get('/verify', token => $key), 200, 'key is good again');
	status_is($login->(), 200, 'can log in again');
	problem_is($p->post("/admin/suspend-user/$p->{admin}{user_id}", {}, @admin), 409, {}, 'not the last admin');

	my $nobody = '00000000-0000-4000-8000-000000000000';
	for my $verb (qw(approve suspend)) {
		my $r = problem_is($p->post("/admin/$verb-user/$nobody", {}, @admin), 404, {}, "$verb nobody");
		like($r->{json}{detail}, qr/No user found/, 'says so');
		problem_is($p->post("/admin/$verb-user/not-an-id", {}, @admin), 404, {}, "$verb by a bad id");
	}
}

# Sc 44.
sub tenants {
	my ($p) = @_;
	my @admin = (token => $p->{admin}{token});
	my ($one, $two) = map { $p->register_user } 1 .. 2;
	my $r = status_is($p->post("/admin/approve-user/$one->{user_id}",
		{ create_default_tenant => JSON::PP::true, tenant_name => 'Team One', tenant_slug => 'team-one' }, @admin),
		200, 'approve with a tenant');
	my $tenant = $r->{json}{tenant_created};
	is($tenant->{slug}, 'team-one', 'slug');
	is($tenant->{name}, 'Team One', 'name');
	is($r->{json}{user}{tenant_id}, $tenant->{tenant_id}, 'is the user\'s tenant');
	is($p->sql("SELECT role FROM tenant_users WHERE user_id = '$one->{user_id}' AND tenant_id = '$tenant->{tenant_id}'"), 'owner', 'owner');
	problem_is($p->post("/admin/approve-user/$two->{user_id}",
		{ create_default_tenant => JSON::PP::true, tenant_slug => 'team-one' }, @admin), 409,
		{ field => 'tenant_slug' }, 'slug is taken');
	is($p->sql("SELECT user_status FROM users WHERE id = '$two->{user_id}'"), 'pending', 'nothing happened');
	for my $slug ('Upper', '-x', 'x-', 'a b', 'x' x 64, 'admin', '') {
		problem_is($p->post("/admin/approve-user/$two->{user_id}",
			{ create_default_tenant => JSON::PP::true, tenant_slug => $slug }, @admin), 422,
			{ field => 'tenant_slug' }, "slug '$slug'");
	}
	$r = status_is($p->post("/admin/approve-user/$two->{user_id}",
		{ create_default_tenant => JSON::PP::true }, @admin), 200, 'a tenant by default');
	ok($r->{json}{tenant_created}{slug}, 'has a slug');
	my $login = $p->login($one);
	is($p->get('/verify', token => $login->{token})->{headers}{'x-pierre-tenant-id'}, $tenant->{tenant_id},
		'verify tells the tenant');
}

# Sc 9.
sub lists {
	my ($p) = @_;
	my @admin = (token => $p->{admin}{token});
	for my $status (qw(pending active suspended)) {
		my $users = $p->get("/admin/users?status=$status&limit=200", @admin)->{json}{data}{users};
		is(scalar(grep { $_->{user_status} ne $status } @$users), 0, "only $status ones");
		is(scalar @$users, $p->sql("SELECT count(*) FROM users WHERE user_status = '$status'"), 'all of them');
	}
	my $all = $p->sql('SELECT count(*) FROM users');
	my (%seen, @order, $cursor);
	for (1 .. $all) {
		my $r = status_is($p->get('/admin/users?limit=3' . ($cursor ? "&cursor=$cursor" : ''), @admin), 200, 'page');
		push @order, map { $_->{created_at} } @{ $r->{json}{data}{users} };
		$seen{ $_->{id} }++ for @{ $r->{json}{data}{users} };
		$cursor = $r->{json}{data}{next_cursor} // last;
	}
	is(scalar keys %seen, $all, 'pages hold every user');
	is((grep { $_ > 1 } values %seen), 0, 'once each');
	is_deeply(\@order, [ sort { $b cmp $a } @order ], 'newest first');
	my $r = $p->get('/admin/users?limit=200', @admin);
	unlike($r->{body}, qr/password|\$2b\$|email_key/, 'no hash in a list');
	problem_is($p->get("/admin/users?$_->[0]", @admin), 422, { field => $_->[1] }, $_->[0])
		for [ 'status=odd', 'status' ], [ 'limit=0', 'limit' ], [ 'limit=201', 'limit' ], [ 'limit=x', 'limit' ],
		[ 'cursor=junk', 'cursor' ], [ 'offset=1', 'offset' ], [ 'limit=1&limit=2', 'limit' ],
		[ 'status=%00', 'status' ], [ 'status=%zz', 'status' ];
}

# Sc 10, 12.
sub logins {
	my ($p) = @_;
	my $user = $p->approved_user(email => 'Case@Example.org', display_name => 'Case');
	my $r = status_is($p->post('/api/auth/login', { email => 'cASE@eXAMPLE.ORG', password => $user->{password} }),
		200, 'any case of the e-mail');
	my $j = $r->{json};
	is($j->{jwt_token}, $j->{access_token}, 'jwt_token is the access token');
	is($j->{token_type}, 'Bearer', 'token_type');
	is($j->{expires_in}, 3600, 'expires_in');
	like($j->{expires_at}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'expires_at');
	is_deeply($j->{user}, { user_id => $user->{user_id}, email => 'Case@Example.org', display_name => 'Case' }, 'user');
	is($r->{headers}{'cache-control'}, 'no-store', 'not cached');
	my $first = $p->sql("SELECT last_active FROM users WHERE id = '$user->{user_id}'");
	$p->login($user);
	cmp_ok($p->sql("SELECT last_active FROM users WHERE id = '$user->{user_id}'"), 'gt', $first, 'last_active moves');
	my $unknown = problem_is($p->post('/api/auth/login', { email => 'nobody@example.org', password => 'wrong wrong wrong' }),
		401, { code => 'AuthInvalid' }, 'unknown e-mail');
	my $wrong = problem_is($p->post('/api/auth/login', { email => $user->{email}, password => 'wrong wrong wrong' }),
		401, { code => 'AuthInvalid' }, 'wrong password');
	is($wrong->{headers}{'www-authenticate'}, 'Bearer realm="pierre"', 'no token was wrong');
	is($unknown->{json}{detail}, 'Invalid email or password', 'sentence');
	is($wrong->{json}{detail}, $unknown->{json}{detail}, 'the same for both');
	is_deeply([ sort keys %{ $wrong->{json} } ], [ sort keys %{ $unknown->{json} } ], 'and the same shape');
	problem_is($p->post('/api/auth/login', { email => $user->{email}, password => $user->{password}, x => 1 }), 422,
		{ field => 'x' }, 'unknown field');
	problem_is($p->post('/api/auth/login', { email => $user->{email}, password => 7 }), 422,
		{ field => 'password' }, 'password is a text');
}

sub guessing {
	my ($p) = @_;
	my $user = $p->approved_user;
	for my $email ($user->{email}, 'ghost@example.org') {
		my @codes = map { $p->post('/api/auth/login', { email => $email, password => "wrong guess $_ ..." },
			local => '127.0.9.9') } 1 .. 8;
		is(join(' ', map { $_->{status} } @codes[0 .. 4]), '401 401 401 401 401', "$email: five guesses");
		my ($slowed) = grep { $_->{status} == 429 } @codes;
		ok($slowed, 'then it is slowed');
		cmp_ok($slowed->{headers}{'retry-after'}, '>=', 1, 'with Retry-After');
		is($slowed->{json}{retry_after}, $slowed->{headers}{'retry-after'}, 'also in the body');
	}
	status_is($p->post('/api/auth/login', { email => $user->{email}, password => $user->{password} }), 200,
		'the owner elsewhere is not locked out');
}

# Sc 60.
sub passwords {
	my ($p) = @_;
	my $user = $p->approved_user;
	my $other = $p->login($user);
	my $change = sub { $p->post('/api/auth/password', { @_ }, token => $user->{token}) };
	problem_is($p->post('/api/auth/password', { current_password => 'x', new_password => 'y' }), 401,
		{ code => 'AuthRequired' }, 'needs a session');
	my $r = $change->(current_password => 'not my password', new_password => 'a new long password');
	ok($r->{status} == 401 || $r->{status} == 422, 'wrong current password') or diag($r->{text});
	status_is($p->get('/verify', token => $user->{token}), 200, 'which does not end the session');
	problem_is($change->(current_password => $user->{password}, new_password => 'short'), 422,
		{ field => 'new_password' }, 'new one too short');
	problem_is($change->(current_password => $user->{password}), 422, { field => 'new_password' }, 'no new one');
	$r = status_is($change->(current_password => $user->{password}, new_password => 'a new long password'), 200, 'changed');
	ok($r->{json}{message}, 'message');
	status_is($p->get('/verify', token => $user->{token}), 200, 'own session goes on');
	problem_is($p->get('/verify', token => $other->{token}), 401, {}, 'others have ended');
	problem_is($p->post('/api/auth/refresh', { refresh_token => $other->{refresh_token} }), 401, {}, 'for good');
	problem_is($p->post('/api/auth/login', { email => $user->{email}, password => $user->{password} }), 401, {}, 'old password');
	$p->login({ %$user, password => 'a new long password' });
	pass('new password');
}

sub audit {
	my ($p) = @_;
	my %have = map { $_ => 1 } split /\n/, $p->sql('SELECT DISTINCT event_type FROM audit_events');
	cmp_ok(scalar keys %have, '>=', 8, 'kinds of audit events: ' . join ' ', sort keys %have);
	is($p->sql("SELECT count(*) FROM audit_events WHERE message LIKE '%battery%' OR CAST(metadata AS TEXT) LIKE '%battery%'"),
		0, 'no password in the audit trail');
	unlike($p->log, qr/battery|setup_[A-Za-z0-9_-]{43}|pat_[A-Za-z0-9_-]{20}|prt_[A-Za-z0-9_-]{20}|pk_live_[A-Za-z0-9]{20}/,
		'no secret in the log');
}

each_backend(sub {
	my ($p) = @_;
	my @parts = (setup => \&setup, registration => \&registration, approval => \&approval,
		tenants => \&tenants, lists => \&lists, logins => \&logins, guessing => \&guessing,
		passwords => \&passwords, audit => \&audit);
	while (my ($name, $part) = splice @parts, 0, 2) {
		subtest $name => sub { $part->($p) };
	}
	$p->{env}{AUTO_APPROVE_USERS} = 'yes';
	$p->restart;
	my $user = $p->register_user;
	$p->login($user);
	pass('AUTO_APPROVE_USERS: active at once');
});
done_testing;
