# The question of pierre-auth.conf is Pierre's to answer, whatever the server and
# http blocks around it say: every directive of nginx is judged in a table, and
# one site has all the lines of the table that try something.
use strict;
use warnings;
use Test::More;
use lib "$ENV{PIERRE_SOURCE}/tests/support";
use Pierre;
use Pierre::Inherited;
use Limit qw(limited_key);

my ($nginx) = grep { -x } map { "$_/nginx" } split(/:/, $ENV{PATH}), '/usr/sbin';

subtest 'every directive that can stand around the question is judged' => sub {
	my $all = Pierre::Inherited::directives($nginx) or plan skip_all => 'not a 64-bit ELF program';
	ok keys %$all > 400, 'found in the program: ' . keys %$all;
	my @around = Pierre::Inherited::around($all);
	my $row = Pierre::Inherited::judged(@around);
	is join(' ', grep { !$row->{$_} } @around), '', 'each has a row';
	my %names = map { $_ => 1 } map { @{ $_->[2] } } @Pierre::Inherited::TABLE;
	is join(' ', grep { !/\*$/ && !$all->{$_} } sort keys %names), '', 'each row is of this nginx';
	my %held;
	$held{ $row->{$_}[0] }++ for @around;
	note scalar(@around), ' directives: ', join ', ', map { "$held{$_} $_" } sort keys %held;
	my ($question) = Pierre::slurp("$Pierre::SOURCE/nginx/pierre-auth-locations.conf") =~ m{^(location = /\.pierre/auth \{.*?^\})}ms;
	for my $name (grep { $row->{$_}[0] eq 'set' } @around) {
		like $question, qr/^    \Q$name\E /m, "the question sets $name";
	}
};

subtest 'every directive that requests to providers would inherit is judged' => sub {
	my $all = Pierre::Inherited::directives($nginx) or plan skip_all => 'not a 64-bit ELF program';
	my @around = grep { /^proxy_/ } Pierre::Inherited::around($all);
	my %set = map { $_ => 1 } map { Pierre::slurp("$Pierre::SOURCE/nginx/pierre-proxy-$_.conf") =~ /^(\w+) /mg } qw(ask pass);
	my $row = Pierre::Inherited::rows_of(\@Pierre::Inherited::PASS, @around);
	ok @around > 60, 'found in the program: ' . @around;
	is join(' ', grep { !$row->{$_} } @around), '', 'each has a row';
	my @must = map { @{ $_->[2] } } grep { $_->[0] eq 'set' } @Pierre::Inherited::PASS;
	is join(' ', grep { !$set{$_} } @must), '', 'the files set what they must';
	is join(' ', grep { $set{$_} && $row->{$_}[0] ne 'set' } @around), '', 'and no row says otherwise';
	is join(' ', grep { !$all->{$_} } @must), '', 'each is of this nginx';
};

# The question as it would be without the seal: so the lines are hostile indeed.
sub unsealed {
	my $text = Pierre::slurp("$Pierre::SOURCE/nginx/pierre-auth-locations.conf");
	$text =~ s/^    # what a block around.*?(?=^    fastcgi_pass_request_headers)//ms or die 'no seal';
	return $text;
}

my $SITE = sub {
	my ($http) = @_;
	my $pages = <<'END';
	listen 127.0.0.1:@SITE_PORT@;
	location = /sorry { return 200 "sorry\n"; }
	location @down { return 200 "down\n"; }
	location = /yes { return 200 "yes\n"; }
	location / { include snippets/pierre-auth.conf; root @DIR@/www; }
	location /told/ { include snippets/pierre-auth.conf; proxy_pass http://demo/; }
	location /big/ { client_max_body_size 1m; include snippets/pierre-auth.conf; proxy_pass http://demo/; }
END
	my $server = sub { join "\n", "server {\n\tserver_name $_[0];", @_[1 .. $#_], "$pages}\n" };
	my $sealed = "include snippets/pierre-auth-locations.conf;";
	my $head = "fastcgi_cache_path \@DIR\@/nginx/cache keys_zone=hostile:1m;\n";
	return join "\n", $head, @$http, $server->('cache', $sealed) if $http;
	return $head . $server->('cache', $sealed, Pierre::Inherited::hostile(1)) .
		$server->('store', $sealed, Pierre::Inherited::hostile(0)) .
		$server->('bare', unsealed(), Pierre::Inherited::hostile(1));
};

# The lines of the table that can stand in the http block, but for those that
# would ask Pierre's own site for a page /yes, and a buffer that its longer
# headers do not fit into.
sub for_http {
	return [ grep { !m{ /yes;$} && !/^(?:set|break|try_files|stub_status|valid_referers|fastcgi_buffer_size)\b/ }
		Pierre::Inherited::hostile(1) ];
}

sub start {
	my ($backend, $http) = @_;
	# what is set around Pierre here adds headers of its own
	my $p = Pierre->start(backend => $backend, site => $SITE->($http),
		judge => undef);
	mkdir "$p->{dir}/www", 0755;
	open my $f, '>', "$p->{dir}/www/file" or die "file: $!";
	print $f "the secret\n";
	close $f;
	return $p;
}

# The lines of keepalive_timeout and lingering_close take a connection away without a word.
sub ask {
	my ($p, $host, $key, $path, $method) = @_;
	my %key = defined $key ? ('X-API-Key' => $key) : ();
	return $p->{site}->request($method // 'GET', $path // '/file', $method ? 'x' x 5000 : undef,
		headers => { Host => $host, Connection => 'close', %key });
}

sub statuses {
	my ($p, $user, $host) = @_;
	my $key = $p->new_key($user)->{api_key};
	my $spent = limited_key($p, $user, 1, 'month')->{api_key};
	for my $round (1 .. 3) {
		is ask($p, $host, $key)->{status}, 200, "$host: a good key";
		is ask($p, $host, undef)->{status}, 401, "$host: none";
		is ask($p, $host, 'pk_live_' . 'a' x 32)->{status}, 401, "$host: a bogus one";
		is ask($p, $host, $spent)->{status}, $round == 1 ? 200 : 429, "$host: a limit of one, request $round";
	}
	like ask($p, $host, $key)->{body}, qr/the secret/, "$host: the file";
	like ask($p, $host, $key, '/told/')->{body}, qr/^X-Pierre-User-Id: \Q$user->{user_id}\E$/m, "$host: the upstream is told who";
	is ask($p, $host, $key, '/big/', 'POST')->{status}, 200, "$host: a body that only the location allows";
	return $key;
}

sub each_backend_here {
	my ($name, $http) = @_;
	for my $backend (Pierre::backends()) {
		subtest "$name, $backend" => sub {
			my $p = start($backend, $http);
			my $user = $p->approved_user;
			my @hosts = $http ? 'cache' : ('cache', 'store');
			my ($key) = map { statuses($p, $user, $_) } @hosts;
			if ($http) {
				my @direct = map { $p->get('/verify', headers => { 'X-API-Key' => $_, Connection => 'close' })->{status} } $key, 'bogus', $key;
				is "@direct", '200 401 200', 'Pierre\'s own site is not answered from a cache either';
			} else {
				ask($p, 'bare', $key);
				is ask($p, 'bare', undef)->{status}, 200, 'without the seal the same lines let anybody pass';
			}
			$p->stop_serve;
			for my $host (@hosts) {
				is ask($p, $host, $_)->{status}, 503, "$host: Pierre stopped" for $key, undef;
			}
			$p->stop;
		};
	}
}

each_backend_here('lines of the server block' => undef);
each_backend_here('lines of the http block' => for_http());
done_testing;
