#!/usr/bin/perl
# The audit trail as administrators, users and the shell read it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../support";
use Test::More;
use JSON::PP;
use Pierre;
use Pierre::Check;
use Process qw(await await_log lines_of);

sub events { my ($r) = @_; return @{ $r->{json}{events} // $r->{json}{data}{events} // [] } }
sub as { my ($who) = @_; return token => $who->{token} }

each_backend(sub {
	my ($p) = @_;
	my $admin = $p->setup_admin;
	my $anna = $p->approved_user;
	my $bert = $p->approved_user;
	my $key = $p->new_key($anna);

	subtest 'one\'s own' => sub {
		my $r = $p->get('/api/user/audit', as($anna));
		is($r->{status}, 200, 'is answered');
		my @all = events($r);
		is(join(' ', map { $_->{event_type} } @all), 'ApiKeyCreated UserLogin', 'what she did, newest first');
		is(scalar(grep { $_->{user_id} ne $anna->{user_id} } @all), 0, 'and nothing else');
		is($all[0]{target}, $key->{key_info}{id}, 'to what');
		is_deeply($all[0]{metadata}, { key_prefix => $key->{key_info}{key_prefix}, owner => $anna->{user_id}, tier => $key->{key_info}{tier} },
			'metadata are an object');
		is(scalar events($p->get('/api/user/audit?event_type=UserLogin', as($anna))), 1, 'of one type');
		is(scalar events($p->get("/api/user/audit?target=$key->{key_info}{id}", as($bert))), 0, 'another user sees none of it');
		problem_is($p->get("/api/user/audit?user_id=$bert->{user_id}", as($anna)), 422, { field => 'user_id' }, 'whose is no question');
		my $page = $p->get('/api/user/audit?limit=1', as($anna));
		my @second = events($p->get("/api/user/audit?limit=1&cursor=$page->{json}{next_cursor}", as($anna)));
		is($second[0]{id}, $all[1]{id}, 'by page');
		problem_is($p->get("/api/user/audit?$_", as($anna)), 422, { field => s/=.*//r }, $_) for qw(severity=info result=bad from=x limit=0 nothing=1);
	};

	subtest 'of a tenant' => sub {
		my ($owner, $guest) = map { $p->approved_user } 1 .. 2;
		my $id = $p->expect(201, $p->post('/api/tenants', { name => 'Team' }, as($owner)))->{json}{tenant_id};
		my $i = $p->expect(201, $p->post("/api/tenants/$id/invitations", { email => $guest->{email}, role => 'member' }, as($owner)))->{json};
		$p->expect(200, $p->post('/api/tenants/invitations/accept', { invitation_token => $i->{invitation_token} }, as($guest)));
		$p->expect(200, $p->request('PATCH', "/admin/tenants/$id", { limit_mode => 'observe' }, as($admin)));
		my $list = sub { $p->get("/api/tenants/$id/audit" . ($_[0] // ''), as($owner)) };
		my $r = $list->();
		is($r->{status}, 200, 'is answered');
		my @all = events($r);
		is(join(' ', map { $_->{event_type} } @all), 'TenantChanged MemberAdded InvitationCreated TenantCreated', 'what all did there, newest first');
		is(join(' ', grep { $_->{tenant_id} ne $id } @all), '', 'and nothing from elsewhere');
		is(scalar events($list->("?user_id=$guest->{user_id}")), 1, 'by one of them');
		is_deeply([ @{ $all[0] }{qw(user_id ip_address user_agent)} ], [ undef, undef, undef ], 'of an administrator not who it was');
		is(scalar events($list->("?user_id=$admin->{user_id}")), 0, 'nor can it be asked');
		is(scalar(grep { !$_->{user_id} || !$_->{ip_address} } @all[1 .. 3]), 0, 'of members it is said');
		is(scalar events($list->('?event_type=MemberAdded&result=success&severity=Info')), 1, 'of one type');
		is(scalar events($list->("?target=$guest->{user_id}&from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z")), 1, 'about one of them');
		my $page = $list->('?limit=3');
		is((events($list->("?limit=3&cursor=$page->{json}{next_cursor}")))[0]{id}, $all[3]{id}, 'by page');
		problem_is($list->("?tenant_id=$bert->{user_id}"), 422, { field => 'tenant_id' }, 'whose is in the path');
		is($p->get("/api/tenants/$anna->{user_id}/audit", as($anna))->{status}, 200, 'also of the personal one');
		is($p->get("/api/tenants/$anna->{user_id}/audit", as($bert))->{status}, 404, 'which nobody else sees');
	};

	subtest 'all' => sub {
		my $r = $p->get('/admin/audit?limit=200', as($admin));
		is($r->{status}, 200, 'is answered');
		is($r->{json}{data}{count}, scalar events($r), 'with their number');
		is(scalar events($r), $p->sql('SELECT count(*) FROM audit_events'), 'all there are');
		is(scalar events($p->get("/admin/audit?user_id=$anna->{user_id}&result=success&severity=Info", as($admin))), 2, 'filtered');
		is($p->get('/admin/audit', as($anna))->{status}, 403, 'not for others');
		await('links', sub { $p->sql('SELECT count(*) FROM audit_pending') == 0 }, $p);
		my ($e) = events($p->get("/admin/audit?target=$key->{key_info}{id}", as($admin)));
		like($e->{hash} // '', qr/^[0-9a-f]{64}$/, 'with the hash of its link');
		is($e->{chain}, $e->{tenant_id} // 'system', 'in the chain of its tenant');
	};

	subtest 'the shell' => sub {
		my $clean = $p->cli(qw(audit verify --json));
		is($clean->{status}, 0, 'verify') or diag $clean->{err};
		my $v = decode_json($clean->{out});
		is($v->{faults}, 0, 'finds nothing');
		is($v->{links}, $p->sql('SELECT count(*) FROM audit_events'), 'of all events');
		my $list = decode_json($p->cli(qw(audit list --json --user), $anna->{user_id})->{out});
		is(join(' ', map { $_->{event_type} } @$list), 'ApiKeyCreated UserLogin', 'list');
		like($p->cli(qw(audit list --type UserLogin --result success --from 2020-01-01))->{out}, qr/^timestamp .*\n.* UserLogin /, 'as a table');
		like($p->cli(qw(audit list --severity info))->{err}, qr/^pierre: --severity must be one of/, 'a word that is none');
		my $heads = "$p->{dir}/heads";
		open my $f, '>', $heads or die;
		print $f my $kept = $p->cli(qw(audit head))->{out};
		close $f;
		like($kept, qr/^chain .*^system +\d+ +[0-9a-f]{64} /ms, 'head');
		is($p->cli(qw(audit verify --expect), $heads)->{status}, 0, 'is what is expected');
		$p->restart;
		await_log($p, qr/ audit_head .*chain=system/);
		my ($logged) = lines_of($p, qr/ audit_head .*chain=system/);
		is($p->cli(qw(audit verify --expect -), stdin => "$logged\n")->{status}, 0, 'as the log has it');
		my $wrong = $kept =~ s/(system +\d+ +)[0-9a-f]/$1 . 'x'/er;
		like($p->cli(qw(audit verify --expect -), stdin => $wrong)->{err}, qr/line \d is no head/, 'a line that is none');
		like($p->cli(qw(audit verify --expect -), stdin => "chain seq hash\n")->{err}, qr/has no head/, 'no line');
		my $later = $kept =~ s/system +\K\d+/9999999/r;
		my $cut = $p->cli(qw(audit verify --expect -), stdin => $later);
		is($cut->{status}, 1, 'a tail that is not there');
		like($cut->{err}, qr/chain system: link 9999999: The chain was cut/, 'is told');
		is($p->cli(qw(audit verify), env => { ENCRYPTION_KEY => 'A' x 43 . '=' })->{status}, 1, 'another key is refused');
	};
});
done_testing;
