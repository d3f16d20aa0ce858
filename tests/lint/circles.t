#!/usr/bin/perl
# Files that need each other are one file in two pieces: no circle of files, by
# what each object of the build defines and what it leaves to others.
use strict;
use warnings;
use Test::More;
use FindBin;
chdir "$FindBin::Bin/../.." or die;

# file => the files that define what it leaves undefined, each with those names
sub needs {
	my ($nm) = @_;
	my (%from, %wants, %needs);
	for (split /\n/, $nm) {
		next unless m{src/(\w+)/(?:lib\w+_a-)?(\w+)\.o:.* ([A-Z]) (\w+)$};
		my ($file, $kind, $name) = ("src/$1/$2.c", $3, $4);
		$kind eq 'U' ? $wants{$file}{$name}++ : ($from{$name} = $file);
	}
	for my $of (keys %wants) {
		push @{$needs{$of}{$from{$_}}}, $_ for grep { defined $from{$_} } sort keys %{$wants{$of}};
	}
	return %needs;
}
# each circle as the files of it, which can all be reached from each other
sub circles {
	my (%needs) = @_;
	my (%reach, %done, @circles);
	for my $file (keys %needs) {
		my @next = $file;
		while (defined(my $at = shift @next)) {
			push @next, grep { !$reach{$file}{$_}++ } keys %{$needs{$at} // {}};
		}
	}
	for my $file (sort keys %reach) {
		next if $done{$file} || !$reach{$file}{$file};
		my @with = grep { $reach{$file}{$_} && $reach{$_} && $reach{$_}{$file} } sort keys %reach;
		$done{$_} = 1 for @with;
		push @circles, join ' ', @with;
	}
	return @circles;
}

my $build = $ENV{PIERRE_BUILD} // 'build';
my %needs = needs(scalar `nm -A $build/src/*/*.o 2>&1`);
delete $needs{$_} for grep { !-e && $_ ne 'src/store/sql.c' } keys %needs;   # of an older build
cmp_ok(scalar(map { keys %$_ } values %needs), '>', 300, 'files are seen to need each other');

my @found = circles(%needs);
is(join("\n", @found), '', 'no circle of files');
for my $circle (@found) {
	my %in = map { $_ => 1 } split / /, $circle;
	for my $file (sort keys %in) {
		diag("$file: $_ (@{$needs{$file}{$_}})") for grep { $in{$_} } sort keys %{$needs{$file}};
	}
}

my %made = needs("src/a/liba_a-x.o:0000 T x\nsrc/a/liba_a-x.o: U y\nsrc/a/liba_a-y.o:0000 R y\nsrc/a/liba_a-y.o: U z\n"
	. "src/b/z.o:0000 T z\nsrc/b/z.o: U x\nsrc/b/w.o: U x\nsrc/b/w.o:0000 t y\n");
is(join('; ', circles(%made)), 'src/a/x.c src/a/y.c src/b/z.c', 'one that is made up is found');
done_testing;
