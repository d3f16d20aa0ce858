#!/usr/bin/perl
# A code can be spent once, and what it gives comes once. The caller dies at each step from
# the code to the connection, the database is away when the answer comes, the disk is full:
# a code is spent at most once, and an answer that came is not lost. The deaths are
# tests/support/refresh_faults.c. PIERRE_TEST_ROUNDS: deaths at each step, 1.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use Pierre::Check;
use Pierre::Connect;
use Time::HiRes qw(time);
use Process qw(await await_log children count_log hold_writes);
use Provider;

my $ROUNDS = $ENV{PIERRE_TEST_ROUNDS} // 1;
my $PAST = '2000-01-01T00:00:00.000Z';
my $fake = Provider->start;

sub start {
	my ($backend) = @_;
	return start_connect($backend, { providers => [ provider_row($fake, 'acme'),
		# says whose they are with the tokens
		provider_row($fake, 'named', identity_url => undef, identity_field => 'user') ] }, undef,
		program => 'tests/support/pierre_refresh', env => { DATABASE_TIMEOUT_MS => 1000 });
}

sub fault {
	my ($p, $step) = @_;
	my $file = $p->{env}{PIERRE_TEST_FAULT};
	unlink $file unless defined $step;
	Pierre::rewrite($file, $step), $p->give($file) if defined $step;
}
sub spool { my ($p) = @_; return grep { !/^\./ } map { s{.*/}{}r } glob "$p->{env}{SPOOL_DIR}/*" }
# A file goes after the COMMIT that others see.
sub empty { my ($p) = @_; return await('the spool to be empty', sub { !spool($p) }, $p) }
sub caller_of { my ($p) = @_; my %c = children($p); return (grep { $c{$_} =~ /^caller/ } sort { $a <=> $b } keys %c)[-1] }
sub codes { return scalar grep { $_->{form}{code} } $fake->asked('/token') }

my $users = 0;
sub user_at {
	my ($p, $provider) = @_;
	$fake->set(with => { user => 'u' . ++$users });
	$fake->with_state(sub { $_[0]{me} = "u$users" });
	my $user = $p->approved_user(email => "u$users\@example.org");
	set_app($p, $user, $provider);
	return $user;
}
sub of { my ($p, $user) = @_; return $p->sql("SELECT state, provider_user_id FROM provider_connections WHERE user_id = '$user->{user_id}'") }
sub attempt { my ($p, $user) = @_; return $p->sql("SELECT phase, outcome FROM connect_states WHERE user_id = '$user->{user_id}'") }

# step => calls, and what comes of it
my %death = (code => '0 lost', reply => '1 lost', spool => '1 connected', saved => '1 connected', settled => '1 connected');

sub deaths {
	my ($p) = @_;
	for my $provider (qw(acme named)) {
		# the same but for what saving has to keep
		for my $step ($provider eq 'acme' || $ROUNDS > 1 ? sort keys %death : qw(saved)) {
			for (1 .. $ROUNDS) {
				my ($user, $before) = (user_at($p, $provider), codes());
				my $n = count_log($p, qr/ child_died .*role=caller/);
				fault($p, $step);
				my ($browser, $at) = connect_past($p, $user, $provider);
				await_log($p, qr/ child_died .*role=caller/, $n + 1);
				# its claims end
				$p->sql("UPDATE connect_states SET lease_until = '$PAST' WHERE phase = 'sent'") if $death{$step} =~ /lost/;
				$p->sql("UPDATE provider_connections SET lease_until = '$PAST' WHERE phase = 'claimed'");
				my ($calls, $outcome) = split / /, $death{$step};
				await("an outcome of $step", sub {
					return attempt($p, $user) eq 'done|lost' if $outcome eq 'lost';
					# on a busy host it may be asked twice whose they are
					$p->sql("UPDATE provider_connections SET retry_at = NULL WHERE state = 'unidentified' AND retry_at IS NOT NULL");
					return of($p, $user) eq "ok|u$users" && attempt($p, $user) =~ /^done\|(?:connected|unidentified)$/;
				}, $p);
				is(codes() - $before, $calls, "$provider, killed at $step: $outcome, $calls calls");
				is(of($p, $user), $outcome eq 'lost' ? '' : "ok|u$users", '  and the connection that it is');
				like($browser->get($at)->{body}, $outcome eq 'lost' ? qr/Pierre was stopped/ : qr/is connected|whose they are/, '  the page says so');
				# of a connection twice, when it is not said at once whose it is
				cmp_ok($p->sql("SELECT count(*) FROM notifications WHERE user_id = '$user->{user_id}'"), $outcome eq 'lost' ? '==' : '>=', 1, '  the user is told');
				is($p->sql("SELECT count(*) FROM audit_events WHERE user_id = '$user->{user_id}' AND event_type = 'ProviderConnectFailed'"),
					$outcome eq 'lost' ? 1 : 0, '  a failure is in the audit trail');
				ok(empty($p), '  the spool is empty');
			}
		}
	}
}

