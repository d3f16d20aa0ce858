# Test programs are C and print TAP: a word in the lists below each, and more
# only where one differs. tests/run runs them, and the Perl tests, which need
# no list.
check_PROGRAMS =
EXTRA_PROGRAMS =
AM_DEFAULT_SOURCE_EXT = .c
LDADD = $(LAYERS) $(LIBS_ALL)

# tests/unit/worst.h: the functions that it replaces, the same as in worst.c
WORST = tests/unit/worst.c tests/unit/worst.h
LDFLAGS_WORST = -Wl,--wrap=key_generate,--wrap=password_hash,--wrap=password_verify \
	-Wl,--wrap=key_grant_check \
	-Wl,--wrap=db_transaction,--wrap=db_transaction_urgent,--wrap=store_owner_get,--wrap=store_changes_since \
	-Wl,--wrap=epoch_read,--wrap=limit_lock,--wrap=segment_lock,--wrap=segment_try_lock \
	-Wl,--wrap=clock_monotonic,--wrap=clock_now,--wrap=nanosleep

include tests/unit/local.mk
include tests/db/local.mk
include tests/fuzz/local.mk

# what the build makes is there before a test is compiled, also alone in an empty build
$(check_PROGRAMS:%=%.$(OBJEXT)) $(tests_db_contract_OBJECTS) $(tests_support_pierre_mutant_OBJECTS): \
	| include/store/sql.h

EXTRA_DIST += tests/run tests/systemd tests/mutants tests/mutants.equivalent tests/postgres tests/support \
	tests/http tests/process tests/lint tests/lint-api tests/oauth-server tests/upgrade \
	tests/bench/verify tests/bench/verify.svg tests/bench/README.md tests/bench/scale tests/bench/stalls tests/bench/plot \
	tests/bench/load.lua tests/bench/peers tests/bench/vault

# For those who call tests/run themselves, as tests/postgres does.
check-programs: $(check_PROGRAMS)
.PHONY: check-programs

# TEST_ARGS: options and names for tests/run ("--unit-only", "tests/http/x.t").
check-local:
	@srcdir=$$(cd $(srcdir) && pwd) && \
	PIERRE_BUILD=$(abs_builddir) $(PERL) "$$srcdir/tests/run" $(TEST_ARGS)

# measures, built when they are asked for: `make bench`
EXTRA_PROGRAMS += tests/bench/empty tests/bench/vault_steps
tests_bench_empty_SOURCES = tests/bench/empty.c
tests_bench_vault_steps_SOURCES = tests/bench/vault_steps.c
CLEANFILES += $(EXTRA_PROGRAMS)
bench: all
	@srcdir=$$(cd $(srcdir) && pwd) && \
	PIERRE_BUILD=$(abs_builddir) $(PERL) "$$srcdir/tests/bench/verify" $(BENCH_ARGS)
.PHONY: bench
