#!/usr/bin/perl
# Parameters of SQL are given by name (include/db/args.h): each once and all of
# them, or it does not compile. Small programs say so to gcc and to clang.
use strict;
use warnings;
use FindBin;
use File::Temp ();
use Test::More;
my $source = "$FindBin::Bin/../..";
chdir $source or die;

my $dir = File::Temp->newdir;
mkdir "$dir/$_" or die "$dir/$_: $!" for qw(store common);
sub spew { my ($name, $text) = @_; open my $f, '>', "$dir/$name" or die "$name: $!"; print $f $text; close $f or die "$name: $!" }
spew('common/a.sql', <<'END');
-- name: key_end
UPDATE k SET ended_at = :now WHERE id = :id AND user_id = :user_id;
-- name: key_lock
UPDATE k SET id = id;
-- name: key_add
INSERT INTO k (id, n) VALUES (:id, :n);
END
system("cd $dir && awk -v part=header -f '$source/sql/embed.awk' -f '$source/sql/emit.awk' common/a.sql >store/sql.h") == 0
	or die 'the header was not made';

# The errors that every build has.
my @errors = do { local (@ARGV, $/) = 'configure.ac'; <> } =~ /(-Werror=[\w-]+)/g;
is(scalar @errors, 3, 'flags of configure.ac') or diag "@errors";
my @compilers = grep { system("command -v $_ >/dev/null 2>&1") == 0 } qw(gcc clang);
ok(@compilers, "compilers: @compilers");

sub flags {
	my ($cc) = @_;
	return join ' ', '-std=c17 -Wall -Wextra', grep { system("$cc -Werror $_ -fsyntax-only -x c /dev/null 2>/dev/null") == 0 } @errors;
}
sub compiles {
	my ($cc, $statement, @flags) = @_;
	spew('a.c', <<"END");
#include <string.h>
#include "db/query.h"
#include "store/sql.h"
bool f(struct db *db, const struct field_schema *schema, const void *row, struct err *err_r);
bool f(struct db *db, const struct field_schema *schema, const void *row, struct err *err_r)
{
	union sql_key_add rows[2] = { SQL_VALUES(key_add, .id = db_text("a"), .n = db_int(1)) };
	union sql_key_end others[2];
	struct db_value values[2];

	memset(others, 0, sizeof(others));
	memset(values, 0, sizeof(values));
	$statement
	return db_write(db, SQL_ROW(key_add, schema, row), NULL, err_r) &&
	       db_bulk(db, SQL_ROWS(key_add, rows, 2), err_r) &&
	       others[0].id.type == values[0].type;
}
END
	return system("$cc @{[ flags($cc) ]} @flags -I include -I $dir -fsyntax-only $dir/a.c 2>$dir/errors") == 0;
}

my $good = '.id = db_text("a"), .user_id = db_null(), .now = db_time(1)';
my %bad = (
	'a wrong name' => 'db_write(db, SQL_ARGS(key_end, .id = db_text("a"), .user = db_null(), .now = db_time(1)), NULL, err_r);',
	'a wrong name too many' => "db_write(db, SQL_ARGS(key_end, $good, .tier = db_null()), NULL, err_r);",
	'a repeated one' => "db_write(db, SQL_ARGS(key_end, $good, .id = db_text(\"b\")), NULL, err_r);",
	'one repeated, one forgotten' => 'db_write(db, SQL_ARGS(key_end, .id = db_text("a"), .id = db_text("b"), .now = db_time(1)), NULL, err_r);',
	'a forgotten one' => 'db_write(db, SQL_ARGS(key_end, .id = db_text("a"), .user_id = db_null()), NULL, err_r);',
	'all forgotten' => 'db_write(db, SQL_ARGS(key_end), NULL, err_r);',
	'by position' => 'db_write(db, SQL_ARGS(key_end, db_text("a"), db_null(), db_time(1)), NULL, err_r);',
	'the last by position' => 'db_write(db, SQL_ARGS(key_end, .now = db_time(1), .id = db_text("a"), db_null()), NULL, err_r);',
	'a number' => 'db_write(db, SQL_ARGS(key_end, .id = 5, .user_id = db_null(), .now = db_time(1)), NULL, err_r);',
	'a text' => 'db_write(db, SQL_ARGS(key_end, .id = "a", .user_id = db_null(), .now = db_time(1)), NULL, err_r);',
	'what takes none' => 'db_write(db, SQL_ARGS(key_lock, .id = db_text("a")), NULL, err_r);',
	'no statement' => "db_write(db, SQL_ARGS(key_stop, $good), NULL, err_r);",
	'a wrong name beside a row' => 'db_write(db, SQL_ROW(key_add, schema, row, .m = db_int(1)), NULL, err_r);',
	'a forgotten one of many rows' => 'rows[1] = SQL_VALUES(key_add, .id = db_text("b"));',
	'rows of another statement' => 'db_bulk(db, SQL_ROWS(key_add, others, 2), err_r);',
	'rows of values' => 'db_bulk(db, SQL_ROWS(key_add, values, 2), err_r);',
);
for my $cc (@compilers) {
	ok(compiles($cc, "db_write(db, SQL_ARGS(key_end, $good), NULL, err_r);\n\tdb_write(db, SQL_ARGS(key_lock), NULL, err_r);", '-Werror'),
		"$cc: good ones compile, without a warning") or diag `cat $dir/errors`;
	ok(!compiles($cc, $bad{$_}), "$cc: not $_") for sort keys %bad;
}

# So nothing is bound past them.
my @past = `grep -rnE 'struct db_value \\w*\\[|\\((const )?struct db_value *(\\[|\\*)' src/store include/store`;
is(join('', @past), '', 'no list of values in the stores');

# What is read into a struct says so beside the statement.
my %row = map { /^-- name: (\w+)\n-- row: / ? ($1 => 1) : () }
	map { split /^(?=-- name:)/m, do { local (@ARGV, $/) = $_; <> } } grep { !m{/\d} } glob 'sql/*/*.sql';
my (@read, @untyped);
for my $file (glob 'src/store/*.c') {
	my $text = do { local (@ARGV, $/) = $file; <> };
	push @read, $text =~ /\b(?:db_get|db_list|store_owner_get|read_row)\(\w+,\s+SQL_ARGS\((\w+)/g;
	push @read, $text =~ /\bstore_commit_one\(\w+, \w+,\s+SQL_ARGS\((\w+)(?:[^;](?!STORE_NO_ROW))*;/g;
	push @untyped, "$file: db_get or db_list without SQL_ARGS" if $text =~ /\b(?:db_get|db_list)\(\w+,\s*(?!\s|SQL_ARGS|(?:o->)?stmt)/;
}
cmp_ok(scalar @read, '>=', 17, 'statements are read into structs');
is(join("\n", @untyped, grep { !$row{$_} } @read), '', 'each has its row');
done_testing;
