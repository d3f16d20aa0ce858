#!/usr/bin/perl
# The scenarios that the original's tests pin down, by number: each is a test here, was
# changed on purpose, or comes later. A test says in the comment above it which it is
# ("Sc 5, 6"); no scenario is in the table twice, none is left out, and no comment names
# one that the table does not have there.
use strict;
use warnings;
use FindBin;
use Test::More;
chdir "$FindBin::Bin/../.." or die;

my $LAST = 62;
# Parts of operations that are not here yet.
my %later = (B => 'data and agents', C => 'numbers', O => 'the OAuth server', V => 'the vault', M => 'MCP');

# number, what it asks, where: file:function of tests/; changed => what and why; later =>
# the part that brings the rest, or all where there is no test.
my @scenarios = (
	# backends, schema
	[ 1, 'URLs of both backends are known, others stop with an error', [qw(db/case_file.c:urls http/cli.t:trouble)] ],
	[ 2, 'a fresh database is migrated; again changes nothing', [qw(db/case_schema.c:forward)] ],
	[ 3, 'two databases in memory are apart and leave no file', [qw(db/case_file.c:memory)] ],
	[ 4, 'counts begin at zero and follow', [qw(db/op_user.c:test_empty http/admin_users.t:stats)] ],
	# users
	[ 5, 'found by id and address; unknown is not found', [qw(http/admin_users.t:look_up db/op_user.c:test_register)] ],
	[ 6, 'one address once; many registrations at once', [qw(http/accounts.t:registration db/op_user.c:test_register db/op_user.c:test_race)] ],
	[ 7, 'bad addresses and passwords are refused with the reason', [qw(http/accounts.t:registration db/op_user.c:test_register)],
		changed => 'a password has 12 characters at least, not 8' ],
	[ 8, 'pending, approved, suspended, approved again', [qw(http/accounts.t:approval db/op_admin.c:test_approve)] ],
	[ 9, 'a status of an unknown user; lists by status', [qw(http/accounts.t:approval http/accounts.t:lists db/op_admin.c:test_approve)] ],
	[ 10, 'a wrong password and an unknown address read alike', [qw(http/accounts.t:logins)],
		changed => 'an address is the same in any case: people do not remember how they spelled it' ],
	[ 11, 'refresh with a good, a bad and a foreign token', [qw(http/sessions.t:rotation)],
		changed => 'the token alone says whose it is: a body that names the user could name another' ],
	[ 12, 'last_active moves at login', [qw(http/accounts.t:logins)],
		changed => 'there is no call that updates it for an unknown user' ],
	# tokens of providers, profile, goals, insights
	[ 13, 'tokens are stored, read back, cleared; providers are apart', [qw(http/oauth_tokens.t:scenario_13)] ],
	[ 14, 'texts of all kinds come back; what was changed, cut or is none does not open', [qw(http/oauth_tokens.t:scenario_14 unit/seal.c:test_every_byte)],
		changed => 'an access token has 8192 bytes at most' ],
	[ 15, 'replaced on user, tenant and provider; two tenants, two tokens; many at once', [qw(http/oauth_tokens.t:scenario_15 http/oauth_tokens.t:pairs)],
		changed => 'by tokens that are brought, or applications of one\'s own: one account at one application is connected once' ],
	[ 16, 'a sealed text does not open in the row of another tenant, user or provider', [qw(http/oauth_tokens.t:scenario_16 db/op_vault.c:test_moved)] ],
	[ 17, 'profile, goals, insights', [], later => 'B' ],
	# API keys
	[ 18, 'form, prefix and hash of a key; all distinct', [qw(unit/token.c:check_key unit/token.c:test_stored_form unit/token.c:test_distinct http/keys.t:making)],
		changed => 'the prefix is 16 characters, so that a look-up by it finds one key; a salt is hashed too' ],
	[ 19, 'texts that are no key', [qw(http/verify.t:bad unit/token.c:test_key_refused)] ],
	[ 20, 'a key is shown once, with a warning; lists show what it is', [qw(http/keys.t:making http/keys.t:reading)] ],
	[ 21, 'tiers, their limits and ends', [qw(db/op_key.c:test_create db/op_key.c:test_tiers db/op_key.c:test_bounds unit/limit_rule.c:tiers_of_keys)],
		changed => 'a tier is named and bounded by that of the user: derived from a limit anybody could have the unlimited one' ],
	[ 22, 'a revoked key opens nothing and is still listed', [qw(http/keys.t:revoking)],
		changed => 'an unknown id is 404, as elsewhere' ],
	[ 23, 'an expired key opens nothing; the sweep', [qw(http/verify.t:states db/op_key_use.c:test_expire)] ],
	[ 24, "nothing of another user's keys", [qw(http/keys.t:reading http/scenarios.t:at_the_same_time)] ],
	[ 25, 'ten uses at once are ten rows', [qw(http/scenarios.t:ten)] ],
	# limits
	[ 26, 'the requests of a limit pass, the next is refused', [qw(http/limits.t:headers)],
		changed => 'what is left is told after the request, so 0 at the last one' ],
	[ 27, 'at the limit is limited, 0 is left; another window does not count', [qw(http/limits.t:headers process/limits.t:edges)],
		changed => 'windows are those of the calendar, which is also what reset_at says' ],
	[ 28, 'every status counts', [qw(http/scenarios.t:every_status)], later => 'C' ],
	[ 29, 'enterprise has no limit', [qw(http/scenarios.t:unlimited unit/limit_rule.c:tiers_of_keys)] ],
	[ 30, 'a month ends on the first of the next, also in December', [qw(unit/window.c:test_months)] ],
	[ 31, 'sessions have the limit of their tier', [qw(unit/limit_rule.c:sessions)], later => 'C' ],
	[ 32, 'limits of tenants by plan', [qw(http/tenants.t:administrators db/op_place.c:test_ceiling)],
		changed => 'a plan brings a ceiling, and an administrator sets another, without a multiplier; a plan that is none is refused' ],
	[ 33, 'a 429 says code, limit and tier', [qw(http/limits.t:headers)], later => 'C' ],
	# usage and dashboards
	(map { [ $_, 'usage and dashboards', [], later => 'C' ] } 34 .. 38),
	# administrators
	[ 39, 'setup once; health', [qw(http/accounts.t:setup)] ],
	[ 40, 'what is no request: 400, 401, 404, 405', [qw(http/http.t:headers http/http.t:methods http/http.t:json)],
		changed => 'without a credential it is 401, not 400' ],
	[ 41, 'keys are provisioned for each tier and period, listed, revoked', [qw(http/limits.t:provision http/keys.t:filters)],
		changed => 'a tier or period that is none is 422 with the field, as elsewhere; so is a filter that is none' ],
	[ 42, 'admin tokens: make, list, show, revoke, rotate', [qw(http/admin_tokens.t:make http/admin_tokens.t:ends)],
		changed => 'the address is that of the connection: a client could write X-Forwarded-For; a bad permission is 422' ],
	[ 43, 'what an admin token did, and the keys that it made', [qw(http/admin_tokens.t:usage)] ],
	[ 44, 'approval, with a tenant', [qw(http/accounts.t:approval http/accounts.t:tenants)],
		changed => 'a slug that is taken is 409 and approves nobody: nothing is half-written; an id that is none is 404' ],
	[ 45, "an administrator's token outlives a restart", [qw(http/scenarios.t:restarted)] ],
	# A2A
	(map { [ $_, 'agents', [], later => 'B' ] } 46 .. 52),
	# keys of encryption, isolation, security
	[ 53, 'data keys are wrapped by the master key and unwrapped', [qw(db/op_vault_master.c:test_master unit/seal.c:test_opens)],
		changed => 'no pair of keys is made for an agent: its public key is stored only', later => 'B' ],
	[ 54, 'keys of tenants: apart, versions, texts of all kinds', [qw(db/op_vault_tenant.c:test_tenant db/op_vault_tenant.c:test_two_tenants db/op_vault.c:test_rotation unit/seal.c:test_opens unit/seal.c:test_refuses)] ],
	[ 55, 'keys are rotated, and old ones retired', [qw(db/op_vault.c:test_rotation db/op_vault.c:test_retired db/op_vault.c:test_two_at_once)],
		changed => 'sessions are no signed tokens: what is rotated are the keys that seal' ],
	[ 56, 'tenants are apart; switching', [qw(http/tenants.t:worlds db/op_place.c:test_worlds db/op_place.c:test_ceiling http/oauth_tokens.t:apps)],
		changed => 'to who is no member a tenant is not there: 404, not 401; an id that is none is 422' ],
	[ 57, 'slugs', [qw(db/op_admin.c:test_slugs http/tenants.t:making)] ],
	[ 58, 'no secret in what is said; headers of security', [qw(http/secrets.t http/nginx.t)],
		changed => 'HSTS is on every answer over TLS; the plain port only redirects' ],
	[ 59, 'the OAuth server', [], later => 'O' ],
	[ 60, 'passwords: changed, and forgotten', [qw(http/accounts.t:passwords http/admin_users.t:forgotten)],
		changed => 'a reset token that was used is 401: like one that never was' ],
	[ 61, 'both backends answer alike', [qw(http/parity.t)],
		changed => 'all operations, where the original compared three tables' ],
	[ 62, 'MCP', [], later => 'M' ],
);

