#!/usr/bin/perl
# Versions as ETags: a change with If-Match is made only to the version that it names, and a
# GET with If-None-Match of the same version has no body. Of each route that takes If-Match
# by the OpenAPI document; a new one needs a row in %change.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre::Check;
use Pierre::Document;
use Pierre::Team;

my $n = 0;

# operationId => who changes what, and the GET that shows it
my %tenant = (show => '/api/tenants/{id}', make => sub {
	my ($p, $user) = @_;
	return $p->expect(201, $p->post('/api/tenants', { name => 'Team', slug => 'team-' . ++$n }, token => $user->{token}));
}, id => 'tenant_id');
my %change = (
	tenant_update => { %tenant, body => '{"name":"New"}' },
	tenant_delete => { %tenant, body => sub { return qq({"confirm":"$_[0]{slug}"}) } },
	admin_tenant_update => { %tenant, body => '{"plan":"professional"}', by => 'admin' },
);

sub routes {
	my %routes;
	my $paths = Pierre::Document::document()->{paths};
	for my $path (sort keys %$paths) {
		for my $method (sort keys %{ $paths->{$path} }) {
			my $op = $paths->{$path}{$method};
			my ($success) = grep { /^2/ } sort keys %{ $op->{responses} };
			my %takes = map { $_->{name} => 1 } grep { $_->{in} eq 'header' } @{ $op->{parameters} // [] };
			my $tagged = $op->{responses}{$success}{headers}{ETag};
			is(!!$takes{'If-None-Match'}, !!$op->{responses}{304}, "$op->{operationId}: 304 and If-None-Match") if $tagged;
			fail("$op->{operationId}: what it changes has a version: it takes If-Match") if $tagged && $method =~ /^(?:put|patch)$/ && !$takes{'If-Match'};
			next if !$takes{'If-Match'};
			ok($op->{responses}{412}, "$op->{operationId}: the document has 412");
			$routes{ $op->{operationId} } = [ uc $method, $path, $success ];
		}
	}
	return %routes;
}

sub change {
	my ($p, $route, $c, $made, $match) = @_;
	my ($method, $path) = @$route;
	my $user = $c->{by} ? $p->{ $c->{by} } : $made->{user};
	return $p->request($method, $path =~ s/\{id\}/$made->{id}/r, ref $c->{body} ? $c->{body}->($made->{json}) : $c->{body},
		token => $user->{token}, headers => { 'If-Match' => $match });
}
sub show { my ($p, $c, $made, @more) = @_; return $p->get($c->{show} =~ s/\{id\}/$made->{id}/r, token => $made->{user}{token}, @more) }

sub one {
	my ($p, $c, $user) = @_;
	my $r = $c->{make}->($p, $user);
	return { user => $user, id => $r->{json}{ $c->{id} }, json => $r->{json}, etag => $r->{headers}{etag} };
}

sub matching {
	my ($p, $c, $user, $name, $route) = @_;
	my $made = one($p, $c, $user);
	like($made->{etag}, qr/^"1(\.\d)*"$/, 'what is made has a strong ETag');
	my $shown = show($p, $c, $made);
	my $tag = $shown->{headers}{etag};
	like($tag, qr/^"1(\.\d)*"$/, 'so has what is shown');
	for my $stale ('"2"', "W/$tag", '"x", ""', '"01"', '"1."', '"1.999"', '"1.0.x"', '","') {
		problem_is(change($p, $route, $c, $made, $stale), 412, { code => 'PreconditionFailed', reason => 'version' }, "$name: $stale is none of it");
	}
	problem_is(change($p, $route, $c, $made, $_), 422, { field => 'If-Match' }, "$name: $_ is no ETag") for '1', '"1" "2"', '';
	my $now = show($p, $c, $made);
	is($now->{body}, $shown->{body}, 'nothing was changed');
	my @events = split /\n/, $p->sql("SELECT event_type FROM audit_events WHERE target = '$made->{id}'");
	is(scalar @events, 1, 'nor told');
	my $good = status_is(change($p, $route, $c, $made, qq("7" , $tag)), $route->[2], "$name: the ETag that was shown, in a list");
	return if $route->[2] == 204;
	my $new = $good->{headers}{etag};
	like($new, qr/^"2(\.\d)*"$/, 'another one now');
	problem_is(change($p, $route, $c, $made, $tag), 412, {}, 'the old one is not taken again');
	status_is(change($p, $route, $c, $made, '"2"'), 200, 'the version alone is an ETag too');
	status_is(change($p, $route, $c, $made, '*'), 200, 'and * is any');
	status_is(change($p, $route, $c, $made, undef), 200, 'without the header likewise');
}

# Of clients that have seen the same version one changes it.
sub racing {
	my ($p, $c, $user, $name, $route) = @_;
	my $made = one($p, $c, $user);
	my @words = at_once(map { sub { change($p, $route, $c, $made, '"1"')->{status} } } 1 .. 5);
	my %n;
	$n{$_}++ for @words;
	# what is deleted is not there to be compared
	is(join(' ', map { "$_ x $n{$_}" } sort keys %n), $route->[2] == 204 ? '204 x 1 404 x 4' : '200 x 1 412 x 4', "$name: at once");
}

sub reading {
	my ($p, $user) = @_;
	my $c = $change{tenant_update};
	my $made = one($p, $c, $user);
	my $tag = show($p, $c, $made)->{headers}{etag};
	for ("$tag", '"9", ' . $tag, "W/$tag", '*') {
		my $r = status_is(show($p, $c, $made, headers => { 'If-None-Match' => $_ }), 304, "If-None-Match: $_");
		is("$r->{headers}{etag} $r->{body}", "$tag ", 'has the ETag and no body');
	}
	status_is(show($p, $c, $made, headers => { 'If-None-Match' => '"9"' }), 200, 'another version is shown');
	is($p->head("/api/tenants/$made->{id}", token => $user->{token})->{headers}{etag}, $tag, 'HEAD has it');
	# empty patches change nothing, and are judged too
	my $patch = sub { return $p->request(PATCH => "/api/tenants/$made->{id}", '{}', token => $user->{token}, headers => { 'If-Match' => $_[0] }) };
	is($patch->($tag)->{headers}{etag}, $tag, 'an empty patch leaves the version');
	problem_is($patch->('"9"'), 412, {}, 'and needs it');
	# what the session adds to the record is part of what is shown
	my $in = { %$user, token => $p->expect(200, $p->post('/api/tenants/switch', { tenant_id => $made->{id} }, token => $p->login($user)->{token}))->{json}{access_token} };
	my $there = status_is(show($p, $c, { %$made, user => $in }, headers => { 'If-None-Match' => $tag }), 200, 'in a session that works there it is another');
	isnt($there->{headers}{etag}, $tag, 'with another ETag');
	my $stranger = $p->approved_user;
	problem_is(change($p, [ 'PATCH', $c->{show} ], $c, { %$made, user => $stranger }, '"9"'), 404, {}, 'a stranger is told nothing of versions');
}

# What is changed beside a record leaves its version.
sub beside {
	my ($p, $owner) = @_;
	my $team = team($p, $owner);
	my ($id, $member) = ($team->{tenant_id}, $p->approved_user);
	my $tag = sub { return $p->get("/api/tenants/$id", token => $_[0]{token})->{headers}{etag} };
	my ($was, @by) = ($tag->($owner), (token => $owner->{token}));
	my $user = sub { status_is($p->request(PATCH => "/admin/users/$member->{user_id}", $_[0], token => $p->{admin}{token}), 200, $_[1]) };
	join_team($p, $team, $owner, $member, 'viewer');
	is($tag->($owner), $was, 'a new member');
	my $seen = $tag->($member);
	isnt($seen, $was, 'who is shown another role');
	status_is($p->request(PATCH => "/api/tenants/$id/members/$member->{user_id}", { role => 'owner' }, @by), 200, 'a role is changed');
	is($tag->($owner), $was, 'of another member');
	isnt($tag->($member), $seen, 'who is shown it');
	$user->({ tenant_id => $id }, 'it becomes the default of a user');
	is($tag->($owner), $was, 'who is not it');
	$user->({ user_status => 'suspended' }, 'an owner is suspended');
	is($tag->($owner), $was, 'who is not it either');
	status_is($p->request(DELETE => "/api/tenants/$id/members/$member->{user_id}", undef, @by), 204, 'a member goes');
	is($tag->($owner), $was, 'and it stays the same');
	is($p->sql("SELECT count(*) FROM tenants WHERE id = '$id' AND version = 1 AND updated_at = created_at"), 1, 'since it was made');
}

# What has no version is not changed by who asks for one.
sub without_version {
	my ($p, $user) = @_;
	my $at = '/api/keys/' . $p->new_key($user)->{key_info}{id};
	my $patch = sub { return $p->request(PATCH => $at, qq({"name":"$_[1]"}), token => $user->{token}, headers => { 'If-Match' => $_[0] }) };
	problem_is($patch->($_, 'lost'), 412, { reason => 'version' }, "If-Match: $_ on a key") for '"999"', '"1"', '1', '';
	isnt($p->get($at, token => $user->{token})->{json}{name}, 'lost', 'it is not changed');
	status_is($patch->('*', 'new'), 200, '* is any');
	problem_is($p->request(DELETE => $at, undef, token => $user->{token}, headers => { 'If-Match' => '"1"' }), 412, {}, 'nor revoked');
}

# nginx makes a weak ETag of what it compresses.
sub compressed {
	my ($p, $user) = @_;
	my $c = $change{tenant_update};
	my $r = show($p, $c, one($p, $c, $user), headers => { 'Accept-Encoding' => 'gzip' });
	like($r->{headers}{etag}, qr/^"/, 'an http block that compresses leaves the ETag strong');
}

my %routes = routes();
each_backend(sub {
	my ($p) = @_;
	$p->setup_admin;
	my $user = $p->approved_user;
	for my $name (sort keys %routes) {
		$change{$name} or do { fail("$name has no row in %change"); next };
		$_->($p, $change{$name}, $user, $name, $routes{$name}) for \&matching, \&racing;
	}
	reading($p, $user);
	beside($p, $user);
	compressed($p, $user);
	without_version($p, $user);
}, env => { MAX_TENANTS_PER_USER => 1000, SLOW_WORKERS => 4 },
	edit => { 'pierre-http.conf' => sub { $_ .= "gzip on;\ngzip_types application/json;\ngzip_min_length 1;\ngzip_proxied any;\n" } });
done_testing;
