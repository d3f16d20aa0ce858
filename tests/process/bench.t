# What measures is not run here; that it starts, knows its options and draws.
use strict;
use warnings;
use Test::More;
use JSON::PP ();
use lib "$ENV{PIERRE_SOURCE}/tests/support";
use Pierre;
use FastCGI;
use Process qw(await);
use Bench::Compare;
use Bench::Cpu;
use Bench::Door;
use Bench::Report;
use Bench::Site;

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

# --- what is missing, and what brings it ------------------------------------------

for my $command (qw(verify scale stalls vault)) {
	my $r = Pierre::capture([ $^X, "$bench/$command" ], { PIERRE_BUILD => "$dir/none" }, dir => "$dir");
	is "$r->{status} $r->{err}", "2 $command: there is no build; run ./bootstrap build first\n", "$command without a build says how to make one";
	$r = Pierre::capture([ $^X, "$bench/$command" ], { PATH => "$dir" }, dir => "$dir");
	is $r->{status}, 2, "$command without wrk ends";
	like $r->{err}, qr{^$command: missing: wrk .*; run \./bootstrap deps bench first$}, 'and says what brings it';
	$r = run("$bench/$command", '--help');
	is $r->{status}, 0, "$command --help";
}
for my $command (qw(scale stalls)) {
	$r = run("$bench/$command", 'mysql');
	is $r->{status}, 2, "$command of a backend that was not built: refused";
}
is run("$bench/stalls", '--seconds', 8)->{status}, 2, 'stalls for longer than a call: refused';

# --- figures -----------------------------------------------------------------------

sub measured {
	my ($us, @rps) = @_;
	return [ map { { rps => $_, p50_ms => 1, p99_ms => 1000 / $_, cpu_us => 10, non2xx => 0, broken => 0,
		us => { worker => $us, recorder => $us / 2, database => 0 }, workers => [ { us => 3e6, connections => 3 }, { us => 1e6, connections => 1 } ] } } @rps ];
}
my %v = map { $_->{name} => { durability => 'nothing is stored', connections => 32, what => "<$_->{name}> & co", %$_ } } (
	{ name => 'a', rounds => measured(0, 100, 300, 100) },
	{ name => 'b2', rounds => measured(4, 50, 100, 80) },
	{ name => 'b3', rounds => measured(4, 50, 100, 80) },
	{ name => 'http_sqlite', rounds => measured(8, 45, 80, 80), durability => 'all but the last', counted => { non2xx => 2, broken => 1, starved => 3 } },
	{ name => 'fastify', rounds => measured(20, 9, 10, 20), durability => 'every row' },
);
my $compared = Bench::Compare::all(\%v, 'sqlite')->{sqlite};
is $compared->{b2_a}{value}, 0.5, 'the median of the ratios of each round, not the ratio of medians';
is_deeply [ sort { $a <=> $b } $compared->{http_b3}{rounds}->@* ], [ 0.8, 0.9, 1 ], 'each round is there';
is $compared->{http_b3}{value}, 0.9, 'of /verify';
is $compared->{php}, undef, 'what was not measured has none';
is "@{ $compared->{cpu_http} }{qw(value worker recorder database)}", '6 4 2 0', 'CPU time beyond that of the empty responder, and whose';
my %row = map { $_->{name} => $_ } @Bench::Compare::ROWS;
my $missed = sub { Bench::Compare::missed($row{ $_[0] }, $_[1], { value => $_[2] }) ? 1 : 0 };
is join(' ', $missed->('http_b3', 'sqlite', 0.89), $missed->('http_b3', 'sqlite', 0.9), $missed->('http_b3', 'postgresql', 0.89)), '1 0 0', 'less than is wanted, of each backend';
is join(' ', $missed->('cpu_http', 'sqlite', 5.1), $missed->('cpu_http', 'postgresql', 5.1), $missed->('cpu_g', 'sqlite', 99)), '1 0 0', 'more than is wanted';
my %figures = map { $_ => Bench::Report::figures($v{$_}, $v{b3}) } keys %v;
is $figures{http_sqlite}{rps}, 80, 'the median of the rounds';
is "@{ $figures{http_sqlite} }{qw(non2xx broken starved)}", '2 1 3', 'what went wrong is summed';
is $figures{http_sqlite}{of_empty}, 0.9, 'its share of the empty responder';
is Bench::Report::spread($figures{b3}{workers}), 'connections 3 1, CPU 3.00 1.00 s, busiest 1.50 of the mean', 'how the workers share';

my $file = "$dir/verify.json";
my %whole = (variants => \%figures, compared => { sqlite => $compared }, machine => Bench::Report::machine("$dir"),
	settings => { seconds => 1, rounds => 3, connections => 32, many => 512, workers => 2, keys => 10, nginx_workers => 1 });
