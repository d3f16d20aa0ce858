#!/usr/bin/perl
# The README's tour, run as written, its shell commands, and its table of options.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre::Check;

my $readme = Pierre::slurp("$Pierre::SOURCE/README.md");
my ($tour) = $readme =~ /<!-- tour -->\n```sh\n(.*?)```\n<!-- \/tour -->/s;
my ($options) = $readme =~ /<!-- options -->\n(.*?)<!-- \/options -->/s;
ok($tour, 'the README has a tour') or BAIL_OUT('README.md has lost its tour');

# What the tour must show, in this order.
my @seen = (
	'the account is not approved' => qr/"status":403,.*"reason":"pending"/,
	'approval makes a tenant'     => qr/"tenant_created":\{"tenant_id":/,
	'the key is good'             => qr/^HTTP\S+ 200.*?x-pierre-scopes: read\r?\n/msi,
	'the upstream is told who'    => qr/^The upstream was told:\nX-Pierre-Auth: key\n/m,
	'and not the credential'      => qr/^X-API-Key: \n/m,
	'the account is suspended'    => qr/"user_status":"suspended"/,
	'the key is refused'          => qr/"status":403,.*"reason":"suspended"/,
);

sub write_run_env {
	my ($p, $dir) = @_;
	my ($token) = $p->cli('admin', 'setup-token')->{out} =~ /(setup_[A-Za-z0-9_-]+)/;
	mkdir "$dir/var" or die "mkdir: $!";
	open my $f, '>', "$dir/var/run.env" or die "run.env: $!";
	print $f "BASE_URL=https://localhost:$p->{port}\nCA_FILE=$p->{ca}\nSETUP_TOKEN=$token\n";
	close $f or die "run.env: $!";
}

each_backend(sub {
	my ($p) = @_;
	my $dir = File::Temp->newdir;
	write_run_env($p, $dir);
	open my $f, '>', "$dir/tour" or die "tour: $!";
	print $f "cd '$dir'\n$tour";
	close $f or die "tour: $!";
	my $out = `sh -eu '$dir/tour' 2>&1`;
	is($?, 0, 'every command of the tour ran');
	pos($out) = 0;
	for (my $i = 0; $i < @seen; $i += 2) {
		ok($out =~ /\G.*?$seen[$i + 1]/gcs, $seen[$i]) or diag(substr $out, pos($out) // 0);
	}
});

# --help stops a command once its line was understood
my @commands = map { s/\s+#.*//r } $readme =~ /^build\/pierre (.*)$/gm;
ok(@commands >= 4, 'the README shows shell commands');
for my $line (@commands) {
	my $r = Pierre::capture([ "$Pierre::BUILD/pierre", split(' ', $line), '--help' ], {});
	is($r->{status}, 0, "pierre $line") or diag($r->{err});
}

my $made = `'$Pierre::BUILD/pierre' help --options-markdown`;
is($options, $made, 'the table of options is what the program prints');
done_testing;
