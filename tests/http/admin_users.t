#!/usr/bin/perl
# Users as an administrator sees and changes them, platform roles, and one's own account.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre::Check;

my $NOBODY = '00000000-0000-4000-8000-000000000000';

# Sc 5.
sub look_up {
	my ($p) = @_;
	my @admin = (token => $p->{admin}{token});
	my $user = $p->approved_user;
	my $r = status_is($p->get("/admin/users/$user->{user_id}", @admin), 200, 'by id');
	ok($r->{json}{success} && $r->{json}{message}, 'as the original answers');
	is($r->{json}{user}{email}, $user->{email}, 'the user');
	is($r->{json}{user}{role}, 'user', 'is a user');
	unlike($r->{body}, qr/password|\$2b\$/, 'and no hash of a password');
	problem_is($p->get("/admin/users/$_", @admin), 404, {}, "no user $_") for $NOBODY, 'junk';
	my $upper = uc $user->{email};
	my $found = status_is($p->get("/admin/users?email=$upper", @admin), 200, 'by e-mail, in another spelling')->{json}{data};
	is("$found->{count} $found->{users}[0]{id}", "1 $user->{user_id}", 'that one alone');
	is($p->get('/admin/users?email=nobody@example.org', @admin)->{json}{data}{count}, 0, 'none');
	is($p->get("/admin/users?email=$upper&status=pending", @admin)->{json}{data}{count}, 0, 'none of that status');
	my $shown = JSON::PP::decode_json($p->cli('user', 'show', $user->{email}, '--json')->{out});
	is_deeply($shown, $r->{json}{user}, 'pierre user show prints the same');
}

sub change {
	my ($p) = @_;
	my @admin = (token => $p->{admin}{token});
	my $user = $p->approved_user;
	my $patch = sub { return $p->request(PATCH => "/admin/users/$user->{user_id}", $_[0], @admin) };
	is($patch->({ tier => 'professional' })->{json}{user}{tier}, 'professional', 'tier');
	my $r = status_is($patch->({ user_status => 'pending' }), 200, 'pending');
	is($r->{json}{user}{approved_by}, undef, 'approved_by is cleared');
	problem_is($p->get('/api/user', token => $user->{token}), 401, {}, 'the session has ended');
	is($patch->({ user_status => 'active' })->{json}{user}{approved_by}, $p->{admin}{user_id}, 'active, by the admin');
	$user = { %$user, %{ $p->login($user) } };
	status_is($patch->({ user_status => 'suspended' }), 200, 'suspended');
	problem_is($p->get('/api/user', token => $user->{token}), 403, { reason => 'suspended' }, 'on the next request') for 1 .. 6;
	problem_is($patch->({ $_->[0] => $_->[1] }), 422, { field => $_->[0] }, "$_->[0] $_->[1]")
		for [ tier => 'gold' ], [ user_status => 'gone' ], [ role => 'root' ], [ tenant_id => $NOBODY ], [ tenant_id => 'junk' ],
			[ email => 'a@example.org' ], [ is_admin => JSON::PP::true ];
	problem_is($patch->({ user_status => undef }), 422, { field => 'user_status' }, 'no status');
	status_is($patch->({}), 200, 'nothing');
	problem_is($p->request(PATCH => "/admin/users/$NOBODY", { tier => 'starter' }, @admin), 404, {}, 'nobody');
}

sub roles {
	my ($p) = @_;
	my ($super, $other) = ($p->{admin}, $p->approved_user);
	my $admin = $p->approved_user;
	my $patch = sub { my ($who, $whom, $in) = @_;
		return $p->request(PATCH => "/admin/users/$whom->{user_id}", $in, token => $who->{token}) };
	is($p->get("/admin/users/$super->{user_id}", token => $super->{token})->{json}{user}{role}, 'super_admin', 'the first admin is one');
	my $r = status_is($patch->($super, $admin, { role => 'admin' }), 200, 'makes an admin');
	ok($r->{json}{user}{is_admin}, 'is_admin, for one release');
	status_is($p->get('/admin/users', token => $admin->{token}), 200, 'on the next request') for 1 .. 6;
	problem_is($patch->($admin, $_->[0], { role => $_->[1] }), 403, { reason => 'role' }, "an admin gives no role $_->[1]")
		for [ $other, 'admin' ], [ $admin, 'super_admin' ], [ $other, 'user' ];
	problem_is($patch->($admin, $super, { tier => 'starter' }), 403, { reason => 'role' }, 'nor acts on a super_admin');
	for (qw(suspend approve)) {
		problem_is($p->post("/admin/$_-user/$super->{user_id}", {}, token => $admin->{token}), 403, { reason => 'role' }, "nor may he $_ one");
	}
	problem_is($p->post('/admin/provision-api-key', { user_email => $super->{email}, tier => 'starter' }, token => $admin->{token}),
		403, { reason => 'role' }, 'nor have a key of one');
	problem_is($patch->($super, $super, { role => 'admin' }), 409, {}, 'the last super_admin stays one');
	problem_is($patch->($super, $super, { user_status => 'pending' }), 409, {}, 'and active');
	status_is($patch->($super, $admin, { role => 'user' }), 200, 'a role is taken');
	problem_is($p->get('/admin/users', token => $admin->{token}), 403, { reason => 'role' }, 'on the next request') for 1 .. 6;
	my $made = JSON::PP::decode_json($p->cli('user', 'create', 'ops@example.org', '--role', 'admin', '--password-file', '-', '--json',
		stdin => "$Pierre::PASSWORD\n")->{out});
	is("$made->{role} $made->{is_admin}", 'admin 1', 'the shell makes one too');
}

