package Provider;
# A provider that never was: OAuth 2.0 over TLS on loopback, in a process of its own, with
# the habits and faults of real ones. It counts what it is asked.
#
#   my $fake = Provider->start;
#   $fake->url('/token');                   # https://localhost:PORT/token
#   $fake->set(mode => 'rotates', stall => 3);
#   $fake->token;                           # a refresh token that it knows
#   my @asked = $fake->asked('/token');     # {method path query headers body form connection nth at}
#   $fake->stop;
#
# Paths: /authorize (302 back with a code), /token, /revoke, /me (identity), /api/... (a
# token that is alive), /blob, /api/blob (the same, for a token that is alive).
#
# mode      what a refresh does: rotates (the old one is dead at once), until_used (dead
#           once the new access token was used), same (no refresh_token in the reply),
#           extends ({"result":"0000"}, no tokens), none
# nested    1: {"status":0,"body":{...}}
# commas    1: scopes with commas
# without   members that the reply leaves out: [ 'expires_in' ]
# with      members that it has instead: { expires_in => 'soon' }
# refuse    1: invalid_grant for all, or the time (s) until which it is so
# status    answer with it; json: with that body; html: with a page
# truncated 1: JSON that ends in the middle; cut: 1: the tokens rotate, then the connection
#           ends within the reply; cut => 'before': without a byte
# hold      the reply waits (tokens have rotated) while a file of that path is there
# stall     seconds before the reply (tokens have rotated); after => only at that path
# drip      seconds between bytes of the body
# headers   more of the reply: [ 'Retry-After: 7' ]
# api       /api/...: answer a token that is alive with this status
# page      /api/...: answer with this page
# me        /me: answer with this status; 'cut': end the connection instead; 'html',
#           'truncated', 'nobody' (JSON without an id)
# users     /users (asked once after connecting): answer with this status, 200
# bytes     /blob: so many, chunked
# close_second  1: the second request on a kept connection is read, and the connection ends
use strict;
use warnings;
use Digest::SHA qw(sha256);
use Fcntl qw(:flock SEEK_SET);
use File::Temp ();
use IO::Socket::IP;
use IO::Socket::SSL ();
use JSON::PP ();
use MIME::Base64 qw(encode_base64url);
use POSIX ();
use Storable qw(freeze thaw);
use Time::HiRes qw(sleep time);

my $json = JSON::PP->new->canonical->utf8;

sub start {
	my ($class, %o) = @_;
	my $self = bless { dir => File::Temp->newdir('pp.XXXXXX', TMPDIR => 1), owner => $$,
		tls => $ENV{PIERRE_TEST_TLS}, %o }, $class;
	$self->{socket} = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Listen => 64)
		or die "no socket: $@";
	$self->{port} = $self->{socket}->sockport;
	$self->with_state(sub { $_[0]{n} = 0; $_[0]{behave} = { mode => 'rotates' } });
	$self->{pid} = fork // die "fork: $!";
	serve($self) if !$self->{pid};
	close delete $self->{socket};
	return $self;
}

sub stop {
	my ($self) = @_;
	return unless $self->{pid} && $self->{owner} == $$;
	kill 'TERM', $self->{pid};
	waitpid delete $self->{pid}, 0;
}
sub DESTROY { my ($self) = @_; local ($?, $!, $@); $self->stop }

sub url { my ($self, $path) = @_; return "https://localhost:$self->{port}$path" }
sub ca { my ($self) = @_; return "$self->{tls}/ca.pem" }

# How it behaves from now on; what is not named is as at the start.
sub set { my ($self, %behave) = @_; $self->with_state(sub { $_[0]{behave} = { mode => 'rotates', %behave } }) }

# A refresh token, and the access token beside it.
sub token {
	my ($self) = @_;
	my ($refresh, $access);
	$self->with_state(sub { ($access, $refresh) = issue($_[0]) });
	return wantarray ? ($refresh, $access) : $refresh;
}
# It is accepted no more, before its time.
sub kill_access { my ($self, $access) = @_; $self->with_state(sub { delete $_[0]{access}{$access} }) }
sub alive { my ($self, $refresh) = @_; my $is; $self->with_state(sub { $is = $_[0]{refresh}{$refresh} }); return $is }

sub asked {
	my ($self, $path) = @_;
	open my $f, '<', "$self->{dir}/log" or return;
	my @all = map { $json->decode($_) } readline $f;
	return grep { !defined $path || $_->{path} eq $path } @all;
}

# --- state: a file that all of its processes share ------------------------------------------

sub with_state {
	my ($self, $code) = @_;
	open my $f, '+>>:raw', "$self->{dir}/state" or die "state: $!";
	flock $f, LOCK_EX or die "lock: $!";
	seek $f, 0, SEEK_SET;
	my $text = do { local $/; readline $f };
	# JSON::PP needs half a second for a thousand tokens
	my $state = $text ? thaw($text) : {};
	my @r = $code->($state);
	truncate $f, 0;
	print $f freeze($state);
	close $f;
	return @r;
}

