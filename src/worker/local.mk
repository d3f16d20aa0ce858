libworker_a_SOURCES = include/worker/caller.h include/worker/caller_errand.h include/worker/fast.h include/worker/metrics.h include/worker/metrics_private.h \
	include/worker/refresh_turn.h include/worker/worker.h \
	include/worker/worker_private.h \
	src/worker/accept.c src/worker/caller.c src/worker/caller_code.c src/worker/caller_connect.c src/worker/caller_counts.c src/worker/caller_errand.c src/worker/caller_identify.c src/worker/caller_jobs.c src/worker/caller_refresh.c src/worker/caller_revoke.c src/worker/child.c src/worker/crash.c src/worker/request.c src/worker/fast.c src/worker/held.c src/worker/metrics.c \
	src/worker/metrics_calls.c src/worker/metrics_line.c src/worker/metrics_text.c src/worker/recorder.c \
	src/worker/refresh_call.c src/worker/refresh_settle.c src/worker/refresh_turn.c \
	src/worker/scheduler.c src/worker/share.c src/worker/worker.c
libworker_a_CPPFLAGS = $(AM_CPPFLAGS)
