#!/usr/bin/perl
# The caller of a real service: its calls go on when the database does not, and when the
# service stops, reloads or loses it. The calls come from files (tests/support/caller_calls.c).
use strict;
use warnings;
use File::Copy qw(copy);
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use Process qw(await alive children await_log count_log hold_writes proc_file);
use Provider;

my $fake = Provider->start;

sub start {
	my ($backend, %env) = @_;
	my $p = Pierre->start(backend => $backend, nginx => 0, serve => 0, program => 'tests/support/pierre_caller',
		env => { OUTBOUND_ALLOW => '127.0.0.0/8 ::1', DATABASE_TIMEOUT_MS => 1000, %env });
	copy($fake->ca, "$p->{dir}/ca.pem") or die "copy: $!";
	$p->give("$p->{dir}/calls", 1);
	@{ $p->{env} }{qw(OUTBOUND_CA_FILE PIERRE_TEST_CALLS)} = ("$p->{dir}/ca.pem", "$p->{dir}/calls");
	$p->serve;
	await_log($p, qr/ started /);
	return $p;
}

sub call {
	my ($p, $name, $provider) = @_;
	my $file = "$p->{dir}/calls/$name";
	my $token = $fake->token;
	open my $f, '>', "$file.new" or die "$file: $!";
	print $f "$provider ", $fake->url('/token'), " grant_type=refresh_token&refresh_token=$token\n";
	close $f;
	$p->give("$file.new");
	rename "$file.new", "$file.call" or die "$file: $!";
	return $token;
}

