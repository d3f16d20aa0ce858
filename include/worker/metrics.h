/*
 * worker/metrics.h - /metrics for Prometheus, on a unix socket of its own
 * (METRICS_SOCKET), answered by the scheduler between its jobs. Reads the
 * scoreboard and the segment; never the database.
 */
#ifndef PIERRE_WORKER_METRICS_H
#define PIERRE_WORKER_METRICS_H

#include "base/str.h"
#include "worker/worker.h"

struct metrics;

/* Listen on METRICS_SOCKET, in the place of what was there: only the scheduler
 * that works calls it. NULL: no such socket is asked for, or the log says why
 * there is none. */
struct metrics *metrics_open(const struct child *c);
int metrics_fd(const struct metrics *m);   /* -1: m is NULL */
/* Answer one client; a slow one is given up within a second. */
void metrics_serve(struct metrics *m, struct arena *arena);
/* The file is removed, unless another process has taken its place. */
void metrics_close(struct metrics **m);

/* The page itself: text format 0.0.4. */
void metrics_text(const struct child *c, struct strbuf *out);

#endif
