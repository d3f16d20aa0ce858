/*
 * model/role.h - what a user is to the whole service, and what an admin token may be
 * permitted.
 */
#ifndef PIERRE_MODEL_ROLE_H
#define PIERRE_MODEL_ROLE_H

/* A higher one may all that a lower one may. */
enum role {
	ROLE_NONE,          /* nobody: acts on no user */
	ROLE_USER,
	ROLE_ADMIN,         /* all of /admin but roles and admin tokens */
	ROLE_SUPER_ADMIN,   /* also of the shell */
};

/* users.role, from the lowest; NULL at the end. */
extern const char *const role_words[];
enum role role_by_word(const char *word);   /* ROLE_NONE: no such role */

#endif
