package Mutant::Runner;
# Runs tests of a tree, some at once, each process in a slot: a number that
# has a directory for temporary files and a PostgreSQL cluster of its own.
#
#   my $r = Mutant::Runner->new(dir => ..., slots => 3);
#   $r->each(sub { next job or undef }, sub { my ($job, $slot) = @_; in a child });
#   my $run = $r->test($tree_dir, $test, $slot, $limit, %env);
#   # {good, seconds, timeout, text}
use strict;
use warnings;
use File::Path qw(make_path remove_tree);
use POSIX ();
use Time::HiRes qw(time sleep);
use Pierre;

sub new {
	my ($class, %o) = @_;
	return bless { running => {}, clusters => {}, owner => $$, %o }, $class;
}

sub slot_dir { my ($self, $slot) = @_; return "$self->{dir}/$slot" }

# The cluster is left running between tests, and found again by the next run.
sub cluster {
	my ($self, $slot) = @_;
	my $dir = $self->slot_dir($slot) . '/pg';
	make_path($self->slot_dir($slot));
	my $tool = "$Pierre::SOURCE/tests/support/pg-cluster";
	my $r = Pierre::capture([ $tool, 'start', '--set', 'max_connections=200', $dir ], {});
	die "tests/mutants: no PostgreSQL cluster: $r->{err}" if $r->{status};
	chomp(my $url = $r->{out});
	chomp(my $admin = Pierre::capture([ $tool, 'admin-url', $dir ], {})->{out});
	return $self->{clusters}{$slot} = { dir => $dir, url => $url, admin => $admin };
}

sub stop {
	my ($self) = @_;
	return if $self->{owner} != $$;
	kill 'KILL', map { -$_ } keys %{ $self->{running} };
	Pierre::capture([ "$Pierre::SOURCE/tests/support/pg-cluster", 'stop', '-m', 'immediate', $_->{dir} ], {})
		for values %{ $self->{clusters} };
	$self->{clusters} = {};
}

# One child a job, as many at once as there are slots.
sub each {
	my ($self, $next, $work) = @_;
	my @free = 1 .. $self->{slots};
	while (1) {
		while (@free && defined(my $job = $next->())) {
			my $slot = shift @free;
			my $pid = fork // die "fork: $!\n";
			$self->child($work, $job, $slot) if !$pid;
			$self->{running}{$pid} = $slot;
		}
		last unless keys %{ $self->{running} };
		my $pid = wait;
		push @free, delete $self->{running}{$pid} // next;
		die "tests/mutants: a worker failed (status $?)\n" if $?;
	}
}

# Processes that a test leaves behind become children of this one, which ends them.
sub child {
	my ($self, $work, $job, $slot) = @_;
	setpgrp;
	$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
	syscall 157, 36, 1, 0, 0, 0 if $^O eq 'linux' && `uname -m` =~ /^x86_64/;   # PR_SET_CHILD_SUBREAPER
	my $good = eval { $work->($job, $slot); 1 };
	print STDERR $@ if !$good;
	POSIX::_exit($good ? 0 : 1);
}

sub end_left_over {
	for (1 .. 100) {
		open my $f, '<', "/proc/$$/task/$$/children" or return;
		my @left = split ' ', <$f> // '' or return;
		kill 'KILL', @left;
		1 while waitpid(-1, POSIX::WNOHANG) > 0;
		sleep 0.02;
	}
}

# --- one test ---------------------------------------------------------------

sub test {
	my ($self, $tree, $test, $slot, $limit, %env) = @_;
	my $cluster = $self->{clusters}{$slot};
	my $tmp = $self->slot_dir($slot) . '/t';
	make_path($tmp);
	chmod 0755, $self->{dir}, $self->slot_dir($slot), $tmp;
	my $out = $self->slot_dir($slot) . '/out';
	my $from = time;
	my $pid = fork // die "fork: $!\n";
	if (!$pid) {
		%ENV = (%ENV, %env, PIERRE_BUILD => "$tree/build", PIERRE_TEST_PG => $cluster->{url}, TMPDIR => $tmp);
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', $out;
		open STDERR, '>&', \*STDOUT;
		chdir $tree or die "$tree: $!\n";
		# a mutant may write, and take memory, without end
		my @run = ("$tree/tests/run", '-j', 2, '--keep-cluster', $cluster->{admin},
			($test->{backend} ? "--$test->{backend}-only" : ()), $test->{file});
		exec 'sh', '-c', 'ulimit -f 2000000; ulimit -v 8000000; exec "$@"', 'sh', $^X, @run or POSIX::_exit(127);
	}
	my $timeout = wait_for($pid, $limit);
	my $run = { good => $? == 0 && !$timeout, timeout => $timeout, seconds => time - $from,
		text => Mutant::Tree::slurp($out) };
	end_left_over();
	$self->clean($cluster, $tmp) if !$run->{good} || $test->{backend} ne 'sqlite';
	return $run;
}

sub wait_for {
	my ($pid, $limit) = @_;
	my $end = time + $limit;
	while (waitpid($pid, POSIX::WNOHANG) == 0) {
		if (time > $end) {
			kill 'KILL', $pid;
			waitpid $pid, 0;
			return 1;
		}
		sleep 0.05;
	}
	return 0;
}

sub clean {
	my ($self, $cluster, $tmp) = @_;
	remove_tree($tmp, { keep_root => 1, error => \my $errors });
	my @left = split /\n/, Pierre::psql("SELECT datname FROM pg_database WHERE datname ~ '^ptr?_[0-9]'", $cluster->{admin});
	Pierre::psql("DROP DATABASE IF EXISTS $_ WITH (FORCE)", $cluster->{admin}) for @left;
}

# What a failing test said first.
sub reason {
	my ($run) = @_;
	return 'time is up' if $run->{timeout};
	my ($line) = $run->{text} =~ /^\s*(not ok\b.*?)\s*$/m;
	($line) = $run->{text} =~ /^\s*((?:exit status|.*Parse error|.*Bad plan|No plan).*?)\s*$/m if !$line;
	return substr +($line // 'ended early') =~ s/^not ok \d+ - //r, 0, 120;
}

1;
