package Upgrade;
# An older program and this one, one after the other on the same sockets, and clients
# that ask all the time: what tests/upgrade/kept.t is made of.
use strict;
use warnings;
use Exporter qw(import);
use File::Copy qw(copy);
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(SOCK_STREAM);
use Time::HiRes qw(sleep time);
use FastCGI;
use Pierre;
use Process qw(await_log start_load);

my $PAUSE = 0.01;   # seconds of each client between two requests: others need a processor too

our @EXPORT_OK = qw(install keep_sockets serve_kept host_beside requests load_of longest used);

# --- the service ---------------------------------------------------------------------

# From here on this is the program, where the service's user can reach it.
sub install {
	my ($p, $program) = @_;
	my $to = "$p->{dir}/pierre-old";
	copy($program, $to) && chmod 0755, $to or die "copy $program: $!";
	$p->{installed} = $to;
}

sub listening {
	my ($path) = @_;
	my $s = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $path, Listen => 1024) or die "bind $path: $!";
	chmod 0666, $path;
	return $s;
}
sub keep_sockets { my ($p) = @_; $p->{kept} = [ map { listening($p->{$_}) } qw(fast_socket slow_socket) ] }

# The service on the sockets that are kept, as systemd starts it.
sub serve_kept {
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

# Another host of the same database, with this program.
sub host_beside {
	my ($p, $program) = @_;
	my $q = Pierre->start(backend => $p->{backend}, nginx => 0, serve => 0, wait => 0, url => $p->{url},
		env => { ENCRYPTION_KEY => $p->{env}{ENCRYPTION_KEY} });
	keep_sockets($q);
	install($q, $program);
	serve_kept($q);
	return $q;
}

# --- clients -----------------------------------------------------------------------------

sub said {
	my ($r, $status) = @_;
	return '' if $r->{status} == $status && $r->{ended};
	return "status $r->{status} where $status was due: " . ($r->{error} // $r->{reset} // $r->{body} // '');
}

# A use of the key that was answered, as a byte of a file that all clients add to.
sub used_once {
	my ($file, $why) = @_;
	return $why if $why;
	open my $f, '>>', $file or die "used: $!";
	syswrite $f, '.';
	return '';
}
sub used { my ($p) = @_; return -s "$p->{dir}/used" }

sub made_and_revoked {
	my ($slow, %as_user) = @_;
	my $r = FastCGI::post($slow, '/api/keys', { name => "made $$" }, %as_user);
	return said($r, 201) || said(FastCGI::request($slow, 'DELETE', "/api/keys/$r->{json}{key_info}{id}", '', %as_user), 200);
}

# Where too many passwords are being checked the client is told to ask again, and does.
sub login {
	my ($slow, $email) = @_;
	my $r;
	for (1 .. 30) {
		$r = FastCGI::post($slow, '/api/auth/login', { email => $email, password => $Pierre::PASSWORD });
		last unless $r->{status} == 429 && ($r->{json}{reason} // '') eq 'busy';
		sleep $r->{json}{retry_after};
	}
	return $r;
}

# Registered, approved, logged in: what an older program writes beside this one.
sub joined {
	my ($slow, %as_admin) = @_;
	my $email = sprintf 'joined-%d-%d@example.org', $$, ++$Upgrade::joined;
	my $r = FastCGI::post($slow, '/api/auth/register', { email => $email, password => $Pierre::PASSWORD, display_name => 'J' });
	return said($r, 201) || said(FastCGI::post($slow, "/admin/approve-user/$r->{json}{user_id}", {}, %as_admin), 200)
		|| said(login($slow, $email), 200);
}

# What a client does, in turn, on these sockets of a host; each answer is the one due,
# before and after. $who: {user, admin, key: its text, seeds: [[email, key], ...]}.
sub requests {
	my ($p, $host, $who) = @_;
	my ($fast, $slow) = @$host{qw(fast_socket slow_socket)};
	my %as_user = (params => { HTTP_AUTHORIZATION => "Bearer $who->{user}{token}" });
	my %as_admin = (params => { HTTP_AUTHORIZATION => "Bearer $who->{admin}{token}" });
	my $seeds = $who->{seeds};
	my $verify = sub { FastCGI::get($fast, '/verify', params => { HTTP_X_API_KEY => $_[0] }) };
	return (
		sub { used_once("$p->{dir}/used", said($verify->($who->{key}), 200)) },
		sub { said($verify->($seeds->[ rand @$seeds ][1]), 200) },
		sub { said(FastCGI::get($fast, '/verify', %as_user), 200) },
		sub { said(FastCGI::get($slow, '/api/keys', %as_user), 200) },
		sub { made_and_revoked($slow, %as_user) },
		sub { said(login($slow, $who->{user}{email}), 200) },
		sub { said($verify->($seeds->[ rand @$seeds ][1]), 200) },
		sub { said(login($slow, $seeds->[ rand @$seeds ][0]), 200) },
		sub { joined($slow, %as_admin) },
	);
}

# So many clients on this host: see Process::start_load().
sub load_of {
	my ($clients, $p, $host, $who) = @_;
	my @do = requests($p, $host, $who);
	my (%n, $most);
	return start_load($clients, sub {
		my ($i) = @_;
		srand if !$n{$i};
		sleep $PAUSE;
		my $began = time;
		my $why = $do[ ($i + $n{$i}++) % @do ]->();
		$most = note_longest($host, $i, time - $began) if time - $began > ($most // 0);
		return $why;
	});
}

sub note_longest {
	my ($host, $i, $seconds) = @_;
	open my $f, '>', "$host->{dir}/longest.$i" or die "longest: $!";
	print $f $seconds;
	close $f;
	return $seconds;
}

# Seconds of the longest request so far.
sub longest {
	my ($host) = @_;
	my @all = sort { $b <=> $a } map { Pierre::slurp($_) || 0 } glob "$host->{dir}/longest.*";
	return $all[0];
}

1;
