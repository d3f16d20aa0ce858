#!/usr/bin/perl
# Each statement on rows that have an owner holds the scope of its caller
# (include/store/scope.h) and has its row in tests/db/op_scope.c, which takes the
# scope away and looks whether that is noticed, or is one of a resource whose routes
# resource_is() judges; or it stands here with the reason.
use strict;
use warnings;
use FindBin;
use Test::More;
chdir "$FindBin::Bin/../.." or die;

# table => column that names the owner, where that is not user_id
my %owner = (
	users => 'id', tenants => 'id', tenant_invitations => 'tenant_id',
	usage_counters => 'key_id', usage_routes => 'key_id', quota_leases => 'subject',
);
my %ownerless = (
	idempotency_keys => 'by the owner that op/claim.c takes from the actor, and a hash that has its tenant',
	audit_pending => 'ids alone, for the scheduler', audit_links => 'ids and hashes: the scheduler and the shell',
	audit_heads => 'hashes: the scheduler and the shell', audit_lease => 'one row, of the database',
	key_versions => 'of the service: the vault and the shell', system_secrets => 'of the service: the shell',
	changes => 'ids alone, for the cache of each host',
	admin_tokens => 'of the service: their statements hold :scope_all, for administrators',
	admin_token_usage => 'likewise', admin_provisioned_keys => 'likewise',
	instance => 'one row, of the database',
	known_time => 'one row, of the database',
	login_failures => 'by a hash of the address that was tried, before it is known whose it is',
	budget_windows => 'of an application or connection that the caller of op/budget.c has', provider_budgets => 'likewise, before 0017',
	usage_positions => 'what a host has recorded',
	usage_batches => 'what the recorder has not counted yet', usage_deltas => 'likewise; empty outside of its transaction',
);
my %without = (
	# a secret stands in for it
	key_by_prefix => 'the secret of the key is compared with the row',
	password_reset_by_hash => 'found by the hash of the reset token',
	password_reset_spend => 'found by the hash of the reset token',
	password_reset_password => 'of the user whose reset token password_reset_spend found',
	password_reset_others => 'likewise', password_reset_sessions => 'likewise',
	password_reset_insert => 'in the transaction that user_touch began in scope',
	password_reset_sweep => 'by time: the scheduler', password_reset_old => 'by time: the scheduler',
	session_by_access => 'found by the hash of the access token',
	session_by_family => 'found by the hash of the family secret',
	session_rotate => 'found by the hash of the family secret, and the refresh token',
	session_given => 'found by the hash of the family secret, and the refresh token',
	session_delete_reused => 'found by the hash of the family secret',
	session_owner_login => 'only over the password hash that was verified',
	user_by_email => 'a login, which asks for the password; op_user_get reads the row again in scope',
	connect_by_start => 'found by the hash of the secret in the link',
	connect_account => 'likewise', connect_start => 'likewise',
	connect_by_state => 'found by the hashes of state and cookie', connect_call_back => 'likewise',
	connect_get => 'of the row that connect_call_back found',
	# a new row: there is no WHERE
	provider_app_insert => 'of the owner in scope: there is no WHERE',
	connection_insert => 'of the user in scope, or of one who has connected', connect_insert => 'likewise',
	connect_bound => 'of the user in scope, with connect_insert',
	notification_insert => 'to the user of a connection',
	user_insert => 'makes an account: nobody owns it yet',
	key_insert => 'in the transaction that key_owner_lock began in scope',
	session_insert => 'whose password was right',
	tenant_insert => 'in the transaction that user_touch or key_owner_lock began in scope',
	member_insert => 'in the transaction that one of these or tenant_lock began in scope',
	invitation_insert => 'in the transaction that tenant_lock began in scope',
	key_owner_role => 'in the transaction that key_owner_lock began in scope',
	tenant_hold => 'in the transaction that key_owner_lock or session_owner_login began, or of one\'s own session',
	tenant_of_login => 'in the transaction that session_owner_login began',
	invitation_by_token => 'found by the hash of its token',
	invitation_accept => 'found by the hash of its token',
	# no row is shown or chosen
	user_count_shared => 'a number',
	provider_app_uses => 'a number', connect_old => 'a number',
	# of a connection or an attempt: the caller, who shows nothing
	provider_app_resolve => 'with the user and the tenant of the scope',
	provider_app_by_id => 'of a connection that was read', provider_app_hold => 'likewise',
	provider_app_break => 'likewise', provider_app_reopen => 'an operator, of an application that he names: shown to nobody',
	connection_place_hold => 'the caller, of a user whose tokens came',
	connection_by_id => 'the caller', connection_pending => 'the caller', connection_retry => 'the caller',
	connection_identify => 'the caller', connection_by_account => 'the caller', connection_of_user => 'the caller',
	connection_want_refresh => 'the caller', connection_end_one => 'the caller', connection_set_aside => 'the caller', connection_delete => 'the caller',
	connection_claim => 'the caller', connect_claim => 'the caller', connect_list_lost => 'the caller', connect_lose => 'the caller',
	refresh_ahead => 'the caller', refresh_list_due => 'the caller', refresh_list_awaited => 'of connections that a request has read: shown to nobody', refresh_sent => 'the caller',
	refresh_write => 'the caller, or a command with its spool', refresh_end => 'the caller', refresh_release => 'the caller',
	refresh_count => 'of the application of a connection that was claimed', refresh_degrade => 'likewise',
	refresh_others => 'a number', refresh_under_way => 'a number', refresh_hold_app => 'of a connection that was found',
	connect_page => 'shown to nobody: sealed again by another data key', connect_reseal => 'likewise', connect_count => 'a number',
	connection_page => 'likewise', connection_reseal => 'likewise', connection_count => 'a number',
	provider_app_page => 'likewise', provider_app_reseal => 'likewise', provider_app_count => 'a number',
	connect_waiting => 'the caller', connect_finish => 'the caller', connect_save => 'the caller',
	connect_sweep => 'by time: the scheduler',
	tenant_remove_connections => 'of a tenant that tenant_removable found', tenant_remove_apps => 'likewise',
	tenant_remove_connects => 'likewise', tenant_remove_notifications => 'likewise',
	# every row there is
	audit_insert => 'a new event: there is no WHERE',
	audit_fill => 'the scheduler: of events that wait',
	audit_unlinked => 'verify: the shell',
	audit_count_unchained => 'a number',
	user_list_not_ascii => 'migration 0008: shown to nobody',
	user_set_shared => 'migration 0008',
	user_take_shared => 'migration 0008',
	fill_user_page => 'the scheduler: shown to nobody',
	fill_key_page => 'the scheduler: shown to nobody',
	fill_users_missing => 'a number',
	fill_keys_missing => 'a number',
	fill_roles_missing => 'a number',
	fill_tenants => 'rows from before 0010: the scheduler',
	fill_owners => 'rows from before 0010: the scheduler',
	fill_keys => 'rows from before 0010: the scheduler',
	fill_roles => 'rows from before 0010: the scheduler',
	tenant_removable => 'by time: the scheduler', tenant_remove => 'by time: the scheduler',
	tenant_remove_lock => 'of a tenant that tenant_removable found', tenant_remove_keys => 'likewise',
	tenant_remove_members => 'of a tenant that tenant_removable found',
	invitation_sweep => 'by time: the scheduler', invitation_old => 'by time: the scheduler',
	admin_count => 'a number',
	admin_count_super_others => 'a number',
	session_sweep => 'by time: the scheduler',
	key_import => 'the owner is in the row; only with SCOPE_ALL',
	key_imported_exist => 'whether there is one, of whomever: the look-up by hash',
	key_expirable => 'by time: the scheduler and the shell',
	key_expire => 'by time: the scheduler and the shell',
	session_sweepable => 'by time: the scheduler',
	# no owner in the table: by the id of a key or user that was read in scope, or verified
	quota_lease => 'of a credential that was verified',
	quota_leased => 'op_limit_explain: of a key that was read in scope',
	quota_return => 'of a credential that was verified',
	quota_sweep => 'by time: the scheduler',
	usage_report => 'op_usage_report: of a key that was read in scope',
	usage_total => 'op_key_search: of keys that were read in scope',
	usage_row_insert => 'the recorder: of requests that were let through',
	usage_routes_extend => 'the recorder: of requests that were let through',
	usage_counters_add => 'the recorder: of requests that were let through',
);

