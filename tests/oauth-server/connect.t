#!/usr/bin/perl
# A user connects an OAuth server that is not ours: oauth2-mock-server of npm, which checks
# the verifier of PKCE (RFC 7636 section 4.6) and takes a code once. Run by ./bootstrap
# oauth-server, which installs it in PIERRE_NPM. It takes any refresh token, so what happens
# to those is in tests/process/refresh.t.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use IO::Socket::IP;
use Test::More;
use Pierre;
use Pierre::Check;
use Pierre::Connect;
use Process qw(await);

my $dir = $ENV{PIERRE_NPM} // plan(skip_all => 'run it by ./bootstrap oauth-server');
my ($tls, $port) = ($ENV{PIERRE_TEST_TLS}, Pierre::free_port());
my $pid = fork // die "fork: $!";
if (!$pid) {
	open STDOUT, '>', "$dir/server.log" or die "server.log: $!";
	open STDERR, '>&', \*STDOUT or die "server.log: $!";
	exec 'node', "$dir/node_modules/.bin/oauth2-mock-server", '-a', '127.0.0.1', '-p', $port, '-c', "$tls/server.pem", '-k', "$tls/server.key";
}
END { if ($pid) { local $?; kill 'TERM', $pid; waitpid $pid, 0 } }
await('the server', sub { IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $port) });

sub row {
	my ($id, %o) = @_;
	my $at = "https://localhost:$port";
	return { id => $id, title => ucfirst $id, authorize_url => "$at/authorize", token_url => "$at/token", client_auth => 'body',
		scope_separator => ' ', scopes => [ 'openid', 'read' ], pkce => 'S256', revoke_url => "$at/revoke", revoke_method => 'POST',
		revoke_auth => 'basic', revoke_token => 'token', revoke_kills => 'token', identity_url => "$at/userinfo", identity_field => 'sub',
		refresh => 'rotates', access_ttl => 3600, keepalive => 'no', %o };
}
# An attempt up to the callback.
sub attempt { my ($p, $user, $id) = @_; my $b = Browser->new($p); return ($b, consent(visit($b, begin($p, $user, $id)))) }
sub code { my ($back) = @_; return $back =~ /[?&]code=([^&]+)/ ? $1 : die "no code: $back" }
sub with_code { my ($back, $code) = @_; return $back =~ s/([?&]code=)[^&]+/$1$code/r }

for my $backend (Pierre::backends()) {
	subtest $backend => sub {
		my $p = start_connect($backend, { providers => [ row('pkce'), row('plain', pkce => 'none') ] });
		my $user = $p->approved_user;
		set_app($p, $user, $_) for qw(pkce plain);
		my ($browser, $back) = attempt($p, $user, 'pkce');
		is(heading(outcome($browser, $back)), 'Connected', 'with PKCE') or diag($p->log, Pierre::slurp("$dir/server.log"));
		my ($c) = connections($p, $user);
		is("$c->{state} $c->{provider_user_id}", 'ok johndoe', 'it says whose tokens they are');
		my $token = $p->get('/api/oauth/tokens/pkce', token => $user->{token})->{json};
		my $second = int time;
		like($token->{access_token}, qr/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/, 'its token is given out');
		my ($again, $other) = attempt($p, $user, 'pkce');
		is(heading(outcome($again, with_code($other, code($back)))), 'Not connected', 'a code that was redeemed is not taken again');
		my (undef, $his) = attempt($p, $user, 'pkce');
		my ($victim, $mine) = attempt($p, $user, 'pkce');
		is(heading(outcome($victim, with_code($mine, code($his)))), 'Not connected', 'nor that of another attempt: the verifier is another');
		my (undef, $plain) = attempt($p, $user, 'plain');
		my ($naive, $open) = attempt($p, $user, 'plain');
		is(heading(outcome($naive, with_code($open, code($plain)))), 'Connected', 'without PKCE it would be: the server is what checks');
		$p->sql("UPDATE provider_connections SET expires_at = '2020-01-01T00:00:00.000Z' WHERE id = '$c->{id}'");
		await('another second: what it gives in one is the same text', sub { int time > $second }, $p);
		my $new = await('a refresh', sub { my $r = $p->get('/api/oauth/tokens/pkce', token => $user->{token}); $r->{status} == 200 && $r->{json} }, $p);
		isnt($new->{access_token}, $token->{access_token}, 'it is refreshed');
		status_is($p->delete('/api/oauth/tokens', token => $user->{token}), 204, 'disconnected');
		await('it to be told', sub { $p->sql('SELECT count(*) FROM provider_connections') == 0 }, $p);
		is($p->sql("SELECT count(*) FROM notifications WHERE message LIKE '%was ended there%'"), 2, 'and the server has ended what it gave');
		is($p->stop_serve, 0, 'stops');
		$p->stop;
	};
}
done_testing;
