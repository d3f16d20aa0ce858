#!/usr/bin/perl
# Each statement on rows that have an owner holds the scope of its caller
# (include/store/scope.h) and has its row in tests/db/op_scope.c, which takes the
# scope away and looks whether that is noticed; or it stands here with the reason.
use strict;
use warnings;
use FindBin;
use Test::More;
chdir "$FindBin::Bin/../.." or die;

# table => column that names the owner
my %owner = (
	users => 'id', sessions => 'user_id', api_keys => 'user_id', tenants => 'id', tenant_users => 'user_id',
	usage_rows => 'user_id', usage_counters => 'key_id', usage_routes => 'key_id', quota_leases => 'subject',
);
my %without = (
	# a secret stands in for it
	key_by_prefix => 'the secret of the key is compared with the row',
	session_by_access => 'found by the hash of the access token',
	session_by_family => 'found by the hash of the family secret',
	session_rotate => 'found by the hash of the family secret, and the refresh token',
	session_given => 'found by the hash of the family secret, and the refresh token',
	session_delete_reused => 'found by the hash of the family secret',
	session_owner_login => 'only over the password hash that was verified',
	user_by_email => 'a login, which asks for the password; op_user_get reads the row again in scope',
	# a new row: there is no WHERE
	user_insert => 'makes an account: nobody owns it yet',
	key_insert => 'in the transaction that key_owner_lock began in scope',
	session_insert => 'in the transaction that session_owner_login began',
	tenant_insert => 'in the transaction that user_touch began in scope',
	tenant_user_insert => 'in the transaction that user_touch began in scope',
	# no row is shown or chosen
	user_count_shared => 'a number',
	# every row there is
	user_list_not_ascii => 'migration 0008: shown to nobody',
	user_set_shared => 'migration 0008',
	user_take_shared => 'migration 0008',
	admin_count => 'a number',
	admin_count_others => 'a number',
	session_sweep => 'by time: the scheduler',
	session_sweepable => 'by time: the scheduler',
	# no owner in the table: by the id of a key or user that was read in scope, or verified
	quota_lease => 'of a credential that was verified',
	quota_leased => 'op_limit_explain: of a key that was read in scope',
	quota_return => 'of a credential that was verified',
	quota_sweep => 'by time: the scheduler',
	usage_report => 'op_usage_report: of a key that was read in scope',
	usage_row_insert => 'the recorder: of requests that were let through',
	usage_routes_extend => 'the recorder: of requests that were let through',
	usage_counters_add => 'the recorder: of requests that were let through',
);

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
my (@open, @untried, %seen, $owned);
for my $name (sort keys %text) {
	my $sql = $text{$name};
	my ($table) = $sql =~ /\b(?:FROM|UPDATE|INTO|COPY)\s+($tables)\b/ or next;
	$seen{$name}++;
	next if $without{$name};
	$owned++;
	my $column = $owner{$table};
	my ($where) = $sql =~ /\bWHERE\b(.*)/s or do { push @open, "$file{$name}: $name has no WHERE"; next };
	# the row may be given by its id beside the scope, not instead of it
	my $pair = $where =~ /\($column = :scope_user OR :scope_all\)/;
	my $all = $where =~ /(?:^|AND)\s+:scope_all\s*(?:AND|RETURNING|;|$)/;
	my $one = $where =~ /(?:^|AND)\s+$column = :scope_user\b/;
	push @open, "$file{$name}: $name" unless $pair || $all || $one;
	push @untried, $name unless $trials =~ /\bSQL_\U$name\E\b/;
}
cmp_ok($owned, '>=', 20, "$owned of them hold a scope");
is(join("\n", @open), '', 'each statement on rows with an owner holds the scope, or its reason stands here');
is(join("\n", @untried), '', 'and has its row in tests/db/op_scope.c');
is(join("\n", grep { !$seen{$_} } sort keys %without), '', 'no reason is left of a statement that is gone');

# These parameters have a scope's values, and no others.
my @given = grep { !/\.(scope_\w+) = \1_param\(/ } map { /(\.scope_\w+ = [^,]*)/g } `grep -rh '\.scope_' src include`;
my %found_in_scope = ('.scope_user = db_text(k->user_id)' => 'of the owner whom key_owner_lock found in scope');
is(join("\n", grep { !$found_in_scope{$_} } @given), '', 'a scope is given by store/scope.h');

# The kinds of scope are told apart in one place, scopes made in another.
my @told = grep { $_ ne 'include/model/scope.h' && $_ ne 'include/store/scope.h' && $_ ne 'src/op/scope.c' }
	split /\n/, `grep -rlE 'SCOPE_(USER|TENANT)\\b|struct scope\\)' src include`;
my %may = ('src/op/password.c' => 'one\'s own password is that of one user');
is(join("\n", grep { !$may{$_} } @told), '', 'scopes are made in op/scope.c alone');
done_testing;
