#!/usr/bin/perl
# A path may be spelled with percent-encodings (RFC 3986 section 6.2.2.2): nginx
# finds its location by the decoded path, and the worker finds its route by the
# same. Were they to differ, a login could be tried past nginx's limit.
use strict;
use warnings;
use Test::More;
use lib "$ENV{PIERRE_SOURCE}/tests/support";
use Pierre;
use FastCGI;

# Each with one character encoded, in upper and lower case, and all at once.
sub spellings {
	my ($path) = @_;
	my @at = grep { substr($path, $_, 1) ne '/' } 0 .. length($path) - 1;
	my $encode = sub {
		my ($form, @which) = @_;
		my %in = map { $_ => 1 } @which;
		return join '', map { $in{$_} ? sprintf $form, ord substr $path, $_, 1 : substr $path, $_, 1 } 0 .. length($path) - 1;
	};
	my %all = map { $_ => 1 } (map { ($encode->('%%%02x', $_), $encode->('%%%02X', $_)) } @at), $encode->('%%%02x', @at);
	return sort keys %all;
}

# Each spelling that must not be the path: an encoded slash, and twice encoded.
sub others {
	my ($path) = @_;
	my ($last) = $path =~ m{/([^/]+)$};
	return ($path =~ s{/([^/]+)$}{%2F$1}r, $path =~ s{/([^/]+)$}{%2f$1}r, $path . '%2F',
		$path =~ s{([^/])}{sprintf '%%25%02x', ord $1}er, "/%2e$path", "/x/%2E%2e$path", "$path/%2e", "$path/.%2e/$last");
}

my ($backend) = Pierre::backends() or plan skip_all => 'no backend';
my $locations = Pierre::slurp("$ENV{PIERRE_SOURCE}/nginx/pierre-locations.conf");
my @fast = Pierre::fast_routes();
my @logins = $locations =~ /^location = (\S+) \{\n\s+limit_req /mg;
cmp_ok(scalar @logins, '>=', 3, 'routes of the login limit');
cmp_ok(scalar @fast, '>=', 5, 'routes of the fast pool');

# 21 are let through at once, and then one in 12 s
my $p = Pierre->start(backend => $backend, login_rate => '5r/m');
my $socket = { map({ $_ => $p->{fast_socket} } @fast), map({ $_ => $p->{slow_socket} } @logins) };
my %method = (map({ $_ => 'GET' } @fast), map({ $_ => 'POST' } @logins));
my $ask = sub { my ($path, $target) = @_; return FastCGI::request($socket->{$path}, $method{$path}, $target, $method{$path} eq 'POST' ? '{}' : '') };

for my $path (@fast, @logins) {
	subtest "the worker: $path" => sub {
		my $plain = $ask->($path, $path)->{status};
		isnt($plain, 404, 'is there');
		is($ask->($path, $_)->{status}, $plain, $_) for spellings($path);
		like($ask->($path, $_)->{status}, qr{^40[04]$}, $_) for others($path);
	};
}

subtest 'the login limit of nginx' => sub {
	my $spent = sub { my ($n) = @_; $p->post('/api/auth/refresh', '{}')->{status} for 1 .. $n };
	my $n = 0;
	$n++ until $n == 100 || $p->post('/api/auth/refresh', '{}')->{status} == 429;
	cmp_ok($n, '<', 100, 'is reached');
	for my $path (@logins) {
		# one may pass each 12 s: of all spellings at most those
		my $begin = time;
		my @passed = grep { $p->post($_, '{}')->{status} != 429 } spellings($path), others($path);
		my $may = 1 + int((time - $begin) / 12);
		my @past = grep { FastCGI::request($socket->{$path}, 'POST', $_, '{}')->{status} !~ m{^40[04]$} } @passed;
		cmp_ok(scalar @past, '<=', $may, "$path: no spelling that is the route passes it") or diag("@past");
	}
};

# Where nginx finds the fast location, it says itself that POST is not taken; but for tokens,
# which have methods of the slow pool (http/nginx.t).
subtest 'the fast locations of nginx' => sub {
	$p->stop_serve;
	for my $path (grep { !/tokens/ } @fast) {
		my @else = grep { $p->post($_, '{}')->{status} != 405 } $path, spellings($path);
		is("@else", '', $path);
	}
};
$p->stop;
done_testing;
