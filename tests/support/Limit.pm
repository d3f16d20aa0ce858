package Limit;
# Driving /verify against a limit: many clients at once on the fast socket,
# until nothing more is let through, and counting what was.
use strict;
use warnings;
use Exporter 'import';
use Time::HiRes qw(time);
use Time::Local qw(timegm);
use FastCGI;
use Pierre;
use Test::More;

our @EXPORT_OK = qw(offset_to mid_month limited_key set_limit used ask drive drive_more is_clean is_exactly);

# PIERRE_CLOCK_OFFSET for a service that starts now and thinks it is that moment.
sub offset_to { my ($then) = @_; return int($then - time) }

# One of a service whose days, weeks and months do not end while a test runs: it thinks that it
# is a Wednesday in the middle of a month.
sub mid_month { return offset_to(timegm(0, 0, 9, 15, 0, 2031)) }

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

# Of the n-th limit of a key (0: its own, 1: its user's), as its owner is told.
sub used {
	my ($p, $user, $key, $n) = @_;
	return $p->get("/api/keys/$key->{api_key_id}/limits", token => $user->{token})->{json}{limits}[$n // 0]{used};
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

# How the options of limit_load are called here.
my %OPTION = (clients => '-n', cost => '-c', gap => '-g', max => '-m', patience => '-p', until => '-u');

# sockets: one or a list; clients (16), cost; patience: milliseconds without
# anything let through after which a client ends; until (a moment), max, gap:
# see tests/support/limit_load.c. Returns {allowed, lost, resets => {reset =>
# how many}, refused => {reset => how many}, odd => {status => how many}}.
sub drive {
	my ($sockets, $key, %o) = @_;
	return drive_more($sockets, $key, %o)->();
}

# The same in the background: a function that waits and gives the counts.
sub drive_more {
	my ($sockets, $key, %o) = @_;
	my @options = map { ($OPTION{$_} // die("no option $_\n"), $o{$_}) } sort keys %o;
	open my $out, '-|', "$Pierre::BUILD/tests/support/limit_load", @options, $key,
		ref $sockets ? @$sockets : $sockets or die "limit_load: $!\n";
	return sub {
		my %sum = (allowed => 0, lost => 0, resets => {}, refused => {}, odd => {});
		while (my $line = <$out>) {
			my ($what, $n, $name) = $line =~ /^(\w+) (\d+) ?(.*)$/ or die "limit_load: $line";
			$sum{allowed} += $n if $what eq 'allowed';
			$sum{lost} = $n if $what eq 'lost';
			my $by = $sum{ $what eq 'allowed' ? 'resets' : $what };
			$by->{$name} = $n if ref $by;
		}
		close $out or die "limit_load ended with $?\n";
		return \%sum;
	};
}

# A machine that is too busy for the deadlines of the fast pool may say so, and
# charges nothing; all else would be a mistake.
sub is_clean {
	my ($got) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $busy = qr/^503 (?:The limit is being leased; try again|The database (?:did not answer|cannot answer now)|PostgreSQL \S+ did not answer in time)/;
	my @odd = grep { !/$busy/ } sort keys %{ $got->{odd} };
	is_deeply([ $got->{lost}, @odd ], [0], 'and nothing but 204 and 429');
}

sub is_exactly {
	my ($p, $key, $limit, $name, %o) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $got = drive($p->{fast_socket}, $key, %o);
	is($got->{allowed}, $limit, $name);
	is_clean($got);
}

1;
