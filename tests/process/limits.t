#!/usr/bin/perl
# Exactly L, whoever asks and whatever happens to the processes in between: 16
# clients on 4 workers, over edges of windows, reloads, restarts, kills, and
# from two hosts.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Time::HiRes qw(sleep time);
use Time::Local qw(timegm);
use Pierre;
use FastCGI;
use Limit qw(offset_to limited_key set_limit ask drive drive_more);
use Process qw(await await_log children);

my $NOON = timegm(0, 10, 12, 15, 0, 2031);   # far from every edge
my $EDGE = timegm(56, 59, 12, 15, 0, 2031);  # four seconds before an hour ends

sub start {
	my ($backend, %env) = @_;
	return Pierre->start(backend => $backend, env => { WORKERS => 4, PIERRE_CLOCK_OFFSET => offset_to($NOON),
		ACCESS_TOKEN_TTL => 86400, %env });
}

sub used {
	my ($p, $user, $key, $n) = @_;
	return $p->get("/api/keys/$key->{api_key_id}/limits", token => $user->{token})->{json}{limits}[$n // 0]{used};
}

# What is left of the user's month becomes $left.
sub spend_all_but {
	my ($p, $user, $left) = @_;
	my $key = limited_key($p, $user, 1000000, 'day');
	my $n = 10000 - $left - used($p, $user, $key, 1);
	for (; $n > 0; $n -= 1000) {
		my $cost = $n > 1000 ? 1000 : $n;
		my $r = ask($p->{fast_socket}, $key->{api_key}, cost => $cost);
		die "cannot spend $cost: $r->{status}" unless $r->{allowed};
	}
}

# A machine that is too busy for the deadlines of the fast pool may say so, and
# charges nothing; all else would be a mistake.
sub is_clean {
	my ($got) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $busy = qr/^503 (?:The limit is being leased; try again|The database (?:did not answer|cannot answer now)|PostgreSQL \S+ did not answer in time)/;
	my @odd = grep { !/$busy/ } sort keys %{ $got->{odd} };
	is_deeply(\@odd, [], 'and nothing but 204 and 429');
}

sub is_exactly {
	my ($p, $key, $limit, $name, %o) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $got = drive($p->{fast_socket}, $key, %o);
	is($got->{allowed}, $limit, $name);
	is_clean($got);
}

sub each_limit {
	my ($p, $user) = @_;
	for my $limit (1, 5, 7, 100, 350) {
		my $key = limited_key($p, $user, $limit, 'day');
		is_exactly($p, $key->{api_key}, $limit, "$limit a day");
		$key = limited_key($p, $user, $limit, 'hour');
		is_exactly($p, $key->{api_key}, int($limit / 3), "$limit an hour, cost 3", cost => 3);
		is(used($p, $user, $key), 3 * int($limit / 3), 'no more is used');
		is_exactly($p, $key->{api_key}, $limit % 3, 'what is left, one by one');
	}
}

sub ceiling {
	my ($p, $user) = @_;
	spend_all_but($p, $user, 50);
	my $under = limited_key($p, $user, 20, 'day');
	my $above = limited_key($p, $user, 12345, 'month');
	is_exactly($p, $under->{api_key}, 20, "a key limit under its user's ceiling");
	is_exactly($p, $above->{api_key}, 10, 'a key limit above it, cost 3', cost => 3);
	is(used($p, $user, $above, 1), 10000, 'the ceiling is used up');
	is(used($p, $user, $above), 30, 'what the ceiling refused was given back to the key');
	my $r = ask($p->{fast_socket}, $above->{api_key});
	like($r->{headers}{'x-pierre-problem'}, qr/"reason":"user-month".*"limit":10000/, 'the refusal names the ceiling');
	is(FastCGI::get($p->{fast_socket}, '/verify', params => { HTTP_AUTHORIZATION => "Bearer $user->{token}" })->{status}, 429,
		'sessions are under it as well');
}

sub moved {
	my ($p, $user) = @_;
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

	$key = limited_key($p, $user, 200, 'day');
	my $ends = drive_more($p->{fast_socket}, $key->{api_key}, patience => 1);
	for my $limit (300, 150, 250, 100, 400) {
		set_limit($p, $key, $limit, 'day');
	}
	is($ends->()->{allowed} + drive($p->{fast_socket}, $key->{api_key})->{allowed}, 400, 'up and down while sixteen clients ask');
}

sub edge {
	my ($backend) = @_;
	my $p = start($backend, PIERRE_CLOCK_OFFSET => offset_to($EDGE - 4));   # starting takes a moment
	my $user = $p->approved_user;
	my $key = limited_key($p, $user, 150, 'hour');
	my $got = drive($p->{fast_socket}, $key->{api_key}, patience => 10);
	my @resets = sort keys %{ $got->{resets} };
	my $hour = timegm(0, 0, 13, 15, 0, 2031);
	is_deeply(\@resets, [ $hour, $hour + 3600 ], 'in the last hour, and in the next');
	is($got->{resets}{$_}, 150, "exactly the limit before $_") for @resets;
	is_clean($got);
	$p->stop;
}

sub reloads {
	my ($p, $user) = @_;
	my $key = limited_key($p, $user, 3000, 'day');
	my $ends = drive_more($p->{fast_socket}, $key->{api_key}, patience => 1.5);
	my $before = () = $p->log =~ / reloaded /g;
	for my $n (1 .. 4) {
		$p->signal('HUP');
		await_log($p, qr/ reloaded /, $before + $n);
	}
	is($ends->()->{allowed}, 3000, 'exactly the limit over four reloads');

	$key = limited_key($p, $user, 100, 'day');
	is(scalar(grep { ask($p->{fast_socket}, $key->{api_key})->{allowed} } 1 .. 40), 40, 'forty');
	is($p->restart, 0, 'a clean restart');
	is(used($p, $user, $key), 40, 'forty are used');
	is_exactly($p, $key->{api_key}, 60, 'sixty were left');
	is($p->restart, 0, 'again');
	is_exactly($p, $key->{api_key}, 0, 'none is left');
}

sub kills {
	my ($p, $user) = @_;
	for my $limit (100, 1234) {
		my $key = limited_key($p, $user, $limit, 'day');
		my $ends = drive_more($p->{fast_socket}, $key->{api_key}, patience => 1.5);
		for (1 .. 8) {
			my %c = children($p);
			my @victims = grep { $c{$_} =~ /^(?:fast|schedule)/ } keys %c;
			kill 'KILL', $victims[ rand @victims ] if @victims;
			sleep 0.1;
		}
		my $got = $ends->();
		cmp_ok($got->{allowed}, '<=', $limit, "$limit: never above it when workers are killed ($got->{allowed})");
		cmp_ok($got->{allowed}, '>', 0, 'but served');
		# what a killed worker held is lost; the rest is there
		cmp_ok($got->{allowed} + drive($p->{fast_socket}, $key->{api_key})->{allowed}, '<=', $limit, 'nor afterwards');
	}
}

sub two_hosts {
	my ($p) = @_;
	my $q = Pierre->start(backend => 'postgresql', nginx => 0, url => $p->{url}, env => { %{ $p->{env} },
		map { $_ => undef } qw(FAST_SOCKET SLOW_SOCKET RUNTIME_DIR) }, wait => 0, serve => 0);
	$q->{env} = $q->environment({ map { $_ => $p->{env}{$_} } qw(ENCRYPTION_KEY WORKERS PIERRE_CLOCK_OFFSET ACCESS_TOKEN_TTL) });
	$q->serve;
	await_log($q, qr/ started /);
	my $user = $p->approved_user;
	for my $limit (1, 7, 350, 999) {
		my $key = limited_key($p, $user, $limit, 'day');
		# longer than an idle host keeps what it leased
		my $got = drive([ $p->{fast_socket}, $q->{fast_socket} ], $key->{api_key}, patience => 3);
		is($got->{allowed}, $limit, "two hosts, $limit");
		is_clean($got);
	}
	my $key = limited_key($p, $user, 500, 'day');
	is(ask($q->{fast_socket}, $key->{api_key})->{status}, 204, 'the second host knows the key');
	set_limit($p, $key, 20, 'day');
	my $changed = time;
	await('the lowered limit there', sub { (ask($q->{fast_socket}, $key->{api_key})->{headers}{'x-ratelimit-limit'} // 0) == 20 });
	cmp_ok(time - $changed, '<', 5, 'within five seconds');
	my %other = (key => $p->new_key($user)->{api_key}, user => $p->new_key($user)->{api_key});
	my ($id) = map { $_->{id} } grep { $other{key} =~ /^\Q$_->{key_prefix}/ }
		@{ $p->get('/api/keys', token => $user->{token})->{json}{api_keys} };
	is(ask($q->{fast_socket}, $_)->{status}, 204, 'a key is let through') for values %other;
	$p->delete("/api/keys/$id", token => $user->{token});
	$changed = time;
	await('the revocation', sub { ask($q->{fast_socket}, $other{key})->{status} == 401 });
	cmp_ok(time - $changed, '<', 5, 'a revocation is seen within five seconds');
	$p->post("/admin/suspend-user/$user->{user_id}", {}, token => $p->setup_admin->{token});
	$changed = time;
	await('the suspension', sub { ask($q->{fast_socket}, $other{user})->{status} == 403 });
	cmp_ok(time - $changed, '<', 5, 'a suspension likewise');
	$q->stop;
}

for my $backend (Pierre::backends()) {
	my $p = start($backend);
	subtest "$backend: exactly the limit" => sub { each_limit($p, $p->approved_user) };
	subtest "$backend: under the user's ceiling" => sub { ceiling($p, $p->approved_user) };
	subtest "$backend: limits that are moved" => sub { moved($p, $p->approved_user) };
	subtest "$backend: reloads and restarts" => sub { reloads($p, $p->approved_user) };
	subtest "$backend: kill -9" => sub { kills($p, $p->approved_user) };
	subtest 'two hosts on one database' => sub { two_hosts($p) } if $backend eq 'postgresql';
	$p->stop;
	subtest "$backend: over the edge of a window" => sub { edge($backend) };
}
done_testing;
