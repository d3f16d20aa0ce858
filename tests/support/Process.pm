package Process;
# What the tests of processes share: waiting for a condition (never for a
# time), reading the log, looking at children, and load from several clients.
use strict;
use warnings;
use Carp qw(croak);
use Errno qw(EACCES EAGAIN);
use Exporter qw(import);
use POSIX ();
use Test::More ();
use Time::HiRes qw(sleep time);
use FastCGI;

our @EXPORT_OK = qw(await await_change becomes_ready alive comm children await_log count_log start_load stop_load
	half_request hold_usage hold_writes lines_of lock_file metric proc_file);

our $PATIENCE = 60;   # seconds until a condition counts as never true
our $PAUSE = 0.01;    # seconds between looks
our $BETWEEN = 0.003;  # and between requests of a client: the rest of the machine is for what is done meanwhile

sub await {
	my ($what, $condition, $p) = @_;
	my $end = time + $PATIENCE;
	while (1) {
		my $r = $condition->();
		return $r if $r;
		my $why = time > $end ? "gave up after $PATIENCE s" : $p && !$p->running ? 'the master ended' : '';
		croak "$why while waiting for: $what", $p ? "\n" . $p->log : '' if $why && !$condition->();
		sleep $PAUSE;
	}
}

# Seconds from now to the beginning of the last look that did not see it: what the machine takes
# for a look after that says nothing of how long it was not to be seen.
sub await_change {
	my ($what, $condition, $p) = @_;
	my ($from, $last) = (time, 0);
	await($what, sub { my $at = time; return 1 if $condition->(); $last = $at - $from; return 0 }, $p);
	return $last;
}

# /health/ready gives the database 250 ms, and a busy machine may need longer: asked at a socket,
# or through nginx by what has get(), until it is 200. The last reply.
sub becomes_ready {
	my ($of, $name, $p) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $r;
	eval { await($name, sub { $r = ref $of ? $of->get('/health/ready') : FastCGI::get($of, '/health/ready'); $r->{status} == 200 }, $p) };
	Test::More::is($r->{status}, 200, $name) or Test::More::diag($@);
	return $r;
}

# --- processes ------------------------------------------------------------------

sub proc_file {
	my ($pid, $name) = @_;
	open my $f, '<', "/proc/$pid/$name" or return '';
	local $/;
	return readline($f) // '';
}

# A process that is there and not only waiting to be reaped.
sub alive { return proc_file($_[0], 'stat') =~ /\) [^ZX] / }
sub comm { my $c = proc_file($_[0], 'comm'); chomp $c; return $c }

# pid => name ("fast/0", "scheduler/0") of the master's children.
sub children {
	my ($p) = @_;
	my %of;
	for my $pid ($p->workers) {
		my $name = comm($pid);
		$of{$pid} = $name =~ s/^pierre //r if $name =~ /^pierre \w/;
	}
	return %of;
}

# --- the log ----------------------------------------------------------------------

sub lines_of { my ($p, $re) = @_; return grep { /$re/ } split /\n/, $p->log }
sub count_log { return scalar lines_of(@_) }
sub await_log {
	my ($p, $re, $n) = @_;
	$n //= 1;
	return await("$n x $re in the log", sub { count_log($p, $re) >= $n }, $p);
}

# --- load ---------------------------------------------------------------------------

