/*
 * tests/support/patient.c - for a pierre under test: a connection to a provider that never was
 * may take three times as long, as that provider is a script that forks for each on a machine
 * with much else to do. How long a whole call may take is as ever.
 */
#include "config.h"

#include "outbound/outbound.h"

#define PATIENT_MS ((int64_t)3 * OUTBOUND_CONNECT_MS)

struct outbound *__real_outbound_new(const struct outbound_options *o, struct err *err_r);
struct outbound *__wrap_outbound_new(const struct outbound_options *o, struct err *err_r);
struct outbound *__wrap_outbound_new(const struct outbound_options *o, struct err *err_r)
{
	struct outbound_options options = *o;

	options.connect_ms = PATIENT_MS;
	return __real_outbound_new(&options, err_r);
}
