#!/usr/bin/perl
# API keys: make, list, show, change, revoke; whose they are and how many.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use POSIX 'strftime';
use Test::More;
use Limit qw(mid_month);
use Pierre::Check;
use Process qw(await);
use Pierre::Resource;

my @fields = qw(allowed_cidrs created_at description expires_at granted_by id is_active key_prefix last_used_at metadata name opens_rest
	rate_limit_period rate_limit_requests revoked_at revoked_reason rotated_from scopes tenant_id tier updated_at user_id);

# Sc 18, 20.
sub making {
	my ($p, $user) = @_;
	my @me = (token => $user->{token});
	my $r = status_is($p->post('/api/keys', { name => 'first', description => 'for tests',
		scopes => [ 'read', 'write' ] }, @me), 201, 'make');
	my $j = $r->{json};
	like($j->{api_key}, qr/^pk_live_[A-Za-z0-9]{32}$/, 'format');
	ok($j->{warning}, 'warning');
	is_deeply([ sort keys %{ $j->{key_info} } ], \@fields, 'fields of key_info');
	is($j->{key_info}{key_prefix}, substr($j->{api_key}, 0, 16), 'public id');
	is($j->{key_info}{tier}, 'starter', 'own tier by default');
	is($j->{key_info}{expires_at}, undef, 'does not expire');
	is_deeply($j->{key_info}{scopes}, [ 'read', 'write' ], 'scopes');
	ok($j->{key_info}{is_active}, 'active');
	is($j->{key_info}{granted_by}, 'owner', 'his own grant');
	my $stored = $p->sql("SELECT key_hash FROM api_keys WHERE id = '$j->{key_info}{id}'");
	like($stored, qr/^sha256:[0-9a-f]+:[0-9a-f]{64}$/, 'stored salted, saying how');

	my $trial = status_is($p->post('/api/keys', { name => 'trial', tier => 'trial' }, @me), 201, 'trial')->{json};
	like($trial->{api_key}, qr/^pk_trial_[A-Za-z0-9]{32}$/, 'its format');
	my $days = ($p->sql("SELECT " . ($p->{backend} eq 'sqlite'
		? 'round(julianday(expires_at) - julianday(created_at), 3)'
		: "round(extract(epoch FROM expires_at - created_at) / 86400, 3)") .
		" FROM api_keys WHERE id = '$trial->{key_info}{id}'"));
	cmp_ok($days, '==', 14, 'ends in 14 days');
	problem_is($p->post('/api/keys', { name => 'x', tier => $_ }, @me), 403, { field => 'tier' },
		"$_ is above his own") for qw(professional enterprise);
	$p->sql("UPDATE users SET tier = 'enterprise' WHERE id = '$user->{user_id}'");
	for my $tier (qw(trial starter professional enterprise)) {
		is(status_is($p->post('/api/keys', { name => 'x', tier => $tier }, @me), 201, $tier)
			->{json}{key_info}{tier}, $tier, 'with that tier');
	}
	$p->sql("UPDATE users SET tier = 'starter' WHERE id = '$user->{user_id}'");
	$r = status_is($p->post('/api/keys', { name => 'x', rate_limit_requests => 500, expires_in_days => 3650 }, @me),
		201, 'less than the tier gives');
	is($r->{json}{key_info}{rate_limit_requests}, 500, 'limit');
	ok($r->{json}{key_info}{expires_at}, 'expires_at');
	my %prefixes = map { $p->new_key($user)->{api_key} => 1 } 1 .. 20;
	is(scalar keys %prefixes, 20, 'all different');
}

