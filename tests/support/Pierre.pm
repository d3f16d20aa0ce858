package Pierre;
# The real thing, once a test: the built pierre behind nginx with TLS, in a
# directory of its own that goes away at the end, on each backend.
#
#   for my $backend (Pierre::backends()) {
#       my $p = Pierre->start(backend => $backend, env => { AUTO_APPROVE_USERS => 'true' });
#       my $r = $p->post('/api/auth/login', { email => ..., password => ... });
#       is $r->{status}, 200;       # also {json} {headers}{'x-request-id'} {body} {text}
#       $p->stop;
#   }
#
# Run it through tests/run, which brings the PostgreSQL cluster
# (PIERRE_TEST_PG_ADMIN, PIERRE_TEST_PG) and the certificate (PIERRE_TEST_TLS).
# As root, everything started here runs as www-data.
use strict;
use warnings;
use Carp qw(croak);
use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Copy qw(copy);
use File::Path qw(remove_tree);
use File::Temp ();
use IO::Socket::IP;
use POSIX qw(WNOHANG);
use Time::HiRes qw(sleep time);
use MIME::Base64 qw(encode_base64);

our $SOURCE;
BEGIN { $SOURCE = abs_path(dirname(abs_path(__FILE__)) . '/../..') }
use lib "$SOURCE/tests/support";
use Pierre::Client;
use Pierre::Psql;

