# What `make install` puts where, that nginx and systemd take it, and that the
# README's way of installing is the one.
use strict;
use warnings;
use File::Find;
use File::Temp;
use Test::More;
use lib "$ENV{PIERRE_SOURCE}/tests/support";
use Pierre;

my $tmp = File::Temp->newdir('pi.XXXXXX', DIR => Pierre::short_tmp());
my $dest = "$tmp/dest";
my $build = $Pierre::BUILD;
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR)};

sub slurp { my ($f) = @_; open my $h, '<', $f or die "$f: $!"; local $/; return readline $h }
sub make { my $r = Pierre::capture([ 'make', '-s', '-C', $build, @_ ], {}); return $r }
sub dir {
	my ($name) = @_;
	my $r = Pierre::capture([ 'make', '-s', '-C', $build, '-f', '-', 'show' ], {},
		stdin => "include Makefile\nshow:\n\t\@echo \$($name)\n");
	chomp $r->{out};
	return $r->{out};
}
sub installed {
	my @found;
	find({ no_chdir => 1, wanted => sub { push @found, substr $_, length $dest if -f } }, $dest);
	return [ sort @found ];
}

my %at = map { $_ => dir($_) } qw(sbindir sysconfdir nginxconfdir systemdsystemunitdir man1dir
	sysusersdir tmpfilesdir examplesdir pkgdatadir);
my $r = make('install', "DESTDIR=$dest");
is $r->{status}, 0, 'make install' or diag $r->{out}, $r->{err};
my @expected = sort "$at{sbindir}/pierre", "$at{man1dir}/pierre.1",
	"$at{sysconfdir}/pierre/pierre.conf", "$at{nginxconfdir}/sites-available/pierre.conf",
	"$at{nginxconfdir}/sites-available/pierre-protect.conf",
	(map { "$at{nginxconfdir}/snippets/pierre-$_.conf" }
		qw(auth auth-grpc auth-http auth-locations auth-scgi auth-uwsgi cors headers http locations params plain proxy proxy-ask proxy-pass tls)),
	(map { "$at{systemdsystemunitdir}/$_" } qw(pierre.service pierre-fast.socket pierre-slow.socket)),
	"$at{sysusersdir}/pierre.conf", "$at{tmpfilesdir}/pierre.conf",
	"$at{examplesdir}/offline.conf", "$at{examplesdir}/pierre.conf", "$at{pkgdatadir}/providers.json";
is_deeply installed(), \@expected, 'these files and no others';

