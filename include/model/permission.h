/*
 * model/permission.h - what an admin token may be permitted, once: OF(word, whether a
 * token has it that was made without a list). The names of the original.
 */
#ifndef PIERRE_MODEL_PERMISSION_H
#define PIERRE_MODEL_PERMISSION_H

#include "base/strings.h"

#define PERMISSIONS(OF) \
	OF(provision_keys, true) \
	OF(list_keys, true) \
	OF(revoke_keys, true) \
	OF(update_key_limits, true) \
	OF(manage_admin_tokens, false) \
	OF(view_audit_logs, false) \
	OF(manage_users, false)

extern const char *const permission_words[];   /* all, NULL at the end */
extern const struct strings permissions_all, permissions_default;

#endif
