# What measures is not run here; that it starts, knows its options and draws.
use strict;
use warnings;
use Test::More;
use JSON::PP ();
use lib "$ENV{PIERRE_SOURCE}/tests/support";
use Pierre;
use Bench::Load;
use Bench::Report;

my $bench = "$ENV{PIERRE_SOURCE}/tests/bench";
my $dir = File::Temp->newdir('pt.XXXXXX', DIR => Pierre::short_tmp());
sub run { return Pierre::capture([ $^X, @_ ], {}, dir => "$dir") }

my $r = run("$bench/verify", '--help');
is $r->{status}, 0, 'verify --help';
like $r->{out}, qr/^  --$_ /m, "it explains --$_" for qw(backend peers seconds rounds connections many json cache);
for my $wrong ([ '--seconds', 0 ], [ '--rounds', 'x' ], [ '--peers', 'nobody' ], [ '--backend', 'mysql' ], [ '--nothing' ], [ 'word' ]) {
	$r = run("$bench/verify", @$wrong);
	is $r->{status}, 2, "verify @$wrong: refused";
	isnt $r->{err}, '', 'with a word why';
}

sub measured { return [ map { { rps => $_, p50_ms => 1, p99_ms => 1000 / $_, cpu_us => 10, non2xx => 0, broken => 0 } } @_ ] }
my %v = map { $_->{name} => { durability => 'nothing is stored', connections => 32, what => "<$_->{name}> & co", %$_ } } (
	{ name => 'a', rounds => measured(100, 300, 100) },
	{ name => 'b2', rounds => measured(50, 100, 80) },
	{ name => 'http_sqlite', rounds => measured(45, 80, 80), durability => 'all but the last', counted => { non2xx => 2, broken => 1, starved => 3 } },
	{ name => 'fastify', rounds => measured(9, 10, 20), durability => 'every row' },
);
my $ratios = Bench::Report::ratios(\%v, 'sqlite')->{sqlite};
is $ratios->{b2_a}, 0.5, 'the median of the ratios of each round, not the ratio of medians';
is $ratios->{http_b2}, 0.9, 'of /verify';
is $ratios->{php}, undef, 'what was not measured has none';
my %figures = map { $_ => Bench::Report::figures($v{$_}, $v{b2}) } keys %v;
is $figures{http_sqlite}{rps}, 80, 'the median of the rounds';
is "@{ $figures{http_sqlite} }{qw(non2xx broken starved)}", '2 1 3', 'what went wrong is summed';
is $figures{http_sqlite}{of_b2}, 0.9, 'its share of the empty responder';

my $file = "$dir/verify.json";
my %whole = (variants => \%figures, ratios => { sqlite => $ratios }, machine => Bench::Report::machine("$dir"),
	settings => { seconds => 1, rounds => 3, connections => 32, many => 512, workers => 2, keys => 10, nginx_workers => 1 });
Bench::Report::write_json($file, \%whole);
my $read = JSON::PP::decode_json(Pierre::slurp($file));
is $read->{ratios}{sqlite}{http_b2}, 0.9, 'verify.json says the same';
is $read->{ratios}{sqlite}{fastify_full}, undef, 'null where nothing was measured';
like Pierre::slurp($file), qr/"rps" : 80\b/, 'numbers are numbers';

$r = run("$bench/plot", $file);
is $r->{status}, 0, 'plot' or diag $r->{err};
like $r->{out}, qr/^<svg xmlns=.*<\/svg>$/s, 'makes an SVG';
my $bars = () = $r->{out} =~ /<title>/g;
is $bars, 4, 'with a bar for each variant';
like $r->{out}, qr/&#60;b2&#62; &#38; co/, 'in which texts are escaped';
is run("$bench/plot")->{status}, 2, 'plot without a file';
isnt run("$bench/plot", "$bench/plot")->{status}, 0, 'plot of something else';

cmp_ok Bench::Load::cpu_ticks($$), '<=', Bench::Load::cpu_ticks(getppid), 'CPU time of a process is in that of its parent';
done_testing;
