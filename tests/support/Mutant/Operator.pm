package Mutant::Operator;
# What can be changed in a text, and into what. A mutant is a span of one file
# and the text that takes its place; it never changes the number of lines.
#
#   my @mutants = Mutant::Operator::mutants('src/op/key.c', $text);
#   # each: { id, file, line, op, at, length, with, above, before, after, statement }
#
# before and after are the first line that differs, above is the one above it,
# without the blanks at their ends; statement is the name of an SQL statement. The id is made of file,
# operator, before and after, so it outlives changes elsewhere in the file.
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);

# kind of file, name, what it does, sub (text without comments and strings,
# span of code) -> [at, length, text instead] ...
my @OPERATORS = (
	[ 'c', 'negate', 'the condition of an if is negated', \&negate ],
	[ 'c', 'equal', '== becomes !=, and the other way round', sub { swap_words($_[0], '==', '!=') } ],
	[ 'c', 'edge', '< becomes <=, > becomes >=, and the other way round (not of a descriptor and 0)', \&edges ],
	[ 'c', 'logic', '&& becomes ||, and the other way round', sub { swap_words($_[0], '&&', '||') } ],
	[ 'c', 'constant', 'a number beside a comparison, + or - is one more or one less', \&constants ],
	[ 'c', 'value', 'true becomes false where it is returned or set, and the other way round', \&values_of ],
	[ 'c', 'call', 'a call whose value is not used is dropped (not of log_*, free, arena_free, abort)', \&calls ],
	[ 'c', 'swap', 'two arguments that stand side by side change places', \&arguments ],
	[ 'sql', 'where', 'a term of WHERE does not count', \&terms ],
	[ 'sql', 'edge', '< becomes <=, > becomes >=, and the other way round', \&edges ],
	[ 'sql', 'equal', '= becomes <> in WHERE', \&where_equal ],
	[ 'sql', 'constant', 'a number beside a comparison, + or LIMIT is one more or one less', \&constants ],
);

sub names { my %seen; return grep { !$seen{ $_->[0] }++ } map { [ $_->[1], $_->[2] ] } @OPERATORS }

sub mutants {
	my ($file, $text) = @_;
	my ($kind) = $file =~ /\.(c|sql)$/ or return;
	my $masked = $kind eq 'c' ? mask_c($text) : mask_sql($text);
	my @parts = $kind eq 'c' ? bodies($masked) : statements($text);
	my (@found, %times);
	for my $part (@parts) {
		my ($from, $length, $statement) = @$part;
		my $code = substr $masked, $from, $length;
		for my $operator (grep { $_->[0] eq $kind } @OPERATORS) {
			push @found, map { describe($file, $text, $operator->[1], $from + $_->[0], $_->[1], $_->[2], $statement) }
				$operator->[3]->($code);
		}
	}
	@found = sort { $a->{at} <=> $b->{at} || $a->{op} cmp $b->{op} || $a->{with} cmp $b->{with} } @found;
	for my $m (@found) {
		my $key = join "\0", @$m{qw(file op before after)};
		$m->{id} = substr md5_hex($key . "\0" . ++$times{$key}), 0, 10;
	}
	return @found;
}

sub apply {
	my ($m, $text) = @_;
	substr $text, $m->{at}, $m->{length}, $m->{with};
	return $text;
}

