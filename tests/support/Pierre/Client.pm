package Pierre::Client;
# A small HTTPS/1.1 client: exact bytes on request, and a local address of choice, so that a
# test can be another network. A connection is kept for the next request: a new one costs five
# times the rest.
use strict;
use warnings;
use IO::Socket::SSL;
use IO::Socket::IP;
use Cpanel::JSON::XS ();
use JSON::PP ();   # its true and false are those of both

my $json = Cpanel::JSON::XS->new->utf8->canonical->allow_nonref;

# port, ca (file), plain (no TLS), local (address to come from), timeout, judge
# (code that is given what was sent and each reply)
sub new {
	my ($class, %o) = @_;
	return bless { host => '127.0.0.1', timeout => 60, %o }, $class;
}

sub connect {
	my ($self, %o) = @_;
	my @to = (PeerAddr => $self->{host}, PeerPort => $self->{port}, Timeout => $self->{timeout});
	my $local = $o{local} // $self->{local};
	push @to, LocalAddr => $local if defined $local;
	if ($self->{plain}) {
		return IO::Socket::IP->new(@to) // die "connect: $@\n";
	}
	# one context and its sessions: reading the certificates and a whole handshake cost more
	# than most requests
	$self->{tls} //= IO::Socket::SSL::SSL_Context->new(SSL_ca_file => $self->{ca},
		SSL_verify_mode => SSL_VERIFY_PEER, SSL_session_cache_size => 8)
		// die "TLS: $SSL_ERROR\n";
	return IO::Socket::SSL->new(@to, SSL_reuse_ctx => $self->{tls}, SSL_hostname => 'localhost',
		SSL_verifycn_name => 'localhost', SSL_verifycn_scheme => 'http') // die "connect: $! $SSL_ERROR\n";
}

# body: a reference becomes JSON, a text goes out as it is; headers: name =>
# value, or a list of values for a header that is sent several times.
sub request {
	my ($self, $method, $target, $body, %o) = @_;
	my %headers = (Host => 'localhost', %{ $o{headers} // {} });
	if (defined $body) {
		$body = $json->encode($body) if ref $body;
		$headers{'Content-Type'} //= 'application/json' unless exists $headers{'Content-Type'};
		$headers{'Content-Length'} //= length $body unless $headers{'Transfer-Encoding'};
	}
	$headers{Authorization} = "Bearer $o{token}" if defined $o{token};
	my $text = "$method $target HTTP/1.1\r\n";
	for my $name (sort keys %headers) {
		my $value = $headers{$name};
		next unless defined $value;
		$text .= "$name: $_\r\n" for ref $value ? @$value : $value;
	}
	my $send = $headers{Connection} ? \&raw : \&kept;
	return $send->($self, "$text\r\n" . ($body // ''), head => $method eq 'HEAD', %o);
}

# Send exact bytes, read until the server closes, return the reply.
sub raw {
	my ($self, $bytes, %o) = @_;
	my $s = $self->connect(%o);
	my $r = $self->exchange($s, $bytes, sub { 0 }, %o);
	$s->close;
	return $r;
}

# The same, on a connection that is kept; not by a process that was forked since.
sub kept {
	my ($self, $bytes, %o) = @_;
	my $key = join ' ', $$, $self->{port}, $o{local} // $self->{local} // '';
	my $s = delete $self->{kept}{$key};
	$s = $self->connect(%o) if !$s || has_ended($s);
	my $r = $self->exchange($s, $bytes, sub { is_whole($_[0], $o{head}) }, %o);
	if ($r->{status} && ($r->{headers}{connection} // '') ne 'close' && is_whole($r->{text}, $o{head})) {
		$self->{kept}{$key} = $s;
	} else {
		$s->close;
	}
	return $r;
}

# Between two requests only the end can be read.
sub has_ended {
	my ($s) = @_;
	vec(my $ready = '', fileno $s, 1) = 1;
	return select($ready, undef, undef, 0) != 0;
}

sub exchange {
	my ($self, $s, $bytes, $ends, %o) = @_;
	my $got = '';
	local $SIG{PIPE} = 'IGNORE';
	local $SIG{ALRM} = sub { die "no whole reply within $self->{timeout} s\n" };
	alarm $self->{timeout};
	for (my $at = 0; $at < length $bytes; ) {
		my $n = $s->syswrite($bytes, 16384, $at) or last;
		$at += $n;
	}
	1 while !$ends->($got) && $s->sysread($got, 65536, length $got);
	alarm 0;
	my $r = parse($got, %o);
	$self->{judge}->($bytes, $r) if $self->{judge};
	return $r;
}

# By RFC 9112 section 6.3.
sub is_whole {
	my ($text, $head) = @_;
	my $at = index $text, "\r\n\r\n";
	return 0 if $at < 0;
	my $fields = substr $text, 0, $at + 2;
	my $n = length($text) - $at - 4;
	return 1 if $head || $fields =~ m{^HTTP/1\.1 (?:204|304) };
	return $text =~ /(?:^|\r\n)0\r\n\r\n\z/ if $fields =~ /\r\ntransfer-encoding: *chunked\r\n/i;
	return $fields =~ /\r\ncontent-length: *(\d+)\r\n/i && $n >= $1;
}

# {status, headers{lower-case name}, header_list, body, json, text}; status 0
# when the server closed without an answer.
sub parse {
	my ($text, %o) = @_;
	my %r = (status => 0, headers => {}, header_list => [], body => '', text => $text);
	my ($head, $body) = split /\r\n\r\n/, $text, 2;
	return \%r unless defined $body;
	my ($first, @lines) = split /\r\n/, $head;
	($r{status}) = $first =~ m{^HTTP/1\.[01] (\d{3})} or return \%r;
	for my $line (@lines) {
		my ($name, $value) = $line =~ /^([^:]+):\s*(.*)$/ or next;
		push @{ $r{header_list} }, [ $name, $value ];
		my $was = $r{headers}{ lc $name };
		$r{headers}{ lc $name } = defined $was ? "$was, $value" : $value;
	}
	$body = unchunk($body) if ($r{headers}{'transfer-encoding'} // '') =~ /chunked/i;
	$r{body} = $body;
	if (($r{headers}{'content-type'} // '') =~ m{^application/(?:[\w.]+\+)?json}) {
		$r{json} = eval { $json->decode($body) };
	}
	return \%r;
}

sub unchunk {
	my ($in) = @_;
	my $out = '';
	while ($in =~ s/^([0-9a-fA-F]+)[^\r\n]*\r\n//) {
		my $n = hex $1 or last;
		$out .= substr $in, 0, $n;
		substr $in, 0, $n + 2, '';
	}
	return $out;
}

sub get     { my ($c, $t, %o) = @_; return $c->request('GET', $t, undef, %o) }
sub head    { my ($c, $t, %o) = @_; return $c->request('HEAD', $t, undef, %o) }
sub options { my ($c, $t, %o) = @_; return $c->request('OPTIONS', $t, undef, %o) }
sub delete  { my ($c, $t, %o) = @_; return $c->request('DELETE', $t, undef, %o) }
sub post    { my ($c, $t, $b, %o) = @_; return $c->request('POST', $t, $b, %o) }
sub put     { my ($c, $t, $b, %o) = @_; return $c->request('PUT', $t, $b, %o) }
sub patch   { my ($c, $t, $b, %o) = @_; return $c->request('PATCH', $t, $b, %o) }

1;
