package Mutant::Tree;
# Copies of the source tree, each with a build of its own in build/, in which
# one mutant at a time is made, compiled and unmade.
#
#   my $tree = Mutant::Tree->new(dir => ..., flags => 'CFLAGS=-O2');
#   $tree->refresh($source);                 # copies what differs
#   $tree->build;                            # configures at first, then makes everything
#   my $verdict = $tree->mutate($mutant);    # '', 'broken' or 'same'
#   $tree->make('pierre', 'tests/db/op_key');
#   $tree->restore;
use strict;
use warnings;
use File::Basename qw(dirname);
use File::Find ();
use File::Path qw(make_path remove_tree);
use Mutant::Operator;

# Warnings that a swap of two pointers deserves are errors here.
our $FLAGS = '-Werror=incompatible-pointer-types -Werror=int-conversion';

sub new {
	my ($class, %o) = @_;
	return bless {%o}, $class;
}

sub slurp { my ($f) = @_; open my $h, '<:raw', $f or return undef; local $/; return readline($h) // '' }

sub spew {
	my ($file, $text) = @_;
	open my $f, '>:raw', $file or die "$file: $!\n";
	print $f $text;
	close $f or die "$file: $!\n";
}

# Files of a source tree, those that bootstrap made included; builds left out.
sub files {
	my ($source) = @_;
	my @found;
	File::Find::find({ no_chdir => 1, wanted => sub {
		my $name = $_ eq $source ? '' : substr $_, 1 + length $source;
		if ($name =~ m{^(?:build|build-(?!aux)[^/]*|var|\.git|autom4te\.cache)$}) {
			$File::Find::prune = 1;
		} elsif (-f) {
			push @found, $name;
		}
	} }, $source);
	return @found;
}

sub refresh {
	my ($self, $source) = @_;
	my $dir = $self->{dir};
	if (!-d $dir) {
		make_path($dir);
		return 1 if !system('sh', '-c', 'cd "$1" && tar -cf - --exclude=./build --exclude="./build-[!a]*" '
			. '--exclude=./var --exclude=./.git . | tar -xf - -C "$2"', 'sh', $source, $dir);
		die "tests/mutants: cannot copy $source to $dir\n";
	}
	my %there = map { $_ => 1 } files($source);
	unlink "$dir/$_" for grep { !$there{$_} } files($dir);
	my $changed = 0;
	for my $name (sort keys %there) {
		my $text = slurp("$source/$name");
		next if ($text // '') eq (slurp("$dir/$name") // "\0");
		make_path(dirname("$dir/$name"));
		spew("$dir/$name", $text);
		chmod +(stat "$source/$name")[2] & 0777, "$dir/$name";
		$changed++;
	}
	return $changed;
}

sub build {
	my ($self) = @_;
	my $build = "$self->{dir}/build";
	if (!-f "$build/Makefile") {
		make_path($build);
		$self->command($build, '../configure', '-q', '--with-sqlite=yes', '--with-postgresql=yes', @{ $self->{flags} })
			or die "tests/mutants: configure failed, see $self->{dir}/log\n";
	}
	# two calls: in one, with -j, each archive is made twice at once
	for my $target ('all', 'check-programs') {
		$self->command($build, 'make', '-s', '-j2', $target)
			or die "tests/mutants: make $target failed, see $self->{dir}/log\n";
	}
}

# Anew each time: a run that was killed may have left a mutant there.
sub copy_to {
	my ($self, $dir) = @_;
	remove_tree($dir);
	system('cp', '-a', $self->{dir}, $dir) == 0 or die "tests/mutants: cannot copy $self->{dir} to $dir\n";
}

# True when it ended well; what it said is in $dir/log.
sub command {
	my ($self, $cwd, @command) = @_;
	my $pid = fork // die "fork: $!\n";
	if (!$pid) {
		delete @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS)};
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', "$self->{dir}/log";
		open STDERR, '>&', \*STDOUT;
		chdir $cwd or die "$cwd: $!\n";
		exec @command or die "$command[0]: $!\n";
	}
	waitpid $pid, 0;
	return $? == 0;
}

sub make {
	my ($self, @targets) = @_;
	return $self->command("$self->{dir}/build", 'make', '-s', @targets);
}

# --- one mutant -------------------------------------------------------------

sub object {
	my ($file) = @_;
	return 'src/store/libstore_a-sql.o' if $file =~ /\.sql$/;
	my ($layer, $name) = $file =~ m{^src/(\w+)/(\w+)\.c$} or die "tests/mutants: what is $file?\n";
	return "src/$layer/lib${layer}_a-$name.o";
}

sub mutate {
	my ($self, $m) = @_;
	my $file = "$self->{dir}/$m->{file}";
	my $object = "$self->{dir}/build/" . object($m->{file});
	my $text = slurp($file) // die "$file: $!\n";
	$self->{undo} = { file => $file, text => $text, object => $object, old => slurp($object),
		times => [ (stat $file)[8, 9] ], sql => scalar($m->{file} =~ /\.sql$/) };
	$self->put(Mutant::Operator::apply($m, $text));
	return 'broken' unless $self->make(object($m->{file}));
	return slurp($object) eq $self->{undo}{old} ? 'same' : '';
}

# An SQL file keeps its time: the header made of it does not change, and all
# that includes it would be compiled again. The source made of it goes instead.
sub put {
	my ($self, $text) = @_;
	my $undo = $self->{undo};
	spew($undo->{file}, $text);
	return unless $undo->{sql};
	utime @{ $undo->{times} }, $undo->{file};
	unlink "$self->{dir}/build/src/store/sql.c";
}

# The object is written after the file, so that it counts as made of it.
sub restore {
	my ($self) = @_;
	my $undo = delete $self->{undo} or return;
	local $self->{undo} = $undo;
	if ($undo->{sql}) {
		unlink "$self->{dir}/build/src/store/sql.c";
		$self->put($undo->{text});
		$self->make(object('x.sql'));
		return;
	}
	$self->put($undo->{text});
	spew($undo->{object}, $undo->{old});
}

1;
