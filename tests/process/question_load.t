#!/usr/bin/perl
# The question of the snippet on kept connections, under load: clients that leave,
# reloads and killed workers fail no request, and let none pass.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use Pierre::Check;
use Kept qw(connected question answer together door_keys $BOGUS);
use Process qw(await await_log children count_log start_load stop_load);

my $RELOADS = 50;   # of all backends together
my $KILLS = 6;
my $WORKERS = 4;
my $SITE = <<'END';
server {
	listen 127.0.0.1:@SITE_PORT@ backlog=4096;
	keepalive_requests 1000000;
	include snippets/pierre-auth-locations.conf;
	location / { include snippets/pierre-auth.conf; root @DIR@/www; }
}
END

sub fast { my ($p) = @_; my %c = children($p); return grep { $c{$_} =~ /^fast/ } keys %c }

sub aborting {
	my ($p, %k) = @_;
	my @workers = fast($p);
	for (1 .. 5) {
		kill 'STOP', @workers;
		my @clients = map { connected($p->{site}{port}) } 1 .. 20;
		syswrite $_, question('GET', '/file', $k{good}) for @clients;
		close $_ for @clients;
		kill 'CONT', @workers;
		my @rest = map { connected($p->{site}{port}) } 1 .. 10;
		is(together(\@rest, question('GET', '/file', $k{good}), question('GET', '/file', $BOGUS)), join(' ', (200, 401) x 5), 'after 20 clients that left');
	}
}

# One client of each kind.
sub load {
	my ($p, %k) = @_;
	my @kinds = ([ 200, 'GET', '/file', $k{good} ], [ 401, 'GET', '/file', $BOGUS ], [ 405, 'POST', '/file', $k{good}, 'b' x 9000 ],
		[ 429, 'GET', '/file', $k{spent} ]);
	return start_load(scalar @kinds, sub {
		my ($i) = @_;
		my ($due, $method, $target, @with) = @{ $kinds[$i] };
		our $s;
		$s //= connected($p->{site}{port});
		syswrite $s, question($method, $target, @with);
		my ($status) = answer($s);
		undef $s if !$status || $status == 503;   # with which nginx ends the connection
		return $status == $due ? '' : "$method $target: $status, not $due";
	});
}

sub reloads {
	my ($p, %k) = @_;
	my $before = count_log($p, qr/ reloaded /);
	my $load = load($p, %k);
	for my $n (1 .. $RELOADS) {
		$p->signal('HUP');
		await_log($p, qr/ reloaded /, $before + $n);
	}
	my ($served, $failed) = stop_load($load);
	is("@$failed", '', "no request failed of $served");
}

# The request that a worker was at may be one that killed it (tests/process/crash.t):
# sent again it is refused with 503, and no other is.
sub killed {
	my ($p, %k) = @_;
	# one of before the last reload may be at its end, and then dies of nothing
	await('the last generation alone', sub { fast($p) == $WORKERS }, $p);
	my $load = load($p, %k);
	my $kills = 0;
	while ($kills < $KILLS) {
		my ($worker) = await('a second worker', sub { my @w = fast($p); @w > 1 ? \@w : undef })->@*;
		kill 'KILL', $worker;
		$kills++;
		await_log($p, qr/ child_died .*pid=$worker /);
	}
	my ($served, $failed) = stop_load($load);
	cmp_ok(scalar @$failed, '<=', $kills, "$kills kills: " . @$failed . " requests failed of $served");
	is(join("\n", grep { !/: 503, / } @$failed), '', 'each with 503');
}

$_ = int($_ / Pierre::backends()) for $RELOADS, $KILLS;
each_backend(sub {
	my ($p) = @_;
	mkdir "$p->{dir}/www", 0755 or die;
	Pierre::rewrite("$p->{dir}/www/file", "the file\n");
	my %k = door_keys($p);
	subtest 'clients that leave' => sub { aborting($p, %k) };
	subtest "$RELOADS reloads under load" => sub { reloads($p, %k) };
	subtest 'killed workers under load' => sub { killed($p, %k) };
	is($p->stop_serve, 0, 'stops');
}, site => $SITE, env => { WORKERS => $WORKERS });
done_testing;
