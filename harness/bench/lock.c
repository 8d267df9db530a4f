/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/lock.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HOLDER_BYTES 192

/*
 * The folder, made when it is missing. /tmp is everybody's: somebody else's folder
 * of that name, or a link, is refused and not followed.
 */
static int open_folder(char *path, size_t cap, struct bp_err *err)
{
	const char *run = getenv("XDG_RUNTIME_DIR");
	struct stat st;
	int fd;

	if (run && run[0] == '/')
		snprintf(path, cap, "%s/brickproof", run);
	else
		snprintf(path, cap, "/tmp/brickproof-locks-%u", (unsigned)getuid());
	if (mkdir(path, 0700) && errno != EEXIST)
		return bp_fail(err, BP_EIO, "the folder for board locks cannot be made: %s: %s (XDG_RUNTIME_DIR chooses it)", path,
			       strerror(errno));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return bp_fail(err, BP_EIO, "the folder for board locks cannot be opened: %s: %s", path, strerror(errno));
	if (!fstat(fd, &st) && st.st_uid == getuid() && !(st.st_mode & 022))
		return fd;
	close(fd);
	return bp_fail(err, BP_EIO, "the folder for board locks, %s, belongs to somebody else or is writable for others: remove it", path);
}

static void user_name(char *out, size_t cap)
{
	const struct passwd *pw = getpwuid(getuid());

	if (pw)
		snprintf(out, cap, "%s", pw->pw_name);
	else
		snprintf(out, cap, "uid %u", (unsigned)getuid());
}

/* One line: who, pid, since when. Nothing depends on it, so a full disk costs the name only. */
static void write_holder(int fd, const char *holder)
{
	char user[64], since[32] = "", line[HOLDER_BYTES];
	time_t now = time(NULL);
	struct tm tm;
	int n;

	user_name(user, sizeof(user));
	if (localtime_r(&now, &tm))
		strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S", &tm);
	n = snprintf(line, sizeof(line), "%s, pid %d, since %s: %.90s\n", user, (int)getpid(), since, holder);
	if (n >= (int)sizeof(line))
		n = (int)sizeof(line) - 1;
	if (ftruncate(fd, 0) || pwrite(fd, line, (size_t)n, 0) < 0)
		return;
}

static int taken(int fd, const char *board, struct bp_err *err)
{
	char line[HOLDER_BYTES], shown[HOLDER_BYTES + 16];
	ssize_t n = pread(fd, line, sizeof(line) - 1, 0);

	line[n > 0 ? n : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	/* Between its flock() and its write() the holder is not known by name yet. */
	return bp_fail(err, BP_EIO, "board %s is in use by %s: wait for it, or end it", board,
		       line[0] ? bp_quote(shown, sizeof(shown), line) : "somebody who has only just begun");
}

int bp_lock_take(struct bp_lock *l, const char *bench, const char *board, const char *holder, struct bp_err *err)
{
	char folder[PATH_MAX - 8], name[NAME_MAX + 1];
	int dir = open_folder(folder, sizeof(folder), err), n, fd;

	l->fd = -1;
	if (dir < 0)
		return dir;
	n = snprintf(name, sizeof(name), "%s.%s.lock", bench, board);
	if (n >= (int)sizeof(name) || strchr(name, '/')) {
		close(dir);
		return bp_fail(err, BP_EINTERNAL, "board %s: its name makes no file name", board);
	}
	fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	close(dir);
	if (fd < 0)
		return bp_fail(err, BP_EIO, "board %s: its lock %s/%s cannot be opened: %s", board, folder, name, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		int code = errno == EWOULDBLOCK ? taken(fd, board, err) :
			   bp_fail(err, BP_EIO, "board %s: its lock %s/%s cannot be taken: %s", board, folder, name, strerror(errno));

		close(fd);
		return code;
	}
	write_holder(fd, holder);
	l->fd = fd;
	return 0;
}

void bp_lock_drop(struct bp_lock *l)
{
	if (l->fd < 0)
		return;
	if (!ftruncate(l->fd, 0)) /* an empty file has no holder; should this fail, the name is stale and harmless */
		flock(l->fd, LOCK_UN);
	close(l->fd);
	l->fd = -1;
}
