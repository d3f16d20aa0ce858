package Bench::Needs;
# What the measures need before they begin, and the command that brings it.
use strict;
use warnings;
use Pierre;

# Program => what is measured with it; no entry: everything.
my @PROGRAMS = ([ 'wrk' ], [ 'nginx' ], [ 'openssl' ], [ sqlite3 => 'sqlite' ], [ psql => 'postgresql' ]);

# The backends that were built, as Pierre::built says them. Ends the program, with a
# sentence, when there is no build.
sub built {
	my ($command) = @_;
	-f "$Pierre::BUILD/config.h" && -x "$Pierre::BUILD/pierre"
		or stop($command, 'there is no build', './bootstrap build');
	return Pierre::built();
}

# Ends the program, with a sentence, when a program is missing.
sub programs {
	my ($command, @backends) = @_;
	my %measured = map { $_ => 1 } @backends;
	my @path = (split(/:/, $ENV{PATH}), '/usr/sbin');
	my @missing = map { $_->[0] } grep { my $p = $_; (!$p->[1] || $measured{ $p->[1] }) && !grep { -x "$_/$p->[0]" } @path } @PROGRAMS;
	@missing == 0 or stop($command, "missing: @missing", './bootstrap deps bench');
}

sub stop {
	my ($command, $what, $remedy) = @_;
	print STDERR "$command: $what; run $remedy first\n";
	exit 2;
}

1;
