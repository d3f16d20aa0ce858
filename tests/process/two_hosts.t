#!/usr/bin/perl
# Two services on one PostgreSQL database, as on two hosts. What one of them ends is
# refused by each of its workers on the next request, and by the other one within five
# seconds. The ceiling of a tenant is exact for both together; one that only observes
# refuses nothing and counts all. Limits of keys: limits.t; what SQL changes: changes.t.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Time::HiRes qw(time);
use Pierre;
use Pierre::Team;
use FastCGI;
use Ledger;
use Limit qw(drive drive_more is_clean set_limit);
use Process qw(await await_log children metric);

plan skip_all => 'hosts share PostgreSQL' unless grep { $_ eq 'postgresql' } Pierre::backends();

my $SEEN = 5;   # seconds until another host has seen a change
my $BUSY = 5;   # more, on a machine that is busy

my $p = Pierre->start(backend => 'postgresql', serve => 0);
$p->{env}{METRICS_SOCKET} = "$p->{dir}/run/metrics.sock";
$p->serve;
my $q = Pierre->start(backend => 'postgresql', nginx => 0, serve => 0, wait => 0, url => $p->{url},
	env => { ENCRYPTION_KEY => $p->{env}{ENCRYPTION_KEY} });
$q->{env}{METRICS_SOCKET} = "$q->{dir}/run/metrics.sock";
$p->setup_admin;
$q->serve;
await_log($q, qr/ started /);
my @admin = (token => $p->{admin}{token});

# --- asking ----------------------------------------------------------------------------

# How a credential is presented, and to which pool: [pool, path, parameters].
sub with_key { my ($text) = @_; return [ 'fast', '/verify', HTTP_X_API_KEY => $text ] }
sub with_session { my ($user, $pool) = @_; return [ $pool, $pool eq 'fast' ? '/verify' : '/api/keys', HTTP_AUTHORIZATION => "Bearer $user->{token}" ] }
sub with_token { my ($text) = @_; return [ 'slow', '/admin/token-info', HTTP_AUTHORIZATION => "Bearer $text" ] }

sub said {
	my ($host, $ask) = @_;
	my ($pool, $path, %params) = @$ask;
	my $r = FastCGI::get($host->{"${pool}_socket"}, $path, params => \%params);
	return join ' ', $r->{status}, $r->{json}{reason} // ();
}

# What each worker of the pool says: the others stand still meanwhile.
sub said_by_each {
	my ($host, $ask) = @_;
	my %of = children($host);
	my @workers = grep { $of{$_} =~ /^\Q$ask->[0]\E/ } keys %of;
	my %said;
	for my $one (@workers) {
		my @others = grep { $_ != $one } @workers;
		kill 'STOP', @others;
		$said{ said($host, $ask) }++;
		kill 'CONT', @others;
	}
	return join ', ', map { "$said{$_} x $_" } sort keys %said;
}

# $end->() ends these; {asks} => what is said of each from then on, which is another
# thing than 200. {stay}: what goes on as before.
sub ends {
	my ($name, $end, $asks, @stay) = @_;
	subtest $name => sub {
		for my $host ($p, $q) {
			is(said($host, $_->[0]), 200, 'good before') for @$asks;
		}
		$end->();
		my $ended = time;
		is(said_by_each($p, $_->[0]), "2 x $_->[1]", "refused by each worker on the next request: $_->[0][1]") for @$asks;
		for my $ask (@$asks) {
			await($name, sub { said($q, $ask->[0]) eq $ask->[1] }, $q);
			cmp_ok(time - $ended, '<', $SEEN + $BUSY, "on the other host within $SEEN s: $ask->[0][1]");
			is(said_by_each($q, $ask->[0]), "2 x $ask->[1]", 'by each worker');
		}
		for my $host ($p, $q) {
			is(said($host, $_), 200, 'what was not ended goes on') for @stay;
		}
	};
}

# --- what is ended -----------------------------------------------------------------------

my ($owner, $member) = map { $p->approved_user } 1 .. 2;
my $own = with_key($p->new_key($p->login($member))->{api_key});

sub key_revoked {
	my $key = $p->new_key($member);
	ends('a revoked key', sub { $p->expect(200, $p->delete("/api/keys/$key->{key_info}{id}", token => $member->{token})) },
		[ [ with_key($key->{api_key}), '401 revoked' ] ], $own);
}

sub user_suspended {
	my $user = $p->approved_user;
	my $key = $p->new_key($user);
	ends('a suspended user', sub { $p->expect(200, $p->post("/admin/suspend-user/$user->{user_id}", {}, @admin)) },
		[ [ with_key($key->{api_key}), '403 suspended' ], map { [ with_session($user, $_), '403 suspended' ] } qw(fast slow) ], $own);
}

# {team, member, key}: the user is a member there, with a session and a key.
sub member_of_team {
	my ($user) = @_;
	my $team = team($p, $p->login($owner));
	join_team($p, $team, $p->login($owner), $p->login($user), 'member');
	my $there = switched($p, $p->login($user), $team->{tenant_id});
	return { team => $team, there => $there, key => with_key($p->new_key($there)->{api_key}) };
}

sub member_removed {
	my $m = member_of_team($member);
	ends('a removed member', sub {
		$p->expect(204, $p->delete("/api/tenants/$m->{team}{tenant_id}/members/$member->{user_id}", token => $p->login($owner)->{token}));
	}, [ [ $m->{key}, '401 revoked' ], map { [ with_session($m->{there}, $_), '401 unknown' ] } qw(fast slow) ], $own);
}

