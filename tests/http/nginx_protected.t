# What the seal of the question cannot hold: each mistake opens a real nginx, or
# forges or leaks something, and `config check --nginx` names it.
use strict;
use warnings;
use Test::More;
use lib "$ENV{PIERRE_SOURCE}/tests/support";
use Pierre;
use Limit qw(limited_key);

my $PROTECTED = 'include snippets/pierre-auth.conf; root @DIR@/www;';
my $TOLD = 'proxy_pass http://demo/;';

# name of the server => what stands in it, and what is said of it: [where, what]
my @CASES = (
	good => "location / { $PROTECTED }", [],
	rewrite => "root \@DIR\@/www; if (!-e \$request_filename) { rewrite ^ /sorry last; }
		location = /sorry { return 200 sorry; } location / { $PROTECTED }", [ qr/: if /, qr/rewrite or return can answer/ ],
	return => "if (\$uri ~ ^/\\.) { return 204; } location / { $PROTECTED } location /told { include snippets/pierre-auth.conf; $TOLD }",
		[ qr/: if /, qr/rewrite or return can answer/ ],
	set => "set \$pierre_scope read; location / { set \$pierre_scope reports; $PROTECTED }", [ qr/: server:/, qr/another scope or cost/ ],
	answer => "location / { set \$pierre_status 204; $PROTECTED }", [ qr{: location /:}, qr/puts another answer in its place/ ],
	beside => "location / { $PROTECTED return 200 \"the secret\\n\"; }", [ qr{: location /:}, qr/before Pierre is asked/ ],
	satisfy => "satisfy any; allow 127.0.0.1; deny all; location / { $PROTECTED }", [ qr{: location /:}, qr/by address or password/ ],
	off => "location / { $PROTECTED location /file { auth_request off; } }", [ qr{: location /file:}, qr/takes Pierre's protection away/ ],
	lines => "location / { $PROTECTED location /file { proxy_set_header X-Mine 1; $TOLD } }", [ qr{: location /file:}, qr/drop those of pierre-auth/ ],
	answers => "location / { $PROTECTED location /file { auth_request_set \$mine 1; $TOLD } }",
		[ qr{: location /file:}, qr/auth_request_set drops/ ],
	pages => "location / { $PROTECTED location /file { error_page 404 /nothing; } }", [ qr{: location /file:}, qr/error_page drops/ ],
	none => "location / { $PROTECTED try_files \$uri /file; }", [ qr{: location /:}, qr/include pierre-auth-locations.conf/ ],
	log => "error_log \@DIR\@/run/loud.log error; location / { $PROTECTED }", [ qr{: location = /\.pierre/auth:}, qr/below alert/ ],
	names => 'location / { include snippets/pierre-auth.conf; proxy_pass http://unix:@DIR@/run/raw.sock; }',
		[ qr{: location = /\.pierre/auth:}, qr/X_Pierre_User_Id/ ],
);

my (@names, %said, $site);
while (my ($name, $text, $said) = splice @CASES, 0, 3) {
	push @names, $name;
	$said{$name} = $said;
	my $address = $name eq 'names' ? '127.0.0.2' : '127.0.0.1';
	my $question = $name eq 'none' ? '' : 'include snippets/pierre-auth-locations.conf;';
	my $log = $name eq 'log' ? '' : 'error_log @DIR@/nginx/nginx-error.log alert;';
	$site .= "server { listen $address:\@SITE_PORT\@; server_name $name; $question $log $text }\n";
}

# nginx reads the headers before Host by the settings of the default server
$site .= <<'END';
server { listen 127.0.0.2:@SITE_PORT@ default_server; underscores_in_headers on; }
server { listen unix:@DIR@/run/raw.sock; underscores_in_headers on; location / { return 200 "$http_x_pierre_more\n"; } }
END

my ($backend) = Pierre::backends();
my $p = Pierre->start(backend => $backend, site => $site);
mkdir "$p->{dir}/www", 0755;
open my $f, '>', "$p->{dir}/www/file" or die "file: $!";
print $f "the secret\n";
close $f;

my $user = $p->approved_user;
my $key = $p->new_key($user, scopes => ['read'])->{api_key};
sub ask {
	my ($name, $key, %headers) = @_;
	return $p->{site}->get('/file', headers => { Host => $name, $key ? ('X-API-Key' => $key) : (), %headers });
}

subtest 'nobody passes the shipped files' => sub {
	is ask('good', undef)->{status}, 401, 'no key';
	like ask('good', $key)->{body}, qr/the secret/, 'a key';
};

subtest 'each mistake lets anybody pass' => sub {
	for my $name (qw(rewrite return answer beside satisfy off none)) {
		my $r = ask($name, undef);
		is $r->{status}, 200, "$name: no key";
		like $r->{body}, qr/the secret/, "$name: and the file";
	}
	my $told = $p->{site}->get('/told', headers => { Host => 'return', 'X-Pierre-Auth' => 'forged' });
	like $told->{body}, qr/^X-Pierre-Auth: ?$/m, 'an upstream can tell by the empty X-Pierre-Auth';
	is ask('set', $key)->{status}, 200, 'set: the scope of the server is asked for, not that of the location';
};

subtest 'or tells something false' => sub {
	my $r = ask('lines', $key, 'X-Pierre-User-Id' => 'forged');
	like $r->{body}, qr/^X-Pierre-User-Id: forged$/m, 'lines: the upstream is told what the client says';
	like $r->{body}, qr/^X-API-Key: \Q$key\E$/m, 'lines: and gets the whole key';
	like ask('answers', $key)->{body}, qr/^X-Pierre-User-Id: ?$/m, 'answers: the upstream is not told who calls';
	$r = Pierre::Client->new(host => '127.0.0.2', port => $p->{site}{port}, plain => 1)->raw(
		"GET / HTTP/1.1\r\nX_Pierre_More: forged\r\nHost: names\r\nX-API-Key: $key\r\nConnection: close\r\n\r\n");
	is $r->{body}, "forged\n", 'names: a header with underscores comes through';
	my $spent = limited_key($p, $user, 1, 'month')->{api_key};
	$p->get('/verify', headers => { 'X-API-Key' => $spent });
	is ask('good', $spent)->{status}, 429, 'a limit that is reached';
	is ask('pages', $spent)->{status}, 403, 'pages: looks like a refusal for good';
	$p->stop_serve;
	$p->{site}->get('/file?key=canary', headers => { Host => $_ }) for 'good', 'log';
	like Pierre::slurp("$p->{dir}/run/loud.log"), qr/canary/, 'log: the query stands in the log';
	unlike $p->nginx_log, qr/canary/, 'at alert it does not';
};

subtest 'and each is named' => sub {
	my $dir = "$p->{dir}/nginx";
	my $dump = Pierre::capture([ 'nginx', '-T', '-p', $dir, '-e', "$p->{dir}/e", '-c', "$dir/nginx.conf" ],
		{ PATH => "$ENV{PATH}:/usr/sbin" });
	my $r = $p->cli('config', 'check', '--nginx', '-', stdin => $dump->{out});
	is $r->{status}, 1, 'a mistake';
	my @lines = split /\n/, $r->{err};
	for my $name (@names) {
		my ($where, $what) = @{ $said{$name} } or next;
		my ($found) = grep { $lines[$_] =~ $where && $lines[$_] =~ $what } 0 .. $#lines;
		ok defined $found, $name;
		splice @lines, $found, 1 if defined $found;
	}
	is "@lines", '', 'and nothing else';
};
$p->stop;
done_testing;