my @unfilled = grep { !/\.1$|pierre$/ && slurp("$dest$_") =~ /\@\w+\@|\Q$tmp\E|\Q$build\E\// } @expected;
is "@unfilled", '', 'no file has a name left to fill in, or a path of the build';
like slurp("$dest$at{man1dir}/pierre.1"), qr/^\.TH .*\\fBDATABASE_URL\\fR/ms, 'man page has the options';
is sprintf('%04o', (stat "$dest$at{sysconfdir}/pierre/pierre.conf")[2] & 07777), '0640',
	'the configuration is not for everybody';

subtest 'the example configuration is accepted' => sub {
	my $r = Pierre::capture([ "$dest$at{sbindir}/pierre", '--config',
		"$dest$at{sysconfdir}/pierre/pierre.conf", 'config', 'dump' ], {});
	is $r->{status}, 0, 'pierre config dump' or diag $r->{out}, $r->{err};
};

# both: in the order that nginx reads them, and as the comment of the first says
for my $name (qw(pierre pierre-protect both)) {
	subtest "nginx takes the site $name" => sub {
		my $dir = "$tmp/$name";
		system('cp', '-R', "$dest$at{nginxconfdir}", $dir) == 0 or die;
		system("$Pierre::SOURCE/tests/support/tls", "$tmp/tls") == 0 or die;
		my ($first, @rest) = map { slurp($_) } sort glob "$dir/sites-available/" . ($name eq 'both' ? 'pierre*' : $name) . '.conf';
		my $site = join "\n", $first, map { s/^include snippets.*\n//mr } @rest;
		my %port = (80 => Pierre::free_port(), 443 => Pierre::free_port());
		$site =~ s/listen (80|443)\b/listen 127.0.0.1:$port{$1}/g;
		$site =~ s/^\s*listen \[::\].*\n//mg;
		$site =~ s{/var/log/nginx}{$tmp}g;
		$site =~ s{\Q$at{sysconfdir}\E/pierre/|/etc/ssl/\w+/}{$tmp/tls/}g;
		$site =~ s{tls/api\.example\.org}{tls/server}g;
		open my $f, '>', "$dir/nginx.conf" or die;
		print $f "pid $tmp/pid; events {} http { ",
			(map { "${_}_temp_path $tmp/t-$_; " } qw(client_body fastcgi proxy uwsgi scgi)),
			"access_log off;\n$site }\n";
		close $f;
		my $r = Pierre::capture([ 'nginx', '-t', '-q', '-e', "$tmp/err", '-p', $dir, '-c', "$dir/nginx.conf" ],
			{ PATH => "$ENV{PATH}:/usr/sbin" });
		is $r->{status}, 0, 'nginx -t';
		is $r->{out} . $r->{err}, '', 'without a warning';
	};
}

subtest 'systemd takes the units' => sub {
	plan skip_all => 'systemd-analyze is not installed'
		if Pierre::capture([ 'systemd-analyze', '--version' ], {})->{status};
	my $units = "$tmp/units";
	system('cp', '-R', "$dest$at{systemdsystemunitdir}", $units) == 0 or die;
	my $service = slurp("$units/pierre.service");
	like $service, qr/^ExecStart=\Q$at{sbindir}\E\/pierre /m, 'starts the installed program';
	$service =~ s/^ExecStart=\Q$at{sbindir}\E/ExecStart=$dest$at{sbindir}/m;
	open my $f, '>', "$units/pierre.service" or die;
	print $f $service;
	close $f;
	my $r = Pierre::capture([ 'systemd-analyze', 'verify', '--man=no', glob "$units/pierre*" ], {});
	is $r->{out} . $r->{err}, '', 'verify has nothing to say';
	is $r->{status}, 0, 'verify succeeds';
	for my $pool (qw(fast slow)) {
		my $socket = slurp("$units/pierre-$pool.socket");
		like $socket, qr/^FileDescriptorName=$pool$/m, "$pool socket says its name";
		my ($path) = $socket =~ m{^ListenStream=(/.*/$pool\.sock)$}m;
		like slurp("$dest$at{nginxconfdir}/snippets/pierre-http.conf"),
			qr/^upstream pierre_$pool \{\s+server unix:\Q$path\E;/m, 'where nginx looks for it';
	}
	my @security = ('systemd-analyze', 'security', '--offline=true', '--no-pager');
	$r = Pierre::capture([ @security, '--threshold=12', "$units/pierre.service" ], {});
	is $r->{status}, 0, 'exposure is 1.2 or less' or diag $r->{out};
	(my $closed = $service) .= slurp("$dest$at{examplesdir}/offline.conf");
	mkdir "$tmp/closed";
	open $f, '>', "$tmp/closed/pierre.service" or die;
	print $f $closed;
	close $f;
	$r = Pierre::capture([ @security, '--threshold=3', "$tmp/closed/pierre.service" ], {});
	is $r->{status}, 0, 'with offline.conf 0.3 or less' or diag $r->{out};
};

subtest 'what the unit must say' => sub {
	my $service = slurp("$dest$at{systemdsystemunitdir}/pierre.service");
	like $service, $_->[0], $_->[1] for (
		[ qr/^StartLimitIntervalSec=0$/m, 'a database that is away does not end it for good' ],
		[ qr/^AssertPathExists=\Q$at{sysconfdir}\E\/pierre\/encryption\.key$/m, 'a missing key is named with its path' ],
		[ qr/^SystemCallFilter=setpriority$/m, 'slow workers may give way' ],
		[ qr/^Before=nginx\.service$/m, 'nginx stops first' ],
		[ qr/^After=.*\btime-sync\.target\b/m, 'after the clock was set' ],
		[ qr/^StateDirectory=pierre pierre\/spool\nStateDirectoryMode=0700$/m, 'the spool of tokens is its own' ],
		[ qr/^SocketBindDeny=any$/m, 'the network is for calls, and not for being called' ],
		[ qr/^RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6$/m, 'which the caller needs' ],
	);
	unlike $service, qr/time-wait-sync|^Wants=/m, 'without waiting for the clock, which can hang a boot';
	like slurp("$dest$at{tmpfilesdir}/pierre.conf"), qr/^d \Q$_\E 0700 pierre pierre -$/m, "$_ is there before the first start"
		for qw(/var/lib/pierre /var/lib/pierre/spool);
};

subtest 'what was edited stays' => sub {
	my %edited = ("$at{sysconfdir}/pierre/pierre.conf" => "WORKERS=3\n",
		map { ("$at{nginxconfdir}/$_.conf" => "# of this host\n") } qw(sites-available/pierre sites-available/pierre-protect
			snippets/pierre-cors));
	for my $file (keys %edited) {
		open my $f, '>>', "$dest$file" or die;
		print $f $edited{$file};
	}
	my $r = make('install', "DESTDIR=$dest");
	like slurp("$dest$_"), qr/^\Q$edited{$_}\E\z/m, "$_ after installing again" for sort keys %edited;
	like $r->{out}, qr/^kept \Q$dest$at{nginxconfdir}\E\/sites-available\/pierre\.conf, which differs/m, 'which is said';
	is make('uninstall', "DESTDIR=$dest")->{status}, 0, 'make uninstall';
	is_deeply installed(), [ sort keys %edited ], 'leaves what was edited only';
	unlink map { "$dest$_" } keys %edited;
	make('install', "DESTDIR=$dest");
	make('uninstall', "DESTDIR=$dest");
	is_deeply installed(), [], 'and nothing when nothing was edited';
};

subtest 'installed under umask 077' => sub {
	my $r = Pierre::capture([ 'sh', '-c', "umask 077; make -s -C '$build' install DESTDIR='$tmp/private'" ], {});
	is sprintf('%04o', (stat "$tmp/private$at{sysconfdir}/pierre")[2] & 07777), '0755',
		'the service reaches its configuration' or diag $r->{err};
};

# A tree of our own, since `bootstrap build` configures ./build beside itself.
my $tree = "$tmp/tree";
mkdir $tree;
system("cd '$Pierre::SOURCE' && tar cf - --exclude='./build' --exclude='./build-[!a]*' --exclude=./var --exclude=./.git . | tar xf - -C '$tree'") == 0
	or die 'cannot copy the source';
my $readme = slurp("$Pierre::SOURCE/README.md");
sub block { my ($name) = @_; return $readme =~ /<!-- $name -->\n```\w+\n(.*?)```\n<!-- \/$name -->/s ? split /\n/, $1 : () }
my %built = (CFLAGS => '-O0 -w', DESTDIR => "$tmp/root");
sub shell {
	my ($line, %env) = @_;
	return Pierre::capture([ 'sh', '-c', $line ], { %built, %env }, dir => $tree);
}

subtest 'the README: building' => sub {
	my @lines = grep { !/postgresql/ || Pierre::built()->{postgresql} } (block('install'))[0, 1];
	is @lines, 2, 'the lines are there' or return;
	for my $line (@lines) {
		my $r = shell($line);
		is $r->{status}, 0, $line or return diag $r->{out}, $r->{err};
	}
	ok -x "$tmp/root/usr/sbin/pierre" && -s "$tmp/root/etc/nginx/sites-available/pierre.conf",
		'--prefix and --sysconfdir were heard';
	like shell('build/pierre version')->{out}, qr/sqlite.*postgresql/si, 'both backends are in';
	my $r = shell($lines[0]);
	is $r->{out}, "Built $tree/build/pierre\n", 'once more: nothing to configure';
	# make -n, to spare the time
	like shell("$lines[0] --enable-werror", MAKEFLAGS => 'n')->{out}, qr/^Configuring/m,
		'with another option: configured again';
	like slurp("$tree/build/Makefile"), qr/^PIERRE_CFLAGS = .*-Werror/m, 'with that option';
	for my $bad (qw(--with-oracle=yes --nonsense NONSENSE=1 word)) {
		$r = shell("./bootstrap build $bad");
		is $r->{status}, 1, "build $bad: refused";
		like $r->{err}, qr/^bootstrap: .*$/m, 'with a sentence';
	}
	$r = shell('./bootstrap build', BACKEND => 'postgresql', BUILD_DIR => "$tmp/none",
		PKG_CONFIG_LIBDIR => '/nonexistent');
	like $r->{err}, qr/libpq >= \d+ was not found: install libpq-dev$/m, 'a missing library names its package';
};

subtest 'bootstrap clean' => sub {
	my $state = "$tree/var";
	my $moved = '/var/tmp/pierre-' . (split ' ', shell("printf %s '$state' | cksum")->{out})[0];
	mkdir $_ or die "$_: $!" for $state, $moved;
	my $r = shell('./bootstrap clean');
	rmdir $moved;
	is $r->{out}, "Data in $state was left.\nData in $moved was left.\n", 'names all data';
	ok !-e "$tree/build" && !-e "$tree/configure", 'and removes what was built';
};

# Who is there on any Debian before Pierre is.
sub users_of_debian {
	my ($root) = @_;
	for ([ passwd => 'www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin' ], [ group => "adm:x:4:\nwww-data:x:33:" ]) {
		open my $f, '>>', "$root/etc/$_->[0]" or die "$_->[0]: $!";
		print $f "$_->[1]\n";
		close $f;
	}
}

subtest 'the README: what follows' => sub {
	plan skip_all => 'only root makes users' if $> != 0;
	plan skip_all => 'systemd-sysusers is not installed'
		if Pierre::capture([ 'systemd-sysusers', '--version' ], {})->{status};
	my $root = "$tmp/root";
	-d "$root/usr" or plan skip_all => 'nothing was installed';
	my @lines = map { s/ +#.*//r } (block('install'))[2 .. 5], block('start');
	is @lines, 10, 'the lines are there';
	mkdir "$root/etc/nginx/sites-enabled";
	my $conf = slurp("$root/etc/pierre/pierre.conf") =~ s{sqlite:/var}{sqlite:$root/var}r;
	open my $f, '>', "$root/etc/pierre/pierre.conf" or die;
	print $f $conf;
	close $f;
	users_of_debian($root);
	for my $line (@lines) {
		# in place of the service, which makes the tables when it starts
		$line = 'pierre --config /etc/pierre/pierre.conf db migrate' if $line =~ /^systemctl enable --now .*pierre\.service$/;
		next if $line =~ /^(?:systemctl|nginx) /;
		$line =~ s{^(systemd-(?:sysusers|tmpfiles))}{$1 --root=$root};
		$line =~ s{(?<=[ =>])/etc/}{$root/etc/}g;
		$line =~ s{\bpierre (?=--config)}{$root/usr/sbin/pierre };
		$line =~ s{^runuser -u pierre -- (.*)}{echo '$Pierre::PASSWORD' | $1 --password-file -};
		# nothing but $root may change
		die $line if $line =~ m{(?<!\Q$root\E)/etc/} || $line =~ /^systemd-(?!\w+ --root)/;
		# the user of the data exists below $root only
		my @url = $line =~ /config check/ ? () : (DATABASE_URL => "sqlite:$tmp/pierre.db");
		my $r = shell($line, PATH => "$ENV{PATH}:/usr/sbin", @url,
			map { uc . '_SOCKET' => "$root/run/pierre/$_.sock" } qw(fast slow));
		is $r->{status}, 0, $line or diag $r->{out}, $r->{err};
	}
	my ($uid) = slurp("$root/etc/passwd") =~ /^pierre:[^:]*:(\d+):/m;
	is +(stat "$root/run/pierre")[4], $uid, 'the sockets are in its directory';
	is sprintf('%04o', (stat "$root/etc/pierre/encryption.key")[2] & 07777), '0600', 'the key is for root only';
	for my $name (qw(pierre pierre-protect)) {
		for my $log (slurp("$root/etc/nginx/sites-available/$name.conf") =~ m{^\s*(?:access|error)_log (/\S+)}mg) {
			my @stat = stat "$root$log";
			is join(' ', sprintf('%04o', ($stat[2] // 0) & 07777), @stat[4, 5]), '0640 33 4',
				"$name: nginx finds $log, which is not for everybody";
		}
	}
	my $site = slurp("$root/etc/nginx/sites-enabled/pierre.conf");
	for my $file ($readme =~ m{`(/etc/pierre/server\.\w+)`}g) {
		like $site, qr/^\s*ssl_certificate\w* \Q$file\E;$/m, "the site reads $file";
	}
};

done_testing;
