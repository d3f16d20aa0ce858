package Pierre::Connect;
# A user who connects a provider, for tests: Pierre beside providers that never were
# (tests/support/Provider.pm), a browser, and the way from the link to the outcome.
#
#   my $fake = Provider->start;
#   my $p = start_connect('sqlite', { providers => [ provider_row($fake, 'acme') ] });
#   my $user = $p->approved_user;
#   set_app($p, $user, 'acme');
#   my $page = connect_it($p, $user, 'acme');      # the page that says what came of it
use strict;
use warnings;
use Exporter 'import';
use File::Copy qw(copy);
use IO::Socket::SSL ();
use JSON::PP ();
use Pierre;
use Pierre::Check;
use Process qw(await);

our @EXPORT = qw(provider_row start_connect set_app begin visit consent outcome heading connect_it connections
	connect_past);
my $json = JSON::PP->new->canonical->utf8;

# A provider of that fake, as a row of the operator's file.
sub provider_row {
	my ($fake, $id, %o) = @_;
	return { id => $id, title => ucfirst $id, authorize_url => $fake->url('/authorize'),
		token_url => $fake->url('/token'), client_auth => 'body', scope_separator => ' ',
		scopes => [ 'read', 'write' ], scopes_granted => 'reply', pkce => 'S256',
		revoke_url => $fake->url('/revoke'), revoke_method => 'POST', revoke_auth => 'basic',
		revoke_token => 'token', revoke_kills => 'token', identity_url => $fake->url('/me'),
		identity_field => 'id', refresh => 'rotates', replay => 'lethal', access_ttl => 3600,
		keepalive => 'no', %o };
}

# ca: the file of the authority of these providers.
sub start_connect {
	my ($backend, $providers, $ca, %o) = @_;
	my $p = Pierre->start(backend => $backend, serve => 0, %o);
	copy($ca // "$ENV{PIERRE_TEST_TLS}/ca.pem", "$p->{dir}/ca.pem") or die "copy: $!";
	Pierre::rewrite("$p->{dir}/providers.json", $json->encode($providers));
	@{ $p->{env} }{qw(OUTBOUND_ALLOW OUTBOUND_CA_FILE PROVIDERS_FILE PUBLIC_URL)} =
		('127.0.0.0/8 ::1', "$p->{dir}/ca.pem", "$p->{dir}/providers.json", "https://localhost:$p->{port}");
	$p->{env}{PIERRE_TEST_FAULT} = "$p->{dir}/state/fault";   # of tests/support/refresh_faults.c
	$p->serve;
	return $p;
}

sub set_app {
	my ($p, $user, $provider, %o) = @_;
	return $p->expect(200, $p->put("/api/users/oauth-apps/$provider",
		{ client_id => "client-$user->{email}", client_secret => 'canary-app-secret', %o }, token => $user->{token}));
}

# A browser: its cookies, and what it is sent.
package Browser {
	sub new { my ($class, $p) = @_; return bless { p => $p, cookies => {} }, $class }
	sub get {
		my ($self, $url, %o) = @_;
		my ($path) = $url =~ m{^(?:https://localhost:\d+)?(/.*)$} or die "not here: $url";
		my $jar = join '; ', map { "$_=$self->{cookies}{$_}" } sort keys %{ $self->{cookies} };
		my $r = $self->{p}->request($o{method} // 'GET', $path, undef,
			headers => { ($jar eq '' ? () : (Cookie => $jar)) });
		my $set = $r->{headers}{'set-cookie'};
		for (ref $set ? @$set : defined $set ? split(/,\s*(?=__Host-)/, $set) : ()) {
			my ($name, $value, $rest) = /^([^=]+)=([^;]*)(.*)/ or next;
			die "cookie: $_" if $rest !~ /; Path=\/; Max-Age=\d+; Secure; HttpOnly; SameSite=Lax/;
			$value eq '' ? delete $self->{cookies}{$name} : ($self->{cookies}{$name} = $value);
		}
		return $r;
	}
}

sub begin {
	my ($p, $user, $provider) = @_;
	my $r = $p->expect(201, $p->post("/api/oauth/connect/$provider", undef, token => $user->{token}));
	return $r->{json}{start_url};
}

# Up to the provider: the URL there.
sub visit {
	my ($browser, $start) = @_;
	my $page = $browser->get($start);
	my ($href) = $page->{body} =~ m{href="(/api/oauth/start/go\?[^"]+)"} or die "no link: $page->{body}";
	$href =~ s/&amp;/&/g;
	my $r = $browser->get($href);
	die "status $r->{status}: $r->{body}" if $r->{status} != 303;
	return $r->{headers}{location};
}

# At the provider: the URL that it sends the browser back to.
sub consent {
	my ($url) = @_;
	my ($port, $path) = $url =~ m{^https://localhost:(\d+)(/.*)};
	my $s = IO::Socket::SSL->new(PeerAddr => '127.0.0.1', PeerPort => $port, SSL_ca_file => "$ENV{PIERRE_TEST_TLS}/ca.pem",
		SSL_hostname => 'localhost') or die "no provider: $!";
	print $s "GET $path HTTP/1.1\r\nHost: localhost\r\n\r\n";
	my $head = '';
	while ($head !~ /\r\n\r\n/) { $s->sysread($head, 4096, length $head) or die 'cut' }
	return $head =~ /^Location: (\S+)\r$/m ? $1 : die $head;
}

# The outcome page, once there is one.
sub outcome {
	my ($browser, $callback) = @_;
	my $r = $browser->get($callback);
	return $r if $r->{status} != 303;
	my $at = $r->{headers}{location};
	return await('an outcome', sub { my $o = $browser->get($at); $o->{body} =~ /<h1>Connecting</ ? undef : $o }, $browser->{p});
}
sub heading { my ($r) = @_; return $r->{body} =~ m{<h1>([^<]*)</h1>} ? $1 : $r->{body} }

sub connect_it {
	my ($p, $user, $provider) = @_;
	my $browser = Browser->new($p);
	return outcome($browser, consent(visit($browser, begin($p, $user, $provider))));
}
sub connections { my ($p, $user) = @_; return @{ $p->get('/api/oauth/tokens', token => $user->{token})->{json}{connections} } }

# Up to the callback, which is asked: the browser, and where it shows what comes of it.
sub connect_past {
	my ($p, $user, $provider) = @_;
	my $browser = Browser->new($p);
	my $r = $browser->get(consent(visit($browser, begin($p, $user, $provider))));
	return ($browser, $r->{headers}{location});
}
1;