sub own {
	my ($p) = @_;
	my $user = $p->approved_user;
	my @me = (token => $user->{token});
	my $r = status_is($p->get('/api/user', @me), 200, 'own account')->{json};
	is_deeply([ sort keys %$r ], [ qw(created_at display_name email last_active role tenant_id tenant_role tier user_id user_status) ], 'these members');
	is("$r->{user_id} $r->{email} $r->{role} $r->{user_status}", "$user->{user_id} $user->{email} user active", 'of the caller');
	is(status_is($p->request(PATCH => '/api/user', { display_name => 'Anna' }, @me), 200, 'renamed')->{json}{display_name}, 'Anna', 'so');
	is($p->request(PATCH => '/api/user', { display_name => undef }, @me)->{json}{display_name}, undef, 'no name');
	problem_is($p->request(PATCH => '/api/user', { $_->[0] => $_->[1] }, @me), 422, { field => $_->[0] }, "not $_->[0]")
		for [ role => 'admin' ], [ tier => 'enterprise' ], [ email => 'b@example.org' ], [ display_name => ' ' ];
	is($p->sql("SELECT role FROM users WHERE id = '$user->{user_id}'"), 'user', 'he is what he was');
}

# Sc 60. No mail is sent: the administrator hands the token over.
sub forgotten {
	my ($p) = @_;
	my $user = $p->approved_user;
	my $r = status_is($p->post("/admin/users/$user->{user_id}/reset-password", undef, token => $p->{admin}{token}), 201, 'a reset token');
	like($r->{json}{reset_token}, qr/^prt_[A-Za-z0-9_-]{43}$/, 'its text');
	ok($r->{json}{expires_at}, 'its end');
	is($p->sql("SELECT count(*) FROM password_resets WHERE token_hash LIKE '%prt%'"), 0, 'its text is not stored');
	my $new = 'an entirely new password';
	my $complete = sub { return $p->post('/api/auth/complete-reset', { reset_token => $_[0], new_password => $new }) };
	problem_is($complete->('prt_' . 'x' x 43), 401, { reason => 'unknown' }, 'another one');
	problem_is($p->post('/api/auth/complete-reset', { reset_token => $r->{json}{reset_token}, new_password => 'short' }), 422, { field => 'new_password' }, 'too short');
	status_is($complete->($r->{json}{reset_token}), 200, 'a new password');
	problem_is($p->get('/api/user', token => $user->{token}), 401, {}, 'sessions have ended, on every worker') for 1 .. 6;
	problem_is($complete->($r->{json}{reset_token}), 401, { reason => 'unknown' }, 'once');
	problem_is($p->post('/api/auth/login', { email => $user->{email}, password => $user->{password} }), 401, {}, 'the old password is gone');
	status_is($p->post('/api/auth/login', { email => $user->{email}, password => $new }), 200, 'the new one logs in');
	my $shell = JSON::PP::decode_json($p->cli('user', 'reset', $user->{email}, '--json')->{out});
	is(join(' ', sort keys %$shell), 'expires_at reset_token', 'pierre user reset makes one too');
	status_is($complete->($shell->{reset_token}), 200, 'which is good');
	problem_is($p->post('/admin/users/00000000-0000-4000-8000-000000000000/reset-password', undef, token => $p->{admin}{token}), 404, {}, 'nobody');
}

# Sc 4.
sub stats {
	my ($p) = @_;
	my $data = sub { return $p->get('/admin/stats', token => $p->{admin}{token})->{json}{data} };
	my $before = $data->();
	my $user = $p->approved_user;
	$p->register_user;
	$p->new_key($user);
	my $after = $data->();
	is($after->{users}{$_->[0]} - $before->{users}{$_->[0]}, $_->[1], "users, $_->[0]")
		for [ total => 2 ], [ active => 1 ], [ pending => 1 ], [ suspended => 0 ];
	is($after->{api_keys}{$_} - $before->{api_keys}{$_}, 1, "keys, $_") for qw(total active);
	is_deeply(JSON::PP::decode_json($p->cli('stats', '--json')->{out}), $data->(), 'pierre stats prints the same');
}

each_backend(sub {
	my ($p) = @_;
	$p->setup_admin;
	subtest 'look up' => \&look_up, $p;
	subtest 'change' => \&change, $p;
	subtest 'roles' => \&roles, $p;
	subtest 'own' => \&own, $p;
	subtest 'forgotten' => \&forgotten, $p;
	subtest 'stats' => \&stats, $p;
});
done_testing;