# --- comments ---------------------------------------------------------------------

# function => numbers that the comment right above it says; '' is the head of the file.
sub said {
	my ($file) = @_;
	open my $f, '<', "tests/$file" or return;
	my (%said, @above);
	my $head = 1;
	while (my $line = <$f>) {
		if ($line =~ m{^\s*(?:#|/\*|\*| \*)} ) {
			push @above, $line =~ /\bSc (\d+(?:, \d+)*)/ ? split /, /, $1 : ();
			next;
		}
		$said{''} = [@above] if $head;
		$head = 0;
		my ($name) = $line =~ /^sub (\w+)/ ? $1 : $line =~ /^static \w+ (\w+)\(/ ? $1 : ();
		$said{$name} = [@above] if defined $name;
		@above = ();
	}
	return \%said;
}

my (%seen, %due, @wrong);
for (@scenarios) {
	my ($number, $asks, $where, %o) = @$_;
	push @wrong, "$number is there twice" if $seen{$number}++;
	push @wrong, "$number: no test, and no part that brings it" if !@$where && !$o{later};
	push @wrong, "$number: $o{later} is no part" if $o{later} && !$later{ $o{later} };
	for (@$where) {
		my ($file, $name) = split /:/;
		$due{$file}{ $name // '' }{$number} = 1;
	}
}
push @wrong, map { "$_ is left out" } grep { !$seen{$_} } 1 .. $LAST;
push @wrong, map { "$_ is none" } grep { $_ > $LAST } keys %seen;
is(join("\n", @wrong), '', "the table has each of 1 to $LAST once");

@wrong = ();
my %files = map { $_ => 1 } keys %due, map { s{^tests/}{}r } split /\n/, `grep -lE '(^#|/\\*| \\*) .*\\bSc [0-9]' -r tests --include=*.t --include=*.c`;
delete $files{'lint/scenarios.t'};
for my $file (sort keys %files) {
	my $said = said($file) or do { push @wrong, "$file is not there"; next };
	for my $name (sort keys %{ $due{$file} // {} }) {
		push @wrong, "$file has no $name" if !$said->{$name};
		my %is = map { $_ => 1 } @{ $said->{$name} // [] };
		push @wrong, map { "$file:$name does not say Sc $_ above it" } grep { !$is{$_} } sort { $a <=> $b } keys %{ $due{$file}{$name} };
	}
	for my $name (sort keys %$said) {
		push @wrong, map { "$file:$name says Sc $_, the table does not" } grep { !$due{$file}{$name}{$_} } @{ $said->{$name} };
	}
}
is(join("\n", @wrong), '', 'each test is there and says its numbers');
my $tested = grep { @{ $_->[2] } } @scenarios;
diag(sprintf '%d scenarios: %d are tests, %d of them changed on purpose; %d come later', $LAST, $tested,
	scalar(grep { my (undef, undef, undef, %o) = @$_; $o{changed} } @scenarios), $LAST - $tested);
done_testing;
