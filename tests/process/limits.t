#!/usr/bin/perl
# Exactly L, whoever asks: 16 clients on 8 workers, driven until each of them is
# refused again and again; over edges of windows, reloads and restarts, and from
# two hosts. What a kill -9 may cost: limits_killed.t.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Time::HiRes qw(time);
use Time::Local qw(timegm);
use Pierre;
use FastCGI;
use Limit qw(offset_to limited_key set_limit used ask drive drive_more is_clean is_exactly);
use Process qw(await await_change await_log children);

my @LIMITS = (1, 5, 7, 100, 350, 999, 10000, 12345);
my $NOON = timegm(0, 10, 12, 15, 0, 2031);   # far from every edge

sub start {
	my ($backend, %env) = @_;
	return Pierre->start(backend => $backend, env => { WORKERS => 8, PIERRE_CLOCK_OFFSET => offset_to($NOON),
		ACCESS_TOKEN_TTL => 86400, %env });
}

# Somebody whose own month is 100,000.
sub professional {
	my ($p) = @_;
	my $user = $p->approved_user;
	$p->sql("UPDATE users SET tier = 'professional' WHERE id = '$user->{user_id}'");
	return $user;
}

# All limits at once, each key with its 16 clients; then each with cost 3.
sub each_limit {
	my ($p) = @_;
	my $user = professional($p);
	my %day = map { $_ => limited_key($p, $user, $_, 'day') } @LIMITS;
	my %hour = map { $_ => limited_key($p, $user, $_, 'hour') } @LIMITS;
	for my $limit (@LIMITS) {
		my $ends = drive_more($p->{fast_socket}, $hour{$limit}{api_key}, cost => 3);
		is_exactly($p, $day{$limit}{api_key}, $limit, "$limit a day");
		my $got = $ends->();
		is($got->{allowed}, int($limit / 3), "$limit an hour, cost 3");
		is_clean($got);
		is(used($p, $user, $hour{$limit}), 3 * int($limit / 3), 'no more is used');
		is_exactly($p, $hour{$limit}{api_key}, $limit % 3, 'what is left, one by one');
	}
	my $all = 0;
	$all += 2 * $_ for @LIMITS;
	is(used($p, $user, $day{1}, 1), $all, "exactly as much is used of the user's month");
}

# The month of a starter is 10,000.
sub ceiling {
	my ($p, $user) = @_;
	my $under = limited_key($p, $user, 999, 'day');
	my $above = limited_key($p, $user, 12345, 'month');
	is_exactly($p, $under->{api_key}, 999, "a key limit under its user's ceiling");
	is_exactly($p, $above->{api_key}, 3000, 'a key limit above it, cost 3', cost => 3);
	is(used($p, $user, $above), 9000, 'what the ceiling refused was given back to the key');
	is_exactly($p, $above->{api_key}, 1, 'what is left of the ceiling');
	is(used($p, $user, $above, 1), 10000, 'the ceiling is used up');
	is(used($p, $user, $above), 9001, 'and not the key');
	my $r = ask($p->{fast_socket}, $above->{api_key});
	like($r->{headers}{'x-pierre-problem'}, qr/"reason":"user-month".*"limit":10000/, 'the refusal names the ceiling');
	is(FastCGI::get($p->{fast_socket}, '/verify', params => { HTTP_AUTHORIZATION => "Bearer $user->{token}" })->{status}, 429,
		'sessions are under it as well');

	# two keys that take from one ceiling at the same time
	$user = $p->approved_user;
	my @keys = map { limited_key($p, $user, 7000, 'month') } 1 .. 2;
	my $ends = drive_more($p->{fast_socket}, $keys[0]{api_key}, cost => 3);
	my $got = drive($p->{fast_socket}, $keys[1]{api_key});
	my $sum = 3 * $ends->()->{allowed} + $got->{allowed};
	$sum += drive($p->{fast_socket}, $_->{api_key})->{allowed} for @keys;
	is($sum, 10000, 'two keys with more than their user has: exactly what he has');
	is(used($p, $user, $keys[0]) + used($p, $user, $keys[1]), 10000, 'and the keys were charged as much');
}