# What every resource does; a tier and a limit above his own: making().
sub as_a_resource {
	my ($p) = @_;
	resource_is($p, '/api/keys', table => 'api_keys', record => sub { $_[0]{key_info} },
		create => { name => 'first' }, patch => { description => 'for tests' },
		good => { allowed_cidrs => [ [], ['192.0.2.0/24'], ['2001:db8::/32', '::ffff:192.0.2.1'] ], tier => [ 'trial', 'starter', undef ], rate_limit_requests => [ 1, 10000, undef ] },
		bad => { name => [' '], rate_limit_requests => [10001], expires_at => ['2001-01-01T00:00:00Z'],
			allowed_cidrs => [ [''], ['192.0.2.1/24'], ['localhost'] ], scopes => [ [''], ['two words'], ["line\nbreak"] ] });
}

# One text for each object, whichever database keeps it.
sub metadata {
	my ($p, $user) = @_;
	my @me = (token => $user->{token});
	my $made = $p->new_key($user, metadata => { b => 1, a => { y => [ 1, 'x' ], x => JSON::PP::true } });
	is_deeply($made->{key_info}{metadata}, { b => 1, a => { y => [ 1, 'x' ], x => JSON::PP::true } }, 'as it was given');
	my $at = "/api/keys/$made->{key_info}{id}";
	my $r = $p->request('PATCH', $at, '{"metadata":{"z":1e300,"b":1.0,"a":0.10,"\\u00e4":"\\u00e4","k":{"d":1,"c":2}}}', @me);
	status_is($r, 200, 'replaced as a whole');
	my $text = qq("metadata":{"a":0.1,"b":1,"k":{"c":2,"d":1},"z":1e300,"\xc3\xa4":"\xc3\xa4"});
	like($_->{body}, qr/\Q$text\E/, 'in canonical form') for $r, $p->get($at, @me);
	is_deeply($p->patch($at, { name => 'other' }, @me)->{json}{metadata}{k}, { c => 2, d => 1 }, 'another patch leaves it');
	like($p->post("$at/rotate", {}, @me)->{body}, qr/\Q$text\E/, 'the key that replaces it has it');
	problem_is($p->patch($at, { metadata => $_->[0] }, @me), 422, { field => 'metadata' }, $_->[1])
		for [ [1], 'a list' ], [ undef, 'null' ], [ { a => 'x' x 32761 }, '32769 bytes' ];
	problem_is($p->request('PATCH', $at, qq({"name":"x","metadata":{"a":[$_]}}), @me), 422, { code => 'ValueOutOfRange', field => 'metadata' }, "$_ is no number that is kept")
		for '1e400', '1e-400', '-9223372036854775809', '1' x 65;
	my $large = { a => 'x' x 32760 };
	status_is($p->patch($at, { metadata => $large }, @me), 200, '32768 bytes');
	is_deeply($p->get($at, @me)->{json}{metadata}, $large, 'are kept');
	is_deeply($p->new_key($user, metadata => $large, description => 'x' x 500)->{key_info}{metadata}, $large, 'from the beginning too');
	is_deeply($p->new_key($user)->{key_info}{metadata}, {}, 'empty when it is left out');
}

# Sc 20, 24.
sub reading {
	my ($p, $user, $other) = @_;
	my $made = $p->new_key($user, name => 'one');
	is_deeply($p->get("/api/keys/$made->{key_info}{id}", token => $user->{token})->{json}, $made->{key_info}, 'as it was made');
	unlike($p->get('/api/keys', token => $user->{token})->{body}, qr/pk_\w{25}|sha256|hash/, 'never the key or its hash');
	problem_is($p->delete("/api/keys/$made->{key_info}{id}", token => $other->{token}), 404, {}, "a stranger's key is not there");
	status_is($p->get('/verify', token => $made->{api_key}), 200, 'and works');
}

sub changing {
	my ($p, $user) = @_;
	my $at = '/api/keys/' . $p->new_key($user)->{key_info}{id};
	is($p->patch($at, { expires_at => '2099-01-01T01:00:00+01:00' }, token => $user->{token})->{json}{expires_at},
		'2099-01-01T00:00:00.000Z', 'a time is kept in UTC');
	is($p->patch($at, { expires_at => undef }, token => $user->{token})->{json}{expires_at}, undef, 'null: never');
}

