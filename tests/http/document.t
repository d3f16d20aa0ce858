#!/usr/bin/perl
# The OpenAPI document: that it says what Spectral, Redocly and a generated client
# need, that nginx's own problems are in it, and that the judge of live answers
# (Pierre::Document, which every test of this folder goes through) sees a status,
# a header and a body that are not in it.
use strict;
use warnings;
use Test::More;
use FindBin;
use JSON::PP ();
use lib "$FindBin::Bin/../support";
use Pierre;
use Pierre::Document;

my $document = Pierre::Document::document();
my %schemas = %{ $document->{components}{schemas} };
my @operations;    # [ name, operation ]
for my $path (sort keys %{ $document->{paths} }) {
	push @operations, map { [ uc "$_ $path", $document->{paths}{$path}{$_}, $path ] }
		sort keys %{ $document->{paths}{$path} };
}

# --- rules: [ what holds, code that gives what breaks it ] ------------------------------

# Every part of the document that $code says yes to, by its place.
sub parts {
	my ($code, $part, $place) = @_;
	($part, $place) = ($document, '#') if @_ == 1;
	my @found = $code->($part, $place) ? $place : ();
	return (@found, map { parts($code, $part->{$_}, "$place/$_") } sort keys %$part) if ref $part eq 'HASH';
	return (@found, map { parts($code, $part->[$_], "$place/$_") } 0 .. $#$part) if ref $part eq 'ARRAY';
	return @found;
}
sub is_there { return eval { Pierre::Document::named({ '$ref' => $_[0] }); 1 } }
sub refs {
	my %all;
	parts(sub { my ($p) = @_; $all{ $p->{'$ref'} } = 1 if ref $p eq 'HASH' && $p->{'$ref'}; 0 });
	return \%all;
}
sub operations_where { my ($code) = @_; return map { $_->[0] } grep { $code->($_->[1], $_->[2]) } @operations }
sub parameters { return map { my $o = $_; map { [ "$o->[0] $_->{name}", $_ ] } @{ $o->[1]{parameters} // [] } } @operations }
sub parameters_where { my ($code) = @_; return map { $_->[0] } grep { $code->($_->[1]) } parameters() }
sub is_guarded { return scalar @{ $_[0]{security} // [] } }
sub answers { my ($o, @statuses) = @_; return @statuses == grep { $o->{responses}{$_} } @statuses }

my %ids;
$ids{ $_->[1]{operationId} }++ for @operations;
my %components = map { my $kind = $_; map { ("#/components/$kind/$_" => 1) } keys %{ $document->{components}{$kind} } }
	qw(schemas responses headers);

my @rules = (
	[ 'it says what it is, under which licence and where',
		sub { grep { !$_ } @{ $document->{info} }{qw(title version description license)}, $document->{servers}[0]{url} } ],
	[ 'an operation has a summary, a description and says who may call it',
		sub { operations_where(sub { grep { !defined $_[0]{$_} } qw(operationId summary description security) }) } ],
	[ 'an operationId is there once', sub { grep { $ids{$_} > 1 } keys %ids } ],
	[ 'a security scheme is there', sub { operations_where(sub { grep { !$document->{components}{securitySchemes}{$_} }
		map { keys %$_ } @{ $_[0]{security} } }) } ],
	[ 'a guarded operation has 401 and 403', sub { operations_where(sub { is_guarded($_[0]) && !answers($_[0], 401, 403) }) } ],
	[ 'every operation has one success, and problems of client and server',
		sub { operations_where(sub { 1 != (grep { /^2|^303$/ } keys %{ $_[0]{responses} }) || !answers($_[0], 400, 422, 429, 503) }) } ],
	[ 'a response has a description and headers', sub { parts(sub {
		my ($p, $place) = @_;
		$place =~ m{/responses/[^/]+$} && !$p->{'$ref'} && !($p->{description} && $p->{headers}) }) } ],
	[ 'a body that goes in has 415 and may be described in full', sub { operations_where(sub {
		$_[0]{requestBody} && !answers($_[0], 413, 415) }) } ],
	[ 'a parameter of the path is one of the pattern', sub { operations_where(sub {
		my ($o, $path) = @_;
		"@{[ sort map { $_->{name} } grep { $_->{in} eq 'path' } @{ $o->{parameters} // [] } ]}" ne
			"@{[ sort $path =~ /\{(\w+)\}/g ]}" }) } ],
	[ 'a parameter has a type and a sentence', sub { parameters_where(sub { !($_[0]{schema}{type} // $_[0]{schema}{anyOf}) || !$_[0]{description} }) } ],
	[ 'a number has bounds', sub { parameters_where(sub {
		($_[0]{schema}{type} // '') eq 'integer' && grep { !defined $_[0]{schema}{$_} } qw(minimum maximum) }) } ],
	[ 'a member has a sentence, or refers to what has one', sub { parts(sub {
		my ($p, $place) = @_;
		$place =~ m{^#/components/schemas/(?!Problem)[^/]+/properties/[^/]+$} && !$p->{description} }) } ],
	[ 'a reference leads somewhere', sub { grep { !is_there($_) } keys %{ refs() } } ],
	[ 'a component is used', sub { my $used = refs(); grep { !$used->{$_} } keys %components } ],
	[ 'an enum is of words, each once', sub { parts(sub {
		my ($p) = @_;
		my %seen;
		ref $p eq 'HASH' && ref $p->{enum} eq 'ARRAY' && grep { $seen{ $_ // 'null' }++ } @{ $p->{enum} } }) } ],
);
for (@rules) {
	my ($what, $broken) = @$_;
	is_deeply([ $broken->() ], [], $what);
}
cmp_ok(scalar @operations, '>=', 28, 'of every route');

# --- what a reader would look for ---------------------------------------------------------

my %operation = map { $_->[1]{operationId} => $_->[1] } @operations;
is_deeply([ map { keys %$_ } @{ $operation{verify}{security} } ], [qw(api_key bearer)], '/verify takes either credential');
is_deeply([ sort keys %{ $operation{verify}{responses}{200}{headers} } ], [ sort qw(Cache-Control X-Request-Id
	RateLimit RateLimit-Policy X-RateLimit-Limit X-RateLimit-Remaining X-RateLimit-Reset X-RateLimit-Tier
	X-Pierre-Auth X-Pierre-Key-Id X-Pierre-User-Id X-Pierre-Tenant-Id X-Pierre-Tier X-Pierre-Scopes) ], 'its headers');
my ($limit) = grep { $_->{name} eq 'limit' } @{ $operation{key_list}{parameters} };
is_deeply([ @{ $limit->{schema} }{qw(type minimum maximum)} ], [ 'integer', 1, 200 ], 'limit is a number with bounds');
is_deeply($schemas{ApiKey}{properties}{tier}{enum}, [qw(trial starter professional enterprise)], 'tiers are words');
is_deeply([ sort keys %{ $operation{openapi}{responses} } ], [ 200, 304, 400, 413, 414, 422, 429, 431, 500 .. 504 ],
	'the document describes itself');
sub codes_of {
	my ($id, $status) = @_;
	my $r = Pierre::Document::named($operation{$id}{responses}{$status});
	return $r->{content}{'application/problem+json'}{schema}{allOf}[1]{properties}{code}{enum};
}
is_deeply(codes_of('key_list', 401), [qw(AuthRequired AuthInvalid AuthExpired)], 'codes of a guard');
is_deeply(codes_of('auth_login', 401), ['AuthInvalid'], 'codes of a login');

# --- nginx's own problems --------------------------------------------------------------

my %of_nginx = Pierre::slurp("$Pierre::SOURCE/nginx/pierre-http.conf.in") =~
	/map \$status \$pierre_code \{(.*?)\}/s ? $1 =~ /^\s*(\d+|default) (\w+);/mg : ();
my ($pages) = Pierre::slurp("$Pierre::SOURCE/nginx/pierre-locations.conf") =~ /^error_page ([\d ]+) /m;
for my $status (split(' ', $pages), 431) {
	next if $status == 404 || $status == 405;    # no operation: Pierre::Document has them
	my $code = $of_nginx{$status} // $of_nginx{default};
	is_deeply([ grep { my ($id) = $_; !$operation{$id}{responses}{$status} ||
		!grep { $_ eq $code } @{ codes_of($id, $status) } } keys %operation ], [], "nginx's $status $code is known of all");
}

# --- the judge ---------------------------------------------------------------------------

my %ok = (type => 'about:blank', title => 'Unauthorized', status => 401, detail => 'No.', code => 'AuthInvalid');
sub reply {
	my ($status, $body, @headers) = @_;
	my %r = (status => $status, header_list => [ [ 'Content-Type', $status < 400 ? 'application/json' : 'application/problem+json' ], @headers ],
		json => $body, body => defined $body ? 'is there' : '');
	$r{headers} = { map { lc $_->[0] => $_->[1] } @{ $r{header_list} } };
	return \%r;
}
my %health = (status => 'ok', service => 'x');
my @answers = (
	[ 'GET', '/health', reply(200, \%health, [ 'X-Request-Id', 1 ]), qr/^$/, 'what is known' ],
	[ 'HEAD', '/health', reply(200, undef), qr/^$/, 'HEAD has no body' ],
	[ 'GET', '/health?x=1', reply(402, { %ok, status => 402 }), qr/GET \/health 402: .*the status/, 'a status' ],
	[ 'GET', '/health', reply(200, \%health, [ 'X-New', 1 ]), qr/the header X-New/, 'a header' ],
	[ 'GET', '/health', reply(200, \%health, [ 'X-Pierre-Tier', 1 ]), qr/the header X-Pierre-Tier/, 'a header of another route' ],
	[ 'GET', '/health', reply(200, { %health, more => 1 }), qr/Properties not allowed: more/, 'a member' ],
	[ 'GET', '/health', reply(200, { status => 'ok' }), qr/service: Missing property/, 'a member left out' ],
	[ 'GET', '/health', reply(200, { %health, status => 'fine' }), qr/Not in enum list/, 'a word' ],
	[ 'GET', '/health', reply(200, undef), qr/body/, 'no body' ],
	[ 'GET', '/admin/users', reply(401, \%ok), qr/^$/, 'a problem' ],
	[ 'GET', '/admin/users', reply(401, { %ok, code => 'Other' }), qr/code: Not in enum list/, 'a code' ],
	[ 'POST', '/api/auth/login', reply(401, { %ok, code => 'AuthExpired' }), qr/code: Not in enum list/, 'a code of another route' ],
	[ 'GET', '/admin/users', reply(401, { %ok, status => 403 }), qr/status/, 'a status in the body that is not its own' ],
	[ 'GET', '/nothing', reply(404, { %ok, status => 404, code => 'ResourceNotFound' }), qr/^$/, 'no such path' ],
	[ 'GET', '/nothing', reply(200, {}), qr/the status/, 'a path that is not there' ],
	[ 'PUT', '/health', reply(405, { %ok, status => 405 }, [ 'Allow', 'GET' ]), qr/^$/, 'no such method' ],
	[ 'PUT', '/health', reply(200, \%health), qr/the status/, 'a method that is not there' ],
	[ 'DELETE', '/api/auth/sessions/x', reply(204, { a => 1 }), qr/a body/, 'a body of 204' ],
);
for (@answers) {
	my ($method, $target, $r, $like, $what) = @$_;
	like(join(' ', Pierre::Document::unknown($method, $target, $r)), $like, "judged: $what");
}
done_testing;