sub issue {
	my ($state) = @_;
	my $n = ++$state->{n};
	my ($access, $refresh) = ("at-$$-$n-" . 'a' x 20, "rt-$$-$n-" . 'r' x 20);
	$state->{access}{$access} = 1;
	$state->{refresh}{$refresh} = 1;
	return ($access, $refresh);
}

# --- the process ------------------------------------------------------------------------------

sub serve {
	my ($self) = @_;
	my %child;
	# once, since it costs as much as a handshake
	$self->{context} = IO::Socket::SSL::SSL_Context->new(SSL_server => 1,
		SSL_cert_file => "$self->{tls}/server.pem", SSL_key_file => "$self->{tls}/server.key");
	$SIG{PIPE} = 'IGNORE';
	$SIG{INT} = 'DEFAULT';
	$SIG{CHLD} = sub { while ((my $pid = waitpid -1, POSIX::WNOHANG()) > 0) { delete $child{$pid} } };
	my $end = $SIG{TERM} = sub { kill 'KILL', keys %child; POSIX::_exit(0) };
	my $signals = POSIX::SigSet->new(POSIX::SIGTERM(), POSIX::SIGCHLD());
	while (1) {
		$end->() if getppid() != $self->{owner};
		vec(my $ready = '', fileno $self->{socket}, 1) = 1;
		next unless select($ready, undef, undef, 1) > 0;
		my $s = $self->{socket}->accept or next;
		# none comes between a child and the note of it: that child would stay
		POSIX::sigprocmask(POSIX::SIG_BLOCK(), $signals);
		my $pid = fork;
		$child{$pid} = 1 if $pid;
		@SIG{qw(TERM CHLD)} = ('DEFAULT', 'DEFAULT') if defined $pid && !$pid;
		POSIX::sigprocmask(POSIX::SIG_UNBLOCK(), $signals);
		next if !defined $pid || $pid;
		close $self->{socket};
		eval { connection($self, $s) };
		POSIX::_exit(0);
	}
}

sub connection {
	my ($self, $s) = @_;
	my $tls = IO::Socket::SSL->start_SSL($s, SSL_server => 1, SSL_reuse_ctx => $self->{context})
		or return;
	for (my $nth = 1; my $r = request($tls); $nth++) {
		$r->{connection} = $$;
		$r->{nth} = $nth;
		my $behave;
		$self->with_state(sub {
			my ($state) = @_;
			$behave = $state->{behave};
			open my $log, '>>', "$self->{dir}/log" or die "log: $!";
			print $log $json->encode({ %$r, body => substr($r->{body}, 0, 4096), length => length $r->{body},
				at => time }), "\n";
			close $log;
		});
		return if $behave->{close_second} && $nth > 1;
		answer($self, $tls, $r, $behave) or return;
	}
}

sub request {
	my ($s) = @_;
	my $head = '';
	while ($head !~ /\r\n\r\n/) { $s->sysread($head, 4096, length $head) or return }
	($head, my $body) = split /\r\n\r\n/, $head, 2;
	my ($first, @lines) = split /\r\n/, $head;
	my ($method, $target) = $first =~ /^(\S+) (\S+) HTTP/ or return;
	my %headers = map { /^([^:]+):\s*(.*)$/ ? (lc $1 => $2) : () } @lines;
	my $length = $headers{'content-length'} // 0;
	while (length $body < $length) { $s->sysread($body, $length - length $body, length $body) or return }
	my ($path, $query) = split /\?/, $target, 2;
	return { method => $method, path => $path, query => $query // '', headers => \%headers, body => $body,
		form => length $body < 65536 ? form($body) : {} };
}