# The answer is in the spool, and the database does not take it.
sub held {
	my ($p, $user) = @_;
	my $before = codes();
	my $hold = "$p->{dir}/hold";
	Pierre::rewrite($hold, '');
	$fake->set(with => { user => "u$users" }, hold => $hold, after => '/token');
	my ($browser, $at) = connect_past($p, $user, 'named');
	await('the call', sub { codes() == $before + 1 }, $p);
	my $thaw = hold_writes($p, 'connect_states');
	unlink $hold;
	await('an answer in the spool', sub { grep { Pierre::slurp("$p->{env}{SPOOL_DIR}/$_") =~ /^pierre spool 1 / } spool($p) }, $p);
	$fake->set(with => { user => "u$users" });
	return ($browser, $at, $thaw);
}
sub kill_caller {
	my ($p) = @_;
	my $pid = caller_of($p);
	kill 'KILL', $pid;
	await('another caller', sub { my $is = caller_of($p); $is && $is != $pid }, $p);
}

sub away {
	my ($p, $dies) = @_;
	my ($user, $before) = (user_at($p, 'named'), codes());
	my ($browser, $at, $thaw) = held($p, $user);
	my ($file) = map { Pierre::slurp("$p->{env}{SPOOL_DIR}/$_") } spool($p);
	unlike($file, qr/[ar]t-\d+-/, 'the answer is sealed');
	kill_caller($p) if $dies;
	$thaw->();
	await('the connection', sub { of($p, $user) eq "ok|u$users" && !spool($p) }, $p);
	is(codes() - $before, 1, 'the database was away' . ($dies ? ', and the caller died' : '') . ': one call, nothing is lost');
	await('the page', sub { $browser->get($at)->{body} =~ /is connected/ }, $p);
}

# A host that comes back when its attempt was given up, or was repeated, or is forgotten.
sub late {
	my ($p, $when) = @_;
	my $user = user_at($p, 'named');
	my ($browser, $at, $thaw) = held($p, $user);
	my ($name) = spool($p);
	my $dir = "$p->{dir}/other";
	mkdir $dir, 0700;
	rename "$p->{env}{SPOOL_DIR}/$name", "$dir/$name" or die "rename: $!";
	kill_caller($p);
	$thaw->();
	await('the claim', sub { attempt($p, $user) =~ /^sent/ }, $p);
	$p->sql("UPDATE connect_states SET lease_until = '$PAST' WHERE phase = 'sent'");
	await('the attempt to be given up', sub { attempt($p, $user) eq 'done|lost' }, $p);
	is(of($p, $user), '', "$when: the attempt was given up");
	my $new;
	if ($when eq 'again') {
		is(heading(connect_it($p, $user, 'named')), 'Connected', 'he connects again');
		$new = $p->get('/api/oauth/tokens/named', token => $user->{token})->{json}{access_token};
	}
	$p->sql("DELETE FROM connect_states WHERE user_id = '$user->{user_id}'") if $when eq 'forgotten';
	my $revoked = () = $fake->asked('/revoke');
	$p->give($_) for $dir, "$dir/$name";
	my $r = $p->cli('spool', 'import', $dir);
	is($r->{status} . (() = glob("$dir/*")), $when eq 'forgotten' ? '11' : '00', 'its spool is imported') or diag($r->{err});
	like($r->{err}, qr/1 of connections that are not in this database/, 'but for what nobody knows of') if $when eq 'forgotten';
	if ($when eq 'given up') {
		await('the connection', sub { of($p, $user) eq "ok|u$users" }, $p);
		like($browser->get($at)->{body}, qr/is connected/, 'and its user is connected');
	} elsif ($when eq 'again') {
		await('the tokens to be revoked', sub { $fake->asked('/revoke') > $revoked }, $p);
		is($p->get('/api/oauth/tokens/named', token => $user->{token})->{json}{access_token}, $new, 'what is newer stays');
		await('the older one to go', sub { of($p, $user) eq "ok|u$users" }, $p);
	}
	is(of($p, $user), $when eq 'forgotten' ? '' : "ok|u$users", 'nothing else is there');
}

