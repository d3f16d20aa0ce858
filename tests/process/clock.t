#!/usr/bin/perl
# A clock that is wrong deletes nothing: ahead, behind, jumping while serving, of
# one of two hosts, beside a restored database, after two months without power. A
# limit does not stay used up for ten years, and hosts of one database agree.
#
# Each service here has an offset, so that what keeps this machine's clock right
# does not count (op/clock_rule.h).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use POSIX qw(strftime);
use FastCGI;
use Ledger;
use Limit qw(limited_key offset_to);
use Pierre;
use Process qw(await await_log count_log metric);

my $DAY = 86400;
# What these services call right: noon of tomorrow, far from the edge of a day.
my $HERE = offset_to(int(time / $DAY) * $DAY + 1.5 * $DAY);
my $AHEAD = 3650 * $DAY;
my @BACKENDS = Pierre::backends() or plan skip_all => 'no backend';

sub configure {
	my ($p, $offset) = @_;
	open my $f, '>', "$p->{dir}/pierre.conf" or die "pierre.conf: $!";
	print $f "PIERRE_CLOCK_OFFSET=$offset\n";
	close $f;
	chmod 0644, "$p->{dir}/pierre.conf";
}

sub start {
	my ($backend, %env) = @_;
	my $p = Pierre->start(backend => $backend, serve => 0, env => { ACCESS_TOKEN_TTL => $DAY, %env });
	$p->{env}{METRICS_SOCKET} = "$p->{dir}/run/metrics.sock";
	configure($p, $HERE);
	$p->serve('--config', "$p->{dir}/pierre.conf");
	return $p;
}

# The page comes after the scheduler's first round, in which it sweeps.
sub start_at {
	my ($p, $offset) = @_;
	configure($p, $offset);
	$p->stop_serve;
	$p->serve('--config', "$p->{dir}/pierre.conf");
	metric($p, 'pierre_generation');
	return $p;
}

# HUP, and wait until the new scheduler has read the clock.
sub jump_to {
	my ($p, $offset, $unconfirmed) = @_;
	my $n = count_log($p, qr/ reloaded /);
	configure($p, $offset);
	$p->signal('HUP');
	await_log($p, qr/ reloaded /, $n + 1);
	await('the next generation', sub { metric($p, 'pierre_generation') == $n + 2 }, $p);
	# the scheduler of before may have had the last word for a second
	my $name = $unconfirmed ? 'unconfirmed' : 'confirmed';
	await($name, sub { metric($p, 'pierre_clock_unconfirmed') == $unconfirmed }, $p);
	pass($name);
}

sub cli { my ($p, @words) = @_; return $p->cli('--config', "$p->{dir}/pierre.conf", @words) }

# Of everything that is deleted when it is old.
sub months {
	my ($p) = @_;
	my ($file) = $p->{url} =~ /^sqlite:(.*)/;
	return $p->sql('SELECT count(*) FROM usage_rows') if !$file;
	return scalar grep { /-\d{4}-\d\d$/ } glob "$file.usage-*";
}
sub leases {
	my ($p) = @_;
	my ($file) = $p->{url} =~ /^sqlite:(.*)/;
	return $p->sql($file ? "ATTACH '$file.quota' AS quota; SELECT count(*) FROM quota.quota_leases"
		: 'SELECT count(*) FROM quota_leases');
}
sub sessions { my ($p) = @_; return $p->sql('SELECT count(*) FROM sessions') }
sub failures { my ($p) = @_; return $p->sql('SELECT count(*) FROM login_failures') }
sub all { my ($p) = @_; return join ' ', map { $_->($p) } \&months, \&leases, \&sessions, \&failures }

# Of a database, how many requests were let through. Each is a row, which comes after its reply.
my %let;
sub ask {
	my ($p, $key) = @_;
	my $r = Limit::ask($p->{fast_socket}, $key->{api_key});
	$let{ $p->{url} } += $r->{allowed} ? 1 : 0;
	return $r;
}

# all(), when nothing is on its way any more.
sub all_settled {
	my ($p) = @_;
	await('the rows of all requests', sub { Ledger::count($p) >= $let{ $p->{url} } }, $p);
	return all($p);
}

# Something of each kind: {user, key}.
sub fill {
	my ($p) = @_;
	my $user = $p->approved_user;
	my $key = limited_key($p, $user, 3, 'day');
	is(ask($p, $key)->{status}, 204, 'a request');
	$p->expect(401, $p->post('/api/auth/login', { email => $user->{email}, password => 'no such password' }));
	all_settled($p);
	return { user => $user, key => $key };
}

sub session_lives { my ($p, $have) = @_; return $p->get('/api/keys', token => $have->{user}{token})->{status} }

