#!/usr/bin/perl
# One word for one thing (src/README.md, "Words"): a type and a function never share a
# name, verbs and arguments have one form, and retired words stay away.
use strict;
use warnings;
use Test::More;
use FindBin;
chdir "$FindBin::Bin/../.." or die;

my %text;
for my $file (split /\n/, `find src include -name '*.[ch]'`) {
	open my $f, '<', $file or die "$file: $!";
	local $/;
	$text{$file} = readline $f;
}
cmp_ok(scalar keys %text, '>', 200, 'there are files to look at');
my %code = map { $_ => $text{$_} =~ s{/\*.*?\*/|"(?:[^"\\\n]|\\.)*"}{}gsr } keys %text;

# --- types and functions ------------------------------------------------------------
my $DEFINES = qr/^(?:static |inline |extern |const |_Atomic )*(?:(?:struct|enum|union) )?\w+ \**(\w+)\([^;{}]*?\)\s*(?:__attribute__\s*\(\(.*?\)\)\s*)?[;{]/m;
sub functions { my ($t) = @_; return grep { !/^(?:if|for|while|switch|return)$/ } $t =~ /$DEFINES/g }
sub types { my ($t) = @_; return ($t =~ /\b(?:struct|enum|union) (\w+)\s*\{/g, $t =~ /^typedef [^;{]*?\b(\w+)\(/mg) }
sub shared {
	my ($types, $functions) = @_;
	my %is = map { $_ => 1 } @$functions;
	return sort grep { $is{$_} } @$types;
}
my @headers = grep { /\.h$/ } keys %code;
my @types = map { types($code{$_}) } @headers;
my @functions = map { functions($code{$_}) } @headers;
cmp_ok(scalar @types, '>', 150, 'types are found');
cmp_ok(scalar @functions, '>', 400, 'and functions');
is(join(' ', shared(\@types, \@functions)), '', 'no type of a header has the name of a function');
sub sees {
	my ($file, $in) = @_;
	for my $header (map { "include/$_" } $text{$file} =~ /^#include "([^"]+)"/mg) {
		next if $in->{$header}++ || !$text{$header};
		sees($header, $in);
	}
	return grep { $code{$_} } sort keys %$in;
}
my @same;
for my $file (grep { /\.c$/ } sort keys %code) {
	my $seen = join "\n", map { $code{$_} } $file, sees($file, {});
	push @same, map { "$file: $_" } shared([ types($seen) ], [ functions($seen) ]);
}
is(join("\n", @same), '', 'nor one of a file');
is(join(' ', shared([ types("struct made_up {\n") ], [ functions("\nbool made_up(int a,\n\tint b);\n") ])), 'made_up', 'one would be found');

# --- retired words --------------------------------------------------------------------
# In names, old => new.
my %retired = (
	room => 'segment, or space', guess => 'throttle', exchange => 'worker_request', untake => 'refund',
	took => 'an outcome', patch => 'update', make => 'create, prepare or generate',
);
my $names = join '|', sort keys %retired;
my @old;
for my $file (sort keys %code) {
	push @old, map { "$file: $_" } grep { !/^atomic_/ } $code{$file} =~ /\b((?:[a-z]\w*_)?(?:room|guess|exchange|untake)(?:_\w+)?)\b/g;
}
for my $header (sort @headers) {
	my $verbs = $header =~ m{/(?:op|store)/} ? qr/_(?:patch|make|insert|change)$/ : qr/_make$/;
	push @old, map { "$header: $_" } grep { $_ =~ $verbs } functions($code{$header});
}
is(join("\n", @old), '', 'no name has a retired word (' . join(', ', map { "$_: $retired{$_}" } sort keys %retired) . ')');

# --- the order of arguments -----------------------------------------------------------
# (db or op, scope, what goes in, arena, what comes out, err_r)
sub kind {
	my ($p) = @_;
	return 'E' if $p =~ /struct err \*\w+_r$|struct err \*err$/;
	return 'A' if $p =~ /struct arena \*/;
	return 'O' if $p =~ /(?:_r|\bout|\*\*ids)(?:\[\w*\])?$/;
	return 'H' if $p =~ /struct (?:db|op|usage_store) \*/;
	return 'S' if $p =~ /struct scope \w/;
	return 'I';
}
my @order;
for my $header (sort grep { m{/(?:store|op)/} } @headers) {
	while ($code{$header} =~ /^(?:\w+ )+\**((?:store|op)_\w+)\(([^;{]*?)\)/mg) {
		my ($name, $args) = ($1, $2);
		$args =~ s/\s+/ /g;
		my $kinds = join '', map { kind($_) } split /, /, $args;
		my $is = "$name($args)";
		push @order, "$header: $is" unless $kinds =~ /^H*S?I*A?O*I?E*$/;
	}
}
is(join("\n", @order), '', 'arguments of store and op have one order');

# --- what people read -----------------------------------------------------------------
# Words that make a riddle of a sentence: a process is named, or "a process that ...".
my @riddles;
for my $file (sort(keys %text), split /\n/, `find nginx systemd sql/common -type f`) {
	my $said = $text{$file};
	if (defined $said) { $said = join "\n", $said =~ m{/\*(.*?)\*/}gs }
	else { open my $f, '<', $file or die; local $/; $said = readline $f }
	push @riddles, map { "$file: $_" } $said =~ /\b((?i:whoever|somebody|himself))\b/g;
}
is(join("\n", @riddles), '', 'comments name who does what');
done_testing;
