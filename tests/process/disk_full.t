#!/usr/bin/perl
# The disk of an SQLite database is full: readiness says what does not work, and
# what ends a right (revoke, log out, suspend) is written into blocks that the
# log has kept. Needs a file system of its own.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Time::HiRes qw(sleep);
use Pierre;
use Process qw(await await_log count_log);

plan skip_all => 'SQLite is not built in' unless grep { $_ eq 'sqlite' } Pierre::backends();
plan skip_all => 'only root can mount a file system' if $> != 0;

my $KEYS = 20;   # about thirty fit
my $CHECKPOINT = qr{ checkpoint .*/pierre\.db-wal wal_bytes=\d+ done=yes};
my $p = Pierre->start(backend => 'sqlite', serve => 0, env => { LOG_LEVEL => 'debug' });
my $state = "$p->{dir}/state";
my ($uid, $gid) = (stat $state)[4, 5];
if (system("mount -t tmpfs -o size=16m,mode=0755,uid=$uid,gid=$gid none $state 2>/dev/null") != 0) {
	$p->stop;
	plan skip_all => 'no file system can be mounted here';
}

my $mounted = $$;
END {
	if ($mounted && $mounted == $$) {
		my $status = $?;
		$p->stop_serve if $p->running;
		system('umount', $state) == 0 or diag 'cannot unmount';
		$p->stop;
		$? = $status;
	}
}

sub fill {
	open my $f, '>>', "$state/filler" or die "open: $!";
	1 while syswrite $f, 'x' x 4096;
	close $f;
}
sub revoke { return $p->delete("/api/keys/$_[0]{key_info}{id}", token => $p->{user}{token})->{status} }

$p->serve;
$p->{user} = $p->approved_user;
$p->sql("UPDATE users SET tier = 'enterprise' WHERE id = '$p->{user}{user_id}'");   # no limit
my $other = $p->approved_user;
my @keys = map { $p->new_key($p->{user}) } 1 .. $KEYS;
# what is in the log by then is no space for others
my $checkpoints = count_log($p, $CHECKPOINT);
await('a checkpoint', sub { $p->new_key($p->{user}); count_log($p, $CHECKPOINT) > $checkpoints });
cmp_ok(-s "$state/pierre.db-wal", '>=', 1572864, 'leaves the log its blocks');

fill();
await('readiness', sub { ($p->get('/health/ready')->{json}{status} // '') eq 'degraded' });
my $r = $p->get('/health/ready');
is($r->{status}, 200, 'ready, since rights can be ended here');
like($r->{json}{database}, qr/disk is full.*Free some space/, "and says what is wrong: $r->{json}{database}");
$r = $p->post('/api/keys', { name => 'no' }, token => $p->{user}{token});
is($r->{status}, 503, 'an ordinary write is refused');
is($r->{json}{reason}, 'disk_full', 'with the reason');
is(join(' ', grep { $_ !~ /^20[04]$/ } map { revoke($_) } @keys), '', "$KEYS revokes are done");
is($p->get('/verify', token => $keys[-1]{api_key})->{status}, 401, 'and hold');
is($p->post("/admin/suspend-user/$other->{user_id}", {}, token => $p->{admin}{token})->{status}, 200, 'a suspension');
is($p->get('/api/keys', token => $other->{token})->{status}, 403, 'holds too');
like($p->post('/api/auth/logout', {}, token => $p->{user}{token})->{status}, qr/^20[04]$/, 'a logout');
is($p->get('/api/keys', token => $p->{user}{token})->{status}, 401, 'holds too');
is(count_log($p, qr/ child_died | database_lost /), 0, 'nothing died, nothing is lost');

unlink "$state/filler";
await('readiness', sub { ($p->get('/health/ready')->{json}{status} // '') eq 'ok' });
$p->{user} = $p->login($p->{user});
$p->new_key($p->{user});
pass('with space again it goes on by itself');
is($p->sql('PRAGMA integrity_check'), 'ok', 'the database is whole');
is($p->sql("SELECT count(*) FROM audit_events WHERE event_type = 'ApiKeyRevoked'"), $KEYS, 'each revoke has its event');
is($p->stop_serve, 0, 'stops');
done_testing;