sub moved {
	my ($p) = @_;
	my $user = professional($p);
	my $key = limited_key($p, $user, 50, 'day');
	my $text = $key->{api_key};
	is_exactly($p, $text, 50, 'fifty');
	set_limit($p, $key, 80, 'day');
	is_exactly($p, $text, 30, 'raised to eighty: thirty more');
	set_limit($p, $key, 60, 'day');
	is_exactly($p, $text, 0, 'lowered to sixty: none');
	set_limit($p, $key, 90, 'day');
	ask($p->{fast_socket}, $text) for 1 .. 4;
	set_limit($p, $key, 85, 'day');
	is_exactly($p, $text, 1, 'raised to ninety, four used, lowered to 85: one');
	set_limit($p, $key, 7, 'hour');
	is_exactly($p, $text, 7, 'a window that was not used yet');

	# up and down while sixteen clients ask, and never below what they use
	$key = limited_key($p, $user, 12345, 'day');
	my $ends = drive_more($p->{fast_socket}, $key->{api_key}, max => 5000, gap => 5);
	set_limit($p, $key, $_, 'day') for 7000, 20000, 9999, 12345, 6000, 10000;
	my $got = $ends->();
	is($got->{allowed}, 5000, 'five thousand meanwhile');
	is_clean($got);
	is_exactly($p, $key->{api_key}, 5000, 'to the end of the last one: ten thousand');
	set_limit($p, $key, 9000, 'day');
	is_exactly($p, $key->{api_key}, 0, 'lowered: none');
	set_limit($p, $key, 12345, 'day');
	is_exactly($p, $key->{api_key}, 781, 'raised by 2345, cost 3', cost => 3);
	is_exactly($p, $key->{api_key}, 2, 'and two');
}

# The end of January is that of an hour, a day and a month; when the machine was
# too slow to see a refusal before it, the end of another one is: not of the next,
# whose quota may have been used right after this edge.
# Sc 27.
sub edges {
	my ($p) = @_;
	my @periods = qw(hour day month);
	my $user = professional($p);
	my @limits = (350, 999, 1234);
	my @keys = map { limited_key($p, $user, $limits[$_], $periods[$_]) } 0 .. 2;
	for my $month (1, 3, 5, 7, 9) {
		my $edge = timegm(0, 0, 0, 1, $month, 2031);
		$p->{env}{PIERRE_CLOCK_OFFSET} = offset_to($edge - 3 - $month);
		is($p->restart, 0, 'a restart');
		my $here = $edge - $p->{env}{PIERRE_CLOCK_OFFSET};
		my @end = map { drive_more($p->{fast_socket}, $_->{api_key}, until => $here) } @keys;
		my @got = map { $_->() } @end;
		next if grep { !$_->{refused}{$edge} } @got;
		my @next = ($edge + 3600, $edge + 86400, timegm(0, 0, 0, 1, $month + 1, 2031));
		for (0 .. 2) {
			is_deeply($got[$_]{resets}, { $edge => $limits[$_], $next[$_] => $limits[$_] },
				"exactly $limits[$_] in the last $periods[$_] before the edge, and in the first after it");
			is_clean($got[$_]);
		}
		return;
	}
	fail('a month whose end was reached in time');
}

# Of the limit of a key, by this host and others.
sub leased {
	my ($p, $key) = @_;
	my ($file) = $p->{url} =~ /^sqlite:(.*)/;
	return $p->sql($file ? "ATTACH '$file.quota' AS quota; SELECT sum(leased) FROM quota.quota_leases WHERE subject = 'k$key->{api_key_id}'"
		: "SELECT sum(leased) FROM quota_leases WHERE subject = 'k$key->{api_key_id}'");
}

