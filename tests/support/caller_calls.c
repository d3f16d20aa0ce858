/*
 * tests/support/caller_calls.c - pierre, whose caller has something to call: in the place
 * of rows of the database, files NAME.call in PIERRE_TEST_CALLS, "PROVIDER URL BODY" each.
 * As a refresh does, a call writes to the database before its body leaves and after its
 * reply came. What happens is a line of PIERRE_TEST_CALLS/log: "NAME WORD [STATUS]".
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "op/clock.h"
#include "worker/caller.h"

int __wrap_caller_main(const struct child *child);

struct made {
	struct caller_task task;        /* the first member */
	struct outbound_call call;
	struct caller *caller;
	const char *word;               /* when the task is done */
	bool busy, over;                /* the thread has the task; the call is over */
	char name[40], provider[40], url[500], body[500];
};

static void note(const struct made *m, const char *word, int status)
{
	char line[200], path[500];
	int n, fd;

	n = snprintf(line, sizeof(line), "%s %s %d %d\n", m->name, word, status, (int)getpid());
	snprintf(path, sizeof(path), "%s/log", getenv("PIERRE_TEST_CALLS"));
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, line, (size_t)n) != n)
		abort();
	close(fd);
}

/* Something that writes. */
static bool write_rows(struct op *op, struct caller_task *t, struct err *err_r)
{
	struct clock_status status;

	(void)t;
	return op_clock_confirm(op, &status, err_r);
}

static void store(struct made *m, const char *word)
{
	m->word = word;
	m->busy = true;
	caller_do(m->caller, &m->task);
}

static void task_done(struct caller *c, struct caller_task *t)
{
	struct made *m = (struct made *)t;

	(void)c;
	m->busy = false;
	if (!t->good) {
		store(m, m->word);
		return;
	}
	note(m, m->word, 0);
	if (str_eq(m->word, "stored"))
		free(m);
	else if (m->over)
		store(m, "stored");
	else
		outbound_go(&m->call);
}

static void ready(struct outbound_call *call)
{
	struct made *m = call->arg;

	note(m, "ready", 0);
	store(m, "sent");
}

static void done(struct outbound_call *call)
{
	struct made *m = call->arg;

	note(m, call->reply.end == CALL_ANSWERED ? "reply" : "cut", call->reply.status);
	m->over = true;
	if (!m->busy)
		store(m, "stored");
}

static void begin(struct caller *c, const char *dir, const char *file)
{
	struct made *m = calloc(1, sizeof(*m));
	char path[600];
	struct err err;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "r");
	if (!m || !f || fscanf(f, "%39s %499s %499s", m->provider, m->url, m->body) != 3)
		abort();
	fclose(f);
	unlink(path);
	str_copy(m->name, strcspn(file, ".") + 1, file);
	m->caller = c;
	m->task = (struct caller_task){ .work = write_rows, .done = task_done };
	m->call = (struct outbound_call){
		.provider = m->provider, .method = "POST", .url = m->url, .body = m->body,
		.body_len = strlen(m->body), .held = true, .ready = ready, .done = done, .arg = m,
	};
	if (!outbound_start(caller_outbound(c), &m->call, &err))
		abort();
}

static void look(struct caller *c)
{
	const char *dir = getenv("PIERRE_TEST_CALLS");
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (str_starts(e->d_name + strcspn(e->d_name, "."), ".call"))
			begin(c, dir, e->d_name);
	if (d)
		closedir(d);
}

static const struct caller_job jobs[] = { { .name = "test", .look = look }, { .name = NULL } };

int __wrap_caller_main(const struct child *child)
{
	return caller_run(child, jobs);
}
