package Pierre::Psql;
# One psql for each process of a test and each of its databases, asked again and again: to
# start one takes a hundred times as long as most statements.
use strict;
use warnings;
use IO::Handle;
use POSIX ();

my %running;   # by process and URL: { pid, in, out }
my $END = '-- end of the answer --';

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
	local $SIG{PIPE} = 'IGNORE';
	print { $psql->{in} } "$sql\n;\n\\echo '$END' :ERROR :LAST_ERROR_MESSAGE\n";
	my $answer = '';
	while (defined(my $line = readline $psql->{out})) {
		return $answer if $line =~ /^\Q$END\E false /;
		die "psql: ERROR:  $1\n" if $line =~ /^\Q$END\E true (.*)/;
		$answer .= $line;
	}
	end($url);
	return;
}

sub end {
	my ($url) = @_;
	my $psql = delete $running{$$}{$url} or return;
	close $psql->{in};
	kill 'TERM', $psql->{pid};
	waitpid $psql->{pid}, 0;
}

sub end_all { end($_) for keys %{ $running{$$} // {} } }

1;
