#!/usr/bin/perl
# A sweep that fails keeps no other from its work.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use Process qw(await await_log);

my @BACKENDS = Pierre::backends() or plan skip_all => 'no backend';
my $PAST = '2020-01-01T00:00:00.000Z';

# Sessions are swept first.
sub refuse_deletes {
	my ($p) = @_;
	return $p->sql("CREATE TRIGGER refuse BEFORE DELETE ON sessions BEGIN SELECT RAISE(ABORT, 'refused by a test'); END")
		if $p->{backend} eq 'sqlite';
	$p->sql("CREATE FUNCTION refuse() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''refused by a test''; END'");
	return $p->sql('CREATE TRIGGER refuse BEFORE DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION refuse()');
}

for my $backend (@BACKENDS) {
	my $p = Pierre->start(backend => $backend);
	subtest $backend => sub {
		$p->setup_admin;
		my $user = $p->approved_user;
		my $id = $p->new_key($user)->{key_info}{id};
		refuse_deletes($p);
		$p->sql("UPDATE sessions SET expires_at = '$PAST'");
		$p->sql("UPDATE api_keys SET expires_at = '$PAST'");
		$p->restart;
		await_log($p, qr/ sweep_failed .*refused by a test/);
		pass('one sweep fails');
		await('the sweep of keys', sub { $p->sql("SELECT count(*) FROM api_keys WHERE id = '$id' AND NOT is_active") == 1 }, $p);
		pass('a later one does its work');
		await_log($p, qr/ swept .*what=keys rows=1/);
		pass('and says so');
	};
	$p->stop;
}
done_testing;
