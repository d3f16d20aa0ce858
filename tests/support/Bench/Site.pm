package Bench::Site;
# The one nginx of a measurement: the shipped snippets, a copy of them for each
# upstream, and a server block with a port of its own for each variant.
use strict;
use warnings;
use File::Copy qw(copy);
use Time::HiRes qw(sleep);
use Pierre;

# dir (made here), workers
sub new {
	my ($class, %o) = @_;
	my $self = bless { %o, http => '', ports => {} }, $class;
	mkdir $_, 0755 or die "$_: $!\n" for $o{dir}, "$o{dir}/snippets", "$o{dir}/tls", "$o{dir}/www";
	Pierre::give(undef, $_) for $o{dir}, "$o{dir}/tls";
	system("$Pierre::SOURCE/tests/support/tls", "$o{dir}/tls") == 0 or die "no certificate\n";
	Pierre::give(undef, "$o{dir}/tls/server.key");
	$self->copy_snippets('snippets', "$o{dir}/none.sock", "$o{dir}/none.sock");
	return $self;
}

# The http part names both sockets; every other snippet is as shipped, but for
# the number of connections of one address: here all clients have the same.
sub copy_snippets {
	my ($self, $name, $fast, $slow) = @_;
	my $dir = "$self->{dir}/$name";
	mkdir $dir, 0755 unless -d $dir;
	for my $file (glob "$Pierre::SOURCE/nginx/pierre-*.conf") {
		next if $file =~ /protect/;
		my $text = Pierre::slurp($file) =~ s/^(limit_conn pierre_address) \d+;/$1 65535;/mr;
		$text =~ s{include snippets/}{include $name/}g;
		$text =~ s/\bpierre_(fast|slow)\b/${name}_$1/g if $name ne 'snippets';
		write_file($dir . ($file =~ m{(/[^/]+)$})[0], $text);
	}
	my $http = Pierre::slurp("$Pierre::SOURCE/nginx/pierre-http.conf.in");
	$http =~ s/\@FAST_SOCKET\@/$fast/g;
	$http =~ s/\@SLOW_SOCKET\@/$slow/g;
	$http =~ s/\@LOGIN_RATE\@/100000r\/s/g;
	write_file("$dir/pierre-http.conf", $http) if $name eq 'snippets';
	return $http;
}

# The shipped site once more, before other sockets: its files to include are
# NAME/pierre-*.conf. plain: no kept connections. once: none for the question of
# auth_request, as the snippet was before it had them.
sub add_upstream {
	my ($self, $name, $fast, $slow, %o) = @_;
	my $http = $self->copy_snippets($name, $fast, $slow);
	my @blocks = $http =~ /^upstream pierre_\w+ \{.*?\}$/msg;
	@blocks == 2 or die "pierre-http.conf.in has other upstreams than two\n";
	s/\bpierre_(fast|slow)\b/${name}_$1/ for @blocks;
	$self->{http} .= "$_\n" for map { $o{plain} ? s/^\s*keepalive.*\n//mgr : $_ } @blocks;
	keep_none($_) for map { "$self->{dir}/$name/pierre-$_.conf" } $o{plain} ? qw(locations auth-locations) : $o{once} ? 'auth-locations' : ();
}

sub keep_none {
	my ($file) = @_;
	my $text = Pierre::slurp($file);
	$text =~ s/fastcgi_keep_conn on;/fastcgi_keep_conn off;/g;
	$text =~ s/fastcgi_store \S+;/fastcgi_store off;/g;
	write_file($file, $text);
}

# A server block; its port. tls: HTTPS with the shipped settings.
sub add_server {
	my ($self, $name, $text, %o) = @_;
	my $port = $self->{ports}{$name} = Pierre::free_port();
	my $tls = $o{tls} ? ' ssl http2' : '';
	$self->{http} .= "server {\n    listen 127.0.0.1:$port$tls backlog=4096;\n";
	$self->{http} .= "    ssl_certificate tls/server.pem;\n    ssl_certificate_key tls/server.key;\n"
		. "    include snippets/pierre-tls.conf;\n" if $o{tls};
	$self->{http} .= $text . "}\n";
	return $port;
}

# What stands in the http block beside servers.
sub add { my ($self, $text) = @_; $self->{http} .= $text }

sub start {
	my ($self, $p) = @_;
	my $dir = $self->{dir};
	my $temporary = join '', map { "    ${_}_temp_path $dir/tmp-$_;\n" } qw(client_body fastcgi proxy uwsgi scgi);
	write_file("$dir/nginx.conf", <<"END");
worker_processes $self->{workers};
pid $dir/nginx.pid;
error_log $dir/error.log error;
worker_rlimit_nofile 16384;
events { worker_connections 8192; }
http {
    include /etc/nginx/mime.types;
$temporary    access_log off;
    sendfile on;
    keepalive_requests 100000000;
    include snippets/pierre-http.conf;
$self->{http}}
END
	$self->{pid} = $p->spawn('nginx', [ Pierre::as_user('nginx', '-p', $dir, '-e', "$dir/error.log",
		'-c', "$dir/nginx.conf", '-g', 'daemon off;') ], { PATH => "$ENV{PATH}:/usr/sbin" }, "$dir/nginx.out");
	for (1 .. 1000) {
		return if -s "$dir/nginx.pid";
		last if waitpid($self->{pid}, POSIX::WNOHANG()) == $self->{pid};
		sleep 0.01;
	}
	die "nginx does not start:\n" . $self->log;
}

sub log { my ($self) = @_; return join '', map { Pierre::slurp("$self->{dir}/$_") } qw(error.log nginx.out) }

sub write_file {
	my ($path, $text) = @_;
	open my $f, '>', $path or die "$path: $!\n";
	print $f $text;
	close $f;
	chmod 0644, $path;
}

1;
