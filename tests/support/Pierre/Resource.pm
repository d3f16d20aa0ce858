package Pierre::Resource;
# Judges the routes of a plain resource: PATH takes POST and GET, PATH/{id} takes GET,
# PATCH and DELETE. What each takes and answers is read from the OpenAPI document, so that
# a test says only what it does not tell, and in what the resource differs:
#
#   resource_is($p, '/api/shoes', create => { name => 'Racer' }, patch => { name => 'Old' });
#
# create   a good body of POST; default: what the document requires
# patch    a good body of PATCH; default: the first member, at a bound
# table    where its rows are; default: the last word of the path
# record   code: the record in the answer to a POST; default: the answer
# make     code->($user): makes one where there is no POST; its id
# good     member => [values] that are accepted instead of those at its bounds, for a
#          member that a rule besides the document judges, or whose values it cannot tell
# bad      member => [values] that are refused besides, naming the member
# gone     1: DELETE takes the row away, so that a second one answers 404; else it stays,
#          and a second DELETE answers what the first did
# routes   [names] of those below that it has; default: all five
# pages    0: the list is one page
use strict;
use warnings;
use Exporter 'import';
use Test::More;
use JSON::PP ();
use Pierre;
use Pierre::Check;
use Pierre::Document;
use Pierre::Values;

our @EXPORT = qw(resource_is);
my $nobody = '00000000-0000-4000-8000-000000000000';
my $json = JSON::PP->new->ascii->canonical->allow_nonref;   # of names of tests

# name => method, below the path
my %routes = (create => [ 'POST', '' ], list => [ 'GET', '' ], show => [ 'GET', '/{id}' ],
	patch => [ 'PATCH', '/{id}' ], delete => [ 'DELETE', '/{id}' ]);

sub resource_is {
	my ($p, $path, %o) = @_;
	my $r = resource($p, $path, %o);
	subtest $path => sub {
		is(join(' ', sort keys %{ $r->{op} }), join(' ', sort @{ $r->{routes} }), 'it has its routes');
		is(!!$r->{query}{cursor}, !!$r->{pages}, $r->{pages} ? 'and pages' : 'and no pages');
		part('a credential is asked for', \&credentials, $r);
		part('a stranger finds nothing', \&strangers, $r);
		for my $op (grep { $r->{in}{$_} } qw(create patch)) {
			part("$op: members of the body", \&members, $r, $op);
			part("$op: what is refused", \&refused, $r, $op);
			part("$op: what is accepted", \&accepted, $r, $op);
		}
		part('create: a repeat', \&repeating, $r) if $r->{op}{create};
		part('a patch changes what it names', \&patching, $r) if $r->{op}{patch};
		part('pages under inserts', \&paging, $r) if $r->{pages};
		part('delete, and again', \&deleting, $r) if $r->{op}{delete};
	};
}

# One that cannot go on does not keep the others from being looked at.
sub part {
	my ($name, $code, @with) = @_;
	subtest $name => sub { eval { $code->(@with); 1 } or fail("it cannot go on: $@") };
}

