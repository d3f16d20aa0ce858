#!/usr/bin/perl
# What a new resource costs, and that the kit (tests/support/Pierre/Resource.pm) sees a
# bad one. tests/lint/resource.patch is a resource that Pierre does not have: a user's
# own shoes. It is applied to a copy of the tree, counted, built with each backend that
# this build has, judged, and thrown away.
use strict;
use warnings;
use File::Temp ();
use FindBin;
use Test::More;
use lib "$FindBin::Bin/../support";
use Pierre;

my ($EDITED_MAX, $LINES_MAX) = (4, 400);
# its migration is the next one
my ($last) = (sort map { m{/(\d{4})_\w+\.sql$} } glob "$Pierre::SOURCE/sql/sqlite/*.sql")[-1];
my $patch = Pierre::slurp("$Pierre::SOURCE/tests/lint/resource.patch") =~ s/\b\d{4}(?=_shoes\b)/sprintf '%04d', $last + 1/egr;

# --- what it costs ------------------------------------------------------------------

my (%new, %edited, $file, $from);
for (split /\n/, $patch) {
	if (/^--- (\S+)$/) { $from = $1 }
	elsif (m{^\+\+\+ b/(\S+)$}) { $file = $1 }
	elsif (/^[-+]/) { $from eq '/dev/null' ? $new{$file}++ : $edited{$file}++ }
}
# the two expansions of sql/schema/ are written by sql/schema.awk
my @made = grep { m{^sql/(?:sqlite|pgsql)/(.*)} && $new{"sql/schema/$1"} } sort keys %new;
my ($edits, $lines, $made) = map { my $n = 0; $n += $_ for @$_; $n } [ values %edited ], [ values %edited, values %new ], [ @new{@made} ];
$lines -= $made;
diag("$lines lines, $edits of them in shared files (@{[ sort keys %edited ]}), in @{[ scalar keys %new ]} new files; $made more by sql/schema.awk");
cmp_ok($edits, '<=', $EDITED_MAX, "at most $EDITED_MAX lines in files that others share");
cmp_ok($lines, '<=', $LINES_MAX, "at most $LINES_MAX lines are to be written");

# --- the copy -------------------------------------------------------------------------

my $dir = File::Temp->newdir('pr.XXXXXX', DIR => Pierre::short_tmp());
chmod 0755, "$dir";
my $tree = "$dir/tree";

sub run {
	my ($what, @command) = @_;
	my $r = Pierre::capture(\@command, { PIERRE_SOURCE => $tree, PIERRE_BUILD => "$tree/build" }, dir => $tree);
	return $r if $r->{status} == 0 || !defined $what;
	die "$what: $r->{out}$r->{err}\n";
}
sub make { run('make', 'make', '-s', '-j2', '-C', "$tree/build", 'all') }

# Without what was built.
mkdir $tree or die "$tree: $!";
system("cd '$Pierre::SOURCE' && tar cf - --exclude='./build' --exclude='./build-[!a]*' --exclude=./var --exclude=./.git . | tar xf - -C '$tree'") == 0
	or die "cannot copy the tree\n";
system('chmod', '-R', 'u+w', $tree);   # those of `make distcheck` are read-only
Pierre::rewrite("$dir/patch", $patch);
run('patch', qw(patch -s -p1 --no-backup-if-mismatch -i), "$dir/patch");
is(join(' ', grep { !-e "$tree/$_" } sort keys %new), '', 'its files are there');
run('autoreconf', qw(autoreconf -fi));
mkdir "$tree/build" or die;
run('configure', 'sh', '-c', "cd build && exec ../configure -q CFLAGS=-O0 --disable-hardening --disable-dependency-tracking \"\$@\"",
	'configure', map { my $has = Pierre::built()->{$_}; "--with-$_=" . ($has ? 'yes' : 'no') } qw(sqlite postgresql systemd));
make();

