#!/usr/bin/perl
# Each sealed column is in the table of src/store/sealed.c, so that keys can be changed;
# its table names the data key, with a FOREIGN KEY, so that one that is needed stays; and
# what is sealed is read and written by no other way.
use strict;
use warnings;
use FindBin;
use Test::More;
chdir "$FindBin::Bin/../.." or die;

sub slurp { my ($file) = @_; open my $f, '<', $file or die "$file: $!"; local $/; return readline($f) // '' }

# Sealed by the master key itself (key id 0), and short-lived: no data key is needed.
my %without = (
	'idempotency_keys.sealed_reply' => 'kept for a day, then swept; what no key opens is answered with 409',
);

my $registry = slurp('src/store/sealed.c');
my ($rows) = $registry =~ /sealed_tables\[\] = \{(.*?)\{ 0 \}/s;
my %registered;
while ($rows =~ /\{ "(\w+)", \{ ([^}]*) \}/g) {
	my ($table, $columns) = ($1, $2);
	$registered{"$table.$_"}++ for $columns =~ /"(\w+)"/g;
}
my (%sealed, %keyed);
for my $text (map { slurp($_) } glob 'sql/schema/[0-9]*.sql') {
	while ($text =~ /^CREATE TABLE (\w+) \((.*?)^\);/msg) {
		my ($table, $body) = ($1, $2);
		$sealed{"$table.$_"}++ for $body =~ /^\t(sealed_\w+) /mg;
		$keyed{$table} = 1 if $body =~ /^\tkey_id BIGINT NOT NULL|\bCHECK \(key_id IS NOT NULL OR\s+\(sealed_\w+ IS NULL\b/m &&
			$body =~ /FOREIGN KEY \(key_id\)\s+REFERENCES key_versions \(id\) ON DELETE RESTRICT/;
	}
	$sealed{"$1.$2"}++ while $text =~ /^ALTER TABLE (\w+)[^;]*?ADD COLUMN (sealed_\w+)/msg;
}
cmp_ok(scalar keys %sealed, '>', 0, 'there are sealed columns');
is(join(' ', grep { !$registered{$_} && !$without{$_} } sort keys %sealed), '', 'each is in sealed_tables of src/store/sealed.c, or the reason stands here');
is(join(' ', grep { !$sealed{$_} } sort keys %registered), '', 'and each row of that is a column');
is(join(' ', grep { !$keyed{ s/\..*//r } } sort keys %registered), '', 'each table with one has a key_id that refers to key_versions');

# What C seals, it seals into one of these.
my @places;
for my $file (split /\n/, `find src -name '*.c'`) {
	my $text = slurp($file);
	push @places, map { [ $file, $_ ] } $text =~ /\(struct seal_place\)\{ "(\w+", "\w+)"/g;
	push @places, map { [ $file, $_ ] } $text =~ /struct seal_place \w+ = \{ "(\w+", "\w+)"/g;
}
my %may = ('key_versions.wrapped' => 'a data key, by the master key',
	'spool.answer' => 'a file of a host, by the master key: another host may not know a new data key', map { $_ => 1 } keys %registered, keys %without);
is(join("\n", map { my ($file, $place) = @$_; my $column = $place =~ s/", "/./r; $may{$column} ? () : "$file: $column" } @places), '',
	'no place in C is another one');
cmp_ok(scalar @places, '>=', 2, 'places are found');

# What hangs on the master key: each purpose is one row of the table, and no two are alike.
my ($header, $table) = (slurp('include/auth/subkey.h'), slurp('src/auth/subkey.c'));
my @purposes = grep { !/^SUBKEY_(?:UNSET|_COUNT)$/ } $header =~ /^\t(SUBKEY_\w+),/mg;
my %label = $table =~ /\[(SUBKEY_\w+)\] = \{\s*"([^"]+)"/g;
cmp_ok(scalar @purposes, '>=', 6, 'there are purposes');
is(join(' ', grep { !$label{$_} } @purposes), '', 'each is a row of subkey_rows in src/auth/subkey.c');
my %twice;
is(join(' ', grep { $twice{$label{$_}}++ } sort keys %label), '', 'no two have the same label');
done_testing;
