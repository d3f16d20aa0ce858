package Upgrade::Seed;
# Many users with a key each, as the older program writes them: each row is a copy of
# one that it wrote, with ids, an address and a key of its own. The service is stopped
# meanwhile.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Exporter qw(import);
use Pierre;

our @EXPORT_OK = qw(seed seeded);

# Tables, parents first, and which of their rows belong to the user.
my @TABLES = (
	[ tenants => 'id' ], [ users => 'id' ], [ tenant_users => 'tenant_id' ], [ api_keys => 'user_id' ], [ audit_events => 'user_id' ],
);

sub random_hex { my ($n) = @_; return unpack 'H*', pack 'C*', map { int rand 256 } 1 .. $n }
sub uuid { return random_hex(16) =~ s/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/$1-$2-4$3-a$4-$5/r }
sub random_word { my @set = ('A' .. 'Z', 'a' .. 'z', 0 .. 9); return join '', map { $set[ rand @set ] } 1 .. 32 }

# R17: the public id, the salt and the hash of a key.
sub key {
	my $text = 'pk_live_' . random_word();
	my $salt = random_hex(16);
	return ($text, substr($text, 0, 16), "sha256:$salt:" . sha256_hex($salt . $text));
}

sub sql_file {
	my ($p, $sql) = @_;
	my $file = "$p->{dir}/state/seed.sql";
	open my $f, '>', $file or die "$file: $!";
	print $f $sql;
	close $f;
	chmod 0644, $file;
	my @command = $p->{backend} eq 'postgresql' ? ('psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $p->{url}, '-f', $file)
		: ('sqlite3', '-batch', '-bail', '-init', '/dev/null', $p->{url} =~ s/^sqlite://r, ".read $file");
	my $r = Pierre::capture(\@command, {}, user => 1);
	die "seed: $r->{err}" if $r->{status} || $r->{err} =~ /error/i;
	unlink $file;
	return $r->{out};
}

# [name, type] of each column.
sub columns {
	my ($p, $table) = @_;
	my $sql = $p->{backend} eq 'postgresql'
		? "SELECT column_name, CASE data_type WHEN 'ARRAY' THEN 'text[]' ELSE data_type END FROM information_schema.columns
			WHERE table_schema = 'public' AND table_name = '$table' ORDER BY ordinal_position"
		: "SELECT name, type FROM pragma_table_info('$table')";
	return map { [ split /\|/ ] } split /\n/, $p->sql($sql);
}

my %RANDOM_ID = (postgresql => 'gen_random_uuid()', sqlite => "lower(" . join(" || '-' || ", 'hex(randomblob(4))', 'hex(randomblob(2))',
	"'4' || substr(hex(randomblob(2)), 2)", "'a' || substr(hex(randomblob(2)), 2)", 'hex(randomblob(6))') . ")");

# The column of a copy: what is the template's alone becomes the seed's.
sub copied {
	my ($p, $table, $column, $type, $texts) = @_;
	return $RANDOM_ID{ $p->{backend} } if $table eq 'audit_events' && $column eq 'id';
	return 'NULL' if $column =~ /^pii_/;   # as of a program that does not know them: the linker makes it
	return "t.$column" if $type !~ /^(?:TEXT|text|uuid|character varying|jsonb|text\[\])$/;
	my $value = "CAST(t.$column AS TEXT)";
	$value = "replace($value, '$texts->{$_}', CAST(s.$_ AS TEXT))" for sort keys %$texts;
	return "CAST($value AS $type)";
}

sub copy_table {
	my ($p, $table, $whose, $texts) = @_;
	my @columns = columns($p, $table);
	my $values = join ', ', map { copied($p, $table, @$_, $texts) } @columns;
	return "INSERT INTO $table (" . join(', ', map { $_->[0] } @columns) . ") SELECT $values"
		. " FROM (SELECT * FROM $table WHERE $whose = '$texts->{user_id}') t CROSS JOIN seed s;\n";
}

# $n users; $user has one key, $key, and both were made by the older program. Returns
# [[email, text of the key, id of the user, id of the key], ...].
sub seed {
	my ($p, $n, $user, $key) = @_;
	my ($text, $public) = ($key->{api_key}, substr $key->{api_key}, 0, 16);
	my ($hash) = $p->sql("SELECT key_hash FROM api_keys WHERE key_prefix = '$public'");
	my %texts = (user_id => $user->{user_id}, key_id => $key->{key_info}{id}, email => $user->{email}, public => $public, hash => $hash);
	my @seeds;
	my $sql = "BEGIN;\nCREATE TABLE seed (user_id TEXT, key_id TEXT, email TEXT, public TEXT, hash TEXT);\n";
	for my $i (1 .. $n) {
		my ($text, @stored) = key();
		my @row = (uuid(), uuid(), "seeded-$i\@example.org", @stored);
		push @seeds, [ $row[2], $text, @row[0, 1] ];
		$sql .= $i % 500 == 1 ? 'INSERT INTO seed VALUES ' : ', ';
		$sql .= "('" . join("', '", @row) . "')";
		$sql .= ";\n" if $i % 500 == 0 || $i == $n;
	}
	$sql .= copy_table($p, @$_, \%texts) for @TABLES;
	sql_file($p, "${sql}COMMIT;\n");
	return \@seeds;
}

# One text that says all of the seeded rows, by the columns that the older program had
# and no request changes: [table, columns] are kept from the first call.
sub seeded {
	my ($p) = @_;
	my %whose = (users => 'user_id', api_keys => 'key_id');
	my $sql = '';
	for my $table (sort keys %whose) {
		my $columns = $p->{seeded}{$table} //= join ', ', map { "t.$_->[0]" } grep { $_->[0] !~ /^(?:last_|updated_at)/ } columns($p, $table);
		my $id = $p->{backend} eq 'postgresql' ? 'CAST(t.id AS TEXT)' : 't.id';
		$sql .= "SELECT $columns FROM $table t JOIN seed s ON s.$whose{$table} = $id ORDER BY t.id;\n";
	}
	my $rows = sql_file($p, $sql);
	return { rows => scalar(() = $rows =~ /\n/g), sum => sha256_hex($rows) };
}

1;
