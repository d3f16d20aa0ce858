/* worker/metrics_line.c - the form of what /metrics says. */
#include "config.h"

#include "worker/metrics_private.h"

void metrics_family(struct strbuf *out, const char *name, const char *type, const char *help)
{
	strbuf_addf(out, "# HELP pierre_%s %s\n# TYPE pierre_%s %s\n", name, help, name, type);
}

void metrics_number(struct strbuf *out, const char *name, const char *type, const char *help,
		    uint64_t value)
{
	metrics_family(out, name, type, help);
	strbuf_addf(out, "pierre_%s %llu\n", name, (unsigned long long)value);
}
