#!/usr/bin/perl
# Admin tokens: credentials of programs. Otherwise than in the original, on purpose: the
# address is that of the connection, and a super_admin makes tokens, never a token.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre::Check;
use Process qw(await);

my $NOBODY = '00000000-0000-4000-8000-000000000000';
my @ALL = qw(provision_keys list_keys revoke_keys update_key_limits manage_admin_tokens view_audit_logs manage_users);

sub token {
	my ($p, %in) = @_;
	return $p->expect(201, $p->post('/admin/tokens', { service_name => 'billing', %in }, token => $p->{admin}{token}))->{json};
}
sub rows { my ($p, $t) = @_; return $p->sql("SELECT count(*) FROM admin_token_usage WHERE token_id = '$t->{token_id}'") }

# Sc 42.
sub make {
	my ($p) = @_;
	my @super = (token => $p->{admin}{token});
	my $r = status_is($p->post('/admin/tokens', { service_name => 'billing', service_description => 'Sells keys', expires_in_days => 30 }, @super), 201, 'made');
	my $t = $r->{json};
	like($t->{token}, qr/^padm_[A-Za-z0-9_-]{43}$/, 'its text');
	is($t->{jwt_token}, $t->{token}, 'also by the name of the original');
	is($t->{token_prefix}, substr($t->{token}, 0, 13), 'its prefix');
	is_deeply($t->{permissions}, [ @ALL[0 .. 3] ], 'the permissions of the original when none are named');
	ok(!$t->{is_super_admin} && $t->{expires_at}, 'it ends');
	is($p->sql("SELECT count(*) FROM admin_tokens WHERE token_hash LIKE '%padm%'"), 0, 'its text is not stored');
	my $never = token($p, expires_in_days => 0, service_name => "billing $t->{token}");
	like($p->sql("SELECT metadata FROM audit_events WHERE target = '$never->{token_id}'"), qr/"billing padm_[\w-]{3}\.\.\."/, 'nor one in a name in the audit trail');
	is($never->{expires_at}, undef, '0 days: it never ends');
	my $all = token($p, is_super_admin => JSON::PP::true);
	is_deeply($all->{permissions}, \@ALL, 'all of them');
	problem_is($p->post('/admin/tokens', { service_name => 'x', %{ $_->[1] } }, @super), 422, { field => $_->[0] }, "no $_->[0]")
		for [ permissions => { permissions => ['everything'] } ], [ expires_in_days => { expires_in_days => -1 } ],
			[ service_name => { service_name => ' ' } ], [ permissions => { is_super_admin => JSON::PP::true, permissions => ['list_keys'] } ];
	my @list = map { $_->{token_id} } @{ $p->get('/admin/tokens', @super)->{json}{tokens} };
	is("@list", "$all->{token_id} $never->{token_id} $t->{token_id}", 'the list, newest first');
	my $shown = status_is($p->get("/admin/tokens/$t->{token_id}", @super), 200, 'one');
	is("$shown->{json}{service_name} $shown->{json}{is_active}", 'billing 1', 'as it is');
	unlike($shown->{body}, qr/hash|\Q$t->{token}\E/, 'without its secret');
	is($p->get("/admin/tokens?prefix=$t->{token_prefix}", @super)->{json}{tokens}[0]{token_id}, $t->{token_id}, 'by its prefix');
	problem_is($p->get("/admin/tokens/$_", @super), 404, {}, "none $_") for $NOBODY, 'junk';
	# whoever has all permissions makes no tokens, and is no user
	problem_is($p->post('/admin/tokens', { service_name => 'more', is_super_admin => JSON::PP::true }, token => $all->{token}), 401,
		{ reason => 'unknown' }, 'a token makes none');
	problem_is($p->post("/admin/tokens/$t->{token_id}/rotate", {}, token => $all->{token}), 401, {}, 'and rotates none');
	problem_is($p->get($_, token => $all->{token}), 401, {}, "opens no $_") for qw(/verify /api/user /api/keys /api/auth/sessions);
	is($p->get('/verify', headers => { 'X-API-Key' => $all->{token} })->{status}, 401, 'nor as an API key');
}