# Each table has an owner, or stands above with the reason.
my %column;
for (map { slurp($_) } glob 'sql/sqlite/[0-9]*.sql sql/sqlite/*/[0-9]*.sql') {
	$column{$1} = $2 while /^CREATE TABLE (\w+) \((.*?)^\)/msg;
}
$owner{$_} //= 'user_id' for grep { !$ownerless{$_} && $column{$_} =~ /^\tuser_id /m } keys %column;
is(join(' ', grep { !$owner{$_} && !$ownerless{$_} } sort keys %column), '', 'each table has an owner, or the reason why not');
sub slurp { my ($file) = @_; open my $f, '<', $file or die "$file: $!"; local $/; return readline($f) // '' }

my (%text, %file);
for my $file (glob 'sql/*/*.sql') {
	next if $file =~ m{/\d+_\w+\.sql$};
	open my $f, '<', $file or die "$file: $!";
	my $name;
	while (<$f>) {
		if (/^-- name: (\w+)/) { $name = $1; $file{$name} = $file; next }
		s/--.*//;
		$text{$name} .= $_ if $name;
	}
}
ok(keys %text > 40, 'there are statements to look at');

my $tables = join '|', sort keys %owner;
my ($trials) = do { local (@ARGV, $/) = 'tests/db/op_scope.c'; <> } =~ /rows\[\] = \{(.*?)\n\};/s;
my $judged = join '', map { slurp($_) } glob 'tests/http/*.t';   # by tests/support/Pierre/Resource.pm
my (@open, @untried, %seen, $owned);
for my $name (sort keys %text) {
	my $sql = $text{$name};
	my ($table) = $sql =~ /\b(?:FROM|UPDATE|INTO|COPY)\s+($tables)\b/ or next;
	$seen{$name}++;
	next if $without{$name};
	$owned++;
	my $column = $owner{$table};
	# a new row is given the owner of the scope
	next if $sql =~ /^\s*INSERT INTO $table \(([^)]*)\)\s*VALUES \(([^)]*)\)/ && gives($1, $2, $column, ':scope_user');
	my ($where) = $sql =~ /\bWHERE\b(.*)/s or do { push @open, "$file{$name}: $name has no WHERE"; next };
	# the row may be given by its id beside the scope, not instead of it
	my $pair = $where =~ /\((?:\w\.)?$column = :scope_user OR :scope_all\)/ ||
		$where =~ /\((?:\w\.)?(?:tenant_)?id = :scope_tenant OR :scope_all\)/;
	# of a user, of a tenant, or of the server
	my $owner = $where =~ /^\s*\(user_id = :scope_user OR tenant_id = :scope_tenant OR \(owner = 'server' AND :scope_all\)\)/;
	my $all = $where =~ /(?:^|AND)\s+:scope_all\s*(?:AND|RETURNING|;|$)/;
	my $one = $where =~ /(?:^|AND)\s+(?:\w\.)?(?:$column = :scope_user|tenant_id = :scope_tenant)\b/;
	push @open, "$file{$name}: $name" unless $pair || $owner || $all || $one;
	push @untried, $name unless $trials =~ /\bSQL_\U$name\E\b/ || $judged =~ m{\bresource_is\([^,]+, '/api/$table'};
}
sub gives {
	my ($columns, $values, $column, $value) = @_;
	my @values = split /,\s*/, $values;
	my ($i) = grep { (split /,\s*/, $columns)[$_] eq $column } 0 .. $#values;
	return defined $i && $values[$i] eq $value;
}
# What a user has in a tenant is of the tenant of the scope.
is(join(' ', grep { $text{$_} =~ /\bapi_keys\b/ && $text{$_} =~ /:scope_user\b/ && $text{$_} !~ /COALESCE\(tenant_id, user_id\) = :scope_place OR :scope_places/ }
	sort keys %text), 'key_count_live', 'each statement on keys of a user is of the tenant too, but for how many there are');
