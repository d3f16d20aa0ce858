#!/usr/bin/perl
# SQLite and PostgreSQL behave the same: one table of cases (tests/support/Pierre/
# ParityCases.pm) through nginx and the shell on each backend, compared answer by answer,
# headers included (Sc 61). Counts which of the original's 116 operations a good case reaches.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Time::Local 'timegm';
use Limit 'offset_to';
use Pierre;
use Pierre::Parity;
use Pierre::ParityCases;

my $OPERATIONS = 116;
# What is covered; fewer would be a loss.
my $LEAST = 40;

my @cases = parity_cases();
# in the middle of an hour, a day and a month, so that no window ends meanwhile
my %env = (PIERRE_CLOCK_OFFSET => offset_to(timegm(0, 10, 12, 15, 0, 2031)), ACCESS_TOKEN_TTL => 86400);

my %answers;
for my $backend (Pierre::backends()) {
	my $p = Pierre->start(backend => $backend, env => \%env);
	$answers{$backend} = [ parity_answers($p, { junk => 'pk_live_' . 'A' x 32 }, @cases) ];
	$p->stop;
}
my @backends = sort keys %answers or BAIL_OUT('no backend to test');

# Where two texts part, with what is around it.
sub parting {
	my @texts = @_;
	my $at = 0;
	$at++ while substr($texts[0], $at, 1) eq substr($texts[1], $at, 1);
	my $from = $at > 200 ? $at - 200 : 0;
	return map { '... ' . substr($_, $from, 400) } @texts;
}

my %covered;
for my $i (0 .. $#cases) {
	my ($name, $operations, undef, $method, $path, undef, undef, %o) = @{ $cases[$i] };
	my $what = "$name: $method " . (ref $path ? "@$path" : $path);
	my $good = 1;
	$good &= is($answers{$_}[$i]{wrong}, '', "$what, $_") || (diag($answers{$_}[$i]{text}), 0) for @backends;
	if (@backends == 2) {
		my @texts = map { $answers{$_}[$i]{text} } @backends;
		$good &= ok($texts[0] eq $texts[1], "$what, the same on both" . ($o{differs} ? "; not compared: $o{differs}[1]" : '')) ||
			(diag(join "\n", parting(@texts)), 0);
	}
	$covered{$_}++ for $good ? @$operations : ();
}
is(join(' ', grep { !/^\d+$/ || $_ < 1 || $_ > $OPERATIONS } keys %covered), '', 'numbers of operations');
cmp_ok(scalar keys %covered, '>=', $LEAST, 'what was covered still is');
diag(sprintf '%d cases on %s', scalar @cases, join ' and ', @backends);
diag(sprintf 'operations covered: %d of %d', scalar keys %covered, $OPERATIONS);
done_testing;
