# Instructions that a worker of the fast pool needs for one request of /verify,
# under callgrind: a figure that other load on the machine does not change, with a
# bound that only goes down. When a change makes it smaller, write the new figure
# here; no change makes a bound larger without a reason in its commit.
#
# To compare two commits, in a build of each (./bootstrap build BACKEND=postgresql):
#
#     PIERRE_BUILD=$PWD/build tests/run -v tests/process/instructions.t | grep 'a request'
#
# How it is counted: tests/support/Bench/Callgrind.pm. Each is the least of three, since a
# machine under load only adds (a lease that came late, a second look for changes). Other
# compilers, options and systems make other instructions of the same source, so elsewhere
# nothing is judged.
use strict;
use warnings;
use POSIX ();
use Test::More;
use lib "$ENV{PIERRE_SOURCE}/tests/support";
use Pierre;
use Bench::Callgrind;
use Bench::Door;

# "as asked": the whole answer; "as nginx asks": that of auth_request.
my %BOUND = (
	sqlite => { 'as asked' => 48_500, 'as nginx asks' => 50_500 },
	postgresql => { 'as asked' => 47_900, 'as nginx asks' => 50_000 },
);
my $SLACK = 1.03;   # libraries choose their code by the processor
my $N = 1000;       # whole leases of quota
$FastCGI::TIMEOUT = 300;   # callgrind is 50 times as slow, on a machine that has more to do
my %FORM = ('as asked' => {}, 'as nginx asks' => { PIERRE_SUBREQUEST => 1, PIERRE_COST => 1,
	PIERRE_ROUTE => 'api', PIERRE_SCOPE => '', ORIGINAL_METHOD => 'GET', ORIGINAL_URI => '/api/items?page=2' });

my $why = why_not();
plan skip_all => $why if $why;

sub why_not {
	my $make = Pierre::slurp("$Pierre::BUILD/Makefile");
	my ($cc) = $make =~ /^CC = (.*)$/m;
	my ($flags) = $make =~ /^CFLAGS = (.*)$/m;
	my ($own) = $make =~ /^PIERRE_CFLAGS = (.*)$/m;
	return 'the bound is that of Debian 12' if Pierre::slurp('/etc/debian_version') !~ /^12\./;
	return 'the bound is that of x86-64' if (POSIX::uname())[4] ne 'x86_64';
	return "the bound is that of gcc 12, not of $cc"
		if $cc !~ /gcc/ || Pierre::capture([ split(' ', $cc), '-dumpversion' ], {})->{out} !~ /^12\b/;
	return "the bound is that of -g -O2, not of $flags" if $flags ne '-g -O2';
	return 'the bound is that of the hardened build, without sanitizers' if $own =~ /-fsanitize/ || $own !~ /FORTIFY_SOURCE=3/;
	return 'the bound is that of a processor with AVX2' if Pierre::slurp('/proc/cpuinfo') !~ /\bavx2\b/;
	return 'valgrind is not here: ./bootstrap deps check' unless Bench::Callgrind::is_here();
	return;
}

sub ask {
	my ($p, $key, $form, $n) = @_;
	return Bench::Callgrind::ask($p, '/verify', $n, HTTP_X_API_KEY => $key, %{ $FORM{$form} });
}

sub least { my ($least) = sort { $a <=> $b } @_; return $least }

for my $backend (Pierre::backends()) {
	my $door = Bench::Door::start(backend => $backend, workers => 1, keys => 1, durability => 'async');
	my ($p, $key) = ($door->{p}, $door->{keys}[0]);
	$p->stop_serve;
	my $worker = Bench::Callgrind::serve($p, $key);
	for my $form (sort keys %FORM) {
		my ($bound, @each) = $BOUND{$backend}{$form};
		ask($p, $key, $form, 10);   # statements, the first lease, the cache
		Bench::Callgrind::counted($p, $worker);
		for (1 .. 3) {
			is ask($p, $key, $form, $N), $N, "$backend: $N requests, $form, are let through";
			push @each, Bench::Callgrind::counted($p, $worker) / $N;
		}
		cmp_ok least(@each), '<=', $bound * $SLACK, "$backend, $form: no more instructions than before";
		diag sprintf '%.0f instructions a request: %s, %s (%s; bound %d)', least(@each), $backend, $form,
			join(' ', map { sprintf '%.0f', $_ } @each), $bound;
	}
	$p->stop;
}
done_testing;