# What these tests say of the copy: names of assertions that failed, how many passed.
my $both = Pierre::backends() > 1;
sub judge {
	my @tests = @_;
	my @cluster = $ENV{PIERRE_TEST_PG_ADMIN} ? ('--keep-cluster', $ENV{PIERRE_TEST_PG_ADMIN}) : '--sqlite-only';
	my $r = run(undef, $^X, "$tree/tests/run", @cluster, @tests);
	my @failed = $r->{out} =~ /^\s+not ok \d+ - (.*)/mg;
	my ($passed) = $r->{out} =~ /^(\d+) passed, \d+ failed, \d+ skipped$/m;
	return { failed => \@failed, passed => $passed // 0, out => $r->{out} . $r->{err}, status => $r->{status} };
}

# what is good on each backend, what is bad on one
my @rules = map { "tests/lint/$_.t" } qw(circles code dead layers rules schema sql_schema sql_scope words zero);
$ENV{PIERRE_ROUTES} = '^shoe_';   # of tests/http/access.t
my $good = judge(qw(tests/http/shoes.t tests/http/access.t tests/http/document.t), @rules);
is($good->{status}, 0, 'the kit, the access test and the lints pass') or diag($good->{out});
cmp_ok($good->{passed}, '>', 300, "with $good->{passed} assertions");

# --- a bad one --------------------------------------------------------------------------

# In two rounds, so that none hides another: [ what, file, code that changes $_, what
# the kit then says ].
my $sql = 'sql/common/shoe.sql';
sub everybody { my ($name) = @_; return sub { s/(-- name: $name\n(?:(?!-- name).)*?)user_id = :scope_user/$1(user_id = :scope_user OR TRUE)/s } }
my @rounds = ([
	[ 'anybody is shown it', $sql, everybody('shoe_get'), qr/^show: another user's$/ ],
	[ 'anybody changes it', $sql, sub { for my $from (qw(shoe_lock shoe_update)) { everybody($from)->() } }, qr/^patch: another user's$/ ],
	[ 'a bound is missing', 'src/model/shoe.c', sub { s/, \.max = 60//s }, qr/^brand: the document says its bounds$/ ],
	[ 'a bound is not kept', 'src/base/field.c', sub { s/v <= f->max/v <= f->max + 1/ }, qr/^warn_km: above \d+ is refused$/ ],
	[ 'a change is not audited', 'src/store/shoe.c', sub { s/store_commit\(db, event, update_tx/db_transaction(db, update_tx/ }, qr/^patch: one audit row/ ],
	[ 'a page loses rows of one moment', $sql, sub { s/\(created_at, id\) < \(:before_at, :before_id\)/created_at < :before_at AND id <> :before_id/ },
		qr/^by pages under inserts/ ],
	[ 'a second delete is another', $sql, sub { s/ AND retired_at IS NULL// }, qr/^again: no audit row$/ ],
	[ 'a patch changes what it does not name', $sql, sub { s/limit_km = :limit_km/limit_km = :warn_km/ }, qr/^it is shown so$/ ],
], [
	[ 'anybody is listed it', $sql, everybody('shoe_list'), qr/^list: nothing of another user's$/ ],
	[ 'anybody deletes it', $sql, everybody('shoe_retire'), qr/^delete: another user's$/ ],
	[ 'nobody is asked who he is', 'src/resource/shoe.c', sub { s/(HTTP_PATCH.*?)GUARD_SESSION/$1GUARD_PUBLIC/s }, qr/^patch: none$/ ],
]);
for my $round (@rounds) {
	my %was;
	for (@$round) {
		my ($what, $name, $change) = @$_;
		$was{$name} //= Pierre::slurp("$tree/$name");
		Pierre::edit_file("$tree/$name", $change);
	}
	make();
	my $bad = judge($both ? '--sqlite-only' : (), 'tests/http/shoes.t');
	for (@$round) {
		my ($what, undef, undef, $says) = @$_;
		ok(scalar(grep { /$says/ } @{ $bad->{failed} }), "the kit sees: $what") or diag(join "\n", @{ $bad->{failed} });
	}
	Pierre::rewrite("$tree/$_", $was{$_}) for keys %was;
}
done_testing;
