# Instructions that a worker of the fast pool needs for one request of /verify,
# under callgrind: a figure that other load on the machine does not change, with a
# bound that only goes down. When a change makes it smaller, write the new figure
# here; no change makes a bound larger without a reason in its commit.
#
# To compare two commits, in a build of each (./bootstrap build BACKEND=postgresql):
#
#     PIERRE_BUILD=$PWD/build tests/run -v tests/process/instructions.t | grep 'a request'
#
# A run with N requests and one with twice as many: what lies between is what N
# cost, without start and stop. Other compilers, options and systems make other
# instructions of the same source, so elsewhere nothing is judged.
use strict;
use warnings;
use Test::More;
use lib "$ENV{PIERRE_SOURCE}/tests/support";
use Pierre;
use FastCGI;
use Process qw(await children proc_file);
use Bench::Door;

# "as asked": the whole answer; "as nginx asks": that of auth_request.
my %BOUND = (
	sqlite => { 'as asked' => 0, 'as nginx asks' => 0 },
	postgresql => { 'as asked' => 0, 'as nginx asks' => 0 },
);
my @COUNTED = qw(fcgi_look exchange_answer);   # and what they call
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

# Instructions of the one worker of the fast pool, from its start to its end.
sub run {
	my ($p, $key, %n) = @_;
	my $state = "$p->{dir}/state";
	$p->{pid} = $p->spawn('pierre', [ Pierre::as_user('valgrind', '-q', '--tool=callgrind',
		(map { "--toggle-collect=$_" } @COUNTED), "--callgrind-out-file=$state/callgrind.%p", $p->binary, 'serve') ], $p->{env}, $p->{log_file});
	$p->wait_ready;
	for my $form (sort keys %n) {
		is ask($p, $key, $form, $n{$form}), $n{$form}, "$p->{backend}: $n{$form} requests, $form, are let through";
	}
	my %name = children($p);
	my ($worker) = grep { $name{$_} =~ /^fast/ } keys %name;
	$p->stop_serve;
	my ($all) = Pierre::slurp("$state/callgrind.$worker") =~ /^(?:summary|totals): (\d+)/m;
	return $all // die "no figure of callgrind\n" . $p->log;
}

for my $backend (Pierre::backends()) {
	my $door = Bench::Door::start(backend => $backend, workers => 1, keys => 1, durability => 'async');
	my ($p, $key) = ($door->{p}, $door->{keys}[0]);
	$p->stop_serve;
	my %figure;
	my $once = run($p, $key, map { $_ => $N } keys %FORM);
	for my $form (sort keys %FORM) {
		my $twice = run($p, $key, (map { $_ => $N } keys %FORM), $form => 2 * $N);
		my $each = ($twice - $once) / $N;
		my $most = $BOUND{$backend}{$form};
		cmp_ok $each, '<=', $most * $SLACK, "$backend, $form: no more instructions than before";
		diag sprintf '%.0f instructions a request: %s, %s (bound %d)', $each, $backend, $form, $most;
	}
	$p->stop;
}
done_testing;
