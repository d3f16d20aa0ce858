#!/usr/bin/perl
# Losing PostgreSQL in every place: idle, in a read, in a transaction, at
# COMMIT. Nothing is counted twice, nothing acknowledged is missing, nothing
# waits past its deadline, and what cannot be known is called so.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use Pierre::Cluster;

Pierre::Cluster::wanted();
my $cluster = Pierre::Cluster->new;
my ($total, $ids) = (0, 0);

sub fresh_id { return sprintf '00000000-0000-4000-8000-%012d', ++$ids }
sub total { return $cluster->sql('SELECT n FROM totals', $cluster->{url}) }
sub pid_of { my ($tool) = @_; my ($pid) = $tool->ask('pid') =~ /^ok (\d+)$/ or die; return $pid }
sub in_transaction { return $cluster->sql("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'") }

# --- idle --------------------------------------------------------------------

my $tool = $cluster->tool;
is $tool->ask('total'), 'ok 0', 'a first read';
$cluster->terminate(pid_of($tool));
is $tool->ask('total'), 'ok 0', 'a backend killed while idle: the next read works';
is scalar(() = $tool->log =~ /database_reconnect/g), 1, 'by connecting again, before it was sent';
$cluster->terminate(pid_of($tool));
is $tool->ask('add', fresh_id(), 5), 'ok', 'and so does the next write';
is total(), $total += 5, 'once';
$cluster->restart;
is $tool->ask('total'), "ok $total", 'a restart of the server goes unnoticed';
$cluster->restart('immediate');
is $tool->ask('add', fresh_id(), 1), 'ok', 'a crash of the server too';
is total(), $total += 1, 'once';

# --- in a read ----------------------------------------------------------------

my $pid = pid_of($tool);
$tool->send('sleep', 2);
ok $cluster->until(sub { $cluster->sql("SELECT state FROM pg_stat_activity WHERE pid = $pid") eq 'active' }), 'a read runs';
$cluster->terminate($pid);
like $tool->answer, qr/^ok/, 'killed in a read: it is read again';
isnt pid_of($tool), $pid, 'by another backend';

# --- in a transaction -----------------------------------------------------------

is $tool->ask('add', fresh_id(), 7, 'wait'), 'inside', 'a transaction is open';
my ($open) = $cluster->sql("SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction'");
$cluster->terminate($open);
is $tool->ask('go'), 'ok', 'killed in a transaction: it runs again';
is total(), $total += 7, 'once';

is $tool->ask('add', fresh_id(), 7, 'wait'), 'inside', 'a transaction is open';
$cluster->stop('immediate');
my $late = $cluster->tool(TIMEOUT_MS => 3000);
like $late->ask('total'), qr/^unavailable: Cannot connect/, 'the server is down';
$tool->send('go');
$cluster->start;
like $tool->answer, qr/^(?:ok|unavailable: .*)$/, 'a transaction over a restart ends one way or the other';
my $now = total();
ok $now == $total || $now == $total + 7, 'never twice';
$total = $now;

my $same = fresh_id();
is $tool->ask('add', $same, 3), 'ok', 'an event';
$total += 3;
like $tool->ask('add', $same, 3), qr/^conflict: /, 'the same one again is a conflict when no COMMIT was lost';
is total(), $total, 'and counts for nothing';

# --- at COMMIT -------------------------------------------------------------------

for my $mode (qw(lose-commit lose-answer)) {
	my $relay = $cluster->relay($mode);
	my $t = $cluster->tool(DATABASE_URL => $relay->{url});
	is $t->ask('add', fresh_id(), 11), 'ok', "$mode: acknowledged";
	is total(), $total += 11, "$mode: counted once";
	like $t->log, qr/database_uncertain/, "$mode: it was in doubt";
	is scalar($t->log =~ /database_resolved/), $mode eq 'lose-answer' ? 1 : '', "$mode: how it was resolved";
	is $t->ask('total'), "ok $total", "$mode: the tool goes on";
}

for my $mode (qw(hold-commit hold-answer)) {
	my $relay = $cluster->relay($mode);
	my $t = $cluster->tool(DATABASE_URL => $relay->{url}, TIMEOUT_MS => 3000);
	my $id = fresh_id();
	like $t->ask('add', $id, 13), qr/^uncertain: /, "$mode: the deadline passes: uncertain";
	ok $cluster->until(sub { !in_transaction() }), "$mode: no transaction stays open";
	my $stored = $cluster->sql("SELECT count(*) FROM audit_events WHERE id = '$id'", $cluster->{url});
	is $stored, $mode eq 'hold-answer' ? 1 : 0, "$mode: what had become of it";
	is total(), $total += 13 * $stored, "$mode: whole or not at all";
	is $t->ask('total'), "ok $total", "$mode: the tool goes on";
}

like $tool->ask('failed-commit'), qr/^ok refused error: .*rolled the transaction back/,
	'COMMIT of a failed transaction is no success';

# --- frozen ------------------------------------------------------------------------

# long enough for a loaded machine to connect in
$tool = $cluster->tool(TIMEOUT_MS => 5000);
is $tool->ask('total'), "ok $total", 'connected';
$cluster->freeze;
like $tool->ask('total'), qr/^unavailable: /, 'a frozen server: a read ends at its deadline';
like $tool->ask('connect'), qr/^unavailable: .*in time/, 'and so does connecting';
like $tool->ask('ping'), qr/^unavailable: /, 'and a ping';
$cluster->thaw;
ok $cluster->until(sub { $tool->ask('total') eq "ok $total" }), 'it goes on when the server does';
ok $cluster->until(sub { $tool->ask('add', fresh_id(), 17, 'wait') eq 'inside' }), 'a transaction is open';
$cluster->freeze;
like $tool->ask('go'), qr/^unavailable: /, 'frozen in a transaction: it ends at its deadline';
$cluster->thaw;
ok $cluster->until(sub { !in_transaction() }), 'the transaction is rolled back';
is total(), $total, 'nothing was counted';

