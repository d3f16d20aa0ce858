#!/usr/bin/perl
# What providers answer to a refresh: whatever is optional may be wrong, what is no word of
# the provider's own ends nothing, and a provider that refuses everybody ends nobody.
# src/provider/reply.c, src/op/refresh_rule.c.
# PIERRE_TEST_ROUNDS: more than 1: each optional member is wrong by itself, and 100 users are
# refused at once; else all are, and 12.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use Process qw(await);
use Refresh;

my $CROWD = $ROUNDS > 1 ? 100 : 12;
my @rows = (row('acme'), row('safe', replay => 'safe'), row('crowd'));

# One refresh, until its end; then it may be tried again.
sub refreshed {
	my ($p, $user, $provider, %o) = @_;
	my $gen = of($p, $user, 'refresh_gen');
	$fake->set(%o);
	set_row($p, $user, "retry_at = NULL, refresh_wanted = TRUE, expires_at = '$PAST', attempts = 0");
	await('the end', sub {
		return 1 if of($p, $user, 'refresh_gen') > $gen && of($p, $user, 'phase') eq 'idle' && of($p, $user, 'reason') !~ /^not_reached|^no_answer/;
		# a busy machine: no connection in three seconds, or no answer in ten
		set_row($p, $user, "retry_at = NULL, attempts = 0");
		return 0;
	}, $p);
	return of($p, $user, "state || '/' || coalesce(reason, '')");
}

# --- optional members --------------------------------------------------------------------

sub optional {
	my ($p) = @_;
	my $user = user_at($p, 'safe');
	bring($p, $user, 'safe');
	my @members = qw(expires_in expires_at scope token_type refresh_token);
	for my $those ($ROUNDS > 1 ? map { [$_] } @members : [@members]) {
		my %as = (null => undef, text => 'soon and often', huge => 'x' x 10_000, 'a huge number' => 10 ** 30, 'an object' => {});
		my %is = (missing => { without => $those }, map { my $what = $_; ($what => { with => { map { $_ => $as{$what} } @$those } }) } keys %as);
		for my $what (sort keys %is) {
			my $before = of($p, $user, 'tokens_gen');
			is(refreshed($p, $user, 'safe', mode => 'same', %{ $is{$what} }), 'ok/', "@$those: $what");
			cmp_ok(of($p, $user, 'tokens_gen'), '>', $before, '  the new access token is stored');
		}
	}
	$fake->set;
	is(lend($p, $user, 'safe')->{status}, 200, 'and given');
}

# --- no word of the provider's own -------------------------------------------------------

my %page = (403 => { status => 403, html => 1 }, 404 => { status => 404, html => 1 }, 410 => { status => 410, html => 1 },
	429 => { status => 429, json => { error => 'slow_down' }, headers => ['Retry-After: 1'] }, 500 => { status => 500 }, 503 => { status => 503, html => 1 },
	'a page' => { html => 1 }, 'truncated JSON' => { truncated => 1 }, 'no JSON' => { status => 400, html => 1 },
	'an empty object' => { status => 200, json => {} });

sub firewalls {
	my ($p) = @_;
	my $user = user_at($p, 'safe');
	my ($refresh) = bring($p, $user, 'safe');
	# that nobody else is there, and long ago, would let a refusal end it
	set_row($p, $user, "first_refused_at = '$PAST', refusals = 2");
	# 429 comes last: it shuts the budget of the application
	for my $what ((grep { $_ ne '429' } sort keys %page), '429') {
		for (1 .. 3) {
			my $state = refreshed($p, $user, 'safe', mode => 'none', %{ $page{$what} });
			like($state, qr{^degraded/\w}, "$what: the connection lives");
			last if $ROUNDS == 1;
		}
	}
	is(of($p, $user, 'refusals'), 2, 'none of them counts as a refusal');
	await('the budget', sub { refreshed($p, $user, 'safe', mode => 'same') ne 'degraded/no_budget' }, $p);
	is(of($p, $user, "state || '/' || COALESCE(reason, '')"), 'ok/', 'then it is refreshed');
	$fake->set;
}

