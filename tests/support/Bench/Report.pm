package Bench::Report;
# From measurements to figures: medians, ratios with their targets, text, JSON.
use strict;
use warnings;
use JSON::PP ();
use POSIX qw(strftime uname);
use Pierre;

# Ratio => [ over, under, target with SQLite, with PostgreSQL (each "more" or
# "at most"), what it says ]. %b is the backend's name.
my @RATIOS = (
	[ b2_a => 'b2', 'a', 0.40, 0.40, 'empty on the fast loop / nginx alone' ],
	[ b2_b1 => 'b2', 'b1', 1.8, 1.8, 'empty on the fast loop / on the plain loop' ],
	[ http_b2 => 'http_%b', 'b2', 0.85, 0.80, '/verify over HTTP / empty on the fast loop' ],
	[ https_b2 => 'https_%b', 'b2', 0.75, 0.70, '/verify over HTTPS / empty on the fast loop over HTTP' ],
	[ https_https => 'https_%b', 'b2_https', undef, undef, '/verify over HTTPS / empty on the fast loop over HTTPS' ],
	[ g_g1 => 'g_%b', 'g1', 0.85, 0.85, 'static file behind the snippet / behind an empty responder' ],
	[ sync_http => 'sync_%b', 'http_%b', undef, undef, '/verify, USAGE_DURABILITY=sync / async' ],
	[ php => 'http_%b', 'php_%b', 8, 8, '/verify / PHP-FPM on the same database' ],
	[ fastify => 'http_%b', 'fastify', 3, 3, '/verify / fastify, synchronous=NORMAL' ],
	[ fastify_full => 'sync_%b', 'fastify_full', 1.5, 1.5, '/verify with sync / fastify, synchronous=FULL' ],
	[ better_auth => 'http_%b', 'better_auth', 25, 25, "/verify / better-auth's API keys" ],
);
my @P99 = ([ http_p99_b2 => 'http_%b', 'b2', 2 ], [ many_p99_b2 => 'http_%b_many', 'b2_many', 2 ]);

