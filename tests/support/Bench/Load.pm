package Bench::Load;
# One measurement: wrk against one address, and the CPU time that the servers
# behind it used meanwhile.
use strict;
use warnings;
use JSON::PP ();
use POSIX ();
use Pierre;

my $HZ = POSIX::sysconf(POSIX::_SC_CLK_TCK());

# url, keys (file), connections, seconds, nginx and roots (process ids: they and
# their descendants are the servers); count: count starved clients instead of
# measuring (a thread for each client).
# {rps, p50_ms, p99_ms, cpu_us, nginx_us (of cpu_us), non2xx, broken, starved, requests, bad => {"status
# 503" => how many}}; the last and starved only when counting.
sub run {
	my (%o) = @_;
	my $threads = $o{count} ? $o{connections} : $o{connections} < 2 ? 1 : 2;
	my @before = map { cpu_ticks(@$_) } [ $o{nginx} ], $o{roots};
	my $r = Pierre::capture([ 'wrk', '-t', $threads, '-c', $o{connections}, '-d', "$o{seconds}s",
		'--timeout', '20s', '-s', "$Pierre::SOURCE/tests/bench/load.lua", $o{url}, '--',
		$o{keys}, $o{count} ? 'count' : () ], {});
	my ($nginx, $behind) = (cpu_ticks($o{nginx}) - $before[0], cpu_ticks(@{ $o{roots} }) - $before[1]);
	my ($json) = $r->{out} =~ /^(\{"requests.*\})$/m or die "wrk $o{url}: $r->{out}$r->{err}\n";
	my $m = JSON::PP::decode_json($json);
	my $bad = 0;
	$bad += $_ for values %{ $m->{bad} };
	return {
		bad => $m->{bad}, requests => $m->{requests}, starved => $m->{starved},
		rps => $m->{requests} / ($m->{us} / 1e6), p50_ms => $m->{p50_us} / 1000, p99_ms => $m->{p99_us} / 1000,
		cpu_us => per_request($nginx + $behind, $m->{requests}), nginx_us => per_request($nginx, $m->{requests}),
		non2xx => $o{count} ? $bad : $m->{non2xx}, broken => $m->{broken} + $m->{timeout},
	};
}

sub per_request { my ($ticks, $requests) = @_; return $requests ? $ticks / $HZ * 1e6 / $requests : undef }

# utime + stime of these and all below, with what they have inherited from
# children that ended (proc(5)).
sub cpu_ticks {
	my %is = map { $_ => 1 } @_;
	my %stat;
	for my $pid (map { m{^/proc/(\d+)$} ? $1 : () } glob '/proc/[0-9]*') {
		my $text = Pierre::slurp("/proc/$pid/stat") or next;
		my @f = split ' ', $text =~ s/^.*\) //sr;
		$stat{$pid} = { parent => $f[1], ticks => $f[11] + $f[12] + $f[13] + $f[14] };
	}
	my $sum = 0;
	for my $pid (keys %stat) {
		for (my $up = $pid; $up && $stat{$up}; $up = $stat{$up}{parent}) {
			next unless $is{$up};
			$sum += $stat{$pid}{ticks};
			last;
		}
	}
	return $sum;
}

1;
