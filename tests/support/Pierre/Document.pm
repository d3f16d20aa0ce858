package Pierre::Document;
# Judges live answers by the OpenAPI document: a status, a header or a body that
# the document does not know is a fault of one of the two. The document is the
# one that the built pierre prints, read once a process.
use strict;
use warnings;
use Cpanel::JSON::XS ();
use JSON::PP ();
use JSON::Validator::Schema::Draft201909;
use Pierre;

my $json = Cpanel::JSON::XS->new->utf8->allow_nonref;
my ($document, @patterns, %compiled);

# Every answer has these: HTTP's own, and those of nginx/pierre-headers.conf.
my %common = map { lc $_ => 1 } qw(Server Date Content-Type Content-Length Transfer-Encoding Connection);
# Said where CORS_ORIGINS or pierre-cors.conf has an origin.
my %cors = map { lc $_ => 1 } qw(Vary Access-Control-Allow-Origin Access-Control-Expose-Headers
	Access-Control-Allow-Methods Access-Control-Allow-Headers Access-Control-Max-Age);
# What is no operation: a path or method that is not there, a request that is none.
my %elsewhere = map { $_ => { map { lc $_ => 1 } qw(X-Request-Id Cache-Control Retry-After) } }
	400, 404, 413, 414, 429, 431, 500, 501, 502, 503, 504;
$elsewhere{$_} = { allow => 1, %{ $elsewhere{404} } } for 204, 405;

sub braces { return scalar(() = $_[0] =~ /\{/g) }

sub document {
	return $document if $document;
	my $r = Pierre::capture([ "$Pierre::BUILD/pierre", 'openapi' ], {});
	$document = $json->decode($r->{out});
	$common{ lc $_ } = 1 for Pierre::slurp("$Pierre::SOURCE/nginx/pierre-headers.conf") =~ /^add_header (\S+)/mg;
	for my $path (sort { braces($a) <=> braces($b) } keys %{ $document->{paths} }) {
		push @patterns, [ $path, join '[^/]+', map { quotemeta } split /\{\w+\}/, $path, -1 ];
	}
	return $document;
}

# --- schemas ------------------------------------------------------------------------

sub named {
	my ($part) = @_;
	while ($part->{'$ref'}) {
		my $at = document();
		$at = $at->{$_} // die "the document refers to $part->{'$ref'}, which is not there\n"
			for split m{/}, $part->{'$ref'} =~ s{^#/}{}r;
		$part = $at;
	}
	return $part;
}

# allOf as one schema: of a member that several have, what each says of it.
sub merged {
	my %all = (type => 'object', properties => {}, required => []);
	for my $part (map { named($_) } @_) {
		$all{properties}{$_} = { %{ $all{properties}{$_} // {} }, %{ $part->{properties}{$_} } }
			for keys %{ $part->{properties} };
		push @{ $all{required} }, @{ $part->{required} // [] };
	}
	return \%all;
}

# The schema without references, and closed: a member that it does not name is unknown.
sub closed {
	my $s = { %{ named($_[0]) } };
	$s = merged(@{ $s->{allOf} }) if $s->{allOf};
	$s->{oneOf} = [ map { closed($_) } @{ $s->{oneOf} } ] if $s->{oneOf};
	$s->{items} = closed($s->{items}) if $s->{items};
	if (my $members = $s->{properties}) {
		$s->{properties} = { map { $_ => closed($members->{$_}) } keys %$members };
		$s->{additionalProperties} = JSON::PP::false;
	}
	return $s;
}

sub validator {
	my ($name, $schema) = @_;
	return $compiled{$name} //= do {
		my $validator = JSON::Validator::Schema::Draft201909->new(closed($schema));
		# formats that only say what a value is for
		$validator->formats->{$_} = sub { return } for qw(int64 password);
		$validator;
	};
}

# --- answers ------------------------------------------------------------------------

# The path's pattern and item, or nothing.
sub item {
	my ($target) = @_;
	my ($path) = $target =~ m{^(?:https?://[^/]*)?([^?#]*)};
	document();
	for (@patterns) {
		my ($name, $pattern) = @$_;
		return ($name, $document->{paths}{$name}) if $path =~ /^$pattern\z/;
	}
	return;
}

sub body_is_unknown {
	my ($where, $r, $content) = @_;
	return $r->{body} eq '' ? () : 'a body' if !$content;
	my ($type) = ($r->{headers}{'content-type'} // 'none') =~ /^([^;]*)/;
	my $schema = $content->{$type} or return "a body of the type $type";
	return () if $type eq 'text/html';
	return 'a body that is not JSON' if !defined $r->{json};
	return map { "the body's $_" } validator("$where $type", $schema->{schema})->validate($r->{json});
}

sub answer_is_unknown {
	my ($where, $r, $headers, $content, $method) = @_;
	my @names = grep { my $n = lc; !$common{$n} && !$cors{$n} && !$headers->{$n} } map { $_->[0] } @{ $r->{header_list} };
	return ((map { "the header $_" } @names),
		$method eq 'HEAD' ? () : body_is_unknown($where, $r, $content));
}

sub of_operation {
	my ($where, $operation, $r, $method) = @_;
	my $known = $operation->{responses}{ $r->{status} } or return 'the status';
	$known = named($known);
	my %headers = map { lc $_ => 1 } keys %{ $known->{headers} };
	return answer_is_unknown($where, $r, \%headers, $known->{content}, $method);
}

sub of_nothing {
	my ($r, $method) = @_;
	my $headers = $elsewhere{ $r->{status} } or return 'the status';
	my $problem = { 'application/problem+json' => { schema => { '$ref' => '#/components/schemas/Problem' } } };
	return answer_is_unknown('nothing', $r, $headers, $r->{status} == 204 ? undef : $problem, $method);
}

# What of the answer the document does not know: a sentence each.
sub unknown {
	my ($method, $target, $r) = @_;
	my ($path, $item) = item($target);
	my $operation = $item && $item->{ lc($method eq 'HEAD' ? 'GET' : $method) };
	my $where = "$method " . ($path // $target) . " $r->{status}";
	my @what = $operation ? of_operation($where, $operation, $r, $method) : of_nothing($r, $method);
	# an escape may spell a path that is there, or one that is not
	@what = of_nothing($r, $method) if @what && $operation && $target =~ /^[^?]*%/;
	return map { "$where: the document does not know $_" } @what;
}

# The check of a client's every answer; it fails the test that asked.
sub judge {
	my ($sent, $r) = @_;
	return if !$r->{status};
	my ($method, $target) = $sent =~ m{^([A-Z]+) (\S+) HTTP/1\.[01]\r\n} ? ($1, $2) : ('-', '-');
	return if $target =~ m{^(?:https://[^/]+)?/(?:demo|proxy)/};   # an upstream's
	my @why = unknown($method, $target, $r) or return;
	# a process forked by the test has no count of its own
	die map { "$_\n" } @why if $$ != $Pierre::PROCESS;
	Test::More::fail($_) for @why;
	Test::More::diag($r->{text});
}

1;
