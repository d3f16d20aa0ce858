/* model/version.c - is it the version that the client has seen? */
#include "config.h"

#include "model/version.h"

bool version_check(const struct versions *wanted, int64_t version, struct err *err_r)
{
	for (size_t i = 0; wanted && i < wanted->n; i++)
		if (wanted->items[i] == version)
			return true;
	return !wanted || err_reason(err_r, ERR_PRECONDITION, "version", "It was changed: its version is "
				     "%lld now. Read it again, and decide anew", (long long)version);
}
