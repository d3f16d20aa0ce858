#!/usr/bin/perl
# Providers that misbehave while a user connects: they stall, cut, answer HTML, 5xx, half a
# JSON, refuse. The code is sent once, nothing is stored, and the user is told. And when they
# misbehave once the tokens have come: the tokens are kept, and nobody gets them until it is
# known whose they are. A good reply is not thrown away for what is wrong beside the token.
#
# Each fault has a provider of its own, and all are connected at once: what stalls takes 10 s.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use Pierre::Check;
use Pierre::Connect;
use Process qw(await await_log count_log);
use Provider;

# name => behaviour, outcome, what the page says
my %exchange = (
	stall => [ { stall => 30 }, 'failed', qr/does not work now/ ],
	before => [ { cut => 'before' }, 'failed', qr/does not work now/ ],
	within => [ { cut => 1 }, 'failed', qr/does not work now/ ],
	truncated => [ { truncated => 1 }, 'failed', qr/was not understood/ ],
	html => [ { html => 1 }, 'failed', qr/was not understood/ ],
	firewall => [ { html => 1, status => 403 }, 'failed', qr/does not work now/ ],
	gone => [ { html => 1, status => 404 }, 'failed', qr/does not work now/ ],
	error => [ { status => 500 }, 'failed', qr/does not work now/ ],
	gateway => [ { html => 1, status => 502 }, 'failed', qr/does not work now/ ],
	busy => [ { status => 429 }, 'failed', qr/asked too often/ ],
	refusal => [ { refuse => 1 }, 'refused', qr/did not accept the code/ ],
	client => [ { status => 401, json => { error => 'invalid_client' } }, 'failed', qr/does not accept the application/ ],
	empty => [ { without => ['access_token'] }, 'failed', qr/was not understood/ ],
	blank => [ { with => { access_token => "a b\n" } }, 'failed', qr/was not understood/ ],
	nameless => [ {}, 'failed', qr/did not say whose tokens these are/ ],
	# what is wrong beside the token costs nobody the token
	'ends-null' => [ { with => { expires_in => undef } }, 'connected', qr/is connected/ ],
	'ends-soon' => [ { with => { expires_in => 'soon' } }, 'connected', qr/is connected/ ],
	'ends-huge' => [ { with => { expires_in => 1e30 } }, 'connected', qr/is connected/ ],
	'ends-not' => [ { without => ['expires_in'] }, 'connected', qr/is connected/ ],
	'no-refresh' => [ { without => ['refresh_token'] }, 'connected', qr/is connected/ ],
	'scope-odd' => [ { with => { scope => [ 'read', { x => 1 } ] } }, 'connected', qr/is connected/ ],
	'type-odd' => [ { with => { token_type => 7 } }, 'connected', qr/is connected/ ],
);
# Says with the tokens whose they are, as a rule.
my %row = (nameless => { identity_url => undef, identity_field => 'user' });
# The tokens have come.
my %identity = (
	'me-stall' => { stall => 30, after => '/me' }, 'me-500' => { me => 500 }, 'me-403' => { me => 403 }, 'me-404' => { me => 404 },
	'me-429' => { me => 429, headers => ['Retry-After: 1'] }, 'me-cut' => { me => 'cut' }, 'me-html' => { me => 'html' }, 'me-truncated' => { me => 'truncated' },
	'me-nobody' => { me => 'nobody' },
);
# What is due once afterwards; 409: it was there already.
my %after = ('users-200' => 200, 'users-409' => 409, 'users-500' => 500);
$exchange{$_} = [ { users => $after{$_} }, 'connected', qr/is connected/ ] for keys %after;
my %fake = map { $_ => Provider->start } sort keys %exchange, keys %identity;

