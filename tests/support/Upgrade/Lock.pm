package Upgrade::Lock;
# How long a migration holds its lock, seen from beside: on PostgreSQL one on the tables
# of before that stops who writes or reads them, on SQLite the writer lock. Looked at about
# each millisecond.
#
#   my $ends = Upgrade::Lock::watch($p);
#   ...
#   my ($held, $waited) = $ends->();     # milliseconds; waited: by others, PostgreSQL alone
#   my @held = Upgrade::Lock::alone($p, 3);   # of so many copies of the database, each migrated alone
use strict;
use warnings;
use Errno qw(EINTR);
use POSIX ();
use Time::HiRes qw(sleep time);
use Pierre;
use Process qw(await);

use constant { OFD_GETLK => 36, WRLCK => 1, UNLCK => 2 };

sub watch {
	my ($p, $url) = @_;
	return ($p->{backend} eq 'postgresql' ? \&watch_tables : \&watch_writer)->($p, $url // $p->{url});
}

# Nobody else has the database open.
sub alone {
	my ($p, $n) = @_;
	return map {
		my ($url, $remove) = $p->{backend} eq 'postgresql' ? copy_database($p) : copy_file($p);
		my $ends = watch($p, $url);
		my $r = $p->cli(qw(db migrate), env => { DATABASE_URL => $url });
		my ($held) = $ends->();
		$remove->();
		die "db migrate: $r->{err}" if $r->{status};
		$held;
	} 1 .. $n;
}

# --- PostgreSQL --------------------------------------------------------------------------

sub copy_database {
	my ($p) = @_;
	my $name = "$p->{database}_copy";
	Pierre::Psql::end($p->{url});   # a session of ours; CREATE DATABASE waits until it has gone
	Pierre::psql("CREATE DATABASE $name TEMPLATE $p->{database} OWNER pierre");
	return (Pierre::database_url($p->{url}, $name), sub { Pierre::psql("DROP DATABASE $name WITH (FORCE)") });
}

my $LOOK = <<'SQL';
DO $$
DECLARE
	had OID[] := ARRAY(SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace);
	-- a table has the same number in databases that were copied from one
	mine OID := (SELECT oid FROM pg_database WHERE datname = current_database());
	longest DOUBLE PRECISION;
	wait DOUBLE PRECISION := 0;
	longest_wait DOUBLE PRECISION := 0;
BEGIN
	CREATE TEMP TABLE held (who TEXT PRIMARY KEY, since TIMESTAMPTZ, until TIMESTAMPTZ);
	RAISE NOTICE 'watching';
	LOOP
		INSERT INTO held SELECT virtualtransaction, clock_timestamp(), clock_timestamp()
			FROM pg_locks WHERE granted AND database = mine AND relation = ANY (had)
				AND mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
			GROUP BY virtualtransaction ON CONFLICT (who) DO UPDATE SET until = clock_timestamp();
		SELECT max(EXTRACT(EPOCH FROM clock_timestamp() - waitstart)) INTO wait
			FROM pg_locks WHERE NOT granted AND database = mine AND relation = ANY (had);
		longest_wait := GREATEST(longest_wait, wait);
		EXIT WHEN EXISTS (SELECT 1 FROM watch_ends);
		PERFORM pg_sleep(0.001);
	END LOOP;
	SELECT max(EXTRACT(EPOCH FROM until - since)) INTO longest FROM held;
	RAISE NOTICE 'held % waited %', COALESCE(longest, 0) * 1000, longest_wait * 1000;
END $$
SQL

sub watch_tables {
	my ($p, $url) = @_;
	my $out = "$p->{dir}/watch.out";
	Pierre::psql('CREATE TABLE watch_ends (n INTEGER)', $url);
	my $pid = $p->spawn('psql', [ 'psql', '-Xq', '-d', $url, '-c', $LOOK ], { PATH => $ENV{PATH} }, $out);
	await('the watch', sub { Pierre::slurp($out) =~ /watching/ });
	return sub {
		Pierre::psql('INSERT INTO watch_ends VALUES (1)', $url);
		waitpid $pid, 0;
		delete $p->{pids}{$pid};
		Pierre::psql('DROP TABLE watch_ends', $url);
		my @ms = Pierre::slurp($out) =~ /held ([\d.]+) waited ([\d.]+)/ or die Pierre::slurp($out);
		unlink $out;
		return map { sprintf '%.1f', $_ } @ms;
	};
}

# --- SQLite --------------------------------------------------------------------------------

sub file_of { my ($url) = @_; return $url =~ s/^sqlite://r }

sub copy_file {
	my ($p) = @_;
	my ($from, $to) = (file_of($p->{url}), "$p->{dir}/state/copy.db");
	for ([ 'cp', $from, $to ], [ 'touch', "$to.writer" ]) {
		my $r = Pierre::capture($_, {}, user => 1);
		die "@$_: $r->{err}" if $r->{status};
	}
	return ("sqlite:$to", sub { unlink glob "$to*" });
}

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
	my ($p, $url) = @_;
	my $file = file_of($url);
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