sub tenant_suspended {
	my $m = member_of_team($member);
	ends('a suspended tenant', sub { $p->expect(200, $p->post("/admin/suspend-tenant/$m->{team}{tenant_id}", undef, @admin)) },
		[ [ $m->{key}, '403 tenant_suspended' ], map { [ with_session($m->{there}, $_), '401 unknown' ] } qw(fast slow) ], $own);
}

sub tenant_deleted {
	my $m = member_of_team($member);
	ends('a deleted tenant', sub {
		$p->expect(204, $p->request('DELETE', "/api/tenants/$m->{team}{tenant_id}?members=remove", { confirm => $m->{team}{slug} },
			token => $p->login($owner)->{token}));
	}, [ [ $m->{key}, '401 revoked' ], map { [ with_session($m->{there}, $_), '401 unknown' ] } qw(fast slow) ], $own);
}

# The default tenant of the owner is not where the key works.
sub other_default {
	my ($one, $two) = map { member_of_team($member) } 1 .. 2;
	$p->expect(200, $p->request('PATCH', "/admin/users/$member->{user_id}", { tenant_id => $two->{team}{tenant_id} }, @admin));
	is($p->sql("SELECT tenant_id FROM users WHERE id = '$member->{user_id}'"), $two->{team}{tenant_id}, 'the default is T2');
	ends('a key in T1, whose owner has T2 as his default, when T1 is suspended',
		sub { $p->expect(200, $p->post("/admin/suspend-tenant/$one->{team}{tenant_id}", undef, @admin)) },
		[ [ $one->{key}, '403 tenant_suspended' ] ], $two->{key}, $own);
}

sub admin_token { return $p->expect(201, $p->post('/admin/tokens', { service_name => 'billing' }, @admin))->{json} }

sub token_revoked {
	my ($token, $other) = map { admin_token() } 1 .. 2;
	ends('a revoked admin token', sub { $p->expect(200, $p->post("/admin/tokens/$token->{token_id}/revoke", undef, @admin)) },
		[ [ with_token($token->{token}), '401 revoked' ] ], with_token($other->{token}));
}

sub token_rotated {
	my ($token, $new) = admin_token();
	ends('a rotated admin token', sub {
		$new = $p->expect(201, $p->post("/admin/tokens/$token->{token_id}/rotate", {}, @admin))->{json}{new_token};
	}, [ [ with_token($token->{token}), '401 revoked' ] ]);
	is(said_by_each($_, with_token($new->{token})), '2 x 200', 'the new one is good') for $p, $q;
}

# --- the ceiling of a tenant --------------------------------------------------------------

# A team with this ceiling a day, and a key of each of its two members, each with a
# limit of its own that is far away.
sub under_ceiling {
	my ($requests, $mode) = @_;
	my ($boss, $other) = map { $p->approved_user } 1 .. 2;
	$p->sql("UPDATE users SET tier = 'enterprise' WHERE id IN ('$boss->{user_id}', '$other->{user_id}')");   # no limit
	my $team = team($p, $p->login($boss));
	join_team($p, $team, $p->login($boss), $other, 'member');
	$p->expect(200, $p->request('PATCH', "/admin/tenants/$team->{tenant_id}",
		{ rate_limit_requests => $requests, rate_limit_period => 'day', limit_mode => $mode }, @admin));
	my @there = map { switched($p, $p->login($_), $team->{tenant_id}) } $boss, $other;
	return (\@there, map { $p->new_key($_) } @there);
}

sub ceiling_used {
	my ($user, $key) = @_;
	my ($limit) = grep { $_->{name} eq 'tenant-day' } @{ $p->get("/api/keys/$key->{key_info}{id}/limits", token => $user->{token})->{json}{limits} };
	return $limit->{used};
}

my @sockets = map { $_->{fast_socket} } $p, $q;
sub ceiling_is_exact {
	my @driven = map {
		my ($there, @keys) = under_ceiling($_, 'enforce');
		# longer than an idle host keeps what it leased
		[ $_, $there->[0], $keys[0], map { drive_more(\@sockets, $_->{api_key}, patience => 3000, clients => 8) } @keys ];
	} 1, 7, 350, 5000;
	for (@driven) {
		my ($requests, $user, $key, @ends) = @$_;
		my @got = map { $_->() } @ends;
		is($got[0]{allowed} + $got[1]{allowed}, $requests, "both keys on both hosts have exactly $requests");
		is_clean($_) for @got;
		is(ceiling_used($user, $key), $requests, 'which are used');
	}
}

sub ceiling_observed {
	my ($requests, $each) = (50, 300);
	my ($there, @keys) = under_ceiling($requests, 'observe');
	my $observed = sub { metric($p, 'pierre_limits_observed_total') + metric($q, 'pierre_limits_observed_total') };
	my $rows = sub { $p->sql("SELECT count(*) FROM usage_rows WHERE key_id IN ('$keys[0]{key_info}{id}', '$keys[1]{key_info}{id}')") };
	my $before = $observed->();
	for my $key (@keys) {
		my $got = drive(\@sockets, $key->{api_key}, max => $each);
		is($got->{allowed}, $each, 'nothing is refused');
		is_deeply($got->{refused}, {}, 'on either host');
		is_clean($got);
	}
	await('a row for each', sub { $rows->() == 2 * $each }, $p);
	is(ceiling_used($there->[0], $keys[0]), $requests, 'the ceiling is used up');
	is($observed->() - $before, 2 * $each - $requests, 'and what went over it was counted');
}

key_revoked();
user_suspended();
member_removed();
tenant_suspended();
tenant_deleted();
other_default();
token_revoked();
token_rotated();
subtest 'the ceiling of a tenant' => \&ceiling_is_exact;
subtest 'a ceiling that only observes' => \&ceiling_observed;
is($_->stop_serve, 0, 'stops') for $q, $p;
$_->stop for $q, $p;
done_testing;