# A host with an older file than others, or a mistake in it: what is to be called there waits.
sub unknown {
	my ($p) = @_;
	my $file = "$p->{dir}/providers.json";
	my $all = Pierre::slurp($file);
	my %user = map { $_ => user_at($p, 'acme') } qw(ended old nobody code);
	is(heading(connect_it($p, $user{$_}, 'acme')), 'Connected', "a connection that is $_") for qw(ended old);
	$fake->set(me => 500);
	connect_it($p, $user{nobody}, 'acme');
	my %before = map { $_ => scalar(() = $fake->asked($_)) } qw(/revoke /token);
	kill 'STOP', my $pid = caller_of($p);
	my ($browser, $at) = connect_past($p, $user{code}, 'acme');
	status_is($p->delete('/api/oauth/tokens/acme', token => $user{$_}{token}), 204, "  it is $_") for qw(ended old);
	$p->sql("UPDATE provider_connections SET ended_at = '$PAST' WHERE user_id = '$user{old}{user_id}'");
	$p->sql("UPDATE provider_connections SET retry_at = NULL WHERE user_id = '$user{nobody}{user_id}'");
	Pierre::rewrite($file, $all =~ s/"acme"/"other"/r);
	my $n = count_log($p, qr/ child_died .*role=caller/);
	kill 'KILL', $p->{pid}, $pid;
	$p->restart;
	await_log($p, qr/ provider_not_known .*provider=acme/);
	await('what has ended long ago to go', sub { of($p, $user{old}) eq '' }, $p);
	is(attempt($p, $user{code}), 'called_back|', 'the provider is not in the file: the code waits');
	like(of($p, $user{nobody}), qr/^unidentified\|$/, 'what nobody has is nobody\'s');
	like(of($p, $user{ended}), qr/^ok\|u\d+$/, 'what was ended waits');
	is(count_log($p, qr/ child_died .*role=caller/), $n, 'and the caller lives');
	is(scalar(() = $fake->asked($_)), $before{$_}, "nothing is asked at $_") for qw(/revoke /token);
	$fake->set;
	Pierre::rewrite($file, $all);
	$p->restart;
	await('the code, the account and the end', sub {
		attempt($p, $user{code}) eq 'done|connected' && of($p, $user{nobody}) =~ /^ok/ && of($p, $user{ended}) eq ''
	}, $p);
	is(scalar(() = $fake->asked('/revoke')), $before{'/revoke'} + 1, 'with its row all of it is done');
}

# A provider that stalls has a share of what goes on, and a code is not behind what was ended.
# It stalls for as long as a call may take; a machine that needs longer to look is asked again.
sub share {
	my ($p) = @_;
	for (1 .. 4) { last if share_once($p, $_ == 4) }
}

# True when it was seen in time, or must be.
sub share_once {
	my ($p, $last) = @_;
	my @users = map { user_at($p, 'acme') } 1 .. 6;
	for (@users) {
		my ($refresh, $access) = $fake->token;
		$p->expect(200, $p->put('/api/oauth/tokens/acme', { access_token => $access, refresh_token => $refresh }, token => $_->{token}));
	}
	my $user = user_at($p, 'acme');
	my $browser = Browser->new($p);
	my $back = consent(visit($browser, begin($p, $user, 'acme')));
	my $before = () = $fake->asked('/revoke');
	my $hold = "$p->{dir}/hold";
	Pierre::rewrite($hold, '');
	$fake->set(hold => $hold, after => '/revoke');
	my $begin = time;
	status_is($p->delete('/api/oauth/tokens/acme', token => $_->{token}), 204, 'disconnected') for @users;
	await('calls', sub { (() = $fake->asked('/revoke')) >= $before + 3 }, $p);
	my $at = $browser->get($back)->{headers}{location};
	await('the code', sub { attempt($p, $user) =~ /^(?:sent|saved|done)/ }, $p);
	my $claimed = $p->sql("SELECT count(*) FROM provider_connections WHERE ended_at IS NOT NULL AND phase = 'claimed'");
	my $asked = () = $fake->asked('/revoke');
	my $seen = time - $begin < 9 || $last;
	if ($seen) {
		is($claimed, 3, 'three are revoked at a time');
		is($asked, $before + 3, 'and a code does not wait for them');
	}
	unlink $hold;
	$fake->set;
	await('the rest', sub { $p->sql("SELECT count(*) FROM provider_connections WHERE ended_at IS NOT NULL") == 0 }, $p);
	await('the end of the code', sub { attempt($p, $user) =~ /^done/ }, $p);
	is(attempt($p, $user), 'done|connected', 'all is done');
	return $seen;
}

sub full {
	my ($p) = @_;
	my ($user, $before) = (user_at($p, 'acme'), codes());
	fault($p, 'room');
	like(connect_it($p, $user, 'acme')->{body}, qr/there is no room here/, 'no room for the answer: the page says so');
	is(codes() - $before, 0, 'and the code was not spent');
	fault($p, 'disk');
	is(heading(connect_it($p, $user, 'acme')), 'Connected', 'an answer that the disk does not take is stored at once');
	fault($p);
	ok(empty($p), 'the spool is empty');
}

for my $backend (Pierre::backends()) {
	subtest $backend => sub {
		my $p = start($backend);
		subtest 'deaths' => sub { deaths($p) };
		subtest 'the database is away' => sub { away($p, 0); away($p, 1) };
		subtest 'the disk is full' => sub { full($p) };
		subtest 'a share of each provider' => sub { share($p) };
		subtest 'the provider is not known' => sub { unknown($p) };
		subtest 'the answer is found later' => sub { late($p, $_) for 'given up', 'again', 'forgotten' };
		is($p->stop_serve, 0, 'stops');
		$p->stop;
	};
}
$fake->stop;
done_testing;
