#!/usr/bin/perl
# The answer to a COMMIT is lost, whether it was done or not: the client hears 201, and
# there is one row, one event of the audit trail and one link, on both backends.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use JSON::PP ();
use Test::More;
use Pierre;
use Pierre::Cluster;
use Process qw(await);

my @backends = Pierre::backends() or plan skip_all => 'no backend';

# What is created while the answer is lost: [path, body, table, column of the text, event].
my @CHANGES = (
	[ '/api/keys', { name => 'LOST' }, 'api_keys', 'name', 'ApiKeyCreated' ],
	[ '/api/tenants', { name => 'LOST' }, 'tenants', 'name', 'TenantCreated' ],
	[ '/admin/tokens', { service_name => 'LOST' }, 'admin_tokens', 'service_name', 'AdminTokenCreated' ],
	[ '/api/auth/register', { email => 'LOST@example.org', password => $Pierre::PASSWORD, display_name => 'L' },
		'users', 'email', 'UserRegistered' ],
);

sub count { my ($p, $from) = @_; return $p->sql("SELECT count(*) FROM $from") }
sub verified {
	my ($p) = @_;
	await('each event has its link', sub { count($p, 'audit_pending') == 0 }, $p);
	my $r = $p->cli(qw(audit verify --json));
	return $r->{status} ? $r->{out} . $r->{err} : JSON::PP::decode_json($r->{out})->{links};
}

# $lose->($text) loses the answer to the COMMIT of a change with that text, and gives code
# that says whether it did.
sub lose_each {
	my ($p, $name, $lose) = @_;
	my $user = $p->approved_user;
	my $links = verified($p);
	for my $change (@CHANGES) {
		my ($path, $body, $table, $column, $event) = @$change;
		my $text = "lost-$name-$table";
		my %body = map { $_ => $body->{$_} =~ s/LOST/$text/r } keys %$body;
		my $was_lost = $lose->($text);
		my $r = $p->post($path, \%body, token => $path =~ /^.admin/ ? $p->{admin}{token} : $user->{token});
		is($r->{status}, 201, "$path: created") or diag($r->{text} . $p->log);
		ok($was_lost->(), 'its COMMIT was in doubt');
		is(count($p, "$table WHERE $column LIKE '$text%'"), 1, 'one row');
		my $id = $p->sql("SELECT id FROM $table WHERE $column LIKE '$text%'");
		my $of = "audit_events e LEFT JOIN audit_links l ON l.event_id = e.id WHERE e.event_type = '$event' AND e.target = '$id'";
		is(verified($p), ++$links, 'one link more, and the chains hold');
		is($p->sql("SELECT count(*), count(l.seq) FROM $of"), '1|1', 'of its one event');
	}
}

sub on_sqlite {
	my $p = Pierre->start(backend => 'sqlite', serve => 0);
	plan skip_all => 'SQLite is not preloaded here' if Pierre::slurp("$Pierre::BUILD/Makefile") =~ /^PIERRE_CFLAGS = .*-fsanitize/m;
	my $shim = "$p->{dir}/eio.so";
	system($ENV{CC} // 'cc', qw(-shared -fPIC -O0 -w -o), $shim, "$Pierre::SOURCE/tests/support/eio.c", '-ldl') == 0 or die "no preload\n";
	$p->give("$p->{dir}/eio", 1);
	%{ $p->{env} } = (%{ $p->{env} }, LD_PRELOAD => $shim, EIO_DIR => "$p->{dir}/eio");
	$p->serve;
	for my $how (qw(commit sync)) {
		subtest "EIO, $how" => sub {
			my $ask = "$p->{dir}/eio/$how";
			lose_each($p, $how, sub { open my $f, '>', $ask or die "$ask: $!"; close $f; return sub { !-e $ask } });
		};
	}
	is($p->stop_serve, 0, 'stops');
	$p->stop;
}

sub on_postgresql {
	my $cluster = Pierre::Cluster->new;
	for my $how (qw(lose-answer lose-commit)) {
		my $name = $how =~ tr/-/_/r;
		$cluster->sql("CREATE DATABASE $name OWNER pierre");
		my $relay = $cluster->relay($how, qr/lost-[\w-]+/);
		my $p = Pierre->start(backend => 'postgresql', url => Pierre::database_url($relay->{url}, $name));
		subtest $how => sub { lose_each($p, $how, sub { my ($text) = @_; return sub { $relay->met($text) } }) };
		is($p->stop_serve, 0, 'stops');
		$p->stop;
	}
}

for my $backend (@backends) {
	subtest $backend => $backend eq 'sqlite' ? \&on_sqlite : \&on_postgresql;
}
done_testing;