sub reloads {
	my ($p) = @_;
	my $user = professional($p);
	my $key = limited_key($p, $user, 12345, 'day');
	my $ends = drive_more($p->{fast_socket}, $key->{api_key}, gap => 5);
	my $before = () = $p->log =~ / reloaded /g;
	for my $n (1 .. 4) {
		$p->signal('HUP');
		await_log($p, qr/ reloaded /, $before + $n);
	}
	my $got = $ends->();
	is($got->{allowed}, 12345, 'exactly the limit over four reloads');
	is_clean($got);

	$key = limited_key($p, $user, 10000, 'day');
	ok(ask($p->{fast_socket}, $key->{api_key})->{allowed}, 'a request');
	my $leased = leased($p, $key);
	my %old = children($p);
	$p->signal('HUP');
	await('the old processes are gone', sub { my %new = children($p); !grep { $new{$_} } keys %old }, $p);
	cmp_ok($leased, '>', 1, 'more than it needed was leased');
	is(leased($p, $key), $leased, 'which a reload does not give back: giving back stops all who need it');

	$key = limited_key($p, $user, 999, 'day');
	is(drive($p->{fast_socket}, $key->{api_key}, max => 400)->{allowed}, 400, 'four hundred');
	is($p->restart, 0, 'a clean restart');
	is(used($p, $user, $key), 400, 'four hundred are used');
	is_exactly($p, $key->{api_key}, 599, 'the rest was left');
	is($p->restart, 0, 'again');
	is_exactly($p, $key->{api_key}, 0, 'none is left');
}

sub two_hosts {
	my ($p) = @_;
	my $q = Pierre->start(backend => 'postgresql', nginx => 0, url => $p->{url}, env => { %{ $p->{env} },
		map { $_ => undef } qw(FAST_SOCKET SLOW_SOCKET RUNTIME_DIR) }, wait => 0, serve => 0);
	$q->{env} = $q->environment({ map { $_ => $p->{env}{$_} } qw(ENCRYPTION_KEY WORKERS PIERRE_CLOCK_OFFSET ACCESS_TOKEN_TTL) });
	$q->serve;
	await_log($q, qr/ started /);
	my $user = professional($p);
	my %end;
	for my $limit (@LIMITS) {
		my $key = limited_key($p, $user, $limit, 'day');
		# longer than an idle host keeps what it leased
		$end{$limit} = drive_more([ $p->{fast_socket}, $q->{fast_socket} ], $key->{api_key}, patience => 3000);
	}
	for my $limit (@LIMITS) {
		my $got = $end{$limit}->();
		is($got->{allowed}, $limit, "two hosts, $limit");
		is_clean($got);
	}
	my $key = limited_key($p, $user, 500, 'day');
	is(ask($q->{fast_socket}, $key->{api_key})->{status}, 204, 'the second host knows the key');
	set_limit($p, $key, 20, 'day');
	my $lowered = sub { (ask($q->{fast_socket}, $key->{api_key})->{headers}{'x-ratelimit-limit'} // 0) == 20 };
	cmp_ok(await_change('the lowered limit there', $lowered), '<', 5, 'within five seconds');
	my %other = (key => $p->new_key($user)->{api_key}, user => $p->new_key($user)->{api_key});
	my ($id) = map { $_->{id} } grep { $other{key} =~ /^\Q$_->{key_prefix}/ }
		@{ $p->get('/api/keys', token => $user->{token})->{json}{api_keys} };
	is(ask($q->{fast_socket}, $_)->{status}, 204, 'a key is let through') for values %other;
	$p->delete("/api/keys/$id", token => $user->{token});
	cmp_ok(await_change('the revocation', sub { ask($q->{fast_socket}, $other{key})->{status} == 401 }), '<', 5, 'a revocation is seen within five seconds');
	$p->post("/admin/suspend-user/$user->{user_id}", {}, token => $p->setup_admin->{token});
	cmp_ok(await_change('the suspension', sub { ask($q->{fast_socket}, $other{user})->{status} == 403 }), '<', 5, 'a suspension likewise');
	$q->stop;
}

for my $backend (Pierre::backends()) {
	my $p = start($backend);
	subtest "$backend: exactly the limit" => sub { each_limit($p) };
	subtest "$backend: under the user's ceiling" => sub { ceiling($p, $p->approved_user) };
	subtest "$backend: limits that are moved" => sub { moved($p) };
	subtest 'two hosts on one database' => sub { two_hosts($p) } if $backend eq 'postgresql';
	subtest "$backend: reloads and restarts" => sub { reloads($p) };
	subtest "$backend: over the edges of hour, day and month" => sub { edges($p) };
	$p->stop;
}
done_testing;
