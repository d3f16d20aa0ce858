#!/usr/bin/perl
# A secret that a client puts where it does not belong stands nowhere afterwards:
# not in a log of Pierre or nginx, a row, a report, a metric or shared memory.
# Looked for is the random part of each, in any twelve characters of it, since a
# prefix and a public id may be shown. Sc 58.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use File::Find;
use IO::Socket::UNIX;
use FastCGI;
use Pierre::Check;

my $SITE = <<'END';
server {
	listen 127.0.0.1:@SITE_PORT@;
	include snippets/pierre-auth-locations.conf;
	location / {
		include snippets/pierre-auth.conf;
		proxy_pass http://demo;
	}
	location /routed/ {
		set $pierre_route $arg_route;
		include snippets/pierre-auth.conf;
		proxy_pass http://demo;
	}
}
END

# --- the canaries -------------------------------------------------------------------

sub random_word { my ($n) = @_; my @c = ('A' .. 'Z', 'a' .. 'z', 0 .. 9); return join '', map { $c[rand @c] } 1 .. $n }

# name => [what is sent, its random part]; each is a real one, and was used.
sub canaries {
	my ($p) = @_;
	my %user = (email => 'admin@example.org', password => random_word(24));
	my ($setup) = $p->cli('admin', 'setup-token')->{out} =~ /(setup_[\w-]+)/ or die 'no setup token';
	my $made = $p->expect(201, $p->post('/admin/setup', { setup_token => $setup, %user, display_name => 'A' }))->{json};
	$p->{admin} = { %user, user_id => $made->{user_id}, token => $made->{admin_token} };
	my $session = $p->login(\%user);
	my %sent = (setup => $setup, access => $session->{token}, refresh => $session->{refresh_token},
		key => $p->new_key($session)->{api_key}, password => $user{password});
	return { map { $_ => [ $sent{$_}, $sent{$_} =~ s/^(?:setup|pat|prt|pk_live)_//r ] } keys %sent };
}

sub encoded { return join '', map { sprintf '%%%02X', ord } split //, shift }
my %SPELLING = (
	plain => sub { return $_[0] },
	'first letter encoded' => sub { return encoded(substr $_[0], 0, 1) . substr $_[0], 1 },
	'each third encoded' => sub { my $i = 0; return join '', map { $i++ % 3 ? $_ : encoded($_) } split //, $_[0] },
	'hyphens encoded, twice' => sub { my $s = $_[0] =~ s/-/%2D/gr; return "%2d$s.$s" },
);

# --- where they are put ---------------------------------------------------------------

# What a careless client sends through nginx, with a credential that is good.
sub careless {
	my ($p, $s, %good) = @_;
	my %headers = (%good, 'User-Agent' => "client/1 ($s; $s)", Referer => "https://a.example/$s?key=$s",
		'X-Request-Id' => $s, 'Idempotency-Key' => $s, Cookie => "key=$s");
	my @all = (headers => \%headers);
	$p->get($_, @all) for "/$s", "/$s/$s", "/verify/$s", "/verify?api_key=$s", "/a/$s/$s/$s?x=$s&y=$s",
		"/demo/$s", "/demo/?key=$s", "/demo/a/$s/b/$s?$s", "/api/keys?cursor=$s", "/api/keys?$s=1", "/api/keys/$s";
	$p->{site}->get($_, @all) for "/$s", "/$s/a?key=$s", "/a/$s/$s", "/routed/?route=$s";
	$p->{http}->get($_, @all) for "/$s", "/?key=$s";
	$p->post('/verify', $s, @all);
	my $post = (qw(/api/auth/login /api/auth/refresh /admin/setup))[length($s) % 3];
	$p->post($post, $_, @all) for { $s => 1 }, qq({"$s), $s;
	$p->post('/api/auth/login', { email => $s, password => $s }, @all);
	$p->post('/api/auth/refresh', { refresh_token => $s }, @all);
	$p->post('/admin/setup', { setup_token => $s }, @all);
	$p->raw("$_\r\nHost: localhost\r\nConnection: close\r\n\r\n") for "$s / HTTP/1.1", "GET $s HTTP/1.1",
		"GET /$s $s", "GET http://$s/$s HTTP/1.1", "GET /$s HTTP/1.1\r\n$s", "GET /$s HTTP/1.1\r\n$s: $s";
}

# The same on Pierre's own socket, by a site that hands on what a client sent.
sub handed_on {
	my ($p, $s, $key) = @_;
	my %usual = (HTTP_X_API_KEY => $key, PIERRE_SUBREQUEST => 1, ORIGINAL_URI => "/$s", ORIGINAL_METHOD => 'GET',
		HTTP_USER_AGENT => '/' x 240 . $s);
	for my $name (qw(REQUEST_ID PIERRE_ROUTE PIERRE_SCOPE PIERRE_COST ORIGINAL_METHOD REMOTE_ADDR
		REQUEST_METHOD CONTENT_TYPE CONTENT_LENGTH SERVER_PROTOCOL)) {
		FastCGI::get($p->{fast_socket}, '/verify', params => { %usual, $name => $s });
	}
	FastCGI::get($p->{fast_socket}, '/verify', params => { %usual, REQUEST_ID => $s =~ tr/A-Za-z0-9//cdr });
	FastCGI::get($p->{$_}, '/' x 500 . $s, params => \%usual) for qw(fast_socket slow_socket);
}

# Sessions, and what an admin writes into the audit trail.
sub noted {
	my ($p, $s, $user) = @_;
	my $admin = $p->{admin};
	my @all = (token => $admin->{token}, headers => { 'User-Agent' => "app/2 $s" });
	my $session = $p->login($admin, headers => { 'User-Agent' => "app/1 ($s)" });
	$p->expect(200, $p->post('/api/auth/refresh', { refresh_token => $session->{refresh_token} }, @all));
	$p->expect(200, $p->post("/admin/suspend-user/$user->{user_id}", { reason => "he lost $s" }, @all));
	$p->expect(200, $p->post("/admin/approve-user/$user->{user_id}", { reason => "no longer $s" }, @all));
	my $key = $p->new_key($admin)->{key_info}{id};
	$p->expect(200, $p->post('/admin/revoke-api-key', { api_key_id => $key, reason => "leaked: $s" }, @all));
	is($p->sql("SELECT count(*) FROM api_keys WHERE id = '$key' AND revoked_reason LIKE 'leaked: %...'"), 1, 'a reason is masked, not lost');
}

# --- where they are looked for -----------------------------------------------------------

sub files_below {
	my ($dir, $skip) = @_;
	my $text = '';
	find({ no_chdir => 1, wanted => sub { $text .= "\n$_: " . Pierre::slurp($_) =~ tr/\0/\n/sr if -f && !/$skip/ } }, $dir);
	return $text;
}

# All rows of all tables; on SQLite the bytes of all files, with what was deleted.
sub rows {
	my ($p) = @_;
	return files_below("$p->{dir}/state", qr/\.(?:log|pid)$/) if $p->{backend} eq 'sqlite';
	my @tables = split /\n/, $p->sql("SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public'");
	return join "\n", map { $p->sql("SELECT '$_: ' || t::text FROM $_ t") } @tables;
}

sub page {
	my ($socket) = @_;
	my $s = IO::Socket::UNIX->new(Peer => $socket) or die "no metrics: $!";
	print $s "GET /metrics HTTP/1.0\r\n\r\n";
	local $/;
	return readline $s;
}

# A stop makes the recorder write and count what waits.
sub places {
	my ($p, $user, $key_id) = @_;
	my @token = (token => $user->{token});
	my %text = (
		'the metrics' => page("$p->{dir}/run/metrics.sock"),
		'shared memory' => files_below("$p->{dir}/run/room", qr/^$/),
	);
	$p->restart;
	$text{'the list of sessions'} = $p->expect(200, $p->get('/api/auth/sessions', @token))->{body};
	$text{'the report'} = $p->expect(200, $p->get("/api/keys/$key_id/usage?by_route=true", @token))->{body};
	$p->stop_serve;
	return { %text, "Pierre's log" => $p->log, "nginx's access log" => $p->access_log,
		"nginx's error log" => $p->nginx_log, 'the database' => rows($p) };
}

# Lines with any twelve characters of a random part, percent-encoded or not.
sub found {
	my ($text, $canaries) = @_;
	my %part;
	for my $random (map { $_->[1] } values %$canaries) {
		$part{ substr $random, $_, 12 } = 1 for 0 .. length($random) - 12;
	}
	my $parts = join '|', map { quotemeta } sort keys %part;
	my $decoded = $text =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ger;
	return map { substr(s/[^ -~]+/?/gr, 0, 300) } grep { /$parts/ } split(/\n/, $text), split(/\n/, $decoded);
}

each_backend(sub {
	my ($p) = @_;
	$p->{env}{METRICS_SOCKET} = "$p->{dir}/run/metrics.sock";
	$p->restart;
	my $canaries = canaries($p);
	my $user = $p->login($p->{admin});
	my $key = $p->new_key($user);
	my $other = $p->register_user;
	my %given = (%$canaries, used => [ $key->{api_key}, $key->{api_key} =~ s/^pk_live_//r ]);
	$p->expect(200, $p->post("/admin/approve-user/$other->{user_id}", {}, token => $user->{token}));
	my $odd = 0;
	for my $name (sort keys %$canaries) {
		for my $spelling (sort keys %SPELLING) {
			my $s = $SPELLING{$spelling}->($canaries->{$name}[0]);
			careless($p, $s, $odd++ % 2 ? ('X-API-Key' => $key->{api_key}) : (Authorization => "Bearer $user->{token}"));
			handed_on($p, $s, $key->{api_key});
			noted($p, $s, $other);
		}
	}
	my $uuid = $other->{user_id};
	$p->get("/nowhere/$uuid/\U$uuid");
	my $places = places($p, $user, $key->{key_info}{id});
	for my $place (sort keys %$places) {
		my @lines = found($places->{$place}, \%given);
		is(scalar @lines, 0, "no secret in $place") or diag(map { "  $_\n" } @lines[0 .. ($#lines < 4 ? $#lines : 4)]);
	}
	# they were there, or nothing was proved
	for my $place ("Pierre's log", "nginx's access log", 'the database', 'shared memory', 'the report', 'the list of sessions') {
		ok($places->{$place} =~ /(?:pk_live_|%70k_liv|app\/1 \(.{8})\.\.\./, "they left a trace in $place");
	}
	ok($places->{$_} =~ m{/nowhere/$uuid/\U$uuid\E }, "a UUID stays in $_") for "Pierre's log", "nginx's access log";
}, env => { LOG_LEVEL => 'debug', MAX_WORKERS => 4, LIMIT_SLOTS => 64, CACHE_MB => 1 }, site => $SITE);

# --- what is shipped -----------------------------------------------------------------------

subtest 'each shipped server writes the format that masks' => sub {
	for my $name (qw(pierre.conf.in pierre-protect.conf)) {
		my @servers = split /^server \{/m, Pierre::slurp("$Pierre::SOURCE/nginx/$name");
		shift @servers;
		ok(@servers > 0, "$name has servers");
		like($_, qr/^    access_log \S+ pierre;$/m, '  one says where it writes, and how') for @servers;
	}
	my ($format) = Pierre::slurp("$Pierre::SOURCE/nginx/pierre-http.conf.in") =~ /^log_format pierre (.*?);$/ms;
	is_deeply([ $format =~ /\$(\w+)/g ], [ qw(remote_addr time_iso8601 request_method pierre_path server_protocol status
		body_bytes_sent request_time upstream_response_time request_id) ], 'no variable in it has a query or a header');
};
done_testing;
