# Pierre's door before upstreams that nobody here wrote: nginx's static files
# with index and try_files, and PHP-FPM with a front controller and an
# error_page. nginx starts over inside for each of these; Pierre is asked once.
use strict;
use warnings;
use Test::More;
use lib "$ENV{PIERRE_SOURCE}/tests/support";
use Pierre;
use FastCGI;
use Pierre::Check;
use Limit qw(limited_key set_limit);
use Process qw(await await_log count_log);

my ($fpm) = grep { -x } glob '/usr/sbin/php-fpm*';
plan skip_all => 'php-fpm is not installed' unless $fpm;

# As somebody's site that has two includes more than before.
my $SITE = <<'END';
server {
	listen 127.0.0.1:@SITE_PORT@;
	root @DIR@/www;
	index index.html;
	include snippets/pierre-auth-locations.conf;
	location / {
		include snippets/pierre-auth.conf;
		error_page 404 /errors/404.html;
		try_files $uri $uri/ =404;
	}
	location /app/ {
		include snippets/pierre-auth.conf;
		try_files $uri /app/index.php$is_args$args;
	}
	location ~ \.php$ {
		include snippets/pierre-auth.conf;
		include /etc/nginx/fastcgi_params;
		fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
		fastcgi_param PATH_AROUND $request_uri;
		fastcgi_intercept_errors on;
		error_page 404 /app/error.php;
		error_page 410 /errors/410.html;
		fastcgi_pass unix:@DIR@/run/php.sock;
	}
	location /costly/ {
		set $pierre_cost 3;
		set $pierre_route costly;
		set $pierre_scope reports;
		include snippets/pierre-auth.conf;
		alias @DIR@/www/dir/;
	}
	location /wrong/ {
		set $pierre_cost nothing;
		include snippets/pierre-auth.conf;
	}
	location /free/ { }
}
END

my $WWW = {
	'index.html' => "the index\n", 'plain.txt' => "plain\n", 'dir/index.html' => "index of dir\n",
	'errors/404.html' => "nothing here\n", 'errors/410.html' => "gone\n", 'free/a.txt' => "free\n",
	'app/index.php' => <<'PHP', 'app/error.php' => "<?php echo 'error of PHP for ', \$_SERVER['HTTP_X_PIERRE_USER_ID'] ?? '', \"\\n\";",
<?php
if (str_starts_with($_SERVER['REQUEST_URI'], '/app/missing')) { http_response_code(404); exit; }
if (str_starts_with($_SERVER['REQUEST_URI'], '/app/gone')) { http_response_code(410); exit; }
header('Content-Type: application/json');
echo json_encode(['uri' => $_SERVER['REQUEST_URI'], 'method' => $_SERVER['REQUEST_METHOD'],
	'body' => strlen(file_get_contents('php://input')),
	'told' => array_filter($_SERVER, fn($v, $k) => $v !== '' && preg_match('/^HTTP_(X_PIERRE|AUTHORIZATION|X_API)/', $k), ARRAY_FILTER_USE_BOTH)]);
PHP
};

sub write_file {
	my ($path, $text) = @_;
	open my $f, '>', $path or die "$path: $!";
	print $f $text;
	close $f;
	chmod 0644, $path;
}

my ($backend) = Pierre::backends();
my $p = Pierre->start(backend => $backend, site => $SITE, env => { LOG_LEVEL => 'debug', WORKERS => 1 });
mkdir "$p->{dir}/$_", 0755 or die for qw(www www/dir www/errors www/free www/app);
write_file("$p->{dir}/www/$_", $WWW->{$_}) for keys %$WWW;
write_file("$p->{dir}/php.conf", <<"END");
[global]
error_log = $p->{dir}/state/php.log
daemonize = no
[www]
listen = $p->{dir}/run/php.sock
pm = static
pm.max_children = 1
END
$p->spawn('php-fpm', [ Pierre::as_user($fpm, '-n', '-F', '-y', "$p->{dir}/php.conf") ], { PATH => $ENV{PATH} },
	"$p->{dir}/php.out");
