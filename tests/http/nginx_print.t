# `pierre nginx print`: what stands in nginx/ is its output.
use strict;
use warnings;
use Test::More;
use lib "$ENV{PIERRE_SOURCE}/tests/support";
use Pierre;

my %file = ('' => 'locations', '--snippet' => 'auth', '--server' => 'auth-locations', '--http' => 'auth-http',
	map({ ("--$_" => "auth-$_") } qw(uwsgi scgi grpc)), map { ("--$_" => $_) } qw(proxy proxy-ask proxy-pass));
for my $option (sort keys %file) {
	my $name = "nginx/pierre-$file{$option}.conf";
	my $r = Pierre::capture([ "$Pierre::BUILD/pierre", qw(nginx print), $option || () ], {});
	is $r->{status}, 0, "print $option" or diag $r->{err};
	is $r->{out}, Pierre::slurp("$Pierre::SOURCE/$name"), "is $name";
}
done_testing;
