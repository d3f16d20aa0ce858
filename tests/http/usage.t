#!/usr/bin/perl
# GET /api/keys/{id}/usage: what was let through is counted, by hour or day and
# by route; what was refused is not.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Time::Local qw(timegm);
use Pierre::Check;
use Limit qw(offset_to limited_key ask);
use Process qw(await await_log);

my $NOW = timegm(0, 10, 12, 15, 0, 2031);

sub total {
	my ($p, $user, $path) = @_;
	return $p->get($path, token => $user->{token})->{json}{total_requests} // -1;
}

sub counted {
	my ($p, $user) = @_;
	my $key = limited_key($p, $user, 20, 'day');
	my $path = "/api/keys/$key->{api_key_id}/usage";
	my $r = status_is($p->get($path, token => $user->{token}), 200, 'before its first use');
	is_deeply([ @{ $r->{json} }{qw(total_requests total_cost bucket)}, scalar @{ $r->{json}{buckets} } ], [ 0, 0, 'hour', 0 ], 'nothing');
	ask($p->{fast_socket}, $key->{api_key}, params => { PIERRE_ROUTE => 'list' }) for 1 .. 5;
	ask($p->{fast_socket}, $key->{api_key}, cost => 3, params => { PIERRE_ROUTE => 'export' }) for 1 .. 2;
	ask($p->{fast_socket}, $key->{api_key}, cost => 10) for 1 .. 3;
	status_is($p->get('/verify', token => $key->{api_key}), 200, 'one asked directly');
	await('the counters', sub { total($p, $user, $path) == 8 }, $p);
	$r = $p->get($path, token => $user->{token})->{json};
	is($r->{total_cost}, 12, 'eight requests, of cost 12; three were refused');
	is_deeply($r->{buckets}, [ { start => '2031-01-15T12:00:00.000Z', route => '', requests => 8, cost => 12 } ], 'in one hour');
	$r = $p->get("$path?bucket=day&by_route=true", token => $user->{token})->{json};
	is_deeply([ sort { $a->{route} cmp $b->{route} } @{ $r->{buckets} } ], [
		{ start => '2031-01-15T00:00:00.000Z', route => 'export', requests => 2, cost => 6 },
		{ start => '2031-01-15T00:00:00.000Z', route => 'list', requests => 5, cost => 5 },
		{ start => '2031-01-15T00:00:00.000Z', route => 'verify', requests => 1, cost => 1 } ], 'by day and route');
	is($p->get("$path?start_date=2031-01-10T00:00:00Z&end_date=2031-01-12T00:00:00%2B02:00", token => $user->{token})
		->{json}{total_requests}, 0, 'another range');
	is($p->get("$path?start_date=2031-01-01T00:00:00Z&end_date=2031-01-31T00:00:00Z", token => $user->{token})
		->{json}{total_requests}, 8, 'a range around it');
	my ($listed) = grep { $_->{id} eq $key->{api_key_id} } @{ $p->get("/admin/list-api-keys?user_email=$user->{email}",
		token => $p->{admin}{token})->{json}{data}{keys} };
	is($listed->{usage_count}, 8, 'an administrator sees how many in this month');
	is_deeply($listed->{rate_limit}, { requests => 20, period => 'day' }, 'and the limit');
	return $path;
}