await('php-fpm', sub { Pierre::listens("$p->{dir}/run/php.sock") }, $p);
my $site = $p->{site};
my $user = $p->approved_user;
my $key = $p->new_key($user);
my @key = (headers => { 'X-API-Key' => $key->{api_key} });

# How often Pierre was asked about one client request.
sub asked {
	my ($r) = @_;
	my $id = $r->{headers}{'x-request-id'} // return -1;
	total();
	return count_log($p, qr/ request .*route=verify .*request_id=\Q$id\E/);
}

# All of them, since replies of static files name no request id. The one worker
# writes a line after its answer, so a line of ours comes after those.
my $marks = 0;
sub total {
	my $mark = sprintf 'mark%d', ++$marks;
	FastCGI::get($p->{fast_socket}, '/health/live', params => { REQUEST_ID => $mark });
	await_log($p, qr/ request .*request_id=$mark /);
	return count_log($p, qr/ request .*route=verify /);
}

sub once {
	my ($name, $status, $body, @request) = @_;
	my $before = total();
	my $r = $site->request(@request);
	is $r->{status}, $status, "$name: $status";
	like $r->{body}, $body, "$name: the upstream's words";
	is total() - $before, 1, "$name: asked once";
	return $r;
}

subtest 'static files' => sub {
	once('a file', 200, qr/^plain$/, GET => '/plain.txt', undef, @key);
	once('the index', 200, qr/^the index$/, GET => '/', undef, @key);
	once('index of a directory', 200, qr/^index of dir$/, GET => '/dir/', undef, @key);
	once('nothing there, error_page', 404, qr/^nothing here$/, GET => '/nowhere', undef, @key);
	once('a forged question', 200, qr/^plain$/, GET => '/plain.txt', undef,
		headers => { 'X-API-Key' => $key->{api_key}, 'X-Pierre-Status' => 204, 'Pierre-Status' => 204 });
	is $site->get('/dir', @key)->{status}, 301, 'nginx\'s own redirect';
	is $site->get('/free/a.txt')->{body}, "free\n", 'what is not protected needs no key';
};

subtest 'PHP' => sub {
	my %forged = map { ("X-Pierre-$_" => 'forged') } qw(Auth Key-Id User-Id Tenant-Id Tier Scopes);
	my $r = once('front controller', 200, qr/./, GET => '/app/some/path?a=b', undef,
		headers => { %forged, 'X-API-Key' => $key->{api_key} });
	is $r->{json}{uri}, '/app/some/path?a=b', 'the address as it was';
	is $r->{json}{told}{HTTP_X_PIERRE_KEY_ID}, $key->{key_info}{id}, 'told which key';
	is $r->{json}{told}{HTTP_X_PIERRE_USER_ID}, $user->{user_id}, 'told whose';
	unlike $r->{body}, qr/forged/, 'nothing that a client made up';
	unlike $r->{body}, qr/\Q$key->{api_key}\E/, 'not the key itself';
	$r = once('a script by name', 200, qr/./, GET => '/app/index.php', undef, @key);
	is $r->{json}{told}{HTTP_X_PIERRE_USER_ID}, $user->{user_id}, 'told whose';
	$r = once('a POST', 200, qr/./, POST => '/app/form', 'x' x 3000, @key);
	is "$r->{json}{method} $r->{json}{body}", 'POST 3000', 'with its body';
	once('error_page to a script', 404, qr/^error of PHP for \Q$user->{user_id}\E$/, GET => '/app/missing', undef, @key);
	once('error_page to a file', 410, qr/^gone$/, GET => '/app/gone', undef, @key);
};

subtest 'refused before any upstream' => sub {
	for my $path ('/plain.txt', '/', '/dir/', '/nowhere', '/app/x', '/app/index.php') {
		my $r = problem_is($site->get($path), 401, { reason => 'missing', code => 'AuthRequired' }, "$path: no key");
		like $r->{headers}{'www-authenticate'}, qr/^Bearer /, "$path: says what is needed";
		$r = $site->get($path, headers => { 'X-API-Key' => 'pk_live_' . 'a' x 32 });
		problem_is($r, 401, { code => 'AuthInvalid' }, "$path: a wrong key");
		is asked($r), 1, "$path: asked once";
	}
	is $site->get("/.pierre/auth", @key)->{status}, 404, 'the question is not for clients';
};

