package Bench::Report;
# From measurements to figures: medians, text, JSON.
use strict;
use warnings;
use JSON::PP ();
use POSIX qw(strftime uname);
use Pierre;
use Bench::Compare;

# Of all rounds of a variant: what verify.json says of it. empty: the variant it
# is a share of.
sub figures {
	my ($v, $empty) = @_;
	my @m = @{ $v->{rounds} };
	my %f = map { my $k = $_; $k => Bench::Compare::median(map { $_->{$k} } @m) } qw(rps p50_ms p99_ms cpu_us nginx_us);
	for my $role (@Bench::Compare::ROLES) {
		$f{us}{$role} = Bench::Compare::median(map { $_->{us}{$role} } @m);
	}
	for my $k (qw(non2xx broken)) {
		$f{$k} = 0;
		$f{$k} += $_->{$k} for @m, $v->{counted} // ();
	}
	$f{starved} = ($v->{counted} // {})->{starved};
	$f{of_empty} = Bench::Compare::share($v, $empty);
	return { %f, workers => @m ? $m[-1]{workers} : [], map { $_ => $v->{$_} } qw(durability what connections) };
}

# One line of a measurement: CPU time by what used it, and how the connections and
# the time are spread over the workers.
sub line {
	my ($v, $m) = @_;
	my $text = sprintf '%-24s %8.0f req/s  p99 %6.2f ms', $v->{name}, $m->{rps}, $m->{p99_ms};
	my @us = map { $m->{us}{$_} ? sprintf('%s %.1f', $_, $m->{us}{$_}) : () } @Bench::Compare::ROLES;
	$text .= '  us: ' . join ', ', @us if @us;
	return @{ $m->{workers} } ? "$text  " . spread($m->{workers}) : $text;
}

# "connections 16 16, CPU 1.20 1.31 s, busiest 1.04 of the mean"
sub spread {
	my ($workers) = @_;
	my @s = map { $_->{us} / 1e6 } @$workers;
	my ($sum, $most) = (0, 0);
	for (@s) { $sum += $_; $most = $_ if $_ > $most }
	return sprintf 'connections %s, CPU %s s, busiest %.2f of the mean', join(' ', map { $_->{connections} // '?' } @$workers),
		join(' ', map { sprintf '%.2f', $_ } @s), $sum > 0 ? $most / ($sum / @s) : 0;
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
	return int Bench::Compare::median(@us);
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
	print_compared($whole->{compared}{$_}, $_) for sort { $b cmp $a } keys %{ $whole->{compared} };
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
	print "\nWorkers, in the last round:\n";
	print map { sprintf "  %-24s %s\n", $_, spread($whole->{variants}{$_}{workers}) } grep { @{ $whole->{variants}{$_}{workers} } } @$names;
}

sub print_compared {
	my ($found, $backend) = @_;
	print "$backend (medians of what each round says):\n";
	for my $row (@Bench::Compare::ROWS) {
		my $x = $found->{ $row->{name} };
		printf "  %-10s %-48s %-16s %s\n", $row->{name}, Bench::Compare::text($row, $x),
			Bench::Compare::wanted($row, $backend) . (Bench::Compare::missed($row, $backend, $x) ? '  MISSED' : ''), $row->{what};
	}
	print "\n";
}

1;
