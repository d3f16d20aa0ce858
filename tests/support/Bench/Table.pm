package Bench::Table;
# A verify.json as tests/bench/README.md shows it: which variants, in which order, and the two
# tables in Markdown.
use strict;
use warnings;
use Bench::Compare;

# Title of a group, and which variants are in it, in order.
our @GROUPS = (
	[ 'nginx and an empty responder', qw(a b1 b2 b3 b3_https) ],
	[ 'Pierre: /verify', qw(http_sqlite https_sqlite sync_sqlite http_postgresql https_postgresql sync_postgresql) ],
	[ 'A static file behind auth_request', qw(g0 g2 g_sqlite g_old_sqlite g_postgresql g_old_postgresql) ],
	[ 'The same work elsewhere', qw(fastify fastify_full php_sqlite php_postgresql better_auth) ],
	[ 'Their empty handlers', qw(fastify_hello better_auth_hello php_hello) ],
);
my %BACKEND = (sqlite => 'SQLite', postgresql => 'PostgreSQL');

sub thousands { my $s = sprintf '%.0f', $_[0]; 1 while $s =~ s/^(\d+)(\d{3})/$1,$2/; return $s }

# What a variant is, with its backend.
sub what {
	my ($name, $v) = @_;
	my ($backend) = $name =~ /^(?:http|https|sync|g|g_old)_(sqlite|postgresql)$/;
	return $v->{what} . ($backend ? ", $BACKEND{$backend}" : '');
}

sub markdown { my ($whole) = @_; return added($whole) . "\n" . measured($whole) }

# What Pierre adds.
sub added {
	my ($whole) = @_;
	my @backends = sort { $b cmp $a } keys %{ $whole->{compared} };
	my $text = '| | ' . join(' | ', map { $BACKEND{$_} } @backends) . " | wanted |\n|---|" . '--:|' x @backends . "---|\n";
	for my $row (grep { $_->{leads} } @Bench::Compare::ROWS) {
		my @cells = map {
			my $found = $whole->{compared}{$_}{ $row->{name} };
			my $cell = Bench::Compare::text($row, $found);
			Bench::Compare::missed($row, $_, $found) ? "**$cell**" : $cell;
		} @backends;
		my %once;
		my $wanted = join ', ', grep { $_ && !$once{$_}++ } map { Bench::Compare::wanted($row, $_) } @backends;
		$text .= '| ' . join(' | ', $row->{what}, @cells, $wanted) . " |\n";
	}
	return $text =~ s/\bus\b/µs/gr;
}

sub measured {
	my ($whole) = @_;
	my $text = "| | requests/s | p50 ms | p99 ms | CPU µs each |\n|---|--:|--:|--:|--:|\n";
	for my $name (map { @$_[ 1 .. $#$_ ] } @GROUPS) {
		my $v = $whole->{variants}{$name} or next;
		next unless defined $v->{rps};
		$text .= sprintf "| %s | %s | %.2f | %.1f | %.0f |\n", what($name, $v), thousands($v->{rps}), @$v{qw(p50_ms p99_ms cpu_us)};
	}
	return $text;
}

1;
