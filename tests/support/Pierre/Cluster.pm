package Pierre::Cluster;
# A PostgreSQL cluster of a test's own, to be frozen, killed and stopped at
# will; connections to it (Pierre::Cluster::Tool); and a relay in between that
# cuts or freezes at COMMIT (Pierre::Cluster::Relay). All go away at the end.
use strict;
use warnings;
use File::Temp ();
use File::Path qw(remove_tree);
use Test::More ();
use Scalar::Util qw(weaken);
use Time::HiRes qw(sleep time);
use Pierre;

my (%live, %tools, $broken);
END {
	my $status = $?;
	$_->quit for grep { defined } values %tools;
	$_->remove for grep { defined } values %live;
	$? = $status || $broken || 0;
}

# Leave the file out, with a reason, when there is nothing to test.
sub wanted {
	my $has = Pierre::built();
	my $list = $ENV{PIERRE_TEST_BACKENDS} // 'sqlite postgresql';
	Test::More::plan(skip_all => 'built without PostgreSQL') unless $has->{postgresql};
	Test::More::plan(skip_all => 'PostgreSQL is left out') unless $list =~ /postgresql/;
}

# A cluster with the tables that dbtool uses; options as of pg-cluster start.
sub new {
	my ($class, @options) = @_;
	my $dir = File::Temp::tempdir('pc.XXXXXX', DIR => Pierre::short_tmp());
	chmod 0755, $dir;
	my $self = bless { home => $dir, dir => "$dir/pg", options => \@options, owner => $$ }, $class;
	$live{$dir} = $self;
	$self->start;
	$self->sql(<<'SQL', $self->{url});
CREATE TABLE audit_events (id uuid CONSTRAINT audit_events_pkey PRIMARY KEY);
CREATE TABLE totals (n bigint NOT NULL);
INSERT INTO totals VALUES (0);
CREATE TABLE items (id uuid PRIMARY KEY, at timestamptz(3), yes boolean, tags text[],
	name text COLLATE "C" NOT NULL CONSTRAINT items_name_key UNIQUE);
SQL
	return $self;
}

