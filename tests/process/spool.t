#!/usr/bin/perl
# Answers that wait in SPOOL_DIR: of a host that never returns (pierre spool import), of a
# service that stopped, and what config check says of the directory. src/op/spool.c,
# src/cmd/spool.c, src/cmd/spool_check.c.
use strict;
use warnings;
use File::Copy qw(copy);
use FindBin;
use lib "$FindBin::Bin/../support";
use JSON::PP ();
use Test::More;
use Pierre;
use Process qw(alive await await_log);
use Refresh;

sub import_of { my ($p, $dir) = @_; my $r = $p->cli('--json', 'spool', 'import', $dir, env => { DATABASE_TIMEOUT_MS => 60000 }); return ($r, $r->{status} == 0 ? JSON::PP::decode_json($r->{out}) : {}) }

# A directory with copies of what waits.
sub left {
	my ($p, $name) = @_;
	my $dir = "$p->{dir}/$name";
	$p->give($dir, 1);
	for (spool($p)) {
		my $to = $dir . '/' . s{.*/}{}r;
		copy($_, $to) or die "copy: $!";
		$p->give($to);
	}
	return $dir;
}

# The master and all of its children at once: nothing is finished, and nobody says goodbye.
sub killed {
	my ($p) = @_;
	my @children = $p->workers;
	kill 'KILL', $p->{pid}, @children;
	await('the master to be gone', sub { !$p->running });
	await('its children to be gone', sub { !grep { alive($_) } @children });
}

# Host A is killed with an answer in its spool. Host B finds the call silent, tries once more
# and is refused, until the user would have to connect again; then A is back.
sub returns_a_day_later {
	my ($p) = @_;
	my $spool = $p->{env}{SPOOL_DIR};
	my $user = user_at($p, 'acme');
	my ($refresh) = bring($p, $user, 'acme');
	fault($p, 'store');
	ask($p, $user, 'acme');
	await('an answer that cannot be stored', sub { spooled($p) }, $p);
	killed($p);
	fault($p);
	is(scalar(spooled($p)), 1, 'host A is killed: its answer is in the spool');
	set_row($p, $user, "lease_until = '$PAST'");
	local @{ $p->{env} }{qw(SPOOL_DIR PIERRE_CLOCK_OFFSET)} = ("$p->{dir}/state/spool-b", 0);
	$p->serve;
	await('B to find it silent', sub { of($p, $user, 'state') eq 'uncertain' }, $p);
	set_row($p, $user, 'retry_at = NULL');
	await('B to be refused', sub { of($p, $user, 'refusals') == 1 && of($p, $user, 'phase') eq 'idle' }, $p);
	is(of($p, $user, 'state'), 'uncertain', 'host B is refused once: uncertain still');
	set_row($p, $user, "refusals = 2, first_refused_at = '$PAST', retry_at = NULL");
	$p->sql("UPDATE provider_apps SET last_success_at = created_at WHERE user_id = '$user->{user_id}'");
	await('B to give up', sub { of($p, $user, 'state') eq 'reauth_required' }, $p);
	$p->stop_serve;
	@{ $p->{env} }{qw(SPOOL_DIR PIERRE_CLOCK_OFFSET)} = ($spool, 86400);
	$p->serve;
	await('A to store what it has', sub { of($p, $user, 'state') eq 'ok' }, $p);
	is(of($p, $user, 'refusals'), 0, 'host A returns a day later: the connection is ok');
	is(calls_with($refresh), 3, 'its answer was the first of three');
	my $gen = of($p, $user, 'tokens_gen');
	set_row($p, $user, 'refresh_wanted = TRUE');
	await('a refresh with what A had', sub { of($p, $user, 'tokens_gen') > $gen }, $p);
	is(of($p, $user, 'state'), 'ok', 'and lives');
	is($p->stop_serve, 0, 'stops');
}

# Under a service that runs the directory is renamed, or removed: answers are in the one that
# is at its path.
sub follows {
	my ($p) = @_;
	my $dir = $p->{env}{SPOOL_DIR};
	for my $how (qw(renamed removed)) {
		rename $dir, "$dir.$how" or die "rename: $!";
		rmdir "$dir.removed";
		my $user = user_at($p, 'acme');
		my ($refresh) = bring($p, $user, 'acme');
		fault($p, 'store');
		ask($p, $user, 'acme');
		await("an answer where SPOOL_DIR is, which was $how", sub { spooled($p) }, $p);
		fault($p);
		lent($p, $user, 'acme');
		is(calls_with($refresh), 1, "SPOOL_DIR was $how: it is made again, and one call is made");
	}
	is_deeply([ glob "$dir.renamed/*" ], [], 'nothing is written where nobody looks');
}

# An older database, or another one with the same key.
sub unknown {
	my ($p, $dir) = @_;
	$p->sql('CREATE TABLE kept AS SELECT * FROM provider_connections');
	$p->sql('DELETE FROM provider_connections');
	my ($r) = import_of($p, $dir);
	like("$r->{status} $r->{err}", qr/^1 .*1 files were kept, 1 of connections that are not in this database/s,
		'a database without the connection: the status says so');
	is(scalar(my @files = glob "$dir/*"), 1, 'and the only copy stays');
	$p->sql('INSERT INTO provider_connections SELECT * FROM kept');
	$p->sql('DROP TABLE kept');
}

