#!/usr/bin/perl
# An older program serves a database of many users from sockets that stay, this one
# takes over while clients ask: no request fails, no row is lost, the migration holds
# its lock for a moment, and what it leaves to be filled is filled though the scheduler
# is killed again and again. On PostgreSQL another host stays on the older program.
# tests/upgrade/run builds the older programs and starts this.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Time::HiRes qw(sleep time);
use Pierre;
use FastCGI;
use Process qw(await await_log children count_log stop_load);
use Upgrade qw(host_beside install keep_sockets load_of longest serve_kept used);
use Upgrade::Lock;
use Upgrade::Seed qw(seed seeded);

my @from = split ' ', $ENV{PIERRE_UPGRADE_FROM} // ''
	or plan skip_all => 'tests/upgrade/run says which programs are older';
my $USERS = $ENV{PIERRE_UPGRADE_USERS} // 100_000;
my $STAYS = $ENV{PIERRE_UPGRADE_STAYS} // 60;   # seconds of the other host
my $KILLS = $ENV{PIERRE_UPGRADE_KILLS} // 20;
my $LOCK_MS = 100;
my ($CLIENTS, $BESIDE) = (8, 4);
$Process::PATIENCE = 900;

sub number { my ($p, $sql) = @_; return $p->sql("SELECT count(*) FROM $sql") }
sub figure { my ($p, @text) = @_; note("FIGURE $p->{backend}: @text") }

# --- what is to be filled -----------------------------------------------------------------

# Of the rows from before, or of all: the other host goes on making some.
my $NO_TENANT = "users u WHERE u.user_status <> 'pending' AND NOT EXISTS (SELECT 1 FROM tenant_users m WHERE m.tenant_id = u.id AND m.user_id = u.id)";
my $NO_PLACE = 'api_keys k WHERE k.tenant_id IS NULL';
sub unfilled {
	my ($p, %o) = @_;
	return number($p, $NO_TENANT) + number($p, $NO_PLACE) + number($p, "users WHERE is_admin AND role = 'user'") if $o{all};
	my ($of_user, $of_key) = map { $p->{backend} eq 'postgresql' ? "CAST($_ AS TEXT)" : $_ } qw(u.id k.id);
	return number($p, "$NO_TENANT AND $of_user IN (SELECT user_id FROM seed)") + number($p, "$NO_PLACE AND $of_key IN (SELECT key_id FROM seed)");
}

sub kill_scheduler {
	my ($p) = @_;
	my $pid;
	await('a scheduler', sub { my %c = children($p); ($pid) = grep { $c{$_} =~ /^schedule/ } keys %c; $pid }, $p);
	kill 'KILL', $pid;
}

# Each time when another part of it is done, as far as it goes.
sub filled_though_killed {
	my ($p) = @_;
	my ($all, $killed, $began) = (unfilled($p), 0, time);
	while ((my $left = unfilled($p)) > 0) {
		last if time - $began > $Process::PATIENCE;
		if ($killed < $KILLS && $left <= $all * (1 - $killed / ($KILLS + 1))) {
			kill_scheduler($p);
			$killed++;
		}
		sleep 1;   # to look is work for the database too
	}
	is(unfilled($p), 0, "$p->{backend}: all $all rows from before are filled");
	cmp_ok($killed, '>=', $all < 50_000 ? !!$all : $KILLS, "$p->{backend}: though the scheduler was killed $killed times");
	figure($p, sprintf '%d rows filled in %.0f s, %d x kill -9', $all, time - $began, $killed);
	return $killed;
}

# --- the lock ------------------------------------------------------------------------------

# The least of a few: a busy machine can only make it longer.
sub lock_is_short {
	my ($p) = @_;
	local $p->{installed};
	my @held = sort { $a <=> $b } Upgrade::Lock::alone($p, 5);
	cmp_ok($held[0], '<', $LOCK_MS, "$p->{backend}: the migrations hold their lock for less than $LOCK_MS ms");
	figure($p, "the migrations alone held their lock for @held ms, on five copies of the database");
}

# --- before ----------------------------------------------------------------------------------

# The older program has made all of it: {user, admin, key, seeds}.
sub made_by_older {
	my ($p) = @_;
	serve_kept($p);
	$p->wait_ready;
	my $template = $p->approved_user;
	my $key = $p->new_key($template);
	is($p->stop_serve, 0, "$p->{backend}: the older program stops");
	my $began = time;
	my $seeds = seed($p, $USERS, $template, $key);
	figure($p, sprintf '%d users and keys more, as the older program writes them, in %.0f s', scalar @$seeds, time - $began);
	lock_is_short($p);
	serve_kept($p);
	$p->wait_ready;
	await('the links of the older program', sub { !number($p, 'audit_pending') }, $p) if $p->sql($p->{backend} eq 'postgresql'
		? "SELECT to_regclass('audit_pending')" : "SELECT name FROM sqlite_schema WHERE name = 'audit_pending'");
	my $user = $p->approved_user;
	$p->sql("UPDATE users SET tier = 'enterprise' WHERE id = '$user->{user_id}'");   # no limit
	my $own = $p->new_key($user);
	return { user => $user, admin => $p->{admin}, key => $own->{api_key}, key_id => $own->{key_info}{id}, seeds => $seeds };
}

# --- the upgrade --------------------------------------------------------------------------------

# Another program on the sockets that are kept: nobody answers for so many seconds.
sub take_over {
	my ($p, $name) = @_;
	my $began = time;
	is($p->stop_serve, 0, "$p->{backend}: $name: the older program stops");
	delete $p->{installed};
	my $ends = Upgrade::Lock::watch($p);
	serve_kept($p);
	my ($held, $waited) = $ends->();
	figure($p, sprintf '%s: the older program has stopped and this one started within %.1f s', $name, time - $began);
	return ($held, $waited);
}

