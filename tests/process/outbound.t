#!/usr/bin/perl
# Calls to other services (outbound/outbound.h) against a provider that never was
# (tests/support/Provider.pm), over real TLS.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use IO::Socket::IP;
use Test::More;
use Time::HiRes qw(time);
use Pierre;
use Provider;

my $fake = Provider->start;
# a busy machine is not what these times are for
my @allow = ('-c', $fake->ca, '-a', '127.0.0.0/8 ::1', '-t', 20000, '-T', 25000);

# The lines of calls that are over, by name.
sub calls {
	my ($options, @lines) = @_;
	my %env = ref $options->[-1] ? %{ pop @$options } : ();
	my $r = Pierre::capture([ "$Pierre::BUILD/tests/support/outbound", @$options ], \%env,
		stdin => join '', map { "$_\n" } @lines);
	is($r->{status}, 0, 'it runs') or diag($r->{err});
	my (%of, @order);
	for (split /\n/, $r->{out}) {
		my ($name, $rest) = split / /, $_, 2;
		if ($rest eq 'ready') { $of{$name}{ready}++; next }
		push @order, $name;
		$of{$name}{line} = $rest;
		@{ $of{$name} }{qw(end sent status bytes body why)} =
			$rest =~ /^end=(\w+) sent=(\d) status=(\d+) bytes=(\d+) body=(.*) why=(.*)$/s;
	}
	$of{order} = \@order;
	return %of;
}
sub refresh { my ($token) = @_; return "grant_type=refresh_token&refresh_token=$token" }

subtest 'a call, and one whose body is held' => sub {
	my ($a, $b, $c) = map { scalar $fake->token } 1 .. 3;
	my $url = $fake->url('/token');
	my %r = calls([@allow], "plain p POST $url spends now " . refresh($a), "held p POST $url spends go " . refresh($b),
		"dropped p POST $url spends drop " . refresh($c), "none p GET " . $fake->url('/nowhere') . " reads now -");
	is($r{plain}{end}, 'answered', 'a reply');
	like($r{plain}{body}, qr/"access_token":"at-/, 'with a token');
	is($r{held}{status}, 200, 'so is that of a held body');
	is($r{held}{ready}, 1, 'after it was ready, once');
	is($fake->alive($b), 0, 'its token was spent');
	is("$r{dropped}{end} $r{dropped}{sent}", 'cut 0', 'a body that was let go is not sent');
	is($fake->alive($c), 1, 'and spends nothing');
	is($r{none}{status}, 404, 'a status of an error is a reply');
	my @asked = $fake->asked('/token');
	is(scalar @asked, 2, 'two requests came whole');
	is(scalar(keys %{ { map { $_->{connection} => 1 } @asked } }), 2, 'on a connection each');
	ok(!exists $asked[0]{headers}{expect}, 'nobody waits for a 100');
	is($asked[0]{headers}{'content-length'}, length refresh($a), 'with their length');
};

subtest 'the server keeps the connection, reads a second POST and ends' => sub {
	$fake->set(close_second => 1);
	my $before = $fake->asked('/token');
	my @token = map { scalar $fake->token } 1 .. 3;
	my $url = $fake->url('/token');
	my %r = calls([@allow], map { ("c$_ p POST $url spends now " . refresh($token[$_]), 'wait') } 0 .. 2);
	is(join(' ', map { $r{"c$_"}{status} } 0 .. 2), '200 200 200', 'each has a reply');
	is($fake->asked('/token') - $before, 3, 'three calls, three POSTs');
	# what reads goes on over a kept connection, and there a GET may be repeated
	%r = calls([@allow], map { ("r$_ p GET " . $fake->url("/api/$_") . ' reads now -', 'wait') } 1 .. 3);
	is(join(' ', map { $r{"r$_"}{status} } 1 .. 3), '401 401 401', 'what only reads is asked again');
	cmp_ok(scalar(grep { $_->{nth} > 1 } $fake->asked), '>', 0, 'since it was on a kept connection');
	$fake->set;
};

subtest 'replies that are not whole' => sub {
	my @at;
	my $one = sub {
		my ($behave, @options) = @_;
		$fake->set(%$behave);
		my $token = $fake->token;
		my %r = calls([ @allow, @options ], "c p POST " . $fake->url('/token') . " spends go " . refresh($token));
		return ($r{c}, $token);
	};
	my ($r, $token) = $one->({ cut => 1 });
	is("$r->{end} $r->{sent} $r->{status}", 'cut 1 200', 'cut within the body');
	is($fake->alive($token), 0, 'and the token is spent');
	($r) = $one->({ cut => 'before' });
	is("$r->{end} $r->{sent} $r->{status}", 'cut 1 0', 'cut before a byte');
	($r, $token) = $one->({ stall => 30 }, '-T', 5000);
	is("$r->{end} $r->{sent} $r->{why}", 'cut 1 no whole reply came in time', 'a stall ends');
	($r) = $one->({ drip => 0.5 }, '-T', 3000);
	is("$r->{end} $r->{why}", 'cut no whole reply came in time', 'so does a reply that drips');
	# the loop's own time is 25 s here
	($r) = $one->({ drip => 0.5 }, '-B', 3000);
	like("$r->{end} $r->{why}", qr/^cut .*timed out after \d+ milliseconds/, 'without the loop libcurl ends it');
	($r) = $one->({ truncated => 1 });
	is("$r->{end} $r->{status}", 'answered 200', 'JSON that ends in the middle is a whole reply');
	($r) = $one->({ status => 503 });
	is($r->{status}, 503, 'so is a 503');
	# the reply is there when the process runs again, long after its time
	($r) = $one->({ stall => 0.5 }, '-T', 5000, '-p', 7000);
	is("$r->{end} $r->{status}", 'answered 200', 'a reply that waited is read before its time is judged');
	($r) = $one->({ stall => 0.5 }, '-T', 5000, '-B', 5200, '-p', 7000);
	is("$r->{end} $r->{status}", 'answered 200', 'by libcurl too');
	$fake->set;
};

# As the caller does, which writes an answer to the disk.
subtest 'what is done with one reply takes longer than another one has' => sub {
	my $slow = Provider->start;
	$fake->set(stall => 1);
	$slow->set(stall => 2);
	my %r = calls([ @allow, '-T', 8000, '-d', 9000 ], 'first p POST ' . $fake->url('/token') . ' spends go x=1',
		'second q POST ' . $slow->url('/token') . ' spends go ' . refresh(scalar $slow->token));
	is("$r{first}{end} $r{second}{end} $r{second}{status}", 'answered answered 200', 'the other one is read, and not cut')
		or diag($r{second}{line});
	$_->set for $fake, $slow;
	$slow->stop;
};

subtest 'a reply of 1 GB stops at 64 KB' => sub {
	$fake->set(bytes => 1 << 30);
	my $from = time;
	my %r = calls([@allow], 'big p GET ' . $fake->url('/blob') . ' reads now -');
	is($r{big}{end}, 'cut', 'it is cut');
	cmp_ok($r{big}{bytes}, '<=', 65536, 'what was read fits');
	like($r{big}{why}, qr/larger than 64 KB/, 'and says why');
	$fake->set(bytes => 65536);
	%r = calls([@allow], 'small p GET ' . $fake->url('/blob') . ' reads now -');
	is("$r{small}{end} $r{small}{bytes}", 'answered 65536', '64 KB pass');
	$fake->set;
};

subtest 'who is asked' => sub {
	my $trap = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Listen => 5) or die;
	my $proxy = 'http://127.0.0.1:' . $trap->sockport;
	my %env = map { $_ => $proxy } qw(http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY);
	my %r = calls([ @allow, \%env ], 'c p GET ' . $fake->url('/nowhere') . ' reads now -');
	is($r{c}{status}, 404, 'with proxies in the environment: the provider itself');
	%r = calls([ '-c', $fake->ca, \%env ], 'c p GET ' . $fake->url('/nowhere') . ' reads now -');
	like($r{c}{why}, qr/is not called: it is loopback/, 'loopback only when it is let through');
	vec(my $ready = '', fileno $trap, 1) = 1;
	is(select($ready, undef, undef, 0), 0, 'no proxy was asked');
	%r = calls([ '-a', '127.0.0.0/8 ::1' ], 'c p GET ' . $fake->url('/') . ' reads now -');
	like("$r{c}{end} $r{c}{sent} $r{c}{why}", qr/^cut 0 .*certificate/i, 'an authority that is not trusted');
	my @to = ('-r', "other.example:$fake->{port}:127.0.0.1");
	%r = calls([ @allow, @to ], "c p GET https://other.example:$fake->{port}/ reads now -");
	like("$r{c}{end} $r{c}{sent} $r{c}{why}", qr/^cut 0 .*(?:name|match)/i, 'a certificate of another name');
	is(scalar(grep { $_->{path} eq '/' } $fake->asked), 0, 'neither got the request');
	%r = calls([@allow], 'c p GET ' . $fake->url("/authorize?redirect_uri=$proxy&state=x") . ' reads now -');
	is($r{c}{status}, 302, 'a redirect is a reply');
	is(select($ready, undef, undef, 0), 0, 'and not followed');
};

