/*
 * shm/segment_file.h - making, judging and mapping the segment's file. For src/shm.
 */
#ifndef PIERRE_SHM_SEGMENT_FILE_H
#define PIERRE_SHM_SEGMENT_FILE_H

#include "shm/segment_private.h"

/* The file that is there, or a new one; maps it. The lock is held. */
bool segment_file_open(struct segment *r, int dir_fd, const struct segment_options *o,
		       int64_t *discarded_r, struct err *err_r);
/* ERR_NOT_FOUND: there is none. Other kinds: there is one that is not for us. */
bool segment_file_attach(struct segment *r, int dir_fd, const char *dir, const char *database_id,
			 struct err *err_r);

#endif
