/*
 * base/text.h - which kinds of characters a text has, as Unicode sorts them
 * (general category and Default_Ignorable_Code_Point, by libunistring).
 */
#ifndef PIERRE_BASE_TEXT_H
#define PIERRE_BASE_TEXT_H

enum text_kind {
	TEXT_EMPTY = 0,
	TEXT_VISIBLE = 1 << 0,
	TEXT_BLANK = 1 << 1,       /* Zs, and U+2800, a braille pattern without a dot */
	TEXT_CONTROL = 1 << 2,     /* Cc; Zl and Zp, which end a line or a paragraph */
	TEXT_FORMAT = 1 << 3,      /* Cf: directions of writing, zero width, soft hyphen */
	TEXT_IGNORABLE = 1 << 4,   /* another that is drawn as nothing, as U+3164 */
	TEXT_UNASSIGNED = 1 << 5,  /* Cn: a later version of Unicode may give it a meaning */
};

/* The kinds of all its characters, in one. s is valid UTF-8. */
unsigned text_kinds(const char *s);

#endif
