#!/usr/bin/perl
# Secrets stand nowhere. What idle processes still hold of the requests and calls before: no key, no token, no
# password, no secret of an application; of the encryption key and the one before it nothing
# outside the master; of the keys that are derived from it, and of data keys, each process
# has its own alone. And no file, table or log has one.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Digest::SHA qw(hmac_sha256);
use File::Copy qw(copy);
use IO::Socket::SSL ();
use JSON::PP ();
use MIME::Base64 qw(decode_base64 decode_base64url encode_base64);
use Time::HiRes qw(sleep);
use Pierre;
use FastCGI;
use Memory qw(why_not pieces found);
use Process qw(await await_log children count_log start_load stop_load);
use Provider;

my $why = why_not("$Pierre::BUILD/pierre");
plan skip_all => $why if $why;

my $SITE = <<'END';
server {
	listen 127.0.0.1:@SITE_PORT@;
	include snippets/pierre-auth-locations.conf;
	location / {
		include snippets/pierre-auth.conf;
		try_files /none =204;   # after the access phase
	}
}
END

sub random_text { my ($n) = @_; my @c = ('a' .. 'z', 'A' .. 'Z', 0 .. 9); return join '', map { $c[ rand @c ] } 1 .. $n }
# A key's first 16 characters are its public id; a refresh token begins with two
# ids that stand in the database.
sub key_pieces { return [ pieces(substr $_[0], 16) ] }
sub token_pieces { my ($t) = @_; return [ pieces($t =~ /^prt_/ ? substr $t, -40 : $t =~ s/^[a-z]+_//r) ] }

# Who has which of the derived keys.
my $NOBODY = qr/^$/;
my %MAY = ('pierre session pair' => qr/slow/, 'pierre wrap v1' => qr/slow|fast|caller/, 'pierre audit head' => qr/schedul/,
	'pierre idempotent reply' => qr/slow/, 'pierre spool v1' => qr/caller/, 'pierre key check|' => $NOBODY,
	'pierre master id' => $NOBODY);
my $fake = Provider->start;

sub start {
	my ($backend, %env) = @_;
	my $p = Pierre->start(backend => $backend, serve => 0, site => $SITE,
		env => { WORKERS => 4, SLOW_WORKERS => 6, LIMIT_SLOTS => 64, CACHE_MB => 1, %env });
	my $key = $p->{env}{ENCRYPTION_KEY};
	$p->{secrets}{'ENCRYPTION_KEY, base64'} = [ pieces($key =~ s/=+$//r) ];
	# of the change of the master key that has ended: not the database's key
	my $previous = $p->{env}{ENCRYPTION_KEY_PREVIOUS} = encode_base64(random_text(32), '');
	$p->{secrets}{'ENCRYPTION_KEY_PREVIOUS, base64'} = [ pieces($previous =~ s/=+$//r) ];
	for ([ 'ENCRYPTION_KEY', $key ], [ 'ENCRYPTION_KEY_PREVIOUS', $previous ]) {
		my ($name, $raw) = ($_->[0], decode_base64($_->[1]));
		$p->{raw}{"$name, raw"} = [ pieces($raw) ];
		$p->{derived}{$_}{"$_ of $name"} = [ pieces(hmac_sha256("$_\x01", $raw)) ] for keys %MAY;
	}
	copy($fake->ca, "$p->{dir}/ca.pem") or die "copy: $!";
	Pierre::rewrite("$p->{dir}/providers.json", JSON::PP->new->canonical->utf8->encode({ providers => [ { id => 'acme', title => 'Acme',
		authorize_url => $fake->url('/authorize'), token_url => $fake->url('/token'), scope_separator => ' ',
		pkce => 'S256', refresh => 'rotates', identity_url => $fake->url('/me'), identity_field => 'id' } ] }));
	@{ $p->{env} }{qw(OUTBOUND_ALLOW OUTBOUND_CA_FILE PROVIDERS_FILE PUBLIC_URL METRICS_SOCKET)} = ('127.0.0.0/8 ::1',
		"$p->{dir}/ca.pem", "$p->{dir}/providers.json", "https://localhost:$p->{port}", "$p->{dir}/run/metrics.sock");
	return $p;
}

sub new_password { my ($p, $name) = @_; my $s = random_text(30); $p->{secrets}{"password, $name"} = [ pieces($s) ]; return $s }
sub note_token { my ($p, $name, $token) = @_; $p->{secrets}{$name} = token_pieces($token // die "no $name"); return $token }
sub note_key { my ($p, $name, $key) = @_; $p->{secrets}{$name} = key_pieces($key // die "no $name"); return $key }

# Not the ends of the fake's tokens, which are all the same letter.
sub note_fake { my ($p, $name, $token) = @_; $p->{secrets}{$name} = [ substr $token, 0, 12 ]; return $token }

# A provider is connected, and its tokens are refreshed: secrets that are sealed and opened.
sub connect_provider {
	my ($p, $token) = @_;
	my %o = (token => $token);
	$p->expect(200, $p->put('/api/users/oauth-apps/acme', { client_id => 'client', client_secret => new_password($p, 'of an application') }, %o));
	my $url = $p->expect(201, $p->post('/api/oauth/connect/acme', undef, %o))->{json}{start_url} =~ s/^https:..[^\/]+//r;
	my $cookie = '';
	note_token($p, 'link', $url =~ /link=([\w-]+)/ ? $1 : die $url);
	my $visit = sub {   # as a browser
		my $r = $p->get($_[0], headers => { Cookie => $cookie });
		$cookie = join '; ', ($r->{headers}{'set-cookie'} // '') =~ /(__Host-[^=]+=[^;]+)/g;
		return $r;
	};
	my ($go) = $visit->($url)->{body} =~ m{href="(/api/oauth/start/go\?[^"]+)"} or die 'no link';
	my $r = $visit->($go =~ s/&amp;/&/gr);
	my ($path) = $r->{headers}{location} =~ m{^https://localhost:\d+(/.*)};
	note_token($p, 'state', $path =~ /state=([\w-]+)/ ? $1 : die $path);
	note_token($p, 'cookie of an attempt', $cookie =~ /=([\w-]{43})$/ ? $1 : die $cookie);
	my $s = IO::Socket::SSL->new(PeerAddr => '127.0.0.1', PeerPort => $fake->{port}, SSL_ca_file => $fake->ca,
		SSL_hostname => 'localhost') or die 'no provider';
	print $s "GET $path HTTP/1.1\r\nHost: localhost\r\n\r\n";
	$s->sysread(my $head, 4096);
	my ($back, $code) = $head =~ m{^Location: https://localhost:\d+(\S+code=([^&\s]+)\S*)\r$}m or die $head;
	$visit->($back);
	my $lend = sub { my $r = $p->get('/api/oauth/tokens/acme', %o); return $r->{status} == 200 ? $r->{json}{access_token} : undef };
	note_fake($p, 'access token of a provider', await('tokens', $lend, $p));
	my ($asked) = grep { ($_->{form}{code} // '') eq $code } $fake->asked('/token');
	$p->{secrets}{'code verifier'} = [ pieces($asked->{form}{code_verifier}) ];
	my ($refresh, $access) = $fake->token;
	note_fake($p, 'refresh token of a provider', $refresh);
	$p->expect(200, $p->put('/api/oauth/tokens/acme', { access_token => $access, refresh_token => $refresh,
		expires_at => '2020-01-01T00:00:00Z' }, %o));
	note_fake($p, 'access token of a provider, refreshed', await('a refresh', $lend, $p));
	$fake->with_state(sub { my ($of) = @_; note_fake($p, "refresh token of a provider, $_", $_) for grep { /^rt-/ } keys $of->{refresh}->%* });
}

# The data keys, which processes that need none must not have.
sub note_data_keys {
	my ($p) = @_;
	my $r = Pierre::capture([ "$Pierre::BUILD/tests/support/data_keys" ], $p->{env}, user => 1, dir => "$p->{dir}/state");
	is($r->{status}, 0, 'data keys') or diag($r->{err});
	my @keys = map { pack 'H*', $_ } split /\n/, $r->{out};
	cmp_ok(scalar @keys, '>', 0, 'there are some');
	$p->{data}{"data key $_"} = [ pieces($keys[$_]) ] for 0 .. $#keys;
}

# A user of each kind of secret, all made through nginx.
sub people {
	my ($p) = @_;
	my %with;
	my ($setup) = $p->cli('admin', 'setup-token')->{out} =~ /(setup_\S+)/ or die 'no setup token';
	note_token($p, 'setup token', $setup);
	my $r = $p->expect(201, $p->post('/admin/setup', { setup_token => $setup, email => 'admin@example.org',
		password => new_password($p, 'admin'), display_name => 'Admin' }));
	$with{admin} = note_token($p, 'admin token', $r->{json}{admin_token});
	my %user = (email => 'user@example.org', password => new_password($p, 'registered'));
	my $id = $p->expect(201, $p->post('/api/auth/register', { %user, display_name => 'User' }))->{json}{user_id};
	$p->expect(200, $p->post("/admin/approve-user/$id", {}, token => $with{admin}));
	$p->sql("UPDATE users SET tier = 'enterprise' WHERE id = '$id'");
	$r = $p->expect(200, $p->post('/api/auth/login', \%user))->{json};
	note_token($p, 'access token', $r->{access_token});
	$p->{secrets}{'access token, raw'} = [ pieces(decode_base64url(substr $r->{access_token}, 4)) ];
	note_token($p, 'refresh token, spent', $r->{refresh_token});
	$r = $p->expect(200, $p->post('/api/auth/refresh', { refresh_token => $r->{refresh_token} }))->{json};
	my $token = note_token($p, 'access token, refreshed', $r->{access_token});
	my $changed = new_password($p, 'changed');
	$p->expect(200, $p->post('/api/auth/password',
		{ current_password => $user{password}, new_password => $changed }, token => $token));
	$user{password} = $changed;
	$r = $p->expect(200, $p->post('/api/auth/login', \%user))->{json};
	@with{qw(token refresh)} = (note_token($p, 'access token, last', $r->{access_token}),
		note_token($p, 'refresh token', $r->{refresh_token}));
	$with{key} = note_key($p, 'API key', $p->new_key({ token => $with{token} })->{api_key});
	$r = $p->expect(201, $p->post('/admin/provision-api-key', { user_email => $user{email}, tier => 'enterprise' }, token => $with{admin}));
	$with{provisioned} = note_key($p, 'API key, provisioned', $r->{json}{api_key});
	$with{unknown} = note_key($p, 'API key, unknown', 'pk_live_' . random_text(32));
	$with{wrong} = new_password($p, 'wrong');
	$with{misspelt} = new_password($p, 'in a misspelt field');
	$with{cut} = new_password($p, 'in broken JSON');
	$with{long} = new_password($p, 'behind 9 KiB');
	$with{cookie} = new_password($p, 'in a cookie');
	$with{path} = new_password($p, 'in a path');
	$with{name} = new_password($p, 'as a name');
	$with{query} = new_password($p, 'in a query');
	$with{huge} = new_password($p, 'in a body that is too large');
	connect_provider($p, $with{token});
	note_data_keys($p);
	return { %with, user => \%user };
}

# A machine that is busy may be late for a deadline (503): asked again, for a time.
sub served {
	my ($want, $ask) = @_;
	my $r;
	for (my $end = time + 60; time < $end; select undef, undef, undef, 0.1) {
		$r = $ask->();
		last if $r->{status} != 503 || 503 =~ $want;
	}
	return $r;
}

# One of each request that carries a secret; returns what was answered otherwise
# than it should be. Logins of many at once are also refused (429, 503).
sub round {
	my ($p, $with) = @_;
	my %user = $with->{user}->%*;
	my @due = (
		[ qr/200|429|503/, sub { $p->post('/api/auth/login', \%user) } ],
		[ qr/401|429|503/, sub { $p->post('/api/auth/login', { %user, password => $with->{wrong} }) } ],
		[ qr/422/, sub { $p->post('/api/auth/login', { email => $user{email}, pasword => $with->{misspelt} }) } ],
		[ qr/400/, sub { $p->post('/api/auth/login', qq({"email":"$user{email}","password":"$with->{cut}\\x"})) } ],
		[ qr/422/, sub { $p->post('/api/auth/register', { email => 'x' x 9000, password => $with->{long} }) } ],
		[ qr/413/, sub { $p->post('/api/auth/login', { email => 'x' x 40000, password => $with->{huge} }) } ],
		[ qr/200/, sub { $p->get('/api/keys', token => $with->{token}, headers => { Cookie => $with->{cookie} }) } ],
		[ qr/200/, sub { $p->get('/verify', headers => { 'X-API-Key' => $with->{key} }) } ],
		[ qr/200/, sub { $p->get('/verify', token => $with->{provisioned}) } ],
		[ qr/401/, sub { $p->get('/verify', headers => { 'X-API-Key' => $with->{unknown} }) } ],
		[ qr/200/, sub { $p->get('/verify', token => $with->{token}) } ],
		[ qr/204/, sub { $p->{site}->get('/', headers => { 'X-API-Key' => $with->{key} }) } ],
		[ qr/422/, sub { $p->post('/api/auth/login', { $with->{name} => 1 }) } ],
		[ qr/422/, sub { $p->get("/verify?$with->{name}") } ],
		[ qr/404/, sub { $p->get("/api/nothing/$with->{path}") } ],
		[ qr/422/, sub { $p->get("/verify?api_key=$with->{query}") } ],
		[ qr/401/, sub { $p->{site}->get('/', headers => { 'X-API-Key' => $with->{unknown} }) } ],
	);
	return join ' ', map { my $r = served(@$_); $r->{status} =~ $_->[0] ? () : "$_->[0]:$r->{status}:$r->{body}" } @due;
}

# By many at once, so that no process stays without one.
sub rounds {
	my ($p, $with) = @_;
	is(round($p, $with), '', 'a round of requests');
	my %rounds;
	my $load = start_load(12, sub { return $rounds{$$}++ < 2 ? round($p, $with) : 'refused' });
	my ($served, $failed) = stop_load($load, tell => 0);
	is("@$failed", '', "rounds served: $served");
	is(round($p, $with), '', 'one more');
}

# Kept connections: half of a request, and one that is answered and stays.
sub kept {
	my ($p, $with) = @_;
	my $half = new_password($p, 'in half of a request');
	my @kept;
	for (1 .. 8) {
		my $s = FastCGI::open_socket($p->{fast_socket}) or die "connect: $!";
		FastCGI::send_bytes($s, FastCGI::message('GET', '/verify', '', keep => 1, params => { HTTP_X_API_KEY => $with->{key} }));
		is(FastCGI::reply($s, keep => 1)->{status}, 200, 'a connection is kept');
		my $next = FastCGI::message('GET', '/verify', '', keep => 1, params => { HTTP_AUTHORIZATION => "Bearer $half" });
		FastCGI::send_bytes($s, substr $next, 0, -20) if $_ % 2;
		push @kept, $s;
	}
	return @kept;
}

# Master and children, all waiting.
sub search {
	my ($p, $what) = @_;
	my @pids = ($p->{pid}, await('all children', sub { my %c = children($p); keys %c == 13 && [ sort keys %c ] })->@*);
	my (@found, %name);
	for my $try (1 .. 8) {   # the last request ends a moment after its answer
		%name = (children($p), $p->{pid} => 'master');
		@found = map { my $pid = $_; map { "$name{$pid}: $_" } found($pid, { $p->{secrets}->%*,
			$pid == $p->{pid} ? () : $p->{raw}->%*,
			$name{$pid} =~ $MAY{'pierre wrap v1'} ? () : ($p->{data} // {})->%*,
			map { $p->{derived}{$_}->%* } grep { $name{$pid} !~ $MAY{$_} } keys %MAY }) } @pids;
		last if !@found;
		sleep 0.25 if $try < 8;
	}
	push @found, found("$p->{dir}/run/room/room", { $p->{secrets}->%*, $p->{raw}->%*, ($p->{data} // {})->%*,
		map { $_->%* } values $p->{derived}->%* });
	is(scalar(@found), 0, "$what: nothing in " . @pids . ' idle processes and their segment') or diag map { "$_\n" } sort @found;
}

# Files below: of the database with its log, of the spool, of all logs; the page of /metrics,
# and what ps shows.
sub elsewhere {
	my ($p, $what) = @_;
	my @at = grep { -e } "$p->{dir}/state", $p->{log_file}, glob("$p->{dir}/nginx/*.log"), $p->{env}{SPOOL_DIR};
	if ($p->{backend} eq 'postgresql') {
		my ($data, $oid) = map { Pierre::trim(Pierre::psql($_)) } 'SHOW data_directory',
			"SELECT oid FROM pg_database WHERE datname = '$p->{database}'";
		Pierre::psql('CHECKPOINT');
		push @at, grep { -d } "$data/pg_wal", "$data/base/$oid";   # when the server is on this host
	}
	my ($seen, $canary) = map { "$p->{dir}/$_" } qw(seen canaries);
	my %children = children($p);
	Pierre::rewrite($seen, join "\n", metrics($p), map { Pierre::slurp("/proc/$_/cmdline") } $p->{pid}, keys %children);
	# grep has a line for each: those of binary secrets with a newline are few
	Pierre::rewrite($canary, join '', map { "$_\n" } grep { !/\n/ } map { @$_ } values $p->{secrets}->%*);
	my $grep = sub { return Pierre::capture([ 'grep', '-rlaF', '--exclude=encryption.key', '-f', $canary, '--', @_ ], { LC_ALL => 'C' })->{out} };
	is($grep->(@at, $seen), '', "$what: nothing in tables, files, logs, the spool, /metrics and ps");
	is($grep->($canary) ne '', 1, 'a search finds what is there');
}
sub metrics {
	my ($p) = @_;
	my $s = await('the page', sub { FastCGI::open_socket($p->{env}{METRICS_SOCKET}) }, $p);
	FastCGI::send_bytes($s, "GET /metrics HTTP/1.0\r\n\r\n");
	local $/;
	return readline($s) // '';
}

sub reload {
	my ($p) = @_;
	my $n = count_log($p, qr/ reload(?:ed|_failed) /);
	$p->signal('HUP');
	await_log($p, qr/ reload(?:ed|_failed) /, $n + 1);
	is(count_log($p, qr/ reload_failed /), 0, 'reloaded');
}

for my $backend (Pierre::backends()) {
	subtest "$backend: the key from the environment" => sub {
		my $p = start($backend);
		$p->serve;
		unlike(Pierre::slurp("/proc/$p->{pid}/environ"), qr/\Q$p->{env}{ENCRYPTION_KEY}\E/, 'its copy is wiped');
		ok(found($p->{pid}, $p->{raw}), 'the master has the key: a search finds what is there');
		search($p, 'before any request');
		my %child = children($p);
		is(scalar(grep { $child{$_} =~ /slow/ && found($_, $p->{derived}{'pierre session pair'}) } keys %child), 6, 'each slow worker has the keys of pairs');
		is(scalar(grep { found($_, $p->{derived}{'pierre wrap v1'}) } keys %child), 11, 'each worker and the caller have those that unwrap data keys');
		is(scalar(grep { found($_, $p->{derived}{'pierre audit head'}) } keys %child), 1, 'the scheduler those that sign');
		is(join(' ', map { $child{$_} =~ s/\W.*//r } grep { found($_, $p->{derived}{'pierre spool v1'}) } keys %child), 'caller', 'the caller that of the spool');
		my $with = people($p);
		%child = children($p);
		ok((grep { $child{$_} =~ /fast/ && found($_, $p->{data}) } keys %child), 'a worker that opens tokens has a data key');
		ok((grep { $child{$_} =~ /caller/ && found($_, $p->{data}) } keys %child), 'and so has the caller');
		rounds($p, $with);
		search($p, 'after requests');
		my @kept = kept($p, $with);
		search($p, 'with kept connections');
		@kept = ();
		reload($p);
		rounds($p, $with);
		search($p, 'after a reload');
		elsewhere($p, 'after all that');
		$p->stop;
	};
	subtest "$backend: the key from a file, sync" => sub {
		my $p = start($backend, USAGE_DURABILITY => 'sync');
		my $file = "$p->{dir}/state/encryption.key";
		open my $f, '>', $file or die "$file: $!";
		print $f "$p->{env}{ENCRYPTION_KEY}\n";
		close $f;
		@{ $p->{env} }{qw(ENCRYPTION_KEY ENCRYPTION_KEY_FILE)} = (undef, $file);
		delete $p->{env}{ENCRYPTION_KEY};
		$p->serve;
		my $with = people($p);
		rounds($p, $with);
		search($p, 'after requests');
		elsewhere($p, 'after requests');
		$p->stop;
	};
}

# A purpose that is added must say here who may have its key.
my $rows = Pierre::slurp("$Pierre::SOURCE/src/auth/subkey.c");
is(join(', ', sort $rows =~ /\[SUBKEY_\w+\] = \{\s+"([^"]+)"/g), join(', ', sort keys %MAY), 'each derived key has been searched for');
$fake->stop;
done_testing;
