#!/usr/bin/perl
# Only `serve` and `db migrate` change a schema: every other command of --help
# leaves an empty, an older and a newer database as it is and says what to run.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre::Check;

my %migrates = map { $_ => 1 } 'serve', 'db migrate';
# What needs no schema; each other command must say what to run.
my %without = map { $_ => 1 } 'db test', 'db status', 'config check', 'config dump', 'nginx print', 'nginx providers', 'openapi',
	'version', 'help', 'provider list', 'provider show', 'provider check';

sub commands {
	my ($p) = @_;
	return grep { !$migrates{$_} } $p->cli('--help')->{out} =~ /^  ([a-z]+(?: [a-z-]+)?)  /mg;
}

# Its words, with something for each operand that it needs.
sub words {
	my ($p, $command) = @_;
	my ($usage) = $p->cli('help', split / /, $command)->{out} =~ /\Ausage: pierre \Q$command\E(.*)$/m or die $command;
	return (split(/ /, $command), map { 'x@example.org' } $usage =~ s/\[[^]]*\]//gr =~ /([A-Z]+)/g);
}

# All that is there: tables, columns, triggers, and what was recorded.
sub state {
	my ($p) = @_;
	my ($file) = $p->{url} =~ /^sqlite:(.*)/;
	return $p->sql(q{SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable) FROM information_schema.columns
			WHERE table_schema = 'public'
		UNION ALL SELECT concat_ws(' ', 'trigger', tgname) FROM pg_trigger WHERE NOT tgisinternal
		UNION ALL SELECT concat_ws(' ', 'constraint', conname) FROM pg_constraint
		UNION ALL SELECT CASE WHEN to_regclass('migrations') IS NOT NULL
			THEN query_to_xml('SELECT * FROM migrations ORDER BY 1', false, false, '')::text END
		ORDER BY 1}) if !$file;
	my @files = grep { !/-(?:wal|shm)$|\.(?:writer|open)$/ } glob "$p->{dir}/state/*";
	return join "\n", @files,
		-e $file ? Pierre::capture([ 'sqlite3', '-batch', '-init', '/dev/null', $file, '.dump' ], {}, user => 1)->{out} : ();
}

sub leave_it {
	my ($p, $what, $sentence, %env) = @_;
	my $before = state($p);
	my @commands = commands($p);
	cmp_ok(scalar @commands, '>=', 18, "$what: " . @commands . ' commands');
	for my $command (@commands) {
		my $r = $p->cli(words($p, $command), env => \%env);
		is(state($p), $before, "$what: '$command' changes nothing");
		unlike($r->{err}, qr/does not say what it needs/, 'its row says what it needs');
		next if $without{$command};
		is($r->{status}, 1, 'it fails');
		like($r->{err}, qr/\Apierre: $sentence\n\z/, 'and says why, in one sentence');
	}
}

# What a program with the first $n migrations leaves.
sub older {
	my ($p, $n) = @_;
	my $dialect = $p->{backend} eq 'sqlite' ? 'sqlite' : 'pgsql';
	my ($create) = Pierre::slurp("$Pierre::SOURCE/sql/$dialect/migration.sql") =~ /-- name: migrations_create\n(.*)\z/s or die;
	$p->sql($create);
	for my $file ((sort glob "$Pierre::SOURCE/sql/$dialect/[0-9]*.sql")[ 0 .. $n - 1 ]) {
		my $text = Pierre::slurp($file);
		my ($version, $name) = $file =~ m{/(\d+)_(\w+)\.sql$};
		$p->sql("\n$text");
		record($p, $version + 0, $name, sha256_hex($text));
	}
}

sub record {
	my ($p, $version, $name, $sum) = @_;
	$p->sql("INSERT INTO migrations VALUES ($version, '$name', '$sum', '2026-01-01T00:00:00.000Z')");
}

my $latest = () = glob "$Pierre::SOURCE/sql/pgsql/[0-9]*.sql";
for my $backend (Pierre::backends()) {
	my $with = sub {
		my ($code, %start) = @_;
		my $p = Pierre->start(backend => $backend, serve => 0, nginx => 0, empty => 1, %start);
		$code->($p);
		$p->stop;
	};
	subtest $backend => sub {
		$with->(sub {
			my ($p) = @_;
			leave_it($p, 'empty', $backend eq 'sqlite' ?
				qr{the database \S+pierre\.db does not exist: 'pierre db migrate' makes it, and so does the start of the service} :
				qr{the database is empty: run 'pierre db migrate' first, or start the service});
		});
		$with->(sub {
			my ($p) = @_;
			older($p, $latest - 1);
			leave_it($p, 'older', qr/the schema has version @{[ $latest - 1 ]} and this program needs $latest: run 'pierre db migrate', or start the service/);
			like($p->cli('user', 'list', env => { AUTO_MIGRATE => 'no' })->{err}, qr/: run 'pierre db migrate' \(AUTO_MIGRATE is off\)$/,
				'where the service does not migrate, it is not named');
			is($p->cli('db', 'migrate')->{status}, 0, 'db migrate migrates');
			is($p->cli('user', 'list', '--json')->{out}, "[]\n", 'then the others work');
			record($p, $latest + 1, 'next', '0' x 64);
			leave_it($p, 'newer', qr/The database has schema @{[ $latest + 1 ]}, newer than this program, which knows schemas up to $latest: run the newer program/);
		});
		$with->(sub {
			my ($p) = @_;
			older($p, $latest - 1);
			$p->serve;
			is($p->cli('user', 'list', '--json')->{out}, "[]\n", 'the start of the service migrates');
		}, nginx => 1);
		$with->(sub {
			my ($p) = @_;
			$p->sql('PRAGMA journal_mode = WAL');
			leave_it($p, 'an empty file', qr{the database is empty: run 'pierre db migrate' first, or start the service});
		}) if $backend eq 'sqlite';
	};
}
done_testing;