# The answer says of which hours or days it is; what was used is at 12:10.
sub windows {
	my ($p, $user, $path) = @_;
	for (
		[ 'start_date=2031-01-15T12:00:00Z&end_date=2031-01-15T12:30:00Z', '15T12', '15T13', 8 ],
		[ 'start_date=2031-01-15T11:30:00Z&end_date=2031-01-15T12:00:00Z', '15T11', '15T12', 'field' ],
		[ 'start_date=2031-01-15T11:30:00Z&end_date=2031-01-15T12:30:00Z', '15T12', '15T13', 8 ],
		[ 'start_date=2031-01-15T12:30:00Z&end_date=2031-01-15T13:30:00Z', '15T13', '15T14', 0 ],
		[ 'start_date=2031-01-15T12:59:59Z&end_date=2031-01-15T13:00:00Z', '15T12', '15T13', 'field' ],
		[ 'start_date=2031-01-15&end_date=2031-01-16', '15T00', '16T00', 8 ],
		[ 'bucket=day&start_date=2031-01-15&end_date=2031-01-16', '15T00', '16T00', 8 ],
		[ 'bucket=day&start_date=2031-01-15T06:00:00Z&end_date=2031-01-16T06:00:00Z', '16T00', '17T00', 0 ],
	) {
		my ($query, $from, $to, $total) = @$_;
		($from, $to) = map { "2031-01-$_:00:00.000Z" } $from, $to;
		my $r = $p->get("$path?$query", token => $user->{token});
		if ($total eq 'field') {
			problem_is($r, 422, { field => 'end_date' }, "no whole hour: $query");
			like($r->{json}{detail}, qr/\Q$_\E/, "it names $_") for $from, $to;
			next;
		}
		is_deeply([ @{ $r->{json} }{qw(start_date end_date total_requests)} ], [ $from, $to, $total ], $query);
	}
}

sub refused {
	my ($p, $user, $path) = @_;
	my @as = (token => $user->{token});
	for ([ start_date => 'start_date=yesterday' ], [ end_date => 'end_date=2031-13-01T00:00:00Z' ],
		[ start_date => 'start_date=2031-02-30' ], [ start_date => 'start_date=2031-1-15' ],
		[ end_date => 'start_date=2031-01-02T00:00:00Z&end_date=2031-01-02T00:00:00Z' ],
		[ end_date => 'start_date=2031-01-02T00:00:00Z&end_date=2031-01-01T00:00:00Z' ],
		[ end_date => 'start_date=2030-12-01T00:00:00Z&end_date=2031-01-02T00:00:00Z' ],
		[ end_date => 'bucket=day&start_date=2029-12-01T00:00:00Z&end_date=2031-01-02T00:00:00Z' ],
		(map { [ $_ => "$_=%ff" ], [ $_ => "$_=&$_=" ] } qw(start_date end_date bucket by_route)),
		[ bucket => 'bucket=week' ], [ by_route => 'by_route=yes' ], [ tool => 'tool=x' ]) {
		my ($field, $query) = @$_;
		problem_is($p->get("$path?$query", @as), 422, { field => $field }, "refused: $query");
	}
	status_is($p->get("$path?start_date=2030-12-02T00:00:00Z&end_date=2031-01-02T00:00:00Z", @as), 200, '31 days by the hour');
	status_is($p->get("$path?bucket=day&start_date=2030-01-01T00:00:00Z&end_date=2031-01-02T00:00:00Z", @as), 200, '366 by the day');
	problem_is($p->get($path, token => $p->approved_user->{token}), 404, { code => 'ResourceNotFound' }, "nobody else's key");
	problem_is($p->get($path), 401, { reason => 'missing' }, 'without a token');
}

# Six weeks later, with one month kept before the current one.
sub dropped {
	my ($p, $user, $path) = @_;
	my $january = "$path?start_date=2031-01-01T00:00:00Z&end_date=2031-01-31T00:00:00Z";
	is(total($p, $user, $january), 8, 'January is there');
	$p->stop_serve;
	$p->{env}{PIERRE_CLOCK_OFFSET} = offset_to(timegm(0, 0, 12, 1, 2, 2031));
	$p->{env}{USAGE_RETENTION_MONTHS} = 1;
	$p->serve;
	await_log($p, qr/ clock_unconfirmed /);
	is($p->cli('clock', 'confirm')->{status}, 0, 'the clock is right');
	await_log($p, qr/ usage_dropped .*months=1\b/);
	is(total($p, $p->login($user), $january), 0, 'and is dropped when its time is over');
}

each_backend(sub {
	my ($p) = @_;
	my $user = $p->approved_user;
	my $path = counted($p, $user);
	windows($p, $user, $path);
	refused($p, $user, $path);
	dropped($p, $user, $path);
}, env => { PIERRE_CLOCK_OFFSET => offset_to($NOW), ACCESS_TOKEN_TTL => 86400 });
done_testing;
