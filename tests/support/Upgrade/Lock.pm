package Upgrade::Lock;
# How long a migration holds its lock, seen from beside: on PostgreSQL ACCESS EXCLUSIVE
# on the tables of before, on SQLite the writer lock. Looked at about each millisecond.
#
#   my $ends = Upgrade::Lock::watch($p);
#   ...
#   my ($held, $waited) = $ends->();     # milliseconds; waited: by others, PostgreSQL alone
use strict;
use warnings;
use Errno qw(EINTR);
use POSIX ();
use Time::HiRes qw(sleep time);
use Pierre;
use Process qw(await);

use constant { OFD_GETLK => 36, WRLCK => 1, UNLCK => 2 };

sub watch { my ($p) = @_; return $p->{backend} eq 'postgresql' ? watch_tables($p) : watch_writer($p) }

# --- PostgreSQL --------------------------------------------------------------------------

my $LOOK = <<'SQL';
DO $$
DECLARE
	had OID[] := ARRAY(SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace);
	longest DOUBLE PRECISION;
	wait DOUBLE PRECISION := 0;
	longest_wait DOUBLE PRECISION := 0;
BEGIN
	CREATE TEMP TABLE held (who TEXT PRIMARY KEY, since TIMESTAMPTZ, until TIMESTAMPTZ);
	RAISE NOTICE 'watching';
	LOOP
		INSERT INTO held SELECT virtualtransaction, clock_timestamp(), clock_timestamp()
			FROM pg_locks WHERE granted AND mode = 'AccessExclusiveLock' AND relation = ANY (had)
			GROUP BY virtualtransaction ON CONFLICT (who) DO UPDATE SET until = clock_timestamp();
		SELECT max(EXTRACT(EPOCH FROM clock_timestamp() - waitstart)) INTO wait
			FROM pg_locks WHERE NOT granted AND relation = ANY (had);
		longest_wait := GREATEST(longest_wait, wait);
		EXIT WHEN EXISTS (SELECT 1 FROM watch_ends);
		PERFORM pg_sleep(0.001);
	END LOOP;
	SELECT max(EXTRACT(EPOCH FROM until - since)) INTO longest FROM held;
	RAISE NOTICE 'held % waited %', COALESCE(longest, 0) * 1000, longest_wait * 1000;
END $$
SQL

sub watch_tables {
	my ($p) = @_;
	my $out = "$p->{dir}/watch.out";
	$p->sql('CREATE TABLE watch_ends (n INTEGER)');
	my $pid = $p->spawn('psql', [ 'psql', '-Xq', '-d', $p->{url}, '-c', $LOOK ], { PATH => $ENV{PATH} }, $out);
	await('the watch', sub { Pierre::slurp($out) =~ /watching/ });
	return sub {
		$p->sql('INSERT INTO watch_ends VALUES (1)');
		waitpid $pid, 0;
		delete $p->{pids}{$pid};
		$p->sql('DROP TABLE watch_ends');
		my @ms = Pierre::slurp($out) =~ /held ([\d.]+) waited ([\d.]+)/ or die Pierre::slurp($out);
		unlink $out;
		return map { sprintf '%.1f', $_ } @ms;
	};
}

# --- SQLite --------------------------------------------------------------------------------

# Would somebody who asks for it wait?
sub is_held {
	my ($f) = @_;
	my $lock = pack 's! s! x![q] q q l! x![q]', WRLCK, 0, 0, 0, 0;   # SEEK_SET
	fcntl $f, OFD_GETLK, $lock or die "fcntl: $!";
	return unpack('s!', $lock) != UNLCK;
}

sub look {
	my ($path, $out) = @_;
	my ($stop, $since, $longest) = (0, 0, 0);
	local $SIG{TERM} = sub { $stop = 1 };
	open my $f, '<', $path or POSIX::_exit(1);
	syswrite $out, "watching\n";
	while (!$stop) {
		my $held = is_held($f);
		$since ||= time if $held;
		$longest = time - $since if $since && time - $since > $longest;
		$since = 0 if !$held;
		sleep 0.001;
	}
	syswrite $out, sprintf "%.1f\n", 1000 * $longest;
	POSIX::_exit(0);
}

sub watch_writer {
	my ($p) = @_;
	my ($file) = $p->{url} =~ /^sqlite:(.*)/;
	pipe my $in, my $out or die "pipe: $!";
	my $pid = fork // die "fork: $!";
	look("$file.writer", $out) if !$pid;
	close $out;
	readline $in;
	return sub {
		kill 'TERM', $pid;
		chomp(my $ms = readline $in);
		waitpid $pid, 0;
		return ($ms);
	};
}

1;
