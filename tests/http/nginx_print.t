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

# /api/{user}/x -> /api/17/x
sub below { my ($url, $api) = @_; return defined $url && index($url, $api) == 0 ? substr($url, length $api) =~ s/\{user\}/17/r =~ s/\?.*//r : undef }

subtest 'no OAuth endpoint of a shipped row is reached with tokens:use' => sub {
	my $rows = JSON::PP::decode_json(Pierre::capture([ "$Pierre::BUILD/pierre", qw(provider list --json) ], {})->{out});
	my $out = providers();
	my $n = 0;
	for my $row (grep { defined $_->{api_url} } @$rows) {
		my ($block) = $out =~ /^location ~ \^\/proxy\/$row->{id}\(.*?\n(.*?)^\}/ms or next;
		my @refused = $block =~ /if \(\$pierre_asked ~\* "(.*)"\) \{ return 404; \}/g;
		my $is = sub { my ($asked) = @_; return scalar grep { $asked =~ /$_/i } @refused };
		for my $name (qw(authorize_url token_url refresh_url revoke_url)) {
			my $path = below(@$row{$name, 'api_url'}) // next;
			$n++;
			for my $way ($path, uc $path, "$path/", "/$path", "$path.json", "$path ") {
				ok $is->("$_ $way"), "$row->{id}, $name: $_ $way" for qw(POST DELETE);
			}
			ok !$is->("POST $path/more") && !$is->("POST /more$path"), 'but not other paths';
			is !!$is->("GET $path"), !($name eq 'revoke_url' && $row->{revoke_method} eq 'DELETE'), 'GET, which may show something else';
		}
	}
	is $n, 9, 'there are some';
};
done_testing;
