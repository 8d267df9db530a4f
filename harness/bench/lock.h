/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock.h - one program a board at a time.
 *
 * A lock is flock() on a small file, so that it ends with its holder however that
 * ends. The file tells who holds it: that is for texts only, never trusted.
 * Files lie in $XDG_RUNTIME_DIR/brickproof, else in /tmp/brickproof-locks-UID, and
 * stay there. Programs of other users have locks of their own.
 */
#ifndef BP_BENCH_LOCK_H
#define BP_BENCH_LOCK_H

#include "base/err.h"

struct bp_lock {
	int fd;          /* -1: not held */
};

/*
 * Take the lock of board on bench. holder: who we are, one short line for others to
 * read ("run scenarios/x.yaml"); user, pid and time are added. Does not wait.
 * BP_EIO: somebody else has it, the text names them; or the folder cannot be used.
 */
int bp_lock_take(struct bp_lock *l, const char *bench, const char *board, const char *holder, struct bp_err *err);

/* Safe on one that is not held. A child made by fork() shares the lock: it stands until the last of them has gone. */
void bp_lock_drop(struct bp_lock *l);

#endif
