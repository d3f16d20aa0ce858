/* op/owner.c - the one place that knows what the status of a user allows. */
#include "config.h"

#include "base/str.h"
#include "op/owner.h"

static const struct {
	const char *status, *sentence;
} refusals[] = {
	{ "pending", "The account is pending: an administrator must approve it first" },
	{ "suspended", "The account is suspended; ask an administrator for approval" },
};

bool owner_check(const char *user_status, struct err *err_r)
{
	if (str_eq(user_status, "active"))
		return true;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (str_eq(user_status, refusals[i].status))
			return err_reason(err_r, ERR_FORBIDDEN, refusals[i].status, "%s",
					  refusals[i].sentence);
	return err_set(err_r, ERR_INTERNAL, "The account has an unknown status");
}
