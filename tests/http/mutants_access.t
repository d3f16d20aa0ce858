#!/usr/bin/perl
# Would the access test notice a guard or a scope that is not there? The program
# pierre_mutant skips the one that a file names (include/op/mutant.h): for each
# route of the document with a guard, one of its cells is wrong for each that is
# skipped, and right while none is. scope_all() has no mutants: behind
# the guard of an administrator it is not less than all; tests/db/op_scope.c has
# it for others.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use List::Util 'first';
use Test::More;
use Pierre::Access;
use Pierre::Callers;
use Pierre::Check;

my %mutants_of = (
	anybody => [], credential => ['guard'], session => [ 'guard', 'scope' ], scoped => [ 'guard', 'scope' ], admin => [ 'guard', 'admin', 'permission' ],
	super_admin => ['guard'],   # op/admin_token.c judges the role again: tests/db/op_admin_token.c
);

# Mutants that no cell can see.
my %unseen = ('scope:oauth_connect' => 'the reply is a link; http/connect.t follows it, to the page with the account');

# Skip this from the next request on.
sub mutate {
	my ($p, $text) = @_;
	open my $f, '>', "$p->{env}{PIERRE_MUTANT}.new" or die "mutant: $!";
	print $f "$text\n";
	close $f;
	rename "$p->{env}{PIERRE_MUTANT}.new", $p->{env}{PIERRE_MUTANT} or die "rename: $!";
}

# What the file says besides the kind and the route.
sub value {
	my ($kind, $route, $people) = @_;
	my $owner = access_person($people, 'owner');
	return $kind eq 'scope' ? $owner->{user_id} : $route->{who} eq 'credential' ? $owner->{api_key} : '';
}

# The number of the first cell that is wrong while this is skipped, its name; () when all are right.
sub caught_by {
	my ($p, $route, $kind, $people) = @_;
	my @cells = access_cells($people, $route);
	mutate($p, "$kind:$route->{name} " . value($kind, $route, $people));
	my $n = first { $cells[$_][1]->() } 0 .. $#cells;
	mutate($p, 'none');
	access_end($p, $route) if $kind eq 'scope';
	return defined $n ? ($n, $cells[$n][0]) : ();
}

# What is wrong with the cells up to this one while nothing is skipped.
sub wrong_without {
	my ($p, $route, $last) = @_;
	my @cells = access_cells(access_people($p), $route);
	my @wrong = map { my $wrong = $_->[1]->(); $wrong ? "$_->[0]: $wrong" : () } @cells[ 0 .. $last ];
	access_end($p, $route);
	return join "\n", @wrong;
}

each_backend(sub {
	my ($p) = @_;
	my ($mutants, $caught) = (0, 0);
	$p->{env}{PIERRE_MUTANT} = "$p->{dir}/mutant";
	mutate($p, 'none');
	$p->serve;
	$p->setup_admin;
	for my $route (access_routes($p)) {
		my @kinds = grep { $_ ne 'permission' || $route->{permission} ne 'any' } @{ $mutants_of{ $route->{who} } // ['guard'] } or next;
		my $last = 0;
		for my $kind (grep { !$unseen{"$_:$route->{name}"} } @kinds) {
			my ($n, $by) = caught_by($p, $route, $kind, access_people($p));
			ok(defined $n, "$kind:$route->{name} is caught") and note("  by: $by");
			$mutants++;
			$caught++ if defined $n;
			$last = $n if ($n // 0) > $last;
			access_end($p, $route) if !defined $n;
		}
		is(wrong_without($p, $route, $last), '', "$route->{name}: those are right as it is");
	}
	cmp_ok($mutants, '>=', 110, 'these are all rows');
	is($caught, $mutants, 'each is caught');
	diag("$p->{backend}: $mutants mutants, $caught caught");
}, env => { MAX_KEYS_PER_USER => 10000 }, program => 'tests/support/pierre_mutant', serve => 0, judge => undef);   # a mutant answers as none should
done_testing;
