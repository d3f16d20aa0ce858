#!/usr/bin/perl
# Every route of the OpenAPI document x who calls: nobody gets more than the
# document says. A new route needs a row in tests/support/Pierre/Access.pm, unless
# it is one of a plain resource; callers are the rows of tests/support/Pierre/Callers.pm.
# PIERRE_ROUTES: a pattern of the names to look at.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre::Access;
use Pierre::Callers;
use Pierre::Check;

each_backend(sub {
	my ($p) = @_;
	$p->setup_admin;
	my ($cells, $violations) = (0, 0);
	my $only = $ENV{PIERRE_ROUTES} // '';
	my @routes = grep { $_->{name} =~ /$only/ } access_routes($p);
	for my $route (@routes) {
		my $c = $route->{call} or do { fail("$route->{name} has no row in Pierre::Access"); next };
		subtest "$route->{name}: $route->{who}" => sub {
			isnt($route->{who}, 'not said', 'the document says who may');
			is($route->{who} eq 'anybody', defined $c->{public}, 'so does the row of the test');
			like($route->{permission} // '', $route->{who} eq 'admin' ? qr/^(?:any|@{[ join '|', @Pierre::Access::PERMISSIONS ]})$/ : qr/^$/, 'the permission of an admin token');
			is(!!($route->{who} =~ /admin/), $route->{path} =~ m{^/admin/} && !defined $c->{public}, 'and the path');
			my @cells = access_cells(access_people($p), $route);
			for (@cells) {
				is($_->[1]->(), '', $_->[0]) or $violations++;
			}
			$cells += @cells;
		};
		access_end($p, $route);
	}
	cmp_ok(scalar @routes, '>=', $only ? 1 : 60, 'these are all routes');
	diag(sprintf '%s: access matrix: %d routes x %d callers = %d cells that mean something, %d violations',
		$p->{backend}, scalar @routes, access_callers(), $cells, $violations);
}, env => { MAX_KEYS_PER_USER => 10000 });   # the administrator makes one for each round
done_testing;