# Refused with this field; the key is as it was before.
sub refused_change {
	my ($p, $user, $id, $status, $field, $in, $name) = @_;
	my $before = $p->get("/api/keys/$id", token => $user->{token})->{json};
	my $r = problem_is($p->patch("/api/keys/$id", $in, token => $user->{token}), $status, { field => $field }, $name);
	is_deeply($p->get("/api/keys/$id", token => $user->{token})->{json}, $before, 'nothing changed');
	return $r->{json};
}

# The owner takes away from what an administrator granted, and adds nothing to it.
sub granted {
	my ($p, $user) = @_;
	my @me = (token => $user->{token});
	my $key = status_is($p->post('/admin/provision-api-key', { user_email => $user->{email}, tier => 'enterprise',
		expires_in_days => 1 }, token => $p->setup_admin->{token}), 201, 'one day of enterprise')->{json};
	my ($id, $end) = @$key{qw(api_key_id expires_at)};
	is($p->get("/api/keys/$id", @me)->{json}{granted_by}, 'admin', "an administrator's grant");
	like(refused_change($p, $user, $id, 403, 'expires_at', { expires_at => undef }, 'for ever')->{detail},
		qr/An administrator set the end of this key; you may set an earlier one/, 'says what is allowed');
	refused_change($p, $user, $id, 403, 'expires_at', { expires_at => '2099-01-01T00:00:00Z' }, 'for long');
	like(refused_change($p, $user, $id, 403, 'scopes', { scopes => ['write'] }, 'a scope')->{detail},
		qr/An administrator set the scopes of this key; you may take some away/, 'says what is allowed');
	refused_change($p, $user, $id, 403, 'scopes', { name => 'x', scopes => ['write'] }, 'a scope, and a name that is allowed');
	status_is($p->patch("/api/keys/$id", { name => 'mine', expires_at => $end, scopes => [] }, @me), 200, 'the same, another name');
	my $early = strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(now($p) + 3600));
	status_is($p->patch("/api/keys/$id", { expires_at => $early }, @me), 200, 'an hour is earlier');
	refused_change($p, $user, $id, 403, 'expires_at', { expires_at => $end }, 'and there is no way back');
	status_is($p->get('/verify', token => $key->{api_key}), 200, 'until then it works');
	expired($p, $user, $key->{api_key}, $id);
	my $shell = $p->cli('key', 'create', '--json', $user->{email}, '--expires-in-days', 1, '--scopes', 'read');
	is($shell->{status}, 0, 'a key of the shell') or diag($shell->{err});
	my $info = JSON::PP->new->decode($shell->{out})->{key_info};
	is($info->{granted_by}, 'admin', 'is no grant of the owner');
	refused_change($p, $user, $info->{id}, 403, 'expires_at', { expires_at => undef }, 'nor for ever');
}

sub now { my ($p) = @_; return time + $p->{env}{PIERRE_CLOCK_OFFSET} }

# An expired key is not revived, whoever granted it.
sub expired {
	my ($p, $user, $text, $id) = @_;
	my $past = "'2020-01-01T00:00:00.000Z'";
	$p->sql("UPDATE api_keys SET expires_at = $past WHERE id = '$id'");
	await('the host to follow the change', sub { $p->get('/verify', token => $text)->{status} == 401 }, $p);
	problem_is($p->get('/verify', token => $text), 401, { reason => 'expired' }, 'expired');
	like(refused_change($p, $user, $id, 403, 'expires_at', { expires_at => undef }, 'for ever')->{detail},
		qr/has expired.*make a new one/, 'says what to do');
	refused_change($p, $user, $id, 403, 'expires_at', { expires_at => '2099-01-01T00:00:00Z' }, 'for long');
	problem_is($p->get('/verify', token => $text), 401, { reason => 'expired' }, 'stays expired');
}

