package Bench::Callgrind;
# Instructions under callgrind: a figure that other load on the machine does not change.
# A service under it writes down what it has counted, and begins anew, each time GET
# /health/live is asked: so start and stop are in no figure. What the loop does around a
# request is left out, since it depends on when bytes come.
use strict;
use warnings;
use Pierre;
use FastCGI;
use Process qw(await children);

my $MARK = 'health_show';   # of GET /health/live
my @COUNTED = qw(fcgi_look worker_request_answer);   # and what they call

sub is_here { return Pierre::capture([ 'valgrind', '--version' ], {})->{status} == 0 }

# Starts the service that is stopped; the pid of its fast worker, once it lets this key
# through: /health/ready gives a connection 250 ms, in which none is made under callgrind on
# a busy machine.
sub serve {
	my ($p, $key) = @_;
	$p->{env}{FAST_DATABASE_TIMEOUT_MS} = 10000;   # all is slow under callgrind
	$p->{pid} = $p->spawn('pierre', [ Pierre::as_user('valgrind', '-q', '--vgdb=no', '--tool=callgrind', "--dump-before=$MARK",
		(map { "--toggle-collect=$_" } @COUNTED), "--callgrind-out-file=$p->{dir}/state/callgrind.%p", $p->binary, 'serve') ],
		$p->{env}, $p->{log_file});
	$p->wait_ready;
	await('the key is let through', sub { ask($p, '/verify', 1, HTTP_X_API_KEY => $key) }, $p);
	my %name = children($p);
	return (grep { $name{$_} =~ /^fast/ } keys %name)[0];
}

# Instructions since the last time, of this worker.
sub counted {
	my ($p, $worker) = @_;
	my $file = "$p->{dir}/state/callgrind.$worker." . ++$p->{dumps};
	FastCGI::get($p->{fast_socket}, '/health/live')->{status} == 200 or die "no answer\n" . $p->log;
	return await($file, sub { Pierre::slurp($file) =~ /^(?:summary|totals): (\d+)/m && $1 }, $p);
}

# Requests one after the other on one kept connection, as nginx sends them; how many were
# let through.
sub ask {
	my ($p, $path, $n, %params) = @_;
	my $s = FastCGI::open_socket($p->{fast_socket}) // die "connect: $!";
	my $message = FastCGI::message('GET', $path, '', keep => 1, params => {
		HTTP_USER_AGENT => 'Mozilla/5.0 (X11; Linux x86_64)', HTTP_ACCEPT => '*/*', HTTPS => 'on',
		REQUEST_ID => '0123456789abcdef0123456789abcdef', %params });
	my $good = 0;
	for (1 .. $n) {
		FastCGI::send_bytes($s, $message);
		$good += FastCGI::reply($s, keep => 1)->{status} =~ /^20[04]$/;
	}
	return $good;
}

1;