sub median { my @s = sort { $a <=> $b } grep { defined } @_; return @s ? ($s[ $#s / 2 ] + $s[ @s / 2 ]) / 2 : undef }

# Of all rounds of a variant: what verify.json says of it. b2: the variant it
# is a share of.
sub figures {
	my ($v, $b2) = @_;
	my @m = @{ $v->{rounds} };
	my %f = map { my $k = $_; $k => median(map { $_->{$k} } @m) } qw(rps p50_ms p99_ms cpu_us nginx_us);
	for my $k (qw(non2xx broken)) {
		$f{$k} = 0;
		$f{$k} += $_->{$k} for @m, $v->{counted} // ();
	}
	$f{starved} = ($v->{counted} // {})->{starved};
	$f{of_b2} = ratio('rps', $v, $b2);
	return { %f, map { $_ => $v->{$_} } qw(durability what connections) };
}

# The median of the ratios within each round.
sub ratio {
	my ($field, $over, $under) = @_;
	return undef unless $over && $under;
	my $rounds = @{ $over->{rounds} } < @{ $under->{rounds} } ? @{ $over->{rounds} } : @{ $under->{rounds} };
	return median(map {
		my ($x, $y) = map { $_->{$field} } $over->{rounds}[$_], $under->{rounds}[$_];
		$x && $y ? $x / $y : undef;
	} 0 .. $rounds - 1);
}

# backend => { name => ratio }; names that could not be measured are null.
sub ratios {
	my ($by_name, @backends) = @_;
	my %out;
	for my $b (@backends) {
		my $find = sub { return $by_name->{ $_[0] =~ s/%b/$b/r } };
		$out{$b}{ $_->[0] } = ratio('rps', $find->($_->[1]), $find->($_->[2])) for @RATIOS;
		$out{$b}{ $_->[0] } = ratio('p99_ms', $find->($_->[1]), $find->($_->[2])) for @P99;
	}
	return \%out;
}

sub machine {
	my ($dir) = @_;
	my ($model) = Pierre::slurp('/proc/cpuinfo') =~ /^model name\s*:\s*(.*)$/m;
	my ($system) = Pierre::slurp('/etc/os-release') =~ /^PRETTY_NAME="?([^"\n]*)/m;
	my $cores = () = Pierre::slurp('/proc/cpuinfo') =~ /^processor\s*:/mg;
	return { cpu => $model // 'unknown', cores => $cores, system => $system // (uname())[0],
		kernel => (uname())[2], load => (split ' ', Pierre::slurp('/proc/loadavg'))[0] + 0, date => strftime('%Y-%m-%d', gmtime), fsync_us => fsync_us($dir) };
}

# What a durable commit costs here at least: median of 100.
sub fsync_us {
	my ($dir) = @_;
	require Time::HiRes;
	require IO::Handle;
	open my $f, '>', "$dir/fsync" or return undef;
	my @us;
	for (1 .. 100) {
		my $start = Time::HiRes::time();
		syswrite $f, 'x' x 4096;
		$f->sync;
		push @us, (Time::HiRes::time() - $start) * 1e6;
	}
	unlink "$dir/fsync";
	return int median(@us);
}

sub write_json {
	my ($file, $whole) = @_;
	open my $f, '>', $file or die "$file: $!\n";
	print $f JSON::PP->new->canonical->pretty->encode(rounded($whole));
	close $f or die "$file: $!\n";
}

# Four digits are more than these figures are worth.
sub rounded {
	my ($x) = @_;
	return { map { $_ => rounded($x->{$_}) } keys %$x } if ref $x eq 'HASH';
	return [ map { rounded($_) } @$x ] if ref $x eq 'ARRAY';
	return $x unless defined $x && $x =~ /^\d+\.\d+(?:e[-+]?\d+)?$/;
	return 0 + sprintf $x >= 1000 ? '%.0f' : '%.4g', $x;
}

sub number { my ($format, $x) = @_; return defined $x ? sprintf($format, $x) : '-' }

sub print_all {
	my ($whole, $names) = @_;
	my ($s, $m) = @$whole{qw(settings machine)};
	print "$m->{cpu}, $m->{cores} cores, $m->{system}; fsync of 4 KiB takes " . number('%d', $m->{fsync_us}) . " us\n";
	print "The machine was busy before the run began (load $m->{load}): these figures say little.\n" if $m->{load} > 1;
	print "$s->{rounds} interleaved rounds of $s->{seconds} s, $s->{connections} clients, $s->{keys} keys, "
		. "$s->{workers} workers a pool, $s->{nginx_workers} of nginx; medians\n\n";
	printf "%-24s %9s %8s %8s %8s %8s %7s %7s %7s\n", '', 'req/s', 'p50 ms', 'p99 ms', 'CPU us', 'of nginx', 'non-2xx', 'broken', 'starved';
	for my $name (@$names) {
		my $f = $whole->{variants}{$name};
		printf "%-24s %9s %8s %8s %8s %8s %7s %7s %7s  %s\n", $name, number('%.0f', $f->{rps}), number('%.2f', $f->{p50_ms}),
			number('%.2f', $f->{p99_ms}), number('%.1f', $f->{cpu_us}), number('%.1f', $f->{nginx_us}), number('%d', $f->{non2xx}), number('%d', $f->{broken}),
			number('%d', $f->{starved}), $f->{what};
	}
	print "\nKept when the power fails:\n";
	my %by;
	push @{ $by{ $whole->{variants}{$_}{durability} } }, $_ for @$names;
	print map { "  $_: " . join(', ', @{ $by{$_} }) . "\n" } sort keys %by;
	print_ratios($whole->{ratios}{$_}, $_) for sort { $b cmp $a } keys %{ $whole->{ratios} };
}

sub print_ratios {
	my ($ratios, $backend) = @_;
	print "\nRatios, $backend (median of those of each round):\n";
	for my $r (@RATIOS) {
		my ($name, undef, undef, @targets) = @$r;
		my ($x, $target) = ($ratios->{$name}, $targets[ $backend eq 'postgresql' ]);
		my $judged = !defined $x ? 'not measured' : !defined $target ? '' : "target $target"
			. ($x < $target ? '  BELOW' : '');
		printf "  %-14s %8s  %-20s %s\n", $name, number('%.2f', $x), $judged, $r->[5];
	}
	for my $r (@P99) {
		my $x = $ratios->{ $r->[0] };
		printf "  %-14s %8s  %-20s %s\n", $r->[0], number('%.2f', $x), !defined $x ? 'not measured'
			: "at most $r->[3]" . ($x > $r->[3] ? '  ABOVE' : ''),
			'p99 of /verify / of empty' . ($r->[0] =~ /many/ ? ', many clients' : '');
	}
}

1;
