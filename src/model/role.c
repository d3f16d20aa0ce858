/* model/role.c - the words of roles, in their order. */
#include "config.h"

#include <stddef.h>

#include "base/str.h"
#include "model/role.h"

const char *const role_words[] = { "user", "admin", "super_admin", NULL };

enum role role_by_word(const char *word)
{
	for (int i = 0; role_words[i]; i++)
		if (str_eq(role_words[i], word))
			return (enum role)(ROLE_USER + i);
	return ROLE_NONE;
}