our $BUILD = abs_path($ENV{PIERRE_BUILD} // "$SOURCE/build") // '';
our $USER = 'www-data';
our $PROCESS = $$;   # of the test, not of what it forks
my %live;
my (%programs, $programs_dir, %next_port);

END {
	my $status = $?;
	$_->stop for grep { defined } values %live;
	$? = $status;
}
$SIG{INT} = $SIG{TERM} = $SIG{HUP} = sub { exit 1 };

# --- what was built ---------------------------------------------------------

sub built {
	my %has;
	open my $f, '<', "$BUILD/config.h" or croak "no build in '$BUILD': set PIERRE_BUILD";
	while (my $line = <$f>) {
		$has{sqlite} = 1 if $line =~ /^#define HAVE_SQLITE 1/;
		$has{postgresql} = 1 if $line =~ /^#define HAVE_PGSQL 1/;
		$has{systemd} = 1 if $line =~ /^#define HAVE_SYSTEMD 1/;
	}
	return \%has;
}

# Backends to test: those built, less what PIERRE_TEST_BACKENDS leaves out.
sub backends {
	my $has = built();
	my %want = map { $_ => 1 } split ' ', $ENV{PIERRE_TEST_BACKENDS} // 'sqlite postgresql';
	my @all = grep { $has->{$_} && $want{$_} } qw(sqlite postgresql);
	if (!$ENV{PIERRE_TEST_PG_ADMIN} && grep { $_ eq 'postgresql' } @all) {
		print STDERR "# no cluster: the PostgreSQL half is left out (use tests/run)\n";
		@all = grep { $_ ne 'postgresql' } @all;
	}
	return @all;
}

# Paths of the routes of the fast pool, as the site sends them there.
sub fast_routes {
	my $r = capture([ "$BUILD/pierre", qw(nginx print) ], {});
	my @found = $r->{out} =~ /^location (?:=|~) (\S+) \{[^}]*fastcgi_pass pierre_fast;/mg;
	@found or die "no fast routes: $r->{out}$r->{err}";
	return map { s{\[\^/\]\+}{00000000-0000-4000-8000-000000000000}gr =~ s/^\^|\$$//gr } @found;
}

# --- life -------------------------------------------------------------------

# backend  "sqlite" (default) or "postgresql"
# env      options of pierre, over the ones below; undef takes one away
# url      DATABASE_URL, instead of a fresh database
# empty    1: a database without tables, on PostgreSQL too
# program  path in the build directory, instead of pierre
# installed  path of another program
# serve    0: make everything ready, start nothing
# nginx    0: no nginx (direct FastCGI on $p->{fast_socket})
# login_rate  of the shipped nginx site; default practically none
# wait     0: return before it answers
# nginx_errors  1: nginx logs as it does by itself, at level error
# nginx_level   its level of another name
# site     text of one more server block of nginx, listening on @SITE_PORT@ (plain
#          HTTP, client in {site}); @DIR@ is the test's directory
# judge    code that is given what was sent and each reply of the site; by default the
#          test fails when the OpenAPI document does not know it
# edit     snippet => code that changes its text in $_, as an operator would
sub start {
	my ($class, %o) = @_;
	my $self = bless { nginx => 1, serve => 1, wait => 1, login_rate => '1000r/s',
		backend => 'sqlite', pids => {}, owner => $$, judge => \&judge, %o }, $class;
	$self->{site_text} = delete $self->{site};
	$self->{dir} = File::Temp::tempdir('pt.XXXXXX', DIR => short_tmp());
	$live{ $self->{dir} } = $self;
	chmod 0755, $self->{dir};
	$self->give("$self->{dir}/$_", 1) for qw(run state nginx);
	$self->{fast_socket} = "$self->{dir}/run/fast.sock";
	$self->{slow_socket} = "$self->{dir}/run/slow.sock";
	$self->{log_file} = "$self->{dir}/pierre.log";
	$self->{url} //= $self->new_database;
	$self->{env} = $self->environment($o{env} // {});
	$self->start_nginx if $self->{nginx};
	$self->serve if $self->{serve};
	return $self;
}

sub judge { require Pierre::Document; return Pierre::Document::judge(@_) }

sub short_tmp { my $d = $ENV{TMPDIR} // '/tmp'; return length $d < 40 ? $d : '/tmp' }

# Hand a path (made as a directory when $dir) to the user who runs things.
sub give {
	my ($self, $path, $dir) = @_;
	mkdir $path if $dir;
	return if $> != 0;
	my (undef, undef, $uid, $gid) = getpwnam $USER or die "no user $USER\n";
	chown $uid, $gid, $path or die "chown $path: $!\n";
}

sub environment {
	my ($self, $over) = @_;
	my %env = (
		PATH => $ENV{PATH}, HOME => $self->{dir}, LC_ALL => 'C.UTF-8',
		DATABASE_URL => $self->{url},
		ENCRYPTION_KEY => encode_base64(join('', map { chr int rand 256 } 1 .. 32), ''),
		FAST_SOCKET => $self->{fast_socket}, SLOW_SOCKET => $self->{slow_socket},
		RUNTIME_DIR => "$self->{dir}/run/room", SPOOL_DIR => "$self->{dir}/state/spool",
		# a busy test machine is not what the fast pool's short wait is for
		FAST_DATABASE_TIMEOUT_MS => 10000,
		BCRYPT_COST => 5, WORKERS => 2, SLOW_WORKERS => 2,
		(map { $_ => $ENV{$_} } grep { /^(?:(?:ASAN|UBSAN|LSAN)_OPTIONS|PIERRE_COVERAGE)$/ } keys %ENV),
		%$over,
	);
	delete $env{$_} for grep { !defined $env{$_} } keys %env;
	return \%env;
}

sub new_database {
	my ($self) = @_;
	return "sqlite:$self->{dir}/state/pierre.db" if $self->{backend} eq 'sqlite';
	$self->{database} = sprintf 'pt_%d_%d', $$, ++$Pierre::databases;
	create_database($self->{database}, $self->{empty});
	return database_url($ENV{PIERRE_TEST_PG}, $self->{database});
}

# With all tables, as tests/run made them once, or without any. Files are copied: that takes a
# quarter of the time of a copy by the log.
sub create_database {
	my ($name, $empty) = @_;
	my $template = $empty ? 'template1' : $ENV{PIERRE_TEST_PG_TEMPLATE} // 'template1';
	$ENV{PIERRE_TEST_PG_COPY} //= psql('SHOW server_version_num') >= 150000 ? 'STRATEGY file_copy' : '';   # before, the only one
	psql("CREATE DATABASE $name OWNER pierre TEMPLATE $template $ENV{PIERRE_TEST_PG_COPY}");
}

sub psql {
	my ($sql, $url) = @_;
	my $out = capture([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d',
		$url // $ENV{PIERRE_TEST_PG_ADMIN}, '-c', "SET client_min_messages = error", '-c', $sql ], {});
	die "psql: $out->{err}" if $out->{status};
	return $out->{out};
}

sub database_url {
	my ($url, $name) = @_;
	$url =~ s{^(\w+://[^/?]*)(?:/[^?]*)?}{$1/$name};
	return $url;
}

# By the psql that goes on; of several statements, psql makes one transaction only when they are
# an argument, and a backslash may be a command to it. What only reads may be run again.
sub ask_psql {
	my ($sql, $url) = @_;
	return psql($sql, $url) if $sql =~ /[;\\]/;
	my $reads = $sql =~ /^\s*SELECT\b/i;
	Pierre::Psql::lives($url) if !$reads;   # or it is ended here, and started again
	return Pierre::Psql::ask($url, $sql) // ($reads ? psql($sql, $url) : die "psql ended: who knows whether it ran: $sql\n");
}

# One value or more from the database, as text (a line a row, | between).
sub sql {
	my ($self, $sql) = @_;
	return trim(ask_psql($sql, $self->{url})) if $self->{backend} eq 'postgresql';
	my ($file) = $self->{url} =~ /^sqlite:(.*)/;
	my $out = capture([ 'sqlite3', '-batch', '-init', '/dev/null', $file, '.timeout 60000', $sql ],
		{}, user => 1);
	die "sqlite3: $out->{err}" if $out->{status};
	return trim($out->{out});
}
sub trim { my ($s) = @_; $s =~ s/\s+\z//; return $s }

# --- processes --------------------------------------------------------------

# Command line that runs @_ as the right user and dies with us.
sub as_user {
	my @run = ('setpriv', '--pdeathsig', 'TERM');
	push @run, "--reuid=$USER", "--regid=$USER", '--clear-groups' if $> == 0;
	return (@run, '--', @_);
}

# A program of the build, or a copy where the user can reach it: one for each
# run of tests/run, since a program that runs cannot be written over.
sub program {
	my ($name) = @_;
	my $built = "$BUILD/$name";
	return $programs{$name} if $programs{$name} && -x $programs{$name};
	-x $built or croak "no program $built: run make";
	return $programs{$name} = $built if $> != 0 || system(as_user('test', '-x', $built)) == 0;
	my $copy = programs_dir() . '/' . basename($name);
	return $programs{$name} = $copy if -x $copy;
	copy($built, "$copy.$$") && chmod(0755, "$copy.$$") && rename("$copy.$$", $copy)
		or die "copy $built to $copy: $!\n";
	return $programs{$name} = $copy;
}

sub programs_dir {
	return $ENV{PIERRE_TEST_PROGRAMS} if $ENV{PIERRE_TEST_PROGRAMS};
	$programs_dir //= File::Temp->newdir('pp.XXXXXX', DIR => short_tmp());
	chmod 0755, "$programs_dir";
	return "$programs_dir";
}

sub binary { my ($self) = @_; return $self->{installed} // program($self->{program} // 'pierre') }

sub spawn {
	my ($self, $name, $command, $env, $log) = @_;
	my $pid = fork // die "fork: $!\n";
	if (!$pid) {
		%ENV = %$env;
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', $log or POSIX::_exit(126);
		open STDERR, '>&', \*STDOUT or POSIX::_exit(126);
		chdir $self->{dir};
		{ no warnings 'exec'; exec { $command->[0] } @$command; }
		POSIX::_exit(127);
	}
	$self->{pids}{$pid} = $name;
	return $pid;
}

# Start (again) the service; waits until it is ready.
sub serve {
	my ($self, @args) = @_;
	$self->{pid} = $self->spawn('pierre', [ as_user($self->binary, 'serve', @args) ],
		$self->{env}, $self->{log_file});
	$self->wait_ready if $self->{wait};
	return $self->{pid};
}

sub wait_ready {
	my ($self) = @_;
	my $end = time + 60;
	while (time < $end) {
		$self->running or die "pierre ended at start (status $self->{status}):\n" . $self->log;
		if (!$self->{nginx}) {
			return if listens($self->{fast_socket}) && listens($self->{slow_socket});
		} elsif (-S $self->{fast_socket}) {
			my $r = eval { $self->get('/health/ready') };
			return if $r && $r->{status} == 200;
		}
		sleep 0.02;
	}
	die "not ready within 60 s:\n" . $self->log . $self->nginx_log;
}

# The file of a socket is there a moment before anybody listens on it.
sub listens {
	my ($path) = @_;
	# Num RefCount Protocol Flags Type St Inode Path; flag 10000 = accepts
	return slurp('/proc/net/unix') =~ m{^\S+ \S+ \S+ [0-9A-F]{3}1\S* .* \Q$path\E$}m;
}

# Has the master not ended? Fills {status} (as $?) when it has.
sub running {
	my ($self) = @_;
	my $pid = $self->{pid} or return 0;
	return 1 unless waitpid($pid, WNOHANG) == $pid;
	$self->{status} = $?;
	delete $self->{pids}{$pid};
	$self->{pid} = 0;
	return 0;
}

sub signal { my ($self, $name) = @_; return $self->{pid} && kill $name, $self->{pid} }

# TERM, wait; returns the exit status as in $?, or undef when it had to be killed.
sub stop_serve {
	my ($self, $signal, $seconds) = @_;
	return $self->{status} unless $self->{pid};
	$self->signal($signal // 'TERM');
	my $end = time + ($seconds // 30);
	sleep 0.01 while $self->running && time < $end;
	return $self->{status} unless $self->{pid};
	$self->signal('KILL');
	waitpid $self->{pid}, 0;
	delete $self->{pids}{ $self->{pid} };
	$self->{pid} = 0;
	return $self->{status} = undef;
}

sub restart { my ($self) = @_; my $s = $self->stop_serve; $self->serve; return $s }

# Process ids of the workers (children of the master).
sub workers {
	my ($self) = @_;
	open my $f, '<', "/proc/$self->{pid}/task/$self->{pid}/children" or return;
	return split ' ', <$f> // '';
}

sub stop {
	my ($self) = @_;
	return if $self->{owner} != $$ || !delete $live{ $self->{dir} };
	$self->stop_serve;
	for my $pid (keys %{ $self->{pids} }) {
		kill 'TERM', $pid;
		waitpid $pid, 0;
	}
	$self->{pids} = {};
	Pierre::Psql::end($self->{url}) if $self->{url};
	eval { psql("DROP DATABASE $self->{database} WITH (FORCE)") } if $self->{database};
	print STDERR map { "# $_\n" } split /\n/, $self->log
		if $ENV{PIERRE_TEST_LOG} || $self->log =~ /Sanitizer|runtime error:/;
	remove_tree($self->{dir}, { safe => 0, error => \my $errors });
}
sub DESTROY { $_[0]->stop if $_[0]{dir} }

# Run a command to its end: {status (exit), out, err}.
sub capture {
	my ($command, $env, %o) = @_;
	my @files = map { File::Temp->new(DIR => short_tmp()) } 0 .. 2;
	print { $files[0] } $o{stdin} // '';
	seek $files[0], 0, 0;
	my @run = $o{user} ? as_user(@$command) : @$command;
	my $pid = fork // die "fork: $!\n";
	if (!$pid) {
		@ENV{ keys %$env } = values %$env unless $o{only_env};
		%ENV = %$env if $o{only_env};
		chdir $o{dir} if $o{dir};
		open STDIN, '<&', $files[0];
		open STDOUT, '>&', $files[1];
		open STDERR, '>&', $files[2];
		{ no warnings 'exec'; exec { $run[0] } @run; }
		POSIX::_exit(127);
	}
	waitpid $pid, 0;
	my %r = (status => $? & 127 ? 128 + ($? & 127) : $? >> 8);
	for ([ out => $files[1] ], [ err => $files[2] ]) {
		seek $_->[1], 0, 0;
		local $/;
		$r{ $_->[0] } = readline($_->[1]) // '';
	}
	return \%r;
}

# $p->cli('user', 'create', 'a@b.c', stdin => "password\n", env => {...})
sub cli {
	my ($self, @words) = @_;
	my %o;
	while (@words > 2 && $words[-2] =~ /^(stdin|env)$/) {
		my ($key, $value) = splice @words, -2;
		$o{$key} = $value;
	}
	my %env = (%{ $self->{env} }, %{ delete $o{env} // {} });
	delete $env{$_} for grep { !defined $env{$_} } keys %env;
	return capture([ $self->binary, @words ], \%env,
		user => 1, only_env => 1, dir => "$self->{dir}/state", %o);
}

sub slurp { my ($f) = @_; open my $h, '<', $f or return ''; local $/; return readline($h) // '' }
sub log { return slurp($_[0]{log_file}) }
sub nginx_log { return slurp("$_[0]{dir}/nginx/nginx-error.log") . slurp("$_[0]{dir}/nginx.out") }
sub access_log { return slurp("$_[0]{dir}/nginx/nginx-access.log") }

# --- nginx ------------------------------------------------------------------

sub tls {
	return $ENV{PIERRE_TEST_TLS} if $ENV{PIERRE_TEST_TLS};
	my ($self) = @_;
	system("$SOURCE/tests/support/tls", "$self->{dir}/tls") == 0 or die "no certificate\n";
	return "$self->{dir}/tls";
}

# Free, and none that the system gives to a client a moment later.
sub free_port {
	my ($low) = slurp('/proc/sys/net/ipv4/ip_local_port_range') =~ /^(\d+)/;
	my $ports = ($low // 0) - 10000;
	for (1 .. $ports) {
		$next_port{$$} //= int rand $ports;   # by process: those that were forked begin elsewhere
		my $port = 10000 + $next_port{$$}++ % $ports;
		return $port if IO::Socket::IP->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 1);
	}
	my $s = IO::Socket::IP->new(LocalAddr => '127.0.0.1', Listen => 1) or die "listen: $@\n";
	return $s->sockport;
}

sub fill {
	my ($self, $from, $to, %with) = @_;
	my $text = slurp($from) or die "cannot read $from\n";
	$text =~ s/\@(\w+)\@/$with{$1} \/\/ die "$from: no value for $1\n"/ge;
	$text =~ s/^\s*listen \[::1\].*\n//mg if !ipv6();
	rewrite($to, $text);
}
sub edit_file {
	my ($path, $change) = @_;
	my $before = slurp($path);
	my $text = $before;
	$change->() for $text;
	$text ne $before or die "$path: nothing was changed\n";
	open my $f, '>', $path or die "$path: $!\n";
	print $f $text;
	close $f;
}
sub ipv6 { return slurp('/proc/net/if_inet6') =~ /^0{31}1 /m }

sub start_nginx {
	my ($self) = @_;
	my $dir = "$self->{dir}/nginx";
	mkdir "$dir/snippets";
	mkdir "$dir/tls";
	copy($_, "$dir/snippets/") or die "copy $_: $!\n" for glob "$SOURCE/nginx/pierre-*.conf";
	copy("/etc/nginx/$_", $dir) or die "copy $_: $!\n" for qw(uwsgi_params scgi_params);
	copy($_, "$dir/tls/") or die "copy $_: $!\n" for glob tls($self) . '/*.pem';
	copy(tls($self) . '/server.key', "$dir/tls/") or die "copy: $!\n";
	$self->give("$dir/tls/server.key");
	$self->{ca} = "$dir/tls/ca.pem";
	$self->fill("$SOURCE/nginx/pierre-http.conf.in", "$dir/snippets/pierre-http.conf",
		FAST_SOCKET => $self->{fast_socket}, SLOW_SOCKET => $self->{slow_socket},
		LOGIN_RATE => $self->{login_rate});
	edit_file("$dir/snippets/$_", $self->{edit}{$_}) for keys %{ $self->{edit} // {} };
	for my $try (1 .. 10) {
		@$self{qw(port http_port)} = (free_port(), free_port());
		$self->fill("$SOURCE/nginx/dev.conf.in", "$dir/nginx.conf", DIR => $dir, TLS => "$dir/tls",
			HTTPS_PORT => $self->{port}, HTTP_PORT => $self->{http_port},
			DEMO_SOCKET => "$self->{dir}/run/demo.sock");
		$self->add_site("$dir/nginx.conf") if $self->{site_text};
		$self->log_errors("$dir/nginx.conf", $self->{nginx_level} // 'error') if $self->{nginx_errors} || $self->{nginx_level};
		last if $self->try_nginx($dir);
		die "nginx does not start:\n" . $self->nginx_log if $try == 10;
	}
	$self->{client} = Pierre::Client->new(port => $self->{port}, ca => $self->{ca},
		judge => $self->{judge});
	$self->{http} = Pierre::Client->new(port => $self->{http_port}, plain => 1);
}

# Where providers are, for pierre-proxy.conf; before nginx starts.
sub locate_providers {
	my ($self, $resolver) = @_;
	my $r = $self->cli('nginx', 'providers', '--resolver', $resolver);
	die "nginx providers: $r->{err}" if $r->{status};
	mkdir "$self->{dir}/nginx/snippets";
	rewrite("$self->{dir}/nginx/snippets/pierre-providers.conf", $r->{out});
}

sub rewrite {
	my ($file, $text) = @_;
	open my $f, '>', $file or die "$file: $!\n";
	print $f $text;
	close $f;
}

sub log_errors {
	my ($self, $conf, $level) = @_;
	rewrite($conf, slurp($conf) =~ s/^(\s*error_log \S+) alert;/$1 $level;/gmr);
}

sub add_site {
	my ($self, $conf) = @_;
	my %with = (SITE_PORT => free_port(), DIR => $self->{dir});
	my $text = $self->{site_text} =~ s/\@(\w+)\@/$with{$1}/gr;
	rewrite($conf, slurp($conf) =~ s/\}\s*\z/$text}\n/r);
	$self->{site} = Pierre::Client->new(port => $with{SITE_PORT}, plain => 1);
}

sub try_nginx {
	my ($self, $dir) = @_;
	my $pid = $self->spawn('nginx', [ as_user('nginx', '-p', $dir, '-e', "$dir/nginx-error.log",
		'-c', "$dir/nginx.conf", '-g', 'daemon off;') ], { PATH => "$ENV{PATH}:/usr/sbin" },
		"$self->{dir}/nginx.out");
	$self->{nginx_pid} = $pid;
	for (1 .. 1000) {
		return 1 if -s "$dir/nginx.pid";
		last if waitpid($pid, WNOHANG) == $pid;
		sleep 0.01;
	}
	delete $self->{pids}{$pid};
	return 0;
}

# --- requests ---------------------------------------------------------------

for my $verb (qw(request raw get head options delete post put patch)) {
	no strict 'refs';
	*$verb = sub { my $self = shift; return $self->{client}->$verb(@_) };
}

# --- accounts ---------------------------------------------------------------

our $PASSWORD = 'correct horse battery';

# A service that listens has not made its tables yet.
sub with_schema {
	my ($self) = @_;
	my $r = $self->cli('db', 'migrate');
	die "db migrate: $r->{err}" if $r->{status};
	return $self;
}

# The first admin, made once: {user_id, email, password, token}.
sub setup_admin {
	my ($self) = @_;
	return $self->{admin} if $self->{admin};
	my $made = $self->with_schema->cli('admin', 'setup-token');
	my ($token) = $made->{out} =~ /(setup_[A-Za-z0-9_-]+)/
		or die "no setup token: $made->{out}$made->{err}";
	my %admin = (email => 'admin@example.org', password => $PASSWORD);
	my $r = $self->expect(201, $self->post('/admin/setup',
		{ setup_token => $token, %admin, display_name => 'Admin' }));
	return $self->{admin} = { %admin, user_id => $r->{json}{user_id},
		token => $r->{json}{admin_token} };
}

sub expect {
	my ($self, $status, $r) = @_;
	return $r if $r->{status} == $status;
	croak "status $r->{status} where $status was due: $r->{body}\n" . $self->log;
}

# A registered user: {user_id, email, password}.
sub register_user {
	my ($self, %o) = @_;
	my %user = (email => 'user' . ++$self->{users} . '@example.org', password => $PASSWORD,
		display_name => 'User', %o);
	my $r = $self->expect(201, $self->post('/api/auth/register', \%user));
	return { %user, user_id => $r->{json}{user_id} };
}

# Registered, approved by the admin, logged in: also {token, refresh_token}.
sub approved_user {
	my ($self, %o) = @_;
	my $admin = $self->setup_admin;
	my $user = $self->register_user(%o);
	my $r = $self->post("/admin/approve-user/$user->{user_id}", {}, token => $admin->{token});
	$self->expect(200, $r);
	return $self->login($user);
}

sub login {
	my ($self, $user, %o) = @_;
	my $r = $self->expect(200, $self->post('/api/auth/login',
		{ email => $user->{email}, password => $user->{password} }, %o));
	return { %$user, token => $r->{json}{access_token}, refresh_token => $r->{json}{refresh_token} };
}

# A new API key of the user: the answer's JSON.
sub new_key {
	my ($self, $user, %o) = @_;
	my $r = $self->expect(201, $self->post('/api/keys', { name => 'test', %o }, token => $user->{token}));
	return $r->{json};
}

1;