# A client that is frozen must not hold its locks for ever.
$tool = $cluster->tool(TIMEOUT_MS => 3000);
is $tool->ask('add', fresh_id(), 19, 'wait'), 'inside', 'a transaction is open';
ok $cluster->until(sub { !in_transaction() }), 'the server ends what its client has left';
like $tool->ask('go'), qr/^unavailable: /, 'which the client is told';
is total(), $total, 'nothing was counted';

# --- locks ---------------------------------------------------------------------------

my ($one, $two) = map { $cluster->tool(TIMEOUT_MS => 20000) } 1 .. 2;
is $one->ask('add', fresh_id(), 1, 'wait'), 'inside', 'one has begun';
is $two->ask('add', fresh_id(), 1, 'wait'), 'inside', 'two has begun';
is $two->ask('go'), 'ok', 'two has ended';
is $one->ask('go'), 'ok', 'one has ended';
is total(), $total += 2, 'both count';

$cluster->sql('ALTER ROLE pierre SET default_transaction_isolation = serializable');
($one, $two) = map { $cluster->tool(TIMEOUT_MS => 20000) } 1 .. 2;
is $one->ask('add', fresh_id(), 1, 'wait'), 'inside', 'one has begun';
is $two->ask('add', fresh_id(), 1), 'ok', 'two overtakes it';
my $aborted = $cluster->sql("SELECT xact_rollback FROM pg_stat_database WHERE datname = 'pierre'");
is $one->ask('go'), 'ok', 'one collides with it (40001), and runs again';
is total(), $total += 2, 'both count';
$one->quit;
ok $cluster->until(sub { $cluster->sql("SELECT xact_rollback FROM pg_stat_database WHERE datname = 'pierre'") > $aborted }),
	'there was a collision';
$cluster->sql('ALTER ROLE pierre RESET default_transaction_isolation');

# --- prepared statements ---------------------------------------------------------------

$tool = $cluster->tool;
$tool->ask('total') for 1 .. 3;
is $tool->ask('prepared'), 'ok 2', 'a statement is prepared once';
is $tool->ask('forget'), 'ok', 'the server forgets them';
is $tool->ask('total'), "ok $total", 'a read whose statement is missing works';
like $tool->log, qr/26000.*DATABASE_PREPARE=no/, 'and the log says what to do behind pgbouncer';
my $plain = $cluster->tool(DATABASE_PREPARE => 'no');
is $plain->ask('total'), "ok $total", 'DATABASE_PREPARE=no: a read';
is $plain->ask('add', fresh_id(), 1), 'ok', 'a write';
is total(), $total += 1, 'that counts';
is $plain->ask('prepared'), 'ok 0', 'and nothing prepared';

# --- values ------------------------------------------------------------------------------

for my $t ($cluster->tool, $plain) {
	my ($a, $b, $c) = map { fresh_id() } 1 .. 3;
	$cluster->sql('DELETE FROM items', $cluster->{url});
	my $tags = '["a b","q\"\\\\\\\\","{,}","NULL","\u00e9\ud83d\ude00","","\n"]';
	is $t->ask('put', $a, '2024-02-29T12:34:56.789Z', 1, $tags, 'B'), 'ok', 'one of every kind';
	is $t->ask('get', $a), "ok $a|2024-02-29T12:34:56.789Z|1|" .
		"[\"a b\",\"q\\\"\\\\\\\\\",\"{,}\",\"NULL\",\"\xc3\xa9\xf0\x9f\x98\x80\",\"\",\"\\n\"]|B", 'as it was';
	is $t->ask('put', $b, 'null', 'null', 'null', 'a'), 'ok', 'nothing of every kind';
	is $t->ask('get', $b), "ok $b|NULL|NULL|NULL|a", 'as it was';
	is $t->ask('put', $c, '1999-12-31T23:59:59.000Z', 0, '[]', 'C'), 'ok', 'false, and an empty list';
	is $t->ask('get', $c), "ok $c|1999-12-31T23:59:59.000Z|0|[]|C", 'as it was';
	is $t->ask('put', fresh_id(), 'null', 0, '[]', 'C'), 'conflict: This name is taken [name]', 'a conflict names its field';
	like $t->ask('put', 'secret', 'null', 0, '[]', 'D'), qr/^database: (?!.*secret).*22P02/, 'a value at fault is not quoted';
	is $t->ask('names'), 'ok B C a', 'COLLATE "C" orders by bytes';
	is $t->ask('icu-names'), 'ok a B C', 'the cluster\'s own order is another';
}
$cluster->sql("ALTER DATABASE pierre SET timezone = 'America/St_Johns'; ALTER DATABASE pierre SET datestyle = 'SQL, DMY'");
$tool = $cluster->tool;
my $in = fresh_id();
is $tool->ask('put', $in, '2024-07-01T00:00:00.001Z', 1, '[]', 'Z'), 'ok', 'a server elsewhere';
like $tool->ask('get', $in), qr/\|2024-07-01T00:00:00\.001Z\|/, 'speaks our form of moments';
done_testing;
