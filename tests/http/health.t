#!/usr/bin/perl
# Health, version, the OpenAPI document; what happens while the database is away.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre::Check;
use Process qw(await becomes_ready lines_of);

# Take the database away and bring it back, as an operator's mistake would.
sub hide {
	my ($p, $hidden) = @_;
	if ($p->{backend} eq 'sqlite') {
		my ($file) = $p->{url} =~ /^sqlite:(.*)/;
		my @names = ($file, "$file.hidden");
		@names = reverse @names unless $hidden;
		rename $names[0], $names[1] or die "rename: $!";
		return;
	}
	my $allow = $hidden ? 'false' : 'true';
	Pierre::psql("ALTER DATABASE $p->{database} WITH ALLOW_CONNECTIONS $allow");
	Pierre::psql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity " .
		"WHERE datname = '$p->{database}'") if $hidden;
}

each_backend(sub {
	my ($p) = @_;
	my $user = $p->approved_user;
	my $key = $p->new_key($user)->{api_key};
	my $unseen = $p->new_key($user)->{api_key};

	for my $path ('/health', '/health/live') {
		my $r = status_is($p->get($path), 200, "GET $path");
		is_deeply($r->{json}, { status => 'ok', service => 'pierre-mcp-server' }, 'body');
		is($r->{headers}{'cache-control'}, 'no-store', 'not cached');
	}
	is_deeply(becomes_ready($p, 'ready')->{json},
		{ status => 'ok', database => 'ok' }, 'ready body');
	my $version = status_is($p->get('/version'), 200, 'version')->{json};
	is($version->{name}, 'pierre', 'name');
	like($version->{version}, qr/^\d+\.\d+\.\d+/, 'version');

	my $doc = status_is($p->get('/openapi.json'), 200, 'OpenAPI');
	like($doc->{json}{openapi}, qr/^3\.1\./, 'OpenAPI 3.1');
	is($doc->{json}{info}{version}, $version->{version}, 'of this version');
	my $etag = $doc->{headers}{etag};
	ok($etag, 'has an ETag');
	my $again = status_is($p->get('/openapi.json', headers => { 'If-None-Match' => $etag }), 304,
		'unchanged');
	is($again->{body}, '', '304 has no body');
	status_is($p->get('/openapi.json', headers => { 'If-None-Match' => '"other"' }), 200, 'changed');

	status_is($p->get('/verify', token => $key), 200, 'a key is good');
	# a busy machine may not have one in time
	is(scalar(grep { !/ in time| before the deadline| is locked by / } lines_of($p, qr/ database_away/)), 0, 'no process found the database away') or diag($p->log);
	hide($p, 1);
	my $r = problem_is($p->get('/health/ready'), 503, { code => 'ResourceUnavailable',
		reason => 'unreachable' }, 'not ready without the database');
	like($r->{json}{detail}, qr/database/, "with the reason: $r->{json}{detail}");
	# any client may ask: where the database is and what it said is not for him
	for my $route ('/health/ready', '/verify', '/admin/setup-status', '/api/keys') {
		my $body = problem_is($p->get($route, token => $user->{token}), 503, {}, $route)->{body};
		unlike($body, qr/sqlite|postgres|sqlstate|pierre\.db|\Q$p->{dir}\E|pt_\d/i, "$route tells nothing of the database");
	}
	ok(await('the line', sub { $p->log =~ /request_failed .*route=health_ready .*error="[^"]*(?:pierre\.db|PostgreSQL)/ }), 'the log does');
	status_is($p->get('/health/live'), 200, 'still alive');
	status_is($p->get('/health'), 200, 'health as the original');
	problem_is($p->get('/verify', token => $unseen), 503, {}, 'nobody new is let through') for 1 .. 4;
	# what a worker verified is good for as long as another host's change may take
	ok(await('refusal', sub { !grep { $p->get('/verify', token => $key)->{status} != 503 } 1 .. 8 }),
		'nor, in the end, who was');
	problem_is($p->get('/verify', token => $user->{token}), 503, {}, 'no session either');
	hide($p, 0);
	# each worker asks again a second after its last try
	ok(await('ready again', sub { !grep { $p->get('/health/ready')->{status} != 200 } 1 .. 8 }), 'ready again');
	status_is($p->get('/verify', token => $key), 200, 'the key is good again') for 1 .. 4;
});
done_testing;
