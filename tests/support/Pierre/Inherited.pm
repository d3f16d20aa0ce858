package Pierre::Inherited;
# Every directive of nginx 1.22.1 as Debian 12 builds it that can stand in an
# http or server block, and so around `location = /.pierre/auth`: what it could
# do to the question, and how that is held. Found by reading release-1.22.1:
# a subrequest skips the access phase (ngx_http_core_access_phase), runs the
# server's rewrites (ngx_http_handler), and goes through the header filters, of
# which most look at the main request only.
use strict;
use warnings;

# [held, what it could do or why it cannot, names (x_* = all of that module),
#  lines that try it in a server block, without quotes around a ;]
#
# set       the question has a line of its own
# checker   nothing in the question can hold it: config check --nginx finds it
# harmless  it does not reach the question, or cannot change who answers
our @TABLE = (
	[ set => 'answers from a cache: one good key, and everybody passes', [ 'fastcgi_cache' ], <<'END' ],
fastcgi_cache hostile; fastcgi_cache_key one; fastcgi_cache_valid any 10m;
fastcgi_ignore_headers Cache-Control Expires Set-Cookie Vary X-Accel-Expires;
END
	[ set => 'keeps answers as files that another location may hand out', [ 'fastcgi_store' ], 'fastcgi_store @DIR@/nginx/$uri;' ],
	[ set => 'gives a refusal of Pierre to error_page', [ 'fastcgi_intercept_errors' ], 'fastcgi_intercept_errors on;' ],
	[ set => 'answers in place of a refusal or an outage, with 200 if it says so', [ 'error_page' ],
		'error_page 401 403 404 413 =200 /sorry; error_page 500 502 503 504 =200 @down;' ],
	[ set => 'passes an answer on as it comes, without the checks of a whole one', [ 'fastcgi_buffering' ], 'fastcgi_buffering off;' ],
	[ set => 'answers too slowly for a time-out', [ qw(fastcgi_limit_rate fastcgi_connect_timeout fastcgi_read_timeout
		fastcgi_send_timeout) ], 'fastcgi_limit_rate 1; fastcgi_connect_timeout 1ms; fastcgi_read_timeout 1ms; fastcgi_send_timeout 1ms;' ],
	[ set => 'cannot connect: a socket of the file system has no IP address to bind', [ 'fastcgi_bind' ], 'fastcgi_bind 127.0.0.1;' ],
	[ set => 'asks no other worker when one has ended, or another one after an answer',
		[ qw(fastcgi_next_upstream fastcgi_next_upstream_tries fastcgi_next_upstream_timeout) ],
		'fastcgi_next_upstream http_403 http_404 http_500 http_503 http_429 non_idempotent; fastcgi_next_upstream_tries 1; fastcgi_next_upstream_timeout 1ms;' ],
	[ set => 'sizes that do not fit ours: nginx would not start, or an answer is too long',
		[ qw(fastcgi_buffer_size fastcgi_buffers fastcgi_busy_buffers_size fastcgi_max_temp_file_size fastcgi_temp_file_write_size) ],
		'fastcgi_buffer_size 512; fastcgi_buffers 2 4k; fastcgi_busy_buffers_size 4k; fastcgi_max_temp_file_size 4k; fastcgi_temp_file_write_size 4k;' ],
	[ set => 'refuses the question with 413 for the length of the request that it is about', [ 'client_max_body_size' ],
		'client_max_body_size 10;' ],
	[ set => 'asks about the question itself: not in 1.22, where a subrequest skips the access phase', [ 'auth_request' ],
		'auth_request /yes;' ],
	[ set => 'other parameters: a forged or a missing credential', [ qw(fastcgi_param fastcgi_pass_request_headers fastcgi_pass_request_body) ],
		'fastcgi_param HTTP_X_API_KEY none; fastcgi_param PIERRE_END 1; fastcgi_pass_request_headers on; fastcgi_pass_request_body on;' ],
	[ set => 'asks each question on a new connection', [ 'fastcgi_keep_conn' ], 'fastcgi_keep_conn off;' ],

	[ checker => 'run for the question too, before its location is looked for: any of them can answer it', [ qw(rewrite return if) ] ],
	[ checker => 'run for the question too: the scope and the cost that a location set are set back', [ 'set' ], 'set $something 1;' ],
	[ checker => 'lets pass by address or password without Pierre', [ 'satisfy' ], 'satisfy all;' ],
	[ checker => 'lets X_Pierre_User_Id in, which CGI and WSGI take for X-Pierre-User-Id', [ qw(underscores_in_headers ignore_invalid_headers) ] ],
	[ checker => 'writes whole request lines and referrers, at crit too', [ 'error_log' ] ],
	[ checker => 'a nested location with one of its own loses those of pierre-auth.conf',
		[ qw(auth_request_set add_header proxy_set_header uwsgi_param scgi_param grpc_set_header) ], <<'END' ],
auth_request_set $something_else 1; add_header X-Mine 1;
proxy_set_header X-Pierre-User-Id forged; uwsgi_param HTTP_X_PIERRE_USER_ID forged;
scgi_param HTTP_X_PIERRE_USER_ID forged; grpc_set_header X-Pierre-User-Id forged;
END

	[ harmless => 'only with a cache, which is off', [ qw(fastcgi_cache_background_update fastcgi_cache_bypass fastcgi_cache_key
		fastcgi_cache_lock fastcgi_cache_lock_age fastcgi_cache_lock_timeout fastcgi_cache_max_range_offset
		fastcgi_cache_methods fastcgi_cache_min_uses fastcgi_cache_revalidate fastcgi_cache_use_stale
		fastcgi_cache_valid fastcgi_no_cache) ], <<'END' ],
fastcgi_cache_use_stale error timeout invalid_header updating http_500 http_503 http_403 http_404 http_429;
fastcgi_cache_lock on; fastcgi_cache_background_update on; fastcgi_cache_revalidate on;
fastcgi_cache_methods POST; fastcgi_cache_min_uses 1; fastcgi_cache_bypass ""; fastcgi_no_cache "";
END
	[ harmless => 'only of a file that is stored, and none can be', [ 'fastcgi_store_access' ], 'fastcgi_store_access all:rw;' ],
	[ harmless => 'changes what goes to the client: $upstream_http_x_pierre_status is read before', [ qw(fastcgi_hide_header fastcgi_pass_header) ],
		'fastcgi_hide_header X-Pierre-Status; fastcgi_hide_header X-Pierre-Problem; fastcgi_pass_header Status; fastcgi_pass_header X-Accel-Redirect;' ],
	[ harmless => 'about X-Accel-*, Expires and the like, which Pierre does not send', [ 'fastcgi_ignore_headers' ] ],
	[ harmless => 'of words on FastCGI\'s stderr, which Pierre does not use; would refuse', [ 'fastcgi_catch_stderr' ], 'fastcgi_catch_stderr "PHP Fatal error";' ],
	[ harmless => 'of parameters that the question does not have', [ qw(fastcgi_index fastcgi_split_path_info) ],
		'fastcgi_index index.php; fastcgi_split_path_info ^(.+)(/.*)$;' ],
	[ harmless => 'of the request body, which the question does not have', [ qw(fastcgi_request_buffering client_body_buffer_size
		client_body_in_file_only client_body_in_single_buffer client_body_temp_path client_body_timeout) ],
		'fastcgi_request_buffering off; client_body_in_file_only clean; client_body_timeout 1s;' ],
	[ harmless => 'how the answer travels, not what it is', [ qw(fastcgi_force_ranges fastcgi_ignore_client_abort fastcgi_send_lowat
		fastcgi_socket_keepalive fastcgi_temp_path) ],
		'fastcgi_force_ranges on; fastcgi_ignore_client_abort on; fastcgi_socket_keepalive on;' ],
	[ harmless => 'the question is handled by fastcgi_pass: directives of another module that passes', [ qw(proxy_* uwsgi_* scgi_* grpc_* memcached_*) ],
		'proxy_intercept_errors on; proxy_pass_request_headers off; memcached_next_upstream off;' ],

	[ harmless => 'access phase, which a subrequest skips; the pages of a refusal return before it', [ qw(allow deny auth_basic
		auth_basic_user_file auth_delay) ], 'allow all; auth_delay 10ms; auth_basic off;' ],
	[ harmless => 'judged once for a client request, and could only refuse', [ qw(limit_conn limit_conn_dry_run limit_conn_log_level
		limit_conn_status limit_req limit_req_dry_run limit_req_log_level limit_req_status) ],
		'limit_conn pierre_address 256; limit_conn_status 599; limit_req zone=pierre_login burst=1000 nodelay; limit_req_log_level info;' ],
	[ harmless => 'of the main request only', [ qw(mirror mirror_request_body post_action) ], 'mirror /yes; post_action /yes;' ],
	[ harmless => 'not inherited by a location', [ qw(try_files stub_status location) ], 'try_files /nothing =200; stub_status;' ],
	[ harmless => 'ends the rewrites of the server; the question goes on', [ 'break' ], 'break;' ],
	[ harmless => 'what a rewrite writes into the log', [ qw(rewrite_log uninitialized_variable_warn) ],
		'rewrite_log on; uninitialized_variable_warn off;' ],
	[ harmless => 'an error page of an error page; the question has one of its own', [ 'recursive_error_pages' ], 'recursive_error_pages on;' ],
	[ harmless => 'handlers of files and folders: the question has fastcgi_pass', [ qw(autoindex autoindex_exact_size autoindex_format
		autoindex_localtime create_full_put_path dav_access dav_methods gzip_static index min_delete_depth mp4_buffer_size
		mp4_max_buffer_size mp4_start_key_frame root disable_symlinks directio directio_alignment open_file_cache
		open_file_cache_errors open_file_cache_events open_file_cache_min_uses open_file_cache_valid read_ahead
		aio aio_write sendfile sendfile_max_chunk log_not_found) ],
		'autoindex on; dav_methods PUT DELETE; gzip_static always; index sorry.html; log_not_found off; sendfile on; aio threads;' ],
	[ harmless => 'header filters that leave a subrequest alone', [ qw(add_trailer expires if_modified_since etag max_ranges
		chunked_transfer_encoding add_after_body add_before_body addition_types userid userid_domain userid_expires
		userid_flags userid_mark userid_name userid_p3p userid_path userid_service gunzip gunzip_buffers) ],
		'add_trailer X-Mine 1; expires max; if_modified_since before; add_before_body /yes; addition_types *; userid on; gunzip on; max_ranges 0;' ],
	[ harmless => 'body filters: the question has no body, and its status stays', [ qw(charset charset_types override_charset
		source_charset gzip gzip_buffers gzip_comp_level gzip_disable gzip_hash gzip_http_version gzip_min_length
		gzip_no_buffer gzip_proxied gzip_types gzip_vary gzip_window postpone_gzipping ssi
		ssi_ignore_recycled_buffers ssi_last_modified ssi_min_file_chunk ssi_silent_errors ssi_types
		ssi_value_length sub_filter sub_filter_last_modified sub_filter_once sub_filter_types
		msie_padding msie_refresh output_buffers postpone_output subrequest_output_buffer_size limit_rate
		limit_rate_after) ], <<'END' ],
charset utf-8; charset_types *; override_charset on; gzip on; gzip_types *; gzip_min_length 1; ssi on; ssi_types *;
sub_filter nobody somebody; sub_filter_types *; sub_filter_once off; subrequest_output_buffer_size 16; limit_rate 100k;
END
	[ harmless => 'of $slice_range, which the question does not use', [ 'slice' ], 'slice 1k;' ],
	[ harmless => 'values of variables that the question does not use', [ qw(ancient_browser ancient_browser_value modern_browser
		modern_browser_value referer_hash_bucket_size referer_hash_max_size valid_referers secure_link
		secure_link_md5 secure_link_secret) ],
		'valid_referers none example.org; secure_link $arg_md5; secure_link_md5 "secret";' ],
	[ harmless => 'the address that limits count by: it opens nothing', [ qw(real_ip_header real_ip_recursive set_real_ip_from) ],
		'set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP; real_ip_recursive on;' ],
	[ harmless => 'of log files', [ qw(access_log open_log_file_cache log_subrequest) ], 'log_subrequest on;' ],
	[ harmless => 'of the client\'s connection', [ qw(keepalive_disable keepalive_requests keepalive_time keepalive_timeout
		lingering_close lingering_time lingering_timeout reset_timedout_connection send_lowat send_timeout tcp_nodelay
		tcp_nopush http2_* ssl ssl_* listen client_header_buffer_size client_header_timeout connection_pool_size
		large_client_header_buffers max_headers request_pool_size) ],
		'keepalive_timeout 1s; lingering_close always; reset_timedout_connection on; tcp_nopush on;' ],
	[ harmless => 'of redirects and names that nginx writes', [ qw(absolute_redirect port_in_redirect server_name_in_redirect
		server_tokens default_type types types_hash_bucket_size types_hash_max_size) ],
		'absolute_redirect off; server_tokens off; default_type text/html;' ],
	[ harmless => 'of host names: the question goes to a socket', [ qw(resolver resolver_timeout) ], 'resolver 127.0.0.1;' ],
	[ harmless => 'chooses the server and the URI before the question is asked', [ qw(server_name merge_slashes) ], 'merge_slashes off;' ],
	[ harmless => 'puts another file here, whose directives are judged', [ 'include' ] ],
);