# name => the words that were noted, in order; with their statuses and processes
sub noted {
	my ($p) = @_;
	open my $f, '<', "$p->{dir}/calls/log" or return {};
	my %of;
	for (readline $f) {
		my ($name, $word, $status, $pid) = split;
		push @{ $of{$name}{words} }, $status ? "$word $status" : $word;
		$of{$name}{pid} = $pid;
	}
	return \%of;
}
sub words { my ($p, $name) = @_; return join ', ', @{ noted($p)->{$name}{words} // [] } }
sub with_word { my ($p, $re) = @_; my $n = noted($p); return grep { "@{ $n->{$_}{words} }" =~ $re } keys %$n }
sub caller_of { my ($p) = @_; my %c = children($p); return (grep { $c{$_} =~ /^caller/ } sort { $a <=> $b } keys %c)[-1] }

for my $backend (Pierre::backends()) {
	subtest "$backend: the database is frozen while 32 calls are under way" => sub {
		my $p = start($backend);
		$fake->set(stall => 3);
		# on a busy machine some have no connection in three seconds, and are made again
		my (%token, $made);
		while ((my $sent = with_word($p, qr/sent/)) < 32) {
			die "no calls leave\n" . $p->log if ++$made > 40;
			my @names = map { "c$made-$_" } 1 .. (32 - $sent < 8 ? 32 - $sent : 8);
			$token{$_} = call($p, $_, 'p' . substr $_, -1) for @names;
			await('them to leave', sub { my $n = noted($p); @names == grep { "@{ $n->{$_}{words} // [] }" =~ /sent|cut/ } @names }, $p);
		}
		my $thaw = hold_writes($p, 'known_time');
		await('32 replies', sub { 32 == with_word($p, qr/sent (?:reply|cut)/) }, $p);
		is(scalar(with_word($p, qr/sent reply 200/)), 32, 'each reply is read');
		is(scalar(grep { $fake->alive($token{$_}) } with_word($p, qr/sent/)), 0, 'each token was spent');
		cmp_ok(scalar(with_word($p, qr/reply 200 stored/)), '<', 32, 'though the database stores nothing');
		$thaw->();
		await('32 to be stored', sub { 32 == with_word($p, qr/reply 200 stored/) }, $p);
		pass('then all are stored');
		$fake->set;
		is($p->stop_serve, 0, 'stops');
		is(count_log($p, qr/ child_died /), 0, 'nobody had to be killed');
		$p->stop;
	};

	subtest "$backend: TERM, HUP and kill -9" => sub {
		my $p = start($backend, STOP_TIMEOUT_MS => 300);
		my $first = caller_of($p);
		$fake->set(stall => 1.5);
		call($p, 'hup', 'p');
		await('a body to leave', sub { words($p, 'hup') =~ /sent/ }, $p);
		$p->signal('HUP');
		await('another caller', sub { my $is = caller_of($p); $is && $is != $first });
		await_log($p, qr/ reloaded /);
		# until it is told to end, the old one takes what is there too: TERM is left pending
		await('the old one to be told', sub {
			!alive($first) || hex((proc_file($first, 'status') =~ /^ShdPnd:\s*(\w+)/m)[0] // 0) & 0x4000 });
		call($p, 'next', 'p');
		await('both replies', sub { words($p, 'hup') =~ /stored/ && words($p, 'next') =~ /stored/ }, $p);
		is(words($p, $_), 'ready, sent, reply 200, stored', "whole: $_") for qw(hup next);
		is(noted($p)->{hup}{pid}, $first, 'by the caller that had begun it, past STOP_TIMEOUT_MS');
		isnt(noted($p)->{next}{pid}, $first, 'the next one by the new caller');
		await('the old one to end', sub { !alive($first) });

		my $second = caller_of($p);
		kill 'KILL', $second;
		await('one more caller', sub { my $is = caller_of($p); $is && $is != $second });
		call($p, 'term', 'p');
		await('a body to leave', sub { words($p, 'term') =~ /sent/ }, $p);
		is($p->stop_serve, 0, 'stops');
		is(words($p, 'term'), 'ready, sent, reply 200, stored', 'after the call under way');
		is(count_log($p, qr/ child_died .*role=caller/), 1, 'only the one that was killed died');
		$fake->set;
		$p->stop;
	};
}

subtest 'a file of providers with a mistake' => sub {
	my $p = start('sqlite');
	my $file = "$p->{dir}/providers.json";
	Pierre::rewrite($file, '{ "providers": [ { "id": "acme", "margin": "x" } ] }');
	my $r = $p->cli('provider', 'check', $file);
	is($r->{status}, 1, 'is found before it is used');
	like($r->{err}, qr/\Q$file\E, line 1: margin must be a whole number/, 'with its line');
	$r = $p->cli('config', 'check', env => { PROVIDERS_FILE => $file });
	like($r->{err}, qr/\Q$file\E, line 1: margin/, 'by config check too');
	$r = $p->cli('config', 'check', env => { OUTBOUND_ALLOW => '10.0.0.1/8', OUTBOUND_CA_FILE => '/nonexistent' });
	like($r->{err}, qr/OUTBOUND_ALLOW: '10.0.0.1.8' is no network/, 'which also knows networks');
	like($r->{err}, qr/OUTBOUND_CA_FILE/, 'and files of authorities');
	Pierre::rewrite($file, '{ "providers": [ { "id": "acme", "title": "ACME", "authorize_url": "https://acme.example/a",'
		. ' "token_url": "https://acme.example/t", "refresh": "rotates" } ] }');
	is($p->cli('provider', 'check', $file)->{status}, 0, 'without it all is well');
	$r = $p->cli('--json', 'provider', 'show', 'acme', env => { PROVIDERS_FILE => $file });
	like($r->{out}, qr/"title":"ACME"/, 'and a new provider is there');
	is($p->cli('provider', 'show', 'nobody')->{status}, 1, 'another is not');
	is($p->stop_serve, 0, 'stops');
	@{ $p->{env} }{qw(PROVIDERS_FILE)} = "$p->{dir}/none.json";
	$p->{wait} = 0;
	$p->serve;
	await('the end', sub { !$p->running });
	like($p->log, qr/none\.json cannot be read/, 'a service does not start with one that is missing');
	$p->stop;
} if grep { $_ eq 'sqlite' } Pierre::backends();

# A process that is forked later has what its siblings have, until a reload.
subtest 'files that are edited without a reload' => sub {
	my ($backend) = Pierre::backends();
	my $p = Pierre->start(backend => $backend, serve => 0);
	my ($file, $ca) = map { "$p->{dir}/$_" } qw(providers.json ca.pem);
	my $with = sub { return '{ "providers": [ { "id": "' . $_[0] . '", "authorize_url": "https://a.example/a",'
		. ' "token_url": "https://a.example/t", "refresh": "rotates" } ] }' };
	Pierre::rewrite($file, $with->('before'));
	copy($fake->ca, $ca) or die "copy: $!";
	@{ $p->{env} }{qw(PROVIDERS_FILE OUTBOUND_CA_FILE)} = ($file, $ca);
	$p->serve;
	await_log($p, qr/ started /);
	my $user = $p->approved_user(email => 'edits@example.org');
	my $sets = sub { return join ' ', map { $p->put("/api/users/oauth-apps/$_",
		{ client_id => 'c', client_secret => 's' }, token => $user->{token})->{status} } qw(before after) };
	my $died = 0;
	my $kill = sub {
		my %old = children($p);
		my @pids = grep { $old{$_} =~ /^(?:fast|slow|caller)/ } keys %old;
		kill 'KILL', @pids;
		await_log($p, qr/ child_died /, $died += @pids);
		await('all of them again', sub { my %is = children($p); !grep({ $is{$_} } @pids) && keys %is == keys %old }, $p);
	};
	is($sets->(), '200 404', 'the rows of the start');
	for (['cut short' => '{ "providers": [', ''], ['changed' => $with->('after'), Pierre::slurp($fake->ca)]) {
		my ($what, $text, $authorities) = @$_;
		Pierre::rewrite($file, $text);
		Pierre::rewrite($ca, $authorities);
		$kill->();
		is($p->get('/health/live')->{status}, 200, "$what: processes that die are replaced");
		is($sets->(), '200 404', '  with the rows that they had') for 1 .. 4;
		is(count_log($p, qr/ start_failed /), 0, '  and none fails');
	}
	$p->signal('HUP');
	await_log($p, qr/ reloaded /);
	await('the new rows', sub { $sets->() eq '404 200' }, $p);   # an old worker ends what it has
	Pierre::rewrite($file, '');
	$p->signal('HUP');
	await_log($p, qr/ reload_failed .*providers\.json, line 1 is not JSON/);
	$kill->();
	is($sets->(), '404 200', 'one that fails keeps them, for later processes too');
	is(count_log($p, qr/ start_failed /), 0, 'none of which fails');
	is($p->stop_serve, 0, 'stops');
	$p->stop;
};

$fake->stop;
done_testing;
