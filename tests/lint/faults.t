#!/usr/bin/perl
# Faults that others had with tokens of providers, each with the tests that catch its kind:
# a test that is named here is there, and is run by its file.
use strict;
use warnings;
use FindBin;
use Test::More;
chdir "$FindBin::Bin/../.." or die;

# What went wrong elsewhere; where: file:function of tests/.
my @faults = (
	[ 'two workers spend one refresh token', [qw(process/refresh.t:many)] ],
	[ 'a lease is shorter than the call', [qw(process/refresh.t:held process/refresh_load.t:jumps)] ],
	[ 'what is written back loses to another writer of the row', [qw(process/refresh_load.t:rewrapped)] ],
	[ 'the database fails after a rotation', [qw(process/refresh_killed.t:away process/refresh_load.t:frozen process/connect_killed.t:away)] ],
	[ 'a good reply is thrown away for a member that is wrong', [qw(process/refresh_replies.t:optional http/connect_faults.t:exchanges)] ],
	[ 'user info is asked before the tokens are saved', [qw(http/connect_faults.t:identities process/connect_killed.t:deaths)] ],
	[ 'the page of a firewall is taken for a death', [qw(process/refresh_replies.t:firewalls http/connect_faults.t:exchanges)] ],
	[ 'a provider that refuses everybody ends all connections', [qw(process/refresh_replies.t:refused_all)] ],
	[ 'who does not get the lock ends the session', [qw(process/refresh_load.t:locked)] ],
	[ 'a transaction is open during the call, credentials are logged', [qw(process/refresh_load.t:frozen process/memory.t:elsewhere)] ],
	[ 'one of the ways to write skips the sealing', [qw(http/connect.t:canaries process/memory.t:elsewhere)] ],
	[ 'refreshes of one application run at once', [qw(process/refresh_load.t:serial)] ],
	[ 'the state of a callback is not checked', [qw(http/connect.t:attacks)] ],
);
is(scalar(@faults), 13, 'thirteen faults');

sub slurp { my ($file) = @_; open my $f, '<', $file or return ''; local $/; return readline($f) // '' }
for (@faults) {
	my ($fault, $tests) = @$_;
	my @missing = grep {
		my ($file, $name) = /^(.*):(\w+)$/;
		my $text = slurp("tests/$file");
		$text !~ /^(?:sub $name\b|static void $name\()/m || (() = $text =~ /\b$name\(/g) < ($file =~ /\.c$/ ? 2 : 1);
	} @$tests;
	is("@missing", '', $fault);
}
done_testing;