# "No way to more than one has."
sub ranks {
	my ($p) = @_;
	my $all = token($p, is_super_admin => JSON::PP::true);
	my @it = (token => $all->{token});
	my ($user, $admin) = ($p->approved_user, $p->approved_user);
	$p->expect(200, $p->request(PATCH => "/admin/users/$admin->{user_id}", { role => 'admin' }, token => $p->{admin}{token}));
	status_is($p->request(PATCH => "/admin/users/$user->{user_id}", { tier => 'enterprise' }, @it), 200, 'manages users');
	problem_is($p->request(PATCH => "/admin/users/$user->{user_id}", { role => $_ }, @it), 403, { reason => 'role' }, "makes no $_") for qw(admin super_admin);
	problem_is($p->request(PATCH => "/admin/users/$p->{admin}{user_id}", { tier => 'starter' }, @it), 403, { reason => 'role' }, 'changes no super_admin');
	problem_is($p->post("/admin/suspend-user/$p->{admin}{user_id}", {}, @it), 403, { reason => 'role' }, 'suspends none');
	problem_is($p->post('/admin/provision-api-key', { user_email => $p->{admin}{email}, tier => 'starter' }, @it), 403, { reason => 'role' }, 'has no key of one');
	my $other = token($p);
	problem_is($p->post("/admin/tokens/$other->{token_id}/revoke", undef, @it), 403, { reason => 'role' }, 'ends no other token');
	status_is($p->get('/admin/token-info', token => $other->{token}), 200, 'which goes on');
}

# Sc 43.
sub usage {
	my ($p) = @_;
	my @super = (token => $p->{admin}{token});
	my $t = token($p, permissions => [ 'provision_keys', 'list_keys' ]);
	my $user = $p->approved_user;
	my $info = status_is($p->get('/admin/token-info', token => $t->{token}), 200, 'what it is');
	is("$info->{json}{token_id} $info->{json}{usage_count}", "$t->{token_id} 0", 'it was not counted yet');
	is(rows($p, $t), 1, 'a read left a row');
	my $made = status_is($p->post('/admin/provision-api-key', { user_email => uc $user->{email}, tier => 'starter', rate_limit_requests => 7 },
		token => $t->{token}), 201, 'provisions');
	is(rows($p, $t), 2, 'a write left one, and no more');
	problem_is($p->post('/admin/provision-api-key', { user_email => 'nobody@example.org', tier => 'starter' }, token => $t->{token}), 404, {}, 'of nobody');
	problem_is($p->get('/admin/users', token => $t->{token}), 403, { reason => 'permission' }, 'may not');
	my $usage = status_is($p->get("/admin/tokens/$t->{token_id}/usage", @super), 200, 'its calls')->{json}{usage};
	is(join(' | ', map { "$_->{action} $_->{status_code} " . ($_->{success} ? 'done' : 'not') } @$usage),
		'admin_users 403 not | admin_provision_key 404 not | admin_provision_key 201 done | admin_token_info 200 done', 'newest first, what was done and what not');
	is($usage->[2]{target_resource}, $made->{json}{api_key_id}, 'what it was about');
	is($usage->[2]{ip_address}, '127.0.0.1', 'the address of the connection');
	my ($request) = $p->sql("SELECT request_id FROM audit_events WHERE target = '$made->{json}{api_key_id}' AND event_type = 'ApiKeyCreated'");
	is($usage->[2]{request_id}, $request, 'the audit trail has the same request');
	is($p->get("/admin/tokens/$t->{token_id}/usage?limit=1", @super)->{json}{usage}[0]{action}, 'admin_users', 'by page');
	my $from = $usage->[0]{timestamp};
	is(scalar @{ $p->get("/admin/tokens/$t->{token_id}/usage?to=$usage->[3]{timestamp}", @super)->{json}{usage} }, 0, 'before the first there is none');
	ok(@{ $p->get("/admin/tokens/$t->{token_id}/usage?from=$from", @super)->{json}{usage} } >= 1, 'from the last there is one');
	problem_is($p->get("/admin/tokens/$t->{token_id}/usage?from=junk", @super), 422, { field => 'from' }, 'junk');
	my $now = $p->get("/admin/tokens/$t->{token_id}", @super)->{json};
	is("$now->{usage_count} $now->{last_used_ip}", '4 127.0.0.1', 'counted');
	ok($now->{last_used_at}, 'when');
	# the key that it made
	my ($row) = @{ status_is($p->get("/admin/provisioned-keys?token_id=$t->{token_id}", token => $t->{token}), 200, 'provisioned keys')->{json}{provisioned_keys} };
	is(join(' ', @$row{qw(api_key_id user_email requested_tier provisioned_by_service rate_limit_requests rate_limit_period key_status)}),
		"$made->{json}{api_key_id} $user->{email} starter billing 7 month active", 'as it was asked for');
	$p->expect(200, $p->request(DELETE => "/api/keys/$row->{api_key_id}", undef, token => $user->{token}));
	($row) = @{ $p->get("/admin/provisioned-keys?token_id=$t->{token_id}", @super)->{json}{provisioned_keys} };
	is($row->{key_status}, 'revoked', 'its state is that of the key');
	is(scalar @{ $p->get("/admin/provisioned-keys?token_id=$NOBODY", @super)->{json}{provisioned_keys} }, 0, 'of another token there are none');
}

