# Targets of libFuzzer. `make check` replays tests/fuzz/corpus (tests/unit/fuzz.c);
# `make fuzz` searches, in a build of its own under ./fuzz by clang (on Debian with
# libclang-rt-14-dev). What it finds stands there in found/TARGET.
FUZZ_SECONDS = 20
FUZZ_TARGETS = tests/fuzz/conf tests/fuzz/fcgi_peek tests/fuzz/json_check tests/fuzz/provider_reply \
	tests/fuzz/providers tests/fuzz/request tests/fuzz/url
EXTRA_PROGRAMS += $(FUZZ_TARGETS)
EXTRA_DIST += tests/fuzz/corpus

tests_unit_fuzz_SOURCES = tests/unit/fuzz.c tests/fuzz/fuzz.h tests/fuzz/conf.c \
	tests/fuzz/fcgi_peek.c tests/fuzz/json_check.c \
	tests/fuzz/provider_reply.c tests/fuzz/providers.c tests/fuzz/request.c tests/fuzz/url.c

fuzz:
	$(MKDIR_P) fuzz
	cd fuzz && { test -f Makefile || $(abs_top_srcdir)/configure -q --enable-sanitizers \
		CC=clang CFLAGS='-g -O1 -fsanitize=fuzzer-no-link' \
		CPPFLAGS=-DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION; }
	cd fuzz && $(MAKE) LDFLAGS=-fsanitize=fuzzer $(FUZZ_TARGETS)
	cd fuzz && for target in $(FUZZ_TARGETS); do \
		name=$$(basename $$target) && $(MKDIR_P) found/$$name && \
		./$$target -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=found/$$name/ \
			-print_final_stats=1 found/$$name $(abs_top_srcdir)/tests/fuzz/corpus/$$name || exit 1; \
	done
clean-local:
	rm -rf fuzz
.PHONY: fuzz
