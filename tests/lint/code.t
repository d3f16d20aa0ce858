#!/usr/bin/perl
# What the code may not contain, and how long it may get.
use strict;
use warnings;
use Test::More;
use FindBin;
chdir "$FindBin::Bin/../.." or die;

my $FILE_MAX = 500;
my $FUNCTION_MAX = 70;

my @files = split /\n/, `find src include tests -name '*.[ch]'`;
ok(@files > 40, 'there are files to look at');

# name => why
my %banned = (
	sprintf => 'snprintf', vsprintf => 'vsnprintf', strcpy => 'memcpy, snprintf or the arena',
	strcat => 'strbuf', strncpy => 'arena_strndup', gets => 'fgets', strtok => 'strchr',
	system => 'posix_spawn', popen => 'posix_spawn', atoi => 'str_int', atol => 'str_int',
	atof => 'strtod', alloca => 'the arena', tmpnam => 'mkstemp', mktemp => 'mkstemp',
	signal => 'sigaction', getppid => 'child_is_orphan', rand => 'random_bytes', srand => 'random_bytes',
	gmtime => 'gmtime_r', localtime => 'localtime_r', asctime => 'time_format',
	ctime => 'time_format', crypt => 'crypt_rn',
	PQexec => 'the asynchronous calls with a deadline', PQescapeLiteral => 'parameters',
	PQescapeString => 'parameters', PQescapeStringConn => 'parameters',
	sqlite3_mprintf => 'parameters', sqlite3_get_table => 'parameters',
	FCGX_Accept => 'FCGX_Accept_r', FCGX_OpenSocket => 'socket, bind, listen',
);
my $names = join '|', map quotemeta, sort keys %banned;
# texts of struct request that are a client's
my $client = qr/\b(?:method_text|content_type|user_agent|query|body|r(?:eq)?(?:->|\.)path)\b/;
my (@calls, @long, @functions, @config, @paths, @todo, @bare, @passing);
for my $file (@files) {
	open my $f, '<', $file or die "$file: $!";
	my @lines = <$f>;
	close $f;
	my ($start, $head, $in_comment) = (0, '', 0);
	push @long, "$file: " . @lines if @lines > $FILE_MAX;
	push @config, $file if $file =~ m{^src/.*\.c$} && (grep { /^#\s*include/ } @lines)[0] !~ /"config\.h"/;
	for my $i (0 .. $#lines) {
		my $code = $lines[$i];
		push @todo, "$file:" . ($i + 1) if $code =~ /\b(TODO|FIXME|XXX)\b/;
		push @paths, "$file:" . ($i + 1) if $code =~ m{"/(work|root|home)/};
		$code =~ s{"(?:[^"\\]|\\.)*"}{""}g;
		$code =~ s{/\*.*?\*/}{}g;
		if ($in_comment) { next unless $code =~ s{^.*?\*/}{}; $in_comment = 0 }
		if ($code =~ s{/\*.*$}{}) { $in_comment = 1 }
		push @calls, "$file:" . ($i + 1) . ": $1, use $banned{$1}"
			if $code =~ /(?<![\w.>])($names)\s*\(/ && $file !~ m{^tests/};
		push @passing, "$file:" . ($i + 1)
			if $code =~ /kind\b.*\bERR_(?:UNAVAILABLE|UNCERTAIN)\b.*kind\b.*\bERR_(?:UNAVAILABLE|UNCERTAIN)\b/ && $file ne 'src/base/err.c';
		push @bare, "$file:" . ($i + 1) if $code =~ /\bLOG_S\([^)]*$client/ && $file !~ m{^tests/};
		if ($code =~ /^\{/) { $start = $i; $head = $lines[$i - 1] }
		if ($code =~ /^\}\s*$/ && $start) {
			push @functions, "$file:" . ($start + 1) . ": " . ($i - $start - 1) if $i - $start - 1 > $FUNCTION_MAX;
			$start = 0;
		}
	}
}
is(join("\n", @calls), '', 'no banned function is called');
is(join("\n", @bare), '', 'what a client wrote is logged with LOG_CLIENT');
is(join("\n", @passing), '', 'an error that may pass is told by err_is_passing()');
is(join("\n", @long), '', "no file is longer than $FILE_MAX lines");
is(join("\n", @functions), '', "no function is longer than $FUNCTION_MAX lines");
is(join("\n", @config), '', 'config.h comes first');
is(join("\n", @paths), '', 'no path of one machine');
# so that builds with one backend need not ask all of http (tests/support/check)
is(`grep -rlE --include=*.[ch] 'HAVE_(SQLITE|PGSQL)' src include`, "src/db/backend.c\n", 'one file depends on which backends are built in');
is(join("\n", @todo), '', 'nothing is left unfinished in the text');
my $marks = join '|', map { $_ x 7 } qw(< = >);   # not spelled out: this file is searched too
is(`grep -rnE '^($marks)( |\$)' README.md bootstrap configure.ac Makefile.am src include nginx sql systemd tests`, '',
	'nor is a merge');
done_testing;
