#!/usr/bin/perl
# What skips a guard or a scope (include/op/mutant.h) is in the program of the
# tests, and not in pierre.
use strict;
use warnings;
use Test::More;

my $build = $ENV{PIERRE_BUILD} or plan skip_all => 'PIERRE_BUILD is not set';
sub has {
	my ($program) = @_;
	open my $f, '<:raw', "$build/$program" or die "$build/$program: $!";
	my $bytes = do { local $/; readline $f };
	my @symbols = grep { /\bmutant_/ } `nm --defined-only -g '$build/$program'`;
	return (index($bytes, 'PIERRE_MUTANT') >= 0 ? 'its variable' : (), map { (split)[2] } @symbols);
}
is(join(' ', has('pierre')), '', 'pierre has neither the variable nor the functions');
is(join(' ', sort(has('tests/support/pierre_mutant'))), 'its variable mutant_begin mutant_value', 'the program of the tests has');
done_testing;
