# `./bootstrap run`, as a person and as a script would use it.
use strict;
use warnings;
use File::Path qw(remove_tree);
use File::Temp;
use JSON::PP;
use POSIX qw(WNOHANG);
use Test::More;
use Time::HiRes qw(sleep time);
use lib "$ENV{PIERRE_SOURCE}/tests/support";
use Pierre;
use Process qw(becomes_ready);

my $tmp = File::Temp->newdir('pb.XXXXXX', DIR => Pierre::short_tmp());
chmod 0755, $tmp;
my %running;
END {
	my $status = $?;
	for my $pid (keys %running) { kill 'TERM', $pid; waitpid $pid, 0 }
	remove_tree(map { segment($_) } glob "$tmp/* $tmp/*/state") if defined $tmp;
	$? = $status;
}

# Where a bootstrap of that STATE_DIR has its segment.
sub segment {
	my ($state) = @_;
	my ($sum) = split ' ', qx(printf %s "$state" | cksum);
	return "/dev/shm/pierre-$sum";
}

sub slurp { my ($f) = @_; open my $h, '<', $f or return ''; local $/; return readline($h) // '' }
sub environment {
	my (%o) = @_;
	return { PATH => $ENV{PATH}, HOME => "$tmp", BUILD_DIR => $Pierre::BUILD, BCRYPT_COST => 5,
		HTTPS_PORT => Pierre::free_port(), HTTP_PORT => Pierre::free_port(),
		(map { $_ => $ENV{$_} } grep { /^[AUL][SB]?SAN_OPTIONS$/ } keys %ENV), %o };
}

sub start {
	my ($env) = @_;
	my $out = File::Temp->new(DIR => $tmp);
	my $pid = fork // die;
	if (!$pid) {
		%ENV = %$env;
		open STDIN, '<', '/dev/null';
		open STDOUT, '>&', $out;
		open STDERR, '>&', $out;
		{ no warnings 'exec'; exec "$Pierre::SOURCE/bootstrap", 'run' }
		POSIX::_exit(127);
	}
	$running{$pid} = 1;
	return { pid => $pid, out => $out, env => $env, file => "$env->{STATE_DIR}/run.env" };
}

sub ended {
	my ($b, $seconds) = @_;
	my $end = time + $seconds;
	while (time < $end) {
		if (waitpid($b->{pid}, WNOHANG) == $b->{pid}) {
			delete $running{ $b->{pid} };
			$b->{status} = $? >> 8;
			return 1;
		}
		sleep 0.05;
	}
	return 0;
}

# run.env as a shell reads it
sub run_env {
	my ($b) = @_;
	my $end = time + 90;
	sleep 0.05 until -e $b->{file} || time > $end || ($b->{gone} = ended($b, 0.01));
	my $r = Pierre::capture([ 'sh', '-c', 'set -a; . "$1"; env', 'sh', $b->{file} ], { PATH => $ENV{PATH} }, only_env => 1);
	return { map { /^([A-Z_]+)=(.*)$/ ? ($1, $2) : () } split /\n/, $r->{out} };
}
sub output { my ($b) = @_; return slurp($b->{out}->filename) }
# What it says once it answers, to its last line.
sub announced {
	my ($b) = @_;
	my $end = time + 60;
	sleep 0.05 until output($b) =~ /Ctrl-C stops it/ || time > $end;
	return output($b);
}
sub mode { my ($path) = @_; return sprintf '%04o', ((stat $path)[2] // 0) & 07777 }
sub client {
	my ($b, $run) = @_;
	return Pierre::Client->new(port => $b->{env}{HTTPS_PORT}, ca => $run->{CA_FILE});
}
sub refused {
	my ($env, $pattern, $name) = @_;
	my $r = Pierre::capture([ "$Pierre::SOURCE/bootstrap", 'run' ], $env, only_env => 1);
	is $r->{status}, 1, "$name: exit status 1";
	like $r->{err}, qr/\Abootstrap: [^\n]*$pattern[^\n]*\n\z/, "$name: one sentence";
}

sub database_dies {
	my ($env) = @_;
	open my $stale, '>', "$env->{STATE_DIR}/run.env";
	my $port = IO::Socket::IP->new(LocalAddr => '127.0.0.1', LocalPort => $env->{HTTPS_PORT},
		ReuseAddr => 1, Listen => 1) or die "listen: $@";
	refused($env, 'cannot be used', 'after a run that could not clean up');
	ok !-e "$env->{STATE_DIR}/run.env", 'its run.env is gone all the same';
	close $port;
	my $b = start($env);
	run_env($b);
	my ($pid) = slurp("$env->{STATE_DIR}/pg/data/postmaster.pid") =~ /^(\d+)/;
	ok $pid, 'PostgreSQL runs' or return diag output($b);
	kill 'KILL', $pid;
	ok ended($b, 60), 'PostgreSQL that died ends the run';
	is $b->{status}, 1, 'with failure';
	like output($b), qr{^bootstrap: PostgreSQL ended; see \Q$env->{STATE_DIR}\E/pg/log$}m, 'and a sentence';
}

for my $backend (Pierre::backends()) {
	subtest $backend => sub {
		my $env = environment(STATE_DIR => "$tmp/$backend", BACKEND => $backend, WORKERS => 1);
		my $b = start($env);
		my $run = run_env($b);
		ok -e $b->{file}, 'it answers' or return diag output($b);
		is $run->{BASE_URL}, "https://localhost:$env->{HTTPS_PORT}", 'BASE_URL';
		like $run->{SETUP_TOKEN}, qr/^setup_/, 'a token';
		like announced($b), qr/\Q$run->{SETUP_TOKEN}\E.*Ctrl-C stops it/s, 'the same is printed';
		like $run->{DATABASE_URL}, $backend eq 'sqlite' ? qr{^sqlite:\Q$tmp\E/} : qr{^postgresql://pierre:},
			'DATABASE_URL';
		is sprintf('%04o', (stat "$env->{STATE_DIR}/$_")[2] & 07777), '0600', "$_ is private"
			for qw(run.env encryption.key);
		like output($b), qr{curl --unix-socket \Q$run->{METRICS_SOCKET}\E http://localhost/metrics}, 'how to read the metrics';
		ok -S $run->{METRICS_SOCKET}, 'from a socket that is there';
		ok -S $run->{FAST_SOCKET} && -S $run->{SLOW_SOCKET}, 'the sockets are there';
		is sprintf('%04o', (stat $run->{RUNTIME_DIR})[2] & 07777), '0700', 'the segment is private';
		is sprintf('%04o', (stat $run->{SPOOL_DIR})[2] & 07777), '0700', 'the spool is private';
		is +(stat $run->{SPOOL_DIR})[4], (stat "/proc/$run->{MASTER_PID}")[4], 'and is of who serves';
		unlike slurp("$env->{STATE_DIR}/log/pierre.log"), qr/ spool_not_usable /, 'who can use it';
		like $run->{RUNTIME_DIR}, -w '/dev/shm' ? qr{^\Q@{[ segment($env->{STATE_DIR}) ]}\E$} : qr{/run/room$},
			'and on a tmpfs where there is one';
		like slurp("/proc/$run->{MASTER_PID}/cmdline"), qr{pierre\0serve}, 'MASTER_PID is the master';
		isnt +(stat "/proc/$run->{MASTER_PID}")[4], 0, 'which is not root';

		my $plain = Pierre::Client->new(port => $env->{HTTP_PORT}, plain => 1);
		is $plain->get('/x')->{headers}{location}, "$run->{BASE_URL}/x", 'HTTP_PORT redirects';
		my $c = client($b, $run);
		my $r = $c->post('/admin/setup', { setup_token => $run->{SETUP_TOKEN}, display_name => 'A',
			email => 'a@example.org', password => $Pierre::PASSWORD });
		is $r->{status}, 201, 'the token makes the first admin';
		my $token = $r->{json}{admin_token};
		my $id = $r->{json}{user_id};
		is $c->get('/demo/')->{status}, 401, '/demo/ is closed';
		$r = $c->get('/demo/', token => $token, headers => { 'X-Pierre-User-Id' => 'forged' });
		like $r->{body}, qr/^X-Pierre-User-Id: $id$/m, '/demo/ is told who calls';
		my $end = time + 30;
		sleep 0.1 while slurp($b->{file}) =~ /SETUP_TOKEN/ && time < $end;
		unlike slurp($b->{file}), qr/SETUP_TOKEN/, 'a used token leaves run.env';

		refused({ %{ environment() }, STATE_DIR => $env->{STATE_DIR}, BACKEND => $backend },
			'another bootstrap run uses', 'a second one in the same directory');
		refused(environment(STATE_DIR => "$tmp/other", HTTPS_PORT => $env->{HTTPS_PORT}, BACKEND => $backend),
			"port $env->{HTTPS_PORT} cannot be used", 'a taken port');

		my $side = start(environment(STATE_DIR => "$tmp/$backend-side", BACKEND => $backend, METRICS_SOCKET => "$tmp"));
		my $side_run = run_env($side);
		ok -e $side->{file}, 'another runs side by side' or diag output($side);
		like announced($side), qr/Ctrl-C stops it/, 'which says so';
		unlike output($side), qr/curl --unix-socket/, 'and nothing of metrics, whose socket could not be made';
		kill 'INT', $side->{pid};
		ok ended($side, 60), 'INT ends it';
		is $c->get('/health/live')->{status}, 200, 'the first one does not notice';

		my @logs = map { "$env->{STATE_DIR}/$_" } qw(log/pierre.log log/nginx.log nginx/nginx-access.log nginx/nginx-error.log);
		is mode($_), '0640', "$_ is not for everybody" for @logs;
		my ($nginx) = slurp("$env->{STATE_DIR}/nginx/nginx.pid") =~ /^(\d+)/;
		rename $logs[2], "$logs[2].1" or die "rename: $!";
		kill 'USR1', $nginx;
		$end = time + 30;
		sleep 0.05 until -e $logs[2] || time > $end;
		is mode($logs[2]), '0640', 'nor is the next one, after a rotation';
		chmod 0644, @logs;

		kill 'TERM', $b->{pid};
		ok ended($b, 60), 'TERM ends it';
		is $b->{status}, 0, 'with success';
		ok !-e "/proc/$run->{MASTER_PID}", 'the service ended';
		ok !-e $b->{file}, 'run.env is gone';
		ok !eval { $c->get('/health/live') }, 'nothing listens';
		ok !-e "$env->{STATE_DIR}/pg/data/postmaster.pid", 'PostgreSQL ended';

		$b = start($env);
		$run = run_env($b);
		ok !exists $run->{SETUP_TOKEN}, 'started again: no token, there is an admin' or diag output($b);
		is join(' ', map { mode($_) } @logs), '0640 0640 0640 0640', 'and logs that an earlier version made 0644 are 0640';
		$r = client($b, $run)->get('/verify', token => $token);
		is $r->{status}, 200, 'the session goes on';
		is $r->{json}{user_id}, $id, 'of the same user';
		kill 'KILL', $run->{MASTER_PID};
		ok ended($b, 60), 'a service that died ends the run';
		is $b->{status}, 1, 'with failure';
		like output($b), qr{^bootstrap: pierre ended by signal 9; see \Q$env->{STATE_DIR}\E/log/pierre\.log$}m,
			'and a sentence that says how';
		refused({ %$env, WORKERS => 9999 }, 'pierre ended with status 1: WORKERS takes .*; see .*pierre\.log',
			'a service that refuses its options');
		database_dies($env) if $backend eq 'postgresql';
	};
}

my ($backend) = Pierre::backends();
refused(environment(STATE_DIR => "$tmp/" . 'x' x 100, BACKEND => $backend), 'over 107 bytes', 'a long path');
refused(environment(STATE_DIR => "$tmp/y", BACKEND => 'oracle'), "not 'oracle'", 'an unknown backend');
refused(environment(STATE_DIR => "$tmp/y", HTTPS_PORT => $_, BUILD_DIR => "$tmp/not-yet"),
	'HTTPS_PORT must be a port from 1 to 65535', "port $_") for qw(x 0 0443 65536 99999 99999999999999999999);
ok !-e "$tmp/y" && !-e "$tmp/not-yet", 'ports are judged first';
refused(environment(STATE_DIR => "$tmp/y", HTTPS_PORT => 7000, HTTP_PORT => 7000), 'both 7000', 'one port twice');
{
	my $taken = IO::Socket::IP->new(LocalAddr => '127.0.0.1', Listen => 1);
	refused(environment(STATE_DIR => "$tmp/y", HTTP_PORT => $taken->sockport, BUILD_DIR => "$tmp/not-yet"),
		'set HTTP_PORT to another', 'a taken port');
	ok !-e "$tmp/not-yet", 'is seen before anything is built';
}

my $help = Pierre::capture([ "$Pierre::SOURCE/bootstrap", 'help' ], {});
like $help->{out}, qr/BACKEND=postgresql.*run-postgresql/s, 'help';
for my $command (qw(build run check lint-api)) {
	my $r = Pierre::capture([ "$Pierre::SOURCE/bootstrap", $command, '--help' ], {});
	is_deeply $r, $help, "$command --help shows it too, and does nothing";
}
# As on a host without Node.js: only what bootstrap itself begins with.
mkdir "$tmp/few" or die "mkdir: $!";
symlink qx(sh -c 'command -v $_') =~ s/\n//r, "$tmp/few/$_" or die "symlink: $!" for qw(sh dirname id);
my $lint = Pierre::capture([ "$Pierre::SOURCE/bootstrap", 'lint-api' ], { PATH => "$tmp/few" }, only_env => 1);
is_deeply [ @$lint{qw(status err)} ], [ 1, "bootstrap: lint-api needs Node.js 20.19 or newer and npm: "
	. "install them from https://nodejs.org\n" ], 'lint-api says what it lacks';
my $deps = Pierre::capture([ "$Pierre::SOURCE/bootstrap", 'deps', 'run-oracle' ], {});
is $deps->{status}, 1, 'deps of something unknown';
like $deps->{err}, qr/\Abootstrap: deps knows [^\n]*\n\z/, 'is one sentence';

SKIP: {
	skip 'only root runs things as somebody else', 1 if $> != 0;
	subtest 'a directory that the service user cannot reach' => sub {
		mkdir "$tmp/closed", 0700;
		my $env = environment(STATE_DIR => "$tmp/closed/state", BACKEND => $backend);
		my $b = start($env);
		my $run = run_env($b);
		ok -e $b->{file}, 'it answers; run.env is where it was asked for' or return diag output($b);
		my ($work) = output($b) =~ m{data, keys and logs are in (/var/tmp/pierre-\d+)\.};
		ok $work, 'the other directory is named';
		becomes_ready(client($b, $run), 'ready');
		kill 'TERM', $b->{pid};
		ended($b, 60);
		system 'rm', '-rf', $work if $work;
	};
}

done_testing;