# His own key gets no more by a change than a new one would get.
sub own {
	my ($p, $user) = @_;
	my $trial = $p->new_key($user, tier => 'trial');
	my $id = $trial->{key_info}{id};
	refused_change($p, $user, $id, 422, 'expires_at', { expires_at => $_ }, 'a trial: ' . ($_ // 'for ever'))
		for undef, '2099-01-01T00:00:00Z';
	status_is($p->patch("/api/keys/$id", { expires_at => strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(now($p) + 30 * 86400)) },
		token => $user->{token}), 200, 'a trial of a month');
	expired($p, $user, $trial->{api_key}, $id);
	$p->sql("UPDATE users SET tier = 'enterprise' WHERE id = '$user->{user_id}'");
	my $key = $p->new_key($user, tier => 'enterprise', expires_in_days => 1);
	$id = $key->{key_info}{id};
	status_is($p->patch("/api/keys/$id", { expires_at => strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(now($p) + 2 * 86400)) },
		token => $user->{token}), 200, 'his own, while he has that tier');
	$p->sql("UPDATE users SET tier = 'starter' WHERE id = '$user->{user_id}'");
	like(refused_change($p, $user, $id, 403, 'expires_at', { expires_at => undef }, 'his tier was lowered')->{detail},
		qr/tier and limit.*earlier end/, 'says what is allowed');
	status_is($p->patch("/api/keys/$id", { expires_at => strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(now($p) + 3600)),
		scopes => ['any'] }, token => $user->{token}), 200, 'an earlier end, and scopes');
}

# Sc 22.
sub revoking {
	my ($p, $user) = @_;
	my $key = $p->new_key($user);
	my $at = "/api/keys/$key->{key_info}{id}";
	my $r = status_is($p->delete($at, token => $user->{token}), 200, 'revoke');
	ok($r->{json}{message}, 'message');
	problem_is($p->get('/verify', token => $key->{api_key}), 401, { reason => 'revoked' }, 'on every worker') for 1 .. 6;
	my $j = $p->get($at, token => $user->{token})->{json};
	ok(!$j->{is_active}, 'still shown, as inactive');
	is($j->{revoked_at}, $r->{json}{deactivated_at}, 'since then');
}

