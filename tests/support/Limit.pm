package Limit;
# Driving /verify against a limit: many clients at once on the fast socket,
# until nothing more is let through, and counting what was.
use strict;
use warnings;
use Exporter 'import';
use POSIX ();
use Time::HiRes qw(sleep time);
use Time::Local qw(timegm);
use FastCGI;

our @EXPORT_OK = qw(offset_to limited_key set_limit ask drive drive_more);

# PIERRE_CLOCK_OFFSET for a service that starts now and thinks it is that moment.
sub offset_to { my ($then) = @_; return int($then - time) }

# A key made by the admin: {api_key, api_key_id, ...}.
sub limited_key {
	my ($p, $user, $limit, $period, %o) = @_;
	return $p->expect(201, $p->post('/admin/provision-api-key', { user_email => $user->{email},
		tier => 'starter', rate_limit_requests => $limit, rate_limit_period => $period, %o },
		token => $p->setup_admin->{token}))->{json};
}

sub set_limit {
	my ($p, $key, $limit, $period) = @_;
	return $p->expect(200, $p->post('/admin/update-key-limits', { api_key_id => $key->{api_key_id},
		rate_limit_requests => $limit, rate_limit_period => $period },
		token => $p->setup_admin->{token}))->{json};
}

# One request, as the snippet asks (so that it can have a cost): the reply, with
# {allowed} and the true {status}. conn: a reference to keep a connection in.
sub ask {
	my ($socket, $key, %o) = @_;
	my %params = (HTTP_X_API_KEY => $key, PIERRE_SUBREQUEST => 1, ORIGINAL_URI => '/api/x',
		ORIGINAL_METHOD => 'GET', PIERRE_COST => $o{cost} // 1, %{ $o{params} // {} });
	my $conn = $o{conn} // \my $own;
	for my $try (1 .. 2) {
		my $fresh = !$$conn;
		$$conn //= FastCGI::open_socket($socket) or next;
		my $sent = FastCGI::send_bytes($$conn, FastCGI::message('GET', '/verify', '', keep => 1, params => \%params));
		my $r = $sent ? FastCGI::reply($$conn, keep => 1) : { status => 0 };
		if (!$r->{status}) {
			# stale or killed: nginx asks once more too
			undef $$conn;
			$r->{lost} = 1;
			return $r if $fresh || ($r->{raw} // '') ne '';
			next;
		}
		$r->{status} = $r->{headers}{'x-pierre-status'} // $r->{status};
		$r->{allowed} = $r->{status} == 204;
		return $r;
	}
	return { status => 0, lost => 1 };
}

# One client: until $patience seconds long nothing was let through. Prints
# "reset" of each request that was, and "!status sentence" of what is neither
# 204 nor 429.
sub client {
	my ($out, $sockets, $key, %o) = @_;
	my @conn = map { undef } @$sockets;
	my $last = time;
	for (my $n = $o{first}; time - $last < ($o{patience} // 0.3); $n++) {
		my $at = $n % @$sockets;
		my $r = ask($sockets->[$at], $key, cost => $o{cost}, conn => \$conn[$at]);
		if ($r->{allowed}) {
			$last = time;
			print $out $r->{headers}{'x-ratelimit-reset'} // '-', "\n";
		} elsif ($r->{status} == 429) {
			sleep 0.002;
		} else {
			my ($why) = ($r->{headers}{'x-pierre-problem'} // '') =~ /"detail":"([^"]*)"/;
			print $out "!$r->{status} ", $why // '', "\n";
			sleep 0.02;
		}
		last if $o{until} && time > $o{until};
	}
}

# sockets: one or a list; clients (16), cost, patience. {allowed, resets => {reset
# => how many}, odd => {status => how many}}.
sub drive {
	my ($sockets, $key, %o) = @_;
	my $while = drive_more($sockets, $key, %o);
	return $while->();
}

# The same in the background: a function that waits and gives the counts.
sub drive_more {
	my ($sockets, $key, %o) = @_;
	$sockets = [ $sockets ] unless ref $sockets;
	pipe my $in, my $out or die "pipe: $!\n";
	my @pids = map { start_client($in, $out, $sockets, $key, %o, first => $_) } 1 .. $o{clients} // 16;
	close $out;
	return sub {
		my %sum = (allowed => 0, resets => {}, odd => {});
		while (my $line = <$in>) {
			chomp $line;
			if ($line =~ /^!(.*)/) {
				$sum{odd}{$1}++;
			} else {
				$sum{allowed}++;
				$sum{resets}{$line}++;
			}
		}
		waitpid $_, 0 for @pids;
		return \%sum;
	};
}

sub start_client {
	my ($in, $out, @args) = @_;
	my $pid = fork // die "fork: $!\n";
	return $pid if $pid;
	close $in;
	$out->autoflush(1);
	client($out, @args);
	POSIX::_exit(0);
}

1;
