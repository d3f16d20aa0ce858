#!/usr/bin/perl
# Requests with an Idempotency-Key: a repeat makes nothing and gets the first reply again,
# also of those that are sent at once, on each route that takes one by the OpenAPI
# document. A new route needs a row in %request, unless its path has no id and a body of what
# the document requires will do. PIERRE_ROUNDS=N sends N times on each route
# (1; the proof is 100), PIERRE_ROUTES is a pattern of the names to look at.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use JSON::PP ();
use FastCGI;
use Pierre::Check;
use Pierre::Document;
use Pierre::Values;

my $ROUNDS = $ENV{PIERRE_ROUNDS} // 1;
my $AT_ONCE = 50;
my $n = 0;

sub key { return 'request-' . ++$n }
sub team {
	my ($p, $user) = @_;
	return $p->expect(201, $p->post('/api/tenants', { name => 'Team' }, token => $user->{token}))->{json}{tenant_id};
}
sub invited {
	my ($p, $w, $email) = @_;
	return $p->expect(201, $p->post("/api/tenants/$w->{team}/invitations", { email => $email, role => 'viewer' },
		token => $w->{user}{token}))->{json};
}
sub admin_token {
	my ($p, %in) = @_;
	return $p->expect(201, $p->post('/admin/tokens', { service_name => 'cron', %in }, token => $p->{admin}{token}))->{json};
}

# operationId => who sends it, about what, and its body. Each is a new request that succeeds.
my %request = (
	key_create => sub { my ($p, $w) = @_; return { by => $w->{user}, body => '{"name":"x"}' } },
	key_rotate => sub { my ($p, $w) = @_; return { by => $w->{user}, id => $p->new_key($w->{user})->{key_info}{id}, body => '{}' } },
	invitation_create => sub { my ($p, $w) = @_; $n++; return { by => $w->{user}, id => $w->{team}, body => qq({"email":"guest$n\@example.org","role":"viewer"}) } },
	invitation_accept => sub { my ($p, $w) = @_; my $guest = $p->approved_user;
		return { by => $guest, body => '{"invitation_token":"' . invited($p, $w, $guest->{email})->{invitation_token} . '"}' } },
	admin_provision_key => sub { my ($p, $w) = @_; return { by => $p->{admin}, body => qq({"user_email":"$w->{user}{email}","tier":"starter"}) } },
	admin_approve_user => sub { my ($p, $w) = @_; return { by => $p->{admin}, id => $p->register_user->{user_id}, body => '{"create_default_tenant":true}' } },
	admin_reset_password => sub { my ($p, $w) = @_; return { by => $p->{admin}, id => $p->register_user->{user_id}, body => '' } },
	admin_token_create => sub { my ($p, $w) = @_; return { by => $p->{admin}, body => '{"service_name":"cron"}' } },
	oauth_connect => sub { my ($p, $w) = @_;
		$w->{app} //= $p->expect(200, $p->put('/api/users/oauth-apps/strava', { client_id => '1', client_secret => 'x' }, token => $w->{user}{token}));
		return { by => $w->{user}, id => 'strava', body => '' } },
	admin_token_rotate => sub { my ($p, $w) = @_; return { by => $p->{admin}, id => admin_token($p)->{token_id}, body => '{}' } },
);

