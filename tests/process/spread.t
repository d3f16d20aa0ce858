#!/usr/bin/perl
# Kept connections stay with the worker that accepted them, so the workers of the
# fast pool share them: of 8 the busiest has at most twice the mean, however they
# come, and a connection that others have left waits 100 ms.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use FastCGI;
use Kept qw(connected text answer together);
use Process qw(await await_log children count_log);

my $WORKERS = 8;
my $SITE = <<'END';
server {
	listen 127.0.0.1:@SITE_PORT@ backlog=4096;
	include snippets/pierre-locations.conf;
}
END
my ($backend) = Pierre::backends() or plan skip_all => 'no backend';
my $p = Pierre->start(backend => $backend, site => $SITE, env => { WORKERS => $WORKERS });

# pid => connections of the fast pool's socket that it has accepted
sub spread {
	# Num RefCount Protocol Flags Type St Inode Path
	my %accepted = map { $_ => 1 } Pierre::slurp('/proc/net/unix') =~ m{ 0001 03 +(\d+) \Q$p->{fast_socket}\E$}mg;
	my %c = children($p);
	return map { my $pid = $_; $pid => scalar grep { (readlink // '') =~ /^socket:\[(\d+)\]$/ && $accepted{$1} } glob "/proc/$pid/fd/*" }
		grep { $c{$_} =~ /^fast/ } keys %c;
}

sub counted {
	my ($sum, $most) = (0, 0);
	for (@_) { $sum += $_; $most = $_ if $_ > $most }
	return ($sum, $most);
}

# A worker that a busy machine lets stand still leaves its share to the others: of three times
# one is as it should be. $make makes connections, which it returns; $undo has them closed.
sub is_spread {
	my ($what, $due, $make, $undo) = @_;
	my ($before) = counted(values %{ { spread() } });
	my (@made, @all, $sum, $most);
	for my $try (1 .. 3) {
		@made = $make->();
		my %of = spread();
		@all = values %of;
		($sum, $most) = counted(@all);
		last if $most <= 2 * $sum / @all || $try == 3;
		@made = ();
		$undo->() if $undo;
		await('the end of those', sub { (counted(values %{ { spread() } }))[0] <= $before }, $p);
	}
	cmp_ok($sum, '>=', $due, "$what: $sum connections");
	cmp_ok($most, '<=', 2 * $sum / @all, "$what: at most twice the mean (@{[ sort { $a <=> $b } @all ]})");
	return @made;
}

# One more connection that is kept, after a request.
sub kept {
	my $s = FastCGI::open_socket($p->{fast_socket}) // die "connect: $!";
	FastCGI::send_bytes($s, FastCGI::message('GET', '/version', '', keep => 1));
	return $s;
}
sub answers { return join ' ', map { FastCGI::reply($_, keep => 1)->{status} } @_ }

subtest 'one after the other' => sub {
	my @kept = is_spread('64', 64, sub { map { my $s = kept(); answers($s); $s } 1 .. 64 });
	FastCGI::send_bytes($_, FastCGI::message('GET', '/version', '', keep => 1)) for @kept;
	is(answers(@kept), join(' ', (200) x 64), 'all are served');
};

subtest 'at once' => sub {
	is_spread('64', 64, sub {
		my @kept = map { kept() } 1 .. 64;
		is(answers(@kept), join(' ', (200) x 64), 'all are served');
		return @kept;
	});
};

subtest 'of nginx' => sub {
	my $reloads = 0;
	my @clients = is_spread('64', 64, sub {
		my @clients = map { connected($p->{site}{port}) } 1 .. 64;
		# all of them are under way at once
		my @workers = keys %{ { spread() } };
		kill 'STOP', @workers;
		syswrite $_, text('GET', '/version', '') for @clients;
		await('64 connections', sub { (() = Pierre::slurp('/proc/net/unix') =~ m{ 0001 0[23] +\d+ \Q$p->{fast_socket}\E$}mg) >= 64 });
		kill 'CONT', @workers;
		is(join(' ', map { (answer($_))[0] } @clients), join(' ', (200) x 64), 'all are served');
		return @clients;
	}, sub {
		# nginx keeps its own until other workers come
		my %old = spread();
		$p->signal('HUP');
		await_log($p, qr/ reloaded /, ++$reloads);
		await('other workers', sub { my %is = spread(); keys %is == $WORKERS && !grep { exists $old{$_} } keys %is }, $p);
	});
	is(together(\@clients, text('GET', '/version', '')), join(' ', (200) x 64), 'and again') for 1 .. 20;
};

# All but one stand still: it is over its share at once, and the only one that can serve.
subtest 'with one worker that goes on' => sub {
	my ($first, @others) = keys %{ { spread() } };
	kill 'STOP', @others;
	my @kept = map { kept() } 1 .. 30;
	kill 'CONT', $first;
	is(answers(@kept[0 .. 4]), join(' ', (200) x 5), 'it serves what the others leave');
	kill 'CONT', @others;
	is(answers(@kept[5 .. 29]), join(' ', (200) x 25), 'and all are served when they go on');
};

subtest 'with killed workers' => sub {
	my ($first, @others) = keys %{ { spread() } };
	my @kept = map { my $s = kept(); answers($s); $s } 1 .. 32;
	kill 'KILL', @others;
	await_log($p, qr/ child_died .*role=fast /, 7);
	my @more = map { kept() } 1 .. 32;
	is(answers(@more), join(' ', (200) x 32), 'others are served at once');
	is(count_log($p, qr/ child_died /), 7, 'nobody else died');
};

is($p->stop_serve, 0, 'stops');
$p->stop;
done_testing;
