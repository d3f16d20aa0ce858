package Pierre::Parity;
# Runs a table of cases on one backend and writes down each answer in a form that is the
# same on the other: ids, secrets, cursors and request ids by their order of appearance,
# moments as such. tests/http/parity.t compares.
#
# A case: [ name, [operations], who, METHOD, path, body, status, options ], or with `sh`
# as the method a command: its words, its standard input, its exit status. {name} in path,
# body and words is what an earlier case has kept.
#
#   who      undef: nobody; a name: that session or admin token; "key NAME": X-API-Key
#   keep     name => where it stands in the answer ("key_info.id", "users.0.id")
#   until    code of the answer's JSON: asked again until it is true
#   differs  [ pattern, reason ]: what is not compared, and why; or, instead of a
#            pattern, code of the answer's JSON whose result is compared instead
use strict;
use warnings;
use Exporter 'import';
use JSON::PP ();
use Time::HiRes qw(sleep time);

our @EXPORT = qw(parity_answers);

my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my $WAIT = 20;   # seconds for what comes later: usage rows, links
my %unlike = map { $_ => 1 } qw(date content-length server connection);

# --- what is kept ---------------------------------------------------------------

sub filled {
	my ($kept, $in) = @_;
	return [ map { filled($kept, $_) } @$in ] if ref $in eq 'ARRAY';
	return { map { $_ => filled($kept, $in->{$_}) } keys %$in } if ref $in eq 'HASH';
	return $in if !defined $in || ref $in || $in !~ /\{/;
	return $in =~ s/\{(\w+)\}/$kept->{$1} \/\/ die "nothing was kept as $1\n"/ger;
}

sub at {
	my ($value, $where) = @_;
	$value = ref $value eq 'ARRAY' ? $value->[$_] : ref $value eq 'HASH' ? $value->{$_} : undef for split /\./, $where;
	return $value;
}

# --- the same on both -------------------------------------------------------------

# Code that names what is another on each run: the first id is <id 1>, wherever it stands.
sub namer {
	my (%names, %count);
	my $name = sub { my ($kind, $text) = @_; return $names{$text} //= "<$kind " . ++$count{$kind} . '>' };
	return sub {
		my ($text) = @_;
		$text =~ s/"next_cursor":"\K[^"]+/$name->('cursor', $&)/ge;
		$text =~ s/\b([a-z]{2,6}(?:_live|_trial)?)_[A-Za-z0-9_-]{32,}/$name->($1, $&)/ge;
		$text =~ s/\b(pk_live|pk_trial|padm)_[A-Za-z0-9_-]{7,8}(?![\w-])/$name->("$1 prefix", $&)/ge;
		$text =~ s/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/$name->('id', $&)/ge;
		$text =~ s/\b[0-9a-f]{64}\b/$name->('hash', $&)/ge;
		$text =~ s/\b[0-9a-f]{32}\b/$name->('request', $&)/ge;
		$text =~ s/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{3})?Z\b/<time>/g;
		$text =~ s/(?:"response_time_ms":|;t=|"retry_after":|retry-after: )\K\d+/<n>/g;
		return $text;
	};
}

# --- running ----------------------------------------------------------------------

sub headers_of {
	my ($kept, $who) = @_;
	return {} if !defined $who;
	return { 'X-API-Key' => $kept->{$1} // die "nothing was kept as $1\n" } if $who =~ /^key (\w+)$/;
	return { Authorization => 'Bearer ' . ($kept->{$who} // die "nothing was kept as $who\n") };
}

# {status, json, text}
sub asked {
	my ($p, $kept, $case) = @_;
	my (undef, undef, $who, $method, $path, $body) = @$case;
	if ($method eq 'sh') {
		my $r = $p->cli(@{ filled($kept, $path) }, defined $body ? (stdin => filled($kept, $body)) : ());
		my $printed = eval { $json->decode($r->{out}) };
		return { status => $r->{status}, json => $printed, text => ($printed ? $json->encode($printed) : $r->{out}) . $r->{err} };
	}
	my $r = $p->request($method, filled($kept, $path), filled($kept, $body), headers => headers_of($kept, $who));
	my @headers = map { "$_: $r->{headers}{$_}\n" } grep { !$unlike{$_} } sort keys %{ $r->{headers} };
	return { status => $r->{status}, json => $r->{json}, text => join '', @headers, $r->{json} ? $json->encode($r->{json}) : $r->{body} };
}

sub answered {
	my ($p, $kept, $case, %o) = @_;
	my $end = time + $WAIT;
	my $r = asked($p, $kept, $case);
	while ($o{until} && !$o{until}->($r->{json}) && time < $end) {
		sleep 0.05;
		$r = asked($p, $kept, $case);
	}
	return $r;
}

# For each case in turn {status, text, wrong}: `wrong` says why it is no success.
sub parity_answers {
	my ($p, $kept, @cases) = @_;
	my $same = namer();
	return map {
		my (undef, undef, undef, undef, undef, undef, $status, %o) = @$_;
		my $r = eval { answered($p, $kept, $_, %o) } // { status => 0, text => "not asked: $@" };
		my $text = $same->(ref($o{differs} && $o{differs}[0]) eq 'CODE' ? $json->encode($o{differs}[0]->($r->{json})) : $r->{text});
		$text =~ s/$o{differs}[0]/<differs>/g if ref($o{differs} && $o{differs}[0]) eq 'Regexp';
		for my $name (keys %{ $o{keep} // {} }) { $kept->{$name} = at($r->{json}, $o{keep}{$name}) }
		my $wrong = $r->{status} != $status ? "$r->{status} instead of $status" : $o{until} && !$o{until}->($r->{json}) ? "not within $WAIT s" : '';
		{ status => $r->{status}, text => "$r->{status}\n$text", wrong => $wrong };
	} @cases;
}

1;
