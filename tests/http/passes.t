# Who calls, and not the credential, behind each directive of nginx that passes
# a request on; uwsgi and SCGI upstreams are the two small servers below.
use strict;
use warnings;
use Test::More;
use IO::Socket::UNIX;
use POSIX ();
use lib "$ENV{PIERRE_SOURCE}/tests/support";
use Pierre;

# What the echo of nginx says, for the two passes with headers.
my $ECHO = join '', map { sprintf "%s=\$http_%s\n", uc "HTTP_$_", $_ } map { s/-/_/gr =~ tr/A-Z/a-z/r }
	qw(X-Pierre-Auth X-Pierre-Key-Id X-Pierre-User-Id X-Pierre-Tenant-Id X-Pierre-Tier X-Pierre-Scopes
	Authorization X-API-Key X-Request-Id);

# pass => its address, and the snippet that goes beside it
my @PASSES = (
	[ proxy => 'http://unix:@DIR@/run/http.sock' ],
	[ uwsgi => 'unix:@DIR@/run/uwsgi.sock', 'include snippets/pierre-auth-uwsgi.conf;' ],
	[ scgi => 'unix:@DIR@/run/scgi.sock', 'include snippets/pierre-auth-scgi.conf;' ],
	[ grpc => 'grpc://unix:@DIR@/run/grpc.sock', 'include snippets/pierre-auth-grpc.conf;' ],
);
my $locations = join "\n", map {
	my ($name, $to, $beside) = @$_;
	my $pass = "include snippets/pierre-auth.conf; ${name}_pass $to;";
	("location /$name/ { " . ($beside // '') . " $pass }", "location /$name-alone/ { $pass }")
} @PASSES;
my $SITE = <<"END";
server { listen unix:\@DIR\@/run/http.sock; location / { return 200 "$ECHO\$request_method \$request_uri\n"; } }
server { listen unix:\@DIR\@/run/grpc.sock http2; location / { return 200 "$ECHO\$request_method \$request_uri\n"; } }
server {
	listen 127.0.0.1:\@SITE_PORT\@;
	include snippets/pierre-auth-locations.conf;
	include uwsgi_params;
	uwsgi_param OF_THE_SITE yes;
	include scgi_params;
	scgi_param OF_THE_SITE yes;
	grpc_set_header X-Request-Id of-the-site;
	$locations
}
END

# --- the two servers ------------------------------------------------------------

sub take {
	my ($s, $n) = @_;
	my $got = '';
	while (length $got < $n) {
		sysread $s, $got, $n - length $got, length $got or return;
	}
	return $got;
}

# modifier1, size, modifier2; then each name and value after its length.
sub read_uwsgi {
	my ($s) = @_;
	my (undef, $size) = unpack 'CvC', take($s, 4) // return;
	my @words = unpack '(v/a)*', take($s, $size) // return;
	return \@words;
}

# A netstring of names and values that each end with NUL.
sub read_scgi {
	my ($s) = @_;
	my $size = '';
	while ((my $c = take($s, 1) // return) ne ':') { $size .= $c }
	my $text = take($s, $size) // return;
	take($s, 1);
	return [ split /\0/, $text, -1 ];
}

sub serve_echo {
	my ($p, $path, $read, $first) = @_;
	my $listen = IO::Socket::UNIX->new(Local => $path, Listen => 16) or die "$path: $!";
	chmod 0777, $path;
	my $pid = fork // die "fork: $!";
	return $p->{pids}{$pid} = 'echo' if $pid;
	$SIG{TERM} = 'DEFAULT';
	while (my $s = $listen->accept) {
		my @words = @{ $read->($s) // next };
		my $body = '';
		while (my ($name, $value) = splice @words, 0, 2) { $body .= "$name=" . ($value // '') . "\n" }
		syswrite $s, "$first\r\nContent-Type: text/plain\r\n\r\n$body";
		close $s;
	}
	POSIX::_exit(0);
}

# --- the tests ------------------------------------------------------------------

my ($backend) = Pierre::backends();
my $p = Pierre->start(backend => $backend, site => $SITE);
serve_echo($p, "$p->{dir}/run/uwsgi.sock", \&read_uwsgi, 'HTTP/1.1 200 OK');
serve_echo($p, "$p->{dir}/run/scgi.sock", \&read_scgi, 'Status: 200 OK');
my $user = $p->approved_user;
my $key = $p->new_key($user);
my %forged = map { ("X-Pierre-$_" => 'forged') } qw(Auth Key-Id User-Id Tenant-Id Tier Scopes);

sub told {
	my ($path, %headers) = @_;
	my $r = $p->{site}->get("$path?a=b", headers => { %forged, 'X-API-Key' => $key->{api_key}, %headers });
	is $r->{status}, 200, "$path: passes" or diag $r->{text};
	return $r->{body};
}

for (map { $_->[0] } @PASSES) {
	my $name = $_;
	subtest "${name}_pass" => sub {
		is $p->{site}->get("/$name/")->{status}, 401, 'not without a key';
		my $body = told("/$name/");
		unlike $body, qr/forged/, 'nothing that a client made up';
		unlike $body, qr/\Q$key->{api_key}\E/, 'not the key';
		like $body, qr/^HTTP_X_PIERRE_AUTH=key$/m, 'told: a key';
		like $body, qr/^HTTP_X_PIERRE_KEY_ID=\Q$key->{key_info}{id}\E$/m, 'told: which';
		like $body, qr/^HTTP_X_PIERRE_USER_ID=\Q$user->{user_id}\E$/m, 'told: whose';
		$body = told("/$name/", 'X-API-Key' => undef, Authorization => "Bearer $user->{token}");
		unlike $body, qr/\Q$user->{token}\E/, 'not an access token either';
		like $body, qr/^HTTP_X_PIERRE_AUTH=session$/m, 'told: a session';
	};
}

# Each has its parameters all or none: with the snippet nginx's own, and as
# before without it, where an upgrade must not change what a site sends.
subtest 'the standard parameters' => sub {
	for my $name ('uwsgi', 'scgi') {
		my $body = told("/$name/");
		like $body, qr/^$_$/m, "$name: $_" for 'REQUEST_METHOD=GET', 'QUERY_STRING=a=b', 'REMOTE_ADDR=127.0.0.1';
		$body = told("/$name-alone/");
		like $body, qr/^$_$/m, "$name without the snippet: $_" for 'REQUEST_METHOD=GET', 'OF_THE_SITE=yes';
		like $body, qr/^HTTP_X_PIERRE_USER_ID=forged$/m, "$name without it: what config check --nginx is for";
	}
	like told('/grpc-alone/'), qr/^HTTP_X_REQUEST_ID=of-the-site$/m, 'grpc without the snippet: the site\'s line';
};

# $http_x_api_key is the first of two on nginx 1.22, and both joined from 1.23 on.
subtest 'two credentials' => sub {
	my $bogus = 'pk_live_' . 'a' x 32;
	for my $path ('/proxy/', '/uwsgi/') {
		my $second = $p->{site}->get($path, headers => { 'X-API-Key' => [ $bogus, $key->{api_key} ] });
		is $second->{status}, 401, "$path: the second X-API-Key opens nothing";
		my $first = $p->{site}->get($path, headers => { 'X-API-Key' => [ $key->{api_key}, $bogus ] });
		like $first->{status}, qr/^(?:200|401)$/, "$path: the first counts, or neither";
		unlike $first->{body}, qr/\Q$key->{api_key}\E|\Q$bogus\E/, "$path: the upstream gets neither";
		my $empty = $p->{site}->get($path, headers => { 'X-API-Key' => [ '', $key->{api_key} ] });
		isnt $empty->{status}, 200, "$path: nor after an empty one";
		my $token = $p->{site}->get($path, headers => { Authorization => [ "Bearer $bogus", "Bearer $user->{token}" ] });
		like $token->{status}, qr/^40[01]$/, "$path: nor a second Authorization";
	}
};
$p->stop;
done_testing;
