/*
 * shm/room_file.h - making, judging and mapping the room's file. For src/shm.
 */
#ifndef PIERRE_SHM_ROOM_FILE_H
#define PIERRE_SHM_ROOM_FILE_H

#include "shm/room_private.h"

/* The file that is there, or a new one; maps it. The lock is held. */
bool room_file_open(struct room *r, int dir_fd, const struct room_options *o,
		    int64_t *discarded_r, struct err *err_r);
/* ERR_NOT_FOUND: there is none. Other kinds: there is one that is not for us. */
bool room_file_attach(struct room *r, int dir_fd, const char *dir, const char *database_id,
		      struct err *err_r);

#endif