cmp_ok($owned, '>=', 20, "$owned of them hold a scope");
is(join("\n", @open), '', 'each statement on rows with an owner holds the scope, or its reason stands here');
is(join("\n", @untried), '', 'and has its row in tests/db/op_scope.c, or a test that judges its resource');
is(join("\n", grep { !$seen{$_} } sort keys %without), '', 'no reason is left of a statement that is gone');

# These parameters have a scope's values, and no others.
my @given = grep { !/\.(scope_\w+) = \1_param\(/ } map { /(\.scope_\w+ = [^,]*)/g } `grep -rh '\.scope_' src include`;
my %found_in_scope = ('.scope_user = db_text(c->owner_id))' => 'of the owner whom key_owner_lock found in scope',
	'.scope_user = db_text(k->user_id)' => 'of the owner whom key_owner_lock found in scope');
is(join("\n", grep { !$found_in_scope{$_} } @given), '', 'a scope is given by store/scope.h');

# The kinds of scope are told apart in one place, scopes made in another.
my @told = grep { $_ ne 'include/model/scope.h' && $_ ne 'include/store/scope.h' && $_ ne 'src/op/scope.c' }
	split /\n/, `grep -rlE 'SCOPE_(USER|TENANT)\\b|struct scope\\)' src include`;
my %may = ('src/op/password.c' => 'one\'s own password is that of one user');
is(join("\n", grep { !$may{$_} } @told), '', 'scopes are made in op/scope.c alone');
done_testing;
