#!/usr/bin/perl
# Scenarios of the original's tests that no other test here has; tests/lint/scenarios.t
# has all of them by number.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Limit qw(limited_key ask);
use Pierre::Check;
use Process qw(await);

# What an upstream answers is after the question.
my $SITE = <<'END';
server {
	listen 127.0.0.1:@SITE_PORT@;
	root @DIR@/www;
	include snippets/pierre-auth-locations.conf;
	location /good/ { include snippets/pierre-auth.conf; try_files /none =204; }
	location /none/ { include snippets/pierre-auth.conf; try_files /none =404; }
	location /bad/ { include snippets/pierre-auth.conf; try_files /none =500; }
}
END

# Sc 24: also when they act at once.
sub at_the_same_time {
	my ($p) = @_;
	my @users = map { $p->approved_user } 1 .. 4;
	my @words = at_once(map { my $user = $_; sub {
		my @made = map { $p->new_key($user)->{key_info}{id} } 1 .. 3;
		my @seen = map { $_->{id} } @{ $p->get('/api/keys', token => $user->{token})->{json}{api_keys} };
		return join(' ', sort @made) eq join(' ', sort @seen) ? 'own' : 'other';
	} } @users);
	is("@words", 'own own own own', 'each sees the keys that he made and no other');
}

# Sc 25: ten at once are ten.
sub ten {
	my ($p) = @_;
	my $user = $p->approved_user;
	my $key = $p->new_key($user);
	my @words = at_once(map { sub { $p->get('/verify', token => $key->{api_key})->{status} } } 1 .. 10);
	is("@words", join(' ', (200) x 10), 'ten are let through');
	my $used = sub { $p->get("/api/keys/$key->{key_info}{id}/usage", token => $user->{token})->{json}{total_requests} };
	await('the counters', sub { $used->() >= 10 }, $p);
	$p->restart;   # which counts what is still underway
	$user = $p->login($user);
	is($used->(), 10, 'and exactly ten are counted');
}

# Sc 28: whatever the upstream answers. What succeeded and what failed is told apart with
# the numbers of usage.
sub every_status {
	my ($p) = @_;
	my $user = $p->approved_user;
	my $key = limited_key($p, $user, 3, 'day');
	my @statuses = map { $p->{site}->get("/$_/x", headers => { 'X-API-Key' => $key->{api_key} })->{status} } qw(good none bad good);
	is("@statuses", '204 404 500 429', 'three of a limit of three, whatever came of them');
}

# Sc 29: a key without a limit.
sub unlimited {
	my ($p) = @_;
	my $user = $p->approved_user;
	$p->sql("UPDATE users SET tier = 'enterprise' WHERE id = '$user->{user_id}'");
	$user = $p->login($user);
	my $key = $p->new_key($user, tier => 'enterprise');
	my %seen;
	$seen{ ask($p->{fast_socket}, $key->{api_key}, cost => 1000)->{status} }++ for 1 .. 50;
	is_deeply(\%seen, { 204 => 50 }, 'used at a cost of 50,000 it is not limited');
	is_deeply($p->get("/api/keys/$key->{key_info}{id}/limits", token => $user->{token})->{json}{limits}, [], 'and has no limit to tell');
}

# Sc 45: what was issued outlives a restart.
sub restarted {
	my ($p) = @_;
	my $admin = $p->setup_admin;
	my $token = $p->expect(201, $p->post('/admin/tokens', { service_name => 'cron', permissions => ['manage_users'] }, token => $admin->{token}))->{json}{token};
	my $user = $p->approved_user;
	my $key = $p->new_key($user)->{api_key};
	is($p->restart, 0, 'stopped and started');
	status_is($p->get('/admin/users', token => $token), 200, 'an admin token');
	status_is($p->get('/admin/users', token => $admin->{token}), 200, "an admin's session");
	status_is($p->get('/api/user', token => $user->{token}), 200, "a user's session");
	status_is($p->post('/api/auth/refresh', { refresh_token => $user->{refresh_token} }), 200, 'which is refreshed');
	status_is($p->get('/verify', token => $key), 200, 'and a key are as good as before');
}

each_backend(sub {
	my ($p) = @_;
	subtest 'at the same time' => \&at_the_same_time, $p;
	subtest 'ten' => \&ten, $p;
	subtest 'every status' => \&every_status, $p;
	subtest 'unlimited' => \&unlimited, $p;
	subtest 'restarted' => \&restarted, $p;
}, site => $SITE);
done_testing;
