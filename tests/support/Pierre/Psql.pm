package Pierre::Psql;
# One psql for each process of a test and each of its databases, asked again and again: to
# start one takes a hundred times as long as most statements.
use strict;
use warnings;
use IO::Handle;
use POSIX ();

my %running;   # by process and URL: { pid, in, out }
my $END = '-- end of answer ';
my $asked = 0;
my $PATIENCE = 120;   # seconds; a bound for a hang, such as a quote that is left open

END {
	my $status = $?;
	end_all();
	$? = $status;
}

sub start {
	my ($url) = @_;
	pipe my $theirs, my $in or die "pipe: $!\n";
	pipe my $out, my $answers or die "pipe: $!\n";
	my $pid = fork // die "fork: $!\n";
	if (!$pid) {
		open STDIN, '<&', $theirs;
		open STDOUT, '>&', $answers;
		open STDERR, '>', '/dev/null';
		{ no warnings 'exec'; exec 'psql', '-XqAt', '-d', $url; }
		POSIX::_exit(127);
	}
	$in->autoflush(1);
	return { pid => $pid, in => $in, out => $out };
}

# What one statement prints, or undef when psql or its connection has ended: nobody knows then
# whether it was run. Dies when the server refuses it.
sub ask {
	my ($url, $sql) = @_;
	my $psql = $running{$$}{$url} //= start($url);
	my $mark = $END . ++$asked;
	local $SIG{PIPE} = 'IGNORE';
	local $SIG{ALRM} = sub { end($url); die "psql: no answer within $PATIENCE s: $sql\n" };
	alarm $PATIENCE;
	print { $psql->{in} } "$sql\n;\n\\if :ERROR\n\\echo :LAST_ERROR_MESSAGE\n\\endif\n\\echo '$mark' :ERROR\n";
	my $answer = '';
	while (defined(my $line = readline $psql->{out})) {
		if ($line !~ /^\Q$mark\E (true|false)$/) { $answer .= $line; next }
		alarm 0;
		die "psql: ERROR:  $answer" if $1 eq 'true';
		return $answer;
	}
	alarm 0;
	end($url);
	return;
}

# Is it there? A psql whose connection was ended says so when it is asked.
sub lives { my ($url) = @_; return defined eval { ask($url, 'SELECT 1') } }

sub end {
	my ($url) = @_;
	my $psql = delete $running{$$}{$url} or return;
	close $psql->{in};
	kill 'TERM', $psql->{pid};
	waitpid $psql->{pid}, 0;
}

sub end_all { end($_) for keys %{ $running{$$} // {} } }

1;
