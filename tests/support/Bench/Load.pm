package Bench::Load;
# One measurement: wrk against one address, and the CPU time that the servers
# behind it used meanwhile.
use strict;
use warnings;
use JSON::PP ();
use Pierre;
use Bench::Cpu;

# url, keys (file), connections, seconds, nginx and roots (process ids: they and
# their descendants are the servers); count: count starved clients instead of
# measuring (a thread for each client).
# {rps, p50_ms, p99_ms, cpu_us, nginx_us (of cpu_us), us => {worker, recorder, database} (of
# cpu_us), workers => [{us, connections}], non2xx, broken, starved, requests, bad => {"status
# 503" => how many}}; the last and starved only when counting. Times are those of a request,
# but for workers, whose time is that of the whole measurement.
sub run {
	my (%o) = @_;
	my $threads = $o{count} ? $o{connections} : $o{connections} < 2 ? 1 : 2;
	my ($before, $roots) = (Bench::Cpu::snapshot(), $o{roots});
	my $r = Pierre::capture([ 'wrk', '-t', $threads, '-c', $o{connections}, '-d', "$o{seconds}s",
		'--timeout', '20s', '-s', "$Pierre::SOURCE/tests/bench/load.lua", $o{url}, '--',
		$o{keys}, $o{count} ? 'count' : () ], {});
	my $after = Bench::Cpu::snapshot();
	my ($nginx, $behind) = map { Bench::Cpu::us($before, $after, @$_) } [ $o{nginx} ], $roots;
	my $by = Bench::Cpu::us_by_role($before, $after, @$roots);
	my ($json) = $r->{out} =~ /^(\{"requests.*\})$/m or die "wrk $o{url}: $r->{out}$r->{err}\n";
	my $m = JSON::PP::decode_json($json);
	my ($n, $bad) = ($m->{requests}, 0);
	$bad += $_ for values %{ $m->{bad} };
	return {
		us => { map { $_ => $n ? $by->{$_} / $n : undef } keys %$by }, workers => [ Bench::Cpu::workers($before, $after, @$roots) ],
		bad => $m->{bad}, requests => $m->{requests}, starved => $m->{starved},
		rps => $m->{requests} / ($m->{us} / 1e6), p50_ms => $m->{p50_us} / 1000, p99_ms => $m->{p99_us} / 1000,
		cpu_us => $n ? ($nginx + $behind) / $n : undef, nginx_us => $n ? $nginx / $n : undef,
		non2xx => $o{count} ? $bad : $m->{non2xx}, broken => $m->{broken} + $m->{timeout},
	};
}

1;
