/* provider/builtin.h - the text of src/provider/providers.json; src/provider/builtin.awk makes it C. */
#ifndef PIERRE_PROVIDER_BUILTIN_H
#define PIERRE_PROVIDER_BUILTIN_H

extern const char provider_builtin[];

#endif
