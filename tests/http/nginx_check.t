# `nginx -T | pierre config check --nginx -`: our own configuration has no
# mistake; each mistake put into it is found, and named once.
use strict;
use warnings;
use Test::More;
use lib "$ENV{PIERRE_SOURCE}/tests/support";
use Pierre;

my ($backend) = Pierre::backends();
my $p = Pierre->start(backend => $backend, serve => 0, nginx => 0, site => <<'END');
server {
	listen 127.0.0.1:@SITE_PORT@;
	error_log @DIR@/nginx/nginx-error.log alert;
	include snippets/pierre-auth-locations.conf;
	location / { include snippets/pierre-auth.conf; root /nowhere; }
	location /uwsgi/ { include snippets/pierre-auth.conf; include snippets/pierre-auth-uwsgi.conf; uwsgi_pass unix:/nowhere; }
	location /scgi/ { include snippets/pierre-auth.conf; include snippets/pierre-auth-scgi.conf; scgi_pass unix:/nowhere; }
	location /grpc/ { include snippets/pierre-auth.conf; include snippets/pierre-auth-grpc.conf; grpc_pass grpc://unix:/nowhere; }
	location /proxy/ { include snippets/pierre-auth.conf; proxy_pass http://demo; }
	location /php/ { include snippets/pierre-auth.conf; fastcgi_pass unix:/nowhere; }
}
server { listen 127.0.0.1:@SITE_PORT@; server_name another; }
END
$p->locate_providers('127.0.0.1');
$p->start_nginx;
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
	[ 'a provider at another path than its row says', 'nginx.conf', sub { s/(server_name another;)/$1 location ~ ^\/proxy\/polar { set \$pierre_provider polar; set \$pierre_api www.polaraccesslink.com; set \$pierre_base "\/v2"; }/ }, qr/location ~ \^\/proxy\/polar: its row has another api_url now, .*'pierre nginx providers'/, 1 ],
	[ 'a provider at another host', 'nginx.conf', sub { s/(server_name another;)/$1 location ~ ^\/proxy\/polar { set \$pierre_provider polar; set \$pierre_api www.polaraccesslink.co; set \$pierre_base "m\/v3"; }/ }, qr/its row has another api_url now/, 1 ],
	[ 'keepalive in the slow upstream', 'snippets/pierre-http.conf',
		sub { s/(upstream pierre_slow \{ server [^;]*;)/$1 keepalive 8;/ }, qr/slow pool.*fastcgi_keep_conn off/, 7 ],
	[ 'kept connections to the slow pool', $locations, sub { s/^fastcgi_keep_conn off;/fastcgi_keep_conn on;/m }, qr/slow pool/, 7 ],
	[ 'no keepalive in the fast upstream', 'snippets/pierre-http.conf', sub { s/^\s*keepalive 512;//m }, qr/on a new connection each time.*keepalive 512/, 13 ],
	[ 'a fast location without kept connections', $locations,
		sub { s/(location = \/verify \{\s*)fastcgi_keep_conn on;/$1/ }, qr{location = /verify: the fast pool}, 1 ],
	[ 'no sentinel', 'snippets/pierre-params.conf', sub { s/^fastcgi_param PIERRE_END.*//m }, qr/PIERRE_END 1/, 15 ],
	[ 'a parameter after the sentinel', 'snippets/pierre-params.conf',
		sub { s/^(fastcgi_param PIERRE_END.*)/$1\nfastcgi_param LATE 1;/m }, qr/PIERRE_END 1/, 15 ],
	[ 'no sentinel in the question', 'snippets/pierre-auth-locations.conf',
		sub { s/^\s*fastcgi_param PIERRE_END.*//m }, qr{/\.pierre/auth: .*PIERRE_END 1}, 2 ],
	[ 'own parameters in a location', $locations,
		sub { s/(location = \/version \{)/$1 fastcgi_param EXTRA 1;/ }, qr{location = /version: }, 2 ],
	[ 'an address that each client says', $locations, sub { s/(location = \/verify \{)/$1 set_real_ip_from 0.0.0.0\/0;/ }, qr{location = /verify: .*bind nothing}, 1 ],
	[ 'the same, spelled otherwise', $locations, sub { s/(location = \/verify \{)/$1 set_real_ip_from 0.0.0.0\/00;/ }, qr{location = /verify: .*bind nothing}, 1 ],
	[ 'the same, in halves', $locations, sub { s/(location = \/verify \{)/$1 set_real_ip_from 0.0.0.0\/1; set_real_ip_from 128.0.0.0\/1;/ }, qr{location = /verify: .*bind nothing}, 1 ],
	[ 'the same, of IPv6', $locations, sub { s/(location = \/verify \{)/$1 set_real_ip_from 192.0.2.0\/24; set_real_ip_from ::\/0;/ }, qr{location = /verify: .*bind nothing}, 1 ],
	[ 'HTTP_PROXY', 'snippets/pierre-params.conf', sub { s/^fastcgi_param HTTP_PROXY.*//m }, qr/HTTP_PROXY/, 15 ],
	(map { my $set = $_; [ "a question without $set", 'snippets/pierre-auth-locations.conf', sub { s/^ *\Q$set\E.*//m },
		qr{/\.pierre/auth: .*install this version's pierre-auth-locations}, 2 ] } 'set $pierre_sent "";', 'set $pierre_sent 1;'),
	[ 'headers passed with the question', 'snippets/pierre-auth-locations.conf',
		sub { s/fastcgi_pass_request_headers off;// }, qr{/\.pierre/auth: .*HTTP_PROXY}, 2 ],
	[ 'next_upstream off for the fast pool', $locations,
		sub { s/(location = \/verify \{[^}]*)error timeout;/$1off;/ }, qr{location = /verify: a reload}, 1 ],
	[ 'non_idempotent', $locations,
		sub { s/(location = \/health \{[^}]*)error timeout;/$1error timeout non_idempotent;/ }, qr{location = /health: }, 1 ],
	[ 'next_upstream error for the slow pool', $locations,
		sub { s/^fastcgi_next_upstream off;/fastcgi_next_upstream error timeout;/m }, qr/write may be sent twice/, 7 ],
	[ 'the default for the slow pool', $locations, sub { s/^fastcgi_next_upstream off;//m }, qr/write may be sent twice/, 7 ],
	[ 'an add_header of a location', $locations,
		sub { s/(location = \/version \{)/$1 add_header X-Mine 1;/ }, qr{location = /version: its add_header drops}, 1 ],
	[ 'an add_header in a protected location', 'nginx.conf',
		sub { s/(location \/ \{ include snippets\/pierre-auth.conf;)/$1 location \/in { add_header X-Mine 1; }/ },
		qr{location /in: its add_header drops}, 1 ],
	[ 'underscores in headers', 'nginx.conf', sub { s/(include snippets\/pierre-auth-locations.conf;)/underscores_in_headers on; $1/ },
		qr{location = /\.pierre/auth: a client's X_Pierre}, 1 ],
	[ 'underscores in the headers of another server', 'nginx.conf', sub { s/(server_name another;)/$1 underscores_in_headers on;/ },
		qr{location = /\.pierre/auth: a client's X_Pierre}, 1 ],
	[ 'headers with any name', 'nginx.conf', sub { s/(server_name another;)/$1 ignore_invalid_headers off;/ },
		qr{location = /\.pierre/auth: a client's X_Pierre}, 1 ],
	(map { my $pass = $_; [ "$pass without its snippet", 'nginx.conf', sub { s/include snippets\/pierre-auth-$pass.conf;// },
		qr{location /$pass/: .*pierre-auth-uwsgi.conf, -scgi}, 1 ] } qw(uwsgi scgi grpc)),
	[ 'one parameter of the site\'s after the snippet\'s file was cut', 'snippets/pierre-auth-uwsgi.conf',
		sub { s/^uwsgi_param HTTP_X_API_KEY.*//m }, qr{location /uwsgi/: .*the whole key}, 1 ],
	[ 'a header of a nested location', 'nginx.conf',
		sub { s/(location \/proxy\/ \{[^}]*)/$1 location \/proxy\/in { proxy_set_header Host a; proxy_pass http:\/\/demo; }/ },
		qr{location /proxy/in: its own lines drop}, 1 ],
	[ 'a parameter of a nested location', 'nginx.conf',
		sub { s/(location \/php\/ \{[^}]*)/$1 location \/php\/in { fastcgi_param A b; fastcgi_pass unix:\/nowhere; }/ },
		qr{location /php/in: its own lines drop}, 1 ],
	[ 'a parameter of an if', 'nginx.conf',
		sub { s/(location \/php\/ \{[^}]*)/$1 if (\$arg_a) { fastcgi_param A b; }/ }, qr{if \(\$arg_a\): its own lines drop}, 1 ],
	[ 'a nested location with its own lines and none of ours around', 'nginx.conf',
		sub { s/(location \/uwsgi\/ \{[^}]*)/$1 location \/uwsgi\/in { uwsgi_param A b; uwsgi_pass unix:\/nowhere; }/ },
		qr{location /uwsgi/in: .*the whole key}, 1 ],
	[ 'a cache in the question', 'snippets/pierre-auth-locations.conf', sub { s/fastcgi_cache off;// },
		qr{location = /\.pierre/auth: the question inherits}, 2 ],
	[ 'another value in the question', 'snippets/pierre-auth-locations.conf', sub { s/fastcgi_intercept_errors off;/fastcgi_intercept_errors on;/ },
		qr{location = /\.pierre/auth: the question inherits}, 2 ],
	(map { my ($line, $other) = @$_; [ "$line with " . ($other || 'none'), 'snippets/pierre-auth-locations.conf',
		sub { s/^    \Q$line\E [^;]*;/$other && "$line $other;"/me }, qr{location = /\.pierre/auth: the question is put on a new connection}, 2 ] }
		[ fastcgi_store => 'off' ], [ fastcgi_store => '/var/www$uri' ], [ fastcgi_store => '' ], [ fastcgi_buffering => 'off' ],
		[ fastcgi_buffering => '' ], [ fastcgi_keep_conn => 'off' ], [ fastcgi_keep_conn => '' ]),
	[ 'a question that goes elsewhere', 'snippets/pierre-auth-locations.conf', sub { s/fastcgi_pass pierre_fast;/fastcgi_pass unix:\/elsewhere;/ },
		qr{location = /\.pierre/auth: the question is not put to Pierre}, 2 ],
	[ 'a loud error_log', 'nginx.conf', sub { s/(server \{\s+listen [^;]*;\s+error_log \S+) alert(?=;\s+include)/$1 crit/ },
		qr{location = /\.pierre/auth: below alert}, 1 ],
	[ 'an error_log at debug where tokens are sent', 'nginx.conf', sub { s/^(        error_log \S+) alert(;\s+# an upstream)/$1 debug$2/m },
		qr{location = /\.pierre/(?:auth: below alert|token: at debug)}, 2 ],
	[ 'the same of one location', 'snippets/pierre-proxy.conf', sub { s/(location \@pierre_again \{)/$1 error_log \/tmp\/log debug;/ },
		qr{location \@pierre_again: (?:below alert|at debug)}, 2 ],
	[ 'a question for a token that is not sealed', 'snippets/pierre-proxy.conf', sub { s/fastcgi_cache off;// },
		qr{location = /\.pierre/token: the question inherits}, 1 ],
	[ 'one that has room for no token', 'snippets/pierre-proxy.conf', sub { s/fastcgi_buffer_size 16k;/fastcgi_buffer_size 8k;/ },
		qr{location = /\.pierre/token: the question inherits}, 1 ],
	[ 'one that goes elsewhere', 'snippets/pierre-proxy.conf', sub { s/fastcgi_pass pierre_fast;/fastcgi_pass unix:\/elsewhere;/ },
		qr{location = /\.pierre/token: the question is not put to Pierre}, 1 ],
	(map { my $line = $_; [ "$line around requests to providers", 'nginx.conf', sub { s/^(\s*)(access_log )/$1$line; $2/m },
		qr{location \@pierre_forward: requests to providers inherit}, 1 ] } 'proxy_set_body mine', 'proxy_ssl_certificate a',
		'proxy_ssl_conf_command Options Compression'),
	[ 'debug_connection', 'nginx.conf', sub { s/^(events \{)/$1 debug_connection 127.0.0.1;/m }, qr{ events: at any level of error_log}, 1 ],
	[ 'an error_log of a location', 'nginx.conf', sub { s/(location \/proxy\/ \{)/$1 error_log \/tmp\/log;/ },
		qr{location /proxy/: below alert}, 1 ],
	[ 'a server that returns', 'nginx.conf', sub { s/(include snippets\/pierre-auth-locations.conf;)/$1 return 403;/ },
		qr{ server: the server's rewrite}, 1 ],
	[ 'a server that rewrites', 'nginx.conf', sub { s/(include snippets\/pierre-auth-locations.conf;)/$1 rewrite ^\/a \/b;/ },
		qr{ server: the server's rewrite}, 1 ],
	[ 'an if on the file', 'nginx.conf', sub { s/(include snippets\/pierre-auth-locations.conf;)/$1 if (!-f \$request_filename) { return 404; }/ },
		qr{ if .*: the server's rewrite}, 1 ],
	[ 'a cost of the server in an if', 'nginx.conf', sub { s/(include snippets\/pierre-auth-locations.conf;)/$1 if (\$host = a) { set \$pierre_cost 2; }/ },
		qr{ if .*: nginx runs the server's `set` again}, 1 ],
	[ 'preflights of the whole server', 'nginx.conf', sub { s/(include snippets\/pierre-auth-locations.conf;)/$1 set \$pierre_cors answer;/ },
		qr{server: nginx runs the server's `set` again}, 1 ],
	[ 'a refusal that is set', 'nginx.conf', sub { s/(location \/proxy\/ \{)/$1 set \$pierre_refusal \/mine;/ },
		qr{location /proxy/: the variable holds}, 1 ],
	[ 'no question in the server', 'nginx.conf', sub { s/include snippets\/pierre-auth-locations.conf;// }, qr/include pierre-auth-locations.conf/, 6 ],
	[ 'an answer that is set', 'nginx.conf', sub { s/(location \/proxy\/ \{)/$1 set \$pierre_passed "204 ";/ },
		qr{location /proxy/: the variable holds}, 1 ],
	[ 'a return', 'nginx.conf', sub { s/(location \/proxy\/ \{)/$1 return 301 \/a;/ }, qr{location /proxy/: nginx returns}, 1 ],
	[ 'a return of a nested location', 'nginx.conf', sub { s/(location \/proxy\/ \{)/$1 location \/proxy\/in { return 200 a; }/ },
		qr{location /proxy/in: nginx returns}, 1 ],
	[ 'satisfy any in the server', 'nginx.conf', sub { s/(include snippets\/pierre-auth-locations.conf;)/$1 satisfy any;/ },
		qr{location \S+: an outer `satisfy any`}, 6 ],
	[ 'satisfy any where a token is asked for', 'snippets/pierre-proxy.conf', sub { s/satisfy all;/satisfy any;/ },
		qr{location \@pierre_again: an outer `satisfy any`}, 1 ],
	[ 'a nested location without Pierre', 'nginx.conf', sub { s/(location \/proxy\/ \{)/$1 location \/proxy\/in { auth_request off; }/ },
		qr{location /proxy/in: its auth_request takes}, 1 ],
	[ 'an auth_request_set of a nested location', 'nginx.conf',
		sub { s/(location \/proxy\/ \{)/$1 location \/proxy\/in { auth_request_set \$a b; }/ }, qr{location /proxy/in: its auth_request_set}, 1 ],
	[ 'an error_page of a nested location', 'nginx.conf',
		sub { s/(location \/proxy\/ \{)/$1 location \/proxy\/in { error_page 404 \/a; }/ }, qr{location /proxy/in: its error_page}, 1 ],
	[ 'the door without the other headers', 'nginx.conf',
		sub { s/\s*include snippets\/pierre-headers.conf;// }, qr{location /demo/: its add_header drops}, 1 ],
);
my %said;
for (@mistakes) {
	my ($name, $file, $change, $said, $times) = @$_;
	subtest $name => sub {
		my $r = check(with($file, $change));
		is $r->{status}, 1, 'is a mistake';
		my @lines = split /\n/, $r->{err};
		$said{ s/^pierre: \S+: (?:location [^:]+|if [^:]+|server|events): //r }++ for @lines;
		is scalar(@lines), $times, "said $times times" or diag $r->{err};
		is scalar(grep { !/$said/ } @lines), 0, 'and nothing else is' or diag $r->{err};
		is scalar(grep { !/^pierre: \S+: (?:location .+|if .+|server|events): .+: .+/ } @lines), 0, 'where, what, and what to change';
	};
}

# What looks like one of them and lets nobody pass.
my @sound = (
	[ 'a provider where its row says', 'server_name another;',
		'location ~ ^/proxy/polar { set $pierre_provider polar; set $pierre_api www.polaraccesslink.com; set $pierre_base "/v3"; }' ],
	[ 'a provider of a file that is not given', 'server_name another;',
		'location ~ ^/proxy/own { set $pierre_provider own; set $pierre_api own.example; set $pierre_base ""; }' ],
	[ 'redirects of a server', 'include snippets/pierre-auth-locations.conf;',
		'if ($host = www) { return 301 https://a$request_uri; } rewrite ^/old/(.*) /new/$1 permanent; rewrite ^/x https://a;' ],
	[ 'a refusal of a server', 'include snippets/pierre-auth-locations.conf;', 'if ($http_user_agent ~ bad) { return 403; }' ],
	[ 'a variable of a server', 'include snippets/pierre-auth-locations.conf;', 'set $mine 1; if ($uri ~ a) { set $mine 2; } break;' ],
	[ 'a preflight of a location', 'location /proxy/ {', 'if ($request_method = OPTIONS) { return 204; }' ],
	[ 'satisfy any beside the snippet', 'location /proxy/ {', 'satisfy any; allow 10.0.0.0/8; deny all;' ],
	[ 'a nested location of files', 'location /proxy/ {', 'location /proxy/files { root /nowhere; }' ],
	[ 'a nested location that passes on by the lines around it', 'location /proxy/ {', 'location /proxy/in { proxy_pass http://demo; }' ],
	[ 'memcached, which is sent a key of the cache only', 'location /proxy/ {', 'location /proxy/in { memcached_pass unix:/nowhere; }' ],
	[ 'lines of a location that is not protected', 'server_name another;', 'location /a { proxy_set_header A b; proxy_pass http://demo; return 200; }' ],
	[ 'a loud log of another server', 'server_name another;', 'error_log /tmp/log debug;' ],
	[ 'a log that is thrown away', 'location /proxy/ {', 'error_log /dev/null;' ],
);
for (@sound) {
	my ($name, $after, $text) = @$_;
	my $r = check(with('nginx.conf', sub { s/^(.*\Q$after\E)/$1 $text/m }));
	is $r->{err}, '', "no mistake: $name";
}

subtest 'providers that are printed, and change' => sub {
	my $file = "$p->{dir}/providers.json";
	my $row = sub { Pierre::rewrite($file, qq({ "providers": [ { "id": "$_[0]", "api_url": "$_[1]" } ] })) };
	local $p->{env}{PROVIDERS_FILE} = $file;
	$row->('own', 'https://own.example:8443/v1');
	my $printed = $p->cli('nginx', 'providers', '--resolver', '127.0.0.1')->{out};
	my $dump = with('nginx.conf', sub { s/^(.*server_name another;)/$1\n$printed/m });
	# the site has the built-in ones already
	my $says = sub { my %seen; return join ' ', sort { $a cmp $b } grep { !$seen{$_}++ } check($dump)->{err} =~ /location ~ \^\/proxy\/(\w+)\(\S+: its row has another/g };
	is $says->(), '', 'nothing is said at first';
	$row->('own', 'https://own.example:8443/v2');
	is $says->(), 'own', 'once the row is another';
	$row->('other', 'https://own.example:8443/v1');
	is $says->(), 'own', 'or gone';
	$row->('strava', 'https://strava.example');
	is $says->(), 'own strava', 'a built-in one too';
};

subtest 'the man page and the README list what is looked for' => sub {
	my @rows = grep { /^\| (?!It finds)/ } split /\n/, Pierre::capture([ $p->binary, 'help', '--nginx-markdown' ], {})->{out};
	my $man = Pierre::capture([ $p->binary, 'help', '--man' ], {})->{out} =~ s/\\-/-/gr;
	for (@rows) {
		my ($finds, $sentence) = /^\| (.*?) \| (.*) \|$/;
		like $man, qr/^\Q$finds\E\n\Q$sentence\E$/m, "in the man page: $finds";
		ok delete $said{$sentence}, "a test has it: $finds";
	}
	is join("\n", sort keys %said), '', 'nothing else is said';
};

subtest 'texts that are none' => sub {
	for ([ '', qr/nothing in this/ ], [ "http { server { } }", qr/nothing in this/ ], [ "http {", qr/does not end/ ],
		[ "a b", qr/does not end/ ], [ "}", qr/too many/ ], [ 'x ' x 2000 . ';', qr/does not end/ ],
		[ 'a {' x 100, qr/too deep|does not end/ ], [ q(a "b\\), qr/does not end/ ], [ 'a ${b', qr/does not end/ ]) {
		my $r = check($_->[0]);
		is $r->{status}, 1, 'refused: ' . substr $_->[0], 0, 20;
		like $r->{err}, $_->[1], 'with a sentence';
	}
	is $p->cli('config', 'check', '--nginx', '/nowhere')->{status}, 1, 'no file';
	like check('')->{err}, qr/when no --config is given: .*pierre --config FILE config check --nginx -$/, 'says what to give';
	open my $f, '>', "$p->{dir}/own.conf" or die;
	close $f;
	my $r = $p->cli('--config', "$p->{dir}/own.conf", 'config', 'check', '--nginx', '-', stdin => '');
	like $r->{err}, qr/the sockets of --config: give the output of `nginx -T`$/, 'or of that file';
};
$p->stop;
done_testing;
