#!/usr/bin/perl
# kill -9 of the workers while requests with an Idempotency-Key run: each is repeated until
# it is answered, and then there is one of what it makes, whose secret, which is shown
# once, the reply has.
#
# PIERRE_KILLS=N kills N times on each backend (20); PIERRE_SEED=N repeats the moments that
# a run, which prints its seed, chose.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Time::HiRes qw(sleep time);
use Pierre;
use FastCGI;
use Process qw(await children count_log);

my $KILLS = $ENV{PIERRE_KILLS} // 20;
my $SEED = $ENV{PIERRE_SEED} // time % 1000000;
my ($WORKERS, $REQUESTS) = (4, 8);
my $RUNS_MS = 12;   # about as long as all of the requests of a round run

sub message {
	my ($user, $name) = @_;
	return FastCGI::message('POST', '/api/keys', qq({"name":"$name"}), params => {
		HTTP_AUTHORIZATION => "Bearer $user->{token}", HTTP_IDEMPOTENCY_KEY => $name });
}

sub send_to { my ($p, $message) = @_; my $s = FastCGI::open_socket($p->{slow_socket}); FastCGI::send_bytes($s, $message) if $s; return $s }

# One that runs a request, if there is one.
sub kill_worker {
	my ($p) = @_;
	my %name = children($p);
	my @slow = sort { $a <=> $b } grep { $name{$_} =~ /^slow/ } keys %name or return 0;
	return kill 'KILL', $slow[ int rand @slow ];
}

# Requests of this round: {name => reply}; those without an answer are repeated.
sub round {
	my ($p, $user, $round, $count) = @_;
	my %message = map { my $name = "round-$round-$_"; $name => message($user, $name) } 1 .. $REQUESTS;
	my %socket = map { $_ => send_to($p, $message{$_}) } sort keys %message;
	sleep rand($RUNS_MS) / 1000;
	$count->{killed} += kill_worker($p);
	my %reply = map { $_ => $socket{$_} ? FastCGI::reply($socket{$_}) : { status => 0 } } sort keys %socket;
	for my $name (sort keys %reply) {
		next if $reply{$name}{status};
		$count->{unanswered}++;
		$reply{$name} = await("an answer to $name", sub { my $s = send_to($p, $message{$name}) or return;
			my $r = FastCGI::reply($s); return $r->{status} && $r }, $p);
		$count->{replayed}++ if $reply{$name}{headers}{'idempotency-replayed'};
	}
	return %reply;
}

diag("PIERRE_SEED=$SEED");
for my $backend (Pierre::backends()) {
	my $p = Pierre->start(backend => $backend, env => { SLOW_WORKERS => $WORKERS, MAX_KEYS_PER_USER => 100000 });
	my $user = $p->approved_user;
	my (%reply, %count);
	$count{$_} = 0 for qw(killed unanswered replayed);
	srand $SEED;
	for (my $round = 1; $count{killed} < $KILLS || ($count{unanswered} == 0 && $count{killed} < 10 * $KILLS); $round++) {
		%reply = (%reply, round($p, $user, $round, \%count));
	}
	my $n = keys %reply;
	is(join(' ', grep { $reply{$_}{status} != 201 } sort keys %reply), '', "$backend: all $n requests are answered 201 in the end");
	my %rows = map { split /\|/ } split /\n/, $p->sql("SELECT name, count(*) FROM api_keys WHERE user_id = '$user->{user_id}' GROUP BY name");
	is(join(' ', grep { ($rows{$_} // 0) != 1 } sort keys %reply), '', 'each has made one key');
	is(scalar keys %rows, $n, 'and there are no others');
	my %prefix = map { split /\|/ } split /\n/, $p->sql("SELECT name, key_prefix FROM api_keys WHERE user_id = '$user->{user_id}'");
	is(join(' ', grep { substr($reply{$_}{json}{api_key}, 0, 16) ne $prefix{$_} } sort keys %reply), '', 'which is the one of its reply');
	my %status = map { $_ => FastCGI::get($p->{fast_socket}, '/verify', params => { HTTP_X_API_KEY => $reply{$_}{json}{api_key} })->{status} } keys %reply;
	is(join(' ', grep { $status{$_} != 200 } sort keys %status), '', 'no secret is lost');
	is($p->sql('SELECT count(*) FROM idempotency_keys'), $n, 'and each reply is kept');
	cmp_ok($count{unanswered}, '>', 0, 'some requests ran when their worker was killed');
	note("$backend: $count{killed} x kill -9, $count{unanswered} requests not answered, of which $count{replayed} had been done");
	is($p->stop_serve, 0, 'stops');
	$p->stop;
}
done_testing;
