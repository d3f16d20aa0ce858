#!/usr/bin/perl
# Who may include whom, strictly downwards (README, "The house"). A system
# library has one layer, or one file, that may know it.
use strict;
use warnings;
use Test::More;
use FindBin;
chdir "$FindBin::Bin/../.." or die;

my %may = (
	base     => '',
	db       => 'base',
	auth     => 'base',
	shm      => 'base',
	http     => 'base',
	model    => 'base',
	store    => 'base db model',
	op       => 'base auth shm model store',
	resource => 'base http model op',
	worker   => 'base db auth shm http model store op resource',
	master   => 'base shm worker',
	cmd      => 'base db auth shm http model store op resource worker master',
);
my %only = (    # header => the only file that may include it
	'sqlite3.h'         => qr{^(?:src|include)/db/driver_sqlite\w*\.[ch]$},
	'libpq-fe.h'        => qr{^(?:src|include)/db/driver_pgsql\w*\.[ch]$},
	'fcgiapp.h'         => qr{^src/http/fcgi(?:_wipe)?\.c$},
	'idn2.h'            => qr{^src/store/email\.c$},
	(map { $_ => qr{^src/(?:base/text|store/email)\.c$} } qw(unicase.h uninorm.h unistr.h unictype.h)),
	'json-c'            => qr{^src/http/json_read\.c$},
	'gcrypt.h'          => qr{^src/auth/auth\.c$},
	'crypt.h'           => qr{^src/auth/password\.c$},
	'systemd/sd-daemon' => qr{^src/master/\w+\.c$},
	'sys/mman.h'        => qr{^src/(shm/\w+|base/arena)\.c$},
);

my @files = grep { m{^(src|include)/.*\.[ch]$} } split /\n/, `git ls-files 2>/dev/null || true`;
@files = split /\n/, `find src include -name '*.[ch]'` unless @files;
ok(@files > 30, 'there are files to look at');
my $main = 0;
for my $file (sort @files) {
	my ($layer) = $file =~ m{^(?:src|include)/(\w+)/};
	my @bad;
	open my $f, '<', $file or die "$file: $!";
	while (<$f>) {
		next unless /^\s*#\s*include\s*[<"]([^>"]+)[>"]/;
		my $inc = $1;
		for my $lib (keys %only) {
			push @bad, "$.: $inc" if index($inc, $lib) == 0 && $file !~ $only{$lib};
		}
		next if $inc !~ m{^(\w+)/} || !exists $may{$1} || !defined $layer;
		my $of = $1;
		push @bad, "$.: $layer may not include $of" if $of ne $layer && " $may{$layer} " !~ / $of /;
		push @bad, "$.: private to its layer" if $inc =~ /_private\.h$/ && $of ne $layer;
	}
	close $f;
	is("@bad", '', $file) if @bad;
	$main++ unless @bad;
}
is($main, scalar @files, 'every include line points downwards');
for my $dir (grep { -d } glob 'src/* include/*') {
	my ($layer) = $dir =~ m{/(\w+)$};
	ok(exists $may{$layer}, "$dir is a layer");
}
done_testing;
