/* op/credential_list.c - the one list of kinds, as op/credential.h has it. */
#include "config.h"

#include "op/credential.h"

#define ROW(word) &credential_##word,
const struct credential_kind *const credential_kinds[] = { CREDENTIAL_KINDS(ROW) NULL };

#define WORD(word) #word,
const char *const credential_words[] = { CREDENTIAL_KINDS(WORD) NULL };
