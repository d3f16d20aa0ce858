check_PROGRAMS += tests/db/contract tests/db/worker_request tests/db/expanded tests/db/fill tests/db/migrated tests/db/op_admin tests/db/op_admin_token tests/db/op_audit \
	tests/db/op_cache tests/db/op_cache_worst tests/db/op_clock tests/db/op_credential tests/db/op_throttle tests/db/op_key tests/db/op_key_grant \
	tests/db/op_key_import tests/db/op_key_networks tests/db/op_key_rotate \
	tests/db/op_key_use tests/db/op_limit tests/db/op_limit_worst tests/db/op_login \
	tests/db/op_password tests/db/op_place tests/db/op_race tests/db/op_role tests/db/op_scope tests/db/op_scope_calls tests/db/op_session \
	tests/db/op_session_pair tests/db/op_session_worst tests/db/op_sweep tests/db/op_tenant tests/db/op_tenant_race tests/db/op_user tests/db/quota \
	tests/db/usage tests/db/usage_window
EXTRA_DIST += tests/db/behind.h tests/db/cache_op.h tests/db/contract.h tests/db/credential_op.h tests/db/limit_op.h tests/db/login_op.h \
	tests/db/op_account.h tests/db/op_fixture.h tests/db/scope_op.h tests/db/segment_op.h tests/db/session_op.h \
	tests/db/usage_rows.h tests/db/schema

tests_db_contract_SOURCES = tests/db/contract.c tests/db/catalog.c \
	tests/db/case_value.c tests/db/case_transaction.c tests/db/case_fault.c \
	tests/db/case_schema.c tests/db/case_product.c \
	tests/db/case_file.c tests/db/case_lost.c tests/db/case_disk.c tests/db/case_crash.c
tests_db_contract_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS) $(PGSQL_CFLAGS) -I$(srcdir)
# the space on a disk and the time are what the test says, and pauses are counted
tests_db_contract_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fstatvfs -Wl,--wrap=nanosleep -Wl,--wrap=clock_monotonic

# those that say what happens at the worst moment
tests_db_worker_request_SOURCES = tests/db/worker_request.c $(WORST)
tests_db_worker_request_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST) \
	-Wl,--wrap=explicit_bzero,--wrap=__explicit_bzero_chk
tests_db_op_admin_SOURCES = tests/db/op_admin.c $(WORST)
tests_db_op_admin_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)
tests_db_op_cache_SOURCES = tests/db/op_cache.c $(WORST)
tests_db_op_cache_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)
tests_db_op_cache_worst_SOURCES = tests/db/op_cache_worst.c $(WORST)
tests_db_op_cache_worst_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)
tests_db_op_clock_SOURCES = tests/db/op_clock.c $(WORST)
tests_db_op_clock_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST) -Wl,--wrap=clock_synchronised
tests_db_op_credential_SOURCES = tests/db/op_credential.c $(WORST)
tests_db_op_credential_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)
tests_db_op_key_SOURCES = tests/db/op_key.c $(WORST)
tests_db_op_key_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)
tests_db_op_key_import_SOURCES = tests/db/op_key_import.c $(WORST)
tests_db_op_key_import_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)
tests_db_op_key_grant_SOURCES = tests/db/op_key_grant.c $(WORST)
tests_db_op_key_grant_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)
tests_db_op_key_use_SOURCES = tests/db/op_key_use.c $(WORST)
tests_db_op_key_use_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)
tests_db_op_limit_SOURCES = tests/db/op_limit.c $(WORST)
tests_db_op_limit_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)
tests_db_op_limit_worst_SOURCES = tests/db/op_limit_worst.c $(WORST)
tests_db_op_limit_worst_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)
tests_db_op_throttle_SOURCES = tests/db/op_throttle.c $(WORST)
tests_db_op_throttle_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)
tests_db_op_login_SOURCES = tests/db/op_login.c $(WORST)
tests_db_op_login_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)
tests_db_op_password_SOURCES = tests/db/op_password.c $(WORST)
tests_db_op_password_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)
tests_db_op_place_SOURCES = tests/db/op_place.c $(WORST)
tests_db_op_place_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)
tests_db_op_admin_token_SOURCES = tests/db/op_admin_token.c $(WORST)
tests_db_op_admin_token_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)
tests_db_op_role_SOURCES = tests/db/op_role.c $(WORST)
tests_db_op_role_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)
tests_db_op_session_worst_SOURCES = tests/db/op_session_worst.c $(WORST)
tests_db_op_session_worst_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)
tests_db_fill_SOURCES = tests/db/fill.c $(WORST)
tests_db_fill_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)
tests_db_op_tenant_race_SOURCES = tests/db/op_tenant_race.c $(WORST)
tests_db_op_tenant_race_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)
tests_db_quota_SOURCES = tests/db/quota.c $(WORST)
tests_db_quota_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)

