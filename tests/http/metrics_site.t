#!/usr/bin/perl
# The location /metrics of the shipped site, without its # : Prometheus reads it over
# TLS from this host, others find nothing.
use strict;
use warnings;
use Test::More;
use lib "$ENV{PIERRE_SOURCE}/tests/support";
use Pierre;
use Process qw(await);

my ($backend) = Pierre::backends() or plan skip_all => 'no backend';
my ($commented) = Pierre::slurp("$ENV{PIERRE_SOURCE}/nginx/pierre.conf.in")
	=~ /^(    # location = \/metrics \{\n.*?^    # \}\n)/ms or die 'no location /metrics';
my $location = $commented =~ s/^    # ?//gmr;
$location =~ s{\@pierrerundir\@}{\@DIR\@/run};
my $elsewhere = $location =~ s/allow 127\.0\.0\.1;/allow 192.0.2.1;/r;
isnt $elsewhere, $location, 'loopback is let in';

# the second as from another address
my $p = Pierre->start(backend => $backend, serve => 0, site => join '', map { <<"END" } $location, $elsewhere);
server {
	listen 127.0.0.1:\@SITE_PORT\@;
	server_name ${\ ($_ eq $location ? 'here' : 'elsewhere') };
	error_log \@DIR\@/nginx/nginx-error.log alert;
	include snippets/pierre-locations.conf;
$_
}
END
$p->{env}{METRICS_SOCKET} = "$p->{dir}/run/metrics.sock";
sub at { my ($host, $method, $path, %o) = @_; return $p->{site}->request($method, $path, $o{body}, headers => { Host => $host, %{ $o{headers} // {} } }) }

is at('here', 'GET', '/metrics')->{status}, 502, 'without the service: an error page';
$p->serve;
ok await('the socket', sub { -S $p->{env}{METRICS_SOCKET} }, $p), 'the socket is there';

my $r = at('here', 'GET', '/metrics');
is $r->{status}, 200, 'the page';
like $r->{body}, qr/^pierre_processes\{/m, 'of Pierre';
is $r->{headers}{'content-type'}, 'text/plain; version=0.0.4; charset=utf-8', 'its type';
is $r->{headers}{'x-content-type-options'}, 'nosniff', 'with the security headers';
is at('here', 'GET', '/metrics?name[]=up')->{status}, 200, 'a query is ignored';
is at('here', 'GET', '/metrics', headers => { Cookie => 'x' x 6000 })->{status}, 200, 'so are the headers of the client';
$r = at('here', 'HEAD', '/metrics');
is "$r->{status}$r->{body}", 200, 'HEAD';
$r = at('here', 'POST', '/metrics', body => 'x' x 5000);
is "$r->{status} $r->{headers}{allow}", '405 GET, HEAD', 'POST';

$r = at('elsewhere', 'GET', '/metrics');
is $r->{status}, 404, 'from another address there is nothing';
is $r->{json}{status}, 404, 'as a problem document says';
unlike $r->{text}, qr/pierre_/, 'and no metric';

is $p->get('/metrics', port => $p->{port})->{status}, 404, 'nor is it in the site before its # is taken away';
$p->stop;
done_testing;
