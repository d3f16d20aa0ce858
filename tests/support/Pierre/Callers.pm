package Pierre::Callers;
# Who calls, and what each kind of route owes to whom: the rows of the access matrix.
# Pierre::Access has its columns, the routes.
use strict;
use warnings;
use Exporter 'import';
use JSON::PP ();
use Pierre;
use Pierre::Access;

our @EXPORT = qw(access_cells access_callers);

# --- what is due ----------------------------------------------------------------

# Answers of refusal: status, members of the problem.
my %refusals = (
	missing => [ 401, code => 'AuthRequired', reason => 'missing' ],
	malformed => [ 401, code => 'AuthInvalid', reason => 'malformed' ],
	unknown => [ 401, code => 'AuthInvalid', reason => 'unknown' ],
	revoked => [ 401, code => 'AuthInvalid', reason => 'revoked' ],
	expired => [ 401, code => 'AuthExpired', reason => 'expired' ],
	suspended => [ 403, reason => 'suspended' ],
	role => [ 403, code => 'PermissionDenied', reason => 'role' ],
	permission => [ 403, code => 'PermissionDenied', reason => 'permission' ],
	scope => [ 403, code => 'PermissionDenied', reason => 'scope' ],
	nothing => [ 404, code => 'ResourceNotFound' ],   # another's is not there
);

# What a role of a tenant gives.
my %may = (viewer => [qw(read)], member => [qw(read write_data)], billing => [qw(read usage)],
	admin => [qw(read write_data usage members audit credentials)],
	owner => [qw(read write_data usage members audit credentials delete own)]);
my @roles = sort keys %may;
sub gives { my ($role, $permission) = @_; return scalar grep { $_ eq $permission } @{ $may{$role} } }

# Each is a word of %refusals, `own` = succeeds and shows the caller's own, `done` =
# succeeds, or `-`: no cell, since it would say nothing new.

# One who has other things calls for the owner's, or for what is the same for all.
sub of_another {
	my ($route, $caller) = @_;
	my $c = $route->{call};
	return 'role' if $caller->{role} && $route->{tenant} && !$route->{named} && !gives($caller->{role}, $route->{tenant});
	return 'nothing' if $c->{id} || $c->{names};
	return $route->{method} eq 'GET' ? 'own' : '-';
}
# A member of the tenant that is named; what he changes is tests/http/tenants.t's.
sub in_tenant {
	my ($route, $caller) = @_;
	return '-' if !$route->{named};
	return gives($caller->{role}, $route->{tenant}) ? ($route->{method} eq 'GET' ? 'done' : '-') : 'role';
}
sub with_permission { my ($route) = @_; return $route->{permission} eq 'any' ? '-' : 'permission' }
sub by_admin { my ($route) = @_; my $c = $route->{call}; return $c->{own_token} ? 'role' : $c->{token_only} ? 'nothing' : 'own' }
sub by_super_admin { my ($route) = @_; return $route->{call}{token_only} ? 'nothing' : 'own' }
# Where of_another() has no cell, or one that is refused.
sub of_own { my ($route) = @_; my $c = $route->{call}; return $c->{id} || $c->{names} || $route->{method} ne 'GET' ? 'own' : '-' }

# --- who calls ------------------------------------------------------------------

sub bearer { my ($text) = @_; return { Authorization => "Bearer $text" } }
sub in_own_header { my ($key) = @_; return { 'X-API-Key' => $key } }

