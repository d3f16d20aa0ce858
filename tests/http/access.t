#!/usr/bin/perl
# Every route of the OpenAPI document x who calls: nobody gets more than the
# document says (P27). A new route needs a row in %calls.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre::Check;

# operationId => how to call it so that the right caller succeeds. {id} names
# what the id is of: key and session belong to the calling user, user is a
# registered stranger. `ok` is the status of success, `public` the answer
# that everybody gets.
my %calls = (
	health => { public => 200 }, health_live => { public => 200 }, health_ready => { public => 200 },
	version => { public => 200 }, openapi => { public => 200 }, admin_setup_status => { public => 200 },
	auth_register => { public => 422, body => {} }, auth_login => { public => 422, body => {} },
	auth_refresh => { public => 422, body => {} }, admin_setup => { public => 422, body => {} },
	verify => { judges => 1 },
	auth_logout => { ok => 200 },
	auth_password => { ok => 200, body => { current_password => $Pierre::PASSWORD, new_password => 'another long password' } },
	session_list => { ok => 200 },
	session_end => { ok => 204, id => 'session' },
	key_create => { ok => 201, body => { name => 'x' } },
	key_list => { ok => 200 },
	key_show => { ok => 200, id => 'key' },
	key_limits => { ok => 200, id => 'key' },
	key_usage => { ok => 200, id => 'key' },
	key_patch => { ok => 200, id => 'key', body => { name => 'y' } },
	key_revoke => { ok => 200, id => 'key' },
	admin_users => { ok => 200 },
	admin_pending_users => { ok => 200 },
	admin_provision_key => { ok => 201, body => { user_email => 'admin@example.org', tier => 'starter' } },
	admin_update_key_limits => { ok => 422, body => {} },
	admin_approve_user => { ok => 200, id => 'user', body => {} },
	admin_suspend_user => { ok => 200, id => 'user', body => {} },
);

my ($cells, $routes) = (0, 0);

# A fresh user and what belongs to him, so that no call spoils the next.
sub person {
	my ($p, $kind) = @_;
	my $user = $kind eq 'admin' ? $p->login($p->{admin}) : $p->approved_user;
	my $key = $p->new_key($user);
	my ($session) = grep { $_->{current} } @{ $p->get('/api/auth/sessions', token => $user->{token})->{json}{sessions} };
	my %person = (%$user, key => $key->{key_info}{id}, api_key => $key->{api_key}, session => $session->{id});
	$p->expect(200, $p->post("/admin/suspend-user/$user->{user_id}", {}, token => $p->{admin}{token}))
		if $kind eq 'suspended';
	return \%person;
}

# Credentials that are never enough: no route of ours takes them.
sub strangers {
	my ($p, $one) = @_;
	return (
		[ 'nobody', {} ],
		[ 'garbage', { Authorization => 'Bearer pat_' . 'A' x 43 } ],
		[ 'no scheme', { Authorization => $one->{token} } ],
		[ 'an API key', { Authorization => "Bearer $one->{api_key}" } ],
		[ 'a key in X-API-Key', { 'X-API-Key' => $one->{api_key} } ],
		[ 'a refresh token', { Authorization => "Bearer $one->{refresh_token}" } ],
		[ 'Basic', { Authorization => 'Basic YTpi' } ],
	);
}

sub call {
	my ($p, $r, $c, $person, $owner, %headers) = @_;
	my $path = $r->{path};
	my $id = $c->{id} && ($c->{id} eq 'user' ? $p->register_user->{user_id} : $owner->{ $c->{id} });
	$path =~ s/\{id\}/$id/ if $c->{id};
	$headers{Authorization} = "Bearer $person->{token}" if $person;
	$cells++;
	return $p->request($r->{method}, $path, $c->{body}, headers => \%headers);
}

sub public_route {
	my ($p, $r, $c) = @_;
	my %people = map { $_ => person($p, $_) } qw(user suspended admin);
	status_is(call($p, $r, $c, undef, undef, %{ $_->[1] }), $c->{public}, $_->[0]) for strangers($p, $people{user});
	status_is(call($p, $r, $c, $people{$_}), $c->{public}, $_) for sort keys %people;
}

