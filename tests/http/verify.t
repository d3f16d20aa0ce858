#!/usr/bin/perl
# GET /verify, direct and as nginx's auth_request: what is let through, what
# the upstream is told, and what cannot be forged.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre::Check;

sub good {
	my ($p, $user, $key) = @_;
	my %ways = (
		'Bearer pk_' => { Authorization => "Bearer $key->{api_key}" },
		'bearer, any case' => { Authorization => "bEaReR   $key->{api_key} " },
		'bare pk_' => { Authorization => $key->{api_key} },
		'X-API-Key' => { 'X-API-Key' => $key->{api_key} },
		'the same twice' => { Authorization => "Bearer $key->{api_key}", 'X-API-Key' => $key->{api_key} },
		"beside the upstream's Basic" => { Authorization => 'Basic dXNlcjpwdw==', 'X-API-Key' => $key->{api_key} },
	);
	for my $way (sort keys %ways) {
		my $r = status_is($p->get('/verify', headers => $ways{$way}), 200, $way);
		is($r->{headers}{'x-pierre-auth'}, 'key', 'X-Pierre-Auth');
	}
	my $r = $p->get('/verify', token => $key->{api_key});
	my %h = map { $_ => $r->{headers}{$_} } grep { /^x-pierre-/ } keys %{ $r->{headers} };
	is_deeply(\%h, {
		'x-pierre-auth' => 'key', 'x-pierre-key-id' => $key->{key_info}{id},
		'x-pierre-user-id' => $user->{user_id}, 'x-pierre-tenant-id' => $user->{tenant_id},
		'x-pierre-tier' => 'starter', 'x-pierre-scopes' => 'read write',
	}, 'headers of a key');
	is_deeply($r->{json}, { auth => 'key', key_id => $key->{key_info}{id}, user_id => $user->{user_id},
		tenant_id => $user->{tenant_id}, tier => 'starter', scopes => [ 'read', 'write' ] }, 'body');
	is($r->{headers}{'cache-control'}, 'no-store', 'not cached');

	$r = status_is($p->get('/verify', token => $user->{token}), 200, 'an access token');
	%h = map { $_ => $r->{headers}{$_} } grep { /^x-pierre-/ } keys %{ $r->{headers} };
	is_deeply(\%h, { 'x-pierre-auth' => 'session', 'x-pierre-user-id' => $user->{user_id},
		'x-pierre-tenant-id' => $user->{tenant_id}, 'x-pierre-tier' => 'starter' }, 'headers of a session');

	my $head = status_is($p->head('/verify', token => $key->{api_key}), 200, 'HEAD');
	is($head->{body}, '', 'no body');
	is($head->{headers}{'x-pierre-key-id'}, $key->{key_info}{id}, 'the same headers');
	is($head->{headers}{'content-length'}, length $p->get('/verify', token => $key->{api_key})->{body}, 'the same length');
}

