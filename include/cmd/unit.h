/*
 * cmd/unit.h - what systemd's files say of pierre.service, without asking systemd
 * (systemd.unit(5)).
 */
#ifndef PIERRE_CMD_UNIT_H
#define PIERRE_CMD_UNIT_H

#include "base/arena.h"

/* The file that takes the network from the service, by PrivateNetwork=,
 * RestrictAddressFamilies= or IPAddressDeny=; NULL = none: it has one. A unit file and its
 * drop-ins are found in the directories of $SYSTEMD_UNIT_PATH, or else in systemd's own. */
const char *unit_without_network(struct arena *arena);

#endif
