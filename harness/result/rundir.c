/* SPDX-License-Identifier: Apache-2.0 */
#include "result/rundir.h"

#include "base/text.h"
#include "result/html.h"
#include "result/junit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAMES_MAX 100u /* runs of one process that may begin in one second */

/* mkdir -p; the mode is the user's umask's business. */
static int make_folders(const char *path, struct bp_err *err)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	struct stat st;

	if (!len || len >= sizeof(part))
		return bp_fail(err, BP_ECONFIG, "'%s' is no folder for reports", path);
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdir(part, 0777) && errno != EEXIST)
			return bp_fail(err, BP_EIO, "%s: cannot make the folder for reports: %s", part, strerror(errno));
		part[i] = path[i];
	}
	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return bp_fail(err, BP_EIO, "%s: reports go into a folder, this is none", path);
	return 0;
}

/* A folder that was not there before; a second run in the same second gets a number. */
static int make_run_folder(struct bp_rundir *d, int64_t started_s, struct bp_err *err)
{
	time_t when = (time_t)started_s;
	char stamp[32];
	struct tm tm;

	if (!gmtime_r(&when, &tm) || !strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm))
		return bp_fail(err, BP_EINTERNAL, "rundir: no such time");
	for (unsigned i = 0; i < NAMES_MAX; i++) {
		char extra[16] = "";

		if (i)
			snprintf(extra, sizeof(extra), "-%u", i);
		snprintf(d->name, sizeof(d->name), "run-%s-%ld%s", stamp, (long)getpid(), extra);
		if ((size_t)snprintf(d->path, sizeof(d->path), "%s/%s", d->reports, d->name) >= sizeof(d->path))
			return bp_fail(err, BP_ECONFIG, "%s: the path is too long", d->reports);
		if (!mkdir(d->path, 0777))
			return 0;
		if (errno != EEXIST)
			return bp_fail(err, BP_EIO, "%s: cannot make the run's folder: %s", d->path, strerror(errno));
	}
	return bp_fail(err, BP_EIO, "%s: %u runs of this second are there already", d->path, NAMES_MAX);
}

/* `latest` is found in the way before a run, not after it. */
static int check_latest(const char *reports, struct bp_err *err)
{
	char latest[PATH_MAX + 16];
	struct stat st;

	snprintf(latest, sizeof(latest), "%s/latest", reports);
	if (!lstat(latest, &st) && !S_ISLNK(st.st_mode))
		return bp_fail(err, BP_EIO, "%s: is in the way: no symbolic link; move it elsewhere", latest);
	return 0;
}

static int open_in(const struct bp_rundir *d, const char *file, int *fd, struct bp_err *err)
{
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s/%s", d->path, file);
	*fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	return *fd < 0 ? bp_fail(err, BP_EIO, "%s: cannot open: %s", path, strerror(errno)) : 0;
}

int bp_rundir_create(struct bp_rundir *d, const char *reports, int64_t started_s, struct bp_err *err)
{
	int rc;

	*d = (struct bp_rundir){.journal_fd = -1, .timing_fd = -1};
	rc = make_folders(reports, err);
	if (!rc)
		rc = check_latest(reports, err);
	if (rc)
		return rc;
	snprintf(d->reports, sizeof(d->reports), "%s", reports);
	rc = make_run_folder(d, started_s, err);
	if (!rc)
		rc = open_in(d, "journal.jsonl", &d->journal_fd, err);
	if (!rc)
		rc = open_in(d, "timing.jsonl", &d->timing_fd, err);
	if (!rc)
		rc = bp_journal_open(&d->journal, d->journal_fd, err);
	if (!rc)
		rc = bp_journal_open(&d->timing, d->timing_fd, err);
	if (rc)
		bp_rundir_close(d, NULL);
	return rc;
}

static int close_one(struct bp_journal *j, int *fd, struct bp_err *err)
{
	int rc = bp_journal_close(j, err);

	/* A file system may report a failed write no earlier than here. */
	if (*fd >= 0 && close(*fd) && !rc)
		rc = bp_fail(err, BP_EIO, "journal: cannot close: %s", strerror(errno));
	*fd = -1;
	return rc;
}

int bp_rundir_close(struct bp_rundir *d, struct bp_err *err)
{
	int rc = close_one(&d->journal, &d->journal_fd, err);
	int timing = close_one(&d->timing, &d->timing_fd, rc ? NULL : err);

	return rc ? rc : timing;
}

static int write_report(struct bp_arena *a, const char *dir, const char *file, const struct bp_text *t,
			struct bp_err *err)
{
	const char *path = bp_arena_printf(a, "%s/%s", dir, file);

	if (!path)
		return bp_fail(err, BP_ENOMEM, "%s: no memory", dir);
	return bp_write_file(path, t->bytes, t->len, err);
}

int bp_rundir_build(struct bp_arena *a, const char *path, struct bp_results **out, struct bp_err *err)
{
	struct bp_results *r = NULL;
	struct bp_text t;
	int rc = bp_results_read(a, path, &r, err);

	if (rc)
		return rc;
	bp_text_init(&t, a);
	rc = bp_junit_write(r, &t, err);
	if (!rc)
		rc = write_report(a, path, "junit.xml", &t, err);
	bp_text_clear(&t);
	if (!rc)
		rc = bp_html_write(r, &t, err);
	if (!rc)
		rc = write_report(a, path, "index.html", &t, err);
	if (!rc && out)
		*out = r;
	return rc;
}

int bp_rundir_publish(const struct bp_rundir *d, struct bp_err *err)
{
	char link[PATH_MAX + 128], latest[PATH_MAX + 16];
	int rc = check_latest(d->reports, err);

	snprintf(latest, sizeof(latest), "%s/latest", d->reports);
	/* Beside it, so that rename() stays within one file system; of this run, so that two runs do not meet. */
	snprintf(link, sizeof(link), "%s/.latest-%s", d->reports, d->name);
	if (rc)
		return rc;
	if (symlink(d->name, link))
		return bp_fail(err, BP_EIO, "%s: cannot make the link: %s", link, strerror(errno));
	if (rename(link, latest)) {
		int why = errno;

		unlink(link);
		return bp_fail(err, BP_EIO, "%s: cannot be replaced: %s", latest, strerror(why));
	}
	return 0;
}
