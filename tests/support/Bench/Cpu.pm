package Bench::Cpu;
# What processes have used: ticks of CPU time, and the connections that the
# workers of a pool hold (proc(5)).
use strict;
use warnings;
use POSIX ();
use Pierre;

my $HZ = POSIX::sysconf(POSIX::_SC_CLK_TCK());
# What a process does, by its name.
my @ROLES = (
	[ worker => qr/^(?:pierre fast|empty$)/ ],
	[ recorder => qr/^pierre recorder/ ],
	[ database => qr/^postgres/ ],
);

# pid => { parent, name, ticks }: utime + stime, with what was inherited from
# children that ended.
sub snapshot {
	my %stat;
	for my $pid (map { m{^/proc/(\d+)$} ? $1 : () } glob '/proc/[0-9]*') {
		my ($name, $rest) = Pierre::slurp("/proc/$pid/stat") =~ /\((.*)\) (.*)/s or next;
		my @f = split ' ', $rest;
		$stat{$pid} = { parent => $f[1], name => $name, ticks => $f[11] + $f[12] + $f[13] + $f[14] };
	}
	return \%stat;
}

# Those of a snapshot that are one of these processes, or below one.
sub below {
	my ($stat, @roots) = @_;
	my %is = map { $_ => 1 } grep { defined } @roots;
	my @found;
	for my $pid (sort { $a <=> $b } keys %$stat) {
		for (my $up = $pid; $up && $stat->{$up}; $up = $stat->{$up}{parent}) {
			next unless $is{$up};
			push @found, $pid;
			last;
		}
	}
	return @found;
}

# Microseconds between two snapshots of these and all below.
sub us {
	my ($before, $after, @roots) = @_;
	my $ticks = 0;
	$ticks += $after->{$_}{ticks} for below($after, @roots);
	$ticks -= $before->{$_}{ticks} for below($before, @roots);
	return $ticks / $HZ * 1e6;
}

# The same by role: {worker, recorder, database}; what has no role is left out.
sub us_by_role {
	my ($before, $after, @roots) = @_;
	my %us = map { $_->[0] => 0 } @ROLES;
	for my $pid (below($after, @roots)) {
		my ($role) = grep { $after->{$pid}{name} =~ $_->[1] } @ROLES;
		$us{ $role->[0] } += used($before, $after, $pid) if $role;
	}
	return \%us;
}

sub used {
	my ($before, $after, $pid) = @_;
	return ($after->{$pid}{ticks} - ($before->{$pid} // { ticks => 0 })->{ticks}) / $HZ * 1e6;
}

# Each worker below these: { us, connections }; connections are undef where /proc
# does not show them to us.
sub workers {
	my ($before, $after, @roots) = @_;
	my $accepted = accepted();
	# the parent of the processes of `empty` has its name and no connection
	my %parent = map { $after->{$_}{parent} => 1 } keys %$after;
	return map { { us => used($before, $after, $_), connections => connections($_, $accepted) } }
		grep { $after->{$_}{name} =~ $ROLES[0][1] && !$parent{$_} } below($after, @roots);
}

# inode => 1 of the sockets that came from a listener with a path.
sub accepted {
	# Num RefCount Protocol Flags Type St Inode Path; flag 10000 = listens
	return { map { m{^\S+ \S+ \S+ ([0-9A-F]{8}) \S+ \S+\s+(\d+) /} && !(hex($1) & 0x10000) ? ($2 => 1) : () }
		split /\n/, Pierre::slurp('/proc/net/unix') };
}

sub connections {
	my ($pid, $accepted) = @_;
	opendir my $dir, "/proc/$pid/fd" or return undef;
	return scalar grep { (readlink("/proc/$pid/fd/$_") // '') =~ /^socket:\[(\d+)\]$/ && $accepted->{$1} } readdir $dir;
}

1;
