#!/usr/bin/perl
# Nothing stands here for nobody: headers, functions, statements, options,
# macros; and names of log events are of one form.
use strict;
use warnings;
use Test::More;
use FindBin;
chdir "$FindBin::Bin/../.." or die;

sub files { return split /\n/, `find @_ -type f`; }
sub text { my ($file) = @_; open my $f, '<', $file or die "$file: $!"; local $/; return readline $f }
my %code = map { $_ => text($_) } grep { /\.[ch]$/ } files('src', 'include');
ok(keys %code > 100, 'there are files to look at');

# Who says this word, by file. Comments say nothing.
my %said;
for my $file (keys %code) {
	my $code = $code{$file} =~ s{/\*.*?\*/}{}gsr;
	$said{$_}{$file}++ for $code =~ /\w+/g;
}
sub lines_with { my ($word) = @_; my $n = 0; $n += $_ for values %{$said{$word} // {}}; return $n }

# A header that only its own file includes is no header, unless it is what other
# programs or the generated source know of that file.
my %known_elsewhere = map { $_ => 1 } 'store/constraint.h';   # sql/emit.awk
my @lonely;
for my $header (map { m{^include/(.*)} ? $1 : () } sort keys %code) {
	my $own = "src/$header" =~ s/\.h$/.c/r;
	push @lonely, $header unless $known_elsewhere{$header} ||
		grep { $_ ne $own && $code{$_} =~ /^#include "\Q$header\E"/m } keys %code;
}
is(join("\n", @lonely), '', 'each header is included by another file than its own');

# A function that a header offers is used besides where it is declared and made.
my %for_tests = map { $_ => 1 } 'db_wrap_driver', `cat sql/*/[0-9]*.sql` =~ /^-- function: (\w+)/mg;   # or a migration
# What the routes of connections and the caller use, which come next: each goes from here when it is used.
my %soon = map { $_ => 1 } qw(op_notification_add);
my @pasted = map { /\b(\w+)##/g } values %code;   # PREFIX_##x says each PREFIX_ name
my @unused;
for my $file (grep { m{^include/} } sort keys %code) {
	my $code = $code{$file} =~ s{/\*.*?\*/}{}gsr;
	while ($code =~ /^(?!typedef)(?:[a-z_]\w* )+\**(\w+)\(/gm) {
		my $name = $1;
		my $least = $code =~ /^static inline [^\n]*\b$name\(/m ? 2 : 3;
		next if $for_tests{$name} || $name eq '__attribute__' || lines_with($name) >= $least;
		push @unused, "$file: $name" unless delete $soon{$name};
	}
	while ($code =~ /^#define (\w+)/gm) {
		my $name = $1;
		next if lines_with($name) >= 2 || grep { index($name, $_) == 0 } @pasted;
		push @unused, "$file: $name" unless delete $soon{$name};
	}
}
is(join("\n", @unused), '', 'each function and macro of a header is used');
is(join(' ', sort keys %soon), '', 'and none that is still expected is used already');

# A statement is named in C, as SQL_ARGS(name or, in src/db, by its text.
my @idle;
my $all = join '', values %code;
my %run = map { $_ => 1 } $all =~ /\bSQL_(?:ARGS|ROWS?)\((\w+)/g, $all =~ /"(\w+)"/g;
for my $file (grep { /\.sql$/ } files('sql')) {
	push @idle, "$file: $_" for grep { !$run{$_} } text($file) =~ /^-- name: (\w+)/gm;
}
is(join("\n", @idle), '', 'each statement is run by somebody');

# An option that is read by its table alone does nothing.
my @rows = $code{'src/base/conf_table.c'} =~ /\{ "(\w+)", CONF_\w+, [^{}]*?AT\((\w+)\)/g;
ok(@rows >= 40, 'the options are found');
my @vain;
while (my ($name, $member) = splice @rows, 0, 2) {
	push @vain, $name unless grep { $_ ne 'src/base/conf_table.c' && $code{$_} =~ /->$member\b/ } keys %code;
}
is(join("\n", @vain), '', 'each option has an effect');

my @odd;
for my $file (sort keys %code) {
	while ($code{$file} =~ /\b(?:log_(?:debug|info|warn|error|event)|LOG_EVENT)\(([^;"]*"[^;]*?)(?:,\s*LOG_[SN]\(|\);)/g) {
		my $event = $1 =~ s/\w+\([^()]*\)//gr;   # what chooses the level or the name
		push @odd, "$file: $_" for grep { !/^[a-z]+(?:_[a-z]+)*$/ } $event =~ /"([^"]*)"/g;
	}
	push @odd, "$file: $_" for grep { !/^[a-z]+(?:_[a-z]+)*$/ } $code{$file} =~ /\bLOG_[SN]\("([^"]*)"/g;
}
is(join("\n", @odd), '', 'log events and their keys are words with _ between');
done_testing;
