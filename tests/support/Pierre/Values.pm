package Pierre::Values;
# What a schema of the OpenAPI document lets in and what it keeps out, as values.
use strict;
use warnings;
use JSON::PP ();

sub types { my ($s) = @_; return ref $s->{type} ? @{ $s->{type} } : $s->{type} // () }
sub has_type { my ($s, $type) = @_; return scalar grep { $_ eq $type } types($s) }
sub is_nullable { return has_type($_[0], 'null') }
sub text { my ($n, $c) = @_; $c //= 'x'; return $c x $n }
sub words { my ($n) = @_; return [ map { "w$_" } 1 .. $n ] }

# Bounds that a member of a body should have and has not.
sub unbounded {
	my ($s) = @_;
	my @want = has_type($s, 'integer') ? qw(minimum maximum)
		: has_type($s, 'array') ? 'maxItems'
		: has_type($s, 'string') && !$s->{enum} && !($s->{format} && $s->{format} ne 'password') ? 'maxLength' : ();
	return grep { !defined $s->{$_} } @want;
}

# Values at the bounds, and each word. Those of a UUID are the caller's to know.
sub good {
	my ($s) = @_;
	return (values_within($s), is_nullable($s) ? undef : ());
}
sub values_within {
	my ($s) = @_;
	return grep { defined } @{ $s->{enum} } if $s->{enum};
	return (JSON::PP::true, JSON::PP::false) if has_type($s, 'boolean');
	return grep { defined } @$s{qw(minimum maximum)} if has_type($s, 'integer');
	return ({}, { x => [ 1, { y => 'x' } ] }) if has_type($s, 'object');
	return ([], words(1), words($s->{maxItems} // 2)) if has_type($s, 'array');
	return '2099-01-01T00:00:00.000Z' if ($s->{format} // '') eq 'date-time';
	return () if ($s->{format} // '') eq 'uuid';
	return (text($s->{minLength} || 1), text($s->{maxLength} // 2, "\x{1f3c3}"));   # counted in characters
}

# [ what, value ] each
sub bad {
	my ($s) = @_;
	return (wrong_types($s), out_of_bounds($s), is_nullable($s) ? () : [ 'null', undef ]);
}
sub wrong_types {
	my ($s) = @_;
	my %of = (string => 'x', integer => 5, boolean => JSON::PP::true, array => ['x'], object => {});
	return ((map { [ "of the type $_", $of{$_} ] } grep { !has_type($s, $_) } sort keys %of),
		has_type($s, 'integer') ? ([ 'a number in quotes', '5' ], [ 'a fraction', ($s->{minimum} // 0) + 0.5 ]) : (),
		has_type($s, 'array') ? ([ 'a list of numbers', [1] ], [ 'a list with null', [undef] ]) : ());
}
sub out_of_bounds {
	my ($s) = @_;
	return ([ 'a word that is none of them', 'no such word' ], [ 'no word', '' ]) if $s->{enum};
	my @bad;
	push @bad, [ "below $s->{minimum}", $s->{minimum} - 1 ] if defined $s->{minimum};
	push @bad, [ "above $s->{maximum}", $s->{maximum} + 1 ] if defined $s->{maximum};
	push @bad, [ "shorter than $s->{minLength}", text($s->{minLength} - 1) ] if $s->{minLength};
	push @bad, [ "longer than $s->{maxLength}", text($s->{maxLength} + 1) ] if defined $s->{maxLength};
	push @bad, [ "more than $s->{maxItems}", words($s->{maxItems} + 1) ] if defined $s->{maxItems};
	push @bad, map { [ "the date $_", $_ ] } 'soon', '2099-02-30T00:00:00Z', '2099-01-01' if ($s->{format} // '') eq 'date-time';
	push @bad, [ 'a UUID that is none', 'x' ] if ($s->{format} // '') eq 'uuid';
	return @bad;
}

# A body with the members that a schema requires.
sub sample {
	my ($s) = @_;
	return { map { $_ => (good($s->{properties}{$_}))[0] } @{ $s->{required} // [] } };
}

# A value of the $nth member: of two numbers or texts no two are the same.
sub some {
	my ($s, $n) = @_;
	return $s->{minimum} + $n if has_type($s, 'integer') && defined $s->{minimum};
	my ($first) = values_within($s);
	return defined $first && !$s->{enum} && !$s->{format} && has_type($s, 'string') ? text($n + 1) : $first;
}

# One member, and a value of it.
sub a_member {
	my ($s) = @_;
	my ($name) = sort keys %{ $s->{properties} };
	return ($name => (good($s->{properties}{$name}))[0]);
}

1;