# Filters of a user's own list, and of that of an administrator.
# Sc 41.
sub filters {
	my ($p) = @_;
	my ($user, $other) = map { $p->approved_user } 1 .. 2;
	my @admin = (token => $p->setup_admin->{token});
	$p->new_key($user, name => $_) for qw(one two);
	$p->new_key($other, name => 'theirs');
	my ($two, $one) = @{ $p->get('/api/keys', token => $user->{token})->{json}{api_keys} };
	$p->delete("/api/keys/$one->{id}", token => $user->{token});
	my $own = sub { return join ' ', map { $_->{name} } @{ status_is($p->get("/api/keys?$_[0]", token => $user->{token}), 200, $_[0] || 'no filter')->{json}{api_keys} } };
	is($own->(''), 'two one', 'of every state');
	is($own->('state=active'), 'two', 'active');
	is($own->('state=revoked&q=ONE&tier=starter'), 'one', 'all filters');
	is($own->('state=expired'), '', 'none');
	problem_is($p->get("/api/keys?$_", token => $user->{token}), 422, { field => (split /=/)[0] }, $_)
		for 'state=soon', 'tier=gold', 'q=', 'user_email=x', 'active_only=true';
	my $all = sub { return status_is($p->get("/admin/list-api-keys?user_email=$user->{email}$_[0]", @admin), 200, "all$_[0]")->{json}{data} };
	is(join(' ', map { $_->{name} } @{ $all->($_->[0])->{keys} }), $_->[1], 'are these')
		for [ '', 'two' ], [ '&active_only=true', 'two' ], [ '&active_only=false', 'two one' ], [ '&state=revoked', 'one' ],
			[ "&tenant_id=$user->{user_id}&q=two", 'two' ], [ "&tenant_id=$other->{user_id}", '' ];
	my $page = $all->('&state=all&limit=1');
	is_deeply($page->{filters}, { state => 'all', user_email => $user->{email}, (map { $_ => undef } qw(tier q active_only tenant_id)) }, 'it says the filters');
	is($page->{count}, 1, 'one on this page');
	is_deeply([ sort keys %{ $page->{keys}[0] } ], [ sort qw(created_at description expires_at id is_active key_prefix last_used_at name
		rate_limit revoked_at scopes tenant_id tier usage_count user_email user_id) ], 'members of a key');
	$page = $all->("&state=all&limit=1&cursor=$page->{next_cursor}");
	is($page->{keys}[0]{name}, 'one', 'the next page');
	is($page->{next_cursor}, undef, 'and the last');
	my $r = status_is($p->post('/admin/revoke-api-key', { api_key_id => $two->{id}, reason => 'leaked' }, @admin), 200, 'an administrator revokes');
	is($r->{json}{key_info}{revoked_reason}, 'leaked', 'for a reason');
	is($p->get("/api/keys/$two->{id}", token => $user->{token})->{json}{revoked_reason}, 'leaked', 'which its owner reads');
	like($p->sql("SELECT metadata FROM audit_events WHERE event_type = 'ApiKeyRevoked' AND target = '$two->{id}'"), qr/"reason": ?"leaked"/, 'so does the audit trail');
	problem_is($p->post('/admin/revoke-api-key', { api_key_id => '00000000-0000-4000-8000-000000000000' }, @admin), 404, {}, 'no such key');
	$p->expect(200, $p->patch("/admin/users/$other->{user_id}", { role => 'admin' }, @admin));
	my $above = $p->new_key($p->{admin});
	problem_is($p->post('/admin/revoke-api-key', { api_key_id => $above->{key_info}{id} }, token => $p->login($other)->{token}), 403, { reason => 'role' }, 'nobody revokes a key of a role above his own');
	status_is($p->get('/verify', token => $above->{api_key}), 200, 'it works on');
}

# The same on both backends, for the owner and for administrators.
sub folding {
	my ($p) = @_;
	my ($user, @admin) = ($p->approved_user, token => $p->{admin}{token});
	$p->new_key($user, name => "\x{c9}ric", description => "Au CAF\x{c9}");
	for ([ '%C3%89RIC', 1 ], [ '%C3%A9ric', 0 ], [ 'au%20caf', 1 ], [ 'caf%C3%A9', 0 ]) {
		my ($q, $n) = @$_;
		is(scalar @{ $p->get("/api/keys?q=$q", token => $user->{token})->{json}{api_keys} }, $n, "$q: A-Z is as a-z, and no other letter is folded");
		is($p->get("/admin/list-api-keys?user_email=$user->{email}&q=$q", @admin)->{json}{data}{count}, $n, 'for an administrator too');
	}
}

