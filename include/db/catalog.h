/*
 * db/catalog.h - the closed set of SQL of one kind of database: statements,
 * migrations, and what its constraints mean.
 */
#ifndef PIERRE_DB_CATALOG_H
#define PIERRE_DB_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/field.h"
#include "db/transaction.h"

enum db_backend { DB_SQLITE, DB_PGSQL, DB_BACKENDS };

#define DB_ROWS 3   /* structs that one row is read into, at most */
/* Generated from sql/ (see sql/embed.awk): one row a statement. */
struct db_statement {
	const char *name;
	unsigned params;                /* the same in each dialect            */
	bool writes;                    /* INSERT, UPDATE, DELETE               */
	const char *sql[DB_BACKENDS];   /* SQLite text has ?1 for $1            */
	const char *const *names;       /* of the parameters                    */
	const struct field_schema *rows[DB_ROWS];   /* what its rows can be read into */
};

struct db_migration {
	int version;                    /* from the file's name: 0001_initial.sql */
	const char *name;
	const char *sql;
	const char *sha256;             /* of the text, recorded when applied     */
	db_tx_fn *fn;                   /* then, in the same transaction; or NULL */
};
/* Which field a violated constraint means: both spellings of one name. */
struct db_constraint {
	const char *pgsql;    /* constraint name, "users_email_key"           */
	const char *sqlite;   /* "users.email_key", as SQLite reports it      */
	const char *field;    /* JSON field, "email"                          */
	const char *message;  /* sentence for the client                      */
};
struct db_catalog {
	const struct db_statement *statements;
	size_t n_statements;
	const struct db_migration *migrations[DB_BACKENDS];
	size_t n_migrations;
	const struct db_constraint *constraints;  /* ends with pgsql == NULL */
};

#endif
