package Pierre::ParityCases;
# The cases of tests/http/parity.t: what a row says is in Pierre::Parity. They are one
# story, so that ids mean something in each answer; the numbers are those of the
# original's 116 operations.
use strict;
use warnings;
use Exporter 'import';
use JSON::PP ();

our @EXPORT = qw(parity_cases);

my ($TRUE, $FALSE) = (JSON::PP::true, JSON::PP::false);
my $NOBODY = '00000000-0000-4000-8000-000000000000';
my $PASSWORD = 'correct horse battery';
my $NEW = 'an entirely new password';

sub parity_cases { return (start(), users(), passwords(), tenants(), keys_and_limits(), keys_of_all(), admin_tokens(), administration(), audit(), errors(), ends()) }

# --- 1.1 lifecycle, setup ---------------------------------------------------------
sub start {
	return (
		[ 'the schema is there', [1], undef, sh => [qw(db status --json)], undef, 0,
			differs => [ qr/"(?:backend|path|\w+_bytes)":[^,}]*/, 'which backend, and the size of the file that SQLite is' ] ],
		[ 'migrated again', [2], undef, sh => [qw(db migrate)], undef, 0 ],
		[ 'nobody is there', [8], undef, sh => [qw(stats --json)], undef, 0 ],
		[ 'setup is needed', [], undef, GET => '/admin/setup-status', undef, 200 ],
		[ 'a wrong setup token', [3], undef, POST => '/admin/setup', { email => 'admin@example.org', password => $PASSWORD, setup_token => 'setup_' . 'x' x 43 }, 401 ],
		[ 'a setup token', [], undef, sh => [qw(admin setup-token --json)], undef, 0, keep => { setup => 'setup_token' } ],
		[ 'the first admin', [3], undef, POST => '/admin/setup',
			{ email => 'admin@example.org', password => $PASSWORD, display_name => 'Admin', setup_token => '{setup}' }, 201,
			keep => { admin => 'admin_token', admin_id => 'user_id' } ],
		[ 'setup once', [3], undef, POST => '/admin/setup', { email => 'b@example.org', password => $PASSWORD, setup_token => '{setup}' }, 409 ],
		[ 'setup is done', [], undef, GET => '/admin/setup-status', undef, 200 ],
		map { [ "health: $_", [1], undef, GET => $_, undef, 200 ] } qw(/health /health/live /health/ready /admin/health /version),
	);
}