# One of two that share a quota; exactly that is let through, also on several workers at
# once. What may be rotated and what the new key has is tests/db/op_key_rotate.c.
sub rotating {
	my ($p, $user) = @_;
	my @me = (token => $user->{token});
	my $old = status_is($p->post('/admin/provision-api-key', { user_email => $user->{email}, tier => 'starter',
		rate_limit_requests => 50, rate_limit_period => 'day' }, token => $p->setup_admin->{token}), 201, 'a key of 50 a day')->{json};
	my $r = status_is($p->post("/api/keys/$old->{api_key_id}/rotate", { overlap_seconds => 600 }, @me), 201, 'rotate')->{json};
	is_deeply([ sort keys %$r ], [ qw(api_key key_info old_expires_at replaces warning) ], 'members');
	is($r->{replaces}, $old->{api_key_id}, 'what it replaces');
	is($r->{key_info}{rotated_from}, $old->{api_key_id}, 'also in its record');
	is($p->get("/api/keys/$old->{api_key_id}", @me)->{json}{expires_at}, $r->{old_expires_at}, 'the old one ends');
	problem_is($p->post("/api/keys/$old->{api_key_id}/rotate", {}, @me), 409, {}, 'it is rotated once');
	problem_is($p->post("/api/keys/$r->{key_info}{id}/rotate", {}, @me), 409, {}, 'nor is the new one while both work');
	problem_is($p->post("/api/keys/$r->{key_info}{id}/rotate", { overlap_seconds => 2592001 }, @me), 422, { field => 'overlap_seconds' }, 'too long');
	my @codes = at_once(map { my $text = $_ % 2 ? $old->{api_key} : $r->{api_key};
		sub { join ',', map { $p->get('/verify', token => $text)->{status} } 1 .. 8 } } 1 .. 16);
	is(scalar(grep { $_ == 200 } split /,/, join ',', @codes), 50, '128 requests of 16 clients by both at once: exactly the 50 of the quota');
	is_deeply($p->get("/api/keys/$_/limits", @me)->{json}{limits}[0]{remaining}, 0, 'none is left') for $old->{api_key_id}, $r->{key_info}{id};
	my $key = $p->new_key($user);
	my $cli = $p->cli('key', 'rotate', $key->{key_info}{id}, '--overlap-seconds', '0', '--json');
	is($cli->{status}, 0, 'by the shell') or diag($cli->{err});
	my $new = JSON::PP::decode_json($cli->{out});
	status_is($p->get('/verify', token => $new->{api_key}), 200, 'the new one works');
	problem_is($p->get('/verify', token => $key->{api_key}), 401, { reason => 'expired' }, 'the old one does not') for 1 .. 4;
}

# A viewer of the team who owns his personal tenant: from there he cannot act on a key that
# he has in the team. tests/db/op_place.c changes the role after the guard.
sub places {
	my ($p) = @_;
	my ($boss, $user) = map { $p->approved_user } 1 .. 2;
	my $team = status_is($p->post('/api/tenants', { name => 'team' }, token => $boss->{token}), 201, 'a team')->{json}{tenant_id};
	my $invited = status_is($p->post("/api/tenants/$team/invitations", { email => $user->{email}, role => 'member' }, token => $boss->{token}), 201, 'an invitation')->{json};
	my @own = (token => $user->{token});
	status_is($p->post('/api/tenants/invitations/accept', { invitation_token => $invited->{invitation_token} }, @own), 200, 'accepted');
	my @there = (token => status_is($p->post('/api/tenants/switch', { tenant_id => $team }, token => $p->login($user)->{token}), 200, 'a session there')->{json}{access_token});
	my $key = status_is($p->post('/api/keys', { name => 'x', scopes => ['profile:read'] }, @there), 201, 'a member makes a key')->{json};
	my $at = "/api/keys/$key->{key_info}{id}";
	my $shown = status_is($p->get('/api/user', token => $key->{api_key}), 200, 'which opens the account by its scope')->{json};
	is_deeply([ @$shown{qw(user_id tenant_id tenant_role)} ], [ $user->{user_id}, $team, 'member' ], 'as it is in the tenant of the key');
	my @changes = ([ 'PATCH', $at, { name => 'y' } ], [ 'POST', "$at/rotate", {} ]);
	status_is($p->patch("/api/tenants/$team/members/$user->{user_id}", { role => 'viewer' }, token => $boss->{token}), 200, 'he is made a viewer');
	problem_is($p->request(@$_[0 .. 2], @own), 404, {}, "the owner of another tenant: $_->[0]") for @changes, [ 'GET', $at ], [ 'DELETE', $at ];
	is_deeply($p->get('/api/keys', @own)->{json}{api_keys}, [], 'nor does he see it there');
	problem_is($p->request(@$_[0 .. 2], @there), 403, { reason => 'role' }, "a viewer: $_->[0] $_->[1]") for @changes, [ 'POST', '/api/keys', { name => 'x' } ];
	is($p->get($at, @there)->{json}{name}, 'x', 'it is as it was');
	status_is($p->delete($at, @there), 200, 'he may revoke it');
}

