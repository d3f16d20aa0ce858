package Kept;
# An HTTP/1.1 client that keeps its connection, byte by byte; and what clients of a
# location that pierre-auth.conf protects may come with.
use strict;
use warnings;
use Exporter 'import';
use IO::Socket::INET;

use Limit qw(limited_key);

our @EXPORT_OK = qw(connected text question answer together door_keys $BOGUS);
our $BOGUS = 'pk_live_' . 'b' x 32;

# From an address of choice: limit_conn counts each.
sub connected {
	my ($port, $from) = @_;
	for (1 .. 100) {
		my $s = IO::Socket::INET->new(LocalAddr => $from // '127.0.0.1', PeerAddr => '127.0.0.1', PeerPort => $port);
		return $s if $s;
		last unless $!{EINTR};   # a child that ended in between
	}
	die "connect: $!";
}

sub text {
	my ($method, $target, $body, %h) = @_;
	my $head = join '', map { "$_: $h{$_}\r\n" } sort keys %h;
	$head .= 'Content-Length: ' . length($body) . "\r\n" if length $body;
	return "$method $target HTTP/1.1\r\nHost: localhost\r\n$head\r\n$body";
}

# The same with a key, or undef.
sub question {
	my ($method, $target, $key, $body) = @_;
	return text($method, $target, $body // '', defined $key ? ('X-API-Key' => $key) : ());
}

# (status, request id, body) of one reply; (0) = closed
sub answer {
	my ($s) = @_;
	my $got = '';
	local $SIG{ALRM} = sub { die "no whole reply within 60 s\n" };
	alarm 60;
	until ($got =~ /\r\n\r\n/) { more($s, \$got) or return 0 }
	my ($head, $rest) = split /\r\n\r\n/, $got, 2;
	my ($length) = $head =~ /^Content-Length: (\d+)/mi;
	while (length $rest < ($length // 0)) { more($s, \$rest) or return 0 }
	alarm 0;
	my ($status) = $head =~ m{^HTTP/1\.1 (\d+)};
	my ($id) = $head =~ /^X-Request-Id: (\S+)/mi;
	return ($status, $id, $rest);
}

sub more {
	my ($s, $got) = @_;
	my $n;
	do { $n = sysread $s, $$got, 65536, length $$got } while !defined $n && $!{EINTR};
	return $n;
}

# Requests on all connections at once, these texts by turns: "status status ...".
sub together {
	my ($clients, @text) = @_;
	syswrite $clients->[$_], $text[$_ % @text] for 0 .. $#$clients;
	return join ' ', map { (answer($_))[0] } @$clients;
}

# {user}, his {good} key without a limit, and a {spent} one.
sub door_keys {
	my ($p) = @_;
	my $user = $p->approved_user;
	$p->sql("UPDATE users SET tier = 'enterprise' WHERE id = '$user->{user_id}'");   # no limit
	my $spent = limited_key($p, $p->approved_user, 1, 'month')->{api_key};
	$p->expect(200, $p->get('/verify', headers => { 'X-API-Key' => $spent }));
	return (user => $user, good => $p->new_key($user)->{api_key}, spent => $spent);
}

1;
