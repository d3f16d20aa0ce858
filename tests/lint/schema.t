#!/usr/bin/perl
# The two schemas say the same: tables, columns, constraint and index names; each
# column has its sentence; and each UNIQUE has its row in store/constraint.c, or its
# sentence in sql/schema/.
# A CHECK that only stands in for a type of PostgreSQL is SQLite's alone.
use strict;
use warnings;
use FindBin;
use Test::More;
chdir "$FindBin::Bin/../.." or die;

my (%schema, @mute, %unique);
for my $backend (qw(sqlite pgsql)) {
	my ($table, $comment, $constraint) = ('', 0, '');
	for my $file (sort glob "sql/$backend/[0-9]*.sql sql/$backend/*/[0-9]*.sql") {
		my $text = plain(slurp($file));
		open my $f, '<', \$text or die "$file: $!";
		while (<$f>) {
			next if /AS \$\$$/ .. /^END \$\$;/;   # a function of PostgreSQL
			if (/^ALTER TABLE (\w+)$/) {
				$table = $1;
			} elsif (/^CREATE (?:UNLOGGED )?TABLE (\w+)/) {
				$table = $1;
				push @mute, "$backend $table" unless $comment;
			} elsif (/^ALTER TABLE (\w+) ADD COLUMN ((\w+).*)/) {
				my ($definition, $column) = ($2, $3);
				push @mute, "$backend $1.$3" unless $comment;
				push @{$schema{$backend}{columns}{$table = $1}}, $column . ($definition =~ / NOT NULL/ ? ' NOT NULL' : '');
			} elsif (/^CREATE (UNIQUE )?INDEX (\w+) ON (\w+) \((.*?)\)/) {
				$schema{$backend}{index}{$2} = "$3 ($4)";
				$unique{$2} = join ', ', map { "$3.$_" } split /, /, $4 if $1;
			} elsif (/^\tCONSTRAINT (\w+) (PRIMARY KEY|UNIQUE|FOREIGN KEY|CHECK) \((.*?)\)/) {
				$constraint = "$table: $2" . ($2 eq 'CHECK' ? '' : " ($3)");
				$schema{$backend}{constraint}{$1} = $constraint;
				$constraint = $1;
			} elsif (/^\t\t(REFERENCES .*\S)/) {
				$schema{$backend}{constraint}{$constraint} .= ' ' . $1 =~ s/[,;]$//r;
			} elsif (/^\t([a-z]\w*) /) {
				my $column = $1;
				push @mute, "$backend $table.$column" unless $comment;
				$column .= ' NOT NULL' if /NOT NULL/;
				push @{$schema{$backend}{columns}{$table}}, $column;
			}
			$comment = /^\s*--/;
		}
	}
}
my ($sqlite, $pgsql) = @schema{qw(sqlite pgsql)};
cmp_ok(scalar keys %{$sqlite->{columns}}, '>=', 8, 'there are tables');
is_deeply($pgsql->{columns}, $sqlite->{columns}, 'the same tables and columns, in order, null or not');
is_deeply($pgsql->{index}, $sqlite->{index}, 'the same indexes');
is(join(', ', @mute), '', 'each table and column has its sentence');

my $is_check = qr/CHECK$/;
my %named = map { $_ => { grep_values($_, 0) } } qw(sqlite pgsql);
is_deeply($named{pgsql}, $named{sqlite}, 'the same keys, under the same names');
my %checks = map { $_ => { grep_values($_, 1) } } qw(sqlite pgsql);
is(join(', ', grep { !$checks{sqlite}{$_} } sort keys %{$checks{pgsql}}), '',
	'each CHECK of PostgreSQL is one of SQLite');

# Whose rows are a user's: they are asked for by that. An index that leaves rows out is none.
my %found_by = map { $_ => 1 } map { slurp($_) =~ /^CREATE (?:UNIQUE )?INDEX \w+ ON (\w+) \(user_id\b[^;]*\)(?: WHERE user_id IS NOT NULL)?;$/mg } glob 'sql/sqlite/[0-9]*.sql';
$found_by{$_}++ for map { /^(\w+): (?:PRIMARY KEY|UNIQUE) \(user_id\b/ ? $1 : () } values %{$named{sqlite}};
is(join(', ', sort grep { !$found_by{$_} } map { /^(\w+): FOREIGN KEY \(user_id\)/ ? $1 : () } values %{$named{sqlite}}), '',
	"a user's rows are found by an index that begins with user_id");

open my $f, '<', 'src/store/constraint.c' or die;
my $rows = do { local $/; <$f> } . `awk -v part=constraints -f sql/schema.awk /dev/null @{[ glob 'sql/schema/*.sql' ]}`;
my %row = $rows =~ /\{ "(\w+)",\s*"([^"]+)"/g;
my %want = %unique;
while (my ($name, $text) = each %{$named{sqlite}}) {
	next unless $text =~ /^(\w+): (?:PRIMARY KEY|UNIQUE) \((.*)\)/;
	my ($table, $columns) = ($1, $2);
	$want{$name} = join ', ', map { "$table.$_" } split /, /, $columns;
}
is_deeply(\%row, \%want, 'each of them has its row in store/constraint.c, in both spellings');
done_testing;

sub slurp { my ($file) = @_; open my $f, '<', $file or die "$file: $!"; local $/; return readline $f }

# Columns that are added several at once, or in the text of a table of SQLite (0010), as
# if each had a statement of its own.
sub plain {
	my ($sql) = @_;
	my $one = sub { my ($table, $body) = @_; my $out = '';
		for (split /,\n(?=\t\S)/, $body) {
			s/ NOT VALID\b//;
			my ($comment) = s/^((?:\s*--.*\n)+)// ? $1 =~ s/^\t//mgr : '';
			next if /^\tDROP CONSTRAINT /;
			if (s/^\tADD CONSTRAINT /\tCONSTRAINT /) { $out .= "ALTER TABLE $table\n$_\n"; next }
			s/^\t(?:ADD COLUMN )?//;
			my ($column) = /^(\w+)/;
			s/\bCONSTRAINT (\w+) REFERENCES/\n\tCONSTRAINT $1 FOREIGN KEY ($column)\n\t\tREFERENCES/;
			s/\s*\n?\s*CONSTRAINT (\w+)\s+(CHECK|FOREIGN)/\n\tCONSTRAINT $1 $2/;
			$out .= "${comment}ALTER TABLE $table ADD COLUMN $_;\n";
		}
		return $out };
	$sql =~ s/^ALTER TABLE (\w+)\n(.*?);$/$one->($1, $2)/mgse;
	$sql =~ s/^UPDATE sqlite_schema SET sql = .*?'CONSTRAINT \w+', '(.*?),\n\tCONSTRAINT \w+'\)\nWHERE type = 'table' AND name = '(\w+)';$/$one->($2, "\t$1")/mgse;
	return $sql;
}

sub grep_values {
	my ($backend, $checks) = @_;
	my $all = $schema{$backend}{constraint};
	return map { $_ => $all->{$_} } grep { ($all->{$_} =~ $is_check) == $checks } keys %$all;
}
