#!/usr/bin/perl
# Every route of the OpenAPI document x who calls: nobody gets more than the
# document says. A new route needs a row in tests/support/Pierre/Access.pm, unless
# it is one of a plain resource. PIERRE_ROUTES: a pattern of the names to look at.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre::Access;
use Pierre::Check;

each_backend(sub {
	my ($p) = @_;
	$p->setup_admin;
	my $cells = 0;
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
			is($_->[1]->(), '', $_->[0]) for @cells;
			$cells += @cells;
		};
		access_end($p, $route);
	}
	cmp_ok(scalar @routes, '>=', $only ? 1 : 28, 'these are all routes');
	note(scalar @routes . " routes, $cells cells");
}, env => { MAX_KEYS_PER_USER => 10000 });   # the administrator makes some for each route
done_testing;