subtest 'limits' => sub {
	my $limited = limited_key($p, $user, 5, 'month');
	my @with = (headers => { 'X-API-Key' => $limited->{api_key} });
	my $direct;
	for my $left (4, 3) {
		my $r = once("request with $left left", 200, qr/^index of dir$/, GET => '/dir/', undef, @with);
		is $r->{headers}{'x-ratelimit-limit'}, 5, 'the limit';
		is $r->{headers}{'x-ratelimit-remaining'}, $left, "$left left: charged once, over an index and all";
		like $r->{headers}{ratelimit}, qr/r=$left\b/, 'as the draft has it';
		ok $r->{headers}{'ratelimit-policy'}, 'and the policy';
	}
	is $site->get('/nowhere', @with)->{headers}{'x-ratelimit-remaining'}, 2, 'an error page is charged once';
	my $r = problem_is($site->get('/costly/', @with), 403, { reason => 'scope' }, 'a scope that the key lacks');
	my $scoped = $p->new_key($user, scopes => ['reports']);
	set_limit($p, { api_key_id => $scoped->{key_info}{id} }, 5, 'month');
	my @scoped = (headers => { 'X-API-Key' => $scoped->{api_key} });
	is $site->get('/costly/', @scoped)->{headers}{'x-ratelimit-remaining'}, 2, 'a cost of 3';
	$r = $site->get('/costly/', @scoped);
	is $r->{status}, 429, 'no second time';
	is $site->get('/dir/', @scoped)->{headers}{'x-ratelimit-remaining'}, 1, 'nothing is charged for a refusal';
	$site->get('/app/x', @with);
	is $site->get('/plain.txt', @with)->{headers}{'x-ratelimit-remaining'}, 0, 'the last one';
	$direct = $p->get('/verify', @with);
	for my $path ('/plain.txt', '/dir/', '/app/x', '/nowhere') {
		$r = problem_is($site->get($path, @with), 429, { code => 'RateLimitExceeded' }, "$path: used up");
		is $r->{headers}{$_}, $direct->{headers}{$_}, "$path: $_ as /verify says" for qw(ratelimit-policy x-ratelimit-limit
			x-ratelimit-remaining x-ratelimit-reset x-ratelimit-tier);
		ok $r->{headers}{'retry-after'} > 0, "$path: Retry-After";
		is_deeply $r->{json}{$_}, $direct->{json}{$_}, "$path: $_" for grep { !/^(request_id|retry_after)$/ } keys %{ $direct->{json} };
	}
	problem_is($site->get('/wrong/', @key), 503, { code => 'ResourceUnavailable' }, 'a cost that is none lets nobody pass');
};

subtest 'the truth in statuses' => sub {
	$p->delete("/api/keys/$key->{key_info}{id}", token => $user->{token});
	problem_is($site->get('/plain.txt', @key), 401, { reason => 'revoked' }, 'a revoked key');
	my $admin = $p->setup_admin;
	$p->expect(200, $p->post("/admin/suspend-user/$user->{user_id}", { reason => 'test' }, token => $admin->{token}));
	my $direct = $p->get('/verify', token => $user->{token});
	my $r = $site->get('/plain.txt', token => $user->{token});
	is $r->{status}, $direct->{status}, 'a suspended user: as /verify says';
	is $r->{json}{$_}, $direct->{json}{$_}, "the same $_" for qw(code reason detail title);
	$p->stop_serve;
	$r = problem_is($site->get('/plain.txt', @key), 503, { code => 'ResourceUnavailable' }, 'Pierre away');
	ok $r->{headers}{'retry-after'}, 'says when to try again';
	problem_is($site->get('/app/x', @key), 503, {}, 'before PHP too');
	is $site->get('/free/a.txt')->{status}, 200, 'what is not protected is not concerned';
};

unlike $p->nginx_log, qr/auth request unexpected status: (?!502)/, 'refusals make no error lines';
$p->stop;
done_testing;