# What nginx built as a module of its own (--with-*=dynamic, and perl) has:
# none of it is in the program, and none is inherited by a subrequest's handler.
our @DYNAMIC = (
	[ harmless => 'variables', [ qw(geoip_proxy geoip_proxy_recursive geoip_country geoip_city geoip_org) ] ],
	[ harmless => 'filters of a body of images or XML, which Pierre does not send', [ qw(image_filter_jpeg_quality image_filter_webp_quality
		image_filter_sharpen image_filter_transparency image_filter_interlace image_filter_buffer xml_entities
		xslt_last_modified xslt_param xslt_string_param xslt_types) ] ],
	[ harmless => 'loads code and makes variables', [ qw(perl_modules perl_require perl_set) ] ],
);

# The same of location @pierre_forward, which sends requests on to providers
# (pierre-proxy-ask.conf, pierre-proxy-pass.conf): the directives of proxy_pass, and of what reads its answers.
our @PASS = (
	[ set => 'another credential, body, address or certificate goes there', [ qw(proxy_set_header proxy_pass_request_headers
		proxy_pass_request_body proxy_method proxy_pass proxy_bind proxy_ssl_name proxy_ssl_server_name mirror) ],
		'proxy_set_header Cookie forged; proxy_pass_request_headers on; proxy_pass_request_body off; proxy_method POST;
		proxy_bind 192.0.2.1; proxy_ssl_name evil.example; proxy_ssl_server_name off;' ],
	[ set => 'a request passes without a token', [ 'satisfy' ], 'satisfy any; allow all;' ],
	[ set => 'any server is believed, or none', [ qw(proxy_ssl_verify proxy_ssl_verify_depth proxy_ssl_protocols proxy_ssl_ciphers
		proxy_ssl_crl proxy_ssl_session_reuse) ],
		'proxy_ssl_verify off; proxy_ssl_verify_depth 0; proxy_ssl_protocols TLSv1; proxy_ssl_ciphers aNULL;' ],
	[ set => 'the client is told what is the provider\'s alone', [ qw(proxy_pass_header proxy_hide_header proxy_ignore_headers
		proxy_redirect proxy_cookie_domain proxy_cookie_path proxy_intercept_errors expires userid) ],
		'proxy_pass_header Set-Cookie; proxy_pass_header Access-Control-Allow-Origin; proxy_pass_header X-Accel-Redirect;
		proxy_hide_header ETag; proxy_ignore_headers Vary; proxy_redirect https://localhost/ /; proxy_cookie_path / /a;
		proxy_intercept_errors off;' ],
	[ set => 'an answer is kept, or served to another user', [ qw(proxy_cache proxy_store proxy_max_temp_file_size
		proxy_temp_file_write_size) ], 'proxy_store @DIR@/nginx/$uri; proxy_max_temp_file_size 1m;' ],
	[ set => 'an answer is read as a program: SSI prints any variable, the token too', [ qw(ssi slice add_before_body add_after_body) ],
		'ssi on; slice 1k;' ],
	[ set => 'a request is sent twice, is slow or does not fit', [ qw(proxy_next_upstream proxy_buffering
		proxy_request_buffering proxy_buffer_size proxy_buffers proxy_busy_buffers_size proxy_http_version proxy_limit_rate
		proxy_connect_timeout proxy_send_timeout proxy_read_timeout proxy_force_ranges proxy_headers_hash_max_size
		proxy_headers_hash_bucket_size) ],
		'proxy_next_upstream error timeout http_500 non_idempotent; proxy_buffering off; proxy_request_buffering off;
		proxy_buffer_size 1k; proxy_buffers 2 1k; proxy_busy_buffers_size 1k; proxy_limit_rate 1; proxy_connect_timeout 1ms;
		proxy_send_timeout 1ms; proxy_read_timeout 1ms; proxy_http_version 1.0; proxy_force_ranges on;
		proxy_headers_hash_max_size 64; proxy_headers_hash_bucket_size 32;' ],
	[ set => 'a refusal is lost when the client has left', [ 'proxy_ignore_client_abort' ], 'proxy_ignore_client_abort off;' ],
	[ printed => 'by `pierre nginx providers`', [ qw(proxy_ssl_trusted_certificate resolver resolver_timeout) ], 'resolver 127.0.0.1;' ],
	[ checker => 'nothing takes it back', [ qw(proxy_set_body proxy_ssl_certificate proxy_ssl_conf_command) ] ],
	[ harmless => 'of a certificate, which the checker finds', [ 'proxy_ssl_certificate_key' ] ],
	[ harmless => 'only with a cache or a store, which are off', [ qw(proxy_cache_* proxy_no_cache proxy_store_access) ] ],
	[ harmless => 'no other server is tried', [ qw(proxy_next_upstream_tries proxy_next_upstream_timeout) ] ],
	[ harmless => 'of cookies, which are hidden', [ 'proxy_cookie_flags' ], 'proxy_cookie_flags ~ secure;' ],
	[ harmless => 'of a key that is not used', [ 'proxy_ssl_password_file' ] ],
	[ harmless => 'how bytes travel', [ qw(proxy_send_lowat proxy_socket_keepalive proxy_temp_path) ], 'proxy_socket_keepalive on;' ],
);

# --- what nginx has -----------------------------------------------------------

my ($MAIN, $SERVER, $LOCATION) = (0x02000000, 0x04000000, 0x08000000);    # NGX_HTTP_*_CONF

# Name => contexts, of every ngx_command_t in the program: { ngx_str_t name;
# ngx_uint_t type; char *(*set)(); ... }. Its pointers are relocations of a
# 64-bit little-endian ELF file; undef for another kind of program.
sub directives {
	my ($path) = @_;
	open my $f, '<:raw', $path or die "$path: $!";
	my $elf = do { local $/; readline $f };
	return unless substr($elf, 0, 6) eq "\x7fELF\x02\x01";
	my ($load, $pointer) = sections($elf);
	my $offset = sub {
		my ($address) = @_;
		my ($s) = grep { $address >= $_->[0] && $address < $_->[0] + $_->[2] } @$load;
		return $s && $s->[1] + $address - $s->[0];
	};
	my %found;
	for my $at (keys %$pointer) {
		my ($text, $here) = ($offset->($pointer->{$at}), $offset->($at));
		next unless $text && $here && exists $pointer->{ $at + 16 };
		my ($length, undef, $type) = unpack 'Q<3', substr $elf, $here - 8, 24;
		next if $length > 64 || $type >> 32 || !($type & ($MAIN | $SERVER | $LOCATION));
		my $name = substr $elf, $text, $length + 1;
		$found{$1} |= $type if $name =~ /\A([a-z][a-z0-9_]+)\0\z/;
	}
	return \%found;
}

# ([[address, offset, size], ...], { where a pointer is => what it points to })
sub sections {
	my ($elf) = @_;
	my ($table) = unpack 'Q<', substr $elf, 40, 8;
	my ($size, $n) = unpack 'v2', substr $elf, 58, 4;
	my (@load, %pointer);
	for my $i (0 .. $n - 1) {
		my (undef, $kind, undef, $address, $at, $bytes) = unpack 'L<2Q<4', substr $elf, $table + $i * $size, 40;
		push @load, [ $address, $at, $bytes ] if $kind == 1 && $address;    # SHT_PROGBITS
		next unless $kind == 4;                                             # SHT_RELA
		for (my $r = $at; $r < $at + $bytes; $r += 24) {
			my ($where, $type, undef, $to) = unpack 'Q<L<2q<', substr $elf, $r, 24;
			$pointer{$where} = $to if $type == 8 || $type == 1027;    # R_X86_64_, R_AARCH64_RELATIVE
		}
	}
	return (\@load, \%pointer);
}

# Those that can stand around a location.
sub around {
	my ($all) = @_;
	return grep { $all->{$_} & $SERVER || ($all->{$_} & $MAIN && $all->{$_} & $LOCATION) } sort keys %$all;
}

# Name => its row, for each of the names; a row of a single name wins over x_*.
sub judged { return rows_of([ @TABLE, @DYNAMIC ], @_) }
sub rows_of {
	my ($table, @names) = @_;
	my %row;
	for my $row (@$table) {
		for my $name (@{ $row->[2] }) {
			my ($module) = $name =~ /^(\w+_)\*$/;
			$row{$_} //= $row for $module ? grep { index($_, $module) == 0 } @names : $name;
		}
	}
	return \%row;
}

# The lines that try something, one each. A server cannot have both, and has no
# use for a cache without buffering: those with the cache, or those without.
sub hostile {
	my ($cache) = @_;
	return grep { $cache ? !/^fastcgi_(?:store|buffering) / : !/^fastcgi_cache / } lines(@TABLE);
}
sub lines { return map { s/^\s+|\s+$//gr . ';' } map { split /;\s*/, $_->[3] // '' } @_ }

1;