# --- a connection that is kept and ends --------------------------------------------------

# libcurl sends a POST on a connection that it had kept again, when that ends without a byte.
sub closes_second {
	my ($p) = @_;
	$fake->set(close_second => 1);
	my $user = user_at($p, 'acme');
	for (1 .. 3) {
		my ($refresh) = bring($p, $user, 'acme');
		lent($p, $user, 'acme');
		is(calls_with($refresh), 1, 'a server that ends a kept connection: one POST');
		is((grep { ($_->{form}{refresh_token} // '') eq $refresh } $fake->asked('/token'))[0]{nth}, 1, '  on a connection of its own');
	}
	$fake->set;
}

# --- all at once -------------------------------------------------------------------------

sub crowd_sql { my ($p, $what) = @_; return $p->sql("SELECT count(*) FROM provider_connections WHERE provider = 'crowd' AND $what") }

sub refused_all {
	my ($p) = @_;
	server_app($p, 'crowd');
	my @users = map { my $u = $p->approved_user(email => "crowd$_-$$\@example.org"); bring($p, $u, 'crowd'); $u } 1 .. $CROWD;
	lend_all($p, 'crowd', @users[ 0 .. 1 ]);
	await('two that succeed', sub { crowd_sql($p, "state = 'ok' AND tokens_gen > 0") == 2 }, $p);
	$p->sql("UPDATE provider_connections SET expires_at = '$PAST' WHERE provider = 'crowd'");
	$fake->set(refuse => 1);
	lend_all($p, 'crowd', @users);
	await('all to be refused', sub { crowd_sql($p, "state = 'degraded' AND phase = 'idle'") == $CROWD }, $p);
	is(crowd_sql($p, "state = 'reauth_required'"), 0, "$CROWD users refused at once: none is dead");
	cmp_ok(crowd_sql($p, "reason = 'provider_refuses'"), '>', 0, 'the provider is at fault');
	isnt($p->sql("SELECT degraded_until FROM provider_apps WHERE provider = 'crowd'"), '', 'and is left alone for a while');
	# an hour and a half later it still refuses, and whoever was refused once has been twice more
	my $gens = $p->sql("SELECT sum(refresh_gen) FROM provider_connections WHERE provider = 'crowd'");
	$p->sql("UPDATE provider_connections SET refusals = 2, first_refused_at = '$PAST', retry_at = NULL WHERE provider = 'crowd'");
	await('all to be refused again', sub { $p->sql("SELECT sum(refresh_gen) FROM provider_connections WHERE provider = 'crowd'") >= $gens + $CROWD &&
		crowd_sql($p, "phase = 'idle'") == $CROWD }, $p);
	is(crowd_sql($p, "state = 'degraded'"), $CROWD, 'nor are they then');
	$fake->set;
	$p->sql("UPDATE provider_apps SET degraded_until = '$PAST' WHERE provider = 'crowd'");
	$p->sql("UPDATE provider_connections SET retry_at = NULL WHERE provider = 'crowd'");
	await('all to be back', sub { crowd_sql($p, "state = 'ok' AND phase = 'idle' AND refusals = 0") == $CROWD }, $p);
	is($p->sql("SELECT count(*) FROM notifications WHERE message LIKE 'Crowd%'"), 0, 'later all are back, and nobody was told to connect again');
}

my $first = 1;
for my $backend (Pierre::backends()) {
	subtest $backend => sub {
		my $p = start($backend, \@rows);
		subtest 'optional members' => sub { optional($p) };
		# which the database has no part in
		if ($first-- == 1 || $ROUNDS > 1) {
			subtest 'firewalls and outages' => sub { firewalls($p) };
			subtest 'a kept connection that ends' => sub { closes_second($p) };
		}
		subtest 'everybody is refused' => sub { refused_all($p) };
		is($p->stop_serve, 0, 'stops');
		$p->stop;
	};
}
$fake->stop;
done_testing;
