package FastCGI;
# A raw FastCGI client: exact records on a unix socket, so that a test can be
# the nginx that never was. FastCGI specification 1.0, section 3.
#
#   my $r = FastCGI::get($socket, '/health/live');     # {status, headers, body}
#   my $s = FastCGI::open_socket($socket);
#   FastCGI::send_bytes($s, FastCGI::begin() . FastCGI::params(...));
#   my $r = FastCGI::reply($s);
use strict;
use warnings;
use Errno qw(EINTR);
use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM);
use Cpanel::JSON::XS ();

use constant { F_BEGIN => 1, F_ABORT => 2, F_END => 3, F_PARAMS => 4, F_STDIN => 5, F_STDOUT => 6,
	F_GET_VALUES => 9 };

our $TIMEOUT = 60;   # a bound for a hang, not a measure

# --- bytes to send ------------------------------------------------------------

sub record {
	my ($type, $content, $id) = @_;
	my $pad = -length($content) % 8;
	return pack('CCnnCC', 1, $type, $id // 1, length $content, $pad, 0) . $content . "\0" x $pad;
}

# A stream as records of at most 65528 bytes; the empty one that ends it too.
sub stream {
	my ($type, $content, $id) = @_;
	my $out = '';
	for (my $at = 0; $at < length $content; $at += 65528) {
		$out .= record($type, substr($content, $at, 65528), $id);
	}
	return $out . record($type, '', $id);
}

sub begin {
	my (%o) = @_;
	return record(F_BEGIN, pack('nCx5', $o{role} // 1, $o{keep} ? 1 : 0), $o{id});
}

sub pair {
	my ($name, $value) = @_;
	return join('', map { length $_ < 128 ? chr length $_ : pack 'N', length($_) | 0x80000000 }
		$name, $value) . $name . $value;
}

# What nginx/pierre-http.conf.in sends, in order, the sentinel last. An
# overriding value of undef leaves one out.
sub environment {
	my ($method, $target, $body, %over) = @_;
	my %env = (REQUEST_METHOD => $method, REQUEST_URI => $target,
		SERVER_PROTOCOL => 'HTTP/1.1', REMOTE_ADDR => '127.0.0.1', HTTP_HOST => 'localhost',
		CONTENT_LENGTH => length $body, CONTENT_TYPE => length $body ? 'application/json' : '',
		%over);
	my @names = grep { defined $env{$_} } sort keys %env;
	return join '', (map { pair($_, $env{$_}) } @names), pair('PIERRE_END', 1);
}

# A whole request: begin, parameters, body. params: over the usual ones.
sub message {
	my ($method, $target, $body, %o) = @_;
	$body = Cpanel::JSON::XS->new->canonical->encode($body) if ref $body;
	$body //= '';
	return begin(%o) . stream(F_PARAMS, environment($method, $target, $body, %{ $o{params} // {} }))
		. stream(F_STDIN, $body);
}

# --- the socket -----------------------------------------------------------------

# undef, with $! set, when nobody listens.
sub open_socket { return IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $_[0]) }

# False when the other side has closed.
sub send_bytes {
	my ($s, $bytes) = @_;
	local $SIG{PIPE} = 'IGNORE';
	for (my $at = 0; $at < length $bytes; ) {
		my $n = syswrite($s, $bytes, length($bytes) - $at, $at);
		next if !defined $n && $!{EINTR};
		$at += $n || return 0;
	}
	return 1;
}

# Everything until the other side closes (or, keep => 1, until END_REQUEST):
# {status, headers, body, json, ended, replies, raw, reset}. status 0 = none;
# replies = how many END_REQUESTs came; reset = read error.
sub reply {
	my ($s, %o) = @_;
	my %r = (status => 0, headers => {}, body => '', replies => 0, out => '', raw => '', rest => '');
	local $SIG{ALRM} = sub { die "no whole FastCGI reply within $TIMEOUT s\n" };
	alarm $TIMEOUT;
	while (1) {
		my $n = sysread $s, my $more, 65536;
		next if !defined $n && $!{EINTR};
		$r{reset} = "$!" if !defined $n;
		last if !$n;
		$r{raw} .= $more;
		take(\%r, $more);
		last if $o{keep} && $r{replies};
	}
	alarm 0;
	return finish(\%r);
}

sub take {
	my ($r, $more) = @_;
	$r->{rest} .= $more;
	while (length $r->{rest} >= 8) {
		my (undef, $type, undef, $n, $pad) = unpack 'CCnnC', $r->{rest};
		return if length $r->{rest} < 8 + $n + $pad;
		my $content = substr $r->{rest}, 8, $n;
		substr $r->{rest}, 0, 8 + $n + $pad, '';
		$r->{out} .= $content if $type == F_STDOUT;
		$r->{replies}++ if $type == F_END;
	}
}

sub finish {
	my ($r) = @_;
	my ($head, $body) = split /\r?\n\r?\n/, $r->{out}, 2;
	$r->{ended} = $r->{replies} > 0;
	return $r unless defined $body;
	for (split /\r?\n/, $head) {
		$r->{headers}{ lc $1 } = $2 if /^([^:]+):\s*(.*)$/;
	}
	($r->{status}) = ($r->{headers}{status} // '200') =~ /^(\d+)/;
	$r->{body} = $body;
	$r->{json} = eval { Cpanel::JSON::XS->new->utf8->decode($body) };
	return $r;
}

# --- whole requests ---------------------------------------------------------------

# {error => "..."} when nobody listens.
sub request {
	my ($path, $method, $target, $body, %o) = @_;
	my $s = open_socket($path) or return { status => 0, error => "$!", headers => {} };
	my $sent = send_bytes($s, message($method, $target, $body, %o));
	my $r = reply($s, keep => $o{keep});
	$r->{error} = 'the request could not be sent' if !$sent && !$r->{ended};
	return $r;
}
sub get  { my ($path, $target, %o) = @_; return request($path, 'GET', $target, '', %o) }
sub post { my ($path, $target, $body, %o) = @_; return request($path, 'POST', $target, $body, %o) }

1;
