package Mutant::Coverage;
# Which lines each test runs, measured once in a build with
# -fsanitize-coverage=trace-pc (see trace.c), and which tests are to be tried
# for a mutant.
#
#   my $c = Mutant::Coverage->new(dir => ..., build => ..., tests => \@tests);
#   $c->stale                         # tests that were not measured yet, or failed then
#   $c->keep($test, $map_dir, \%run)  # what one run of it left in $map_dir
#   my @tests = $c->tests_for($mutant, \%statements)   # the quickest first
#
# On disk: one text file a test. Its first line is the key of the test (see
# key()), the seconds it took and whether it passed unmutated; then a line
# "FILE N N N ..." for each source file of which it ran lines.
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use File::Path qw(make_path);
use Mutant::Tree;

our $FLAGS = '-O0 -g -fsanitize-coverage=trace-pc';

sub new {
	my ($class, %o) = @_;
	make_path($o{dir});
	my $self = bless {%o}, $class;
	$self->{key} = md5_hex(join "\0", map { Mutant::Tree::slurp("$o{source}/$_") } sort @{ $o{files} });
	$self->{at} = {};
	return $self;
}

# The sources and the text of the test: another text is measured anew.
sub key {
	my ($self, $test) = @_;
	return md5_hex($self->{key}, Mutant::Tree::slurp("$self->{source}/$test->{file}"));
}

sub path { my ($self, $test) = @_; return "$self->{dir}/" . ($test->{name} =~ s/\W/-/gr) }

sub load {
	my ($self, $test) = @_;
	return if $test->{lines};
	open my $f, '<', $self->path($test) or return;
	my ($key, $seconds, $good) = split ' ', <$f>;
	return if $key ne $self->key($test);
	@$test{qw(seconds good lines)} = ($seconds, $good, {});
	while (my $line = <$f>) {
		my ($file, @n) = split ' ', $line;
		$test->{lines}{$file} = { map { $_ => 1 } @n };
	}
}

sub stale {
	my ($self) = @_;
	$self->load($_) for @{ $self->{tests} };
	return grep { !$_->{good} } @{ $self->{tests} };
}

sub keep {
	my ($self, $test, $map_dir, $run) = @_;
	my %lines;
	for my $map (glob "$map_dir/*") {
		my ($program) = $map =~ m{([^/]+)\z};
		my $blocks = $self->blocks($program) or next;
		my $ran = Mutant::Tree::slurp($map);
		for my $at (keys %$blocks) {
			next unless $at < length $ran && vec $ran, $at, 8;
			$lines{ $_->[0] }{ $_->[1] } = 1 for @{ $blocks->{$at} };
		}
	}
	my $text = sprintf "%s %.1f %d\n", $self->key($test), $run->{seconds}, $run->{good};
	$text .= join(' ', $_, sort { $a <=> $b } keys %{ $lines{$_} }) . "\n" for sort keys %lines;
	Mutant::Tree::spew($self->path($test) . '.new', $text);
	rename $self->path($test) . '.new', $self->path($test);
}

# --- blocks of a program ----------------------------------------------------

# {address of a block's mark => [[file, line], ...]}, kept beside the maps
sub blocks {
	my ($self, $program) = @_;
	my ($path) = grep { -x } map { "$self->{build}/$_$program" } '', 'tests/unit/', 'tests/db/', 'tests/support/';
	return unless $path;
	my $kept = "$self->{build}/$program.blocks";
	disassemble($path, $kept) unless -s $kept && -M $kept < -M $path;
	my %blocks;
	for my $line (split /\n/, Mutant::Tree::slurp($kept)) {
		my ($at, $file, @n) = split ' ', $line;
		push @{ $blocks{$at} }, map { [ $file, $_ ] } @n;
	}
	return \%blocks;
}

sub disassemble {
	my ($path, $kept) = @_;
	my ($base) = map { /^([0-9a-f]+) \w __executable_start$/ ? hex $1 : () } `nm $path`;
	open my $f, '-|', 'objdump', '-d', '-l', '--no-show-raw-insn', $path or die "objdump: $!\n";
	my ($file, $line, $block, $marked, %lines);
	while (<$f>) {
		if (/^[0-9a-f]+ <.*>:$/) { $block = undef; next }
		if (m{^/.*?/((?:src|include)/[^:]+):(\d+)}) { ($file, $line) = ($1, $2); next }
		if (m{^/\S+:\d+}) { $file = undef; next }
		next unless /^\s+([0-9a-f]+):\t(.*)/;
		if ($marked) { $block = hex($1) - $base; $marked = 0 }
		if ($2 =~ /^call.*<__sanitizer_cov_trace_pc>/) { $marked = 1; next }
		$lines{$block}{$file}{$line} = 1 if defined $block && defined $file;
	}
	close $f;
	my $text = '';
	for my $at (sort { $a <=> $b } keys %lines) {
		$text .= join(' ', $at, $_, sort { $a <=> $b } keys %{ $lines{$at}{$_} }) . "\n"
			for grep { m{^src/} } sort keys %{ $lines{$at} };
	}
	my $new = "$kept.$$";
	Mutant::Tree::spew($new, $text || "\n");
	rename $new, $kept;
}

# --- tests of a mutant ------------------------------------------------------

# Lines of a file that are code in any program: {line => 1}.
sub code {
	my ($self, $file) = @_;
	return $self->{code}{$file} //= do {
		my %code;
		for my $kept (glob "$self->{build}/*.blocks") {
			open my $f, '<', $kept or next;
			while (<$f>) { my ($at, $of, @n) = split ' ', $_; $code{$_} = 1 for ($of // '') eq $file ? @n : () }
		}
		\%code;
	};
}

# Where a line has no code of its own, it counts with the line before that has.
sub nearest {
	my ($self, $file, $line) = @_;
	my $code = $self->code($file);
	for my $n (reverse $line - 6 .. $line) {
		return $n if $code->{$n};
	}
	return;
}

# statements: {name of an SQL statement => [[file, line], ...] that name it}.
# Undef: the lines are not known, so all tests that touch the file.
sub tests_for {
	my ($self, $m, $statements) = @_;
	my @at = $m->{statement} ? @{ $statements->{ $m->{statement} } // [] } : [ $m->{file}, $m->{line} ];
	my @good = grep { $_->{good} } @{ $self->{tests} };
	my %want;
	for my $place (@at) {
		my ($file, $line) = @$place;
		my $n = $self->nearest($file, $line);
		for my $test (@good) {
			my $lines = $test->{lines}{$file} or next;
			$want{ $test->{name} } = $test if !defined $n || $lines->{$n};
		}
	}
	return sort { $a->{seconds} <=> $b->{seconds} || $a->{name} cmp $b->{name} } values %want;
}

1;
