#!/usr/bin/perl
# Zero fails closed: what a forgotten member is must open nothing. Each enum
# stands here with its value 0, and why that value opens nothing.
use strict;
use warnings;
use FindBin;
use Test::More;
chdir "$FindBin::Bin/../.." or die;

my %zero = (
	# who may
	tenant_permission => [ 'TENANT_READ', 'a bit: what is 0 has none of them' ],
	route_place => [ 'PLACE_ANY', 'asks for no role: the guard and the scope say whose rows' ],
	route_guard => [ 'GUARD_UNSET', 'answered with 500' ],
	route_etag => [ 'ETAG_NONE', 'no ETag is sent' ],
	route_pool => [ 'POOL_UNSET', 'answered with 500' ],
	http_method => [ 'HTTP_UNSET', 'no request has it' ],
	scope_kind => [ 'SCOPE_NOBODY', 'no row' ],
	role => [ 'ROLE_NONE', 'acts on nobody' ],
	subkey_purpose => [ 'SUBKEY_UNSET', 'no key is derived: the process ends' ],
	credential_use => [ 'CREDENTIAL_VERIFY', 'bits: a kind without any opens nothing' ],
	cmd_needs => [ 'NEEDS_UNSET', 'the command is not run' ],
	# what a request costs
	limit_result => [ 'LIMIT_EMPTY', 'nothing was taken' ],
	lease_result => [ 'REFUSED', 'nothing was taken' ],
	clock_trust => [ 'CLOCK_UNCONFIRMED', 'deletes nothing' ],
	sweep_kind => [ 'SWEEP_INVITATIONS', 'deletes what has ended alone, before the moment that goes with it' ],
	window_kind => [ 'WINDOW_HOUR', 'a kind is part of a row that limit_rule.c writes whole; in shared memory' ],
	# what a request is
	peek_seen => [ 'PEEK_NONE', 'no request' ],
	fcgi_seen => [ 'FCGI_GONE', 'no request' ],
	fcgi_state => [ 'FCGI_CLOSED', 'no connection' ],
	text_kind => [ 'TEXT_EMPTY', 'no name and no address' ],
	audit_type => [ 'AUDIT_UNSET', 'the database refuses the event, and with it the change' ],
	# outcomes: the bool or row beside them decides
	err_kind => [ 'ERR_NONE', 'answered with 500 (http/problem.c)' ],
	db_rc => [ 'DB_OK', 'no row' ],
	db_type => [ 'DB_UNSET', 'refused with the name of the parameter' ],
	db_files => [ 'DB_FILES_LOST', 'answered with 503' ],
	pgsql_wait => [ 'PGSQL_READY', 'libpq then says what came' ],
	# what other services say and do: 0 spends least
	outbound_kind => [ 'CALL_SPENDS', 'at most once, on a connection of its own' ],
	outbound_end => [ 'CALL_CUT', 'no reply' ],
	provider_replay => [ 'REPLAY_LETHAL', 'is never sent again' ],
	provider_refresh => [ 'REFRESH_ROTATES', 'the old refresh token counts as spent' ],
	provider_keepalive => [ 'KEEPALIVE_NO', 'is not refreshed ahead' ],
	provider_outcome => [ 'REPLY_UNREADABLE', 'no token, and no refusal' ],
	refresh_due => [ 'REFRESH_NOT_NOW', 'nothing is sent' ],
	call_row_state => [ 'CALL_ROW_FREE', 'counts nothing' ],
	refresh_end => [ 'ENDED_SILENT', 'the refresh token counts as spent' ],
	# decide neither access nor money
	map({ $_ => [ undef, 'decides no access' ] } qw(master_state phase stat_counter slot_role slot_state call_result
		child_event field_type field_flag log_level usage_durability conf_type
		conf_flag db_backend files_mark place nginx_goes repeat_state)),
);

my (%first, @files);
for my $file (split /\n/, `find include src -name '*.[ch]'`) {
	open my $f, '<', $file or die "$file: $!";
	my $code = do { local $/; readline $f };
	$code =~ s{/\*.*?\*/}{}gs;
	$first{$1} = $2 while $code =~ /\benum\s+(\w+)\s*\{\s*(\w+)/g;
}
ok(keys %first > 25, 'there are enums to look at');
is(join(', ', grep { !$zero{$_} } sort keys %first), '', 'each enum has its row here');
is(join(', ', grep { !$first{$_} } sort keys %zero), '', 'and each row its enum');
is($first{$_}, $zero{$_}[0], "$_: 0 is $zero{$_}[0]: $zero{$_}[1]")
	for grep { $first{$_} && defined $zero{$_}[0] } sort keys %zero;

# Flags of a field begin with "shown": what holds a secret says so.
my @fields = `grep -rhE 'FIELD\\(struct \\w+, \\w*(hash|password|secret|token|api_key), TEXT' src/model src/op src/resource`;
# An operator keeps the hashes of the audit trail elsewhere.
my @shown = grep { !/FIELD_(PRIVATE|SECRET)|struct audit_head, hash/ } @fields;
cmp_ok(scalar @fields, '>=', 10, 'there are fields of secrets');
is(join('', @shown), '', 'a field that holds a secret is private or secret');
# What the audit trail keeps for ever is no secret, and of a type that it can tell.
my @audited = `grep -rhE '^[^#/]*FIELD(_AS)?\\(.*FIELD_AUDIT' src`;
cmp_ok(scalar @audited, '>=', 10, 'there are fields that the audit trail tells');
is(join('', grep { !/, (?:TEXT|UUID|BOOL), / || /FIELD_SECRET|, \w*(?:hash|password|secret|token|seed|api_key), / } @audited),
	'', 'each of them is a text or a yes, and no secret');
done_testing;
