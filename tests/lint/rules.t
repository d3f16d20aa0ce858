#!/usr/bin/perl
# The tree explains itself: a rule that a comment cites (R7) stands in src/README.md,
# each rule there is cited, and a file that a comment or a README names is in the tree.
use strict;
use warnings;
use Test::More;
use FindBin;
chdir "$FindBin::Bin/../.." or die;

sub slurp { my ($file) = @_; open my $f, '<', $file or die "$file: $!"; local $/; return readline $f }
my @files = grep { m{^(?:src|include|sql|nginx|systemd|tests|bootstrap|configure\.ac|Makefile\.am|README\.md|\.ci)(?:/|$)} }
	split /\n/, `git ls-files 2>/dev/null`;
@files = map { s{^\./}{}r } split /\n/, `find src include sql nginx systemd tests bootstrap configure.ac Makefile.am README.md -type f` unless @files;
@files = grep { -f && !m{/corpus/|\.svg$|package-lock\.json$} } @files;
cmp_ok(scalar @files, '>', 300, 'there are files to look at');

# What a file says to people.
sub comments {
	my ($file, $text) = @_;
	return $text if $file =~ /\.md$/;
	return join "\n", $text =~ m{/\*(.*?)\*/}gs if $file =~ /\.[ch]$/;
	return join "\n", $text =~ m{--(.*)}g if $file =~ /\.sql$/;
	return join "\n", $text =~ m{//(.*)}g if $file =~ /\.ts$/;
	return join "\n", $text =~ m{(?:^|\s)#(?!!)(.*)}gm;
}

my $tour = slurp('src/README.md');
my %rule = map { $_ => 1 } $tour =~ /^- \*\*(R\d+)\*\* /mg;
cmp_ok(scalar keys %rule, '>', 10, 'src/README.md has rules');
my (%cited, @unknown);
my %in_tree = map { $_ => 1 } @files;
my %folder = map { my @at = split m{/}; pop @at; map { join('/', @at[0 .. $_]) => 1 } 0 .. $#at } @files;

# What is named and is no file of the tree, and why.
my %elsewhere = map { $_ => 1 } (
	'libfcgi/fcgiapp.c', 'malloc/malloc.c', 'linux/magic.h', 'string.h',   # of libraries
	'postgresql.conf', 'nginx.conf', 'systemd-timesyncd.service',                # of the system
	'etc/systemd/system/pierre.service.d/offline.conf',                    # where it is installed
	'pierre.service', 'pierre-http.conf', 'store/sql.h', 'config.h',       # made by the build
	'snippets/pierre-http.conf',
	'sql/schema/*.sql',                                                    # the next one is the first
	'db.h', 'b.c',   # made up
);
sub is_made_up { my ($name) = @_; return $name =~ m{NNNN|NAME|[<>]|(?:^|/)x(?:_\w+)?\.\w+$} }   # model/x.c
sub is_there {
	my ($name) = @_;
	return 1 if $elsewhere{$name} || is_made_up($name);
	if ($name =~ /\*/) {
		my $as = quotemeta($name) =~ s/\\\*/[^\/]*/gr;
		return scalar grep { m{(?:^|/)$as$} } @files;
	}
	$name =~ s{^snippets/|^etc/nginx/}{};
	return 1 if grep { $_ eq $name || m{/\Q$name\E(?:\.in)?$} } @files;
	return $name =~ m{^-?\w+\.conf$} && grep { m{/pierre-auth-?\Q$name\E$} } @files;   # -scgi.conf
}

my $suffix = qr/(?:c|h|md|t|sql|awk|conf|conf\.in|in|mk|pm|lua|ts|table|service|socket|equivalent)/;
my %lost;
for my $file (@files) {
	my $said = comments($file, slurp($file));
	unless ($file eq 'src/README.md') {
		push @unknown, map { "$file: $_" } $said =~ /\b(P[1-9]\d)\b/g;   # promises are tests
		for my $rule ($said =~ /\bR(\d{1,2})\b/g) {
			$cited{"R$rule"}{$file} = 1;
			push @unknown, "$file: R$rule" unless $rule{"R$rule"};
		}
	}
	$lost{"$file: $_"} = 1 for grep { !is_there($_) } $said =~ m{(?<![\w\$.<>/*:-])([\w<*-][\w./<>*-]*\.$suffix)(?![\w*-]|\.\w)}g;
}
is(join("\n", @unknown), '', 'each rule that is cited stands in src/README.md');
is(join(' ', grep { !$cited{$_} } sort keys %rule), '', 'each rule there is cited');
is(join("\n", sort keys %lost), '', 'each file that is named is in the tree');

# Folders and files of the tour, whole paths.
my @paths = $tour =~ m{`((?:src|include|sql|nginx|systemd|tests)(?:/[\w.-]+)+)(?=[` ])}g;
cmp_ok(scalar @paths, '>', 40, 'src/README.md names files');
is(join(' ', grep { !$in_tree{$_} && !$folder{$_} && !is_made_up($_) } @paths), '', 'and each is in the tree');
# and functions
my $code = join '', map { slurp($_) } grep { m{^(?:src|include)/.*\.[ch]$|^tests/support/.*\.pm$} } @files;
is(join(' ', grep { $code !~ /\b\Q$_\E\(|^sub \Q$_\E /m } $tour =~ /`(\w+)\(\)`/g), '', 'as is each function');
done_testing;
