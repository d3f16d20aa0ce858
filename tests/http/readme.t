#!/usr/bin/perl
# The README's tour and the shell commands after it, run as written; its length, and
# the links of all READMEs.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre::Check;

# beside the provider of the tour, which tells where it is
if (!$ENV{FAKE_TOKENS}) {
	exec "$FindBin::Bin/../support/fake-provider", $^X, '-w', $0 or die "fake-provider: $!";
}

my $readme = Pierre::slurp("$Pierre::SOURCE/README.md");
sub block { my ($name) = @_; return $readme =~ /<!-- $name -->\n```\w+\n(.*?)```\n<!-- \/$name -->/s ? $1 : undef }
my ($tour, $shell) = map { block($_) } qw(tour shell);
ok($tour && $shell, 'the README has a tour and shell commands') or BAIL_OUT('README.md has lost its tour');

# What the tour must show, in this order.
my @seen = (
	'the account is not approved' => qr/"status":403,.*"reason":"pending"/,
	'approval makes a tenant'     => qr/"tenant_created":\{"tenant_id":/,
	'the key is good'             => qr/^HTTP\S+ 200.*?x-pierre-scopes: read tokens:use\r?\n/msi,
	'the upstream is told who'    => qr/^The upstream was told:\nX-Pierre-Auth: key\n/m,
	'and not the credential'      => qr/^X-API-Key: \n/m,
	'tokens are stored'           => qr/"provider":"fake".*"has_refresh_token":true/,
	'the provider answers'        => qr/^\{"ok":true\}$/m,
	'the account is suspended'    => qr/"user_status":"suspended"/,
	'the key is refused'          => qr/"status":403,.*"reason":"suspended"/,
	'commands are listed'         => qr/^  user approve /m,
	'the database answers'        => qr/^encoding\s.*UTF-?8/m,
	'the account is active again' => qr/^user_status\s+active$/m,
	'it is in the list'           => qr/^[0-9a-f-]{36}\s+bob\@example\.org\s+active/m,
	'a key is made'               => qr/^api_key\s+pk_\S+$/m,
	'there is a manual'           => qr/^NAME\n\s*pierre/m,
);

sub write_run_env {
	my ($p, $dir) = @_;
	my ($token) = $p->cli('admin', 'setup-token')->{out} =~ /(setup_[A-Za-z0-9_-]+)/;
	mkdir "$dir/var" or die "mkdir: $!";
	open my $f, '>', "$dir/var/run.env" or die "run.env: $!";
	print $f "BASE_URL=https://localhost:$p->{port}\nCA_FILE=$p->{ca}\nSETUP_TOKEN=$token\n",
		"DATABASE_URL='$p->{url}'\nFAKE_TOKENS='$ENV{FAKE_TOKENS}'\n";
	close $f or die "run.env: $!";
}

# a system without man(1): the page is there all the same
my $has_man = !system 'command -v man >/dev/null';
sub start {
	my ($backend) = @_;
	my $p = Pierre->start(backend => $backend, serve => 0, nginx => 0);
	@{ $p->{env} }{qw(PROVIDERS_FILE OUTBOUND_ALLOW OUTBOUND_CA_FILE)} = @ENV{qw(PROVIDERS_FILE OUTBOUND_ALLOW OUTBOUND_CA_FILE)};
	$p->locate_providers($ENV{PROXY_RESOLVER});
	$p->{nginx} = 1;
	$p->start_nginx;
	$p->serve;
	return $p;
}

for my $backend (Pierre::backends()) { subtest $backend => sub {
	my $p = start($backend);
	my $dir = File::Temp->newdir;
	write_run_env($p, $dir);
	symlink $Pierre::BUILD, "$dir/build" or die "symlink: $!";
	open my $f, '>', "$dir/tour" or die "tour: $!";
	print $f "cd '$dir'\n", $has_man ? '' : "man() { sed 's/^\\.SH //' \"\$2\"; }\n",
		$tour, $shell;
	close $f or die "tour: $!";
	my $out = `sh -eu '$dir/tour' 2>&1`;
	is($?, 0, 'every command ran');
	pos($out) = 0;
	for (my $i = 0; $i < @seen; $i += 2) {
		ok($out =~ /\G.*?$seen[$i + 1]/gcs, $seen[$i]) or diag(substr $out, pos($out) // 0);
	}
	$p->stop;
} }

if (grep { $_ eq 'postgresql' } Pierre::backends()) {
	my $sql = block('database');
	my $name = "readme_$$";
	$sql =~ s/\bpierre\b/$name/g;
	ok(eval { Pierre::psql($_) for split /\n/, $sql; 1 }, 'role and database are made as the README says') or diag($@);
	my $url = Pierre::database_url($ENV{PIERRE_TEST_PG}, $name) =~ s{//[^@/]*@}{//$name:a%20password%20of%20your%20own@}r;
	my $r = Pierre::capture([ "$Pierre::BUILD/pierre", 'db', 'migrate' ], { DATABASE_URL => $url });
	is($r->{status}, 0, 'and the schema can be made there') or diag($r->{err});
	ok(eval { Pierre::psql("DROP $_ $name") for qw(DATABASE ROLE); 1 }, 'gone again') or diag($@);
}

cmp_ok(scalar(() = $readme =~ /
/g), '<=', 200, 'the README has at most 200 lines');
for my $file (qw(README.md src/README.md tests/bench/README.md)) {
	my $text = Pierre::slurp("$Pierre::SOURCE/$file");
	my ($folder) = "$Pierre::SOURCE/$file" =~ m{^(.*)/};
	my @links = grep { !/^https?:/ } $text =~ /\]\(([^)]+)\)/g;
	ok(scalar @links, "$file has links");
	is(join(' ', grep { !-e "$folder/" . s/#.*//r } @links), '', 'and each leads somewhere');
}
done_testing;