# Sc 19.
sub bad {
	my ($p, $user, $key) = @_;
	my $r = problem_is($p->get('/verify'), 401, { code => 'AuthRequired', reason => 'missing' }, 'nothing');
	is($r->{headers}{'www-authenticate'}, 'Bearer realm="pierre"', 'asks for a token');
	problem_is($p->get('/verify', headers => { Authorization => 'Basic dXNlcjpwdw==' }), 401, { reason => 'missing' }, 'Basic');
	my $text = $key->{api_key};
	my $flipped = substr($text, 0, -1) . (substr($text, -1) eq 'a' ? 'b' : 'a');
	for my $wrong ('pk_live_' . 'A' x 32, 'pk_test_' . 'A' x 32, 'pk_live_' . 'A' x 31, 'pk_live_' . 'A' x 33, $flipped,
 'pk_', 'pat_' . 'A' x 43, 'junk', $user->{refresh_token}, lc $text eq $text ? uc $text : lc $text,
		"$text,$text", 'x' x 4000, "pk_live_\xc3\xa4" . 'A' x 30, "' OR 1=1 --") {
		my $r = problem_is($p->get('/verify', token => $wrong), 401, { code => 'AuthInvalid', reason => 'unknown' },
			'unknown: ' . substr($wrong, 0, 14));
		like($r->{headers}{'www-authenticate'}, qr/^Bearer realm="pierre", error="invalid_token"$/, 'challenge');
	}
	problem_is($p->get('/verify', headers => { 'X-API-Key' => $user->{token} }), 401, { reason => 'unknown' },
		'X-API-Key takes keys only');
	problem_is($p->get('/verify', headers => { Authorization => "Bearer $user->{token}", 'X-API-Key' => $text }), 401,
		{ reason => 'ambiguous' }, 'two credentials');
	problem_is($p->get('/verify', headers => { Authorization => "Bearer $flipped", 'X-API-Key' => $text }), 401,
		{ reason => 'ambiguous' }, 'two keys of one length');
	problem_is($p->get('/verify', headers => { Authorization => $text, 'X-API-Key' => $flipped }), 401,
		{ reason => 'ambiguous' }, 'the other way round');
	for my $two ([ Authorization => [ "Bearer $text", 'Bearer other' ] ], [ Authorization => [ ("Bearer $text") x 2 ] ],
		[ 'X-API-Key' => [ $text, 'other' ] ]) {
		problem_is($p->get('/verify', headers => { @$two }), 400, {}, "$two->[0] twice");
	}
	problem_is($p->get("/verify?api_key=$text"), 422, { field => 'api_key' }, 'the query is no place for a key');
	problem_is($p->post('/verify', {}, token => $text), 405, {}, 'POST');
}

# Sc 23.
sub states {
	my ($p, $user) = @_;
	my $short = $p->new_key($user, expires_in_days => 1);
	my $revoked = $p->new_key($user);
	my $trial = $p->new_key($user, tier => 'trial');
	status_is($p->get('/verify', token => $trial->{api_key}), 200, 'a trial key is a key');
	$p->delete("/api/keys/$revoked->{key_info}{id}", token => $user->{token});
	problem_is($p->get('/verify', token => $revoked->{api_key}), 401, { code => 'AuthInvalid', reason => 'revoked' }, 'revoked');
	my $wrong = substr($revoked->{api_key}, 0, 16) . 'x' x 24;
	problem_is($p->get('/verify', token => $wrong), 401, { reason => 'unknown' }, 'states are told to the owner only');
	$p->{env}{PIERRE_CLOCK_OFFSET} = 86400 - 300;
	$p->restart;
	status_is($p->get('/verify', token => $short->{api_key}), 200, 'before its day is over');
	$p->{env}{PIERRE_CLOCK_OFFSET} = 86400 + 1;
	$p->restart;
	problem_is($p->get('/verify', token => $short->{api_key}), 401, { code => 'AuthExpired', reason => 'expired' }, 'after it');
	delete $p->{env}{PIERRE_CLOCK_OFFSET};
	$p->restart;
}

