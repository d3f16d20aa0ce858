#!/usr/bin/perl
# A location that demands a scope is asked about, however nginx came to it.
use strict;
use warnings;
use Test::More;
use lib "$ENV{PIERRE_SOURCE}/tests/support";
use Pierre;

my $SITE = <<'END';
server {
	listen 127.0.0.1:@SITE_PORT@;
	root @DIR@/www;
	include snippets/pierre-auth-locations.conf;
	location / {
		include snippets/pierre-auth.conf;
		try_files $uri /reports/front.html;
	}
	location /reports/ {
		set $pierre_cost 10;
		set $pierre_scope reports;
		include snippets/pierre-auth.conf;
		try_files $uri /reports/archive/none.html;
	}
	location /reports/both/ {
		set $pierre_scope "read reports";
		include snippets/pierre-auth.conf;
		try_files $uri /plain.html;
	}
	location /reports/archive/ {
		set $pierre_scope reports;
		include snippets/pierre-auth.conf;
		try_files $uri /plain.html;
	}
}
END

for my $backend (Pierre::backends()) {
	subtest $backend => sub {
		my $p = Pierre->start(backend => $backend, site => $SITE);
		for (qw(www www/reports)) { mkdir "$p->{dir}/$_" or die "$_: $!"; chmod 0755, "$p->{dir}/$_" }
		for (qw(reports/front.html plain.html)) {
			open my $f, '>', "$p->{dir}/www/$_" or die "$_: $!";
			print $f "$_\n";
			close $f;
			chmod 0644, "$p->{dir}/www/$_";
		}
		my $user = $p->approved_user;
		my $read = $p->new_key($user, scopes => ['read'])->{api_key};
		my $both = $p->new_key($user, scopes => [ 'read', 'reports' ])->{api_key};
		my $ask = sub {
			my ($key, $path) = @_;
			return $p->{site}->request(GET => $path, undef, headers => { 'X-API-Key' => $key });
		};
		my $left = sub { return $ask->($_[0], '/plain.html')->{headers}{'x-ratelimit-remaining'} };

		is $ask->($read, '/plain.html')->{status}, 200, 'where no scope is demanded';
		my $before = $left->($read);
		is $ask->($read, '/reports/front.html')->{status}, 403, 'asked for it is demanded';
		is $ask->($read, '/no-such-file')->{status}, 403, 'and where try_files leads to it';
		is $left->($read), $before - 2, 'charged: what was asked before, and this question';

		my $r = $ask->($both, '/reports/front.html');
		is "$r->{status} $r->{body}", "200 reports/front.html\n", 'a key that has it';
		$before = $left->($both);
		is $ask->($both, '/reports/front.html')->{status}, 200, 'again';
		is $left->($both), $before - 11, 'at the cost of the location';
		is $ask->($both, '/no-such-file')->{body}, "reports/front.html\n", 'led to it';
		is $left->($both), $before - 23, 'each scope is asked for, and charged';
		is $ask->($both, '/reports/missing')->{body}, "plain.html\n", 'the same scope, then none';
		is $left->($both), $before - 34, 'is charged once';
		is $ask->($both, '/reports/both/x')->{status}, 200, 'a key that has both scopes that are demanded';
		is $ask->($read, '/reports/both/x')->{status}, 403, 'and one that has one of them';
		$p->stop;
	};
}
done_testing;