# Requests with an Idempotency-Key.
check_PROGRAMS += tests/db/claim
tests_db_claim_SOURCES = tests/db/claim.c $(WORST)
tests_db_claim_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)

# Driven by tests/process/pgsql_*.t.
if HAVE_PGSQL
check_PROGRAMS += tests/support/dbtool
endif

# pierre, but one guard or scope can be skipped (op/mutant.h). Driven by
# tests/http/mutants_access.t.
check_PROGRAMS += tests/support/pierre_mutant
tests_support_pierre_mutant_SOURCES = tests/support/mutant.c src/main.c src/op/scope.c \
	src/resource/guard.c
tests_support_pierre_mutant_CPPFLAGS = $(AM_CPPFLAGS) -DPIERRE_MUTANTS

# Driven by tests/support/Limit.pm.
check_PROGRAMS += tests/support/limit_load
tests_support_limit_load_LDADD =

# Driven by tests/process/memory.t.
check_PROGRAMS += tests/support/data_keys

# Driven by tests/process/outbound.t.
check_PROGRAMS += tests/support/outbound

# pierre, whose caller takes calls from files. Driven by tests/process/caller.t.
check_PROGRAMS += tests/support/pierre_caller
tests_support_pierre_caller_SOURCES = tests/support/caller_calls.c tests/support/patient.c src/main.c
tests_support_pierre_caller_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=caller_main -Wl,--wrap=outbound_new

# The audit trail.
check_PROGRAMS += tests/db/audit_broken tests/db/audit_chain tests/db/audit_load tests/db/audit_tamper
EXTRA_DIST += tests/db/chain_op.h
tests_db_audit_chain_SOURCES = tests/db/audit_chain.c $(WORST)
tests_db_audit_chain_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)

# The vault.
check_PROGRAMS += tests/db/op_refresh tests/db/op_refresh_back tests/db/op_vault tests/db/op_vault_killed tests/db/op_vault_master tests/db/op_vault_tenant
EXTRA_DIST += tests/db/refresh_op.h tests/db/vault_op.h
tests_db_op_vault_SOURCES = tests/db/op_vault.c $(WORST)
tests_db_op_vault_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)
tests_db_op_vault_tenant_SOURCES = tests/db/op_vault_tenant.c $(WORST)
tests_db_op_vault_tenant_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)
tests_db_op_vault_master_SOURCES = tests/db/op_vault_master.c $(WORST)
tests_db_op_vault_master_LDFLAGS = $(AM_LDFLAGS) $(LDFLAGS_WORST)

# connections to providers
check_PROGRAMS += tests/db/op_connection
# Budgets at providers.
check_PROGRAMS += tests/db/op_budget

# pierre, whose caller is patient and dies at a step of a refresh. Driven by tests/process/refresh.t.
check_PROGRAMS += tests/support/pierre_refresh
tests_support_pierre_refresh_SOURCES = tests/support/refresh_faults.c tests/support/patient.c src/main.c
tests_support_pierre_refresh_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=op_refresh_claim \
	-Wl,--wrap=op_refresh_sent -Wl,--wrap=spool_write -Wl,--wrap=op_refresh_write \
	-Wl,--wrap=op_redemption_claim -Wl,--wrap=op_redemption_save -Wl,--wrap=op_connection_identify \
	-Wl,--wrap=posix_fallocate -Wl,--wrap=outbound_new
