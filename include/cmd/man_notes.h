/*
 * cmd/man_notes.h - what an operator needs to know that no table says: sections of
 * the man page.
 */
#ifndef PIERRE_CMD_MAN_NOTES_H
#define PIERRE_CMD_MAN_NOTES_H

struct man_note {
	const char *heading;   /* NULL: one more paragraph of the section before */
	const char *text;      /* NULL ends the table */
};
extern const struct man_note man_notes[];

#endif
