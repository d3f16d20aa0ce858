/*
 * cmd/man_notes.c - sections of pierre.1 that follow from no table: what a service
 * promises in detail, and what to do when something fails.
 */
#include "config.h"

#include <stddef.h>

#include "cmd/man_notes.h"

const struct man_note man_notes[] = {
	{ "BEHIND NGINX",
	  "A location that includes pierre-auth.conf may pass its requests to any upstream that nginx "
	  "has, or serve files. nginx inherits the lines proxy_set_header, fastcgi_param, uwsgi_param, "
	  "scgi_param and grpc_set_header of the blocks around a location all or none, so include "
	  "pierre-auth-uwsgi.conf, pierre-auth-scgi.conf or pierre-auth-grpc.conf beside such a pass, in "
	  "place of uwsgi_params or scgi_params. Of two X-API-Key headers nginx 1.22 takes the first; "
	  "from 1.23 on it joins them, and the request is refused." },
	{ NULL,
	  "A location's settings: $pierre_cost is what one request costs (1). $pierre_route names the "
	  "location in the reports (else the first part of the path); 20 or more characters without a . "
	  "or / are cut as a secret is. $pierre_scope is the scope that a key must have, or several with one blank between. Set them in the "
	  "location, not in the server block. A burst is limited by nginx's limit_req, a line of the "
	  "snippet: it counts one whole credential, however it is spelled, so that a client who knows "
	  "only the public id of a key cannot spend the burst of its owner." },
	{ NULL,
	  "Each client request is checked and charged once. nginx enters a location again for an index, "
	  "try_files, PHP or an error_page; then the first answer stands. Only a location that demands "
	  "another scope checks and charges the request again." },
	{ NULL,
	  "nginx sends its question on connections that it keeps: as many as there were requests at once. "
	  "It keeps a connection only after it has read an answer to its end, and auth_request "
	  "reads an answer without a body to its end only when the answer is to be stored. Therefore the "
	  "question says fastcgi_store /dev/null/never. Nothing is stored: only a 200 with a body would "
	  "be, Pierre gives none there, and no file can be made below /dev/null. Each worker takes at most "
	  "1.5 times its share of the connections. A HEAD of Pierre's own routes closes its connection." },
	{ NULL,
	  "The question sets every directive that it would inherit and that could answer in Pierre's place, "
	  "such as a cache or an error page. What nginx has no directive against is found by nginx -T | "
	  "pierre config check --nginx - (the section NGINX). nginx cannot refuse a 2xx answer that has no "
	  "X-Pierre-Status; X-Pierre-Auth is empty then, and an upstream can refuse that. pierre nginx print "
	  "writes the files that follow from the routes." },
	{ NULL,
	  "Port 80 redirects (308) what holds no secret. A request there with Authorization, X-API-Key, or "
	  "the body of a POST or PATCH gets 403 from pierre-plain.conf, since others on the way could read "
	  "it: include that file in each server without TLS that redirects. A path may be spelled with "
	  "percent-encodings: nginx's locations and Pierre's routes both go by the path decoded once." },
	{ NULL,
	  "Debian's log format combined, which a site without an access_log inherits, writes queries, "
	  "referrers and user agents whole. Give the format pierre to each server that keys are sent to, "
	  "also to the one that only redirects to HTTPS. The error_log of the shipped sites is at alert: "
	  "at error nginx writes whole request lines and referrers, with the keys in them, and at crit too "
	  "when it cannot reach a socket. Set it to error only while you look for a fault." },
	{ "ADMINISTRATORS",
	  "A super_admin gives roles and makes admin tokens, an admin does all else under /admin, and "
	  "nobody acts on a role above their own. An administrator from before there were roles is a "
	  "super_admin; the last active one stays. An admin token (POST /admin/tokens) is for a program: it "
	  "opens /admin alone, may do there what its permissions say, and makes no tokens. It stays good "
	  "when the account that made it is gone. Each of its calls leaves one row (GET "
	  "/admin/tokens/{id}/usage); when that cannot be written, the call is answered 503. Pierre sends no "
	  "mail: for a forgotten password an administrator makes a token (pierre user reset) and hands it "
	  "over." },
	{ "BROWSERS",
	  "Before a page of another origin may send a key, its browser sends a preflight: OPTIONS without a "
	  "credential. In a location with set $pierre_cors answer; nginx answers it by "
	  "snippets/pierre-cors.conf, a file of yours that lists the origins, and adds the same headers to "
	  "the answers of the upstream and to refusals. With set $pierre_cors http://127.0.0.1:3000; nginx "
	  "passes preflights to that address or upstream block, with the three headers of a preflight and "
	  "nothing else; requests that are let through then carry the CORS headers of the upstream, and "
	  "refusals those of the file. Preflights are neither checked nor charged. An OPTIONS without "
	  "Origin or Access-Control-Request-Method needs a key, and so does every preflight where "
	  "$pierre_cors is not set." },
	{ NULL,
	  "Pierre's own routes accept the pages of CORS_ORIGINS. The error pages of nginx before them (a 429 "
	  "of limit_req, a 502) go by pierre-cors.conf; a page that is not listed there sees a network "
	  "error in their place. Nothing allows cookies: a page sends its key or token itself. The header "
	  "Cross-Origin-Resource-Policy: same-origin does not hinder it: browsers judge that header only "
	  "for answers that no script reads." },
	{ "TENANTS",
	  "Each user has a personal tenant, which has the user's id and no other member, and may make "
	  "teams, at most MAX_TENANTS_PER_USER. An owner or admin of a team invites an e-mail address "
	  "(POST /api/tenants/{id}/invitations) and hands the token over: Pierre sends no mail. It is good "
	  "for 7 days, once, for the account with that address. A viewer reads; a member also changes data "
	  "and makes keys; billing reads, and sees what was used; an admin may all but delete the team and "
	  "act on owners. The last active owner of a team stays its owner." },
	{ NULL,
	  "A session works in one tenant. POST /api/tenants/switch moves it to another and gives it new "
	  "tokens; those from before are refused at once. A key works in the tenant in which it was made, "
	  "for ever. What a user has in one tenant is not seen from another." },
	{ NULL,
	  "All members of a team together have the limit of its plan. An administrator sets another one by "
	  "the hour, day, week (from Monday) or month, or lets limits in a tenant only observe (PATCH "
	  "/admin/tenants/{id}). pierre tenant suspend ends a tenant's sessions and refuses its keys until "
	  "pierre tenant resume. A team that was deleted keeps its rows, its slug and its domain for 30 "
	  "days, in which pierre tenant restore takes it back; keys that were revoked stay so." },
	{ "SESSIONS",
	  "A refresh token gives one pair of tokens. Within 10 s of its first use, in parallel requests "
	  "or because the answer was lost, it gives the same pair again, with the expires_in that is left. "
	  "Later, or once the new refresh token was used too, it ends the session (RFC 9700 section "
	  "4.14.2), since there is a copy of it. This holds within the 10 s too: of programs that share a "
	  "session, let one refresh it." },
	{ NULL,
	  "The access token that a refresh replaces stays good for 60 s, or until its own end if that is "
	  "sooner; a second refresh within the minute ends the first one's. Logout, suspension and a "
	  "password change end both at once. In the session that changes the password the present pair "
	  "stays, and nothing that was given before it." },
	{ NULL,
	  "The first pair of a session is random. Each later pair is made of a random seed in its row, with "
	  "a key that the slow pool derives from ENCRYPTION_KEY. So a leaked database gives no token, and a "
	  "restored one repeats none. Where a pair cannot be made again (a host with an older version "
	  "refreshed it), the spent token gets 401 with the reason spent, and the session goes on." },
	{ "LIMITS AND USAGE",
	  "Each host leases quota ahead: at most 1,000 requests of one limit, on PostgreSQL a hundredth of "
	  "what is left. It gives back what nothing used for a minute, or for a second when that is more than a "
	  "tenth of what is left. So just before a limit is used up, one host may refuse for about that "
	  "long what another host still holds. A power cut loses at most what was leased and not used." },
	{ NULL,
	  "RateLimit-Policy and RateLimit are those of draft-ietf-httpapi-ratelimit-headers-11, and a 429 is "
	  "its quota-exceeded problem. They say what is left of a calendar window, and no pace: limit the "
	  "pace with limit_req of nginx (section 8.5 of the draft)." },
	{ NULL,
	  "A usage row has the request id, key, user, route label, address and cost. With USAGE_DURABILITY=sync "
	  "the answer waits for the COMMIT, and is 503 when that takes longer than DATABASE_TIMEOUT_MS; what "
	  "the request was charged stays charged, since the row may still be written. Clients that ask "
	  "faster than rows can be written (a slow disk) are slowed down; when nothing can be written for "
	  "seconds, /verify answers 503 with Retry-After, and does not charge. A worker that is killed may "
	  "leave a row without an answer, and nginx may ask twice under one request id: readers of rows drop "
	  "repeats by it." },
	{ NULL,
	  "The months of usage are files (<db>.usage-YYYY-MM) on SQLite and partitions on PostgreSQL, kept for "
	  "USAGE_RETENTION_MONTHS." },
	{ "LOGS AND SECRETS",
	  "Of a request Pierre writes down no body, no query, and no header but the user agent. In what it "
	  "writes (path, user agent, route label, the reason that an admin gives), and in the paths of "
	  "nginx's access log (format pierre), a run of 20 or more of [A-Za-z0-9_%-] that is no UUID keeps its "
	  "first 8 characters and \"...\". Every token and key is such a run, percent-encoded or not. A shorter "
	  "password in a path is not known by its shape. Names and e-mail addresses are kept as they were "
	  "given. Log files are 0640." },
	{ NULL,
	  "Only the master holds ENCRYPTION_KEY; other processes have keys that are derived from it: workers those "
	  "that unwrap data keys, of the slow pool also those of pairs of tokens and of replies to repeated requests, "
	  "the scheduler that of the audit trail, the caller those that unwrap data keys and seal files in SPOOL_DIR, "
	  "the recorder none. "
	  "Its text is wiped from memory once it was read, also the copy in the environment, so a reload "
	  "needs no key, and refuses another one. The password in DATABASE_URL stays in memory, since libpq "
	  "connects again with it. No process and no command leaves a core file; a debugger gets in only as "
	  "root, or with LOG_LEVEL=debug." },
	{ NULL,
	  "A sentence that many requests fail with is logged once, and then once a second with their number "
	  "(requests_failed); nginx's access log has each request." },
	{ "SECRETS",
	  "What Pierre must be able to read again is stored sealed: AES-256-GCM with a key of its own for each "
	  "value, derived from a data key (pierre keys status), and bound to its table, column, row and owner. A "
	  "value that was changed or moved, or whose data key is gone, does not open: the request fails, and "
	  "pierre keys check finds it. Data keys are stored in the database, wrapped by a key that is derived "
	  "from ENCRYPTION_KEY. So keep a copy of that key apart from the database and its backups: with both all "
	  "secrets are open, and with the database alone none." },
	{ NULL,
	  "To change the data key of all, or of a tenant: pierre keys rotate, then pierre keys rewrap, then pierre "
	  "keys retire, beside the running service; each can be stopped and given again. To change the master "
	  "key: give each host the new key as ENCRYPTION_KEY and the one before as ENCRYPTION_KEY_PREVIOUS (with "
	  "systemd a drop-in with LoadCredential=encryption.previous:FILE and "
	  "Environment=ENCRYPTION_KEY_PREVIOUS_FILE=%d/encryption.previous) and restart it; run pierre keys master "
	  "once, with both keys; take ENCRYPTION_KEY_PREVIOUS away and restart each host. A host that was "
	  "forgotten says so: what it cannot open is answered with 503, and it does not start again. Backups from "
	  "before need the old key." },
	{ NULL,
	  "Where libgcrypt is in FIPS mode the service does not start (log: fips_mode): that mode refuses to seal "
	  "with a random nonce." },
	{ "OUTAGES",
	  "When the database cannot answer, nothing new is let through: 503. A credential that this host "
	  "verified lately passes for at most 5 seconds more, while its lease lasts. A database that is "
	  "away at the start (PostgreSQL cannot be reached, the SQLite file is locked) does not end the "
	  "service: it answers 503 to all but /health, /health/live, /admin/health, /version and /openapi.json, and tries "
	  "again every second; systemctl status pierre says what it waits for. Schema, key and connections "
	  "are checked before anything else is served; a fault in these ends the service with a sentence." },
	{ NULL,
	  "When the disk of an SQLite database is full (under 1 MiB left), /health/ready is 200 with the status "
	  "degraded and says why, and writes get 503 with the reason disk_full. Only what ends a right is "
	  "written: revoke, log out, suspend. For these a checkpoint leaves the log 1.5 MiB of disk, which is "
	  "about thirty revokes." },
	{ NULL,
	  "A request that ends a worker is not run again: nginx repeats it, and gets 500. A process that dies "
	  "is replaced within two seconds, and counted in pierre_process_deaths_total." },
	{ "LOST FILES",
	  "On SQLite the service has several files open: of the database, of <db>.quota and of each month the "
	  "file itself, -wal, -shm and .open, and the locks .checkpointer and .recorder. When one of them is "
	  "removed or replaced, every answer becomes a 503 that names the file, commands refuse, and nothing "
	  "is opened again, since a second log would lose what was committed. The service first saves that. "
	  "When the database file is in its place and no other log is there, it saves into the file and the "
	  "log says database_saved: restart the service. Otherwise it copies its log to "
	  "<db>-wal.lost-TIME, and a database file that was removed to <db>.lost-TIME: stop the service, move "
	  "away what took their place, remove <db>-shm, move the copies to <db> and <db>-wal, and start." },
	{ NULL,
	  "A database file that was only moved away, alone or with its directory, gives 503 until it is back; "
	  "a restart is needed only when something was being written. Never restore, copy over or clean up "
	  "these files under a running service. One service works on an SQLite file, by whatever path: a "
	  "second one is refused with the process id of the first, and so is a file that has hard links." },
	{ "CLOCKS",
	  "A clock that is wrong deletes nothing. Months of usage, leases, sessions, login failures and changes "
	  "are deleted by known time, a row in the database that follows the clock (PostgreSQL's, or on "
	  "SQLite the host's) from second to second. A clock that is more than 10 minutes ahead of that row "
	  "and the time that has run since, or behind it, is unconfirmed: after a jump, in a database that was "
	  "restored, after a long time without power. Then the log says clock_unconfirmed, the metric "
	  "pierre_clock_unconfirmed is 1, and everything is kept until the kernel or systemd-timesyncd says "
	  "that the clock is synchronised, or you say so with pierre clock confirm; compare both times in "
	  "pierre clock status first. Sessions, leases and failures are also deleted after a day without "
	  "another jump." },
	{ NULL,
	  "Expiry and the windows of limits follow the clock. On PostgreSQL a host whose own clock is more than "
	  "2 seconds off uses the server's (clock_off in the log, pierre_clock_offset_seconds). The shipped "
	  "unit does not let the service ask the kernel (ProtectClock=), so with another NTP daemon than "
	  "systemd-timesyncd check pierre clock status after a long stop." },
	{ "AUDIT TRAIL",
	  "Each change is committed with its audit event. Triggers of the database refuse to change or remove "
	  "an event, and the scheduler of one host links it, within a moment after its commit, by a hash to the "
	  "event before it: in a chain for each tenant and one for the system. Where a chain ends is written "
	  "with a MAC by a key derived from ENCRYPTION_KEY. So pierre audit verify finds what a person with all "
	  "rights on the database has changed, removed or inserted, but for three things: a database that was put "
	  "back whole into an older state, or the end of a chain that was cut off with its head put back, or all links taken away, so that the service makes "
	  "new ones. These are found by heads that were kept elsewhere: give what pierre audit head printed, or the lines "
	  "audit_head that the service logs each hour of the 1,000 chains that grew last, to pierre audit verify --expect." },
	{ NULL,
	  "The hash of an event covers target, address, user agent and metadata by a salted hash of their own, "
	  "so that these can be erased later. Events from before schema 9 are in no chain: verify counts them "
	  "(unchained), and finds when their number changes. When the metric pierre_audit_unlinked_seconds "
	  "grows, nothing is linked: the log says why (audit_not_linked). A chain whose head was changed is not gone "
	  "on from, and its events wait (audit_chain_broken in the log, pierre_audit_broken_chains), until a backup "
	  "of the head is put back; the other chains go on. Rows that another program inserts "
	  "into audit_events are linked too." },
	{ "CALLS TO OTHER SERVICES",
	  "One process, the caller, makes all requests to other services. They use HTTPS on the ports of "
	  "their URLs, and need a name server. Addresses that are not public (loopback, private, link-local "
	  "and the like) are refused whatever name leads there, so that nobody can send Pierre into the "
	  "network that it runs in; OUTBOUND_ALLOW lets networks through. Redirects are not followed, and "
	  "https_proxy and its relatives in the environment are not used. A reply has at most 64 KB and 10 "
	  "seconds. When the service stops or reloads, calls under way are finished first, also when "
	  "STOP_TIMEOUT_MS is shorter." },
	{ NULL,
	  "The services are rows: pierre provider list shows them, and what of each nobody has seen "
	  "(unverified). An entry of PROVIDERS_FILE adds one, or changes a row, with starts_on from a day on. "
	  "The drop-in offline.conf (called sqlite.conf before) takes the network away: do not use it when users connect services." },
	{ NULL,
	  "What an application may ask of its provider (budgets) is counted for all hosts together, in windows "
	  "that begin with the quarter of an hour, the hour and the day in UTC. What is beyond waits for the "
	  "next window. When the provider itself refuses (429), nothing more is asked before the moment which it "
	  "names, at most a day: for all users of the application, or, where the row has budgets by user or token, "
	  "for that user alone. The log says provider_shut, and pierre provider app budgets shows both. A refusal "
	  "that was a mistake ends with pierre provider app reopen." },
	{ NULL,
	  "Budgets are those of one application that is set here, not of a client_id: two users who set the same "
	  "one have a budget each, since a stranger could else use up another's by naming its client_id, which is "
	  "no secret. The provider counts both together, and refuses what is too much. Tokens that a user brings "
	  "count for him alone until the application has refreshed them, which only an application can that they "
	  "were given to: with others he could shut that of all." },
	{ NULL,
	  "When one of PUBLIC_URL, PROVIDERS_FILE and the OUTBOUND_ options is set, pierre config check also says "
	  "what the calls lack. Such a call has its own lines in the log: provider_not_reached, refresh_refused." },
	{ "TOKENS OF PROVIDERS AND BACKUPS",
	  "New tokens are in a file of SPOOL_DIR before anything else is done with them, and the file goes when "
	  "the database has them: it is there for moments, or as long as the database is away. A host that starts "
	  "stores what it finds. For a host that does not come back copy its directory to another one, and give "
	  "it to pierre spool import; the files open with the ENCRYPTION_KEY of the host that wrote them, or with "
	  "that key as ENCRYPTION_KEY_PREVIOUS. Files of connections that are not in the database are kept: give them to the "
	  "database that has these. Where they were deleted on purpose, with their user or by him, move the files to the "
	  "SPOOL_DIR of a service that runs, owned by its user: within a minute it revokes the tokens where the provider "
	  "can end one alone, and deletes the files. So SPOOL_DIR is on a local disk, not on a tmpfs, and a backup of "
	  "it is of no use: an old file changes nothing." },
	{ NULL,
	  "Most providers give a new refresh token with each refresh, and the one before is spent. In a database "
	  "that was put back from a backup, tokens may be older than those that the provider knows. An access token "
	  "serves to its end. Then the old refresh token is sent: where the provider still takes it (refresh same, or "
	  "replay safe, in pierre provider list), nothing is lost. Others refuse it, and some end all that the user had "
	  "granted. The connection is then degraded, is tried again each half hour, and is reauth_required after three refusals "
	  "in at least an hour, but only once refreshes of others of the same application succeed, since a provider "
	  "that refuses everybody is taken for one that is ill. Where an application has no other connection, it is so after three "
	  "refusals and a day. A user who connects again is well at once, in each "
	  "of these states. pierre stats and the metric pierre_connections count them." },
	{ "REQUESTS TO PROVIDERS",
	  "nginx sends /proxy/PROVIDER/PATH on to PATH below the api_url of that provider, with the access "
	  "token of who calls in place of the credential: an API key with the scope tokens:use, or a session. "
	  "Who calls never sees the token (the scope tokens:read shows it). pierre nginx providers "
	  ">/etc/nginx/snippets/pierre-providers.conf says where providers are: again when a row "
	  "changes, its comments say when. While that file has another place than the row, no token is given "
	  "(503 nginx_outdated). Then include snippets/pierre-proxy.conf in the server block, below "
	  "pierre-locations.conf. nginx looks the names up by itself (--resolver) and checks certificates." },
	{ NULL,
	  "Each request that goes there is charged and recorded like one that /verify lets through, as "
	  "proxy.PROVIDER, and taken from the budgets of the provider. An expired token is refreshed first. When "
	  "the provider answers 401, the token is refreshed and a GET sent once more; another request gets 503 "
	  "refresh_pending. A token that was refreshed within 5 minutes is not refreshed again: 403 "
	  "provider_refuses. When the provider answers 429, the application is shut until it is over, or the "
	  "connection alone where the row has budgets by user or token, and the client gets 429 with "
	  "Retry-After. When the client has left before, a 429 counts over HTTP/1.1 alone: nginx "
	  "ends a request of HTTP/2 with its client. Of the client's headers only harmless ones go there, no cookie "
	  "and no address. A path of the row's OAuth (authorize_url, token_url, refresh_url, revoke_url) is 404, so "
	  "that who calls cannot end what the user granted; so is one with an encoded slash, a backslash or a ; in "
	  "it. A body over 16 MB is 413. No token stands in a log, but at error_log debug, and for the clients of "
	  "debug_connection at any level, nginx writes all that it sends: tokens too." },
	{ "METRICS",
	  "With METRICS_SOCKET=/run/pierre/metrics.sock, curl --unix-socket /run/pierre/metrics.sock "
	  "http://localhost/metrics reads them. Prometheus cannot scrape a Unix socket: remove the # of "
	  "location = /metrics in the site, which lets in this host alone, and give the job scheme https, the "
	  "target localhost:443 and, as server_name of tls_config, the name in the certificate. Behind a proxy on "
	  "the same host every client comes from this host: there name Prometheus's own address in the allow "
	  "lines, as nginx sees it, or refuse /metrics in that proxy." },
	{ NULL,
	  "Of calls to providers, pierre_calls_total counts the results ok, refused (the provider says no), limited "
	  "(429), failed (its error, or no whole reply) and timeout, of each kind: refresh, redeem (a code for tokens), "
	  "identify, revoke, after_connect. pierre_calls_under_way is at most 32, and pierre_calls_waiting is above 0 "
	  "while they are. What should wake somebody: pierre_spool_oldest_seconds above a minute (answers are not "
	  "stored), pierre_caller_tasks that stays above 0 (the database does not follow), pierre_connections of the "
	  "states uncertain and reauth_required that grow. Each host counts the connections of the whole database." },
	{ NULL, NULL },
};
