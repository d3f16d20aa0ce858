#!/usr/bin/perl
# An older program serves from sockets that stay, this one takes over: the schema
# is brought up, no request fails, and what was made and counted is there.
# tests/upgrade/run builds the older programs and starts this.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use File::Copy qw(copy);
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(SOCK_STREAM);
use Test::More;
use Pierre;
use FastCGI;
use Process qw(await_log count_log start_load stop_load);

my @from = split ' ', $ENV{PIERRE_UPGRADE_FROM} // ''
	or plan skip_all => 'tests/upgrade/run says which programs are older';
use constant CLIENTS => 8;

sub listening {
	my ($path) = @_;
	my $s = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $path, Listen => 1024) or die "bind $path: $!";
	chmod 0666, $path;
	return $s;
}

# Where the service's user can reach it.
sub installed {
	my ($p, $program) = @_;
	my $to = "$p->{dir}/pierre-old";
	copy($program, $to) && chmod 0755, $to or die "copy $program: $!";
	return $to;
}

# The service on the sockets that are kept, as systemd starts it.
sub serve {
	my ($p) = @_;
	my $program = $p->binary;
	my @sockets = @{ $p->{kept} };
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		my @high = map { POSIX::dup2(fileno $_, 100 + fileno $_) } @sockets;
		POSIX::dup2($high[$_], 3 + $_) for 0 .. $#high;
		%ENV = (%{ $p->{env} }, LISTEN_PID => $$, LISTEN_FDS => 2, LISTEN_FDNAMES => 'fast:slow');
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', $p->{log_file};
		open STDERR, '>&', \*STDOUT;
		{ no warnings 'exec'; exec { 'setpriv' } Pierre::as_user($program, 'serve'); }
		POSIX::_exit(127);
	}
	$p->{pids}{$pid} = 'pierre';
	$p->{pid} = $pid;
	await_log($p, qr/ started /, ++$p->{starts});
}

sub said {
	my ($r, $status) = @_;
	return '' if $r->{status} == $status && $r->{ended};
	return "status $r->{status} where $status was due: " . ($r->{error} // $r->{reset} // $r->{body} // '');
}

# A use of the key that was answered, as a byte of a file that all clients add to.
sub used {
	my ($p, $why) = @_;
	return $why if $why;
	open my $f, '>>', "$p->{dir}/used" or die "used: $!";
	syswrite $f, '.';
	return '';
}

sub made_and_revoked {
	my ($p, %as_user) = @_;
	my $r = FastCGI::post($p->{slow_socket}, '/api/keys', { name => "made $$" }, %as_user);
	return said($r, 201) || said(FastCGI::request($p->{slow_socket}, 'DELETE', "/api/keys/$r->{json}{key_info}{id}", '', %as_user), 200);
}

# What each client does, in turn; every answer is the one due, before and after.
sub requests {
	my ($p, $user, $key) = @_;
	my %as_key = (params => { HTTP_X_API_KEY => $key });
	my %as_user = (params => { HTTP_AUTHORIZATION => "Bearer $user->{token}" });
	return (
		sub { used($p, said(FastCGI::get($p->{fast_socket}, '/verify', %as_key), 200)) },
		sub { said(FastCGI::get($p->{fast_socket}, '/verify', %as_user), 200) },
		sub { said(FastCGI::get($p->{slow_socket}, '/api/keys', %as_user), 200) },
		sub { made_and_revoked($p, %as_user) },
		sub { said(FastCGI::post($p->{slow_socket}, '/api/auth/login',
			{ email => $user->{email}, password => $user->{password} }), 200) },
	);
}

sub upgrade {
	my ($backend, $old) = @_;
	my $p = Pierre->start(backend => $backend, serve => 0, judge => sub { });
	$p->{kept} = [ map { listening($p->{$_}) } qw(fast_socket slow_socket) ];
	$p->{installed} = installed($p, $old);
	serve($p);
	$p->wait_ready;
	my $user = $p->approved_user;
	my $key = $p->new_key($user);
	my @do = requests($p, $user, $key->{api_key});
	my %n;
	my $load = start_load(CLIENTS, sub { my ($i) = @_; return $do[ ($i + $n{$i}++) % @do ]->() });
	sleep 1;
	is($p->stop_serve, 0, "$backend: the old program stops");
	delete $p->{installed};
	serve($p);
	sleep 2;
	my ($served, $failed) = stop_load($load);
	is($failed->[0] // '', '', "$backend: no request failed of $served");
	is($p->sql('SELECT count(*) FROM migrations'), scalar(my @sql = glob "$Pierre::SOURCE/sql/sqlite/[0-9]*.sql"),
		"$backend: the schema is the newest");
	is(count_log($p, qr/ child_died /), 0, "$backend: no child died");
	my $keys = $p->sql('SELECT count(*) FROM api_keys');
	my $usage = $p->get("/api/keys/$key->{key_info}{id}/usage", token => $user->{token});
	is($usage->{json}{total_requests} // $usage->{body}, -s "$p->{dir}/used", "$backend: each use of the key is counted");
	my $audited = $p->sql("SELECT count(*) FROM audit_events WHERE event_type = 'ApiKeyCreated'");
	is($keys, $audited, "$backend: $keys keys, an audit row each");
	is($p->stop_serve, 0, "$backend: stops");
	$p->stop;
}

for my $old (@from) {
	my ($id) = $old =~ m{([^/]+)/build/pierre$};
	subtest "from $id, $_" => sub { upgrade($_, $old) } for Pierre::backends();
}
done_testing;
