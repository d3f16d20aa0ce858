package Bench::Peers;
# Other people's ways to check a key, doing what /verify does, each beside its
# own empty handler; installed here, with pinned versions, when first wanted.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use File::Copy qw(copy);
use File::Path qw(make_path);
use POSIX qw(WNOHANG);
use Time::HiRes qw(sleep);
use Pierre;
use Bench::Site;

our $SOURCE = "$Pierre::SOURCE/tests/bench/peers";
my @DEBIAN = qw(php8.2-fpm php8.2-sqlite3 php8.2-pgsql);
my $NODE_OLDEST = 20;
my %DURABLE = (
	FULL => 'every usage row and count, before its answer',
	NORMAL => 'all but what was written since the last checkpoint',
	none => 'nothing is stored',
);

# base (whose processes they become), site, cache, workers, keys (a count), dir,
# postgresql (wanted, the cluster runs)
sub new {
	my ($class, %o) = @_;
	my $self = bless { %o, variants => [], texts => [ map { 'pk_live_' . sha256_hex("bench $_") } 1 .. $o{keys} ] }, $class;
	$self->{keys_file} = "$o{dir}/peers.keys";
	Bench::Site::write_file($self->{keys_file}, join '', map { "$_\n" } @{ $self->{texts} });
	return $self;
}

# One of php, fastify, better_auth: variants as verify's variant() takes them,
# [ name, {...} ]. Dies when it cannot be had.
sub start {
	my ($self, $name) = @_;
	my %start = (php => \&start_php, fastify => \&start_fastify, better_auth => \&start_better_auth);
	$self->{variants} = [];
	$start{$name}->($self);
	return @{ $self->{variants} };
}

# --- installing -------------------------------------------------------------------

sub default_cache {
	return '/var/cache/pierre-bench' if $> == 0;
	return ($ENV{XDG_CACHE_HOME} || "$ENV{HOME}/.cache") . '/pierre-bench';
}

sub must {
	my ($what, @command) = @_;
	my $r = Pierre::capture(\@command, {});
	die "$what failed:\n$r->{out}$r->{err}" if $r->{status};
}

sub install_debian {
	my @missing = grep { Pierre::capture([ 'dpkg-query', '-W', '-f', '${db:Status-Status}', $_ ], {})->{out} ne 'installed' } @DEBIAN;
	return unless @missing;
	die "install these packages as root: @missing\n" if $> != 0;
	must('installing PHP', "$Pierre::SOURCE/tests/support/install-packages", @missing);
}

# The lock file has the digest of each package; a copy of it that stands beside
# node_modules says that they are these.
sub install_node {
	my ($self) = @_;
	return $self->{node} if $self->{node};   # its scripts may be being read
	my $have = Pierre::capture([ 'node', '--version' ], {})->{out} =~ /^v(\d+)/ ? $1 : 0;
	die "node $NODE_OLDEST or newer is needed\n" if $have < $NODE_OLDEST;
	my $dir = "$self->{cache}/node";
	my $done = "$dir/node_modules/.installed.json";
	make_path($dir, { mode => 0755 });
	if (Pierre::slurp($done) ne Pierre::slurp("$SOURCE/package-lock.json")) {
		print STDERR "# installing the peers of Node into $dir, which takes minutes\n";
		copy("$SOURCE/$_", "$dir/$_") or die "$dir/$_: $!\n" for qw(package.json package-lock.json);
		# a binary is compiled, with the headers of the node that is here
		my @headers = -e '/usr/include/node/node.h' ? ('env', 'npm_config_nodedir=/usr') : ();
		must('npm', @headers, 'npm', 'ci', '--prefix', $dir, '--no-audit', '--no-fund');
		must('better-sqlite3', 'node', '-e', "new (require('$dir/node_modules/better-sqlite3'))(':memory:')");
		must('chmod', 'chmod', '-R', 'a+rX', $self->{cache});
		copy("$SOURCE/package-lock.json", $done) or die "$done: $!\n";
	}
	# modules are found from where the script is
	copy($_, $dir) or die "$dir: $!\n" for glob "$SOURCE/*.mjs";
	chmod 0644, glob "$dir/*.mjs";
	return $self->{node} = $dir;
}

# --- their data --------------------------------------------------------------------

# Keys two to a user, as at Bench::Door.
sub seed_sql {
	my ($self) = @_;
	my $sql = Pierre::slurp("$SOURCE/schema.sql") . "BEGIN;\n";
	for my $i (0 .. $#{ $self->{texts} }) {
		my ($key, $user) = map { sprintf '00000000-0000-4000-8000-%012d', $_ } $i, $i / 2;
		$sql .= "INSERT INTO users VALUES ('$user', 'active', 1000000000);\n" if $i % 2 == 0;
		$sql .= "INSERT INTO api_keys VALUES ('$key', '$user', '@{[ sha256_hex($self->{texts}[$i]) ]}', 'professional', 1, 4102444800000, 1000000000);\n";
	}
	return "$sql COMMIT;\n";
}

sub sqlite {
	my ($self, $name) = @_;
	my $file = "$self->{base}{dir}/state/$name.db";
	my $r = Pierre::capture([ 'sqlite3', '-batch', '-init', '/dev/null', $file ], {}, user => 1,
		stdin => "PRAGMA journal_mode = WAL;\n" . $self->seed_sql);
	die "sqlite3: $r->{err}" if $r->{status};
	return $file;
}