subtest 'a name server that is silent holds up nobody else' => sub {
	my @dead = map { "dead$_ d POST https://dead$_.example/ spends go x=1" } 1 .. 4;
	my @good = map { "good$_ p$_ GET " . $fake->url('/nowhere') . ' reads now -' } 1 .. 8;
	my $from = time;
	my %r = calls([ @allow, '-t', 5000 ], @dead, @good);
	cmp_ok(time - $from, '<', 40, 'the loop does not wait for the minute that those take');
	is(join(' ', map { $r{"good$_"}{status} } 1 .. 8), '404 ' x 7 . 404, 'the others have their replies');
	is(join(' ', sort { $a cmp $b } @{ $r{order} }[ 0 .. 7 ]), join(' ', map { "good$_" } 1 .. 8), 'before those end');
	is(join(' ', map { "$r{qq(dead$_)}{end} $r{qq(dead$_)}{sent}" } 1 .. 4), 'cut 0 ' x 3 . 'cut 0', 'and nothing was sent');
};

subtest 'at most 32 at once, 4 a provider' => sub {
	# how many were asked within one stall of the first of them
	my $most = sub {
		my ($n, $providers) = @_;
		my $before = $fake->asked('/api/x');
		my %r = calls([@allow], map { "c$_ p" . ($_ % $providers) . ' GET ' . $fake->url('/api/x') . ' spends now -' } 1 .. $n);
		is(scalar(grep { $r{"c$_"}{status} eq 401 } 1 .. $n), $n, "all $n have their replies");
		my @at = map { $_->{at} } ($fake->asked('/api/x'))[ $before .. $before + $n - 1 ];
		return scalar(grep { $_ < $at[0] + 0.9 } @at);
	};
	$fake->set(stall => 1);
	cmp_ok($most->(36, 36), '<=', 32, 'at most 32');
	cmp_ok($most->(6, 1), '<=', 4, 'of one provider at most 4');
	$fake->set;
};

$fake->stop;
done_testing;
