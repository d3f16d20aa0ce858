#!/usr/bin/perl
# A month's file that cannot be read, as one that root has restored: the service
# says so, and records and counts what comes.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre::Check;
use Limit qw(limited_key ask);
use Process qw(await await_log count_log);

plan skip_all => 'months are files on SQLite only' unless grep { $_ eq 'sqlite' } Pierre::backends();

my $p = Pierre->start(backend => 'sqlite', serve => 0);
my $closed = "$p->{dir}/state/pierre.db.usage-2025-03";
mkdir $closed or die "mkdir: $!";   # nor can root read it
$p->serve;
await_log($p, qr/ error recorder_failed .*job=recover .*usage-2025-03.*rows="are stored, counters of an earlier run wait"/);
pass('the log names the file');
my $user = $p->approved_user;
my $key = limited_key($p, $user, 20, 'day');
is(ask($p->{fast_socket}, $key->{api_key})->{status}, 204, 'requests are answered') for 1 .. 3;
my $path = "/api/keys/$key->{api_key_id}/usage";
await('the counters', sub { ($p->get($path, token => $user->{token})->{json}{total_requests} // 0) == 3 }, $p);
pass('and counted');
is(count_log($p, qr/ recorder_failed /), 1, 'it is said once');
rmdir $closed or die "rmdir: $!";
is($p->stop_serve, 0, 'stops');
$p->stop;
done_testing;