sub pgsql_dsn {
	my ($self) = @_;
	my $p = $self->{pg} = Pierre->start(backend => 'postgresql', nginx => 0, serve => 0);
	my $r = Pierre::capture([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $p->{url}, '-f', '-' ], {}, stdin => $self->seed_sql);
	die "psql: $r->{err}" if $r->{status};
	my ($user, $password, $name, $query) = $p->{url} =~ m{^\w+://([^:]+):([^@]+)@/([^?]+)\?(.*)} or die;
	my %part = map { s/%([0-9a-fA-F]{2})/chr hex $1/ger } map { split /=/, $_, 2 } split /&/, $query;
	return "pgsql:host=$part{host};port=$part{port};dbname=$name;user=$user;password=$password";
}

# --- starting -----------------------------------------------------------------------

sub add {
	my ($self, $name, %v) = @_;
	$v{durability} = $DURABLE{ $v{durability} };
	push @{ $self->{variants} }, [ $name, { keys => $self->{keys_file}, url => "http://127.0.0.1:$self->{site}{ports}{$name}/verify", %v } ];
}

sub start_php {
	my ($self) = @_;
	install_debian();
	my ($base, $dir) = ($self->{base}, $self->{base}{dir});
	Bench::Site::write_file("$dir/php.conf", <<"END");
[global]
error_log = $dir/state/php.log
daemonize = no
[www]
listen = $dir/run/php.sock
listen.backlog = 4096
pm = static
pm.max_children = $self->{workers}
END
	my $pid = $base->spawn('php-fpm', [ Pierre::as_user('php-fpm8.2', '-F', '-y', "$dir/php.conf", '-d', 'opcache.validate_timestamps=0',
		'-d', 'opcache.jit=tracing', '-d', 'opcache.jit_buffer_size=32M') ], { PATH => "$ENV{PATH}:/usr/sbin" }, "$dir/php.out");
	copy("$SOURCE/verify.php", "$dir/verify.php") or die "copy: $!\n";
	chmod 0644, "$dir/verify.php";
	my @kinds = ([ php_hello => '', 'none', 'PHP-FPM, empty handler' ],
		[ php_sqlite => 'sqlite:' . $self->sqlite('php'), 'NORMAL', 'PHP-FPM, PDO, SQLite' ]);
	push @kinds, [ php_postgresql => $self->pgsql_dsn, 'FULL', 'PHP-FPM, PDO, PostgreSQL' ] if $self->{postgresql};
	for my $kind (@kinds) {
		my ($name, $dsn, $durability, $what) = @$kind;
		$self->{site}->add_server($name, "    include snippets/pierre-params.conf;\n    fastcgi_param SCRIPT_FILENAME $dir/verify.php;\n"
			. "    fastcgi_param BENCH_DSN '$dsn';\n    location / { fastcgi_pass unix:$dir/run/php.sock; }\n");
		$self->add($name, roots => [ $pid, $name =~ /postgresql/ ? $self->{postgresql} : () ], durability => $durability, what => $what);
	}
}

sub start_node {
	my ($self, $name, $script, @args) = @_;
	my ($base, $dir) = ($self->{base}, $self->install_node);
	my $socket = "$base->{dir}/run/$name.sock";
	my $pid = $base->spawn($name, [ Pierre::as_user('node', "$dir/$script", $socket, @args) ],
		{ PATH => $ENV{PATH}, HOME => $base->{dir}, NODE_ENV => 'production', BETTER_AUTH_TELEMETRY => 0 }, "$base->{dir}/$name.out");
	$self->{site}->add("upstream $name { server unix:$socket; keepalive 512; keepalive_requests 1000000; }\n");
	$self->{site}->add_server($name, "    location / {\n        proxy_http_version 1.1;\n        proxy_set_header Connection '';\n"
		. "        proxy_set_header X-Request-Id \$request_id;\n        proxy_set_header X-Real-IP \$remote_addr;\n        proxy_pass http://$name;\n    }\n");
	return $pid;
}

sub start_fastify {
	my ($self) = @_;
	for ([ fastify_hello => 'none', 'fastify, empty handler' ], [ fastify => NORMAL => 'fastify, better-sqlite3, synchronous=NORMAL' ],
		[ fastify_full => FULL => 'fastify, better-sqlite3, synchronous=FULL' ]) {
		my ($name, $synchronous, $what) = @$_;
		my $pid = $self->start_node($name, 'fastify.mjs', $synchronous eq 'none' ? () : ($self->sqlite($name), $synchronous));
		$self->add($name, roots => [ $pid ], durability => $synchronous, what => $what);
	}
}

sub start_better_auth {
	my ($self) = @_;
	my $state = "$self->{base}{dir}/state";
	my @made = ("$state/better_auth.db", "$state/better_auth.keys");
	my $hello = $self->start_node('better_auth_hello', 'better-auth.mjs');
	my $pid = $self->start_node('better_auth', 'better-auth.mjs', @made, $self->{keys});
	for (1 .. 6000) {
		last if -s $made[1];
		waitpid($pid, WNOHANG) == $pid and die "better-auth ended: " . Pierre::slurp("$self->{base}{dir}/better_auth.out");
		sleep 0.02;
	}
	$self->add('better_auth_hello', roots => [ $hello ], durability => 'none', what => "node's server, empty handler");
	$self->add('better_auth', roots => [ $pid ], durability => 'NORMAL', what => 'better-auth, verifyApiKey, better-sqlite3', keys => $made[1]);
}

1;
