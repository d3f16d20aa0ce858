#!/usr/bin/perl
# What judges, caches, charges, records and shows credentials knows no kind of them
# by name (include/op/credential.h): a kind is its own file and a word of the list.
use strict;
use warnings;
use Test::More;
use FindBin;
chdir "$FindBin::Bin/../.." or die;

my @shared = grep { -e } map { ("src/$_.c", "include/$_.h") } qw(op/cache op/change op/credential op/limit op/limit_lease
	op/limit_rule op/owner op/usage resource/call resource/guard resource/limit resource/subrequest resource/verify
	shm/cache shm/epoch shm/known shm/limit shm/limit_due shm/limit_table shm/ring store/owner store/quota
	store/usage_record worker/request worker/recorder);
ok(@shared > 30, 'there are files to look at');

sub slurp { open my $f, '<', $_[0] or die "$_[0]: $!"; local $/; return readline $f }
my ($list) = slurp('include/op/credential.h') =~ /^(#define CREDENTIAL_KINDS\(KIND\)(?:.*\\\n)+.*\n)/m;
my @words = $list =~ /\bKIND\((\w+)\)/g;
ok(@words >= 2, "the kinds are @words");

# Its row, its names, its calls; what is its alone of its row.
sub names {
	my ($word) = @_;
	my ($row) = slurp("src/op/credential_$word.c") =~ /^const struct credential_kind credential_$word = \{(.*?)^\};/ms;
	my @texts = map { qr/"\Q$_\E/ } $row =~ /\.(?:prefix|param) = "([^"]+)"/g;
	my ($letter) = $row =~ /\.letter = ('.')/;
	return (qr/\bcredential_$word\b/, qr/\b(?:api_|is_|a_)?${word}s?\b(?!\.h)/, qr/\bstruct (?:api_)?${word}_\w+/,
		qr/\b(?:op|store)_${word}_\w+\(/, qr/"$word"/, qr{^#include "(?:op|store|model)/(?:credential_)?$word(?:_\w+)?\.h"}m,
		qr/\Q$letter\E/, @texts);
}
my @names = map { names($_) } @words;

# Without comments, sentences (a string with a blank) and the list itself; a kind is
# not compared with one either.
sub found {
	my ($code) = @_;
	$code =~ s{/\*.*?\*/}{}gs;
	$code =~ s/\Q$list\E//;
	$code =~ s/"[^"\n]* [^"\n]*"/""/g;
	return map { $code =~ /($_)/ ? $1 : () } @names, qr/\bc(?:redential)?(?:->|\.)kind\s*[!=]=/;
}
is(join(', ', found(slurp($_))), '', "$_ knows no kind") for @shared;

# What must not be written there is found.
for my $line ('if (c->kind == &credential_key)', 'if (key)', 'bool is_key = *at == 1;', 'const struct api_key *key;',
	'struct session_ref ref;', 'op_session_check(op);', 'store_key_by_prefix(db);', 'str_eq(c->kind->name, "session")',
	'#include "op/key.h"', '#include "model/session.h"', "kind->letter == 'k'", 'str_starts(text, "pk_")',
	'request_param(req, "HTTP_X_API_KEY")', 'str_starts(text, "pat_live")', 'out->session = row;') {
	ok(scalar found("\t$line\n" =~ s/^\t#/#/r), "found: $line");
}
is(join(', ', found(qq(\tconst char *key_id = c->key_id;   /* of a key */\n\tactor.session_id = c->session_id;\n\tLOG("a key of a session");\n))),
	'', 'what is no kind is not');
done_testing;
