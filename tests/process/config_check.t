#!/usr/bin/perl
# What `pierre config check` says of calls to providers: faults, and notes of what an operator
# should know. It asks no network and no database.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use File::Copy qw(copy);
use Test::More;
use Pierre;
use Process ();

my ($backend) = Pierre::backends() or plan skip_all => 'no backend';
my $p = Pierre->start(backend => $backend, serve => 0, nginx => 0);
my $units = "$p->{dir}/units";
mkdir $_ or die "$_: $!" for $units, map { "$units/$_" } qw(etc lib), map { "$_/pierre.service.d" } qw(etc lib);
my %quiet = (SYSTEMD_UNIT_PATH => "$units/etc:$units/lib",
	map { $_ => undef } qw(https_proxy HTTPS_PROXY all_proxy ALL_PROXY));

sub write_file { my ($file, $text) = @_; open my $f, '>', $file or die "$file: $!"; print $f $text; close $f; return $file }
sub check {
	my (%env) = @_;
	local %ENV = %ENV;
	delete @ENV{ grep { !defined $quiet{$_} } keys %quiet };
	return $p->cli('config', 'check', env => { (map { $_ => $quiet{$_} } grep { defined $quiet{$_} } keys %quiet), %env });
}
sub as_root {
	my (%env) = @_;
	return Pierre::capture([ "$Pierre::BUILD/pierre", 'config', 'check' ], { $p->{env}->%*, %quiet{SYSTEMD_UNIT_PATH}, %env });
}
# status of the command, and what it says, line by line
sub says {
	my ($status, $env, $like, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $r = check(%$env);
	is($r->{status}, $status, $name) or diag($r->{err});
	like($r->{err}, $_, '  with the sentence') for ref $like eq 'ARRAY' ? @$like : $like;
	return $r;
}
my $file = write_file("$p->{dir}/providers.json", '{ "providers": [] }');
my %uses = (PROVIDERS_FILE => $file, PUBLIC_URL => 'https://pierre.example.org');

is(check()->{status}, 0, 'without an option for providers');
unlike(check(https_proxy => 'http://127.0.0.1:1')->{err}, qr/provider|proxy/, 'nothing is said of them');
is(check(%uses)->{status}, 0, 'with such options');
unlike(check(%uses)->{err}, qr/PROVIDERS_FILE|PUBLIC_URL|OUTBOUND|proxy/, 'nothing either, when all is well');

subtest 'networks that are let through' => sub {
	my $r = says(0, { %uses, OUTBOUND_ALLOW => '127.0.0.0/8 10.1.2.3/32, ::1 8.0.0.0/5 1.1.1.1' }, [
		qr/^pierre: note: OUTBOUND_ALLOW: .* listens in 127\.0\.0\.0\/8 \(loopback\)/m, qr/ 10\.1\.2\.3\/32 \(private\)/,
		qr/ ::1 \(loopback\)/, qr/ 8\.0\.0\.0\/5 \(private\)/, qr/note: OUTBOUND_ALLOW: 1\.1\.1\.1 is public/ ], 'each is told of');
	is(() = $r->{err} =~ /note: OUTBOUND_ALLOW/g, 5, 'once');
	says(0, { %uses, OUTBOUND_ALLOW => '0.0.0.0/0' }, qr/ 0\.0\.0\.0\/0 \(unspecified\)/, 'all of IPv4 too');
	says(1, { %uses, OUTBOUND_ALLOW => '10.0.0.1/8' }, qr/OUTBOUND_ALLOW: '10\.0\.0\.1\/8' is no network/, 'what is no network is a fault');
};

subtest 'trusted authorities' => sub {
	my %of = (missing => [ "$p->{dir}/none.pem", 'No such file' ], directory => [ $p->{dir}, 'there is no certificate in it' ],
		key => [ write_file("$p->{dir}/key.pem", "-----BEGIN PRIVATE KEY-----\nxx\n-----END PRIVATE KEY-----\n"), 'there is no certificate in it' ]);
	says(1, { OUTBOUND_CA_FILE => $of{$_}[0] }, qr/OUTBOUND_CA_FILE: .*\Q$of{$_}[0]\E: (?:$of{$_}[1])/, $_) for sort keys %of;
	copy("$ENV{PIERRE_TEST_TLS}/ca.pem", "$p->{dir}/ca.pem") or die "copy: $!";
	is(check(%uses, OUTBOUND_CA_FILE => "$p->{dir}/ca.pem")->{status}, 0, 'a file of certificates');
	SKIP: {
		skip 'only root has a service of another user', 1 if $> != 0;
		chmod 0640, $file;
		like(as_root(%uses)->{err}, qr/note: PROVIDERS_FILE: not everybody may read \Q$file\E/, 'a file that the service may not read');
		chmod 0644, $file;
	}
};

subtest 'PUBLIC_URL' => sub {
	says(0, { PROVIDERS_FILE => $file }, qr/note: PUBLIC_URL: it is not set.*redirect_uri/, 'missing');
	says(1, { PUBLIC_URL => 'http://pierre.example.org' }, qr/PUBLIC_URL takes one origin, which begins with https/, 'not of https');
	says(1, { PUBLIC_URL => 'https://a.example https://b.example' }, qr/PUBLIC_URL takes one origin/, 'two');
};

subtest 'proxies' => sub {
	says(0, { %uses, $_ => 'http://127.0.0.1:1' }, qr/note: $_: calls to providers go straight/, $_) for qw(https_proxy HTTPS_PROXY all_proxy ALL_PROXY);
};

subtest 'a service without a network' => sub {
	my $unit = write_file("$units/lib/pierre.service", Pierre::slurp("$Pierre::SOURCE/systemd/pierre.service.in"));
	my ($lib, $etc) = map { "$units/$_/pierre.service.d/offline.conf" } qw(lib etc);
	is(check(%uses)->{status}, 0, 'the shipped unit has one');
	write_file($lib, Pierre::slurp("$Pierre::SOURCE/systemd/offline.conf"));
	my $taken = qr/The network is taken away.*remove the drop-in \Q$lib\E /;
	says(1, {%uses}, $taken, 'the shipped drop-in is found') ;
	says(1, { PUBLIC_URL => 'https://pierre.example.org' }, qr/network is taken away/, 'with any option for providers');
	is(check()->{status}, 0, 'without one it is no fault');
	write_file($etc, "[Service]\nPrivateNetwork=no\n");
	is(check(%uses)->{status}, 0, 'a file of that name that comes before it counts');
	unlink $etc;
	my $later = "$units/etc/pierre.service.d/zz.conf";
	my %back = (private => 'PrivateNetwork= off ', families => 'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6',
		addresses => 'IPAddressDeny=');
	for my $left (sort keys %back) {
		write_file($later, join "\n", '[Service]', @back{ grep { $_ ne $left } sort keys %back }, '');
		says(1, {%uses}, $taken, "one that comes behind it by name must give all back: not $left");
	}
	write_file($later, join "\n", '[Service]', values %back, '');
	is(check(%uses)->{status}, 0, 'as this one does');
	unlink $lib, $later;
	my $own = "$units/etc/pierre.service.d/aa.conf";
	for (['PrivateNetwork=true'], ["RestrictAddressFamilies=\nRestrictAddressFamilies=AF_UNIX"],
		['RestrictAddressFamilies=~AF_INET AF_INET6'], ["RestrictAddressFamilies=\nRestrictAddressFamilies=none"],
		['IPAddressDeny=any'], ['IPAddressDeny=0.0.0.0/0'], ["IPAddressDeny=any\nIPAddressAllow=localhost 127.0.0.0/8"]) {
		write_file($own, "[Service]\n$_->[0]\n");
		says(1, {%uses}, qr/remove the drop-in \Q$own\E /, $_->[0] =~ s/\n/, then /r);
	}
	for (['RestrictAddressFamilies=AF_UNIX'], ['RestrictAddressFamilies=~AF_NETLINK'], ['IPAddressDeny=10.0.0.0/8'],
		["IPAddressDeny=any\nIPAddressAllow=192.0.2.0/24"], ["IPAddressDeny=any\nIPAddressDeny="]) {
		write_file($own, "[Service]\n$_->[0]\n");
		is(check(%uses)->{status}, 0, $_->[0] =~ s/\n/, then /r . ' leaves one');
	}
	write_file($own, "[Service]\nPrivateNetwork=true\n");
	write_file($later, "[Service]\nPrivateNetwork=0\n");
	is(check(%uses)->{status}, 0, 'nor does one whose name comes before another');
	unlink $own, $later;
	write_file("$units/etc/pierre.service.d/note.txt", "PrivateNetwork=yes\n");
	is(check(%uses)->{status}, 0, 'nor one that is no drop-in');
	write_file($unit, "[Service]\nPrivateNetwork=1\n");
	says(1, {%uses}, qr/remove the drop-in \Q$unit\E \(in the unit itself the lines PrivateNetwork=/, 'the unit itself');
	unlink $unit;
};

subtest 'no name server' => sub {
	plan skip_all => 'only root has a mount namespace' if $> != 0 || system('unshare -m true 2>/dev/null') != 0;
	my $none = write_file("$p->{dir}/resolv.conf", "# nameserver 192.0.2.1\nsearch example.org\n");
	my $say = sub { return Pierre::capture([ 'unshare', '-m', 'sh', '-c', 'mount --bind "$0" /etc/resolv.conf && exec "$@"', $none,
		"$Pierre::BUILD/pierre", 'config', 'check' ], { $p->{env}->%*, %quiet{SYSTEMD_UNIT_PATH}, @_ }) };
	like($say->(%uses)->{err}, qr{note: /etc/resolv\.conf: it names no name server}, 'is told of');
	unlike($say->()->{err}, qr/resolv/, 'where providers are used');
	write_file($none, "nameserver 192.0.2.1\n");
	unlike($say->(%uses)->{err}, qr/resolv/, 'one is enough');
};

subtest 'a start that the caller could not follow' => sub {
	local $p->{env}{OUTBOUND_CA_FILE} = "$p->{dir}/key.pem";
	local $p->{wait} = 0;
	$p->serve;
	Process::await('the end', sub { !$p->running });
	like($p->log, qr/OUTBOUND_CA_FILE: .*key\.pem: there is no certificate in it/, 'does not begin');
};
$p->stop;
done_testing;
