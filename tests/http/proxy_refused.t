#!/usr/bin/perl
# What a provider's refusals do to requests that nginx sends on to it (nginx/pierre-proxy.conf,
# src/op/proxy.c): 401 and 429, a provider that fails, a client that leaves, Pierre that is
# away, a row that has moved. The provider is tests/support/Provider.pm.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use IO::Socket::SSL ();
use Test::More;
use Pierre;
use Pierre::Check;
use Process qw(await);
use Proxied;

sub unauthorized {
	my ($p) = @_;
	my ($user, $r) = refreshed_first($p, 'acme/athlete?x=1', dies());
	is($r->{status}, 200, '401: the token is refreshed, and a GET sent again') or diag($r->{text});
	is(join(' ', map { "$_->{method} $_->{path}?$_->{query}" } asked()), 'GET /api/athlete?x=1 GET /api/athlete?x=1', 'once');
	isnt((asked())[1]{headers}{authorization}, "Bearer $user->{access}", 'with the new token');
	is(refreshed($user->{refresh}), 1, 'one refresh');
	$r = ask($p, $user, 'acme/athlete');
	is($r->{headers}{'x-ratelimit-limit'} - $r->{headers}{'x-ratelimit-remaining'}, 2, 'it is one request to the key, the next the second');

	($user, $r) = refreshed_first($p, 'acme/athlete', dies(), method => 'HEAD');
	is(join(' ', $r->{status}, map { $_->{method} } asked()), '200 HEAD HEAD', 'as is a HEAD') or diag($r->{text});

	$user = user_at($p, 'acme');
	$fake->kill_access($user->{access});
	forget();
	$r = ask($p, $user, 'acme/activities', method => 'POST', body => '{"a":1}');
	problem_is($r, 503, { reason => 'refresh_pending' }, 'a POST is not sent again');
	is($r->{headers}{'retry-after'}, 2, 'it says when');
	is(scalar asked(), 1, 'it went there once');
	await('the refresh', sub { refreshed($user->{refresh}) == 1 }, $p);
	await('the new token', sub { ask($p, $user, 'acme/activities', method => 'POST', body => '{"a":1}')->{status} == 200 }, $p);
	is(refreshed($user->{refresh}), 1, 'and its token is refreshed');

	(my $again, $user->{access}) = bring($p, $user, 'acme');
	$fake->kill_access($user->{access});
	is(renewed($p, $user), 200, 'tokens that were brought just now are refreshed');
	is(refreshed($again), 1, 'once');
	$user->{access} = bring_access($p, $user);
	$fake->kill_access($user->{access});
	is(renewed($p, $user), 200, 'an access token alone that was brought just now, too');
	age($p, $user, '2100-01-01T00:00:00.000Z');
	$fake->kill_access(access($p, $user, 'acme'));
	is(renewed($p, $user), 200, 'and tokens of a refresh under a clock that was ahead');

	$fake->set(api => 401);
	forget();
	$r = ask($p, $user, 'acme/athlete');
	problem_is($r, 403, { reason => 'provider_refuses' }, 'a new token is refused: it is not the token');
	is(scalar asked(), 1, 'so nothing is sent again');
	problem_is(ask($p, $user, 'acme/athlete', method => 'PUT', body => '{}'), 403, { reason => 'provider_refuses' }, 'nor of a PUT');
	($user, $r) = refreshed_first($p, 'acme/athlete', sub { });
	problem_is($r, 403, { reason => 'provider_refuses' }, 'an old one, and then a new one');
	is(scalar asked(), 2, 'by two requests');
	is(refreshed($user->{refresh}), 1, 'and one refresh');
	$user = user_at($p, 'fixed');
	problem_is(ask($p, $user, 'fixed/athlete'), 403, { reason => 'provider_refuses' }, 'one that cannot be refreshed');
	$fake->set;

	$user = user_at($p, 'acme');
	$fake->kill_access($user->{access});
	$fake->set(status => 503);
	problem_is($r = ask($p, $user, 'acme/athlete'), 503, { reason => 'refresh_pending' }, 'a refresh that fails');
	ok($r->{headers}{'retry-after'} >= 2, 'says when it is tried again');
	$fake->set(api => 403);
	$user = user_at($p, 'acme');
	is(ask($p, $user, 'acme/athlete')->{json}{error}, 'made_up', 'another refusal is passed on');
	$fake->set;
}