# --- with nobody asking ------------------------------------------------------------

sub ahead {
	my ($p, $have) = @_;
	my $before = all_settled($p);
	start_at($p, $HERE + $AHEAD);
	is(all($p), $before, 'ten years ahead, no request: all is there');
	is(metric($p, 'pierre_clock_unconfirmed'), 1, 'the metric says why');
	is(count_log($p, qr/ clock_unconfirmed /), 1, 'and the log');
	my $shown = cli($p, 'clock', 'status');
	like($shown->{out}, qr/^confirmed +no$/m, 'and the command');
	like($shown->{out}, qr/^ahead_seconds +31\d{7}$/m, 'by how much');
	start_at($p, $HERE);
	is(all($p), $before, 'the clock is right again: all is there');
	is(metric($p, 'pierre_clock_unconfirmed'), 0, 'and confirmed');
	is(session_lives($p, $have), 200, 'a session lives');
	like(cli($p, 'clock', 'status')->{out}, qr/^confirmed +yes$/m, 'the command says so');
}

# Two of three a day are used up before, and all three in a day of ten years later.
sub one_request {
	my ($p, $have) = @_;
	my $key = limited_key($p, $have->{user}, 3, 'day');
	my $left = sub { ask($p, $key) };
	is($left->()->{status}, 204, 'one of three a day');
	my $reset = $left->()->{headers}{'x-ratelimit-reset'};
	start_at($p, $HERE + $AHEAD);
	is(join(' ', map { $left->()->{status} } 1 .. 4), '204 204 204 429', 'ten years ahead: three of that day');
	start_at($p, $HERE);
	is(metric($p, 'pierre_clock_unconfirmed'), 0, 'right again');
	my $r = $left->();
	is($r->{status}, 204, 'the third of today');
	is($r->{headers}{'x-ratelimit-reset'}, $reset, 'until the end of today');
	$r = $left->();
	is($r->{status}, 429, 'and no more');
	cmp_ok($r->{headers}{'retry-after'}, '<=', $DAY, 'until then');
	agree($p, $have->{user}, $key, $r, $reset);
}

