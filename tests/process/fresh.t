#!/usr/bin/perl
# A machine that started a moment ago, and a clone below a directory of mode
# 0700, as /root is: there the unit tests, some others and `bootstrap run` work
# as anywhere else.
#
# A time namespace (time_namespaces(7)) gives its processes a monotonic clock
# that begins anew; nothing is simulated.
use strict;
use warnings;
use File::Temp;
use Test::More;
use lib "$ENV{PIERRE_SOURCE}/tests/support";
use Pierre;
use Process qw(becomes_ready);

plan skip_all => 'only root can keep the user of the service out of a directory' if $> != 0;

my $tmp = File::Temp->newdir('pf.XXXXXX', DIR => Pierre::short_tmp());
chmod 0755, "$tmp";
my ($clone, $build) = ("$tmp/closed/clone", "$tmp/closed/build");
mkdir "$tmp/closed", 0700;
mkdir $_ for $clone, $build, "$build/tests";

sub copied {
	my ($to, @from) = @_;
	my $r = Pierre::capture([ 'cp', '-a', @from, $to ], {});
	is $r->{status}, 0, "copied to $to" or BAIL_OUT($r->{err});
}
copied($clone, grep { -e } map { "$Pierre::SOURCE/$_" } qw(bootstrap configure configure.ac Makefile.am
	Makefile.in src include nginx sql systemd tests README.md));
copied($build, map { "$Pierre::BUILD/$_" } qw(config.h pierre));
copied("$build/tests", map { "$Pierre::BUILD/tests/$_" } qw(unit db support));

# The whole seconds that this machine is up are taken off its clock.
my ($uptime) = Pierre::slurp('/proc/uptime') =~ /^(\d+)/;
my @young = ('unshare', '--time', "--monotonic=-$uptime", '--fork', '--');
my @clock = ($^X, '-MTime::HiRes=clock_gettime,CLOCK_MONOTONIC', '-e', 'print clock_gettime(CLOCK_MONOTONIC)');
my $clock = Pierre::capture([ @young, @clock ], {});
SKIP: {
	skip "no time namespaces here: $clock->{err}", 1 if $clock->{status};
	cmp_ok $clock->{out}, '<', 60, 'the clock of a machine just started';
}
@young = () if $clock->{status};

sub passes {
	my ($name, @tests) = @_;
	my @cluster = $ENV{PIERRE_TEST_PG_ADMIN} ? ('--keep-cluster', $ENV{PIERRE_TEST_PG_ADMIN}) : ('--sqlite-only');
	my $r = Pierre::capture([ @young, $^X, "$clone/tests/run", '-j', 4, @cluster, @tests ],
		{ PIERRE_BUILD => $build, PIERRE_SOURCE => $clone });
	is $r->{status}, 0, $name or diag $r->{out}, $r->{err};
}
passes('unit tests', '--only', 'unit');
passes('tests with the service, and with moments in shared memory',
	qw(db/op_cache http/health.t http/keys.t http/limits.t process/changes.t));

# run from there: nothing of the clone can be reached by the service
my $state = "$clone/var";
my ($https, $http) = (Pierre::free_port(), Pierre::free_port());
my $log = "$tmp/run.log";
my $pid = fork // die "fork: $!";
if (!$pid) {
	%ENV = (PATH => $ENV{PATH}, HOME => "$tmp", HTTPS_PORT => $https, HTTP_PORT => $http,
		BUILD_DIR => $Pierre::BUILD, BACKEND => (Pierre::backends())[0]);
	open STDIN, '<', '/dev/null';
	open STDOUT, '>', $log;
	open STDERR, '>&', \*STDOUT;
	exec +(grep { $_ ne '--fork' } @young), "$clone/bootstrap", 'run';   # TERM is for bootstrap itself
}
my $end = time + 90;
select undef, undef, undef, 0.1 until -e "$state/run.env" || time > $end || waitpid($pid, POSIX::WNOHANG()) == $pid;
my %env = map { /^(\w+)=(.*)$/ ? ($1, $2) : () } split /\n/, Pierre::slurp("$state/run.env");
my $ca = $env{CA_FILE};
ok $ca, 'bootstrap run answers' or diag Pierre::slurp($log);
becomes_ready(Pierre::Client->new(port => $https, ca => $ca), 'and is ready') if $ca;
kill 'TERM', $pid;
waitpid $pid, 0;
my ($moved) = Pierre::slurp($log) =~ m{data, keys and logs are in (/var/tmp/pierre-\d+)\.};
ok $moved, 'with its data where the service reaches it';
system 'rm', '-rf', grep { defined } $moved, $env{RUNTIME_DIR};
done_testing;
