/* worker/metrics_private.h - what the files that write /metrics share. */
#ifndef PIERRE_WORKER_METRICS_PRIVATE_H
#define PIERRE_WORKER_METRICS_PRIVATE_H

#include "worker/metrics.h"

/* --- metrics_line.c ---------------------------------------------------------------------- */
/* # HELP and # TYPE of pierre_<name>; then the same with one line, its value. */
void metrics_family(struct strbuf *out, const char *name, const char *type, const char *help);
void metrics_number(struct strbuf *out, const char *name, const char *type, const char *help,
		    uint64_t value);

/* --- metrics_calls.c --------------------------------------------------------------------- */
void metrics_calls(const struct child *c, struct strbuf *out);

#endif
