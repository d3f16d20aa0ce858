#!/usr/bin/perl
# While another recorder has the lock, as the old one in a reload, this one records
# nothing, at its stop neither: the rows wait in shared memory for the next start.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre::Check;
use Limit qw(limited_key ask);
use Process qw(await lock_file);

plan skip_all => 'the lock is beside the file on SQLite' unless grep { $_ eq 'sqlite' } Pierre::backends();

my $p = Pierre->start(backend => 'sqlite', serve => 0);
my $path = "$p->{dir}/state/pierre.db.recorder";
open my $new, '>', $path or die "$path: $!";   # as the recorder makes it
close $new;
chown +(stat "$p->{dir}/state")[4, 5], $path;
my $lock = lock_file($path);
ok($lock, 'another process has the lock');
$p->serve;
my $user = $p->approved_user;
my $key = limited_key($p, $user, 20, 'day');
is(ask($p->{fast_socket}, $key->{api_key})->{status}, 204, 'requests are answered') for 1 .. 3;
is($p->stop_serve, 0, 'the service stops');
is_deeply([ glob "$p->{dir}/state/pierre.db.usage-*" ], [], 'no month was made');
close $lock;
$p->serve;
$path = "/api/keys/$key->{api_key_id}/usage";
await('the counters', sub { ($p->get($path, token => $user->{token})->{json}{total_requests} // 0) == 3 }, $p);
pass('after the next start all are counted');
is($p->stop_serve, 0, 'stops');
$p->stop;
done_testing;
