#!/usr/bin/perl
# The OpenAPI document as Spectral and Redocly see it, and the README's tour by a
# client that openapi-typescript makes of it. Run by ./bootstrap lint-api, which
# installs these programs in PIERRE_NPM; what they demand is in
# tests/http/document.t too, which every check runs.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre::Check;

my $dir = $ENV{PIERRE_NPM} // plan(skip_all => 'run it by ./bootstrap lint-api');
# no news of new versions, no word of who runs this
my %quiet = (NO_UPDATE_NOTIFIER => 1, REDOCLY_TELEMETRY => 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE => 'true');

sub run_ok {
	my ($name, $program, @args) = @_;
	my $r = Pierre::capture([ "$dir/node_modules/.bin/$program", @args ], \%quiet, dir => $dir);
	return is($r->{status}, 0, $name) || diag(substr "$r->{out}$r->{err}", 0, 20000);
}

my $made = Pierre::capture([ "$Pierre::BUILD/pierre", 'openapi' ], {});
open my $f, '>', "$dir/openapi.json" or die "openapi.json: $!";
print $f $made->{out};
close $f or die "openapi.json: $!";

run_ok('Spectral finds nothing', 'spectral', 'lint', '--quiet', '-F', 'hint', '-r', 'spectral.yaml', 'openapi.json');
# of some routes the one success is a redirect (303); tests/http/document.t wants one success of each
run_ok('Redocly finds nothing', 'redocly', 'lint', '--extends=recommended-strict', '--skip-rule=operation-2xx-response', 'openapi.json');
run_ok('a client is made', 'openapi-typescript', 'openapi.json', '-o', 'client.d.ts');
run_ok('the tour fits its types', 'tsc', '-p', '.') or BAIL_OUT('there is no tour to run');

each_backend(sub {
	my ($p) = @_;
	my ($token) = $p->cli('admin', 'setup-token')->{out} =~ /(setup_[A-Za-z0-9_-]+)/;
	my $r = Pierre::capture([ 'node', "$dir/tour.js" ], { NODE_EXTRA_CA_CERTS => $p->{ca},
		BASE_URL => "https://localhost:$p->{port}", SETUP_TOKEN => $token });
	is($r->{status}, 0, 'the generated client makes the tour') or diag("$r->{out}$r->{err}" . $p->log);
	is($r->{out}, "the tour is done\n", 'to its end');
});
done_testing;
