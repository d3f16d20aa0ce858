/*
 * store/constraint.h - which JSON field a violated constraint means.
 *
 * One row for every UNIQUE or PRIMARY KEY that a client's input can meet. The
 * names are the same on both backends (sql/<backend>/0001_initial.sql).
 */
#ifndef PIERRE_STORE_CONSTRAINT_H
#define PIERRE_STORE_CONSTRAINT_H

#include "db/catalog.h"

#define EMAIL_TAKEN "An account with this e-mail address already exists"

extern const struct db_constraint store_constraints[];   /* ends with pgsql == NULL */

#endif