sub describe {
	my ($file, $text, $op, $at, $length, $with, $statement) = @_;
	my $m = { file => $file, op => $op, at => $at, length => $length, statement => $statement,
		with => filled(substr($text, $at, $length), $with) };
	my @old = split /\n/, $text, -1;
	my @new = split /\n/, apply($m, $text), -1;
	my ($i) = grep { $old[$_] ne $new[$_] } (substr($text, 0, $at) =~ tr/\n//) .. $#old;
	@$m{qw(line above before after)} =
		($i + 1, map { s/^\s+|\s+$//gr } $i > 0 ? $old[$i - 1] : '', $old[$i], $new[$i]);
	return $m;
}

# A part of $with may be taken from the old text: a range "\1FROM,LENGTH\2".
sub filled {
	my ($old, $with) = @_;
	return $with =~ s/\x01(\d+),(\d+)\x02/substr $old, $1, $2/ger;
}
sub old { return "\x01$_[0],$_[1]\x02" }

# --- what is code -----------------------------------------------------------

sub blank { return $_[0] =~ s/[^\n]/ /gr }

# Comments, strings and the preprocessor's lines become blanks, so that each
# place in the text stays where it was.
sub mask_c {
	my ($text) = @_;
	$text =~ s{(/\*.*?\*/|//[^\n]*)|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)+)'}
		{defined $1 ? blank($1) : defined $2 ? '"' . '_' x length($2) . '"' : "'" . '_' x length($3) . "'"}gse;
	$text =~ s/^(#(?:[^\n]*\\\n)*[^\n]*)/blank($1)/gme;
	return $text;
}

sub mask_sql {
	my ($text) = @_;
	$text =~ s/(--[^\n]*)|'((?:[^']|'')*)'/defined $1 ? blank($1) : "'" . '_' x length($2) . "'"/ge;
	return $text;
}

# [from, length] of each function's body
sub bodies {
	my ($masked) = @_;
	my @found;
	push @found, [ $-[0], $+[0] - $-[0] ] while $masked =~ /^\{\n.*?^\}/gms;
	return @found;
}

# [from, length, name] of each SQL statement
sub statements {
	my ($text) = @_;
	my @found;
	push @found, [ $-[2], $+[2] - $-[2], $1 ] while $text =~ /^-- name: (\w+)\n(.*?)(?=^-- name: |\z)/gms;
	return @found;
}

# Place of the bracket that closes the one at $at.
sub closing {
	my ($code, $at) = @_;
	my $depth = 0;
	pos($code) = $at;
	while ($code =~ /([()\[\]{}])/g) {
		$depth += $1 =~ /[(\[{]/ ? 1 : -1;
		return $-[0] if !$depth;
	}
	return;
}

# --- producers --------------------------------------------------------------

sub swap_words {
	my ($code, @words) = @_;
	my %other = (@words, reverse @words);
	my @found;
	push @found, [ $-[1], length $1, $other{$1} ]
		while $code =~ /(?<=\s)(\Q$words[0]\E|\Q$words[1]\E)(?=\s)/g;
	return @found;
}

# 0 is standard input, so no descriptor of ours is on that edge.
my $DESCRIPTOR = qr/fd [<>]=? 0\b/;

sub edges {
	my ($code) = @_;
	return grep { substr($code, $_->[0] > 2 ? $_->[0] - 3 : 0, 9) !~ /^$DESCRIPTOR/ }
		swap_words($code, '<', '<='), swap_words($code, '>', '>=');
}

sub negate {
	my ($code) = @_;
	my @found;
	while ($code =~ /\bif \(/g) {
		my $open = $+[0] - 1;
		my $close = closing($code, $open) // next;
		push @found, [ $open, $close - $open + 1, '(!' . old(0, $close - $open + 1) . ')' ];
	}
	return @found;
}

sub constants {
	my ($code) = @_;
	my @found;
	while ($code =~ /(?:\s(?:[<>=!]=|[<>=+\-]|<>)|\bLIMIT) (\d+)\b(?![.'])/g) {
		next if substr($code, 0, $+[1]) =~ /$DESCRIPTOR\z/;
		push @found, [ $-[1], length $1, $1 + 1 ];
		push @found, [ $-[1], length $1, $1 - 1 ] if $1 > 0;
	}
	return @found;
}

sub values_of {
	my ($code) = @_;
	my @found;
	push @found, [ $-[1], length $1, $1 eq 'true' ? 'false' : 'true' ]
		while $code =~ /(?:\breturn|=) (true|false);/g;
	return @found;
}

my $KEPT = qr/^(?:log_\w+|LOG_\w+|free|arena_free|abort|va_\w+)$/;
my $KEYWORD = qr/^(?:if|while|for|switch|return|sizeof|offsetof|defined)$/;

sub calls {
	my ($code) = @_;
	my @found;
	while ($code =~ /^\t+\K(?:\(void\))?([A-Za-z_]\w*)\(/gm) {
		my ($name, $start, $open) = ($1, $-[0], $+[0] - 1);
		next if $name =~ $KEPT || $name =~ $KEYWORD;
		next unless substr($code, 0, $start) =~ /(?:[;{})]|\belse)\s*\z/;
		my $close = closing($code, $open) // next;
		next unless substr($code, $close + 1, 1) eq ';';
		my $length = $close + 1 - $start;
		push @found, [ $start, $length, '(void)0' . "\n" x (substr($code, $start, $length) =~ tr/\n//) ];
	}
	return @found;
}

# Of one kind as far as the text tells: two variables (a name, a member, an
# element), two addresses, or two constants. What has another type does not
# compile.
my $VARIABLE = qr/[a-z_][\w.]*(?:->[\w.]+|\[\w+\])*/;
my @KINDS = (qr/^$VARIABLE$/, qr/^&$VARIABLE$/, qr/^(?:\d+|[A-Z][A-Z0-9_]+)$/);

sub same_kind {
	my (@text) = @_;
	return 0 if $text[0] eq $text[1] || grep { /^(?:NULL|err_r)$/ } @text;
	return scalar grep { my $kind = $_; 2 == grep { $_ =~ $kind } @text } @KINDS;
}

sub arguments {
	my ($code) = @_;
	my @found;
	while ($code =~ /\b([A-Za-z_]\w*)\(/g) {
		my ($name, $open) = ($1, $+[0] - 1);
		next if $name =~ $KEPT || $name =~ $KEYWORD;
		my $close = closing($code, $open) // next;
		my @args = split_arguments($code, $open + 1, $close);
		for my $i (1 .. $#args) {
			my ($a, $b) = @args[$i - 1, $i];
			my @text = map { substr $code, $_->[0], $_->[1] } $a, $b;
			next unless same_kind(@text);
			my $gap = $b->[0] - $a->[0] - $a->[1];
			push @found, [ $a->[0], $b->[0] + $b->[1] - $a->[0],
				$text[1] . old($a->[1], $gap) . $text[0] ];
		}
	}
	return @found;
}

# [from, length] of each argument, without blanks at its ends
sub split_arguments {
	my ($code, $from, $end) = @_;
	my ($depth, $start, @found) = (0, $from);
	for my $i ($from .. $end) {
		my $c = substr $code, $i, 1;
		$depth++ if $c =~ /[(\[{]/;
		if (($c eq ',' && !$depth) || $i == $end) {
			my $text = substr $code, $start, $i - $start;
			my ($lead) = $text =~ /^(\s*)/;
			$text =~ s/^\s+|\s+$//g;
			push @found, [ $start + length $lead, length $text ];
			$start = $i + 1;
		}
		$depth-- if $c =~ /[)\]}]/;
	}
	return @found;
}

# --- SQL --------------------------------------------------------------------

# [from, length] of each term of each WHERE, those inside brackets by themselves
sub where_terms {
	my ($code) = @_;
	my @found;
	while ($code =~ /\bWHERE\b\s*/g) {
		my ($start, $depth, $between) = ($+[0], 0, 0);
		pos(my $rest = $code) = $start;
		while ($rest =~ /([()])|(;)|\b(AND|OR|BETWEEN|ORDER|GROUP|LIMIT|RETURNING|ON|UNION|HAVING|THEN|END)\b|\z/g) {
			my ($bracket, $word) = ($1 // '', $3 // '');
			my $at = $-[0];
			$depth++ if $bracket eq '(';
			next if $bracket eq '(' || ($bracket eq ')' && --$depth >= 0) || ($depth > 0 && $at < length $code);
			if ($word eq 'BETWEEN') { $between = 1; next }
			if ($word eq 'AND' && $between) { $between = 0; next }
			my $term = substr($code, $start, $at - $start) =~ s/\s+\z//r;
			push @found, [ $start, length $term ] if length $term;
			last unless $word =~ /^(?:AND|OR)$/;
			$start = $at + length $word;
			$start++ while substr($code, $start, 1) =~ /\s/;
			pos($rest) = $start;
		}
	}
	return @found;
}

sub terms {
	my ($code) = @_;
	return map { [ $_->[0], $_->[1], '(' . old(0, $_->[1]) . ' OR TRUE)' ] } where_terms($code);
}

sub where_equal {
	my ($code) = @_;
	my %seen;
	return grep { !$seen{ $_->[0] }++ } map {
		my $from = $_->[0];
		map { [ $from + $_->[0], @$_[1, 2] ] } swap_words(substr($code, $from, $_->[1]), '=', '<>');
	} where_terms($code);
}

1;