# The 429, the headers and GET /limits.
sub agree {
	my ($p, $user, $key, $r, $reset) = @_;
	my $limit = $p->get("/api/keys/$key->{api_key_id}/limits", token => $user->{token})->{json}{limits}[0];
	my ($t) = ($r->{headers}{ratelimit} // '') =~ /^"key-day";r=0;t=(\d+)/;
	is($t, $r->{headers}{'retry-after'}, 'RateLimit and Retry-After say the same');
	is($r->{headers}{'x-ratelimit-reset'}, $reset, 'X-RateLimit-Reset too');
	is($limit->{resets_at}, strftime('%Y-%m-%dT%H:%M:%S.000Z', gmtime $reset), 'and GET /limits');
	is($limit->{remaining}, 0, 'none is left');
}

# With requests while it serves.
sub jumping_requests {
	my ($p, $have) = @_;
	my $key = limited_key($p, $have->{user}, 4, 'day');
	my $ask = sub { ask($p, $key)->{status} };
	is($ask->(), 204, 'one of four a day');
	jump_to($p, $HERE + $AHEAD, 1);
	is($ask->(), 204, 'one ten years later');
	jump_to($p, $HERE - 400 * $DAY, 1);
	is($ask->(), 204, 'one a year before');
	jump_to($p, $HERE, 0);
	is(join(' ', map { $ask->() } 1 .. 4), '204 204 204 429', 'three are left of today');
}

sub behind {
	my ($p, $have) = @_;
	my $before = all_settled($p);
	start_at($p, $HERE - 40 * $DAY);
	is(metric($p, 'pierre_clock_unconfirmed'), 1, 'forty days behind: unconfirmed');
	start_at($p, $HERE);
	is(all($p), $before, 'right again: all is there');
	is(metric($p, 'pierre_clock_unconfirmed'), 0, 'and confirmed');
}

sub jumping {
	my ($p, $have) = @_;
	my $before = all_settled($p);
	for my $to ($AHEAD, -400 * $DAY, 90 * $DAY) {
		jump_to($p, $HERE + $to, 1);
		is(all($p), $before, "a jump of $to s while serving: all is there");
	}
	jump_to($p, $HERE + 300, 0);
	jump_to($p, $HERE, 0);
	is(all($p), $before, 'and after small ones');
	is(session_lives($p, $have), 200, 'a session lives');
}

# Two months later the sessions are over, and the usage is not too old.
sub swept_when_confirmed {
	my ($p, $why) = @_;
	is(metric($p, 'pierre_clock_unconfirmed'), 1, "$why: unconfirmed");
	my $months = months($p);
	cmp_ok(sessions($p), '>', 0, 'sessions that are over are kept');
	my $done = cli($p, 'clock', 'confirm');
	is($done->{status}, 0, 'pierre clock confirm') or diag $done->{err};
	like($done->{out}, qr/^confirmed +yes$/m, 'says so');
	await('the sweep', sub { sessions($p) == 0 }, $p);
	is(metric($p, 'pierre_clock_unconfirmed'), 0, 'confirmed');
	is(months($p), $months, 'usage is kept as long as it is to be');
	is($p->sql("SELECT count(*) FROM audit_events WHERE event_type = 'ClockConfirmed'"), 1, 'and audited');
}

sub long_off {
	my ($backend) = @_;
	my $p = start($backend);
	fill($p);
	start_at($p, $HERE + 60 * $DAY);
	swept_when_confirmed($p, 'off for two months');
	$p->stop;
}

# What was written down two months ago, in a segment of today.
sub restored {
	my ($backend) = @_;
	my $p = start($backend);
	fill($p);
	$p->stop_serve;
	my ($old, $never) = $backend eq 'sqlite'
		? ("strftime('%Y-%m-%dT%H:%M:%fZ', known_at, '-60 days')", "'2001-01-01T00:00:00.000Z'")
		: ("known_at - INTERVAL '60 days'", "'2001-01-01T00:00:00Z'");
	$p->sql("UPDATE known_time SET known_at = $old, host_id = 'another', host_ms = 1");
	$p->sql("UPDATE sessions SET expires_at = $never");
	start_at($p, $HERE);
	swept_when_confirmed($p, 'a restored database');
	$p->stop;
}

# A second host of the same database, whose clock is so many seconds off.
sub second_host {
	my ($p, $off) = @_;
	my $q = Pierre->start(backend => 'postgresql', nginx => 0, url => $p->{url}, serve => 0, wait => 0,
		env => { ENCRYPTION_KEY => $p->{env}{ENCRYPTION_KEY}, PIERRE_CLOCK_OFFSET => $HERE,
			PIERRE_HOST_CLOCK_OFFSET => $off });
	$q->{env}{METRICS_SOCKET} = "$q->{dir}/run/metrics.sock";
	$q->serve;
	await_log($q, qr/ started /);
	return $q;
}

# What the other host's own clock would make of it: sessions over, another window.
sub two_hosts {
	my ($p, $have, $off) = @_;
	my $key = limited_key($p, $have->{user}, 3, 'day');
	my $before = all_settled($p);
	my $q = second_host($p, $off);
	my $session = FastCGI::get($q->{fast_socket}, '/verify', params => { HTTP_AUTHORIZATION => "Bearer $have->{user}{token}" });
	is($session->{status}, 200, 'a session lives there');
	my @r = map { ask($_, $key) } $p, $q, $q, $q;
	is(join(' ', map { $_->{status} } @r), '204 204 204 429', 'three a day from both');
	is($r[1]{headers}{'x-ratelimit-reset'}, $r[0]{headers}{'x-ratelimit-reset'}, 'in the same window');
	cmp_ok($r[3]{headers}{'retry-after'}, '<=', $DAY, 'until its end');
	await_log($q, qr/ clock_off /);
	cmp_ok(abs(metric($q, 'pierre_clock_offset_seconds') - $off), '<', 2, 'the metric says how far it is off');
	cmp_ok(abs(metric($p, 'pierre_clock_offset_seconds')), '<', 2, 'and that the first is not');
	is(count_log($q, qr/ clock_off /), 1, 'one line in the log');
	is(metric($q, 'pierre_clock_unconfirmed'), 0, "PostgreSQL's clock is confirmed");
	cmp_ok(months($p), '>=', (split ' ', $before)[0], 'no usage is dropped');
	is(sessions($p), (split ' ', $before)[2], 'nor a session');
	$q->stop;
}

for my $backend (@BACKENDS) {
	my $p = start($backend);
	my $have = fill($p);
	subtest "$backend: ten years ahead" => sub { ahead($p, $have) };
	subtest "$backend: ten years ahead, one request" => sub { one_request($p, $have) };
	subtest "$backend: behind" => sub { behind($p, $have) };
	subtest "$backend: jumping while serving" => sub { jumping($p, $have) };
	subtest "$backend: jumping between requests" => sub { jumping_requests($p, $have) };
	for my $days ($backend eq 'postgresql' ? (40, -40) : ()) {
		subtest "two hosts, one $days days off" => sub { two_hosts($p, $have, $days * $DAY) };
	}
	$p->stop;
	subtest "$backend: off for two months" => sub { long_off($backend) };
	subtest "$backend: a restored database" => sub { restored($backend) };
}
done_testing;
