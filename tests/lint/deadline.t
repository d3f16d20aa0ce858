# tests/support/deadline: a test that does not end, or leaves a process, fails.
use strict;
use warnings;
use File::Temp ();
use Test::More;
use lib "$ENV{PIERRE_SOURCE}/tests/support";
use Pierre;

my $deadline = "$Pierre::SOURCE/tests/support/deadline";
my $tmp = File::Temp->newdir;
sub under { my ($seconds, $script) = @_; return Pierre::capture([ $deadline, $seconds, 'sh', '-c', $script ], {}) }

my $r = under(600, 'echo ok 1; exit 3');
like $r->{out}, qr/\Aok 1\n# CPU \d+\.\d s\n\z/, 'what a test prints is handed on, with its CPU time';
is $r->{status}, 3, 'and its status';
is under(600, 'kill -ABRT $$')->{status}, 128 + 6, 'and the signal that ended it';
is under(600, '(sleep 0.2)& exit 0')->{status}, 0, 'what ends just after the test is waited for';

sub gone {
	my ($what) = @_;
	open my $f, '<', "$tmp/pid" or die "no pid: $!";
	chomp(my $pid = <$f>);
	ok !kill(0, $pid), "$what is gone";
}

# as long as a busy machine may need to begin
$r = under(20, "setsid sh -c 'echo \$\$ >$tmp/pid; exec sleep 1000' & wait");
is $r->{status}, 124, 'a test that does not end fails';
like $r->{out}, qr/^not ok - ended within 20 s$/m, 'says so';
like $r->{out}, qr/^# process \d+ \(S \w+\): sleep 1000/m, 'and which processes there were';
gone('its daemon');

$r = under(600, "setsid sh -c 'echo \$\$ >$tmp/pid; exec sleep 1000' & while [ ! -s $tmp/pid ]; do sleep 0.1; done");
is $r->{status}, 124, 'a test that leaves a process behind fails';
like $r->{out}, qr/^not ok - left no process behind$/m, 'says so';
gone('the process');
done_testing;