# n clients call $once->($i) until stopped, with a pause between two calls: it returns ''
# (served), 'refused' (nobody listens: the client ends), or a sentence (a failure).
sub start_load {
	my ($n, $once) = @_;
	my @clients;
	for my $i (0 .. $n - 1) {
		pipe my $in, my $out or die "pipe: $!";
		my $pid = fork // die "fork: $!";
		if (!$pid) {
			close $in;
			client($i, $once, $out);
		}
		close $out;
		push @clients, { pid => $pid, in => $in };
	}
	# each has been served once before anything is done to the service
	for (@clients) {
		my $line = readline $_->{in};
		croak "a client of the load ended at once: " . ($line // '') unless ($line // '') eq "served\n";
	}
	return \@clients;
}

sub client {
	my ($i, $once, $out) = @_;
	my ($stop, $served, @failed) = (0, 0);
	local $SIG{TERM} = sub { $stop = 1 };
	local $SIG{INT} = 'DEFAULT';
	$out->autoflush(1);
	while (!$stop) {
		my $r = eval { $once->($i) } // "died: $@";
		last if $r eq 'refused';
		push @failed, $r =~ s/\n.*//sr if $r;
		print $out "served\n" if !$r && !$served++;
		last if @failed > 20;
		sleep $BETWEEN;
	}
	print $out "$served\n", map { "$_\n" } @failed;
	close $out;
	POSIX::_exit(0);
}

# (served, [failures]). tell => 0: wait until they end by themselves.
sub stop_load {
	my ($clients, %o) = @_;
	my ($served, @failed) = (0);
	for (@$clients) {
		kill 'TERM', $_->{pid} if $o{tell} // 1;
	}
	for (@$clients) {
		my @lines = readline $_->{in};
		chomp @lines;
		$served += shift(@lines) // 0;
		push @failed, @lines;
		waitpid $_->{pid}, 0;
	}
	return ($served, \@failed);
}

# --- databases that make wait -------------------------------------------------------

# The driver's kind of lock (F_OFD_SETLK, whole file); undef = somebody has it.
sub lock_file {
	my ($path) = @_;
	open my $f, '+<', $path or die "$path: $!";
	my $lock = pack 's! s! x![q] q q l! x![q]', 1, 0, 0, 0, 0;   # F_WRLCK, SEEK_SET
	return $f if fcntl $f, 37, $lock;
	return $!{EAGAIN} || $!{EACCES} ? undef : die "lock $path: $!";
}

# From here on whoever writes this table (users) waits, until the code that is returned
# is called; on SQLite whoever writes.
sub hold_writes {
	my ($p, $table) = @_;
	if ($p->{backend} eq 'sqlite') {
		my ($file) = $p->{url} =~ /^sqlite:(.*)/;
		my $lock = await('the writer lock', sub { lock_file("$file.writer") });
		return sub { close $lock if $lock; undef $lock };
	}
	return hold_table($p, $table // 'users');
}

sub hold_table {
	my ($p, $table) = @_;
	my $pid = $p->spawn('psql', [ 'psql', '-Xq', '-d', $p->{url}, '-c',
		"BEGIN; LOCK TABLE $table IN EXCLUSIVE MODE; SELECT pg_sleep(600)" ],
		{ PATH => $ENV{PATH} }, "$p->{dir}/psql.log");
	# a table has the same number in databases that were copied from one
	await("the lock on $table", sub {
		$p->sql("SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database WHERE datname = current_database()
			AND mode = 'ExclusiveLock' AND granted AND relation = '$table'::regclass") > 0;
	});
	return sub {
		return unless $pid;
		kill 'INT', $pid;
		waitpid $pid, 0;
		delete $p->{pids}{$pid};
		undef $pid;
	};
}

# From here on the recorder waits, until the code that is returned is called.
sub hold_usage {
	my ($p) = @_;
	if ($p->{backend} eq 'sqlite') {
		my ($month) = reverse months($p);
		my $lock = await('the writer lock', sub { lock_file("$month.writer") });
		return sub { close $lock if $lock; undef $lock };
	}
	return hold_table($p, 'usage_rows');
}

# SQLite: the months' files, oldest first.
sub months {
	my ($p) = @_;
	my ($file) = $p->{url} =~ /^sqlite:(.*)/;
	return sort grep { /-\d\d$/ } glob "$file.usage-*";
}

# --- /metrics ---------------------------------------------------------------------------

# A value of the page; a service that has just started may not have one yet.
sub metric {
	my ($p, $name) = @_;
	return await($name, sub {
		my $s = FastCGI::open_socket($p->{env}{METRICS_SOCKET}) or return;
		FastCGI::send_bytes($s, "GET /metrics HTTP/1.0\r\n\r\n");
		my $page = do { local $/; readline $s } // '';
		return $page =~ /^\Q$name\E (-?[\d.]+)$/m ? \"$1" : undef;
	}, $p)->$*;
}

# --- requests -------------------------------------------------------------------------

# A request whose body has not all come: it keeps a worker until the second
# half is sent. Returns (socket, second half).
sub half_request {
	my ($path, $target, $body, %o) = @_;
	my $s = FastCGI::open_socket($path) // die "connect: $!";
	my $bytes = FastCGI::begin()
		. FastCGI::stream(FastCGI::F_PARAMS, FastCGI::environment('POST', $target, $body, %o));
	my $half = int(length($body) / 2);
	$bytes .= FastCGI::record(FastCGI::F_STDIN, substr $body, 0, $half);
	FastCGI::send_bytes($s, $bytes) or die "send: $!";
	return ($s, FastCGI::stream(FastCGI::F_STDIN, substr $body, $half));
}

1;