sub refused_there {
	my ($p, $q, $who) = @_;
	my %as_user = (params => { HTTP_AUTHORIZATION => "Bearer $who->{user}{token}" });
	my $made = FastCGI::post($p->{slow_socket}, '/api/keys', { name => 'both' }, %as_user)->{json};
	my $ask = sub { FastCGI::get($q->{fast_socket}, '/verify', params => { HTTP_X_API_KEY => $made->{api_key} })->{status} };
	is($ask->(), 200, 'a key of one host is good on the other');
	FastCGI::request($p->{slow_socket}, 'DELETE', "/api/keys/$made->{key_info}{id}", '', %as_user);
	my $ended = time;
	await('the end of it', sub { $ask->() == 401 }, $q);
	cmp_ok(time - $ended, '<', 10, 'and its end is seen there');
}

sub is_served {
	my ($host, $load, $name) = @_;
	my ($served, $failed) = stop_load($load);
	is(scalar @$failed, 0, "$name: no request failed of $served") or diag(join "\n", map { "# $_" } @$failed);
	figure($host, sprintf '%s: %d requests, failed %d, the longest %.2f s', $name, $served, scalar @$failed, longest($host));
}

sub upgrade {
	my ($backend, $old) = @_;
	my $p = Pierre->start(backend => $backend, serve => 0, empty => 1, judge => sub { });
	keep_sockets($p);
	install($p, $old);
	my $who = made_by_older($p);
	my $q = $backend eq 'postgresql' ? host_beside($p, $old) : undef;
	my $before = seeded($p);
	is($before->{rows}, 2 * $USERS, "$backend: $USERS users, $USERS keys");
	my $load = load_of($CLIENTS, $p, $p, $who);
	my $beside = $q && load_of($BESIDE, $p, $q, $who);
	sleep 1;

	my ($held, $waited) = take_over($p, 'this host');
	figure($p, "under load the migrations held their lock for $held ms" . (defined $waited ? "; the longest wait for one was $waited ms" : ''));
	my $upgraded = time;
	my $killed = filled_though_killed($p);
	if ($q) {
		refused_there($p, $q, $who);
		refused_there($q, $p, $who);
		sleep $upgraded + $STAYS - time if $upgraded + $STAYS > time;
		is(count_log($q, qr/ (?:started|child_died) /), 1, "the other host has served as it was for $STAYS s");
		take_over($q, 'the other host');
		await('what the other host wrote to be filled', sub { !unfilled($p, all => 1) }, $q);
	}
	sleep 2;
	is_served($p, $load, "$backend, this host");
	is_served($q, $beside, "$backend, the other host") if $q;
	came_through($p, $who, $before, $killed);
	if ($q) {
		is($q->stop_serve, 0, 'the other host stops');
		$q->stop;
	}
	is($p->stop_serve, 0, "$backend: stops");
	$p->stop;
}

# --- afterwards -----------------------------------------------------------------------------------

sub came_through {
	my ($p, $who, $before, $killed) = @_;
	my $backend = $p->{backend};
	my $after = seeded($p);
	is($after->{rows}, $before->{rows}, "$backend: no row is lost");
	is($after->{sum}, $before->{sum}, "$backend: or changed");
	figure($p, sprintf 'rows lost %d', $before->{rows} - $after->{rows});
	is(number($p, "tenants WHERE kind = 'personal'"), number($p, "users WHERE user_status <> 'pending'"), "$backend: each user has one tenant");
	is(number($p, "tenant_users WHERE role = 'owner' AND tenant_id = user_id"), number($p, 'tenant_users'), "$backend: of which he is the owner");
	is(number($p, 'api_keys WHERE tenant_id = user_id'), number($p, 'api_keys'), "$backend: each key works in its owner's");
	my @some = map { $who->{seeds}[ rand @{ $who->{seeds} } ] } 1 .. 1000;
	is(scalar(grep { FastCGI::get($p->{fast_socket}, '/verify', params => { HTTP_X_API_KEY => $_->[1] })->{status} != 200 } @some), 0,
		"$backend: of 1000 keys each is good");
	is(number($p, 'migrations'), scalar(my @sql = glob "$Pierre::SOURCE/sql/sqlite/[0-9]*.sql"), "$backend: the schema is the newest");
	is(count_log($p, qr/ child_died /), $killed, "$backend: nobody else died");
	my $usage = sub { my $r = $p->get("/api/keys/$who->{key_id}/usage", token => $who->{user}{token}); return $r->{json}{total_requests} // $r->{body} };
	await('the uses of the key', sub { $usage->() eq used($p) }, $p);
	is($usage->(), used($p), "$backend: each use of the key is counted");
	my $keys = number($p, 'api_keys');
	is($keys, number($p, "audit_events WHERE event_type = 'ApiKeyCreated'"), "$backend: $keys keys, an audit row each");
	await('the links', sub { !number($p, 'audit_pending') }, $p);
	my $began = time;
	my $r = $p->cli(qw(audit verify));
	is($r->{status}, 0, "$backend: the audit trail verifies") or diag($r->{out} . $r->{err});
	figure($p, sprintf 'pierre audit verify: %.0f s', time - $began);
	my $heads = $p->cli(qw(audit head))->{out};
	$r = $p->cli(qw(audit verify --expect -), stdin => $heads);
	is($r->{status}, 0, "$backend: with its heads, " . ($heads =~ tr/\n//)) or diag($r->{err});
}

for my $old (@from) {
	my ($id) = $old =~ m{([^/]+)/build/pierre$};
	subtest "from $id, $_" => sub { upgrade($_, $old) } for Pierre::backends();
}
done_testing;