# The routes of the document and what goes in and out of them, under the options.
sub resource {
	my ($p, $path, %o) = @_;
	my $paths = Pierre::Document::document()->{paths};
	my %op = map { my ($method, $below) = @{ $routes{$_} }; my $op = $paths->{"$path$below"}{ lc $method };
		$op ? ($_ => $op) : () } keys %routes;
	my %in = map { my $body = $op{$_}{requestBody}; $body ? ($_ => Pierre::Document::closed(
		$body->{content}{'application/json'}{schema})) : () } keys %op;
	my $r = { p => $p, path => $path, op => \%op, in => \%in, good => {}, bad => {}, routes => [ keys %routes ], pages => 1,
		table => $path =~ m{(\w+)$}, record => sub { $_[0] }, %o };
	$r->{query} = { map { $_->{name} => $_->{schema} } grep { $_->{in} eq 'query' } @{ $op{list}{parameters} // [] } };
	$r->{create} //= Pierre::Values::sample($in{create}) if $in{create};
	$r->{patch} //= { Pierre::Values::a_member($in{patch}) } if $in{patch};
	$r->{item} = Pierre::Document::closed(answer($op{show})) if $op{show};
	return $r;
}
sub answer {
	my ($op) = @_;
	my ($status) = grep { /^2/ } keys %{ $op->{responses} };
	return $op->{responses}{$status}{content}{'application/json'}{schema};
}
sub success { my ($r, $name) = @_; return (grep { /^2/ } keys %{ $r->{op}{$name}{responses} })[0] }

# --- calls ------------------------------------------------------------------------

# $user: who calls, undef = nobody; $id of a path that has one.
sub call {
	my ($r, $name, $user, $id, $body, %more) = @_;
	my ($method, $below) = @{ $routes{$name} };
	my $path = "$r->{path}$below" =~ s/\{id\}/$id \/\/ $nobody/er;
	$path .= "?$more{query}" if $more{query};
	return $r->{p}->request($method, $path, $body, $user ? (token => $user->{token}) : ());
}
sub body_of { my ($r, $name) = @_; return $r->{in}{$name} ? $r->{$name} : undef }
sub person { my ($r) = @_; return $r->{p}->approved_user }

# The id of a new one; of one with each member that may be given.
sub made {
	my ($r, $user, $body) = @_;
	return $r->{make}->($user) if $r->{make};
	my $answer = call($r, 'create', $user, undef, $body // $r->{create});
	return $r->{record}->($r->{p}->expect(success($r, 'create'), $answer)->{json})->{id};
}
sub made_whole {
	my ($r, $user) = @_;
	my $s = $r->{in}{create}{properties};
	my ($n, %body) = (0, %{ $r->{create} // {} });
	$body{$_} //= $r->{good}{$_} ? $r->{good}{$_}[0] : Pierre::Values::some($s->{$_}, ++$n) for sort keys %$s;
	return made($r, $user, \%body);
}
sub rows {
	my ($r, $user, $query) = @_;
	my $json = $r->{p}->expect(200, call($r, 'list', $user, undef, undef, query => $query))->{json};
	my ($list) = grep { ref $json->{$_} eq 'ARRAY' } keys %$json;
	return ($json->{$list}, $json->{next_cursor});
}
sub shown {
	my ($r, $user, $id) = @_;
	return $r->{p}->expect(200, call($r, 'show', $user, $id))->{json} if $r->{op}{show};
	my ($rows) = rows($r, $user);
	return (grep { $_->{id} eq $id } @$rows)[0];
}

# One row of the audit trail for this answer: of whom, and about what.
sub audited {
	my ($r, $answer, $user, $id, $name) = @_;
	is(trail($r, $answer), "$id|$user->{user_id}|rest", "$name: one audit row, of its owner and about it");
}
sub trail {
	my ($r, @answers) = @_;
	my $ids = join ',', map { "'$_'" } map { $_->{headers}{'x-request-id'} } @answers;
	return $r->{p}->sql("SELECT target, CAST(user_id AS TEXT), source FROM audit_events WHERE request_id IN ($ids)");
}
sub not_audited { my ($r, $name, @answers) = @_; is(trail($r, @answers), '', "$name: no audit row") }
sub rows_in_table {
	my ($r, $user) = @_;
	return $r->{p}->sql("SELECT count(*) FROM $r->{table} WHERE user_id = '$user->{user_id}'");
}

# --- who ----------------------------------------------------------------------------

sub credentials {
	my ($r) = @_;
	my $user = person($r);
	my $id = made($r, $user);
	my $before = shown($r, $user, $id);
	my @answers;
	for my $name (sort keys %{ $r->{op} }) {
		push @answers, problem_is(call($r, $name, undef, $id, body_of($r, $name)), 401, { code => 'AuthRequired' }, "$name: none");
		push @answers, problem_is(call($r, $name, { token => 'pat_' . 'A' x 43 }, $id, body_of($r, $name)), 401,
			{ code => 'AuthInvalid' }, "$name: garbage");
	}
	is_deeply(shown($r, $user, $id), $before, 'nothing was changed');
	not_audited($r, 'refused', @answers);
}

sub strangers {
	my ($r) = @_;
	my ($user, $stranger) = (person($r), person($r));
	my $id = made($r, $user);
	my $before = shown($r, $user, $id);
	my @answers;
	for my $name (grep { $routes{$_}[1] } sort keys %{ $r->{op} }) {
		my ($foreign, $none) = map { problem_is(call($r, $name, $stranger, $_->[0], body_of($r, $name)), 404, {}, "$name: $_->[1]") }
			[ $id, "another user's" ], [ $nobody, 'one that is not there' ];
		problem_is(call($r, $name, $user, $_, body_of($r, $name)), 404, {}, "$name: no id '$_'")
			for 'x', substr($id, 1), "$id%20", "$id/";
		delete $_->{json}{request_id} for $foreign, $none;
		is_deeply($foreign->{json}, $none->{json}, "$name: both are answered alike");
		push @answers, $foreign, $none;
	}
	my ($rows) = rows($r, $stranger);
	is(scalar(grep { $_->{id} eq $id } @$rows), 0, "list: nothing of another user's");
	is_deeply(shown($r, $user, $id), $before, 'its owner finds it as it was');
	is_deeply(shown($r, $user, uc $id), $before, 'by its id in capitals too') if $r->{op}{show};
	not_audited($r, 'refused', @answers);
}

# --- bodies -------------------------------------------------------------------------

# The document bounds each member, and no other is taken: of the record those that are
# not for a client to say.
sub members {
	my ($r, $name) = @_;
	my $known = $r->{in}{$name}{properties};
	for (sort keys %$known) {
		is(join(' ', Pierre::Values::unbounded($known->{$_})), '', "$_: the document says its bounds");
	}
	my ($user, @answers) = person($r);
	my $id = $name eq 'create' ? undef : made($r, $user);
	for my $unknown ('no_such_member', grep { !$known->{$_} } sort keys %{ $r->{item}{properties} }) {
		push @answers, problem_is(call($r, $name, $user, $id, { %{ $r->{$name} }, $unknown => 'x' }), 422,
			{ field => $unknown }, "$unknown is not for a client to say");
	}
	not_audited($r, 'refused', @answers);
}

sub brief { my $text = $json->encode($_[0]); return length $text > 40 ? substr($text, 0, 37) . '...' : $text }

sub refused {
	my ($r, $name) = @_;
	my ($user, $s, @answers) = (person($r), $r->{in}{$name});
	my $id = $name eq 'create' ? undef : made($r, $user);
	my ($rows, $before) = (rows_in_table($r, $user), $id && shown($r, $user, $id));
	for my $member (sort keys %{ $s->{properties} }) {
		my @bad = (Pierre::Values::bad($s->{properties}{$member}), map { [ brief($_), $_ ] } @{ $r->{bad}{$member} // [] });
		push @answers, map { problem_is(call($r, $name, $user, $id, { %{ $r->{$name} }, $member => $_->[1] }), 422,
			{ field => $member }, "$member: $_->[0] is refused") } @bad;
	}
	for my $member (@{ $s->{required} // [] }) {
		my %less = %{ $r->{$name} };
		delete $less{$member};
		push @answers, problem_is(call($r, $name, $user, $id, \%less), 422, { field => $member }, "$member: left out is refused");
	}
	is(rows_in_table($r, $user), $rows, 'nothing was made');
	is_deeply(shown($r, $user, $id), $before, 'nothing was changed') if $id;
	not_audited($r, 'refused', @answers);
}

# Each good value of each member is kept as it was sent. A time may come back in
# another spelling, and null as what stands for it in a new one.
sub accepted {
	my ($r, $name) = @_;
	my $s = $r->{in}{$name}{properties};
	for my $member (sort keys %$s) {
		my $user = person($r);
		my $id = $name eq 'create' ? undef : made($r, $user);
		for my $value (@{ $r->{good}{$member} // [ Pierre::Values::good($s->{$member}) ] }) {
			my $answer = call($r, $name, $user, $id, { %{ $r->{$name} }, $member => $value });
			my $what = "$member: " . brief($value) . ' is accepted';
			status_is($answer, success($r, $name), $what);
			my $record = $answer->{json} && ($id ? $answer->{json} : $r->{record}->($answer->{json}));
			is_deeply($record->{$member}, $value, "$what and kept")
				if $record && exists $record->{$member} && ($id || defined $value) && !$s->{$member}{format};
		}
	}
}

# With the same Idempotency-Key: the rest of it is tests/http/idempotency.t's.
sub repeating {
	my ($r) = @_;
	my $user = person($r);
	my @answers = map { $r->{p}->post($r->{path}, $json->encode($r->{create}), token => $user->{token},
		headers => { 'Idempotency-Key' => 'one' }) } 1 .. 2;
	status_is($_, success($r, 'create'), 'create') for @answers;
	is($answers[1]{body}, $answers[0]{body}, 'a repeat gets the same answer');
	is(rows_in_table($r, $user), 1, 'and makes nothing');
	my $id = $r->{record}->($answers[0]{json})->{id};
	is(trail($r, @answers), "$id|$user->{user_id}|rest", 'of which the audit trail has one row');
}

sub patching {
	my ($r) = @_;
	my $user = person($r);
	my $id = made_whole($r, $user);
	my $before = shown($r, $user, $id);
	my $answer = status_is(call($r, 'patch', $user, $id, {}), 200, 'nothing named');
	is_deeply($answer->{json}, $before, 'nothing is changed');
	not_audited($r, 'nothing named', $answer);
	$answer = status_is(call($r, 'patch', $user, $id, $r->{patch}), 200, 'patch');
	audited($r, $answer, $user, $id, 'patch');
	my %due = (%$before, %{ $r->{patch} });
	$due{updated_at} = $answer->{json}{updated_at} if exists $due{updated_at};
	is_deeply($answer->{json}, \%due, 'what was named, and nothing else');
	is_deeply(shown($r, $user, $id), $answer->{json}, 'it is shown so');
	my ($rows) = rows($r, $user);
	is_deeply([ grep { $_->{id} eq $id } @$rows ], [ $answer->{json} ], 'and listed so');
}

# --- pages --------------------------------------------------------------------------

# Seven rows, most of one moment, by pages of two, while others are made: each of the
# seven once and in order, none of the new ones.
sub paging {
	my ($r) = @_;
	my ($user, $stranger) = (person($r), person($r));
	my @ids = map { made($r, $user) } 1 .. 7;
	$r->{p}->sql("UPDATE $r->{table} SET created_at = '2026-01-01T00:00:00.000Z' WHERE id IN ("
		. join(',', map { "'$_'" } @ids[ 0 .. 4 ]) . ')');
	my $due = [ map { $_->{id} } sort { "$b->{created_at}$b->{id}" cmp "$a->{created_at}$a->{id}" } map { shown($r, $user, $_) } @ids ];
	my ($rows, $cursor) = rows($r, $user, 'limit=7');
	is_deeply([ map { $_->{id} } @$rows ], $due, 'newest first, by id where two are of one moment');
	is($cursor, undef, 'a page that holds all has no next one');
	my (@seen, $first);
	$cursor = undef;
	do {
		($rows, $cursor) = rows($r, $user, 'limit=2' . (defined $cursor ? "&cursor=$cursor" : ''));
		cmp_ok(scalar @$rows, '<=', 2, 'two in a page');
		push @seen, map { $_->{id} } @$rows;
		$first //= $cursor;
		made($r, $_) for $user, $stranger;
	} while (defined $cursor && @seen < 20);
	is_deeply(\@seen, $due, 'by pages under inserts: each once, none lost');
	($rows) = rows($r, $stranger, "cursor=$first");
	is(scalar(grep { my $id = $_->{id}; grep { $_ eq $id } @ids } @$rows), 0, "another user's cursor opens nothing");
	queries($r, $user);
}

sub queries {
	my ($r, $user) = @_;
	my ($least, $most) = @{ $r->{query}{limit} }{qw(minimum maximum)};
	for ([ limit => $least - 1 ], [ limit => $most + 1 ], [ limit => 'x' ], [ limit => '' ], [ cursor => 'x' ],
		[ cursor => 'A' x 82 ], [ no_such_parameter => 1 ]) {
		problem_is(call($r, 'list', $user, undef, undef, query => join '=', @$_), 422, { field => $_->[0] }, join('=', @$_) . ' is refused');
	}
	status_is(call($r, 'list', $user, undef, undef, query => "limit=$_"), 200, "limit=$_") for $least, $most;
}

# --- delete ---------------------------------------------------------------------------

sub deleting {
	my ($r) = @_;
	my $user = person($r);
	my ($id, $other) = map { made($r, $user) } 1 .. 2;
	my $before = shown($r, $user, $other);
	my $first = status_is(call($r, 'delete', $user, $id), success($r, 'delete'), 'delete');
	audited($r, $first, $user, $id, 'delete');
	my $again = status_is(call($r, 'delete', $user, $id), $r->{gone} ? 404 : $first->{status}, 'again');
	is($again->{body}, $first->{body}, 'with the same answer') unless $r->{gone};
	not_audited($r, 'again', $again);
	if ($r->{op}{show}) {
		status_is(call($r, 'show', $user, $id), $r->{gone} ? 404 : 200, $r->{gone} ? 'is gone' : 'is still shown');
	}
	my ($rows) = rows($r, $user);
	is(scalar(grep { $_->{id} eq $id } @$rows), $r->{gone} ? 0 : 1, 'and in the list likewise');
	is_deeply(shown($r, $user, $other), $before, 'another one is as it was');
	at_once_deleted($r, $user, $other);
}

sub at_once_deleted {
	my ($r, $user, $id) = @_;
	my @words = at_once(map { sub { my $a = call($r, 'delete', $user, $id); "$a->{status} $a->{headers}{'x-request-id'}" } } 1 .. 4);
	my @statuses = sort map { (split / /)[0] } @words;
	is("@statuses", join(' ', success($r, 'delete'), ($r->{gone} ? 404 : success($r, 'delete')) x 3), 'four at once')
		or diag("@words");
	my @answers = map { { headers => { 'x-request-id' => (split / /)[1] } } } @words;
	is(trail($r, @answers), "$id|$user->{user_id}|rest", 'and one audit row');
}

1;