sub control {
	my ($self, @words) = @_;
	my $r = Pierre::capture([ "$Pierre::SOURCE/tests/support/pg-cluster", @words ], {});
	die "pg-cluster @words: $r->{err}" if $r->{status};
	chomp $r->{out};
	return $r->{out};
}
sub start {
	my ($self) = @_;
	$self->{url} = $self->control('start', @{ $self->{options} }, $self->{dir});
	$self->{admin} = $self->control('admin-url', $self->{dir});
	($self->{socket_dir}) = "$self->{dir}/s";
	return $self->{url};
}
sub stop { my ($self, $mode) = @_; $self->control('stop', '-m', $mode // 'fast', $self->{dir}) }
sub restart { my ($self, $mode) = @_; $self->stop($mode); return $self->start }
sub tcp_url { my ($self) = @_; return $self->control('tcp-url', $self->{dir}) }

# The same database by way of another socket directory.
sub url_by { my ($self, @dirs) = @_; return change_host($self->{url}, @dirs) }
sub change_host {
	my ($url, @dirs) = @_;
	my $hosts = join ',', map { s{/}{%2F}gr } @dirs;
	my $ports = join ',', map { 5432 } @dirs;
	return $url =~ s/host=[^&]*/host=$hosts/r =~ s/port=\d+/port=$ports/r;
}

# As the cluster's superuser, unless another URL is given.
sub sql {
	my ($self, $sql, $url) = @_;
	my $r = Pierre::capture([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $url // $self->{admin} ],
		{}, stdin => $sql);
	die "psql: $r->{err}" if $r->{status};
	chomp $r->{out};
	return $r->{out};
}

sub postmaster { my ($self) = @_; return (split /\n/, Pierre::slurp("$self->{dir}/data/postmaster.pid"))[0] }

# Every process of it.
sub pids {
	my ($self) = @_;
	my $master = $self->postmaster or return;
	return ($master, split ' ', Pierre::slurp("/proc/$master/task/$master/children"));
}
sub freeze { my ($self) = @_; $self->{frozen} = [ $self->pids ]; kill 'STOP', @{ $self->{frozen} } }
sub thaw { my ($self) = @_; kill 'CONT', @{ delete $self->{frozen} // [] } }

# Ends a backend and waits until it is gone.
sub terminate {
	my ($self, $pid) = @_;
	$self->sql("SELECT pg_terminate_backend($pid)");
	$self->until(sub { !$self->sql("SELECT count(*) FROM pg_stat_activity WHERE pid = $pid") });
}

sub until {
	my ($self, $true) = @_;
	for (my $end = time + 60; time < $end; sleep 0.02) {
		return 1 if $true->();
	}
	return 0;
}

sub tool {
	my ($self, %env) = @_;
	my $tool = Pierre::Cluster::Tool->new(DATABASE_URL => $self->{url}, %env);
	weaken($tools{$tool} = $tool);
	return $tool;
}

# What a sanitizer said fails the file.
sub complained {
	my ($text) = @_;
	return unless $text =~ /Sanitizer|runtime error:/;
	print STDERR map { "# $_\n" } split /\n/, $text;
	$broken = 1;
}

sub relay { my ($self, @how) = @_; return Pierre::Cluster::Relay->new($self, @how) }

sub remove {
	my ($self) = @_;
	return if $self->{owner} != $$ || !delete $live{ $self->{home} };
	$self->thaw;
	eval { $self->control('remove', '-m', 'immediate', $self->{dir}) };
	remove_tree($self->{home}, { error => \my $errors });
}
sub DESTROY { $_[0]->remove }

package Pierre::Cluster::Tool;
# One dbtool: $t->ask('add', $uuid, 5) sends a line and returns the answer.
use IO::Select;
use IPC::Open3 qw(open3);
use File::Temp ();

sub new {
	my ($class, %env) = @_;
	my $self = bless { log => File::Temp->new(DIR => Pierre::short_tmp()), owner => $$ }, $class;
	local %ENV = (%ENV, %env);
	open my $log, '>&', $self->{log} or die "dup: $!";
	$self->{pid} = open3($self->{in}, $self->{out}, '>&' . fileno($log),
		"$Pierre::BUILD/tests/support/dbtool");
	return $self;
}
sub send { my ($self, @words) = @_; local $SIG{PIPE} = 'IGNORE'; syswrite $self->{in}, join("\t", @words) . "\n" }
# 60 s stand for "never"; the deadlines under test are far below.
sub answer {
	my ($self) = @_;
	my $line = '';
	my $wait = IO::Select->new($self->{out});
	while ($line !~ /\n/) {
		return "no answer within 60 s" unless $wait->can_read(60);
		sysread($self->{out}, $line, 1, length $line) or return "ended: $line";
	}
	chomp $line;
	return $line;
}
sub ask { my ($self, @words) = @_; $self->send(@words); return $self->answer }
sub log { my ($self) = @_; return Pierre::slurp($self->{log}->filename) }
sub quit {
	my ($self) = @_;
	return if !$self->{pid} || $self->{owner} != $$;
	close $self->{in};
	kill 'KILL', $self->{pid} unless IO::Select->new($self->{out})->can_read(10);
	waitpid delete $self->{pid}, 0;
	Pierre::Cluster::complained($self->log);
}
sub DESTROY { local $?; $_[0]->quit; delete $tools{ $_[0] } }

package Pierre::Cluster::Relay;
# A socket directory between client and cluster. The first COMMIT, or for each text like
# $after the first one on a connection that has sent it, meets
#   lose-commit  both sides are cut before it is passed on
#   lose-answer  it is passed on and answered; the answer is thrown away
#   hold-answer  it is passed on; the answer and all else stay here for ever
#   hold-commit  nothing is passed on any more
# Later connections are passed through unharmed. $r->met($text): it has met one.
use IO::Socket::UNIX;
use IO::Select;

sub new {
	my ($class, $cluster, $mode, $after) = @_;
	my $self = bless { dir => "$cluster->{home}/" . ++$cluster->{relays}, owner => $$ }, $class;
	mkdir $self->{dir} or die "mkdir: $!";
	$self->{path} = "$self->{dir}/.s.PGSQL.5432";
	my $listen = IO::Socket::UNIX->new(Local => $self->{path}, Listen => 8) or die "listen: $!";
	chmod 0666, $self->{path};
	my $to = (glob "$cluster->{socket_dir}/.s.PGSQL.*[0-9]")[0];
	defined($self->{pid} = fork) or die "fork: $!";
	if (!$self->{pid}) {
		$SIG{TERM} = 'DEFAULT';
		eval { relay($listen, $to, $mode, $after // '', $self->{dir}) };
		print STDERR "relay: $@" if $@;
		POSIX::_exit(0);
	}
	$self->{url} = $cluster->url_by($self->{dir});
	return $self;
}

sub met { my ($self, $text) = @_; return -d "$self->{dir}/met-$text" }

sub relay {
	my ($listen, $to, $mode, $after, $dir) = @_;
	my $select = IO::Select->new($listen);
	my (%peer, %client, %held, %sent, %done);
	local $SIG{PIPE} = 'IGNORE';
	while (my @ready = $select->can_read) {
		for my $s (@ready) {
			if ($s == $listen) {
				my $c = $listen->accept or next;
				my $b = IO::Socket::UNIX->new(Peer => $to);
				if (!$b) { close $c; next }
				@peer{ $c, $b } = ($b, $c);
				$client{$c} = 1;
				$select->add($c, $b);
				next;
			}
			my $p = $peer{$s} or next;
			my $got = sysread $s, my $bytes, 65536;
			my $cut = !$got;
			next if $held{$s} && $got;
			$sent{$s} = $1 if $got && $client{$s} && $bytes =~ /($after)/;
			if ($got && defined $sent{$s} && $bytes =~ /^Q.{4}COMMIT\0/s && !$done{ $sent{$s} }++) {
				mkdir "$dir/met-$sent{$s}";
				if ($mode =~ /^hold/) { @held{ $s, $p } = (1, 1) }
				if ($mode eq 'lose-commit') { $cut = 1 }
				elsif ($mode ne 'hold-commit') { syswrite $p, $bytes }
				if ($mode eq 'lose-answer') { sysread $p, $bytes, 65536; $cut = 1 }
				next unless $cut;
			}
			if ($cut) {
				$select->remove($s, $p);
				delete @peer{ $s, $p };
				close $s;
				close $p;
				next;
			}
			syswrite $p, $bytes;
		}
	}
}
sub DESTROY {
	my ($self) = @_;
	return if $self->{owner} != $$ || !$self->{pid};
	local $?;
	kill 'KILL', $self->{pid};
	waitpid delete $self->{pid}, 0;
}

1;
