/*
 * tests/support/mutant.c - which guard or scope is skipped in this request: what
 * op/mutant.h says, for the program pierre_mutant.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "op/mutant.h"

static char kind_now[16], value_now[128];

void mutant_begin(const char *label)
{
	const char *path = getenv("PIERRE_MUTANT");
	FILE *f = path ? fopen(path, "r") : NULL;
	char line[256] = "", row[64] = "";
	int n = 0;

	value_now[0] = '\0';
	if (f && fgets(line, sizeof(line), f))
		n = sscanf(line, "%15[a-z]:%63s %127s", kind_now, row, value_now);
	if (f)
		fclose(f);
	if (n < 2 || strcmp(row, label) != 0)
		kind_now[0] = '\0';
}

const char *mutant_value(const char *kind)
{
	return strcmp(kind, kind_now) == 0 ? value_now : NULL;
}
