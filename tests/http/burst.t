# The zone pierre_burst, where a site uses it: one bucket for each credential
# as Pierre reads it, and none that a stranger could fill for its owner.
use strict;
use warnings;
use Test::More;
use lib "$ENV{PIERRE_SOURCE}/tests/support";
use Pierre;

# The shipped rate refills a bucket within milliseconds: this one keeps the clock out of it.
my $SITE = <<'END';
server {
	listen 127.0.0.1:@SITE_PORT@;
	root @DIR@/www;
	include snippets/pierre-auth-locations.conf;
	location / {
		include snippets/pierre-auth.conf;
		limit_req zone=pierre_burst burst=3 nodelay;
	}
}
END

my ($backend) = Pierre::backends();
my $p = Pierre->start(backend => $backend, site => $SITE, edit => {
	'pierre-http.conf' => sub { s/(zone=pierre_burst:10m rate=)100r\/s/${1}1r\/m/ } });
mkdir "$p->{dir}/www", 0755 or die;
open my $f, '>', "$p->{dir}/www/a.txt" or die;
close $f;
chmod 0644, "$p->{dir}/www/a.txt";
my $user = $p->approved_user;
sub statuses { return join ' ', map { $p->{site}->get('/a.txt', headers => $_)->{status} } @_ }
sub new_key { return $p->new_key($user)->{api_key} }

# 60 ways to write one credential, all of which Pierre takes.
sub spellings {
	my ($key) = @_;
	my @all = ({ 'X-API-Key' => $key }, { Authorization => $key },
		{ Authorization => "Bearer $key", 'X-API-Key' => $key });
	push @all, map { { 'X-API-Key' => $key, Authorization => "Basic $_" } } 1 .. 7;
	for my $n (0 .. 24) {
		my $scheme = join '', map { $n >> $_->[0] & 1 ? uc $_->[1] : $_->[1] }
			map { [ $_, substr 'bearer', $_, 1 ] } 0 .. 5;
		push @all, { Authorization => "$scheme $key" }, { Authorization => 'bearer' . ' ' x ($n + 2) . $key . ' ' x $n };
	}
	return @all;
}

subtest 'one credential, one bucket' => sub {
	my @all = spellings(new_key());
	is scalar(@all), 60, '60 spellings';
	is statuses(@all), join(' ', (200) x 4, (429) x 56), 'share the burst of one';
	is statuses(reverse spellings(new_key())), join(' ', (200) x 4, (429) x 56), 'of another key too';
	is statuses(map { { Authorization => "$_ $user->{token}" } } qw(Bearer bearer BEARER bEARER beaReR)),
		'200 200 200 200 429', 'an access token likewise';
	my $r = $p->{site}->get('/a.txt', headers => $all[0]);
	is $r->{json}{code}, 'RateLimitExceeded', 'the refusal is a problem document';
	ok $r->{headers}{'retry-after'}, 'and says when to try again';
};

subtest 'a stranger who knows the public id' => sub {
	my $key = new_key();
	my $id = substr $key, 0, 16;
	is statuses(map { { Authorization => 'Bearer ' . $id . $_ x 24 } } 'a' .. 'e'), '401 401 401 401 401',
		'five bogus keys with it';
	is statuses(map { { 'X-API-Key' => $id . 'z' x 24 } } 1 .. 5), '401 401 401 401 429', 'one bogus key five times';
	is statuses(({ 'X-API-Key' => $key }) x 5), '200 200 200 200 429', 'and the owner has all of his burst';
};

subtest 'no credential, no bucket' => sub {
	is statuses(map { { Authorization => $_ } } ('', 'Bearer', 'Bearer ', 'Basic a', 'Bearerpk_a', 'x pk_a') x 2),
		join(' ', (401) x 12), 'Pierre refuses each, at once';
};
$p->stop;
done_testing;