sub plain {
	my ($route) = @_;
	my ($method, $path) = @$route;
	my $body = Pierre::Document::document()->{paths}{$path}{ lc $method }{requestBody};
	return if $path =~ /\{/ || !$body;
	my $text = JSON::PP->new->canonical->encode(Pierre::Values::sample(Pierre::Document::closed($body->{content}{'application/json'}{schema})));
	return sub { my ($p, $w) = @_; return { by => $w->{user}, body => $text } };
}

# name => [method, path] of those that take the header.
sub routes {
	my (%routes, @without);
	my $paths = Pierre::Document::document()->{paths};
	for my $path (sort keys %$paths) {
		for my $method (sort keys %{ $paths->{$path} }) {
			my $op = $paths->{$path}{$method};
			my $takes = grep { $_->{name} eq 'Idempotency-Key' } @{ $op->{parameters} // [] };
			$routes{ $op->{operationId} } = [ uc $method, $path ] if $takes;
			push @without, $op->{operationId} if !$takes && $op->{responses}{201} && @{ $op->{security} };
			next unless $takes;
			ok($op->{responses}{$_}, "$op->{operationId}: the document has $_") for 409, 422;
		}
	}
	is("@without", '', 'each route that makes something for a caller takes one');
	return %routes;
}

sub send_one {
	my ($p, $route, $r, %headers) = @_;
	my ($method, $path) = @$route;
	$path =~ s/\{\w+\}/$r->{id}/ if $r->{id};
	return $p->request($method, $path, $r->{body} eq '' ? undef : $r->{body}, token => $r->{by}{token}, headers => \%headers);
}

# All wait in the queue of the workers before the first is read.
sub send_at_once {
	my ($p, $route, $r, $key) = @_;
	my ($method, $path) = @$route;
	$path =~ s/\{\w+\}/$r->{id}/ if $r->{id};
	my $message = FastCGI::message($method, $path, $r->{body}, params => {
		HTTP_AUTHORIZATION => "Bearer $r->{by}{token}", HTTP_IDEMPOTENCY_KEY => $key, HTTPS => 'on' });
	my @sockets = map { FastCGI::open_socket($p->{slow_socket}) // die "connect: $!" } 1 .. $AT_ONCE;
	FastCGI::send_bytes($_, $message) for @sockets;
	return map { FastCGI::reply($_) } @sockets;
}

# How many rows there are of what a request can make.
sub rows {
	my ($p) = @_;
	my @tables = qw(api_keys admin_provisioned_keys admin_tokens idempotency_keys password_resets tenants tenant_users tenant_invitations connect_states);
	return split /\n/, $p->sql(join ' UNION ALL ', (map { "SELECT '$_', count(*) FROM $_" } @tables),
		"SELECT 'audit_events', count(*) FROM audit_events WHERE source = 'rest'");
}
sub made {
	my ($p, $code) = @_;
	my %before = map { split /\|/ } rows($p);
	my @result = $code->();
	my %after = map { split /\|/ } rows($p);
	return (join(' ', map { $after{$_} == $before{$_} ? () : "$_+" . ($after{$_} - $before{$_}) } sort keys %after), @result);
}

sub at_once_once {
	my ($p, $w, $name, $route) = @_;
	my $one = $request{$name}->($p, $w);
	my ($due, $first) = made($p, sub { send_one($p, $route, $one, 'Idempotency-Key' => key()) });
	like($first->{status}, qr/^20[01]$/, "$name: one") or return diag($first->{text});
	like($due, qr/\bidempotency_keys\+1\b/, "makes $due");
	for (1 .. $ROUNDS) {
		my $r = $request{$name}->($p, $w);
		my ($made, @replies) = made($p, sub { send_at_once($p, $route, $r, key()) });
		my %bodies = map { ("$_->{status} $_->{body}" => 1) } @replies;
		my $word = join ' ', $made, scalar(keys %bodies), scalar(grep { $_->{headers}{'idempotency-replayed'} } @replies);
		is($word, "$due 1 " . ($AT_ONCE - 1), "$name: of $AT_ONCE at once one makes it, and all get its reply") or diag((keys %bodies)[0 .. 2]);
	}
}

# --- what a key is, and whose --------------------------------------------------------------

sub form {
	my ($p, $w) = @_;
	my $post = sub { return $p->post('/api/keys', '{"name":"form"}', token => $w->{user}{token}, headers => { 'Idempotency-Key' => $_[0] }) };
	my $first = status_is($post->('a-b~!'), 201, 'bare');
	ok(!defined $first->{headers}{'idempotency-replayed'}, 'the first reply is not a repeat');
	my $again = status_is($post->('"a-b~!"'), 201, 'in quotes it is the same key');
	is($again->{body}, $first->{body}, 'with the same reply');
	is($again->{headers}{'idempotency-replayed'}, 'true', 'which says so');
	isnt($again->{headers}{'x-request-id'}, $first->{headers}{'x-request-id'}, 'and has its own name in the log');
	status_is($p->get('/verify', token => $again->{json}{api_key}), 200, 'the key that it shows works');
	problem_is($post->($_->[1]), 422, { field => 'Idempotency-Key', code => 'InvalidInput' }, "$_->[0] is refused")
		for [ 'an empty one' => '""' ], [ 'one quote' => '"a' ], [ 'a blank' => 'a b' ], [ '256' => 'a' x 256 ], [ 'not ASCII' => "\xc3\xa4" ], [ 'a tab' => "a\tb" ];
	status_is($post->('a' x 255), 201, '255 are not too many');
	problem_is($p->post('/api/keys', '{"name":"x"}', token => $w->{user}{token}, headers => { 'Idempotency-Key' => [ 'a', 'b' ] }),
		400, {}, 'nor two');
	is($p->sql("SELECT count(*) FROM idempotency_keys WHERE sealed_reply LIKE '%pk_live%'"), 0, 'replies are sealed');
}

sub other_request {
	my ($p, $w) = @_;
	my @me = (token => $w->{user}{token}, headers => { 'Idempotency-Key' => key() });
	status_is($p->post('/api/keys', '{"name":"one"}', @me), 201, 'one');
	my ($made) = made($p, sub {
		problem_is($p->post('/api/keys', $_, @me), 422, { reason => 'other_request', code => 'InvalidInput' }, "not the same: $_")
			for '{"name":"two"}', '{"name": "one"}';
		problem_is($p->post('/api/tenants', '{"name":"one"}', @me), 422, { reason => 'other_request' }, 'nor another route');
		# the id in the path counts too
		my @admin = (token => $p->{admin}{token}, headers => { 'Idempotency-Key' => key() });
		my @users = map { $p->register_user->{user_id} } 1 .. 2;
		status_is($p->post("/admin/users/$users[0]/reset-password", undef, @admin), 201, 'of one user');
		problem_is($p->post("/admin/users/$users[1]/reset-password", undef, @admin), 422, { reason => 'other_request' }, 'is not of another');
	});
	unlike($made, qr/api_keys|tenants\b/, 'nothing was made');
}

sub failures {
	my ($p, $w) = @_;
	my @me = (token => $w->{user}{token}, headers => { 'Idempotency-Key' => key() });
	problem_is($p->post('/api/keys', '{"name":" "}', @me), 422, { field => 'name' }, 'a failure');
	problem_is($p->post('/api/keys', '{"name":"x","tier":"enterprise"}', @me), 403, { field => 'tier' }, 'and one that the change found out') for 1 .. 2;
	my $good = status_is($p->post('/api/keys', '{"name":"x"}', @me), 201, 'are not kept: the next one is the first');
	ok(!defined $good->{headers}{'idempotency-replayed'}, 'it makes one');
}

sub scopes {
	my ($p, $w) = @_;
	my %key = (headers => { 'Idempotency-Key' => key() });
	my $other = $p->approved_user;
	my %ids;
	my $post = sub { my ($token) = @_; return $ids{ status_is($p->post('/api/keys', '{"name":"s"}', token => $token, %key), 201, $_[1])->{json}{key_info}{id} }++ };
	$post->($w->{user}{token}, 'a user');
	$post->($other->{token}, 'another with the same key');
	my $there = $p->expect(200, $p->post('/api/tenants/switch', { tenant_id => $w->{team} }, token => $p->login($w->{user})->{token}))->{json};
	$post->($there->{access_token}, 'the first in another tenant');
	is(scalar keys %ids, 3, 'each has its own');
	$post->($p->login($w->{user})->{token}, 'the first with another session');
	is(scalar keys %ids, 3, 'gets the reply again');
	my $token = admin_token($p, permissions => ['provision_keys']);
	my $body = qq({"user_email":"$other->{email}","tier":"starter"});
	my @made = map { status_is($p->post('/admin/provision-api-key', $body, token => $_, %key), 201, 'a token and a session')->{json}{api_key_id} }
		$token->{token}, $p->{admin}{token}, $token->{token};
	is($made[2], $made[0], 'a token gets its own again');
	isnt($made[1], $made[0], 'which is not the session\'s');
	is($p->sql("SELECT count(*) FROM admin_token_usage WHERE token_id = '$token->{token_id}'"), 2, 'both calls of the token are on record');
}

# Whoever may no longer do it sees no reply either.
sub guards {
	my ($p, $w) = @_;
	my $user = $p->approved_user;
	my @me = (token => $user->{token}, headers => { 'Idempotency-Key' => key() });
	status_is($p->post('/api/keys', '{"name":"g"}', @me), 201, 'one');
	$p->expect(200, $p->post("/admin/suspend-user/$user->{user_id}", {}, token => $p->{admin}{token}));
	problem_is($p->post('/api/keys', '{"name":"g"}', @me), 403, { reason => 'suspended' }, 'a suspended user gets no reply again');
	$p->expect(200, $p->post("/admin/approve-user/$user->{user_id}", {}, token => $p->{admin}{token}));
	my $token = admin_token($p, permissions => [ 'provision_keys', 'list_keys' ]);
	my @it = (token => $token->{token}, headers => { 'Idempotency-Key' => key() });
	my $body = qq({"user_email":"$user->{email}","tier":"starter"});
	status_is($p->post('/admin/provision-api-key', $body, @it), 201, 'a token');
	$p->expect(200, $p->post("/admin/tokens/$token->{token_id}/revoke", undef, token => $p->{admin}{token}));
	problem_is($p->post('/admin/provision-api-key', $body, @it), 401, { reason => 'revoked' }, 'nor a token that was revoked');
}

# --- what is kept ---------------------------------------------------------------------------

sub expiry {
	my ($p, $w) = @_;
	my $key = key();
	my @me = (token => $w->{user}{token}, headers => { 'Idempotency-Key' => $key });
	my @ids = map { status_is($p->post('/api/keys', '{"name":"e"}', @me), 201, 'one')->{json}{key_info}{id} } 1 .. 2;
	is($ids[1], $ids[0], 'the same within a day');
	$p->sql("UPDATE idempotency_keys SET created_at = '2026-01-01T00:00:00.000Z', expires_at = '2026-01-02T00:00:00.000Z'");
	my ($made, $r) = made($p, sub { $p->post('/api/keys', '{"name":"later"}', @me) });
	like($made, qr/^api_keys\+1 audit_events\+1( idempotency_keys[-+]\d+)?$/, 'a day later the key is that of a new request');
	is($p->post('/api/keys', '{"name":"later"}', @me)->{body}, $r->{body}, 'which can be repeated');
}

sub gone {
	my ($p, $w) = @_;
	my %made;
	for my $key (qw(gone-1 gone-2)) {
		$made{$key} = status_is($p->post('/api/keys', qq({"name":"gone"}), token => $w->{user}{token}, headers => { 'Idempotency-Key' => $key }), 201, $key)->{json}{key_info}{id};
	}
	my @rows = map { $p->sql("SELECT key_hash FROM idempotency_keys c JOIN audit_events e ON e.id = c.event_id WHERE target = '$made{$_}'") } qw(gone-1 gone-2);
	$p->sql("UPDATE idempotency_keys SET sealed_reply = (SELECT sealed_reply FROM idempotency_keys WHERE key_hash = '$rows[1]') WHERE key_hash = '$rows[0]'");
	my ($n, $r) = made($p, sub { $p->post('/api/keys', '{"name":"gone"}', token => $w->{user}{token}, headers => { 'Idempotency-Key' => 'gone-1' }) });
	problem_is($r, 409, { reason => 'reply_gone', made => $made{'gone-1'} }, 'the reply of another request does not open');
	is($n, '', 'and nothing is made');
}

# An old token is refused by each worker from the reply on.
sub at_once_refused {
	my ($p) = @_;
	my $token = admin_token($p, permissions => ['list_keys']);
	$p->expect(200, $p->get('/admin/provisioned-keys', token => $token->{token})) for 1 .. 4;
	status_is($p->post("/admin/tokens/$token->{token_id}/rotate", '{}', token => $p->{admin}{token}, headers => { 'Idempotency-Key' => key() }), 201, 'rotated');
	my %status = map { $p->get('/admin/provisioned-keys', token => $token->{token})->{status} => 1 } 1 .. 8;
	is(join(' ', keys %status), 401, 'the old one is refused');
}

my %routes = routes();
my $only = $ENV{PIERRE_ROUTES} // '';
each_backend(sub {
	my ($p) = @_;
	$p->setup_admin;
	my $w = { user => $p->approved_user };
	$w->{team} = team($p, $w->{user});
	for my $name (grep { /$only/ } sort keys %routes) {
		$request{$name} //= plain($routes{$name}) // do { fail("$name has no row in %request"); next };
		at_once_once($p, $w, $name, $routes{$name});
	}
	return if $only;
	subtest $_->[0] => $_->[1], $p, $w
		for [ 'its form' => \&form ], [ 'another request' => \&other_request ], [ failures => \&failures ], [ scopes => \&scopes ],
			[ guards => \&guards ], [ 'a day' => \&expiry ], [ 'a reply that is gone' => \&gone ], [ 'what a change ends' => \&at_once_refused ];
}, env => { MAX_KEYS_PER_USER => 10000, MAX_TENANTS_PER_USER => 10000, SLOW_WORKERS => 8, PUBLIC_URL => 'https://pierre.example' });
done_testing;
