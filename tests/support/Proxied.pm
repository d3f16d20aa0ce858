package Proxied;
# What the tests of nginx/pierre-proxy.conf share: a service whose providers are rows of one
# that never was (Provider.pm), inside lines of nginx that must reach no request to it, and users
# with tokens there.
use strict;
use warnings;
use Exporter qw(import);
use File::Copy qw(copy);
use JSON::PP ();
use Pierre;
use Pierre::Check;
use Pierre::Inherited;
use Provider;
use Resolver;
use Test::More;

our @EXPORT = qw($dns $fake $json access age ask asked at_level bring bring_access dies forget refreshed refreshed_first renewed
	secrets user_at);

our $fake = Provider->start;
our $dns = Resolver->start;
our $json = JSON::PP->new->canonical->utf8;

sub row {
	my ($id, %o) = @_;
	return { id => $id, title => ucfirst $id, authorize_url => $fake->url('/authorize'),
		token_url => $fake->url('/token'), api_url => $fake->url('/api'), client_auth => 'body',
		scope_separator => ' ', pkce => 'none', scopes => ['read'], scopes_granted => 'reply', refresh => 'rotates',
		replay => 'lethal', access_ttl => 3600, keepalive => 'no', rate_headers => 'quarter_day', %o };
}

# Lines of a block around, none of which may reach a request to a provider.
sub around {
	my ($p) = @_;
	return join '', map { s/\@DIR\@/$p->{dir}/r . "\n" } Pierre::Inherited::lines(@Pierre::Inherited::PASS);
}

sub start {
	my ($backend, %o) = @_;
	my $p;
	$p = Pierre->start(backend => $backend, serve => 0, nginx => 0, edit => {
		'pierre-proxy-pass.conf' => sub { s/proxy_read_timeout 30s/proxy_read_timeout 8s/ },
		'pierre-http.conf' => sub { $_ .= around($p) },
	}, %o);
	copy($fake->ca, "$p->{dir}/ca.pem") or die "copy: $!";
	my $closed = Pierre::free_port();
	Pierre::rewrite("$p->{dir}/providers.json", $json->encode({ providers => [ row('acme'), row('other'),
		row('budget', budgets => ['2/hour'], auth_calls => 'free'), row('closed', api_url => "https://localhost:$closed/api"),
		row('false', api_url => "https://127.0.0.1:$fake->{port}/api"),
		row('nowhere', api_url => undef), row('ends', authorize_url => $fake->url('/api/authorize'),
			revoke_url => $fake->url('/api/user/{user}'), revoke_method => 'DELETE', revoke_auth => 'bearer'), row('fixed', refresh => 'none'),
		row('shared', budgets => ['4/31536000s'], auth_calls => 'free') ] }));
	@{ $p->{env} }{qw(OUTBOUND_ALLOW OUTBOUND_CA_FILE PROVIDERS_FILE)} =
		('127.0.0.0/8 ::1', "$p->{dir}/ca.pem", "$p->{dir}/providers.json");
	$p->locate_providers($dns->address);
	$p->{nginx} = 1;
	$p->start_nginx;
	$p->serve;
	return $p;
}

# A user with tokens of that provider: {api_key, access, refresh} too. With an application of his
# own, unless own_app is 0.
sub user_at {
	my ($p, $provider, %o) = @_;
	my $user = $p->approved_user;
	my $own = delete $o{own_app} // 1;
	$p->expect(200, $p->put("/api/users/oauth-apps/$provider", { client_id => "client-$user->{email}", client_secret => 's' },
		token => $user->{token})) if $own;
	@$user{qw(refresh access)} = bring($p, $user, $provider);
	my $key = $p->new_key($user, scopes => ['tokens:use'], %o);
	@$user{qw(api_key key_id)} = ($key->{api_key}, $key->{key_info}{id});
	return $user;
}
sub bring {
	my ($p, $user, $provider) = @_;
	my ($refresh, $access) = $fake->token;
	$p->expect(200, $p->put("/api/oauth/tokens/$provider", { access_token => $access, refresh_token => $refresh,
		expires_at => '2031-01-01T00:00:00Z' }, token => $user->{token}));
	return ($refresh, $access);
}

sub bring_access {
	my ($p, $user) = @_;
	my (undef, $access) = $fake->token;
	$p->expect(200, $p->put('/api/oauth/tokens/acme', { access_token => $access, expires_at => '2031-01-01T00:00:00Z' }, token => $user->{token}));
	return $access;
}

sub ask {
	my ($p, $user, $path, %o) = @_;
	return $p->request($o{method} // 'GET', "/proxy/$path", $o{body},
		headers => { 'X-API-Key' => $o{key} // $user->{api_key}, %{ $o{headers} // {} } });
}
# The answer to a request (a GET, unless %o says what) of a new user whose token has to be refreshed: $ends->($user) sees to that.
# On a busy machine a refresh may take longer than a request waits, 8 s: then with another one.
sub refreshed_first {
	my ($p, $path, $ends, %o) = @_;
	my ($user, $r);
	for (1 .. 3) {
		$user = user_at($p, $path =~ m{^(\w+)});
		$ends->($user);
		forget();
		$r = ask($p, $user, $path, %o);
		last if $r->{status} != 503;
	}
	return ($user, $r);
}
# The token as it is now; and as if it had been refreshed long ago.
sub access { my ($p, $user, $provider) = @_; return $p->expect(200, $p->get("/api/oauth/tokens/$provider", token => $user->{token}))->{json}{access_token} }
sub age { my ($p, $user, $to) = @_; $p->sql("UPDATE provider_connections SET refreshed_at = '" . ($to // '2020-01-01T00:00:00.000Z') . "' WHERE user_id = '$user->{user_id}'") }
# Status, once no refresh is waited for.
sub renewed {
	my ($p, $user) = @_;
	my $r;
	for (1 .. 3) { $r = ask($p, $user, 'acme/athlete'); last if $r->{status} != 503 }
	return $r->{status};
}
sub dies { return sub { $fake->kill_access($_[0]{access}) } }
# What the provider was asked since the last forget(), but for tokens.
my $seen = 0;
sub forget { $seen = () = $fake->asked }
sub asked { my @all = $fake->asked; splice @all, 0, $seen; return grep { $_->{path} =~ m{^/api} } @all }
sub refreshed { my ($refresh) = @_; return scalar grep { ($_->{form}{refresh_token} // '') eq $refresh } $fake->asked('/token') }

# --- who sees a token ---------------------------------------------------------------------

my $CANARY = qr/[ar]t-\d+-\d+-[ar]{20}/;   # a token of the fake
my @replies;
sub secrets {
	my ($p, $level) = @_;
	is(scalar grep({ $_->{text} =~ $CANARY } @replies), 0, scalar(@replies) . ' replies: none holds a token');
	unlike($p->log . $p->access_log, $CANARY, 'no log of Pierre, nor the access log');
	my $hits = () = $p->nginx_log =~ /$CANARY/g;
	$level eq 'debug' ? cmp_ok($hits, '>', 0, 'at error_log debug nginx writes tokens') : is($hits, 0, "at error_log $level nginx writes none");
}

# Every reply of it is looked at.
sub at_level {
	my ($level, $backend) = @_;
	return start($backend, judge => sub { push @replies, $_[1] if $_[0] =~ m{^\w+ \S*/proxy/}; Pierre::judge(@_) },
		nginx_level => $level);
}

1;
