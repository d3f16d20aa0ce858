# Shell scripts: POSIX by shellcheck's judgement, and a sane length.
use strict;
use warnings;
use Test::More;
use lib "$ENV{PIERRE_SOURCE}/tests/support";
use Pierre;

my @scripts = grep { -f && slurp($_) =~ m{\A#!/bin/sh\b} }
	map { glob "$Pierre::SOURCE/$_" } 'bootstrap', '.ci/run', 'tests/*', 'tests/support/*', 'tests/bench/*';
ok @scripts >= 4, 'there are scripts';
sub slurp { my ($f) = @_; open my $h, '<', $f or die "$f: $!"; local $/; return readline $h }

my $has = !Pierre::capture([ 'shellcheck', '--version' ], {})->{status};
for my $script (@scripts) {
	my $name = $script =~ s/^\Q$Pierre::SOURCE\E\///r;
	ok +(slurp($script) =~ tr/\n//) <= 500, "$name has at most 500 lines";
	SKIP: {
		skip 'shellcheck is not installed', 1 unless $has;
		# SC1007: `a= b=` is a list of empty variables here
		my $r = Pierre::capture([ 'shellcheck', '-s', 'sh', '-S', 'warning', '-e', 'SC1007', $script ], {});
		is $r->{out}, '', "$name: shellcheck has nothing to say";
	}
}
done_testing;
