#!/usr/bin/perl
# Never above L, whoever is killed with -9 meanwhile: workers, the scheduler that
# refills, the recorder, and the master with all there is. What a killed process
# held is forfeited; afterwards everything counts exactly again.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Time::Local qw(timegm);
use Pierre;
use Limit qw(offset_to limited_key set_limit used drive drive_more is_exactly);
use Process qw(await alive children);

my $NOON = timegm(0, 10, 12, 15, 0, 2031);   # far from every edge

sub pids { my ($p, $re) = @_; my %c = children($p); return grep { $c{$_} =~ $re } sort keys %c }

# One of them, and wait until another is there in its place.
sub kill_one {
	my ($p, $re) = @_;
	my @before = await("children like $re", sub { [ pids($p, $re) ]->@* && [ pids($p, $re) ] })->@*;
	my $victim = $before[ rand @before ];
	kill 'KILL', $victim;
	await('another one', sub { !alive($victim) && pids($p, $re) >= @before });
}

# The master; its children end with it, and another begins where it ended. Or
# all at the same moment.
sub kill_master {
	my ($p, @also) = @_;
	my @children = $p->workers;
	kill 'KILL', $p->{pid}, @also;
	await('the master to be gone', sub { !$p->running });
	await('the children to be gone', sub { !grep { alive($_) } @children });
	$p->serve;
}

my %KILL = (
	workers => sub { kill_one($_[0], qr/^fast/) },
	scheduler => sub { kill_one($_[0], qr/^schedul/) },
	recorder => sub { kill_one($_[0], qr/^recorder/) },
	master => sub { kill_master($_[0]) },
	all => sub { kill_master($_[0], $_[0]->workers) },
);

# One after the other, each a part of the limit later, while sixteen clients ask.
sub killed {
	my ($p, $user, $limit, @who) = @_;
	my $key = limited_key($p, $user, $limit, 'day');
	my $ends = drive_more($p->{fast_socket}, $key->{api_key}, gap => 5);
	for my $n (1 .. @who) {
		await('some more to be used', sub { used($p, $user, $key) >= $n / (@who + 1) * $limit }, $p);
		$KILL{ $who[$n - 1] }->($p);
	}
	my $got = $ends->()->{allowed};
	cmp_ok($got, '<=', $limit, "never above the limit ($got)");
	cmp_ok($got, '>', 0, 'but served');
	is(used($p, $user, $key), $limit, 'and all was counted');
	return $got;
}

sub stays {
	my ($p, $user, $got) = @_;
	my $key = limited_key($p, $user, 999, 'hour');
	cmp_ok($got, '<=', used($p, $user, $key, 1), "the user's month was charged for all that was let through");
	is_exactly($p, $key->{api_key}, 999, 'afterwards it is exact again');
	set_limit($p, $key, 1350, 'hour');
	is_exactly($p, $key->{api_key}, 351, 'also when it is raised');
	is($p->stop_serve, 0, 'stops');
}

for my $backend (Pierre::backends()) {
	my $p = Pierre->start(backend => $backend, env => { WORKERS => 8, PIERRE_CLOCK_OFFSET => offset_to($NOON),
		ACCESS_TOKEN_TTL => 86400 });
	my $user = $p->approved_user;
	$p->sql("UPDATE users SET tier = 'professional' WHERE id = '$user->{user_id}'");
	my $got = 0;
	subtest "$backend: kill -9 of children" => sub { $got += killed($p, $user, 12345, qw(workers scheduler recorder workers recorder scheduler workers)) };
	subtest "$backend: kill -9 of the master" => sub { $got += killed($p, $user, 10000, qw(master all workers all master)) };
	subtest "$backend: afterwards" => sub { stays($p, $user, $got) };
	$p->stop;
}
done_testing;
