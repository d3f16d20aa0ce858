#!/usr/bin/perl
# HUP: new children first, then the old ones go; a configuration that does not
# work changes nothing. No request notices.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use FastCGI;
use Process qw(await becomes_ready alive children await_log count_log lines_of start_load stop_load half_request);

my @backends = Pierre::backends() or plan skip_all => 'no backend';

sub write_file {
	my ($path, $text) = @_;
	open my $f, '>', $path or die "$path: $!";
	print $f $text;
	close $f;
	chmod 0644, $path;
}

sub start {
	my ($backend, $conf, %env) = @_;
	my $p = Pierre->start(backend => $backend, nginx => 0, serve => 0, env => \%env);
	$p->{conf} = "$p->{dir}/pierre.conf";
	write_file($p->{conf}, $conf);
	$p->serve('--config', $p->{conf});
	await_log($p, qr/ started /);
	return $p;
}

# HUP, and wait for what it came to.
sub reload {
	my ($p) = @_;
	my $n = count_log($p, qr/ reload(?:ed|_failed) /);
	$p->signal('HUP');
	await_log($p, qr/ reload(?:ed|_failed) /, $n + 1);
	return (lines_of($p, qr/ reload(?:ed|_failed) /))[-1];
}

# Only the children of one generation are left.
sub settled {
	my ($p, $n) = @_;
	return await("$n children", sub { my %c = children($p); keys %c == $n });
}

# Read from the database with the whole deadline of a request (/health/ready
# gives up after a second, which a loaded machine can take).
my $unknown_key = { HTTP_X_API_KEY => 'pk_live_' . 'x' x 32 };

for my $backend (@backends) {
	subtest "$backend: under load" => sub {
		my $p = start($backend, '');
		my $inode = (stat $p->{fast_socket})[1];
		my %before = children($p);
		my $load = start_load(8, sub {
			my ($i) = @_;
			my $r = $i % 2 ? FastCGI::get($p->{slow_socket}, '/version')
				: FastCGI::get($p->{fast_socket}, '/verify', params => $unknown_key);
			return '' if $r->{status} == ($i % 2 ? 200 : 401) && $r->{ended};
			return "status $r->{status} " . ($r->{error} // $r->{reset} // $r->{body});
		});
		like(reload($p), qr/ reloaded /, "reload $_") for 1 .. 20;
		my ($served, $failed) = stop_load($load);
		is("@$failed", '', "no request failed of $served");
		ok($p->running, 'the master lives');
		settled($p, 7);
		my %after = children($p);
		is(scalar(grep { $before{$_} } keys %after), 0, 'no child of the first generation');
		is((stat $p->{fast_socket})[1], $inode, 'the socket is the same');
		is(count_log($p, qr/ child_died /), 0, 'no child died');
		is($p->stop_serve, 0, 'stops');
		$p->stop;
	};
}

subtest 'a storm of HUPs' => sub {
	my $p = start($backends[0], '');
	$p->signal('HUP') for 1 .. 50;
	await_log($p, qr/ reloaded /, 1);
	settled($p, 7);
	like(reload($p), qr/ reloaded /, 'one more is taken');
	cmp_ok(count_log($p, qr/ reloading /), '<', 52, 'HUPs that come together are one');
	becomes_ready($p->{fast_socket}, 'serves');
	is($p->stop_serve, 0, 'stops');
	$p->stop;
};

subtest 'a request under way is finished by the old generation' => sub {
	my $p = start($backends[0], '');
	my $body = '{"email":"u@example.org","password":"correct horse battery","display_name":"U"}';
	my ($s, $rest) = half_request($p->{slow_socket}, '/api/auth/register', $body);
	like(reload($p), qr/ reloaded /, 'reloaded');
	FastCGI::send_bytes($s, $rest);
	is(FastCGI::reply($s)->{status}, 201, 'answered');
	settled($p, 7);
	is($p->stop_serve, 0, 'stops');
	$p->stop;
};

subtest 'configurations that do not work' => sub {
	my $p = start($backends[0], "WORKERS=2\n", WORKERS => undef);
	my %before = children($p);
	write_file($p->{conf}, "WORKERS=two\n");
	like(reload($p), qr/reload_failed .*WORKERS/, 'a bad value: the option is named');
	write_file($p->{conf}, "WORKERS=2\nNO_SUCH=1\n");
	like(reload($p), qr/reload_failed .*pierre\.conf:2.*NO_SUCH/, 'an unknown name: file, line and name');
	write_file($p->{conf}, "WORKERS=2\nSOCKET_GROUP=root\n");
	like(reload($p), qr/reload_failed .*SOCKET_GROUP cannot change/, 'what needs a restart');
	unlink $p->{conf};
	like(reload($p), qr/reload_failed /, 'the file is gone');
	my %after = children($p);
	is_deeply(\%after, \%before, 'the children are the same');
	becomes_ready($p->{fast_socket}, 'and serve');
	write_file($p->{conf}, "WORKERS=3\n");
	like(reload($p), qr/ reloaded .*fast=3/, 'a good one is taken');
	settled($p, 8);
	is($p->stop_serve, 0, 'stops');
	$p->stop;
};

# The text of a key is wiped once it is read, and files change.
subtest 'the encryption key' => sub {
	my $p = start($backends[0], '', WORKERS => undef);
	like(reload($p), qr/ reloaded /, "from the environment, reload $_") for 1, 2;
	my $key = $p->{env}{ENCRYPTION_KEY};
	is($p->stop_serve, 0, 'stops');
	delete $p->{env}{ENCRYPTION_KEY};
	write_file($p->{conf}, "ENCRYPTION_KEY=$key\n");
	$p->serve('--config', $p->{conf});
	await_log($p, qr/ started /, 2);
	write_file($p->{conf}, 'ENCRYPTION_KEY=' . ($key =~ /^A/ ? 'B' : 'A') . substr($key, 1) . "\n");
	like(reload($p), qr/reload_failed .*ENCRYPTION_KEY cannot change/, 'another one');
	write_file($p->{conf}, "ENCRYPTION_KEY=short\n");
	like(reload($p), qr/reload_failed .*ENCRYPTION_KEY is not base64/, 'a malformed one');
	write_file($p->{conf}, "WORKERS=3\n");
	like(reload($p), qr/ reloaded .*fast=3/, 'none: it is the old one still');
	settled($p, 8);
	like(reload($p), qr/ reloaded .*fast=3/, 'none again');
	settled($p, 8);
	becomes_ready($p->{fast_socket}, 'serves');
	is($p->stop_serve, 0, 'stops');
	$p->stop;
};

subtest 'a database that is away' => sub {
	my $p = start('sqlite', '');
	my %before = children($p);
	rename "$p->{dir}/state", "$p->{dir}/away" or die "rename: $!";
	like(reload($p), qr/reload_failed /, 'the check child says no');
	my %after = children($p);
	is_deeply(\%after, \%before, 'the children are the same');
	is(FastCGI::get($p->{fast_socket}, '/health/live')->{status}, 200, 'and serve');
	rename "$p->{dir}/away", "$p->{dir}/state" or die "rename: $!";
	like(reload($p), qr/ reloaded /, 'back again');
	is($p->stop_serve, 0, 'stops');
	$p->stop;
} if grep { $_ eq 'sqlite' } @backends;

done_testing;
