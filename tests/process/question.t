#!/usr/bin/perl
# The question of the snippet on kept connections: nginx makes no more of them than
# there were requests under way, and no file; bodies of any size pass by, and a
# request that hides in one is none. What ends workers: question_load.t.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use IO::Socket::UNIX;
use POSIX ();
use Pierre;
use FastCGI;
use Kept qw(connected question answer together door_keys $BOGUS);
use Process qw(await count_log);

my $SITE = <<'END';
server {
	listen 127.0.0.1:@SITE_PORT@ backlog=4096;
	keepalive_requests 1000000;
	client_max_body_size 4m;
	include snippets/pierre-auth-locations.conf;
	location / { include snippets/pierre-auth.conf; root @DIR@/www; }
	location /up/ { include snippets/pierre-auth.conf; proxy_pass http://unix:@DIR@/run/up.sock; }
	location /scope/ { set $pierre_scope reports; include snippets/pierre-auth.conf; alias @DIR@/www/; }
}
END
# An upstream that says what it got: method, length of the body, who calls.
sub upstream {
	my ($p) = @_;
	my $listen = IO::Socket::UNIX->new(Local => "$p->{dir}/run/up.sock", Listen => 128) or die "listen: $!";
	chmod 0777, "$p->{dir}/run/up.sock";
	my $pid = fork // die "fork: $!";
	if ($pid) { $p->{pids}{$pid} = 'upstream'; return }
	$SIG{TERM} = 'DEFAULT';
	open my $seen, '>>', "$p->{dir}/seen" or die;
	$seen->autoflush(1);
	while (my $s = $listen->accept) {
		my ($head, $body) = ('', '');
		while (sysread $s, $head, 65536, length $head) { last if $head =~ /\r\n\r\n/ }
		($head, $body) = split /\r\n\r\n/, $head, 2;
		my ($length) = $head =~ /^Content-Length: (\d+)/mi;
		while (length $body < ($length // 0)) { sysread $s, $body, 65536, length $body or last }
		my ($method) = $head =~ /^(\S+)/;
		my ($user) = $head =~ /^X-Pierre-User-Id: (\S+)/mi;
		my $text = join ' ', $method, length $body, $user // 'nobody';
		print $seen "$text\n";
		syswrite $s, "HTTP/1.0 200 OK\r\nContent-Length: " . length($text) . "\r\n\r\n$text";
		close $s;
	}
	POSIX::_exit(0);
}

# --- what nginx does, by strace -------------------------------------------------

sub nginx_worker { my ($p) = @_; return split ' ', Pierre::slurp("/proc/$p->{nginx_pid}/task/$p->{nginx_pid}/children") }

# {connects} to the fast pool while $code ran, and {made}: what made a file. undef: no strace.
sub traced {
	my ($p, $code) = @_;
	my ($out, $err) = map { "$p->{dir}/strace.$_" } qw(out err);
	unlink $out, $err;
	my $pid = $p->spawn('strace', [ 'strace', '-s', '200', '-o', $out,
		'-e', 'trace=connect,open,openat,creat,rename,renameat2,mkdir,mkdirat,link,linkat,symlink',
		map { ('-p', $_) } nginx_worker($p) ], { PATH => $ENV{PATH} }, $err);
	my $attached = await('strace', sub { Pierre::slurp($err) =~ /attached/ ? 'yes' : waitpid($pid, POSIX::WNOHANG()) ? 'no' : undef });
	if ($attached eq 'no') { delete $p->{pids}{$pid}; return }
	$code->();
	kill 'INT', $pid;
	waitpid $pid, 0;
	delete $p->{pids}{$pid};
	my @lines = split /\n/, Pierre::slurp($out);
	return { connects => scalar(grep { /connect\(.*"\Q$p->{fast_socket}\E"/ } @lines),
		made => join("\n", grep { /O_CREAT|creat\(|rename|mkdir|link/ } @lines) };
}

# --- the tests --------------------------------------------------------------------

# [what, most under way at once, code that returns [got, due]]
sub cases {
	my ($p, %k) = @_;
	my $s = connected($p->{site}{port});
	my @kinds = ([ 200, '/file', $k{good} ], [ 401, '/file' ], [ 401, '/file', $BOGUS ], [ 403, '/scope/file', $k{good} ],
		[ 429, '/file', $k{spent} ]);
	my $alone = sub {
		my @case = @_;
		my @got = map { syswrite $s, question('GET', @$_[1, 2]); (answer($s))[0] } (@case) x 20;
		return [ "@got", join ' ', (map { $_->[0] } @case) x 20 ];
	};
	my @cases = map { my $kind = $_; [ "$kind->[0] 20 times", 1, sub { $alone->($kind) } ] } @kinds;
	return (@cases,
		[ 'kinds by turns', 1, sub { $alone->(@kinds) } ],
		[ 'with direct /verify between them', 1, sub {
			my @got = map { syswrite $s, question('GET', '/file', $k{good}); ((answer($s))[0],
				$p->get('/verify', headers => { 'X-API-Key' => $k{good} })->{status}) } 1 .. 20;
			return [ "@got", join ' ', (200) x 40 ];
		} ],
		[ '16 at once, 20 times', 16, sub {
			my @clients = map { connected($p->{site}{port}) } 1 .. 16;
			my @got = map { together(\@clients, map { question('GET', @$_[1, 2]) } @kinds) } 1 .. 20;
			return [ "@got", join ' ', (map { $kinds[$_ % @kinds][0] } 0 .. 15) x 20 ];
		} ],
		[ '100 streams of one HTTP/2 connection', 100, sub { [ streams($p, $k{good}, 300), '200 of HTTP/2: 300' ] } ],
		[ 'direct /verify after all that', 1, sub {
			my @got = map { $p->get('/verify', headers => { 'X-API-Key' => $k{good} })->{status} } 1 .. 20;
			return [ "@got", join ' ', (200) x 20 ];
		} ]);
}

sub streams {
	my ($p, $key, $n) = @_;
	my $r = Pierre::capture([ 'curl', '-s', '-Z', '--parallel-max', 100, '--http2', '--cacert', $p->{ca}, '-H', "X-API-Key: $key",
		'-o', '/dev/null', '-w', '%{http_code} of HTTP/%{http_version}\n', "https://localhost:$p->{port}/demo/?[1-$n]" ], {});
	my %times;
	$times{$_}++ for split /\n/, $r->{out};
	return join ', ', map { "$_: $times{$_}" } sort keys %times;
}

sub no_strace { my ($p) = @_; return !defined traced($p, sub { }) }

sub connects {
	my ($p, %k) = @_;
	plan skip_all => 'strace cannot be used here' if no_strace($p);
	for (cases($p, %k)) {
		my ($what, $most, $code) = @$_;
		my $r;
		my $seen = traced($p, sub { $r = $code->() });
		is($r->[0], $r->[1], "$what: the answers");
		cmp_ok($seen->{connects}, '<=', $most + 5, "$what: $seen->{connects} connects");
		is($seen->{made}, '', "$what: no file is made");
	}
}

sub bodies {
	my ($p, %k) = @_;
	plan skip_all => 'strace cannot be used here' if no_strace($p);
	my @sizes = (0, 1, 8192, 65536, 3_000_000);
	my $s = connected($p->{site}{port});
	my @got;
	my $ask = sub {
		my ($key, $size) = @_;
		my $text = question('POST', '/up/x', $key, 'b' x $size);
		for (my $at = 0; $at < length $text; ) { $at += syswrite($s, $text, 65536, $at) // die "send: $!" }
		return (answer($s))[0, 2];
	};
	my $seen = traced($p, sub {
		@got = map { my $size = $_; map { [ $size, $ask->($k{good}, $size), ($ask->(undef, $size))[0] ] } 1 .. 4 } @sizes;
	});
	for (@got) {
		my ($size, $status, $body, $refused) = @$_;
		is("$status $body $refused", "200 POST $size $k{user}{user_id} 401", "a body of $size bytes reaches the upstream, without a key none");
	}
	cmp_ok($seen->{connects}, '<=', 6, "$seen->{connects} connects");
}

# R1, through auth_request: the body of a request is no request, of HTTP or FastCGI.
sub smuggling {
	my ($p, %k) = @_;
	my $before = () = Pierre::slurp("$p->{dir}/seen") =~ /\n/g;
	my $hidden = FastCGI::message('GET', '/verify', '', keep => 1, params => { HTTP_X_API_KEY => $k{good}, REQUEST_ID => 'forged-hidden' })
		. question('DELETE', '/up/forged', $k{good});
	my ($s, $other) = (connected($p->{site}{port}), connected($p->{site}{port}));
	my (@bad, $passed);
	for my $offset (0, 1, 100, 7900 .. 7910, 8180 .. 8192, 16380, 40000) {
		for ([ 200, $k{good} ], [ 401, undef ], [ 429, $k{spent} ]) {
			my ($due, $key) = @$_;
			my $body = 'A' x $offset . $hidden;
			for my $method (qw(PUT GET)) {
				syswrite $s, question($method, '/up/x', $key, $body);
				my ($status, undef, $said) = answer($s);
				my $length = length $body;
				$passed++ if $due == 200;
				push @bad, "$method $offset: $status $said" if $status != $due || ($due == 200 && $said ne "$method $length $k{user}{user_id}");
				$s = connected($p->{site}{port}) if !$status;
				syswrite $other, question('GET', '/file', $BOGUS);
				my ($next) = answer($other);
				push @bad, "$method $offset: the next is answered $next" if $next != 401;
			}
		}
	}
	is(join("\n", @bad), '', 'each has its own answer, and the next one too');
	is(scalar(() = Pierre::slurp("$p->{dir}/seen") =~ /\n/g) - $before, $passed, "the upstream got $passed requests");
	unlike(Pierre::slurp("$p->{dir}/seen"), qr/DELETE/, 'and no hidden one');
	is(count_log($p, qr/forged-hidden/), 0, 'Pierre saw none');
}

# None of it depends on the database.
my ($backend) = Pierre::backends() or plan skip_all => 'no backend';
my $p = Pierre->start(backend => $backend, site => $SITE, env => { WORKERS => 4 });
mkdir "$p->{dir}/www", 0755 or die;
Pierre::rewrite("$p->{dir}/www/file", "the file\n");
upstream($p);
my %k = door_keys($p);
subtest 'connects, and files' => sub { connects($p, %k) };
subtest 'bodies' => sub { bodies($p, %k) };
subtest 'smuggling' => sub { smuggling($p, %k) };
is($p->stop_serve, 0, 'stops');
$p->stop;
done_testing;