# Its token is replaced while the provider thinks about a request with the one before: until
# the new one is there. nginx waits 8 s for that, which may be too short on a busy machine: 504.
sub replaced {
	my ($p) = @_;
	my ($user) = refreshed_first($p, 'acme/athlete', dies());
	my $of_user = sub { scalar grep { ($_->{form}{client_id} // '') eq "client-$user->{email}" } $fake->asked('/token') };
	my ($n, $hold, $status) = ($of_user->(), "$p->{dir}/hold");
	for (1 .. 10) {
		$fake->kill_access(access($p, $user, 'acme'));
		Pierre::rewrite($hold, '');
		$fake->set(hold => $hold, after => '/api/slow');
		forget();
		open my $out, '-|', 'curl', '-s', '--cacert', $p->{ca}, '-H', "X-API-Key: $user->{api_key}", '-o', '/dev/null', '-w', '%{http_code}',
			"https://localhost:$p->{port}/proxy/acme/slow" or die "curl: $!";
		await('the request', sub { asked() > 0 }, $p);
		bring_access($p, $user);
		unlink $hold;
		$status = do { local $/; <$out> };
		last if $status ne '504';
	}
	is($status, 200, 'a token that was brought meanwhile goes with the repeat');
	is($of_user->(), $n, 'and none is refreshed');
	$fake->set;
}

sub limited {
	my ($p) = @_;
	my $user = user_at($p, 'acme');
	$fake->set(api => 429, headers => ['Retry-After: 77']);
	forget();
	my $r = ask($p, $user, 'acme/athlete');
	problem_is($r, 429, { reason => 'provider_limited' }, '429 comes to the client');
	is($r->{headers}{'retry-after'}, 77, 'with the time that the provider says');
	$fake->set;
	$r = ask($p, $user, 'acme/athlete');
	problem_is($r, 429, { reason => 'provider_shut' }, 'the next one is refused');
	like($r->{headers}{'retry-after'}, qr/^7[567]$/, 'until then');
	problem_is(ask($p, $user, 'acme/athlete', method => 'POST', body => '{}'), 429, { reason => 'provider_shut' }, 'also a POST');
	is(scalar asked(), 1, 'and the provider is not asked');
	status_is($p->get('/api/oauth/tokens/acme', token => $user->{token}), 200, 'its owner still gets the token');

	$user = user_at($p, 'acme');
	$fake->set(api => 429, headers => [ 'X-RateLimit-Limit: 200,2000', 'X-RateLimit-Usage: 201,300' ]);
	$r = ask($p, $user, 'acme/activities', method => 'POST', body => '{}');
	problem_is($r, 429, { reason => 'provider_limited' }, 'also of a POST');
	cmp_ok($r->{headers}{'retry-after'}, '<=', 900, 'by its own headers: the end of the quarter');
	is((900 - time % 900 - $r->{headers}{'retry-after'}) =~ /^-?[01]$/ ? 1 : 0, 1, 'to the second');
	$fake->set;

	$fake->set(api => 429);
	($user, $r) = refreshed_first($p, 'acme/athlete', dies());
	problem_is($r, 429, { reason => 'provider_limited' }, '401, and then 429');
	is($r->{headers}{'retry-after'}, 60, 'a minute when nothing says it');
	$fake->set;

	($user, $r) = refreshed_first($p, 'budget/athlete', dies());
	is(join(' ', $r->{status}, map { ask($p, $user, 'budget/athlete')->{status} } 1 .. 2), '200 200 429', 'a budget of two');
	problem_is(ask($p, $user, 'budget/athlete'), 429, { reason => 'provider_budget' }, 'is used up');
	is(scalar asked(), 3, 'without asking the provider');
	($user) = refreshed_first($p, 'budget/athlete', dies());
	age($p, $user);
	$fake->kill_access(access($p, $user, 'budget'));
	forget();
	problem_is(ask($p, $user, 'budget/athlete'), 429, { reason => 'provider_budget' }, 'a repeat is charged to the budget too');
	is(scalar asked(), 1, 'so it was not sent');
}

# With the server's application, which both may use, and tokens that nothing shows to be of it.
sub brought {
	my ($p) = @_;
	Pierre::rewrite("$p->{dir}/state/secret", "of-the-server\n");
	$p->give("$p->{dir}/state/secret");
	my $made = $p->cli(qw(provider app set shared --client-id server --value-file secret --redirect-uri),
		'https://localhost/api/oauth/callback/shared');
	is($made->{status}, 0, "the server's application") or diag($made->{err});
	my ($mallory, $bob) = map { user_at($p, 'shared', own_app => 0) } 1, 2;
	is(join(' ', map { ask($p, $mallory, 'shared/x')->{status} } 1 .. 5), '200 200 200 200 200', 'tokens that were brought take nothing from its budget of 4');
	$fake->set(api => 429, headers => ['Retry-After: 86400']);
	problem_is(ask($p, $mallory, 'shared/x'), 429, { reason => 'provider_limited' }, 'the provider refuses them');
	$fake->set;
	problem_is(ask($p, $mallory, 'shared/x'), 429, { reason => 'provider_shut' }, 'who brought them waits');
	is(ask($p, $bob, 'shared/x')->{status}, 200, 'and nobody else: not another tenant');
	$p->sql("UPDATE provider_connections SET expires_at = '2000-01-01T00:00:00.000Z' WHERE user_id = '$bob->{user_id}'");
	my $r;
	await('a refresh, as before', sub { ($r = ask($p, $bob, 'shared/x'))->{status} == 200 }, $p);
	$fake->set(api => 429, headers => ['Retry-After: 86400']);
	problem_is(ask($p, $bob, 'shared/x'), 429, { reason => 'provider_limited' }, 'those that were refreshed are of the application');
	$fake->set;
	await('the line of the log', sub { $p->log =~ /provider_shut .*provider=shared application=[0-9a-f-]{36} until=\S+Z after=proxy next="[^"]*provider app reopen"/ }, $p);
	problem_is(ask($p, $bob, 'shared/x'), 429, { reason => 'provider_shut' }, 'it is shut');
	$r = $p->cli(qw(provider app reopen shared));
	is($r->{status}, 0, 'an operator opens it again') or diag($r->{err});
	is(ask($p, $bob, 'shared/x')->{status}, 200, 'and its requests go on');
	is($p->cli(qw(provider app reopen), $_)->{status}, 1, "not $_") for 'nowhere', '00000000-0000-4000-8000-000000000000';
}

sub failures {
	my ($p) = @_;
	my $user = user_at($p, 'closed');
	problem_is(ask($p, $user, 'closed/athlete'), 502, {}, 'a provider that is down');
	$user = user_at($p, 'acme');
	$fake->set(cut => 'before');
	forget();
	problem_is(ask($p, $user, 'acme/athlete'), 502, {}, 'one that hangs up');
	is(scalar asked(), 1, 'is not asked again at its other address');
	forget();
	problem_is(ask($p, $user, 'acme/athlete', method => 'POST', body => '{}'), 502, {}, 'also on a POST');
	is(scalar asked(), 1, 'which is not sent again');
	$fake->set(stall => 10);
	problem_is(ask($p, $user, 'acme/athlete'), 504, {}, 'one that is silent');
	$fake->set(api => 500);
	is(ask($p, $user, 'acme/athlete')->{status}, 500, 'one that fails');
	$fake->set;
	$p->put('/api/oauth/tokens/acme', { access_token => $_ }, token => $user->{token}),
		problem_is(ask($p, $user, 'acme/athlete'), 409, { reason => 'unsendable' }, 'a token that no header can hold') for "t\x{f6}", '';
	$p->put('/api/oauth/tokens/acme', { access_token => 'x' x 8192 }, token => $user->{token});
	forget();
	ask($p, $user, 'acme/athlete');
	is(length((asked())[0]{headers}{authorization}), 8192 + 7, 'the longest token there may be');
}

# A request that has come to the provider; its socket.
sub on_its_way {
	my ($p, $user, $line) = @_;
	forget();
	my $s = IO::Socket::SSL->new(PeerAddr => '127.0.0.1', PeerPort => $p->{port}, SSL_hostname => 'localhost', SSL_ca_file => $p->{ca})
		or die "connect: $!";
	print $s "$line HTTP/1.1\r\nHost: localhost\r\nX-API-Key: $user->{api_key}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
	await('the request there', sub { asked() }, $p);
	return $s;
}

# A client that leaves before the provider answers: over HTTP/1.1, since nginx ends the
# request of a stream of HTTP/2 that is reset, whatever proxy_ignore_client_abort says.
sub leaves {
	my ($p) = @_;
	my $user = user_at($p, 'acme');
	$fake->set(api => 429, headers => ['Retry-After: 3000'], stall => 0.5, after => '/api/left');
	my $s = on_its_way($p, $user, 'GET /proxy/acme/left');
	$s->close;
	await('the end of it', sub { $p->access_log =~ m{/proxy/acme/left } }, $p);
	$fake->set;
	problem_is(ask($p, $user, 'acme/athlete'), 429, { reason => 'provider_shut' }, 'a 429 counts when the client has left');
}

# Pierre stops while the provider thinks.
sub away {
	my ($p) = @_;
	my $user = user_at($p, 'acme');
	for my $status (401, 429) {
		$fake->set(api => $status, hold => "$p->{dir}/hold");
		Pierre::rewrite("$p->{dir}/hold", '');
		my $s = on_its_way($p, $user, 'POST /proxy/acme/x');
		$p->stop_serve;
		unlink "$p->{dir}/hold";
		my $text = do { local $/; readline $s };
		like($text, qr{^HTTP/1\.1 502 .*\ncontent-type: application/problem\+json}is, "the provider says $status, and Pierre is away: a problem");
		$fake->set;
		$p->serve;
	}
}

# The row of a provider changes, and nobody prints for nginx.
sub moved {
	my ($p) = @_;
	my ($file, $user) = ("$p->{dir}/providers.json", user_at($p, 'acme'));
	my $before = Pierre::slurp($file);
	for my $to ('https://api.example', $fake->url('/api/v2'), undef) {
		my $rows = $json->decode($before);
		$rows->{providers}[0]{api_url} = $to;
		Pierre::rewrite($file, $json->encode($rows));
		$p->stop_serve;
		$p->serve;
		forget();
		problem_is(ask($p, $user, 'acme/athlete'), 503, { reason => 'nginx_outdated' }, 'the row says ' . ($to // 'nowhere') . ': no token is lent');
		is(scalar asked(), 0, 'and the place before is not asked');
		status_is(ask($p, $user, 'other/athlete'), 404, 'other providers are as before');
	}
	Pierre::rewrite($file, $before);
	$p->stop_serve;
	$p->serve;
	status_is(ask($p, $user, 'acme/athlete'), 200, 'it is as it was');
}

for my $backend (Pierre::backends()) {
	subtest $backend => sub {
		my $p = at_level('info', $backend);
		subtest $_->[0] => sub { $_->[1]->($p) } for [ 'it answers 401' => \&unauthorized ], [ 'replaced meanwhile' => \&replaced ],
			[ 'it answers 429' => \&limited ], [ 'brought tokens' => \&brought ], [ failures => \&failures ],
			[ 'a client that leaves' => \&leaves ], [ 'Pierre is away' => \&away ], [ 'a row that moved' => \&moved ],
			[ secrets => sub { secrets($p, 'info') } ];
		$p->stop;
	};
}
$dns->stop;
$fake->stop;
done_testing;
