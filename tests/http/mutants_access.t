#!/usr/bin/perl
# Would the access test notice a guard or a scope that is not there? The program
# pierre_mutant skips the one that a file names (include/op/mutant.h): for each
# route of the document with a guard, its cells are right while none is skipped,
# and one of them is wrong for each that is. scope_all() has no mutants: behind
# the guard of an administrator it is not less than all; tests/db/op_scope.c has
# it for others.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre::Access;
use Pierre::Check;

my %mutants_of = (
	anybody => [], credential => ['guard'], session => [ 'guard', 'scope' ], scoped => [ 'guard', 'scope' ],
	admin => [ 'guard', 'admin', 'permission' ],
	super_admin => ['guard'],   # op/admin_token.c judges the role again: tests/db/op_admin_token.c
);

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
	my $owner = $people->{owner};
	return $kind eq 'scope' ? $owner->{user_id} : $route->{who} eq 'credential' ? $owner->{api_key} : '';
}

# With these people: the name of the first cell that is wrong; undef when all are right.
sub caught_by {
	my ($p, $route, $kind, $people) = @_;
	my @cells = access_cells($people, $route);
	my $caught;
	access_person($people, $_) for $kind && $kind ne 'guard' ? qw(suspended other admin) : ();
	mutate($p, "$kind:$route->{name} " . value($kind, $route, $people)) if $kind;
	for (@cells) {
		my $wrong = $_->[1]->();
		if ($wrong) {
			$caught = $_->[0];
			diag("$route->{name}, $_->[0]: $wrong") unless $kind;
			last;
		}
	}
	mutate($p, 'none');
	access_end($p, $route) if !$kind || $kind eq 'scope';
	return $caught;
}

each_backend(sub {
	my ($p) = @_;
	my ($mutants, $caught, $idle) = (0, 0);
	$p->{env}{PIERRE_MUTANT} = "$p->{dir}/mutant";
	mutate($p, 'none');
	$p->serve;
	$p->setup_admin;
	for my $route (access_routes($p)) {
		my @kinds = grep { $_ ne 'permission' || $route->{permission} ne 'any' } @{ $mutants_of{ $route->{who} } // ['guard'] } or next;
		is(caught_by($p, $route, '', access_people($p)), undef, "$route->{name}: right as it is");
		for my $kind (@kinds) {
			# only a scope of another user's changes people on the way to the cell
			$idle = access_people($p) if $kind eq 'scope' || !$idle;
			my $by = caught_by($p, $route, $kind, $idle);
			undef $idle if $kind eq 'scope' || !defined $by;
			ok(defined $by, "$kind:$route->{name} is caught") and note("  by: $by");
			$mutants++;
			$caught++ if defined $by;
		}
	}
	cmp_ok($mutants, '>=', 35, 'these are all rows');
	is($caught, $mutants, 'each is caught');
	diag("$p->{backend}: $mutants mutants, $caught caught");
}, env => { MAX_KEYS_PER_USER => 10000 }, program => 'tests/support/pierre_mutant', serve => 0, judge => undef);   # a mutant answers as none should
done_testing;
