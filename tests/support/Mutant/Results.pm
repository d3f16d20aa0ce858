package Mutant::Results;
# What became of each mutant: a text file to which one line is added at a time,
# so that a run that was killed goes on where it was. The last line of a
# mutant counts. Tab between: id, verdict, areas tried, seconds, test, reason,
# place, operator.
#
# Verdicts: killed, timeout (a test did not end: counts as killed), survived,
# uncovered (survived: no test runs the line), broken (does not compile), same
# (compiles to the same object). The last two are no mutants; another is drawn.
use strict;
use warnings;
use Fcntl qw(:flock);
use Mutant::Tree;

my @FIELDS = qw(id verdict areas seconds test reason place op);

sub new {
	my ($class, $file, $equivalent) = @_;
	my $self = bless { file => $file, of => {}, equivalent => [ read_equivalent($equivalent) ] }, $class;
	$self->take($_) for split /\n/, Mutant::Tree::slurp($file) // '';
	return $self;
}

sub take {
	my ($self, $line) = @_;
	my %r;
	@r{@FIELDS} = split /\t/, $line, -1;
	$self->{of}{ $r{id} } = \%r if defined $r{op};
}

sub reload { my ($self) = @_; $self->take($_) for split /\n/, Mutant::Tree::slurp($self->{file}) // ''; }

sub of { my ($self, $m) = @_; return $self->{of}{ $m->{id} } }

sub add {
	my ($self, $m, %r) = @_;
	@r{qw(id place op)} = ($m->{id}, "$m->{file}:$m->{line}", $m->{op});
	$r{seconds} = sprintf '%.0f', $r{seconds};
	my $line = join "\t", map { ($r{$_} // '') =~ s/[\t\n]/ /gr } @FIELDS;
	open my $f, '>>', $self->{file} or die "$self->{file}: $!\n";
	flock $f, LOCK_EX;
	print $f "$line\n";
	close $f or die "$self->{file}: $!\n";
	$self->take($line);
}

sub is_killed { return ($_[0]{verdict} // '') =~ /^(?:killed|timeout)$/ }
# Not known to be none: what is not tried yet may turn out to be one.
sub is_mutant { return ($_[0]{verdict} // '') !~ /^(?:broken|same)$/ }

# --- the table of equivalents -----------------------------------------------

# Paragraphs: "FILE OPERATOR", "  line above" where the others stand in the file
# more than once, "- line before", "+ line after", the reason. As a list.
sub read_equivalent {
	my ($file) = @_;
	my @of;
	my $text = (Mutant::Tree::slurp($file) // '') =~ s/^#[^\n]*\n//gmr;
	for my $paragraph (split /\n{2,}/, $text) {
		$paragraph =~ s/^\n+//;
		next unless $paragraph =~ /\S/;
		my %e;
		(@e{qw(file op above before after reason)}) =
			$paragraph =~ /^(\S+) (\w+)\n(?:  ([^\n]*)\n)?- ([^\n]*)\n\+ ([^\n]*)\n(.+)/s
			or die "tests/mutants: $file: cannot read:\n$paragraph\n";
		$e{reason} = $e{reason} =~ s/\s+/ /gr =~ s/ $//r;
		push @of, \%e;
	}
	return @of;
}

sub is_about {
	my ($e, $m) = @_;
	return !grep { defined $e->{$_} && $e->{$_} ne $m->{$_} } qw(file op above before after);
}

# Why a mutant is named as equivalent, or undef.
sub equivalent {
	my ($self, $m) = @_;
	my ($e) = grep { is_about($_, $m) } @{ $self->{equivalent} };
	return $e && $e->{reason};
}

# --- printing ---------------------------------------------------------------

sub show_survivor {
	my ($m, $r) = @_;
	my $tried = $r->{verdict} eq 'uncovered' ? 'no test runs this line' : "tried: $r->{areas}";
	return sprintf "%s  %s  %s:%d  (%s, %d s)\n    - %s\n    + %s\n", $m->{id}, $m->{op}, $m->{file}, $m->{line},
		$tried, $r->{seconds}, $m->{before}, $m->{after};
}

# The sample: killed of total, by operator and by area, and who survived.
sub report {
	my ($self, @sample) = @_;
	my (%op, %area, @survivors, @equivalent, $seconds);
	my ($killed, $timeouts, $total) = (0, 0, 0);
	for my $m (@sample) {
		my $r = $self->of($m) or next;
		next unless is_mutant($r);
		if (!is_killed($r) && $self->equivalent($m)) { push @equivalent, $m; next }
		$total++;
		$seconds += $r->{seconds};
		$op{ $m->{op} }[ is_killed($r) ? 0 : 1 ]++;
		if (!is_killed($r)) { push @survivors, show_survivor($m, $r); next }
		$killed++;
		$timeouts++ if $r->{verdict} eq 'timeout';
		$area{ $r->{test} =~ s{/.*}{}r }++;
	}
	print "\nSurvivors:\n", @survivors if @survivors;
	print "\n";
	printf "%-9s %d of %d\n", $_, $op{$_}[0] // 0, ($op{$_}[0] // 0) + ($op{$_}[1] // 0) for sort keys %op;
	printf "killed by: %s\n", join ', ', map { "$_ $area{$_}" } sort keys %area if %area;
	printf "%d named as equivalent in tests/mutants.equivalent, not counted\n", scalar @equivalent if @equivalent;
	printf "%d killed of %d (%.3f), %d of them by a test that did not end; %.0f s a mutant\n",
		$killed, $total, $total ? $killed / $total : 0, $timeouts, $total ? $seconds / $total : 0;
}

1;
