/*
 * resource/message.h - the reply that is a sentence: {message}.
 */
#ifndef PIERRE_RESOURCE_MESSAGE_H
#define PIERRE_RESOURCE_MESSAGE_H

#include "base/field.h"

struct message_out {
	const char *message;
};
extern const struct field_schema message_schema;

#endif