# Sc 42.
sub ends {
	my ($p) = @_;
	my @super = (token => $p->{admin}{token});
	my $t = token($p);
	my $call = sub { $p->get('/admin/token-info', token => $_[0]{token}) };
	status_is($call->($t), 200, 'good') for 1 .. 6;
	status_is($p->post("/admin/tokens/$t->{token_id}/revoke", undef, @super), 200, 'revoked');
	problem_is($call->($t), 401, { reason => 'revoked' }, 'on the next request, every worker') for 1 .. 6;
	my $again = status_is($p->post("/admin/tokens/$t->{token_id}/revoke", undef, @super), 200, 'again');
	ok($again->{json}{revoked_at} && !$again->{json}{is_active}, 'as it is');
	problem_is($p->post("/admin/tokens/$t->{token_id}/rotate", {}, @super), 409, {}, 'a revoked one is not rotated');
	ok(!(grep { $_->{token_id} eq $t->{token_id} } @{ $p->get('/admin/tokens', @super)->{json}{tokens} }), 'not in the list');
	ok((grep { $_->{token_id} eq $t->{token_id} } @{ $p->get('/admin/tokens?include_inactive=true', @super)->{json}{tokens} }), 'but in the list of all');

	my $own = token($p);
	status_is($p->post("/admin/tokens/$own->{token_id}/revoke", undef, token => $own->{token}), 200, 'a token ends itself');
	problem_is($call->($own), 401, { reason => 'revoked' }, 'so');
	is(rows($p, $own), 1, 'that call is written down');

	my $old = token($p, permissions => ['list_keys'], expires_in_days => 10);
	status_is($call->($old), 200, 'good');
	my $r = status_is($p->post("/admin/tokens/$old->{token_id}/rotate", {}, @super), 201, 'rotated');
	my $new = $r->{json}{new_token};
	isnt($new->{token_id}, $old->{token_id}, 'a new id');
	is($r->{json}{old_token_id}, $old->{token_id}, 'the old one');
	is_deeply($new->{permissions}, ['list_keys'], 'the same permissions');
	problem_is($call->($old), 401, { reason => 'revoked' }, 'the old one ends at once') for 1 .. 6;
	status_is($call->($new), 200, 'the new one is good');
	problem_is($p->post("/admin/tokens/$old->{token_id}/rotate", {}, @super), 409, {}, 'not twice');

	$r = status_is($p->post("/admin/tokens/$new->{token_id}/rotate", { overlap_seconds => 10 }, @super), 201, 'with an overlap');
	status_is($call->($new), 200, 'the old one goes on');
	status_is($call->($r->{json}{new_token}), 200, 'beside the new one');
	problem_is($p->post("/admin/tokens/$new->{token_id}/rotate", {}, @super), 409, {}, 'it has its successor');
	await('its end', sub { $call->($new)->{status} == 401 }, $p);
	problem_is($call->($new), 401, { reason => 'expired' }, 'then it ends') for 1 .. 6;
	$r = $p->post("/admin/tokens/$r->{json}{new_token}{token_id}/rotate", { overlap_seconds => 2592000 }, @super);
	my ($ends) = $p->get("/admin/tokens/$new->{token_id}", @super)->{json}{expires_at};
	problem_is($p->post("/admin/tokens/$r->{json}{new_token}{token_id}/rotate", { overlap_seconds => 2592001 }, @super), 422, { field => 'overlap_seconds' }, 'at most 30 days');
}

each_backend(sub {
	my ($p) = @_;
	$p->setup_admin;
	status_is($p->get('/admin/health'), 200, 'health');
	subtest 'make' => \&make, $p;
	subtest 'ranks' => \&ranks, $p;
	subtest 'usage' => \&usage, $p;
	subtest 'ends' => \&ends, $p;
});
done_testing;
