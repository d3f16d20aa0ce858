#!/usr/bin/perl
# tests/mutants: what it makes of a text, what a seed draws, and that the table
# of equivalents can be read and is about lines that are there. Nothing is built.
use strict;
use warnings;
use FindBin;
use Test::More;
use lib "$FindBin::Bin/../support";
use Mutant::Operator;
use Mutant::Results;

my $source = "$FindBin::Bin/../..";
my $c = <<'END';
/* if (comment == 1) */
#define MAX(a, b) (a < b)
static bool f(struct x *x, size_t n)
{
	const char *s = "a == b";

	if (x->n >= 3 && s)
		return false;
	log_debug("seen");
	step(x, &x->a, &x->b,
	     n, x->n);
	free(x);
	if (x->fd < 0)
		abort();
	return n == x->n - 1;
}
END
my $sql = <<'END';
-- name: take
UPDATE t SET a = $1 WHERE id = $2 AND at <= $3 AND EXISTS (SELECT 1 FROM u
	WHERE u.id = t.id)
LIMIT 5;
END

# operator: line after, in the order of the text
sub made {
	my ($file, $text) = @_;
	return join "\n", map { "$_->{op} $_->{line}: $_->{after}" } Mutant::Operator::mutants($file, $text);
}

is made('src/op/f.c', $c), <<'END' =~ s/\n\z//r, 'C: each operator, not in comments, strings, macros, logs';
negate 7: if (!(x->n >= 3 && s))
edge 7: if (x->n > 3 && s)
constant 7: if (x->n >= 2 && s)
constant 7: if (x->n >= 4 && s)
logic 7: if (x->n >= 3 || s)
value 8: return true;
call 10: (void)0
swap 10: step(x, &x->b, &x->a,
swap 11: x->n, n);
negate 13: if (!(x->fd < 0))
equal 15: return n != x->n - 1;
constant 15: return n == x->n - 0;
constant 15: return n == x->n - 2;
END

is made('sql/common/t.sql', $sql), <<'END' =~ s/\n\z//r, 'SQL: terms, edges, equality, numbers';
where 2: UPDATE t SET a = $1 WHERE (id = $2 OR TRUE) AND at <= $3 AND EXISTS (SELECT 1 FROM u
equal 2: UPDATE t SET a = $1 WHERE id <> $2 AND at <= $3 AND EXISTS (SELECT 1 FROM u
where 2: UPDATE t SET a = $1 WHERE id = $2 AND (at <= $3 OR TRUE) AND EXISTS (SELECT 1 FROM u
edge 2: UPDATE t SET a = $1 WHERE id = $2 AND at < $3 AND EXISTS (SELECT 1 FROM u
where 2: UPDATE t SET a = $1 WHERE id = $2 AND at <= $3 AND (EXISTS (SELECT 1 FROM u
where 3: WHERE (u.id = t.id OR TRUE))
equal 3: WHERE u.id <> t.id)
constant 4: LIMIT 4;
constant 4: LIMIT 6;
END

my @mutants = (Mutant::Operator::mutants('src/op/f.c', $c), Mutant::Operator::mutants('sql/common/t.sql', $sql));
is scalar(grep { !$_->{statement} } @mutants[13 .. $#mutants]), 0, 'a mutant of SQL knows its statement';
is scalar(keys %{ { map { $_->{id} => 1 } @mutants } }), scalar @mutants, 'each has an id of its own';
is_deeply [ map { Mutant::Operator::apply($_, $c) =~ tr/\n// } @mutants[0 .. 12] ],
	[ ($c =~ tr/\n//) x 13 ], 'none moves a line';
is_deeply [ map { $_->{id} } Mutant::Operator::mutants('src/op/f.c', "/* more */\n\n$c") ],
	[ map { $_->{id} } @mutants[0 .. 12] ], 'ids outlive lines that come before';

my @lists = map { scalar `$^X $source/tests/mutants --list --sample 20 --seed $_` } 5, 5, 6;
like $lists[0], qr/^[0-9a-f]{10}  \w+  (?:src|sql)\S+:\d+\n    - .*\n    \+ .*\n/m, 'a sample is listed';
is $lists[0], $lists[1], 'a seed draws the same again';
isnt $lists[0], $lists[2], 'another seed, another sample';

# The table names lines that are mutants today, each one and not its like.
my @equivalent = Mutant::Results::read_equivalent("$source/tests/mutants.equivalent");
my (%of, @wrong);
for my $e (@equivalent) {
	$of{ $e->{file} } //= [ Mutant::Operator::mutants($e->{file}, Mutant::Tree::slurp("$source/$e->{file}") // '') ];
	my $n = grep { Mutant::Results::is_about($e, $_) } @{ $of{ $e->{file} } };
	push @wrong, "$n: $e->{file} $e->{op} - $e->{before} + $e->{after}" if $n != 1;
}
is join("\n", @wrong), '', 'each equivalent is one mutant that can be made';
is join("\n", map { $_->{before} } grep { length $_->{reason} < 20 } @equivalent), '', 'each says why';
done_testing;
