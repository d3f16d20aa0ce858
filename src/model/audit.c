/* model/audit.c - the list of kinds of events as rows. */
#include "config.h"

#include "model/audit.h"

#define INFO "Info"
#define WARNING "Warning"
#define SUCCESS "success"
#define FAILURE "failure"
#define ENDS_RIGHT true
#define ORDINARY false

const struct audit_kind audit_kinds[AUDIT__COUNT] = {
#define KIND(type, ...) [AUDIT_##type] = { __VA_ARGS__ },
#include "model/audit_kinds.h"
};
