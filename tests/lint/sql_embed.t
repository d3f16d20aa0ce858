#!/usr/bin/perl
# tests/lint/sql_embed.t - sql/embed.awk: what it makes, and what ends the build.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp ();
use Test::More;

my $sql = dirname(abs_path(__FILE__)) . '/../../sql';
my @awks = grep { system("command -v $_ >/dev/null 2>&1") == 0 } qw(mawk gawk original-awk);
@awks = ('awk') unless @awks;

# Files by name -> (status, output, errors)
sub embed {
	my ($awk, $part, %files) = @_;
	my $dir = File::Temp->newdir;
	for my $name (keys %files) {
		make_path(dirname("$dir/$name"));
		open my $fh, '>', "$dir/$name" or die "$name: $!";
		print $fh $files{$name};
		close $fh or die "$name: $!";
	}
	my $names = join ' ', sort keys %files;
	my $out = `cd $dir && sha256sum $names | $awk -v part=$part -f $sql/embed.awk -f $sql/emit.awk - $names 2>$dir/errors`;
	my $status = $?;
	open my $fh, '<', "$dir/errors" or die $!;
	local $/;
	return ($status, $out, scalar <$fh>);
}

my %good = (
	'sql/common/a.sql' => <<'END',
-- A comment before: with :x.
-- columns: pair = y,
--	z
-- name: user_by_email
-- row: UserPair
SELECT a, '$9 -- ''? :n {x}' AS q, CAST(b AS text), c::text, d[1:2] -- a comment; with :x
  FROM t WHERE x = :x AND y = :y_1 AND z = :y_1 AND w = :x;

-- name: user_add
INSERT INTO t ({pair}) VALUES (:{pair})
-- name: user_joined
-- row: UserPair, B
SELECT {pair t}, {pair u as u_} FROM t, u
-- name: folded
SELECT lower(a COLLATE "C") FROM t
END
	'sql/sqlite/a.sql' => "-- name: many\nINSERT INTO t VALUES (:b, :a);\n"
		. "-- name: both\nDELETE FROM t WHERE x = :x AND v = :y AND y LIKE '??-\\'\n",
	'sql/pgsql/a.sql' => "-- name: many\nCOPY t (a,\n\tb) FROM STDIN;\n"
		. "-- name: both\nWITH d AS (DELETE FROM t WHERE v = :y AND x = :x) SELECT 1;\n",
	'sql/sqlite/0001_initial.sql' => "CREATE TABLE t (\n\tx TEXT -- \"x\"\n);\n",
	'sql/pgsql/0001_initial.sql' => "CREATE TABLE t (x UUID);\n",
);
for my $awk (@awks) {
	my ($status, $out, $errors) = embed($awk, 'header', %good);
	is($status, 0, "$awk: header") or diag $errors;
	like($out, qr/SQL_USER_BY_EMAIL,\n\tSQL_USER_ADD,\n\tSQL_USER_JOINED,\n\tSQL_FOLDED,\n\tSQL_MANY,\n\tSQL_BOTH,\n\tSQL__COUNT/, 'the enum');
	like($out, qr/union sql_user_by_email \{\n\tstruct \{\n.* struct db_value x;\n.* struct db_value y_1;\n\t\};\n\tstruct db_value all\[2\];\n\};\n/,
		'a union of parameters');
	like($out, qr/sizeof\(union sql_user_by_email\) == 2 \*/, 'of that size');
	like($out, qr/enum \{ SQL_user_by_email = SQL_USER_BY_EMAIL, SQL_user_by_email_PARAMS = 2 \};/, 'its number and how many');
	like($out, qr/union sql_user_joined \{\n\tstruct db_value all\[1\];\n\};\n.*\n.*SQL_user_joined_PARAMS = 0 /, 'of one without');
	like($out, qr/union sql_many \{\n\tstruct \{\n.* struct db_value a;\n.* struct db_value b;\n/, 'in the order of COPY');
	($status, $out, $errors) = embed($awk, 'source', %good);
	is($status, 0, "$awk: source") or diag $errors;
	like($out, qr/\.sql\[DB_SQLITE\] = "SELECT a, '\$9 -- ''\\\? :n \{x\}' AS q, CAST\(b AS text\), c::text, d\[1:2\] FROM t WHERE x = \\\?1 AND y = \\\?2 AND z = \\\?2 AND w = \\\?1",/,
		'SQLite: ?1 for :x, not inside quotes, no cast, comments gone');
	like($out, qr/\.sql\[DB_PGSQL\] = "SELECT a, '\$9 -- ''\\\? :n \{x\}' AS q, CAST\(b AS text\), c::text, d\[1:2\] FROM t WHERE x = \$1 AND y = \$2 AND z = \$2 AND w = \$1",/,
		'PostgreSQL: $1');
	like($out, qr/\.name = "user_by_email", \.params = 2, \.writes = false/, 'a read');
	like($out, qr/\.names = \(const char \*const\[\]\)\{ "x", "y_1", \},\n\t\t\.rows\[0\] = &user_pair_schema,\n\t\},/, 'its names and its row');
	like($out, qr/^extern const struct field_schema user_pair_schema;\nextern const struct field_schema b_schema;\n\n/m, 'rows, each once');
	like($out, qr/\.sql\[DB_SQLITE\] = "SELECT lower\(a\) FROM t",\n.*"SELECT lower\(a COLLATE \\"C\\"\) FROM t"/, 'a collation of PostgreSQL');
	like($out, qr/"INSERT INTO t \(y, z\) VALUES \(\$1, \$2\)"/, 'columns and parameters of a set');
	like($out, qr/"SELECT t\.y, t\.z, u\.y AS u_y, u\.z AS u_z FROM t, u"/, 'columns of a table, and under a prefix');
	like($out, qr/\.rows\[0\] = &user_pair_schema,\n\t\t\.rows\[1\] = &b_schema,/, 'two rows');
	like($out, qr/\.name = "user_add", \.params = 2, \.writes = true/, 'a write');
	like($out, qr/\.name = "both", \.params = 2, \.writes = true/, 'a write in a WITH');
	like($out, qr/WHERE x = \\\?1 AND v = \\\?2 .*\n.*WHERE v = \$2 AND x = \$1/, 'one number in both dialects');
	like($out, qr/\.name = "many", \.params = 2, \.writes = true,\n.*VALUES \(\\\?2, \\\?1\)"/, 'many rows at once');
	like($out, qr/'\\\?\\\?-\\\\'"/, 'no trigraph, no escape');
	like($out, qr/\\tx TEXT -- \\"x\\"\\n/, 'a migration is embedded whole');
	like($out, qr/\{ 1, "initial",.*"[0-9a-f]{64}", NULL \}/s, 'with its checksum');
	like($out, qr/\.n_migrations = 1/, 'counted');
	unlike($out, qr/const struct db_catalog sql_\w+_catalog/, 'one catalog');

	my %fn = (%good, map { ("sql/$_/0002_more.sql" => "CREATE TABLE u (x TEXT);\n-- function: migrate_more\n") } qw(sqlite pgsql));
	($status, $out, $errors) = embed($awk, 'source', %fn);
	like($out, qr/\{ 2, "more",.*"[0-9a-f]{64}", migrate_more \}/s, 'a migration names a function');

	my %set = (%good, 'sql/sqlite/more/0001_initial.sql' => "CREATE TABLE m (x TEXT);\n",
		'sql/sqlite/more/0002_again.sql' => "CREATE TABLE n (x TEXT);\n");
	($status, $out, $errors) = embed($awk, 'header', %set);
	like($out, qr/^extern const struct db_catalog sql_more_catalog;/m, 'another kind of SQLite file');
	($status, $out, $errors) = embed($awk, 'source', %set);
	is($status, 0, "$awk: its source") or diag $errors;
	like($out, qr/struct db_migration more_migrations\[\] = \{.*CREATE TABLE m .*CREATE TABLE n /s, 'its migrations');
	like($out, qr/sql_more_catalog = \{\n\t\.statements = statements,.*more_migrations,\n\t\},\n\t\.n_migrations = 2,/s,
		'its catalog: the same statements');
	like($out, qr/sql_catalog = \{.*sqlite_migrations.*\.n_migrations = 1,.*sql_more_catalog/s, 'the main one is as before');
}

my @bad = (
	[ 'missing in sqlite', qr{sql/pgsql/b.sql:1: lone is missing in sqlite/},
		'sql/pgsql/b.sql' => "-- name: lone\nSELECT 1\n" ],
	[ 'missing in pgsql', qr{sql/sqlite/b.sql:1: lone is missing in pgsql/},
		'sql/sqlite/b.sql' => "-- name: lone\nSELECT 1\n" ],
	[ 'function of one backend', qr{migration 0002 names a function on one backend only},
		'sql/sqlite/0002_b.sql' => "-- function: migrate_b\n", 'sql/pgsql/0002_b.sql' => "SELECT 1;\n" ],
	[ 'other function', qr{sql/pgsql/0002_b.sql:1: write -- function: migrate_NAME},
		'sql/sqlite/0002_b.sql' => "SELECT 1;\n", 'sql/pgsql/0002_b.sql' => "-- function: system(x)\n" ],
	[ 'common and dialect', qr{sql/sqlite/b.sql:1: user_add is in common/ too},
		'sql/sqlite/b.sql' => "-- name: user_add\nSELECT 1\n" ],
	[ 'twice', qr{sql/common/b.sql:2: user_add is there twice},
		'sql/common/b.sql' => "\n-- name: user_add\nSELECT 1\n" ],
	[ 'other parameters', qr{sql/pgsql/b.sql:1: p has :b on one backend only},
		'sql/sqlite/b.sql' => "-- name: p\nSELECT :a\n", 'sql/pgsql/b.sql' => "-- name: p\nSELECT :a, :b\n" ],
	[ 'fewer parameters', qr{sql/pgsql/b.sql:1: p has :b on one backend only},
		'sql/sqlite/b.sql' => "-- name: p\nSELECT :a, :b\n", 'sql/pgsql/b.sql' => "-- name: p\nSELECT :a\n" ],
	[ 'writes on one', qr{p writes on one backend only},
		'sql/sqlite/b.sql' => "-- name: p\nSELECT 1\n", 'sql/pgsql/b.sql' => "-- name: p\nDELETE FROM t\n" ],
	[ 'no name', qr{sql/common/b.sql:1: text before}, 'sql/common/b.sql' => "SELECT 1\n" ],
	[ 'no text', qr{e has no text}, 'sql/common/b.sql' => "-- name: e\n-- nothing\n" ],
	[ 'bad name', qr{bad name: Big-Name}, 'sql/common/b.sql' => "-- name: Big-Name\nSELECT 1\n" ],
	[ 'two statements', qr{sql/common/b.sql:2: more than one}, 'sql/common/b.sql' => "-- name: e\nSELECT 1; SELECT 2\n" ],
	[ 'two statements on two lines', qr{sql/common/b.sql:3: more than one}, 'sql/common/b.sql' => "-- name: e\nSELECT 1;\nSELECT 2;\n" ],
	[ 'open quote', qr{sql/common/b.sql:2: a quote does not end}, 'sql/common/b.sql' => "-- name: e\nSELECT 'a\n" ],
	[ '?1', qr{sql/common/b.sql:2: write parameters as :name, not \?1}, 'sql/common/b.sql' => "-- name: e\nSELECT ?1\n" ],
	[ '$1', qr{sql/common/b.sql:2: write parameters as :name, not \$1}, 'sql/common/b.sql' => "-- name: e\nSELECT \$1\n" ],
	[ 'a name of the union', qr{sql/common/b.sql:1: e: :all cannot be a parameter}, 'sql/common/b.sql' => "-- name: e\nSELECT :all\n" ],
	[ 'unknown columns', qr{sql/common/b.sql:1: e: no columns are named keys}, 'sql/common/b.sql' => "-- name: e\nSELECT {keys}\n" ],
	[ 'other brace', qr{sql/common/b.sql:2: \{ opens no list of columns}, 'sql/common/b.sql' => "-- name: e\nSELECT '[]'::json, {Key}\n" ],
	[ 'three words', qr{e: \{pair t u\} is none of}, 'sql/common/b.sql' => "-- name: e\nSELECT {pair t u}\n" ],
	[ 'parameters of a table', qr{e: :\{pair t\} is none of}, 'sql/common/b.sql' => "-- name: e\nSELECT :{pair t}\n" ],
	[ 'columns twice', qr{sql/common/b.sql:1: columns pair are there twice}, 'sql/common/b.sql' => "-- columns: pair = a\n" ],
	[ 'columns for nothing', qr{sql/common/b.sql:1: columns idle are not used}, 'sql/common/b.sql' => "-- columns: idle = a, b\n" ],
	[ 'columns that are none', qr{sql/common/b.sql:1: write -- columns: set = column, column}, 'sql/common/b.sql' => "-- columns: c = count(*)\n" ],
	[ 'columns without a name', qr{sql/common/b.sql:1: write -- columns: set = column, column}, 'sql/common/b.sql' => "-- columns: a, b\n" ],
	[ 'columns that go on nowhere', qr{sql/common/b.sql:2: columns c end with a comma}, 'sql/common/b.sql' => "-- columns: c = a,\n-x\n" ],
	[ 'columns at the end', qr{sql/sqlite/z.sql:1: columns c end with a comma}, 'sql/sqlite/z.sql' => "-- columns: c = a,\n" ],
	[ 'a row without a statement', qr{sql/common/b.sql:1: a row stands between}, 'sql/common/b.sql' => "-- row: Key\n" ],
	[ 'a row behind the text', qr{sql/common/b.sql:3: a row stands between}, 'sql/common/b.sql' => "-- name: e\nSELECT 1\n-- row: Key\n" ],
	[ 'no name of a row', qr{sql/common/b.sql:2: write -- row: Name}, 'sql/common/b.sql' => "-- name: e\n-- row: api_key\nSELECT 1\n" ],
	[ 'four rows', qr{sql/common/b.sql:2: write -- row: Name}, 'sql/common/b.sql' => "-- name: e\n-- row: A, B, C, D\nSELECT 1\n" ],
	[ 'other row', qr{p has another row than in sqlite/},
		'sql/sqlite/b.sql' => "-- name: p\n-- row: A\nSELECT 1\n", 'sql/pgsql/b.sql' => "-- name: p\nSELECT 1\n" ],
	[ 'folder', qr{not in common/}, 'sql/mysql/b.sql' => "-- name: e\nSELECT 1\n" ],
	[ 'migration on one backend', qr{migration 0002 is missing}, 'sql/sqlite/0002_more.sql' => "SELECT 1;\n" ],
	[ 'gap in migrations', qr{migration 0002 is missing},
		'sql/sqlite/0003_more.sql' => "SELECT 1;\n", 'sql/pgsql/0003_more.sql' => "SELECT 1;\n" ],
	[ 'two names', qr{migration 0002 has two names},
		'sql/sqlite/0002_more.sql' => "SELECT 1;\n", 'sql/pgsql/0002_less.sql' => "SELECT 1;\n" ],
	[ 'COPY of fewer columns', qr{p has :b on one backend only},
		'sql/sqlite/b.sql' => "-- name: p\nINSERT INTO t VALUES (:a, :b)\n",
		'sql/pgsql/b.sql' => "-- name: p\nCOPY t (a) FROM STDIN\n" ],
	[ 'gap in a set', qr{migration 0001 is missing}, 'sql/sqlite/more/0002_more.sql' => "SELECT 1;\n" ],
	[ 'statement in a set', qr{only migrations belong there}, 'sql/sqlite/more/b.sql' => "-- name: e\nSELECT 1\n" ],
	[ 'set of PostgreSQL', qr{not in common/}, 'sql/pgsql/more/0001_more.sql' => "SELECT 1;\n" ],
	[ 'common migration', qr{a migration belongs to}, 'sql/common/0002_more.sql' => "SELECT 1;\n" ],
);
for my $case (@bad) {
	my ($name, $want, %more) = @$case;
	for my $awk (@awks) {
		my ($status, $out, $errors) = embed($awk, 'source', %good, %more);
		isnt($status, 0, "$awk: $name ends the build");
		like($errors, $want, 'and says why');
	}
}
done_testing();
