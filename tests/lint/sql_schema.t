#!/usr/bin/perl
# One schema text for both dialects: what is committed is what sql/schema.awk
# expands, what has landed keeps its bytes (an installed database refuses
# another checksum), and sql/schema.awk makes what was written by hand before it.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use File::Temp ();
use FindBin;
use Test::More;
chdir "$FindBin::Bin/../.." or die;

my @awks = grep { system("command -v $_ >/dev/null 2>&1") == 0 } qw(mawk gawk original-awk);
@awks = ('awk') unless @awks;

sub slurp { my ($file) = @_; open my $f, '<', $file or die "$file: $!"; local $/; return readline($f) // '' }
sub expand { my ($awk, $part, @files) = @_; my $out = `$awk -v part=$part -f sql/schema.awk @files`; return $? ? "status $?" : $out }

# --- what is committed ---

my %landed = map { m{^([0-9a-f]{64})  (\S+)$} ? ("sql/$2" => $1) : die $_ } split /\n/, join '', map { slurp($_) } glob 'tests/lint/schema/*.sha256';
cmp_ok(scalar keys %landed, '>=', 18, 'migrations have landed');
is(-e $_ ? sha256_hex(slurp($_)) : 'gone', $landed{$_}, "$_ keeps its bytes") for sort keys %landed;

my @sources = glob 'sql/schema/*.sql';
for my $source (@sources) {
	my ($name) = $source =~ m{([^/]+)$};
	is(-e "sql/$_/$name" ? slurp("sql/$_/$name") : 'none', expand('awk', $_, $source), "sql/$_/$name: awk -v part=$_ -f sql/schema.awk $source >sql/$_/$name")
		for qw(sqlite pgsql);
}
my @unknown = grep { !$landed{$_} } glob 'sql/{sqlite,pgsql}/[0-9]*.sql sql/sqlite/*/[0-9]*.sql';
is("@unknown", '', 'each migration has its line in a tests/lint/schema/*.sha256, which is never changed');
my $listed = join '', map { slurp($_) } 'src/store/local.mk', glob 'src/resource/*.mk';
is(join(' ', grep { $listed !~ m{(?<![\w/])\Q$_\E(?![\w.])} } glob 'sql/*/*.sql sql/*/*/*.sql'), '', 'src/store/local.mk or the .mk of a resource lists each file');

# --- what was written by hand ---

# Statements without comments, blanks as one; those of a table in any order.
sub statements {
	my ($sql) = @_;
	$sql =~ s/^\s*--.*\n//mg;
	my @all;
	for my $s (split /;\n(?!END)/, $sql) {
		$s =~ s/^\n+//;
		$s = join "\n", sort map { s/,$//r =~ s/\s+/ /gr } split /,?\n\t(?!\t)/, $s if $s =~ /^CREATE TABLE/;
		$s =~ s/\s+/ /g if $s !~ /^CREATE TABLE/;
		push @all, $s if $s =~ /\S/;
	}
	return \@all;
}

# The text for PostgreSQL as a source: what each key says stands in
# store/constraint.c, and the CHECK of a JSONB is made.
my $rows = slurp('src/store/constraint.c') =~ s/EMAIL_TAKEN/"An account with this e-mail address already exists"/r;
my %says = $rows =~ /\{ "(\w+)",\s*"[^"]+",\s*("[^"]+",\s*"[^"]+") \}/g;
s/^"([^"]+)",\s*"([^"]+)"$/$1: $2/ for values %says;
sub source_of {
	my ($name) = @_;
	return slurp("tests/lint/schema/$name.sql") if -e "tests/lint/schema/$name.sql";   # with -- only:
	my $sql = slurp("sql/pgsql/$name.sql");
	$sql =~ s/^(?=ALTER TABLE (?:users|api_keys) ADD COLUMN)/-- noted: none\n/mg;
	$sql =~ s/^(\tCONSTRAINT (\w+) (?:PRIMARY KEY|UNIQUE) )/\t-- says: $says{$2}\n$1/mg;
	return $sql =~ s/,\n\tCONSTRAINT \w+ CHECK \(jsonb_typeof.*//r;
}

sub file_of {
	my ($text) = @_;
	my $file = File::Temp->new(SUFFIX => '.sql');
	print $file $text;
	close $file;
	return $file;
}

for my $awk (@awks) {
	my %bytes = map { $_ => 1 } qw(0003_key_limit_period 0005_key_granted_by 0008_email_keys);
	for my $name (qw(0001_initial 0003_key_limit_period 0005_key_granted_by 0006_known_time 0007_session_pair 0008_email_keys)) {
		my $source = file_of(source_of($name));
		for my $dialect (qw(sqlite pgsql)) {
			my ($made, $have) = (expand($awk, $dialect, $source), slurp("sql/$dialect/$name.sql"));
			is($made, $have, "$awk: $dialect/$name, byte for byte") if $bytes{$name};
			# ids of those that an audit row outlives had no CHECK
			$made =~ s/\tCONSTRAINT audit_events_(?:tenant|user)_id_check .*\n//g if $name eq '0001_initial';
			is_deeply(statements($made), statements($have), "$awk: $dialect/$name, statement for statement");
		}
	}
	triggers($awk);
}

# The triggers of 0004, from the tables of 0001 and what 0004 notes of each.
sub triggers {
	my ($awk) = @_;
	my %noted = (tenants => '*', sessions => '*',
		users => 'email, email_key, display_name, tier, tenant_id, user_status, is_admin, approved_by, approved_at',
		api_keys => 'user_id, name, description, key_prefix, key_hash, tier, scopes, rate_limit_requests, rate_limit_period, is_active, expires_at, revoked_at');
	my $source = source_of('0001_initial');
	$source =~ s/^(CREATE TABLE \Q$_\E )/-- noted: $noted{$_}\n$1/m for keys %noted;
	$source =~ s/(\trate_limit_requests .*\n)/$1\trate_limit_period TEXT,\n/;
	my $file = file_of($source);
	for my $dialect (qw(sqlite pgsql)) {
		my @made = grep { /^CREATE TRIGGER/ } @{ statements(expand($awk, $dialect, $file)) };
		my @have = grep { /^CREATE TRIGGER/ } @{ statements(slurp("sql/$dialect/0004_changes.sql")) };
		cmp_ok(scalar @have, '>=', 8, "$dialect has triggers");
		is_deeply([ sort @made ], [ sort @have ], "$awk: $dialect: the triggers of 0004");
	}
}

# The sentences of 0001 and 0006 as their rows in store/constraint.c.
for my $awk (@awks) {
	my %have = map { $_ => 1 } rows($rows);
	my @files = map { file_of(source_of($_)) } qw(0001_initial 0006_known_time);
	my @made = rows(expand($awk, 'constraints', '/dev/null', map { $_->filename } @files));
	cmp_ok(scalar @made, '>=', 12, "$awk: there are rows of constraints");
	is(join("\n", grep { !$have{$_} } @made), '', 'each as it was written by hand');
	is(expand($awk, 'constraints', '/dev/null'), '', 'no source, no rows');
}
sub rows { return map { s/\s+/ /gr } $_[0] =~ /(\{ "\w+",\s*"[^"]+",\s*"[^"]+",\s*"[^"]+" \})/g }

# --- what is refused ---

my $table = "CREATE TABLE t (\n%s);\n";
my $id = "\tid UUID NOT NULL,\n\t-- says: id: It is there\n\tCONSTRAINT t_pkey PRIMARY KEY (id)";
my @bad = (
	[ 'another type', qr/:2: not a type of both dialects: MONEY NOT NULL/, sprintf $table, "\tx MONEY NOT NULL\n" ],
	[ 'TIMESTAMPTZ without its precision', qr/:2: not a type/, sprintf $table, "\tx TIMESTAMPTZ NOT NULL\n" ],
	[ 'a key that says nothing', qr/:3: t_pkey needs -- says: FIELD: SENTENCE/, sprintf $table, "\tid UUID,\n\tCONSTRAINT t_pkey PRIMARY KEY (id)\n" ],
	[ 'a unique index that says nothing', qr/:1: t_idx needs -- says/, "CREATE UNIQUE INDEX t_idx ON t (a);\n" ],
	[ 'a CHECK that says something', qr/:4: only a PRIMARY KEY or UNIQUE says something, t_x_check/, sprintf $table, "\tx BIGINT,\n\t-- says: x: No\n\tCONSTRAINT t_x_check CHECK (x > 0)\n" ],
	[ 'a column that says something', qr/:3: only a PRIMARY KEY or UNIQUE says something/, sprintf $table, "\t-- says: x: No\n\tx BIGINT\n" ],
	[ 'a sentence of nobody', qr/no constraint follows -- says:/, "-- says: x: No\nUPDATE t SET x = 1;\n" ],
	[ 'a sentence without its field', qr/:2: write -- says: FIELD: SENTENCE/, sprintf $table, "\t-- says: No\n$id\n" ],
	[ 'a quote in a sentence', qr/:2: a sentence has no quotes/, sprintf $table, "\t-- says: x: No \"x\"\n$id\n" ],
	[ 'two sentences', qr/:3: two -- says:/, sprintf $table, "\t-- says: x: No\n\t-- says: x: No\n$id\n" ],
	[ 'a column that is not there is noted', qr/t has no column y to be noted/, "-- noted: y\n" . sprintf $table, "$id\n" ],
	[ 'noted without an id', qr/changes are noted by id, and t has none/, "-- noted: x\n" . sprintf $table, "\tx TEXT\n" ],
	[ 'noted before something else', qr/:2: -- noted: stands before a CREATE TABLE/, "-- noted: x\nUPDATE t SET x = 1;\n" ],
	[ 'a unique index of a noted table', qr/changes of t are noted: write a UNIQUE constraint/,
		"-- noted: *\n" . sprintf($table, "$id\n") . "-- says: id: No\nCREATE UNIQUE INDEX t_idx ON t (id);\n" ],
	[ 'a new column of a noted table', qr/:1: changes of users are noted by column/, "ALTER TABLE users ADD COLUMN x TEXT;\n" ],
	[ '-- noted: none of a table', qr/stands before an ADD COLUMN/, "-- noted: none\n" . sprintf $table, "$id\n" ],
	[ 'a range of PostgreSQL alone', qr/a SMALLINT needs a CHECK of its range: x/, sprintf $table, "\tx SMALLINT\n" ],
	[ 'INTEGER', qr/:2: not a type of both dialects: INTEGER/, sprintf $table, "\tx INTEGER\n" ],
	[ 'the name of a check that is made', qr/t_x_check is made from the type/, sprintf $table, "\tx BOOLEAN,\n\tCONSTRAINT t_x_check CHECK (x)\n" ],
	[ 'a comma too many', qr/:3: a table ends with a column/, sprintf $table, "\tx TEXT,\n" ],
	[ 'a comma too few', qr/:3: a comma is missing before this line/, sprintf $table, "\tx TEXT\n\ty TEXT\n" ],
	[ 'two on a line', qr/:1: write CREATE TABLE name \(/, "CREATE TABLE t (x TEXT);\n" ],
	[ 'a constraint without a name', qr/:3: in a table each column/, sprintf $table, "\tx TEXT,\n\tUNIQUE (x)\n" ],
	[ 'a function', qr/:1: this is not the same in both dialects/, "CREATE FUNCTION f() RETURNS BIGINT LANGUAGE sql AS 'SELECT 1';\n" ],
	[ 'a trigger', qr/not the same in both dialects/, "CREATE TRIGGER x AFTER UPDATE ON t BEGIN\n" ],
	[ 'another type for a column', qr/not the same in both dialects/, "ALTER TABLE t ALTER COLUMN x TYPE TEXT;\n" ],
	[ 'a dialect that is none', qr/:1: write -- only:/, "-- only: mysql\n" ],
	[ 'only one until the end', qr/the file does not end/, "-- only: sqlite\nSELECT 1;\n" ],
	[ 'half a table', qr/the file does not end/, "CREATE TABLE t (\n\tx TEXT\n" ],
	[ 'half a statement', qr/the file does not end/, "UPDATE t\n" ],
);
for my $case (@bad) {
	my ($name, $want, $text) = @$case;
	my $file = file_of($text);
	for my $awk (@awks) {
		my $errors = `$awk -v part=sqlite -f sql/schema.awk $file 2>&1 >/dev/null`;
		isnt($?, 0, "$awk: $name ends the expansion");
		like($errors, $want, 'and says why');
	}
}
done_testing;
