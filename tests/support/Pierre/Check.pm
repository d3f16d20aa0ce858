package Pierre::Check;
# What the black box tests say again and again.
use strict;
use warnings;
use Exporter 'import';
use Test::More;
use Pierre;

our @EXPORT = qw(each_backend problem_is status_is at_once);

# Run $code->($pierre) once a backend, with a fresh service each.
sub each_backend {
	my ($code, %start) = @_;
	my @backends = Pierre::backends() or BAIL_OUT('no backend to test');
	for my $backend (@backends) {
		subtest $backend => sub {
			my $p = Pierre->start(backend => $backend, %start);
			$code->($p);
			$p->stop;
		};
	}
}

sub status_is {
	my ($r, $status, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($r->{status}, $status, $name) or diag($r->{text});
	return $r;
}

# A problem+json body: status and, where given, code, field, reason.
sub problem_is {
	my ($r, $status, $want, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $j = $r->{json} // {};
	my %got = (status => $r->{status}, type => $r->{headers}{'content-type'},
		body_status => $j->{status}, request_id => $j->{request_id},
		map { $_ => $j->{$_} } keys %$want);
	my %due = (status => $status, type => 'application/problem+json', body_status => $status,
		request_id => $r->{headers}{'x-request-id'}, %$want);
	is_deeply(\%got, \%due, $name) or diag($r->{text});
	return $r;
}

# Call each function in a process of its own, all at once; their results
# (one word each) in order.
sub at_once {
	my @code = @_;
	my @pipes;
	for my $code (@code) {
		pipe my $read, my $write or die "pipe: $!";
		my $pid = fork // die "fork: $!";
		if (!$pid) {
			close $read;
			my $word = eval { $code->() } // "died: $@";
			syswrite $write, $word;
			POSIX::_exit(0);
		}
		close $write;
		push @pipes, [ $pid, $read ];
	}
	my @words;
	for (@pipes) {
		my ($pid, $read) = @$_;
		push @words, join '', readline $read;
		waitpid $pid, 0;
	}
	return @words;
}

1;
