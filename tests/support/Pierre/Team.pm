package Pierre::Team;
# Tenants of many, as their owners make them over REST.
use strict;
use warnings;
use Exporter 'import';

our @EXPORT = qw(team join_team switched);

# A new team of this user: the answer's JSON.
sub team {
	my ($p, $user, %body) = @_;
	return $p->expect(201, $p->post('/api/tenants', { name => 'Team', %body }, token => $user->{token}))->{json};
}

# The owner invites, the user accepts.
sub join_team {
	my ($p, $team, $owner, $user, $role) = @_;
	my $i = $p->expect(201, $p->post("/api/tenants/$team->{tenant_id}/invitations",
		{ email => $user->{email}, role => $role eq 'owner' ? 'admin' : $role }, token => $owner->{token}))->{json};
	$p->expect(200, $p->post('/api/tenants/invitations/accept', { invitation_token => $i->{invitation_token} }, token => $user->{token}));
	$p->expect(200, $p->request('PATCH', "/api/tenants/$team->{tenant_id}/members/$user->{user_id}", { role => 'owner' },
		token => $owner->{token})) if $role eq 'owner';
}

# The user, with a session that works in that tenant.
sub switched {
	my ($p, $user, $tenant) = @_;
	return { %$user, token => $p->expect(200, $p->post('/api/tenants/switch', { tenant_id => $tenant }, token => $user->{token}))->{json}{access_token} };
}

1;
