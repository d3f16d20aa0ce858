#!/usr/bin/perl
# E-mail addresses and names: spellings of one address are one account, at each
# door; names that cannot be seen, or that steer what is shown, are refused.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use Pierre::Check;

binmode Test::More->builder->$_, ':encoding(UTF-8)' for qw(output failure_output);
my $U = 'J' . "\x{d6}" . 'RG@M' . "\x{dc}" . 'LLER.de';
my @same = ($U, lc $U, "jo\x{308}rg\@mu\x{308}ller.de", "j\x{f6}rg\@xn--mller-kva.de", "J\x{d6}RG\@XN--MLLER-KVA.DE");
my %bad = (
	'a zero width space' => "An\x{200b}na", 'a direction of writing' => "\x{202e}annA", 'a line separator' => "An\x{2028}na",
	'a C1 control' => "An\x{85}na", 'a byte order mark' => "\x{feff}Anna", 'a no-break space alone' => "\x{a0}",
	'an ideographic space alone' => "\x{3000}", 'a Hangul filler alone' => "\x{3164}",
);

sub bytes { my ($s) = @_; utf8::encode($s); return $s }

sub spellings {
	my ($p) = @_;
	my %in = (password => $Pierre::PASSWORD);
	my $user = status_is($p->post('/api/auth/register', { %in, email => $U }), 201, 'registered')->{json};
	status_is($p->post("/admin/approve-user/$user->{user_id}", {}, token => $p->{admin}{token}), 200, 'approved');
	for my $email (@same) {
		problem_is($p->post('/api/auth/register', { %in, email => $email }), 409, { field => 'email' }, "taken: $email");
		is(status_is($p->post('/api/auth/login', { %in, email => $email }), 200, 'logs in')->{json}{user}{email}, $U,
			'the address is shown as it was registered');
		is($p->cli('user', 'approve', '--json', bytes($email))->{status}, 0, 'found by the shell');
		status_is($p->post('/admin/provision-api-key', { user_email => $email, tier => 'starter' },
			token => $p->{admin}{token}), 201, 'found by an administrator');
	}
	my $r = $p->cli('user', 'create', bytes($same[2]), '--password-file', '-', stdin => "$Pierre::PASSWORD\n");
	is($r->{status}, 1, 'taken for the shell');
	like($r->{err}, qr/already exists/, 'it says so');
}

sub refused {
	my ($p) = @_;
	my %sentence = ('anna@example.org.' => qr/must not end with a dot/, "anna\@example.org\x{200b}" => qr/invisible/,
		'anna@foo_bar.de' => qr/letters, digits, hyphens and dots/, 'an..na@example.org' => qr/two dots/,
		"anna\@xn--\x{fc}.de" => qr/xn--/, '<anna@example.org' => qr/'<' or '>'/);
	while (my ($email, $want) = each %sentence) {
		my $r = problem_is($p->post('/api/auth/register', { email => $email, password => $Pierre::PASSWORD }), 422,
			{ field => 'email' }, "refused: $email");
		like($r->{json}{detail}, $want, $r->{json}{detail});
	}
}

# Each door through which a name comes in.
sub names {
	my ($p) = @_;
	my $user = $p->approved_user;
	my $pending = $p->register_user;
	my @me = (token => $user->{token});
	my @admin = (token => $p->{admin}{token});
	my $key = status_is($p->post('/api/keys', { name => "caf\x{e9} \x{2764}\x{fe0f}" }, @me), 201, 'an emoji')->{json}{key_info}{id};
	my $n = 0;
	for my $what (sort keys %bad) {
		my $name = $bad{$what};
		problem_is($p->post('/api/auth/register', { email => 'n' . $n++ . '@example.org', password => $Pierre::PASSWORD,
			display_name => $name }), 422, { field => 'display_name' }, "display_name: $what");
		problem_is($p->post('/api/keys', { name => $name }, @me), 422, { field => 'name' }, "a key: $what");
		problem_is($p->patch("/api/keys/$key", { name => $name }, @me), 422, { field => 'name' },
			"a new name for a key: $what");
		problem_is($p->post("/admin/approve-user/$pending->{user_id}", { create_default_tenant => JSON::PP::true,
			tenant_name => $name }, @admin), 422, { field => 'tenant_name' }, "a tenant: $what");
		for ([ qw(user create), "s$n\@example.org", '--password-file', '-', '--name' ], [ qw(key create), $user->{email}, '--name' ],
			[ qw(user approve), $pending->{email}, '--tenant-name' ]) {
			my $r = $p->cli(@$_, bytes($name), stdin => "$Pierre::PASSWORD\n");
			like("$r->{status} $r->{err}", qr/^1 .*The name must not/, "@$_[0, 1]: $what");
		}
	}
}