# Things of nobody's in particular that are made once a test.
sub once { my ($people, $name, $code) = @_; return $people->{lasting}{$name} //= $code->($people->{p}) }

sub ended_key {
	my ($people, $how) = @_;
	return once($people, "$how key", sub { my ($p) = @_;
		my $key = $p->new_key(access_person($people, 'other'));
		$p->sql($how eq 'revoked' ? "UPDATE api_keys SET revoked_at = created_at, is_active = FALSE WHERE id = '$key->{key_info}{id}'"
			: "UPDATE api_keys SET expires_at = '2026-01-01T00:00:00.000Z' WHERE id = '$key->{key_info}{id}'");
		return $key->{api_key} });
}
sub ended_session {
	my ($people, $how) = @_;
	return once($people, "$how session", sub { my ($p) = @_;
		my $user = $p->approved_user;
		$how eq 'ended' ? $p->expect(200, $p->post('/api/auth/logout', undef, token => $user->{token}))
			: $p->sql("UPDATE sessions SET access_expires_at = '2026-01-01T00:00:00.000Z' WHERE user_id = '$user->{user_id}'");
		return $user->{token} });
}
sub admin_token {
	my ($people, $how, $permission) = @_;
	return once($people, "admin token $how $permission", sub { my ($p) = @_;
		my $t = Pierre::Access::new_token($p, $how eq 'every' ? (is_super_admin => JSON::PP::true)
			: (permissions => $how eq 'without' ? [ grep { $_ ne $permission } @Pierre::Access::PERMISSIONS ] : $permission eq 'any' ? [] : [$permission]));
		$p->expect(200, $p->post("/admin/tokens/$t->{token_id}/revoke", undef, token => $p->{admin}{token})) if $how eq 'revoked';
		$p->sql("UPDATE admin_tokens SET expires_at = '2026-01-01T00:00:00.000Z' WHERE id = '$t->{token_id}'") if $how eq 'expired';
		return $t });
}
sub of_token { my ($how) = @_; return sub { my ($people, $route) = @_; return bearer(admin_token($people, $how, $route->{permission} // 'manage_users')->{token}) } }

# A user with this role in a team of another user's, and his session there.
sub in_team {
	my ($people, $role) = @_;
	my $team = access_person($people, 'other');
	return once($people, "$role of another", sub { my ($p) = @_;
		my $user = $p->approved_user;
		join_team($p, $team->{tenant}, $user, $role);
		$user->{token} = $p->expect(200, $p->post('/api/tenants/switch', { tenant_id => $team->{tenant} }, token => $user->{token}))->{json}{access_token};
		Pierre::Access::brought($p, $user);   # what GET of one's own shows
		return $user });
}
sub join_team {
	my ($p, $tenant, $user, $role) = @_;
	$p->sql("INSERT INTO tenant_users (tenant_id, user_id, role, joined_at) VALUES ('$tenant', '$user->{user_id}', '$role', '2026-01-01T00:00:00.000Z')");
}

sub session { my ($name) = @_; return sub { return bearer(access_person($_[0], $name)->{token}) } }
# Texts of the owner's.
sub owners { my ($code) = @_; return sub { return $code->(access_person($_[0], 'owner')) } }
sub other_prefix { my ($prefix, $length) = @_; return owners(sub { bearer($prefix . substr $_[0]{token}, 4, $length) }) }

# What every route but a public one answers to these.
sub always { my ($word, %but) = @_; return (credential => $word, session => $word, scoped => $word, admin => $word, super_admin => $word, %but) }

# name; code that makes the headers of people and route; kind of route => what is due;
# `as`: the person whose own is shown; `of`: whose things are named, by default the owner's;
# `role`: in the tenant of his session.
my @callers = (
	[ 'nobody', sub { {} }, always('missing') ],
	[ 'other', session('other'), always('role', credential => 'own', session => \&of_another, scoped => \&of_another), as => 'other' ],
	(map { my $role = $_; [ "$role of another tenant", sub { bearer(in_team($_[0], $role)->{token}) },
		always('role', credential => 'done', session => \&of_another, scoped => \&of_another), role => $role ] } @roles),
	[ 'garbage', sub { bearer('pat_' . 'A' x 43) }, always('unknown') ],
	[ 'no scheme', owners(sub { { Authorization => $_[0]{token} } }), always('malformed', credential => 'missing', scoped => 'missing') ],
	[ 'Basic', sub { { Authorization => 'Basic YTpi' } }, always('malformed', credential => 'missing', scoped => 'missing') ],
	[ 'a refresh token', owners(sub { bearer($_[0]{refresh_token}) }), always('unknown') ],
	[ 'an invitation', owners(sub { bearer($_[0]{invitation_token}) }), always('unknown') ],
	[ 'a reset token', sub { my ($people) = @_; bearer(once($people, 'reset token', sub { my ($p) = @_;
		$p->expect(201, $p->post('/admin/users/' . access_person($people, 'other')->{user_id} . '/reset-password', undef,
			token => $p->{admin}{token}))->{json}{reset_token} })) }, always('unknown') ],
	[ 'a session as an admin token', other_prefix('padm_', 43), always('unknown') ],
	[ 'a session as a key', other_prefix('pk_live_', 32), always('unknown') ],
	[ 'an admin token as a session', sub { bearer('pat_' . substr admin_token($_[0], 'every', '')->{token}, 5) }, always('unknown') ],
	[ 'a session in X-API-Key', owners(sub { in_own_header($_[0]{token}) }), always('missing', credential => 'unknown', scoped => 'unknown') ],
	[ 'an ended session', sub { bearer(ended_session($_[0], 'ended')) }, always('unknown') ],
	[ 'an expired session', sub { bearer(ended_session($_[0], 'expired')) }, always('expired') ],
	[ 'suspended', session('suspended'), always('suspended') ],
	[ 'a key', owners(sub { bearer($_[0]{api_key}) }), always('unknown', credential => 'own', scoped => 'scope'), as => 'owner' ],
	[ 'a key in X-API-Key', owners(sub { in_own_header($_[0]{api_key}) }), always('missing', credential => 'own', scoped => 'scope'), as => 'owner' ],
	[ 'a key with every scope', sub { bearer(Pierre::Access::scoped_key($_[0]{p}, access_person($_[0], 'owner'), 'every')) },
		always('unknown', credential => 'own', scoped => '-'), as => 'owner' ],
	[ 'a revoked key', sub { bearer(ended_key($_[0], 'revoked')) }, always('unknown', credential => 'revoked', scoped => 'revoked') ],
	[ 'an expired key', sub { bearer(ended_key($_[0], 'expired')) }, always('unknown', credential => 'expired', scoped => 'expired') ],
	[ "a suspended user's key", sub { bearer(Pierre::Access::scoped_key($_[0]{p}, access_person($_[0], 'suspended'), 'every')) },
		always('unknown', credential => 'suspended', scoped => 'suspended') ],
	[ 'a key with all scopes but this', \&lacking_key, scoped => 'scope' ],
	[ "another user's key with the scope", key_of('other'), scoped => \&of_another, as => 'other' ],
	[ 'a revoked admin token', of_token('revoked'), always('unknown', admin => 'revoked') ],
	[ 'an expired admin token', of_token('expired'), always('unknown', admin => 'expired') ],
	[ 'an admin token with all but the permission', of_token('without'), always('unknown', admin => \&with_permission) ],
	[ 'an admin token with every permission', of_token('every'), always('unknown', admin => '-') ],
	(map { my $role = $_; [ "$role of the tenant", sub { bearer(in_team($_[0], $role)->{token}) },
		session => \&in_tenant, scoped => \&in_tenant, role => $role, of => 'other' ] } @roles),
	[ 'plain admin', session('plain admin'), always('role', credential => 'own', session => \&of_another, scoped => \&of_another, admin => \&by_admin),
		as => 'plain admin' ],
	[ 'super_admin', session('super_admin'), always('own', session => \&of_another, scoped => \&of_another, admin => \&by_super_admin), as => 'super_admin' ],
	[ 'an admin token with the permission', of_token('with'), always('-', admin => 'done') ],
	[ 'a key with the scope', key_of('owner'), scoped => 'own', as => 'owner' ],
	[ 'super_admin, of his own', session('super_admin'), session => \&of_own, scoped => \&of_own, as => 'super_admin', of => 'super_admin' ],
	[ 'owner', session('owner'), always('own', admin => 'role', super_admin => 'role'), as => 'owner' ],
);
sub access_callers { return scalar @callers }
sub key_of { my ($name) = @_; return sub { my ($people, $route) = @_;
	return in_own_header(Pierre::Access::scoped_key($people->{p}, access_person($people, $name), 'with', $route->{scope})) } }
sub lacking_key { my ($people, $route) = @_;
	return in_own_header(Pierre::Access::scoped_key($people->{p}, access_person($people, 'owner'), 'without', $route->{scope})) }

# --- calls and their judges -----------------------------------------------------

# $owner: whose things the path and the body name.
sub call {
	my ($people, $route, $owner, $headers) = @_;
	my ($c, $path) = ($route->{call}, $route->{path});
	my $body = ref $c->{body} eq 'CODE' ? $c->{body}->($owner) : $c->{body};
	$path =~ s/\{id\}/$owner->{ $c->{id} }/ if $c->{id};
	$path .= "?$c->{query}" if $c->{query};
	$path =~ s/\{$_\}/$owner->{ $c->{in}{$_} }/ for keys %{ $c->{in} // {} };
	return $people->{p}->request($route->{method}, $path, $body, headers => { %$headers });
}

sub status_wrong {
	my ($r, $status) = @_;
	return $r->{status} == $status ? '' : "$r->{status} instead of $status: $r->{body}";
}

# A problem with these members.
sub problem_wrong {
	my ($r, $status, %want) = @_;
	my $j = $r->{json} // {};
	my $wrong = status_wrong($r, $status);
	return $wrong if $wrong;
	$want{status} = $status;
	$want{request_id} = $r->{headers}{'x-request-id'};
	my @off = grep { ($j->{$_} // '') ne $want{$_} } sort keys %want;
	push @off, 'Content-Type' if $r->{headers}{'content-type'} ne 'application/problem+json';
	return @off ? "other @off: $r->{body}" : '';
}

# The answer is a success that shows the caller's own, and nothing of the others. An
# administrator is shown the owner's.
sub own_wrong {
	my ($r, $route, $caller, @others) = @_;
	my $c = $route->{call};
	my $wrong = status_wrong($r, $c->{ok});
	return $wrong if $wrong;
	return "does not show the $c->{shows}: $r->{body}" if $caller && $c->{shows} && index($r->{body}, $caller->{ $c->{shows} }) < 0;
	for my $other (@others) {
		for (qw(user_id email key session tenant invitation)) {
			return "shows another user's $_: $r->{body}" if index($r->{body}, $other->{$_}) >= 0;
		}
	}
	return '';
}

# --- cells ----------------------------------------------------------------------

# What is due to this caller on this route.
sub due {
	my ($route, $options) = @_;
	return $options->{super_admin} ? 'public' : '-' if $route->{who} eq 'anybody';
	my $due = $options->{ $route->{who} } // '-';
	return ref $due ? $due->($route, $options) : $due;
}

sub judged {
	my ($people, $route, $caller, $due) = @_;
	my ($name, $headers, %o) = @$caller;
	my $c = $route->{call};
	my $owner = access_person($people, $o{of} // 'owner');
	my $as = $o{as} && access_person($people, $o{as});
	my $token = $c->{own_token} && $due eq 'done' && admin_token($people, 'with', $route->{permission});
	my $r = call($people, $route, $token ? { %$owner, admin_token => $token->{token_id} } : $owner, $headers->($people, $route));
	delete $people->{lasting}{"admin token with $route->{permission}"} if $token;   # it has ended itself
	return status_wrong($r, $c->{public}) if $due eq 'public';
	return status_wrong($r, $c->{ok}) if $due eq 'done';
	return problem_wrong($r, @{ $refusals{$due} }) if $due ne 'own';
	return own_wrong($r, $route, $owner) if $route->{who} =~ /admin/;
	# those with a role are in a tenant of other's
	return own_wrong($r, $route, $as, grep { !$as || $_ != $as } map { access_person($people, $_) } 'owner', $o{role} ? () : 'other');
}

# Does the call succeed with the owner's things?
sub acts {
	my ($route, $due, $as) = @_;
	return !$refusals{$due} && ($route->{who} =~ /admin/ || ($as // '') eq 'owner');
}

# [name, code that calls and says what is wrong, '' = nothing]; those that may change the
# owner's things are last.
sub access_cells {
	my ($people, $route) = @_;
	my (@before, @after);
	for my $caller (@callers) {
		my (undef, $headers, %o) = @$caller;
		my $due = due($route, \%o);
		next if $due eq '-';
		# all people are there before the first call of a cell
		access_person($people, $_) for 'owner', 'other', $o{as} // ();
		$headers->($people, $route);
		push @{ acts($route, $due, $o{as}) ? \@after : \@before }, [ $caller->[0], sub { judged($people, $route, $caller, $due) } ];
	}
	return @before if $route->{who} eq 'anybody';
	my @whose = map { access_person($people, $_) } qw(owner other);
	my $rows = Pierre::Access::rows_of($people, @whose);
	return (@before, [ 'nothing has changed', sub {
		my $now = Pierre::Access::rows_of($people, @whose);
		return $now eq $rows ? '' : "before:\n$rows\nafter:\n$now" } ], @after);
}

1;
