# `pierre nginx print`: what stands in nginx/ is its output.
use strict;
use warnings;
use File::Temp ();
use JSON::PP ();
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

# With these entries of PROVIDERS_FILE.
sub providers {
	my $file = File::Temp->new;
	print $file JSON::PP::encode_json({ providers => \@_ });
	close $file;
	my $r = Pierre::capture([ "$Pierre::BUILD/pierre", qw(nginx providers --resolver 192.0.2.1) ], { PROVIDERS_FILE => "$file" });
	is $r->{status}, 0, 'print providers' or diag $r->{err};
	return $r->{out};
}
my %row = (title => 'Acme', authorize_url => 'https://acme.example/a', token_url => 'https://acme.example/t', client_auth => 'body',
	scope_separator => ' ', pkce => 'none', refresh => 'rotates');

subtest 'what changes later is said to the second' => sub {
	my $out = providers({ id => 'acme', %row, api_url => 'https://acme.example/1', starts_on => '2090-01-01T18:00:00Z' },
		{ id => 'acme', starts_on => '2091-01-01T00:00:01Z', api_url => 'https://acme.example/2' },
		{ id => 'acme', starts_on => '2092-01-01T00:00:00Z', api_url => undef },
		{ id => 'oura', retired_on => '2090-06-01T00:00:00Z' });
	is join('', grep { !/strava/ } $out =~ /^(# 20.*\n)/mg), <<'END', 'it begins, moves, is taken away, ends';
# 2090-01-01T18:00:00Z: acme is at https://acme.example/1; print this again then
# 2090-06-01T00:00:00Z: oura is nowhere; print this again then
# 2091-01-01T00:00:01Z: acme is at https://acme.example/2; print this again then
# 2092-01-01T00:00:00Z: acme is nowhere; print this again then
END
	unlike $out, qr{\^/proxy/acme}, 'one that has not begun has no location';
	like $out, qr{\^/proxy/oura}, 'one that has not ended has';
};
done_testing;