sub session_route {
	my ($p, $r, $c) = @_;
	my ($user, $other, $suspended, $admin) = map { person($p, $_) } qw(user user suspended admin);
	problem_is(call($p, $r, $c, undef, $user, %{ $_->[1] }), 401, {}, $_->[0]) for strangers($p, $user);
	problem_is(call($p, $r, $c, $suspended, $suspended), 403, { reason => 'suspended' }, 'suspended');
	if ($c->{id}) {
		problem_is(call($p, $r, $c, $other, $user), 404, {}, "another user's");
		problem_is(call($p, $r, $c, $admin, $user), 404, {}, "a user's, asked by an admin");
	}
	status_is(call($p, $r, $c, $_, $_), $c->{ok}, 'own') for $user, $admin;
}

sub admin_route {
	my ($p, $r, $c) = @_;
	my ($user, $suspended, $admin) = map { person($p, $_) } qw(user suspended admin);
	problem_is(call($p, $r, $c, undef, $user, %{ $_->[1] }), 401, {}, $_->[0]) for strangers($p, $admin);
	problem_is(call($p, $r, $c, $user, $user), 403, { code => 'PermissionDenied' }, 'user');
	problem_is(call($p, $r, $c, $suspended, $suspended), 403, { reason => 'suspended' }, 'suspended');
	status_is(call($p, $r, $c, $admin, $admin), $c->{ok}, 'admin');
}

sub judging_route {
	my ($p, $r, $c) = @_;
	my ($user, $suspended, $admin) = map { person($p, $_) } qw(user suspended admin);
	my %due = ('an API key' => 200, 'a key in X-API-Key' => 200);
	status_is(call($p, $r, $c, undef, undef, %{ $_->[1] }), $due{ $_->[0] } // 401, $_->[0]) for strangers($p, $user);
	status_is(call($p, $r, $c, undef, undef, %{ $_->[1] }), $due{ $_->[0] } ? 403 : 401, "suspended, $_->[0]")
		for strangers($p, $suspended);
	status_is(call($p, $r, $c, $user), 200, 'user');
	status_is(call($p, $r, $c, $suspended), 403, 'suspended');
	status_is(call($p, $r, $c, $admin), 200, 'admin');
}

# By security requirements of the document.
my %route_of = (anybody => \&public_route, 'key or session' => \&judging_route,
	session => \&session_route, admin => \&admin_route);
sub who_may {
	my ($security) = @_;
	my %role = map { %$_ } @{ $security // [ { none => [] } ] };
	return 'anybody' unless %role;
	return 'key or session' if $role{api_key} && $role{bearer};
	return $role{bearer} ? $role{bearer}[0] // 'session' : 'nobody';
}

# A password changed by the admin's own call must not lock later calls out.
sub restore_admin {
	my ($p) = @_;
	$p->cli('user', 'passwd', $p->{admin}{email}, '--password-file', '-', stdin => "$Pierre::PASSWORD\n");
	$p->{admin} = $p->login($p->{admin});
}

each_backend(sub {
	my ($p) = @_;
	$p->setup_admin;
	my $doc = $p->get('/openapi.json')->{json};
	for my $path (sort keys %{ $doc->{paths} }) {
		for my $method (sort keys %{ $doc->{paths}{$path} }) {
			my $o = $doc->{paths}{$path}{$method};
			my $name = $o->{operationId} or next;
			my $c = $calls{$name} or do { fail("$name has no row in this test"); next };
			my %r = (path => $path, method => uc $method);
			my $who = who_may($o->{security});
			is($who, $c->{public} ? 'anybody' : $c->{judges} ? 'key or session'
				: $path =~ m{^/admin/} ? 'admin' : 'session', "$name: the document says who may");
			$routes++;
			subtest $name => sub {
				$route_of{$who}->($p, \%r, $c);
			};
			restore_admin($p) if $name =~ /^(auth_|session_end)/;
		}
	}
	is($routes, scalar keys %calls, 'every row was a route');
	note("$routes routes, $cells cells");
	($cells, $routes) = (0, 0);
});
done_testing;