sub form {
	my ($text) = @_;
	return { map { my ($k, $v) = split /=/, $_, 2; (unescape($k) => unescape($v // '')) } split /&/, $text };
}
sub unescape { my ($s) = @_; $s =~ tr/+/ /; $s =~ s/%([0-9a-fA-F]{2})/chr hex $1/ge; return $s }

# --- what it answers --------------------------------------------------------------------------

my %path = ('/authorize' => \&authorize, '/token' => \&give_token, '/revoke' => \&revoke, '/me' => \&me, '/users' => \&users);

sub answer {
	my ($self, $s, $r, $b) = @_;
	return blob($s, $b->{bytes} // 10) if $r->{path} eq '/blob' || ($r->{path} eq '/api/blob' && is_alive($self, $r));
	my ($status, $body, @headers);
	my $of = $path{ $r->{path} } // ($r->{path} =~ m{^/api/} ? \&api : sub { (404, { error => 'not_found' }) });
	$self->with_state(sub { ($status, $body, @headers) = $of->($_[0], $r, $b) });
	while ($b->{hold} && -e $b->{hold} && (!$b->{after} || $b->{after} eq $r->{path})) { sleep 0.02 }
	sleep $b->{stall} if $b->{stall} && (!$b->{after} || $b->{after} eq $r->{path});
	return if ($b->{cut} // '') eq 'before' || ($r->{path} eq '/me' && ($b->{me} // '') eq 'cut');
	my $text = ref $body ? $json->encode($body) : $body;
	$text = substr $text, 0, length($text) / 2 if $b->{truncated};
	my $head = join "\r\n", "HTTP/1.1 $status Status", 'Content-Length: ' . length $text,
		'Content-Type: ' . ($text =~ /^</ ? 'text/html' : 'application/json'), @headers, @{ $b->{headers} // [] };
	$text = substr $text, 0, length($text) / 2 if $b->{cut};
	for my $piece ($b->{drip} ? ("$head\r\n\r\n", split //, $text) : "$head\r\n\r\n$text") {
		$s->print($piece) or return;
		sleep $b->{drip} if $b->{drip};
	}
	return !$b->{cut};
}

sub blob {
	my ($s, $bytes) = @_;
	my $piece = sprintf("%x\r\n", 65536) . 'x' x 65536 . "\r\n";
	$s->print("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") or return;
	while ($bytes > 65536) { $s->print($piece) or return; $bytes -= 65536 }
	return $s->print(sprintf("%x\r\n", $bytes) . 'x' x $bytes . "\r\n0\r\n\r\n");
}

sub authorize {
	my ($state, $r) = @_;
	my $q = form($r->{query});
	my $code = "code-$$-" . ++$state->{n} . '-' . 'c' x 20;
	$state->{codes}{$code} = { challenge => $q->{code_challenge}, redirect_uri => $q->{redirect_uri} };
	my $to = $q->{redirect_uri} . ($q->{redirect_uri} =~ /\?/ ? '&' : '?') . "code=$code&state=$q->{state}";
	return (302, '', "Location: $to");
}

sub refused { return (400, { error => 'invalid_grant', error_description => 'refused' }) }

sub give_token {
	my ($state, $r, $b) = @_;
	my $form = $r->{form};
	return ($b->{status}, $b->{json} // { error => 'made_up' }) if $b->{status} && !$b->{html};
	return ($b->{status} // 200, '<html><body>A page of a firewall</body></html>') if $b->{html};
	return refused() if $b->{refuse} && ($b->{refuse} == 1 || time < $b->{refuse});
	if (($form->{grant_type} // '') eq 'authorization_code') {
		my $code = delete $state->{codes}{ $form->{code} // '' } or return refused();
		return refused() if defined $code->{challenge} &&
			$code->{challenge} ne encode_base64url(sha256($form->{code_verifier} // ''));
		# RFC 6749 section 4.1.3
		return refused() if ($code->{redirect_uri} // '') ne ($form->{redirect_uri} // '');
	} else {
		return refused() unless $state->{refresh}{ $form->{refresh_token} // '' };
		return (200, { result => '0000', message => 'OK' }) if $b->{mode} eq 'extends';
	}
	my ($access, $refresh) = issue($state);
	if (my $old = $form->{refresh_token}) {
		$b->{mode} eq 'rotates' ? ($state->{refresh}{$old} = 0)
			: $b->{mode} eq 'until_used' ? ($state->{ends}{$access} = $old) : ();
	}
	my %reply = (access_token => $access, refresh_token => $refresh, expires_in => 3600,
		token_type => 'Bearer', scope => $b->{commas} ? 'read,write' : 'read write', %{ $b->{with} // {} });
	delete $reply{refresh_token} if $b->{mode} =~ /^(?:same|none)$/;
	delete @reply{ @{ $b->{without} // [] } };
	return (200, $b->{nested} ? { status => 0, body => \%reply } : \%reply);
}

sub is_alive { my ($self, $r) = @_; my $is; $self->with_state(sub { $is = $_[0]{access}{ bearer($r) } }); return $is }
sub bearer { my ($r) = @_; return ($r->{headers}{authorization} // '') =~ /^Bearer (\S+)$/ ? $1 : '' }

sub revoke {
	my ($state, $r) = @_;
	my $token = $r->{form}{token} // form($r->{query})->{token} // bearer($r);
	delete $state->{refresh}{$token};
	delete $state->{access}{$token};
	return (200, {});
}

# An access token that is used ends the refresh token before it.
sub api {
	my ($state, $r, $b) = @_;
	my $token = bearer($r);
	return (401, { error => 'invalid_token' }) unless $state->{access}{$token};
	return ($b->{api}, { error => 'made_up' }) if $b->{api};
	return (200, $b->{page}) if $b->{page};
	$state->{refresh}{ delete $state->{ends}{$token} } = 0 if $state->{ends}{$token};
	return (200, { ok => JSON::PP::true });
}

sub users { my ($state, $r, $b) = @_; return ($b->{users} // 200, {}) }

sub me {
	my ($state, $r, $b) = @_;
	my ($status, $body) = api($state, $r, {});
	my $me = $b->{me} // '';
	return ($me, { error => 'made_up' }) if $me =~ /^\d+$/;
	return (200, '<html><body>A page of a firewall</body></html>') if $me eq 'html';
	return (200, '{"id":47') if $me eq 'truncated';
	return (200, {}) if $me eq 'nobody';
	return $status == 200 ? (200, { id => $state->{me} // 4711 }) : ($status, $body);
}

1;