# What older programs let in: its owner's tenant has another name, and the
# terminal shows ? for what cannot be seen.
sub old_names {
	my ($p) = @_;
	my $old = $p->register_user;
	my $char = $p->{backend} eq 'sqlite' ? 'char' : 'chr';
	$p->sql("UPDATE users SET display_name = 'a' || $char(8238) || 'b' WHERE id = '$old->{user_id}'");
	like($p->cli('user', 'approve', $old->{email})->{out}, qr/^display_name +a\?b$/m, 'U+202E is shown as ?');
	$p->sql("UPDATE users SET user_status = 'pending', approved_at = NULL, approved_by = NULL WHERE id = '$old->{user_id}'");
	my $r = status_is($p->post("/admin/approve-user/$old->{user_id}", { create_default_tenant => JSON::PP::true },
		token => $p->{admin}{token}), 200, 'approved with a tenant');
	is($r->{json}{tenant_created}{name}, $old->{email} =~ s/@.*//r, 'which is not called so');
}

sub collisions {
	my ($p) = @_;
	is($p->cli('user', 'list', '--collisions', '--json')->{out}, "[]\n", 'no collisions');
	my @two = map { $p->register_user } 1 .. 2;
	my $char = $p->{backend} eq 'sqlite' ? 'char' : 'chr';
	$p->sql("UPDATE users SET email = $char($_->[1]) || '\@c.example', email_key = $char($_->[1]) || '\@c.example',
		email_key_shared = CASE $_->[1] WHEN 220 THEN $char(252) || '\@c.example' END WHERE id = '$_->[0]{user_id}'")
		for [ $two[0], 252 ], [ $two[1], 220 ];
	my $list = JSON::PP->new->utf8->decode($p->cli('user', 'list', '--collisions', '--json')->{out});
	is(join(' ', sort map { $_->{id} } @$list), join(' ', sort map { $_->{user_id} } @two), 'both are listed');
	is(join(' ', map { $_->{canonical_email} } @$list), "\x{fc}\@c.example \x{fc}\@c.example", 'with what they share');
	like($p->cli('user', 'list', '--collisions')->{out}, qr/^canonical_email +id +email.*\n.*\n.*\n\z/, 'a table of two');
	is($p->cli('user', 'list', '--collisions', '--status', 'active')->{status}, 2, 'not with --status');
	for my $i (0, 1) {
		my $email = chr($i ? 220 : 252) . '@c.example';
		is($p->cli('user', 'approve', bytes($email), '--json')->{out} =~ /"id":"([^"]+)/ && $1, $two[$i]{user_id},
			"$email is found by its own spelling");
		status_is($p->post('/api/auth/login', { email => $email, password => $two[$i]{password} }), 200, 'and logs in');
	}
}

# Migration 0008 finds its rows also where a letter has one byte.
sub latin1 {
	my ($p) = @_;
	my $name = 'pt_latin1_' . $$;
	my $statement = Pierre::slurp("$Pierre::SOURCE/sql/pgsql/user.sql") =~ /name: user_list_not_ascii\n([^;]+)/ && $1;
	Pierre::psql("CREATE DATABASE $name OWNER pierre ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
	my $url = Pierre::database_url($ENV{PIERRE_TEST_PG_ADMIN}, $name);
	my $found = Pierre::psql("SET client_encoding = 'UTF8';"
		. ' CREATE TABLE users (id TEXT, email TEXT, email_key TEXT COLLATE "C");'
		. bytes(" INSERT INTO users VALUES ('1', '', '\x{d6}b\@x.de'), ('2', '', 'ob\@x.de'), ('3', '', 'ob\@xn--b.de'); $statement"), $url);
	is($found, "1|\n3|\n", 'LATIN1: letters outside ASCII are found');
	Pierre::psql("DROP TABLE users", $url);
	my $r = $p->cli('db', 'migrate', env => { DATABASE_URL => Pierre::database_url($p->{url}, $name) });
	is($r->{status}, 1, 'no schema is made there');
	like($r->{err}, qr/^pierre: The database $name has the encoding LATIN1, .*make it anew with ENCODING 'UTF8'$/m, 'and what to do is said');
	Pierre::psql("DROP DATABASE $name WITH (FORCE)");
}

each_backend(sub {
	my ($p) = @_;
	$p->setup_admin;
	spellings($p);
	refused($p);
	names($p);
	old_names($p);
	collisions($p);
	latin1($p) if $p->{backend} eq 'postgresql';
});
done_testing;
