#!/usr/bin/perl
# Who may see whom, strictly downwards (src/README.md, "What is where"): what a file
# includes, and what it sees through that. A system library has one layer, or
# one file, that may know it.
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
	outbound => 'base',
	provider => 'base http model',
	store    => 'base db model',
	op       => 'base auth shm model store provider',
	resource => 'base http model op provider',
	worker   => 'base db auth shm http model store provider op resource outbound',
	master   => 'base shm worker',
	cmd      => 'base db auth shm http model store provider op resource outbound worker master',
);
# Of a layer that may, the only files that do.
my %only = (
	'sqlite3.h'         => qr{^(?:src|include)/db/driver_sqlite\w*\.[ch]$},
	'libpq-fe.h'        => qr{^(?:src|include)/db/driver_pgsql\w*\.[ch]$},
	'fcgiapp.h'         => qr{^src/http/fcgi(?:_wipe)?\.c$},
	'idn2.h'            => qr{^src/store/email\.c$},
	(map { $_ => qr{^src/(?:base/text|store/email)\.c$} } qw(unicase.h uninorm.h unistr.h unictype.h)),
	'json-c'            => qr{^src/http/json_(?:canon|read)\.c$},
	'curl/'             => qr{^(?:src/outbound/\w+\.c|include/outbound/outbound_private\.h)$},
	'gcrypt.h'          => qr{^src/auth/(?:auth|gcm)\.c$},
	'crypt.h'           => qr{^src/auth/password\.c$},
	'systemd/sd-daemon' => qr{^src/master/\w+\.c$},
	'sys/mman.h'        => qr{^src/(shm/\w+|base/arena|outbound/outbound)\.c$},   # the last: memfd_create
	'db/'               => qr{^(?:src|include)/(?:(?:db|store)/\w+|worker/(?:child|request|recorder|scheduler)|cmd/(?:about|config|context|db|serve))\.[ch]$},
	(map { $_ => qr{^(?:src|include)/(?:db|store)/\w+\.[ch]$} } qw(db/args.h db/query.h db/value.h)),   # who runs statements
);
# What a layer may see through another, though not include: why.
my %through = (
	'master auth/master.h' => 'a member of struct child',
	'master auth/subkey.h' => 'what that holds',
	'master auth/auth.h'   => 'its size',
);

my @files = grep { m{^(src|include)/.*\.[ch]$} } split /\n/, `git ls-files 2>/dev/null || true`;
@files = split /\n/, `find src include -name '*.[ch]'` unless @files;
ok(@files > 30, 'there are files to look at');

# file => [ [line, what it includes] ]
my %includes;
for my $file (@files) {
	open my $f, '<', $file or die "$file: $!";
	while (<$f>) { push @{$includes{$file}}, [ $., $1 ] if /^\s*#\s*include\s*[<"]([^>"]+)[>"]/ }
	close $f;
}
# made by the build
$includes{'include/store/sql.h'} = [ map { [ 0, $_ ] } `cat sql/emit.awk` =~ /#include \\"(\w+\/\w+\.h)\\"/g ];

sub layer { return $_[0] =~ m{^(?:(?:src|include)/)?(\w+)/} && exists $may{$1} ? $1 : undef }
sub allowed {
	my ($file, $header) = @_;
	my ($of, $to) = (layer($file), layer($header));
	return !defined $of || !defined $to || $of eq $to || " $may{$of} " =~ / $to /;
}
sub only { my ($file, $header) = @_; return grep { index($header, $_) == 0 && $file !~ $only{$_} } sort keys %only }

# What is wrong with a file: what it includes, and then each header that it sees
# through those, with the way to it.
sub faults {
	my ($file) = @_;
	my (@bad, %seen);
	my @next = map { [ $_->[1], "$_->[0]: $_->[1]" ] } @{$includes{$file} // []};
	for my $direct (@next) {
		my ($header, $way) = @$direct;
		push @bad, "$way: not of this layer" if !allowed($file, $header);
		push @bad, "$way: private to its layer" if $header =~ m{_private\.h$} && (layer($header) // '') ne (layer($file) // '');
	}
	while (my $step = shift @next) {
		my ($header, $way) = @$step;
		next if $seen{$header}++;
		push @bad, "$way: not for this file" if only($file, $header) && ($header =~ m{^db/} || $way !~ / -> /);
		my $of = layer($file) // '';
		push @bad, "$way: not to be seen by this layer"
			if $way =~ / -> / && !allowed($file, $header) && !$through{"$of $header"};
		push @next, map { [ $_->[1], "$way -> $_->[1]" ] } @{$includes{"include/$header"} // []};
	}
	return @bad;
}
my $good = 0;
for my $file (sort @files) {
	my @bad = faults($file);
	is(join("\n", @bad), '', $file) if @bad;
	$good++ unless @bad;
}
is($good, scalar @files, 'each file sees what is below it');

# The lint finds what it is there for: made up, since the tree has none.
$includes{'src/resource/x.c'} = [ [ 1, 'op/x.h' ] ];
$includes{'include/op/x.h'} = [ [ 1, 'store/x.h' ] ];
$includes{'include/store/x.h'} = [ [ 1, 'db/value.h' ] ];
is_deeply([ faults('src/resource/x.c') ], [
	'1: op/x.h -> store/x.h: not to be seen by this layer',
	'1: op/x.h -> store/x.h -> db/value.h: not for this file',
	'1: op/x.h -> store/x.h -> db/value.h: not to be seen by this layer',
], 'a chain to db/ is found');

for my $dir (grep { -d } glob 'src/* include/*') {
	my ($layer) = $dir =~ m{/(\w+)$};
	ok(exists $may{$layer}, "$dir is a layer");
}
done_testing;
