/* model/permission.c - the list of permissions as words. */
#include "config.h"

#include "model/permission.h"

#define WORD(word, by_default) #word,
const char *const permission_words[] = { PERMISSIONS(WORD) NULL };

#define ONE(word, by_default) +1
#define IF_DEFAULT(word, by_default) +(by_default)
enum { ALL = 0 PERMISSIONS(ONE), DEFAULT = 0 PERMISSIONS(IF_DEFAULT) };

/* those of the list that a token has by default stand first in it */
const struct strings permissions_all = { permission_words, ALL };
const struct strings permissions_default = { permission_words, DEFAULT };
