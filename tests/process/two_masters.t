#!/usr/bin/perl
# One service works on an SQLite file, whatever its sockets and RUNTIME_DIR are
# and by whatever name it finds the file: two would each keep what the other one
# must know, revoked keys for instance. PostgreSQL serves many.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre;
use Process qw(await becomes_ready alive await_log children count_log);

sub elsewhere {
	my ($p, $n) = @_;
	return (FAST_SOCKET => "$p->{dir}/run/f$n.sock", SLOW_SOCKET => "$p->{dir}/run/s$n.sock",
		RUNTIME_DIR => "$p->{dir}/run/room$n");
}

subtest 'sqlite' => sub {
	my $p = Pierre->start(backend => 'sqlite');
	my ($file) = $p->{url} =~ /^sqlite:(.*)/;
	symlink $file, "$p->{dir}/state/alias.db" or die "symlink: $!";
	for ([ 'the same name', $p->{url} ], [ 'a symbolic link', "sqlite:$p->{dir}/state/alias.db" ],
		[ 'another way to the directory', "sqlite:$p->{dir}/state/../state/pierre.db" ]) {
		my ($what, $url) = @$_;
		my $r = $p->cli('serve', env => { elsewhere($p, 2), DATABASE_URL => $url });
		is($r->{status}, 1, "$what: exit status 1");
		like($r->{err}, qr/^pierre: [^\n]*another service \(process $p->{pid}\)[^\n]*pierre\.db[^\n]*stop[^\n]*$/m,
			"$what: names the other process");
	}
	becomes_ready($p, 'the first one serves on');
	$p->signal('HUP');
	await_log($p, qr/ reloaded /);
	pass('a reload keeps it');

	# those of before the reload may still be ending
	my $first = sub { my %of = children($p); return grep { $of{$_} eq 'fast/0' } keys %of };
	await('the old workers to be gone', sub { $first->() == 1 });
	my ($worker) = $first->();
	kill 'STOP', $worker;
	kill 'KILL', $p->{pid};
	await('the master to be gone', sub { !$p->running });
	my %other = elsewhere($p, 3);
	@{ $p->{env} }{ keys %other } = values %other;
	@$p{qw(fast_socket slow_socket nginx wait)} = (@other{qw(FAST_SOCKET SLOW_SOCKET)}, 0, 0);
	$p->serve;
	await_log($p, qr/ room_waits /);
	is(count_log($p, qr/ started /), 1, 'after kill -9 a new one waits for the children of the old one');
	kill 'CONT', $worker;
	await_log($p, qr/ started /, 2);
	ok(!alive($worker), 'and starts when the last has ended');
	is($p->stop_serve, 0, 'stops');
	$p->serve;
	await_log($p, qr/ started /, 3);
	is($p->stop_serve, 0, 'starts and stops again at once');
	$p->stop;
} if grep { $_ eq 'sqlite' } Pierre::backends();

subtest 'postgresql' => sub {
	my $p = Pierre->start(backend => 'postgresql');
	my $q = Pierre->start(backend => 'postgresql', url => $p->{url}, env => {
		ENCRYPTION_KEY => $p->{env}{ENCRYPTION_KEY} });
	becomes_ready($_, 'both serve') for $p, $q;
	$_->stop for $q, $p;
} if grep { $_ eq 'postgresql' } Pierre::backends();

done_testing;
