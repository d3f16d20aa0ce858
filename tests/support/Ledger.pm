package Ledger;
# Both sides of the bill: what clients of /verify know of each request id, and
# what was written down of it. As nginx does, a client keeps its connection and
# asks once more, with the same id, when it gets no answer.
#
#   my $clients = Ledger::start($p, keys => [ $key, ... ]);
#   ...
#   my $asked = $clients->();          # stop, and what they know
#   my @rows = Ledger::rows($p);
use strict;
use warnings;
use Exporter qw(import);
use POSIX ();
use Time::HiRes qw(sleep);
use FastCGI;
use Pierre;
use Process qw(await);

our @EXPORT_OK = qw(missing recorded repeated);

my $KEEP = 50;   # requests on a connection, so that new workers get some too
my $loads = 0;

# clients (8); keys: texts of API keys, dealt out to the clients. Returns a
# function that stops them and gives {sent => {id => how often}, answered =>
# {id => key}, lost => requests without an answer, other => {status => how often}};
# key is an index into keys.
sub start {
	my ($p, %o) = @_;
	my $load = ++$loads;
	my @clients = map {
		my $key = $_ % @{ $o{keys} };
		my $file = "$p->{dir}/asked.$load.$_";
		my $pid = fork // die "fork: $!";
		client($p, $file, $load, $_, $o{keys}[$key]) if !$pid;
		{ pid => $pid, file => $file, key => $key };
	} 0 .. ($o{clients} // 8) - 1;
	await('each client to be answered', sub { @clients == grep { -s $_->{file} } @clients }, $p);
	return sub { return stop(@clients) };
}

sub client {
	my ($p, $file, $load, $number, $key) = @_;
	my ($stop, $s) = 0;
	my $test = getppid;
	local $SIG{TERM} = sub { $stop = 1 };
	open my $ledger, '>', $file or POSIX::_exit(1);
	$ledger->autoflush(1);
	my ($before, $after) = split /#{32}/, FastCGI::message('GET', '/verify', '', keep => 1, params => {
		HTTP_X_API_KEY => $key, PIERRE_ROUTE => 'load', REQUEST_ID => '#' x 32 });
	for (my $n = 0; !$stop; $n++) {
		my $id = sprintf '%08x%08x%016x', $load, $number, $n;
		my ($sent, $status) = (0, 0);
		while (!$status && $sent < 2) {
			if (!($s //= FastCGI::open_socket($p->{fast_socket}))) {
				last if $stop ||= getppid != $test;
				sleep 0.002;   # nobody listens: the next master will
				next;
			}
			$sent++;
			$status = FastCGI::send_bytes($s, $before . $id . $after) ? FastCGI::reply($s, keep => 1)->{status} : 0;
			undef $s if !$status || $n % $KEEP == 0;
		}
		print $ledger "$id $sent $status\n" if $sent;
		$ledger->autoflush(0) if $status == 200;
		sleep $Process::BETWEEN;
	}
	close $ledger or POSIX::_exit(1);
	POSIX::_exit(0);
}

sub stop {
	my %sum = (sent => {}, answered => {}, lost => 0, other => {}, failed => 0);
	kill 'TERM', map { $_->{pid} } @_;
	for my $c (@_) {
		waitpid $c->{pid}, 0;
		$sum{failed}++ if $?;
		for (split /\n/, Pierre::slurp($c->{file})) {
			my ($id, $sent, $status) = split;
			$sum{sent}{$id} = $sent;
			$sum{lost} += $sent - ($status ? 1 : 0);
			$sum{answered}{$id} = $c->{key} if $status == 200;
			$sum{other}{$status}++ if $status && $status != 200;
		}
		unlink $c->{file};
	}
	return \%sum;
}

# --- what was written down --------------------------------------------------------

# Files, or partitions, of months: {"2026-11" => file or table}.
sub months {
	my ($p) = @_;
	if ($p->{backend} eq 'sqlite') {
		my ($file) = $p->{url} =~ /^sqlite:(.*)/;
		return map { /\.usage-(\d{4}-\d\d)$/ ? ($1 => $_) : () } glob "$file.usage-*";
	}
	return map { /^usage_rows_(\d{4})_(\d\d)$/ ? ("$1-$2" => $_) : () }
		split /\n/, $p->sql("SELECT relname FROM pg_class WHERE relname LIKE 'usage_rows_%'");
}

sub select_all {
	my ($p, $where, $sql) = @_;
	return split /\n/, $p->sql($sql =~ s/\bFROM usage_rows\b/FROM $where/r) if $p->{backend} eq 'postgresql';
	my $r = Pierre::capture([ 'sqlite3', '-batch', '-init', '/dev/null', $where, '.timeout 60000', $sql ], {}, user => 1);
	die $r->{err} if $r->{status} && $r->{err} !~ /no such table/;   # just being made
	return split /\n/, $r->{out};
}

# Of all months, or one: [id, key id, month of its time, month it stands in].
sub rows {
	my ($p) = @_;
	my %of = months($p);
	my $month = $p->{backend} eq 'sqlite' ? 'substr(requested_at, 1, 7)' : "to_char(requested_at AT TIME ZONE 'UTC', 'YYYY-MM')";
	return map { my $in = $_; map { [ split(/\|/, $_), $in ] }
		select_all($p, $of{$in}, "SELECT request_id, key_id, $month FROM usage_rows") } sort keys %of;
}

# Of one key, the route of each row.
sub routes {
	my ($p, $key_id) = @_;
	return map { select_all($p, $_, "SELECT route FROM usage_rows WHERE key_id = '$key_id'") } values %{ { months($p) } };
}

sub count {
	my ($p) = @_;
	my %of = months($p);
	my $n = 0;
	$n += $_ for map { select_all($p, $_, 'SELECT count(*) FROM usage_rows') } values %of;
	return $n;
}

# Request ids of all rows, sorted, repeats and all.
sub recorded { return sort map { $_->[0] } rows($_[0]) }

# --- lists ---------------------------------------------------------------------------

# What is in the second list, and not in the first.
sub missing {
	my ($have, $want) = @_;
	my %have = map { $_ => 1 } @$have;
	return grep { !$have{$_} } @$want;
}

sub repeated {
	my %n;
	return grep { $n{$_}++ == 1 } @_;
}

1;