Bench::Report::write_json($file, \%whole);
my $read = JSON::PP::decode_json(Pierre::slurp($file));
is $read->{compared}{sqlite}{http_b3}{value}, 0.9, 'verify.json says the same';
is $read->{compared}{sqlite}{fastify_full}, undef, 'null where nothing was measured';
like Pierre::slurp($file), qr/"rps" : 80\b/, 'numbers are numbers';

$r = run("$bench/plot", $file);
is $r->{status}, 0, 'plot' or diag $r->{err};
like $r->{out}, qr/^<svg xmlns=.*<\/svg>$/s, 'makes an SVG';
my $bars = () = $r->{out} =~ /<title>/g;
is $bars, 5, 'with a bar for each variant';
like $r->{out}, qr/&#60;b2&#62; &#38; co/, 'in which texts are escaped';
$r = run("$bench/plot", '--table', $file);
is $r->{status}, 0, 'plot --table' or diag $r->{err};
like $r->{out}, qr/^\| CPU µs a request beyond .* \| \*\*6\.0 \(worker 4\.0, recorder 2\.0\)\*\* \| at most 5 \|$/m, 'what Pierre adds, and that it is too much';
like $r->{out}, qr/^\| <http_sqlite> & co, SQLite \| 80 \| 1\.00 \| 12\.5 \| 10 \|$/m, 'what was measured';
is run("$bench/plot")->{status}, 2, 'plot without a file';
isnt run("$bench/plot", "$bench/plot")->{status}, 0, 'plot of something else';

# --- the real parts ------------------------------------------------------------------

my ($backend) = Pierre::backends();
my $door = Bench::Door::start(backend => $backend, workers => 2, keys => 1, durability => 'async');
my $p = $door->{p};
my %ask = (REQUEST_ID => '0123456789abcdef0123456789abcdef', HTTP_X_API_KEY => $door->{keys}[0]);
my $before = Bench::Cpu::snapshot();
my @kept = map { FastCGI::open_socket($p->{fast_socket}) } 1 .. 3;
for my $s (@kept) {
	FastCGI::send_bytes($s, FastCGI::message('GET', '/verify', '', keep => 1, params => \%ask));
	is FastCGI::reply($s, keep => 1)->{status}, 200, 'let through';
}
my @workers = Bench::Cpu::workers($before, Bench::Cpu::snapshot(), $p->{pid});
is scalar @workers, 2, 'each worker of the fast pool is found';
SKIP: {
	skip 'only root sees the descriptors of a process that is not dumpable', 1 if grep { !defined $_->{connections} } @workers;
	is $workers[0]{connections} + $workers[1]{connections}, 3, 'and the connections that they keep, no other socket';
}
my $made = Pierre::capture([ 'make', '-s', '-C', $Pierre::BUILD, 'tests/bench/empty' ], {});
is $made->{status}, 0, 'the empty responder is built' or diag $made->{err};
for my $loop (qw(plain fast)) {
	for my $form ([ '/verify', 200 ], [ 'auth_request', 204, PIERRE_SUBREQUEST => 1 ]) {
		my ($what, $status, %more) = @$form;
		my $real = FastCGI::get($p->{fast_socket}, '/verify', params => { %ask, %more });
		Bench::Site::write_file("$p->{dir}/reply", $real->{out});
		my $socket = "$p->{dir}/run/$loop$status.sock";
		$p->spawn('empty', [ Pierre::as_user(Pierre::program('tests/bench/empty'), $loop, 1, $socket, "$p->{dir}/reply") ],
			{ PATH => $ENV{PATH} }, "$p->{dir}/empty.log");
		await("$loop answers", sub { Pierre::listens($socket) });
		my $empty = FastCGI::get($socket, '/verify');
		is $real->{status}, $status, "pierre answers $what";
		is $empty->{out}, $real->{out}, "the empty responder, $loop: the same bytes";
	}
}
$p->stop;

my $site = Bench::Site->new(dir => "$dir/nginx", workers => 1);
$site->add_upstream(kept => 'a', 'b');
$site->add_upstream(once => 'a', 'b', once => 1);
sub question { my ($name) = @_; return Pierre::slurp("$dir/nginx/$name/pierre-auth-locations.conf") }
is question('once'), question('kept') =~ s/(fastcgi_keep_conn) \w+/$1 off/r =~ s/(fastcgi_store) \S+;/$1 off;/r =~ s/kept_fast/once_fast/r
	=~ s{include kept/}{include once/}gr, 'the snippet with a connection a request differs by that alone';

cmp_ok Bench::Cpu::us({}, Bench::Cpu::snapshot(), $$), '<=', Bench::Cpu::us({}, Bench::Cpu::snapshot(), getppid), 'CPU time of a process is in that of its parent';
done_testing;
