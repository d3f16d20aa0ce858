package Bench::Door;
# A pierre to be measured: with live professional keys, two to a user, each
# with a limit of its own under its user's. Asked directly for this, without
# nginx.
use strict;
use warnings;
use FastCGI;
use Pierre;

use constant { KEYS_PER_USER => 2, LIMIT => 1_000_000_000 };

# backend, workers, keys (how many), durability ("async" or "sync").
# {p, keys => [...]}
sub start {
	my (%o) = @_;
	my $p = Pierre->start(backend => $o{backend}, nginx => 0, env => {
		WORKERS => $o{workers}, AUTO_APPROVE_USERS => 'true', FAST_DATABASE_TIMEOUT_MS => undef,
		has_durability() ? (USAGE_DURABILITY => $o{durability}) : () });
	my $self = { p => $p, keys => [], emails => [] };
	make_users($self, int(($o{keys} + KEYS_PER_USER - 1) / KEYS_PER_USER));
	make_keys($self, $o{keys});
	return $self;
}

sub has_durability {
	my $r = Pierre::capture([ "$Pierre::BUILD/pierre", 'help', '--options-markdown' ], {});
	return $r->{out} =~ /\bUSAGE_DURABILITY\b/;
}

sub ask {
	my ($self, $status, $path, $body, $token) = @_;
	my $r = FastCGI::request($self->{p}{slow_socket}, 'POST', $path, $body,
		params => { CONTENT_TYPE => 'application/json', $token ? (HTTP_AUTHORIZATION => "Bearer $token") : () });
	return $r->{json} if $r->{status} == $status;
	die "$path: status $r->{status}: $r->{body}\n" . $self->{p}->log;
}

sub make_users {
	my ($self, $n) = @_;
	my $made = $self->{p}->with_schema->cli('admin', 'setup-token');
	my ($token) = $made->{out} =~ /(setup_[A-Za-z0-9_-]+)/ or die "no setup token: $made->{out}$made->{err}";
	my %login = (password => $Pierre::PASSWORD, display_name => 'Bench');
	$self->{token} = ask($self, 201, '/admin/setup',
		{ setup_token => $token, email => 'admin@example.org', %login })->{admin_token};
	for my $i (1 .. $n) {
		push @{ $self->{emails} }, "user$i\@example.org";
		ask($self, 201, '/api/auth/register', { email => "user$i\@example.org", %login });
	}
	# whose limit is 100,000 a month, which the tier alone decides
	$self->{p}->sql("UPDATE users SET tier = 'professional'");
}

sub make_keys {
	my ($self, $n) = @_;
	for my $i (0 .. $n - 1) {
		push @{ $self->{keys} }, ask($self, 201, '/admin/provision-api-key', {
			user_email => $self->{emails}[ $i / KEYS_PER_USER ], tier => 'professional',
			rate_limit_requests => LIMIT, rate_limit_period => 'month' }, $self->{token})->{api_key};
	}
}

1;
