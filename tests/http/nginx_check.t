# `nginx -T | pierre config check --nginx -`: our own configuration has no
# mistake; each mistake put into it is found, and named once.
use strict;
use warnings;
use Test::More;
use lib "$ENV{PIERRE_SOURCE}/tests/support";
use Pierre;

my ($backend) = Pierre::backends();
my $p = Pierre->start(backend => $backend, serve => 0, site => <<'END');
server {
	listen 127.0.0.1:@SITE_PORT@;
	include snippets/pierre-auth-locations.conf;
	location / { include snippets/pierre-auth.conf; root /nowhere; }
}
END
my $conf = "$p->{dir}/nginx";
my $dump = Pierre::capture([ 'nginx', '-T', '-p', $conf, '-e', "$p->{dir}/e", '-c', "$conf/nginx.conf" ],
	{ PATH => "$ENV{PATH}:/usr/sbin" });
is $dump->{status}, 0, 'nginx -T' or diag $dump->{err};

sub check {
	my ($text) = @_;
	return $p->cli('config', 'check', '--nginx', '-', stdin => $text);
}
# One file of the dump changed by the function.
sub with {
	my ($file, $change) = @_;
	my @parts = split /^(?=# configuration file )/m, $dump->{out};
	my $done = 0;
	for (@parts) {
		next unless m{\A# configuration file \S*/\Q$file\E:};
		my $before = $_;
		$change->();
		$done++ if $_ ne $before;
	}
	is $done, 1, "$file is changed";
	return join '', @parts;
}

my $r = check($dump->{out});
is $r->{status}, 0, 'no mistake' or diag $r->{err};
is $r->{err}, '', 'nothing to say';

# [name, file, change, what is said, how often]
my $locations = 'snippets/pierre-locations.conf';
my @mistakes = (
	[ 'keepalive in the slow upstream', 'snippets/pierre-http.conf',
		sub { s/(upstream pierre_slow \{ server [^;]*;)/$1 keepalive 8;/ }, qr/slow pool.*fastcgi_keep_conn off/, 5 ],
	[ 'kept connections to the slow pool', $locations, sub { s/^fastcgi_keep_conn off;/fastcgi_keep_conn on;/m }, qr/slow pool/, 5 ],
	[ 'no keepalive in the fast upstream', 'snippets/pierre-http.conf', sub { s/^\s*keepalive 512;//m }, qr/fast pool.*keepalive/, 6 ],
	[ 'a fast location without kept connections', $locations,
		sub { s/(location = \/verify \{\s*)fastcgi_keep_conn on;/$1/ }, qr{location = /verify: the fast pool}, 1 ],
	[ 'no sentinel', 'snippets/pierre-params.conf', sub { s/^fastcgi_param PIERRE_END.*//m }, qr/PIERRE_END 1/, 11 ],
	[ 'a parameter after the sentinel', 'snippets/pierre-params.conf',
		sub { s/^(fastcgi_param PIERRE_END.*)/$1\nfastcgi_param LATE 1;/m }, qr/PIERRE_END 1/, 11 ],
	[ 'no sentinel in the question', 'snippets/pierre-auth-locations.conf',
		sub { s/^\s*fastcgi_param PIERRE_END.*//m }, qr{/\.pierre/auth: .*PIERRE_END 1}, 2 ],
	[ 'own parameters in a location', $locations,
		sub { s/(location = \/version \{)/$1 fastcgi_param EXTRA 1;/ }, qr{location = /version: }, 2 ],
	[ 'HTTP_PROXY', 'snippets/pierre-params.conf', sub { s/^fastcgi_param HTTP_PROXY.*//m }, qr/HTTP_PROXY/, 11 ],
	[ 'headers passed with the question', 'snippets/pierre-auth-locations.conf',
		sub { s/fastcgi_pass_request_headers off;// }, qr{/\.pierre/auth: .*HTTP_PROXY}, 2 ],
	[ 'next_upstream off for the fast pool', $locations,
		sub { s/(location = \/verify \{[^}]*)error timeout;/$1off;/ }, qr{location = /verify: a reload}, 1 ],
	[ 'non_idempotent', $locations,
		sub { s/(location = \/health \{[^}]*)error timeout;/$1error timeout non_idempotent;/ }, qr{location = /health: }, 1 ],
	[ 'next_upstream error for the slow pool', $locations,
		sub { s/^fastcgi_next_upstream off;/fastcgi_next_upstream error timeout;/m }, qr/write may be sent twice/, 5 ],
	[ 'the default for the slow pool', $locations, sub { s/^fastcgi_next_upstream off;//m }, qr/write may be sent twice/, 5 ],
	[ 'an add_header of a location', $locations,
		sub { s/(location = \/version \{)/$1 add_header X-Mine 1;/ }, qr{location = /version: its add_header drops}, 1 ],
	[ 'an add_header in a protected location', 'nginx.conf',
		sub { s/(location \/ \{ include snippets\/pierre-auth.conf;)/$1 location \/in { add_header X-Mine 1; }/ },
		qr{location /in: its add_header drops}, 1 ],
	[ 'underscores in headers', 'nginx.conf', sub { s/(include snippets\/pierre-auth-locations.conf;)/underscores_in_headers on; $1/ },
		qr{location = /\.pierre/auth: a client's X_Pierre}, 1 ],
	[ 'the door without the other headers', 'nginx.conf',
		sub { s/\s*include snippets\/pierre-headers.conf;// }, qr{location /demo/: its add_header drops}, 1 ],
);
for (@mistakes) {
	my ($name, $file, $change, $said, $times) = @$_;
	subtest $name => sub {
		my $r = check(with($file, $change));
		is $r->{status}, 1, 'is a mistake';
		my @lines = split /\n/, $r->{err};
		is scalar(@lines), $times, "said $times times" or diag $r->{err};
		is scalar(grep { !/$said/ } @lines), 0, 'and nothing else is' or diag $r->{err};
		is scalar(grep { !/^pierre: \S+: location .+: .+: .+/ } @lines), 0, 'where, what, and what to change';
	};
}

subtest 'texts that are none' => sub {
	for ([ '', qr/nothing in this/ ], [ "http { server { } }", qr/nothing in this/ ], [ "http {", qr/does not end/ ],
		[ "a b", qr/does not end/ ], [ "}", qr/too many/ ], [ 'x ' x 2000 . ';', qr/does not end/ ],
		[ 'a {' x 100, qr/too deep|does not end/ ], [ q(a "b\\), qr/does not end/ ], [ 'a ${b', qr/does not end/ ]) {
		my $r = check($_->[0]);
		is $r->{status}, 1, 'refused: ' . substr $_->[0], 0, 20;
		like $r->{err}, $_->[1], 'with a sentence';
	}
	is $p->cli('config', 'check', '--nginx', '/nowhere')->{status}, 1, 'no file';
};
$p->stop;
done_testing;