for my $backend (Pierre::backends()) {
	subtest $backend => sub {
		my $p = start($backend, [ row('acme') ]);
		my $user = user_at($p, 'acme');
		my ($refresh) = bring($p, $user, 'acme');
		fault($p, 'store');
		ask($p, $user, 'acme');
		await('an answer that cannot be stored', sub { spooled($p) }, $p);
		my ($r, $n) = import_of($p, $p->{env}{SPOOL_DIR});
		is("$n->{stored} $n->{held}", '0 1', 'what a running service holds is left to it') or diag($r->{err});
		is($p->stop_serve, 0, 'stops, the answer waits');
		my ($dir, $bad) = (left($p, 'left'), left($p, 'bad'));
		fault($p);
		my ($file) = glob "$bad/*";
		Pierre::rewrite($file, Pierre::slurp($file) =~ s/\n\K(.{20})(.)/$1 . ($2 eq 'A' ? 'B' : 'A')/er);
		$p->give($file);
		($r) = import_of($p, $bad);
		is($r->{status}, 1, 'an answer that was changed is not stored');
		like($r->{err}, qr/1 files were kept/, 'says so');
		ok(-e $file, 'and stays');
		rename $file, my $other = "$p->{dir}/other";
		symlink $other, $file;
		($r) = import_of($p, $bad);
		like("$r->{status} $r->{err}", qr/^1 .*spool_not_opened .*symbolic links.*1 files were kept/s, 'nor one that cannot be opened');
		unknown($p, $dir);
		($r, $n) = import_of($p, $dir);
		is("$n->{stored} $n->{kept} $n->{held}", '1 0 0', 'another host stores it') or diag($r->{err});
		is(of($p, $user, 'state') . of($p, $user, 'tokens_gen - refresh_gen'), 'ok0', 'the connection lives');
		is_deeply([ glob "$dir/*" ], [], 'the file is gone');
		($r, $n) = import_of($p, $dir);
		is("$r->{status} $n->{stored}", '0 0', 'once more changes nothing');
		($r) = import_of($p, "$p->{dir}/none");
		like($r->{err}, qr/The spool \S+none cannot be used: No such file/, 'a directory that is not there');
		my $link = "$p->{env}{SPOOL_DIR}/link";
		symlink $other, $link;
		$p->serve;
		await_log($p, qr/ spool_stored .*tokens=outdated/);
		await_log($p, qr/ spool_not_opened .*file=link .*symbolic links/);
		unlink $link;
		ok(await('the spool to be empty', sub { !spool($p) }, $p), 'the host that does return finds it is too old');
		isnt(lent($p, $user, 'acme')->{access_token}, undef, 'tokens are given');
		is(calls_with($refresh), 1, 'by one call');
		subtest 'the directory goes' => sub { follows($p) };
		subtest 'a host returns a day later' => sub { returns_a_day_later($p) };
		$p->stop;
	};
}

# --- config check ----------------------------------------------------------------------

sub checked { my ($p, $dir) = @_; return $p->cli('config', 'check', env => { SPOOL_DIR => $dir }) }
sub dir {
	my ($p, $name, $mode) = @_;
	my $dir = "$p->{dir}/$name";
	$p->give($dir, 1);
	chmod $mode, $dir;
	return $dir;
}

subtest 'config check' => sub {
	my $p = Pierre->start(serve => 0, nginx => 0);
	my $r = checked($p, dir($p, 'good', 0700));
	is("$r->{status}$r->{err}", '0', 'a directory of the service, mode 0700');
	$r = checked($p, "$p->{dir}/state/later");
	like("$r->{status} $r->{err}", qr/^0 .*note: SPOOL_DIR: \S+later is not there yet: the service makes it/, 'one that the service makes');
	ok(!-e "$p->{dir}/state/later", 'which the check does not');
	like(checked($p, dir($p, 'read', 0755))->{err}, qr/note: .*can be read by others/, 'one that others read is noted');
	Pierre::rewrite("$p->{dir}/file", '');
	mkdir "$p->{dir}/root", 0700;
	for ([ "$p->{dir}/none/spool", 'cannot be used: No such file', 'no directory above it' ],
		[ "$p->{dir}/file", 'is not a directory', 'a file' ],
		[ dir($p, 'open', 0770), 'can be written by others', 'one that others write' ],
		[ dir($p, 'shut', 0500), 'cannot be written', 'one that the service cannot write' ],
		[ "$p->{dir}/root", 'belongs to root', 'one of root' ]) {
		my ($dir, $why, $what) = @$_;
		next if $what =~ /root/ && $> != 0;
		$r = checked($p, $dir);
		like("$r->{status} $r->{err}", qr/^1 .*SPOOL_DIR: \Q$dir\E $why/, $what);
	}
	SKIP: {
		skip 'no /dev/shm', 1 unless -w '/dev/shm';
		my $dir = "/dev/shm/pt.$$";
		$p->give($dir, 1);
		chmod 0700, $dir;
		like(checked($p, $dir)->{err}, qr/note: SPOOL_DIR: \S+ is in memory/, 'one that a power cut empties is noted');
		rmdir $dir;
	}
	SKIP: {
		my $small = dir($p, 'small', 0700);
		skip 'no file system can be mounted here', 1
			if $> != 0 || system("mount -t tmpfs -o size=1m,mode=0700,uid=" . (stat $small)[4] . " none $small 2>/dev/null") != 0;
		$r = checked($p, $small);
		system('umount', $small) == 0 or diag 'cannot unmount';
		like($r->{err}, qr/has no room: each refresh that is under way needs 96 KiB there, and 32 can be/, 'one without room');
	}
	$p->stop;
};
$fake->stop;
done_testing;