# What fails after it was charged says so, whoever's fault it is; what fails before is not.
sub failing {
	my ($p, $user) = @_;
	my $key = $p->new_key($user, scopes => ['usage:read'], rate_limit_requests => 1000);
	my $at = "/api/keys/$key->{key_info}{id}";
	my $left = sub { my ($r) = @_; return join ' ', map { $_ // 'none' } @{ $r->{headers} }{qw(x-ratelimit-remaining x-ratelimit-limit)}, ($r->{headers}{ratelimit} // '') =~ /r=(\d+)/ };
	is($left->(status_is($p->get("$at/usage", token => $key->{api_key}), 200, 'a call')), '999 1000 999', 'is charged');
	is($left->(problem_is($p->get("$at/usage?bucket=year", token => $key->{api_key}), 422, {}, 'a bad query')), 'none none', 'is not');
	is($left->(problem_is($p->get('/api/keys/00000000-0000-4000-8000-000000000000/limits', token => $key->{api_key}), 404, {}, 'no such key')), '998 1000 998', 'is charged');
	# the handler reads it; some are leased
	my ($file) = $p->{url} =~ /^sqlite:(.*)/;
	local $p->{url} = "sqlite:$file.quota" if $file;
	$p->sql('ALTER TABLE quota_leases RENAME TO away');
	my $r = $p->get("$at/limits", token => $key->{api_key});
	$p->sql('ALTER TABLE away RENAME TO quota_leases');
	is($left->(problem_is($r, 500, {}, 'a fault of Pierre')), '997 1000 997', 'is charged too, and says so');
	is($left->(status_is($p->get("$at/limits", token => $key->{api_key}), 200, 'the next call')), '996 1000 996', 'goes on from there');
}

# Scopes that open routes of ours: these words exactly, for keys that open routes.
sub opening {
	my ($p) = @_;
	my $user = $p->approved_user;
	my @me = (token => $user->{token});
	my $key = $p->new_key($user, scopes => [ 'read', 'usage:read' ], rate_limit_requests => 5);
	my $at = "/api/keys/$key->{key_info}{id}";
	my $r = status_is($p->get("$at/limits", token => $key->{api_key}), 200, 'by its scope');
	is($r->{headers}{'x-ratelimit-remaining'}, 4, 'charged');
	is($r->{json}{limits}[0]{remaining}, 4, 'and says so');
	is(status_is($p->get("$at/limits", @me), 200, 'by a session')->{headers}{'x-ratelimit-remaining'}, undef, 'not charged');
	status_is($p->get("$at/usage?by_route=true", headers => { 'X-API-Key' => $key->{api_key} }), 200, 'in its header');
	my $usage = sub { return $p->get("$at/usage?by_route=true", @me)->{json}{buckets} };
	ok(await('two rows', sub { @{ $usage->() } == 2 }, $p), 'recorded');
	is(join(' ', sort map { "$_->{route}=$_->{requests}" } @{ $usage->() }), 'pierre:key_limits=1 pierre:key_usage=1', 'as calls of Pierre');
	problem_is($p->get("$at/usage?bucket=year", token => $key->{api_key}), 422, { field => 'bucket' }, 'a bad query');
	status_is($p->get("$at/limits", token => $key->{api_key}), 200, 'is not charged') for 1 .. 3;
	problem_is($p->get("$at/limits", token => $key->{api_key}), 429, { reason => 'key-month' }, 'its limit is reached');
	failing($p, $user);
	problem_is($p->request($_->[0], $_->[1], $_->[2], token => $key->{api_key}), 401, {}, "never by key: $_->[0] $_->[1]")
		for [ 'GET', '/api/keys' ], [ 'POST', '/api/keys', { name => 'x' } ], [ 'GET', $at ], [ 'PATCH', $at, { name => 'x' } ], [ 'DELETE', $at ],
			[ 'POST', "$at/rotate", {} ], [ 'PATCH', '/api/user', { display_name => 'x' } ], [ 'GET', '/api/auth/sessions' ], [ 'GET', '/admin/users' ];
	for my $scopes ([], ['read'], ['usage'], ['usage:*'], ['*'], ['usage:write'], ['profile:read']) {
		my $lacks = $p->new_key($user, scopes => $scopes);
		problem_is($p->get("$at/limits", token => $lacks->{api_key}), 403, { reason => 'scope' }, "scopes @$scopes");
	}
	my $old = $p->new_key($user, scopes => ['usage:read']);
	$p->sql("UPDATE api_keys SET opens_rest = FALSE WHERE id = '$old->{key_info}{id}'");
	problem_is($p->get("$at/limits", token => $old->{api_key}), 403, { reason => 'scope' }, 'a key of an older version');
	status_is($p->patch("/api/keys/$old->{key_info}{id}", { name => 'new' }, @me), 200, 'its name is changed');
	problem_is($p->get("$at/limits", token => $old->{api_key}), 403, { reason => 'scope' }, 'which opens nothing');
	ok($p->patch("/api/keys/$old->{key_info}{id}", { scopes => ['usage:read'] }, @me)->{json}{opens_rest}, 'its scopes are set');
	status_is($p->get("$at/limits", token => $old->{api_key}), 200, 'by its owner: it does');
	my $made = JSON::PP::decode_json($p->cli('key', 'create', $user->{email}, '--scopes', 'usage:read', '--json')->{out});
	$p->sql("UPDATE api_keys SET opens_rest = FALSE WHERE id = '$made->{key_info}{id}'");
	ok(!$p->patch("/api/keys/$made->{key_info}{id}", { scopes => ['usage:read'] }, @me)->{json}{opens_rest}, "an administrator's stays as it was");
	my $admin = $p->setup_admin;
	my $his = $p->new_key($admin, scopes => ['usage:read']);
	problem_is($p->get("$at/limits", token => $his->{api_key}), 404, {}, "an administrator's key has his own rows");
}

sub most {
	my ($p) = @_;
	$p->{env}{MAX_KEYS_PER_USER} = 4;
	$p->restart;
	my $user = $p->approved_user;
	my @codes = at_once(map { sub { $p->post('/api/keys', { name => 'x' }, token => $user->{token})->{status} } } 1 .. 8);
	is(join(' ', sort @codes), '201 201 201 201 409 409 409 409', 'eight at once, four fit');
	my $keys = $p->get('/api/keys', token => $user->{token})->{json}{api_keys};
	is(scalar @$keys, 4, 'four there are');
	$p->delete("/api/keys/$keys->[0]{id}", token => $user->{token});
	status_is($p->post('/api/keys', { name => 'x' }, token => $user->{token}), 201, 'a revoked one makes space');
}

each_backend(sub {
	my ($p) = @_;
	my ($user, $other) = map { $p->approved_user } 1 .. 2;
	subtest making => sub { making($p, $user) };
	as_a_resource($p);
	subtest metadata => sub { metadata($p, $user) };
	subtest reading => sub { reading($p, $user, $other) };
	subtest changing => sub { changing($p, $user) };
	subtest granted => sub { granted($p, $user) };
	subtest own => sub { own($p, $other) };
	subtest revoking => sub { revoking($p, $user) };
	subtest filters => sub { filters($p) };
	subtest folding => sub { folding($p) };
	subtest places => sub { places($p) };
	subtest opening => sub { opening($p) };
	subtest rotating => sub { rotating($p, $user) };
	subtest most => sub { most($p) };
}, env => { PIERRE_CLOCK_OFFSET => mid_month() });
done_testing;