sub demo {
	my ($p, $user, $key) = @_;
	my $told = sub { my ($r) = @_; return { map { /^([\w-]+): ?(.*)/ ? ($1 => $2) : () } split /\n/, $r->{body} } };
	my $r = status_is($p->get('/demo/a?b=c', token => $key->{api_key}), 200, 'through auth_request');
	my $t = $told->($r);
	is($t->{'X-Pierre-Auth'}, 'key', 'the upstream is told how');
	is($t->{'X-Pierre-User-Id'}, $user->{user_id}, 'who');
	is($t->{'X-Pierre-Key-Id'}, $key->{key_info}{id}, 'by which key');
	is($t->{'X-Pierre-Scopes'}, 'read write', 'what for');
	is($t->{Authorization}, '', 'but not the key itself');
	like($r->{body}, qr{^GET /demo/a\?b=c$}m, 'and the request as it was');
	$t = $told->($p->get('/demo/', token => $user->{token}, headers => {
		'X-Pierre-Auth' => 'key', 'X-Pierre-Key-Id' => 'forged', 'X-Pierre-Scopes' => 'admin', 'X-Pierre-Tier' => 'enterprise' }));
	is_deeply([ @$t{map { "X-Pierre-$_" } qw(Auth Key-Id Scopes Tier)} ], [ 'session', '', '', 'starter' ],
		'a client cannot forge any of it');
	for my $method (qw(POST PUT PATCH DELETE)) {
		$r = status_is($p->request($method, '/demo/x', '{"a":1}', headers => { 'X-API-Key' => $key->{api_key} }), 200, $method);
		like($r->{body}, qr{^$method /demo/x$}m, 'arrives');
	}
	status_is($p->post('/demo/x', 'x' x 40000, headers => { 'X-API-Key' => $key->{api_key} }), 200, 'a body');
	$r = problem_is($p->get('/demo/'), 401, {}, 'nothing');
	ok($r->{headers}{'www-authenticate'}, 'WWW-Authenticate');
	problem_is($p->post('/demo/', {}, token => 'pk_live_' . 'A' x 32), 401, {}, 'unknown');
	my $other = $p->approved_user;
	my $theirs = $p->new_key($other)->{api_key};
	status_is($p->get('/demo/', token => $theirs), 200, 'another user');
	$p->post("/admin/suspend-user/$other->{user_id}", {}, token => $p->{admin}{token});
	problem_is($p->get('/demo/', token => $theirs), 403, {}, 'suspended');
	problem_is($p->get('/.pierre/auth', token => $theirs), 404, {}, 'the inner location is not for clients');
	$p->stop_serve;
	problem_is($p->get('/demo/', token => $key->{api_key}), 503, {}, 'a dead Pierre lets nobody through');
	$p->serve;
	status_is($p->get('/demo/', token => $key->{api_key}), 200, 'a living one does');
}

# The address is that of nginx's client: here 127.0.0.1.
sub networks {
	my ($p, $user) = @_;
	my $here = $p->new_key($user, allowed_cidrs => [ '192.0.2.0/24', '127.0.0.0/8' ]);
	my $elsewhere = $p->new_key($user, allowed_cidrs => ['192.0.2.0/24']);
	for my $path ('/verify', '/demo/') {
		status_is($p->get($path, token => $here->{api_key}), 200, "$path: from one of its networks");
		problem_is($p->get($path, token => $elsewhere->{api_key}), 403, { reason => 'address' }, "$path: from another");
		problem_is($p->get($path, token => $elsewhere->{api_key}, headers => { 'X-Forwarded-For' => '192.0.2.1', 'X-Real-IP' => '192.0.2.1' }),
			403, { reason => 'address' }, "$path: whatever a header says");
	}
	status_is($p->patch("/api/keys/$elsewhere->{key_info}{id}", { allowed_cidrs => ['::ffff:127.0.0.1'] }, token => $user->{token}), 200, 'his own');
	status_is($p->get('/verify', token => $elsewhere->{api_key}), 200, 'on every worker') for 1 .. 6;
}

each_backend(sub {
	my ($p) = @_;
	my $admin = $p->setup_admin;
	my $user = $p->register_user;
	my $r = $p->expect(200, $p->post("/admin/approve-user/$user->{user_id}",
		{ create_default_tenant => JSON::PP::true, tenant_slug => 'one' }, token => $admin->{token}));
	$user->{tenant_id} = $r->{json}{tenant_created}{tenant_id};
	$user = $p->login($user);
	my $key = $p->new_key($user, scopes => [ 'read', 'write' ]);
	subtest good => sub { good($p, $user, $key) };
	subtest bad => sub { bad($p, $user, $key) };
	subtest states => sub { states($p, $user) };
	subtest networks => sub { networks($p, $user) };
	subtest demo => sub { demo($p, $user, $key) };
});
done_testing;
