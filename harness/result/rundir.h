/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rundir.h - where a run is written: reports/run-YYYYmmdd-HHMMSS-PID/.
 *
 * Every run has a folder of its own, so earlier reports are never touched.
 * reports/latest is a symbolic link that is replaced by rename() once all
 * reports of the run are complete: whoever follows it never sees half a report,
 * and a run that dies leaves it as it was.
 */
#ifndef BP_RESULT_RUNDIR_H
#define BP_RESULT_RUNDIR_H

#include "base/arena.h"
#include "base/err.h"
#include "result/journal.h"
#include "result/results.h"

#include <limits.h>

struct bp_rundir {
	char reports[PATH_MAX];      /* the folder of all runs */
	char name[64];               /* of this one, inside it */
	char path[PATH_MAX];         /* reports/name */
	int journal_fd, timing_fd;   /* open for writing until closed; -1 after */
	struct bp_journal journal, timing;
};

/* Make reports (if need be) and the run's folder in it, and open both journals. started_s: UNIX time, for the name. */
int bp_rundir_create(struct bp_rundir *d, const char *reports, int64_t started_s, struct bp_err *err);

/* Flush and close both journals. Safe to call twice, and after a failed create. */
int bp_rundir_close(struct bp_rundir *d, struct bp_err *err);

/* Read the journal in folder `path` and write junit.xml and index.html beside it; *out: what was read (may be NULL). */
int bp_rundir_build(struct bp_arena *a, const char *path, struct bp_results **out, struct bp_err *err);

/* Point reports/latest at this run. Call it when everything is written. */
int bp_rundir_publish(const struct bp_rundir *d, struct bp_err *err);

#endif
