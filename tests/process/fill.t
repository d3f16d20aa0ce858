#!/usr/bin/perl
# The scheduler fills what a migration left empty, beside the path of those who work: until
# then each row means what it meant, and afterwards the same.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre::Check;
use Process qw(await await_log count_log);

each_backend(sub {
	my ($p) = @_;
	my @users = map { $p->approved_user } 1 .. 3;
	my @keys = map { $p->new_key($_) } @users;
	$p->stop_serve;
	# as a program from before 0010 leaves it
	$p->sql($_) for 'UPDATE api_keys SET tenant_id = NULL', 'DELETE FROM tenant_users', 'DELETE FROM tenants';
	$p->serve;
	await_log($p, qr/ filled .*rows=7$/);
	is($p->sql("SELECT count(*) FROM tenants t JOIN tenant_users m ON m.tenant_id = t.id AND m.user_id = t.id WHERE t.kind = 'personal' AND m.role = 'owner'"),
		4, 'each user has a tenant');
	is($p->sql('SELECT count(*) FROM api_keys WHERE tenant_id = user_id'), 3, 'in which the key works');
	status_is($p->get('/verify', headers => { 'X-API-Key' => $_->{api_key} }), 200, 'a key from before') for @keys;
	is($p->get('/api/tenants', token => $p->login($users[0])->{token})->{json}{total_count}, 1, 'and its user');
	# what a host with an older program still writes is found by the walk that follows at once, or in a while
	is(count_log($p, qr/ filled /), 1, 'a walk that finds nothing says nothing');
});
done_testing;
