/*
 * tests/fuzz/fuzz.h - targets: each takes any bytes, and must neither crash nor
 * break a rule that it asserts.
 *
 * `make fuzz` builds each with libFuzzer, which knows one name only, and lets it
 * search from tests/fuzz/corpus/<target> on; tests/unit/fuzz.c replays these
 * files through all of them.
 */
#ifndef PIERRE_TESTS_FUZZ_H
#define PIERRE_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define FUZZ(target) LLVMFuzzerTestOneInput
#else
#define FUZZ(target) fuzz_##target
#endif

int FUZZ(conf)(const uint8_t *data, size_t size);
int FUZZ(fcgi_peek)(const uint8_t *data, size_t size);
int FUZZ(json_check)(const uint8_t *data, size_t size);
int FUZZ(provider_reply)(const uint8_t *data, size_t size);
int FUZZ(providers)(const uint8_t *data, size_t size);
int FUZZ(request)(const uint8_t *data, size_t size);
int FUZZ(url)(const uint8_t *data, size_t size);

#endif
