package Bench::Compare;
# What is compared with what, round by round, and what is wanted of it.
use strict;
use warnings;

# Kinds of comparison: what is made of two measurements of one round, whether more is
# better, and how it is written.
my %KINDS = (
	rps => { of => sub { quotient('rps', @_) }, more => 1, format => '%.2f' },
	p99 => { of => sub { quotient('p99_ms', @_) }, more => 0, format => '%.2f' },
	cpu => { of => \&beyond, more => 0, format => '%.1f' },
);
our @ROLES = qw(worker recorder database);

# Names in verify.json, in the order of the report. %b is the backend's name; wanted
# with SQLite, with PostgreSQL. What Pierre adds leads.
our @ROWS = (
	{ name => 'cpu_http', kind => 'cpu', over => 'http_%b', under => 'b3', wanted => [ 5, 9 ], leads => 1,
		what => 'CPU us a request beyond that of an empty responder: /verify' },
	{ name => 'cpu_https', kind => 'cpu', over => 'https_%b', under => 'b3_https', wanted => [ 5, 9 ], leads => 1,
		what => 'the same over HTTPS' },
	{ name => 'cpu_g', kind => 'cpu', over => 'g_%b', under => 'g2', leads => 1,
		what => 'the same of a static file behind the snippet' },
	{ name => 'http_b3', kind => 'rps', over => 'http_%b', under => 'b3', wanted => [ 0.90, 0.87 ], leads => 1,
		what => 'requests/s: /verify / an empty responder with the same reply' },
	{ name => 'https_b3', kind => 'rps', over => 'https_%b', under => 'b3_https', wanted => [ 0.90, 0.87 ], leads => 1,
		what => 'the same over HTTPS' },
	{ name => 'g_g2', kind => 'rps', over => 'g_%b', under => 'g2', wanted => [ 0.92, 0.92 ], leads => 1,
		what => 'requests/s: static file behind the snippet / the same before an empty responder' },
	{ name => 'g_old', kind => 'rps', over => 'g_%b', under => 'g_old_%b', wanted => [ 1.25, 1.25 ], leads => 1,
		what => 'requests/s: static file behind the snippet / the same with a connection a request' },
	{ name => 'http_p99', kind => 'p99', over => 'http_%b', under => 'b3', wanted => [ 1.5, 1.5 ], leads => 1,
		what => 'p99: /verify / an empty responder with the same reply' },
	{ name => 'https_p99', kind => 'p99', over => 'https_%b', under => 'b3_https', wanted => [ 1.5, 1.5 ], leads => 1,
		what => 'the same over HTTPS' },
	{ name => 'many_p99', kind => 'p99', over => 'http_%b_many', under => 'b3_many', wanted => [ 2, 2 ],
		what => 'p99 with many clients: /verify / an empty responder' },
	{ name => 'b2_a', kind => 'rps', over => 'b2', under => 'a', wanted => [ 0.40, 0.40 ],
		what => 'empty on the fast loop / nginx alone' },
	{ name => 'b2_b1', kind => 'rps', over => 'b2', under => 'b1', wanted => [ 1.8, 1.8 ],
		what => 'empty on the fast loop / on the plain loop' },
	{ name => 'b3_b2', kind => 'rps', over => 'b3', under => 'b2', what => 'empty with the reply of /verify / with a short one' },
	{ name => 'https_b2', kind => 'rps', over => 'https_%b', under => 'b2', wanted => [ 0.75, 0.70 ],
		what => '/verify over HTTPS / empty on the fast loop over HTTP' },
	{ name => 'sync_http', kind => 'rps', over => 'sync_%b', under => 'http_%b', what => '/verify, USAGE_DURABILITY=sync / async' },
	{ name => 'php', kind => 'rps', over => 'http_%b', under => 'php_%b', wanted => [ 8, 8 ],
		what => '/verify / PHP-FPM on the same database' },
	{ name => 'fastify', kind => 'rps', over => 'http_%b', under => 'fastify', wanted => [ 3, 3 ],
		what => '/verify / fastify, synchronous=NORMAL' },
	{ name => 'fastify_full', kind => 'rps', over => 'sync_%b', under => 'fastify_full', wanted => [ 1.5, 1.5 ],
		what => '/verify with sync / fastify, synchronous=FULL' },
	{ name => 'better_auth', kind => 'rps', over => 'http_%b', under => 'better_auth', wanted => [ 25, 25 ],
		what => "/verify / better-auth's API keys" },
);

sub median { my @s = sort { $a <=> $b } grep { defined } @_; return @s ? ($s[ $#s / 2 ] + $s[ @s / 2 ]) / 2 : undef }

sub quotient {
	my ($field, $over, $under) = @_;
	my ($x, $y) = map { $_->{$field} } $over, $under;
	return $x && $y ? $x / $y : undef;
}

# us of one role, or of all of them together.
sub beyond {
	my ($over, $under, @roles) = @_;
	return undef unless $over->{us} && $under->{us};
	my $us = 0;
	$us += $over->{us}{$_} - $under->{us}{$_} for @roles ? @roles : @ROLES;
	return $us;
}

# What $of makes of each round that both have.
sub rounds {
	my ($of, $over, $under) = @_;
	return unless $over && $under;
	my ($x, $y) = map { $_->{rounds} } $over, $under;
	return grep { defined } map { $of->($x->[$_], $y->[$_]) } 0 .. (@$x < @$y ? @$x : @$y) - 1;
}

# backend => name => { value (the median), rounds, and of CPU time each role's }; null
# what could not be measured.
sub all {
	my ($by_name, @backends) = @_;
	my %out;
	for my $b (@backends) {
		for my $row (@ROWS) {
			my @pair = map { $by_name->{ s/%b/$b/r } } @$row{qw(over under)};
			my @rounds = rounds($KINDS{ $row->{kind} }{of}, @pair);
			$out{$b}{ $row->{name} } = @rounds ? { value => median(@rounds), rounds => \@rounds, roles($row, @pair) } : undef;
		}
	}
	return \%out;
}

sub roles {
	my ($row, @pair) = @_;
	return () if $row->{kind} ne 'cpu';
	return map { my $role = $_; $role => median(rounds(sub { beyond(@_, $role) }, @pair)) } @ROLES;
}

# The share of requests per second that a variant has of its empty responder.
sub share { my ($v, $empty) = @_; return median(rounds($KINDS{rps}{of}, $v, $empty)) }

# "0.91", or "4.2 (worker 1.3, recorder 2.9)"; "-" what could not be measured.
sub text {
	my ($row, $found) = @_;
	return '-' unless $found;
	my $text = sprintf $KINDS{ $row->{kind} }{format}, $found->{value};
	my @parts = map { sprintf '%s %.1f', $_, $found->{$_} } grep { defined $found->{$_} && abs $found->{$_} >= 0.05 } @ROLES;
	return @parts ? "$text (" . join(', ', @parts) . ')' : $text;
}

# "at least 0.9" for a backend; empty: nothing is wanted. missed: a found value is
# worse.
sub wanted {
	my ($row, $backend) = @_;
	return '' unless $row->{wanted};
	return ($KINDS{ $row->{kind} }{more} ? 'at least ' : 'at most ') . $row->{wanted}[ $backend eq 'postgresql' ];
}
sub missed {
	my ($row, $backend, $found) = @_;
	return 0 unless $row->{wanted} && $found;
	my ($x, $bound) = ($found->{value}, $row->{wanted}[ $backend eq 'postgresql' ]);
	return $KINDS{ $row->{kind} }{more} ? $x < $bound : $x > $bound;
}

1;
