# Instructions that a worker of the fast pool needs for one request of /verify,
# under callgrind: a figure that other load on the machine does not change, with a
# bound that only goes down. When a change makes it smaller, write the new figure
# here; no change makes a bound larger without a reason in its commit.
#
# To compare two commits, in a build of each (./bootstrap build BACKEND=postgresql):
#
#     PIERRE_BUILD=$PWD/build tests/run -v tests/process/instructions.t | grep 'a request'
#
# Callgrind writes down what it has counted, and begins anew, each time GET
# /health/live is asked: so start and stop are in no figure. Each is the least of
# three, since a machine under load only adds (a lease that came late, a second look
# for changes); what the loop does around a request is left out, since it depends on
# when bytes come. Other compilers, options and systems make other instructions of
# the same source, so elsewhere nothing is judged.
use strict;
use warnings;
use POSIX ();
use Test::More;
use lib "$ENV{PIERRE_SOURCE}/tests/support";
use Pierre;
use FastCGI;
use Process qw(await children);
use Bench::Door;

# "as asked": the whole answer; "as nginx asks": that of auth_request.
my %BOUND = (
	sqlite => { 'as asked' => 48_500, 'as nginx asks' => 50_500 },
	postgresql => { 'as asked' => 47_900, 'as nginx asks' => 50_000 },
);
my $MARK = 'health_show';   # of GET /health/live
my @COUNTED = qw(fcgi_look worker_request_answer);   # and what they call
my $SLACK = 1.03;   # libraries choose their code by the processor
my $N = 1000;       # whole leases of quota
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
	return 'valgrind is not here: ./bootstrap deps check' if Pierre::capture([ 'valgrind', '--version' ], {})->{status};
	return;
}

# Requests one after the other on one kept connection, as nginx sends them.
sub ask {
	my ($p, $key, $form, $n) = @_;
	my $s = FastCGI::open_socket($p->{fast_socket}) // die "connect: $!";
	my $message = FastCGI::message('GET', '/verify', '', keep => 1, params => { HTTP_X_API_KEY => $key,
		HTTP_USER_AGENT => 'Mozilla/5.0 (X11; Linux x86_64)', HTTP_ACCEPT => '*/*', HTTPS => 'on',
		REQUEST_ID => '0123456789abcdef0123456789abcdef', %{ $FORM{$form} } });
	my $good = 0;
	for (1 .. $n) {
		FastCGI::send_bytes($s, $message);
		$good += FastCGI::reply($s, keep => 1)->{status} =~ /^20[04]$/;
	}
	return $good;
}

sub serve {
	my ($p) = @_;
	$p->{env}{FAST_DATABASE_TIMEOUT_MS} = 10000;   # all is slow under callgrind
	$p->{pid} = $p->spawn('pierre', [ Pierre::as_user('valgrind', '-q', '--vgdb=no', '--tool=callgrind', "--dump-before=$MARK",
		(map { "--toggle-collect=$_" } @COUNTED), "--callgrind-out-file=$p->{dir}/state/callgrind.%p", $p->binary, 'serve') ],
		$p->{env}, $p->{log_file});
	$p->wait_ready;
	await('the database was checked', sub { FastCGI::get($p->{fast_socket}, '/health/ready')->{status} == 200 }, $p);
	my %name = children($p);
	return (grep { $name{$_} =~ /^fast/ } keys %name)[0];
}

# Instructions since the last time, of this worker.
sub counted {
	my ($p, $worker) = @_;
	my $file = "$p->{dir}/state/callgrind.$worker." . ++$p->{dumps};
	FastCGI::get($p->{fast_socket}, '/health/live')->{status} == 200 or die "no answer\n" . $p->log;
	return await($file, sub { Pierre::slurp($file) =~ /^(?:summary|totals): (\d+)/m && $1 }, $p);
}

sub least { my ($least) = sort { $a <=> $b } @_; return $least }

for my $backend (Pierre::backends()) {
	my $door = Bench::Door::start(backend => $backend, workers => 1, keys => 1, durability => 'async');
	my ($p, $key) = ($door->{p}, $door->{keys}[0]);
	$p->stop_serve;
	my $worker = serve($p);
	for my $form (sort keys %FORM) {
		my ($bound, @each) = $BOUND{$backend}{$form};
		ask($p, $key, $form, 10);   # statements, the first lease, the cache
		counted($p, $worker);
		for (1 .. 3) {
			is ask($p, $key, $form, $N), $N, "$backend: $N requests, $form, are let through";
			push @each, counted($p, $worker) / $N;
		}
		cmp_ok least(@each), '<=', $bound * $SLACK, "$backend, $form: no more instructions than before";
		diag sprintf '%.0f instructions a request: %s, %s (%s; bound %d)', least(@each), $backend, $form,
			join(' ', map { sprintf '%.0f', $_ } @each), $bound;
	}
	$p->stop;
}
done_testing;