sub start {
	my ($backend) = @_;
	return start_connect($backend, { providers => [ map { provider_row($fake{$_}, $_, %{ $row{$_} // {} }, $after{$_}
		? (after_connect_url => $fake{$_}->url('/users'), after_connect_body => '{"member-id":"{connection}"}') : ()) } sort keys %fake ] },
		undef, program => 'tests/support/pierre_refresh');   # which is patient
}
sub asked { my ($name, $path) = @_; return scalar(() = $fake{$name}->asked($path)) }
sub rows { my ($p, $name, $columns) = @_; return $p->sql("SELECT $columns FROM provider_connections WHERE provider = '$name'") }

# All at once: name => [ browser, where it shows the outcome, calls before ]
sub connect_all {
	my ($p, $user) = @_;
	set_app($p, $user, $_) for keys %fake;
	my %of;
	for my $name (sort keys %fake) {
		$fake{$name}->set(%{ $exchange{$name} ? $exchange{$name}[0] : $identity{$name} });
		my @before = map { asked($name, $_) } '/token', '/me', '/revoke';
		# the consent itself is no fault
		my $url = visit(my $browser = Browser->new($p), begin($p, $user, $name));
		$fake{$name}->set;
		my $back = consent($url);
		$fake{$name}->set(%{ $exchange{$name} ? $exchange{$name}[0] : $identity{$name} });
		$of{$name} = [ $browser, $browser->get($back)->{headers}{location}, @before ];
	}
	return %of;
}
sub page {
	my ($browser, $at) = @_;
	return await('an outcome', sub { my $r = $browser->get($at); $r->{body} =~ /<h1>Connecting</ ? undef : $r }, $browser->{p});
}

sub exchanges {
	my ($p, $user, %of) = @_;
	for my $name (sort keys %exchange) {
		my (undef, $outcome, $says) = @{ $exchange{$name} };
		my ($browser, $at, $tokens) = @{ $of{$name} };
		my $page = page($browser, $at);
		like($page->{body}, $says, "$name: the page says so") or diag($p->log);
		is(asked($name, '/token') - $tokens, 1, '  the code was sent once');
		is($p->sql("SELECT outcome FROM connect_states WHERE provider = '$name'"), $outcome, '  it is the outcome of the attempt');
		is(rows($p, $name, 'state'), $outcome eq 'connected' ? 'ok' : '', $outcome eq 'connected' ? '  the tokens are kept' : '  nothing is stored');
		is($p->sql("SELECT count(*) FROM notifications WHERE provider = '$name' AND " . ($outcome eq 'connected' ? '' : 'NOT ') . 'success'), 1, '  the user is told');
		is($p->sql("SELECT state FROM provider_apps WHERE provider = '$name'"), $name eq 'client' ? 'broken' : 'ok', '  and the application is as it is');
	}
	is(asked('nameless', '/revoke') - $of{nameless}[4], 1, 'tokens that are nobody\'s are revoked');
	problem_is($p->post('/api/oauth/connect/client', undef, token => $user->{token}), 409, { reason => 'app_broken' }, 'one that is not accepted connects nobody');
}

# As Polar wants it: POST with the access token and an id of ours, once.
sub afterwards {
	my ($p, $user) = @_;
	for my $name (sort keys %after) {
		my ($asked) = await("$name", sub { my ($r) = reverse $fake{$name}->asked('/users'); $r }, $p);
		my ($c) = grep { $_->{provider} eq $name } connections($p, $user);
		is("$asked->{method} $asked->{headers}{'content-type'} $asked->{body}", "POST application/json {\"member-id\":\"$c->{id}\"}", "$name: it is told of the user");
		like($asked->{headers}{authorization}, qr/^Bearer at-/, '  by his token');
		is($c->{state}, 'ok', '  and the connection is good whatever it answers');
		await_log($p, qr/ after_connect_failed .*provider=$name status=500/) if $after{$name} == 500;
		is(count_log($p, qr/ after_connect_failed .*provider=$name /), $after{$name} == 500 ? 1 : 0, '  it is logged unless it is there');
	}
}

sub identities {
	my ($p, $user, %of) = @_;
	# they are stored while the provider still thinks
	await('the call', sub { asked('me-stall', '/me') > $of{'me-stall'}[3] }, $p);
	is(rows($p, 'me-stall', 'state'), 'unidentified', 'the tokens are stored before the next call ends');
	for my $name (sort keys %identity) {
		my ($browser, $at, $tokens) = @{ $of{$name} };
		my $page = page($browser, $at);
		like($page->{body}, qr/has not said yet whose they are/, "$name: the page says so");
		is(heading($page), 'Almost connected', '  under a heading that is true');
		my ($c) = grep { $_->{provider} eq $name } connections($p, $user);
		is($c->{state}, 'unidentified', '  the tokens are kept');
		like($c->{reason}, qr/^no_(?:identity|answer)$/, "  with the reason $c->{reason}");
		ok($c->{state_since}, '  and since when');
		problem_is($p->get("/api/oauth/tokens/$name", token => $user->{token}), 503, { reason => 'unidentified' }, '  nobody gets them');
		is($p->get("/api/oauth/tokens/$name", token => $user->{token})->{headers}{'retry-after'}, 5, '  it says when to ask again');
	}
	$fake{$_}->set for keys %identity;
	local $Process::PAUSE = 0.2;   # each look writes
	for my $name (sort keys %identity) {
		# again and again: a retry that is under way sets it anew
		await("$name to be identified", sub {
			$p->sql("UPDATE provider_connections SET retry_at = NULL WHERE provider = '$name' AND state = 'unidentified'"
				. " AND phase = 'idle' AND retry_at IS NOT NULL");
			rows($p, $name, 'state') eq 'ok' }, $p);
		is(asked($name, '/token') - $of{$name}[2], 1, "$name says so later: the same tokens, of one code");
		status_is($p->get("/api/oauth/tokens/$name", token => $user->{token}), 200, '  are given out');
	}
}

for my $backend (Pierre::backends()) {
	subtest $backend => sub {
		my $p = start($backend);
		my $user = $p->approved_user;
		my %of = connect_all($p, $user);
		subtest 'the tokens have come' => sub { identities($p, $user, %of) };
		subtest 'the code is redeemed' => sub { exchanges($p, $user, %of) };
		subtest 'afterwards' => sub { afterwards($p, $user) };
		is($p->stop_serve, 0, 'stops');
		$p->stop;
	};
}
$_->stop for values %fake;
done_testing;