# --- 1.2 users --------------------------------------------------------------------
sub person {
	my ($name, %more) = @_;
	my %in = (email => ucfirst($name) . '@Example.org', password => $PASSWORD);
	return (
		[ "register $name", [3], undef, POST => '/api/auth/register', { %in, display_name => ucfirst $name }, 201, keep => { "${name}_id" => 'user_id' } ],
		[ "approve $name", [10], 'admin', POST => "/admin/approve-user/{${name}_id}", {}, 200 ],
		login($name),
	);
}
sub login {
	my ($name, $password) = @_;
	return [ "log $name in", [ 5, 6, 7 ], undef, POST => '/api/auth/login', { email => "$name\@example.ORG", password => $password // $PASSWORD }, 200,
		keep => { $name => 'access_token', "${name}_refresh" => 'refresh_token' } ];
}

sub users {
	return (
		[ 'register', [3], undef, POST => '/api/auth/register', { email => 'Anna@Example.org', password => $PASSWORD, display_name => "\x{c5}nna" }, 201,
			keep => { anna_id => 'user_id' } ],
		[ 'the same address', [3], undef, POST => '/api/auth/register', { email => 'aNNA@example.ORG', password => $PASSWORD }, 409 ],
		(map { [ "no address: $_", [3], undef, POST => '/api/auth/register', { email => $_, password => $PASSWORD }, 422 ] } 'plain', 'a@b', '@example.org'),
		[ 'a short password', [3], undef, POST => '/api/auth/register', { email => 'x@example.org', password => 'short' }, 422 ],
		[ 'no password', [3], undef, POST => '/api/auth/register', { email => 'x@example.org' }, 422 ],
		[ 'pending', [ 7, 10 ], undef, POST => '/api/auth/login', { email => 'anna@example.org', password => $PASSWORD }, 403 ],
		[ 'who is pending', [9], 'admin', GET => '/admin/pending-users', undef, 200 ],
		[ 'approve', [10], 'admin', POST => '/admin/approve-user/{anna_id}', {}, 200 ],
		[ 'approve nobody', [10], 'admin', POST => "/admin/approve-user/$NOBODY", {}, 404 ],
		login('anna'),
		[ 'a wrong password', [5], undef, POST => '/api/auth/login', { email => 'anna@example.org', password => 'wrong wrong wrong' }, 401 ],
		[ 'no such account', [5], undef, POST => '/api/auth/login', { email => 'nobody@example.org', password => 'wrong wrong wrong' }, 401 ],
		person('bert'), person('carl'),
		[ 'own account', [4], 'anna', GET => '/api/user', undef, 200 ],
		[ 'another name', [4], 'anna', PATCH => '/api/user', { display_name => 'Anna "the fast"' }, 200 ],
		[ 'no name', [4], 'anna', PATCH => '/api/user', { display_name => undef }, 200 ],
		[ 'a role is not his to give', [4], 'anna', PATCH => '/api/user', { role => 'admin' }, 422 ],
		[ 'by id', [4], 'admin', GET => '/admin/users/{anna_id}', undef, 200 ],
		[ 'by no id', [4], 'admin', GET => '/admin/users/junk', undef, 404 ],
		[ 'by e-mail', [ 5, 6 ], 'admin', GET => '/admin/users?email=ANNA@example.org', undef, 200 ],
		[ 'by an e-mail of nobody', [ 5, 6 ], 'admin', GET => '/admin/users?email=nobody@example.org', undef, 200 ],
		[ 'by status', [9], 'admin', GET => '/admin/users?status=active', undef, 200 ],
		[ 'by no status', [9], 'admin', GET => '/admin/users?status=odd', undef, 422 ],
		[ 'a page', [9], 'admin', GET => '/admin/users?limit=2', undef, 200, keep => { cursor => 'data.next_cursor' } ],
		[ 'the next', [9], 'admin', GET => '/admin/users?limit=2&cursor={cursor}', undef, 200 ],
		[ 'no cursor', [9], 'admin', GET => '/admin/users?cursor=junk', undef, 422 ],
		[ 'the shell lists them', [9], undef, sh => [qw(user list --status active --json)], undef, 0 ],
		[ 'the shell shows one', [4], undef, sh => [qw(user show anna@example.org --json)], undef, 0 ],
		[ 'a tier', [10], 'admin', PATCH => '/admin/users/{bert_id}', { tier => 'professional' }, 200 ],
		[ 'no tier', [10], 'admin', PATCH => '/admin/users/{bert_id}', { tier => 'gold' }, 422 ],
		[ 'pending again', [10], 'admin', PATCH => '/admin/users/{carl_id}', { user_status => 'pending' }, 200 ],
		[ 'his session has ended', [10], 'carl', GET => '/api/user', undef, 401 ],
		[ 'active again', [10], 'admin', PATCH => '/admin/users/{carl_id}', { user_status => 'active' }, 200 ],
		login('carl'),
		[ 'suspend', [10], 'admin', POST => '/admin/suspend-user/{carl_id}', { reason => 'unpaid' }, 200 ],
		[ 'at once', [10], 'carl', GET => '/api/user', undef, 403 ],
		[ 'and back', [10], 'admin', POST => '/admin/approve-user/{carl_id}', {}, 200 ],
		login('carl'),
		[ 'the last super_admin stays', [10], 'admin', PATCH => '/admin/users/{admin_id}', { user_status => 'suspended' }, 409 ],
		[ 'stats', [ 8, 53 ], 'admin', GET => '/admin/stats', undef, 200 ],
	);
}

# --- sessions, passwords ------------------------------------------------------------
sub passwords {
	return (
		[ 'sessions', [], 'anna', GET => '/api/auth/sessions', undef, 200 ],
		[ 'refresh', [], undef, POST => '/api/auth/refresh', { refresh_token => '{anna_refresh}' }, 200, keep => { anna => 'access_token', anna_refresh2 => 'refresh_token' } ],
		[ 'a refresh token of nobody', [], undef, POST => '/api/auth/refresh', { refresh_token => 'junk' }, 401 ],
		[ 'a wrong current password', [], 'anna', POST => '/api/auth/password', { current_password => 'not my password', new_password => $NEW }, 401 ],
		[ 'another password', [], 'anna', POST => '/api/auth/password', { current_password => $PASSWORD, new_password => $NEW }, 200 ],
		[ 'a reset token', [], 'admin', POST => '/admin/users/{anna_id}/reset-password', undef, 201, keep => { reset => 'reset_token' } ],
		[ 'too short', [], undef, POST => '/api/auth/complete-reset', { reset_token => '{reset}', new_password => 'short' }, 422 ],
		[ 'reset', [], undef, POST => '/api/auth/complete-reset', { reset_token => '{reset}', new_password => $PASSWORD }, 200 ],
		[ 'once', [], undef, POST => '/api/auth/complete-reset', { reset_token => '{reset}', new_password => $PASSWORD }, 401 ],
		[ 'the session has ended', [], 'anna', GET => '/api/user', undef, 401 ],
		login('anna'),
		[ 'log out', [], 'carl', POST => '/api/auth/logout', undef, 200 ],
		[ 'is out', [], 'carl', GET => '/api/user', undef, 401 ],
		login('carl'),
	);
}

# --- 1.12 tenants -------------------------------------------------------------------
sub tenants {
	return (
		[ 'own tenants', [ 90, 92 ], 'anna', GET => '/api/tenants', undef, 200 ],
		[ 'a team', [87], 'anna', POST => '/api/tenants', { name => "\x{c9}quipe", slug => 'equipe', domain => 'equipe.example' }, 201, keep => { team => 'tenant_id' } ],
		[ 'its slug is taken', [87], 'bert', POST => '/api/tenants', { name => 'x', slug => 'equipe' }, 409 ],
		[ 'its domain is taken', [87], 'bert', POST => '/api/tenants', { name => 'x', domain => 'equipe.example' }, 409 ],
		[ 'a plan above the tier', [87], 'anna', POST => '/api/tenants', { name => 'x', plan => 'enterprise' }, 403 ],
		(map { [ "no slug: $_", [87], 'anna', POST => '/api/tenants', { name => 'x', slug => $_ }, 422 ] } 'admin', 'Team', '-x', 'x' x 64),
		[ 'by id', [88], 'anna', GET => '/api/tenants/{team}', undef, 200 ],
		[ "another's", [88], 'bert', GET => '/api/tenants/{team}', undef, 404 ],
		[ 'by slug', [89], 'anna', GET => '/api/tenants?slug=equipe', undef, 200 ],
		[ "by another's slug", [89], 'bert', GET => '/api/tenants?slug=equipe', undef, 200 ],
		[ 'change it', [87], 'anna', PATCH => '/api/tenants/{team}', { name => 'Team', domain => undef }, 200 ],
		[ 'invite', [], 'anna', POST => '/api/tenants/{team}/invitations', { email => 'BERT@example.org', role => 'member' }, 201, keep => { invitation => 'invitation_token' } ],
		[ 'invite an owner', [], 'anna', POST => '/api/tenants/{team}/invitations', { email => 'carl@example.org', role => 'owner' }, 422 ],
		[ 'invitations', [], 'anna', GET => '/api/tenants/{team}/invitations', undef, 200 ],
		[ "another's invitation", [], 'carl', POST => '/api/tenants/invitations/accept', { invitation_token => '{invitation}' }, 403 ],
		[ 'accept', [92], 'bert', POST => '/api/tenants/invitations/accept', { invitation_token => '{invitation}' }, 200 ],
		[ 'once', [], 'bert', POST => '/api/tenants/invitations/accept', { invitation_token => '{invitation}' }, 409 ],
		[ 'invite another', [], 'anna', POST => '/api/tenants/{team}/invitations', { email => 'carl@example.org', role => 'viewer' }, 201, keep => { second => 'invitation_id' } ],
		[ 'take it back', [], 'anna', DELETE => '/api/tenants/{team}/invitations/{second}', undef, 204 ],
		[ 'members', [92], 'bert', GET => '/api/tenants/{team}/members', undef, 200 ],
		[ 'a page of members', [92], 'bert', GET => '/api/tenants/{team}/members?limit=1', undef, 200, keep => { cursor => 'next_cursor' } ],
		[ 'the next', [92], 'bert', GET => '/api/tenants/{team}/members?limit=1&cursor={cursor}', undef, 200 ],
		[ 'a member gives no role', [92], 'bert', PATCH => '/api/tenants/{team}/members/{anna_id}', { role => 'viewer' }, 403 ],
		[ 'a role', [92], 'anna', PATCH => '/api/tenants/{team}/members/{bert_id}', { role => 'billing' }, 200 ],
		[ 'the last owner', [92], 'anna', DELETE => '/api/tenants/{team}/members/{anna_id}', undef, 409 ],
		[ 'switch', [90], 'bert', POST => '/api/tenants/switch', { tenant_id => '{team}' }, 200, keep => { bert => 'access_token' } ],
		[ "switch to another's", [90], 'carl', POST => '/api/tenants/switch', { tenant_id => '{team}' }, 404 ],
		[ 'switch to no id', [90], 'carl', POST => '/api/tenants/switch', { tenant_id => 'x' }, 422 ],
		[ 'billing makes no key', [38], 'bert', POST => '/api/keys', { name => 'x' }, 403 ],
		[ 'two tenants', [90], 'bert', GET => '/api/tenants', undef, 200 ],
		[ 'all tenants', [91], 'admin', GET => '/admin/tenants?q=equipe', undef, 200 ],
		[ 'of a plan', [91], 'admin', GET => '/admin/tenants?plan=enterprise', undef, 200 ],
		[ 'active maybe', [91], 'admin', GET => '/admin/tenants?active=maybe', undef, 422 ],
		[ 'not for users', [91], 'anna', GET => '/admin/tenants', undef, 403 ],
		[ 'a default tenant', [11], 'admin', PATCH => '/admin/users/{anna_id}', { tenant_id => '{team}' }, 200 ],
		[ 'one that is not his', [11], 'admin', PATCH => '/admin/users/{carl_id}', { tenant_id => '{team}' }, 422 ],
		[ 'the shell lists members', [92], undef, sh => [qw(member list equipe --json)], undef, 0 ],
		[ 'the shell shows it', [88], undef, sh => [qw(tenant show equipe --json)], undef, 0 ],
	);
}

# --- 1.7 keys, limits ---------------------------------------------------------------
sub keys_and_limits {
	return (
		login('anna'), login('bert'),
		[ 'a key', [38], 'bert', POST => '/api/keys', { name => "cl\x{e9}", description => 'x', scopes => [ 'read', 'a b' ] }, 422 ],
		[ 'a key', [38], 'bert', POST => '/api/keys', { name => "cl\x{e9}", description => 'x', scopes => [ 'write', 'read' ], rate_limit_requests => 3 }, 201,
			keep => { key => 'api_key', key_id => 'key_info.id' } ],
		[ 'above the tier', [38], 'anna', POST => '/api/keys', { name => 'x', tier => 'enterprise' }, 403 ],
		[ 'a trial', [38], 'bert', POST => '/api/keys', { name => 'trial', tier => 'trial' }, 201, keep => { trial => 'api_key', trial_id => 'key_info.id' } ],
		[ 'list', [40], 'bert', GET => '/api/keys', undef, 200 ],
		[ 'a page', [40], 'bert', GET => '/api/keys?limit=1', undef, 200, keep => { cursor => 'next_cursor' } ],
		[ 'the next', [40], 'bert', GET => '/api/keys?limit=1&cursor={cursor}', undef, 200 ],
		[ 'by id', [41], 'bert', GET => '/api/keys/{key_id}', undef, 200 ],
		[ "another's", [41], 'anna', GET => '/api/keys/{key_id}', undef, 404 ],
		[ 'change it', [41], 'bert', PATCH => '/api/keys/{key_id}', { name => 'bike', expires_at => '2099-01-01T01:00:00+01:00' }, 200 ],
		[ 'change nothing', [41], 'bert', PATCH => '/api/keys/{key_id}', {}, 200 ],
		[ 'to nothing', [41], 'bert', PATCH => '/api/keys/{key_id}', { name => ' ' }, 422 ],
		(map { [ "verify, $_", [ 39, 47 ], 'key key', GET => '/verify', undef, 200 ] } 1 .. 3),
		[ 'one too many', [ 39, 47 ], 'key key', GET => '/verify', undef, 429 ],
		[ 'where it stands', [48], 'bert', GET => '/api/keys/{key_id}/limits', undef, 200 ],
		[ 'what it did', [47], 'bert', GET => '/api/keys/{key_id}/usage?bucket=day&by_route=true', undef, 200, until => sub { $_[0]{total_requests} == 3 } ],
		[ 'of no day', [47], 'bert', GET => '/api/keys/{key_id}/usage?start_date=yesterday', undef, 422 ],
		[ "another's usage", [47], 'anna', GET => '/api/keys/{key_id}/usage', undef, 404 ],
		[ 'a session', [39], 'bert', GET => '/verify', undef, 200 ],
		[ 'an unknown key', [39], 'junk', GET => '/verify', undef, 401 ],
		[ 'revoke', [43], 'bert', DELETE => '/api/keys/{key_id}', undef, 200 ],
		[ 'again', [43], 'bert', DELETE => '/api/keys/{key_id}', undef, 200 ],
		[ 'is revoked', [ 39, 43 ], 'key key', GET => '/verify', undef, 401 ],
		[ 'revoke none', [43], 'bert', DELETE => "/api/keys/$NOBODY", undef, 404 ],
		[ 'the shell makes one', [38], undef, sh => [qw(key create bert@example.org --json --name shell --scopes read)], undef, 0, keep => { shell_id => 'key_info.id' } ],
		[ 'lists them', [40], undef, sh => [qw(key list bert@example.org --json)], undef, 0 ],
		[ 'and revokes one', [43], undef, sh => [ qw(key revoke --json), '{shell_id}' ], undef, 0 ],
	);
}

# Keys that replace others, that open routes, that are imported; those of all users.
# The one call of each of the first n keys with that name is in the counters.
sub counted {
	my ($reply, $n) = @_;
	return $n == grep { $_->{name} eq 'net' && $_->{usage_count} == 1 } @{ $reply->{data}{keys} };
}

sub keys_of_all {
	my $hash = 'sha256-plain:' . 'ab' x 32;
	return (
		[ 'a key with a network', [38], 'bert', POST => '/api/keys',
			{ name => 'net', allowed_cidrs => [ '10.0.0.0/8', '::1/128' ], metadata => { b => 1, a => [ 1.5, "\x{e9}" ] }, scopes => ['profile:read'] }, 201,
			keep => { net => 'api_key', net_id => 'key_info.id' } ],
		[ 'from another one', [39], 'key net', GET => '/verify', undef, 403 ],
		[ 'no network', [38], 'bert', POST => '/api/keys', { name => 'x', allowed_cidrs => ['10.0.0.1/8'] }, 422 ],
		[ 'from everywhere', [41], 'bert', PATCH => '/api/keys/{net_id}', { allowed_cidrs => [] }, 200 ],
		[ 'opens a route', [ 4, 39 ], 'key net', GET => '/api/user', undef, 200 ],
		[ 'and no other', [39], 'key net', GET => '/api/keys/{net_id}/usage', undef, 403 ],
		[ 'rotate', [38], 'bert', POST => '/api/keys/{net_id}/rotate', { overlap_seconds => 0 }, 201, keep => { net2 => 'api_key', net2_id => 'key_info.id' } ],
		[ 'the old one has ended', [ 39, 45 ], 'key net', GET => '/verify', undef, 401 ],
		[ 'the new one is good', [39], 'key net2', GET => '/verify', undef, 200 ],
		[ 'not twice', [38], 'bert', POST => '/api/keys/{net_id}/rotate', {}, 409 ],
		[ 'sweep', [45], undef, sh => [qw(key expire --json)], undef, 0, differs => [ sub { 1 }, 'the service may have done so' ] ],
		[ 'again', [45], undef, sh => [qw(key expire --json)], undef, 0 ],
		[ 'expired ones, when its call was counted', [46], 'admin', GET => '/admin/list-api-keys?state=expired', undef, 200,
			until => sub { counted($_[0], 1) } ],
		[ 'of one user', [ 40, 44 ], 'admin', GET => '/admin/list-api-keys?user_email=BERT@example.org&state=all', undef, 200,
			until => sub { counted($_[0], 2) } ],
		[ 'by tier and text', [44], 'admin', GET => '/admin/list-api-keys?tier=trial&q=tri&active_only=false', undef, 200 ],
		[ 'a page', [44], 'admin', GET => '/admin/list-api-keys?state=all&limit=2', undef, 200, keep => { cursor => 'data.next_cursor' } ],
		[ 'the next', [44], 'admin', GET => '/admin/list-api-keys?state=all&limit=2&cursor={cursor}', undef, 200 ],
		[ 'no state', [44], 'admin', GET => '/admin/list-api-keys?state=odd', undef, 422 ],
		[ 'his own by state', [ 40, 44 ], 'bert', GET => '/api/keys?state=active&q=net', undef, 200 ],
		[ 'an administrator revokes', [43], 'admin', POST => '/admin/revoke-api-key', { api_key_id => '{net2_id}', reason => 'leaked' }, 200 ],
		[ 'none', [43], 'admin', POST => '/admin/revoke-api-key', { api_key_id => $NOBODY }, 404 ],
		[ 'the shell lists them', [ 40, 46 ], undef, sh => [qw(key list --all --state expired --json)], undef, 0 ],
		[ 'import', [38], undef, sh => [qw(key import - --json)], qq({"user_email":"bert\@example.org","name":"old","hash":"$hash"}\n), 0 ],
		[ 'it is there', [40], 'bert', GET => '/api/keys?q=old', undef, 200 ],
	);
}

# --- 1.11 admin tokens ----------------------------------------------------------------
sub admin_tokens {
	return (
		[ 'make one', [77], 'admin', POST => '/admin/tokens', { service_name => 'billing', permissions => [qw(provision_keys list_keys view_audit_logs)], expires_in_days => 30 }, 201,
			keep => { tok => 'token', tok_id => 'token_id', tok_prefix => 'token_prefix' } ],
		[ 'no permission', [77], 'admin', POST => '/admin/tokens', { service_name => 'x', permissions => ['everything'] }, 422 ],
		[ 'a token makes none', [77], 'tok', POST => '/admin/tokens', { service_name => 'x' }, 401 ],
		[ 'by id', [78], 'admin', GET => '/admin/tokens/{tok_id}', undef, 200 ],
		[ 'by no id', [78], 'admin', GET => "/admin/tokens/$NOBODY", undef, 404 ],
		[ 'by prefix', [79], 'admin', GET => '/admin/tokens?prefix={tok_prefix}', undef, 200 ],
		[ 'list', [80], 'admin', GET => '/admin/tokens?include_inactive=true', undef, 200 ],
		[ 'without permission', [78], 'tok', GET => '/admin/tokens/{tok_id}', undef, 403 ],
		[ 'what it is', [82], 'tok', GET => '/admin/token-info', undef, 200 ],
		[ 'it makes a key', [ 83, 85 ], 'tok', POST => '/admin/provision-api-key',
			{ user_email => 'carl@example.org', tier => 'starter', rate_limit_requests => 7, rate_limit_period => 'day', description => 'sold' }, 201, keep => { sold_id => 'api_key_id', sold => 'api_key' } ],
		[ 'of nobody', [83], 'tok', POST => '/admin/provision-api-key', { user_email => 'nobody@example.org', tier => 'starter' }, 404 ],
		[ 'of no tier', [83], 'tok', POST => '/admin/provision-api-key', { user_email => 'carl@example.org', tier => 'gold' }, 422 ],
		[ 'provisioned keys', [86], 'tok', GET => '/admin/provisioned-keys?token_id={tok_id}', undef, 200 ],
		[ 'its calls', [84], 'admin', GET => '/admin/tokens/{tok_id}/usage', undef, 200 ],
		[ 'a page of them', [84], 'admin', GET => '/admin/tokens/{tok_id}/usage?limit=2', undef, 200, keep => { cursor => 'next_cursor' } ],
		[ 'the next', [84], 'admin', GET => '/admin/tokens/{tok_id}/usage?limit=2&cursor={cursor}', undef, 200 ],
		[ 'from junk', [84], 'admin', GET => '/admin/tokens/{tok_id}/usage?from=junk', undef, 422 ],
		[ 'counted', [ 78, 82 ], 'admin', GET => '/admin/tokens/{tok_id}', undef, 200 ],
		[ 'rotate', [81], 'admin', POST => '/admin/tokens/{tok_id}/rotate', { overlap_seconds => 0 }, 201, keep => { tok2 => 'new_token.token', tok2_id => 'new_token.token_id' } ],
		[ 'the old one has ended', [81], 'tok', GET => '/admin/token-info', undef, 401 ],
		linked(),
		[ 'the new one reads the audit trail', [108], 'tok2', GET => '/admin/audit?event_type=ApiKeyCreated&limit=2', undef, 200 ],
		[ 'it ends itself', [81], 'tok2', POST => '/admin/tokens/{tok2_id}/revoke', undef, 200 ],
		[ 'so', [81], 'tok2', GET => '/admin/token-info', undef, 401 ],
	);
}

# --- administrators -------------------------------------------------------------------
sub administration {
	return (
		[ 'another limit', [], 'admin', POST => '/admin/update-key-limits', { api_key_id => '{sold_id}', rate_limit_requests => 2, rate_limit_period => 'week' }, 200 ],
		[ 'of no key', [], 'admin', POST => '/admin/update-key-limits', { api_key_id => $NOBODY, rate_limit_requests => 2 }, 404 ],
		[ 'is told', [48], 'key sold', GET => '/verify', undef, 200 ],
		[ 'a ceiling', [], 'admin', PATCH => '/admin/tenants/{team}', { plan => 'professional', rate_limit_requests => 5, rate_limit_period => 'week', limit_mode => 'observe' }, 200 ],
		[ 'no ceiling', [], 'admin', PATCH => '/admin/tenants/{team}', { rate_limit_requests => 0 }, 422 ],
		[ 'suspend a tenant', [], 'admin', POST => '/admin/suspend-tenant/{team}', undef, 200 ],
		[ 'its owner sees it', [88], 'anna', GET => '/api/tenants', undef, 401 ],
		login('anna'),
		[ 'so', [88], 'anna', GET => '/api/tenants/{team}', undef, 200 ],
		[ 'and changes nothing', [87], 'anna', PATCH => '/api/tenants/{team}', { name => 'x' }, 403 ],
		[ 'resume it', [], 'admin', POST => '/admin/resume-tenant/{team}', undef, 200 ],
		[ 'a role', [10], 'admin', PATCH => '/admin/users/{carl_id}', { role => 'admin' }, 200 ],
		[ 'an admin gives none', [10], 'carl', PATCH => '/admin/users/{bert_id}', { role => 'admin' }, 403 ],
		[ 'nor acts on a super_admin', [10], 'carl', POST => '/admin/suspend-user/{admin_id}', {}, 403 ],
		[ 'but sees users', [9], 'carl', GET => '/admin/users?limit=1', undef, 200 ],
	);
}

# --- 1.14 audit -------------------------------------------------------------------------
# The linker is behind by a quarter of a second.
sub linked { return [ 'the audit trail is whole', [107], undef, sh => [qw(audit verify --json)], undef, 0, until => sub { $_[0] && !$_[0]{waiting} },
	differs => [ qr/"links":\d+/, 'it counts while the linker works' ] ] }

# Of events, in an order that does not hang on ids, which are drawn: two of one moment
# stand and are linked in the order of theirs.
sub in_order {
	my ($events) = @_;
	my %at;
	$at{"$_->{timestamp} $_->{chain}"}++ for @$events;
	return [ map { $at{"$_->{timestamp} $_->{chain}"} > 1 ? { %$_, seq => 'either' } : $_ }
		sort { "$b->{timestamp} $a->{event_type}" cmp "$a->{timestamp} $b->{event_type}" } @$events ];
}

sub audit {
	return (
		linked(),
		[ 'own events', [108], 'bert', GET => '/api/user/audit', undef, 200 ],
		[ 'of one type', [108], 'bert', GET => '/api/user/audit?event_type=ApiKeyCreated&limit=1', undef, 200, keep => { cursor => 'next_cursor' } ],
		[ 'the next', [108], 'bert', GET => '/api/user/audit?event_type=ApiKeyCreated&limit=1&cursor={cursor}', undef, 200 ],
		[ 'of no severity', [108], 'bert', GET => '/api/user/audit?severity=loud', undef, 422 ],
		[ 'all events', [ 107, 108 ], 'admin', GET => '/admin/audit?limit=200', undef, 200,
			differs => [ sub { in_order($_[0]{data}{events}) }, 'the order of events of one moment is that of ids, which are drawn' ] ],
		[ 'failures', [108], 'admin', GET => '/admin/audit?result=failure&severity=Warning', undef, 200 ],
		[ 'of a tenant', [108], 'admin', GET => '/admin/audit?tenant_id={team}', undef, 200 ],
		[ 'not for users', [108], 'anna', GET => '/admin/audit', undef, 403 ],
		[ 'the shell lists them', [108], undef, sh => [qw(audit list --json --type UserLogin)], undef, 0 ],
		[ 'and its heads', [107], undef, sh => [qw(audit head --json)], undef, 0,
			differs => [ sub { [ sort map { "$_->{seq} " . join ' ', sort keys %$_ } @{ $_[0] } ] }, 'they are in the order of ids, which are drawn' ] ],
	);
}

# --- errors that no operation has to itself ----------------------------------------------
sub errors {
	return (
		[ 'nobody', [], undef, GET => '/api/keys', undef, 401 ],
		[ 'no route', [], 'anna', GET => '/api/nothing', undef, 404 ],
		[ 'no method', [], 'anna', PUT => '/api/keys', {}, 405 ],
		[ 'no JSON', [], 'anna', POST => '/api/keys', '{"name":', 400 ],
		[ 'a name twice', [], 'anna', POST => '/api/keys', '{"name":"a","name":"b"}', 400 ],
		[ 'an unknown member', [], 'anna', POST => '/api/keys', { name => 'x', color => 'red' }, 422 ],
		[ 'another type', [], 'anna', POST => '/api/keys', { name => 7 }, 422 ],
		[ 'NUL', [], 'anna', POST => '/api/keys', { name => "a\0b" }, 400 ],
		[ 'a query that is none', [], 'anna', GET => '/api/keys?offset=1', undef, 422 ],
		[ 'two limits', [], 'anna', GET => '/api/keys?limit=1&limit=2', undef, 422 ],
	);
}

# --- what ends -----------------------------------------------------------------------------
sub ends {
	return (
		[ 'delete with members', [], 'anna', DELETE => '/api/tenants/{team}', { confirm => 'equipe' }, 409 ],
		[ 'delete by mistake', [], 'anna', DELETE => '/api/tenants/{team}?members=remove', { confirm => 'x' }, 422 ],
		[ 'delete', [], 'anna', DELETE => '/api/tenants/{team}?members=remove', { confirm => 'equipe' }, 204 ],
		[ 'is gone', [88], 'anna', GET => '/api/tenants/{team}', undef, 404 ],
		[ 'its slug stays taken', [87], 'anna', POST => '/api/tenants', { name => 'x', slug => 'equipe' }, 409 ],
		[ 'restored', [], undef, sh => [qw(tenant restore equipe --json)], undef, 0 ],
		[ 'with its members', [92], 'anna', GET => '/api/tenants/{team}/members', undef, 200 ],
		[ 'numbers at the end', [ 8, 53 ], 'admin', GET => '/admin/stats', undef, 200 ],
	);
}

1;
