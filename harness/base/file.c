/* SPDX-License-Identifier: Apache-2.0 */
/* file.c - whole files (text.h). */
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_BYTES ((size_t)4096) /* of a file that does not tell its size: a pipe, /proc */

static int fail_file(struct bp_err *err, const char *verb, const char *path)
{
	return bp_fail(err, BP_EIO, "cannot %s %s: %s", verb, path, strerror(errno));
}

static int fail_large(struct bp_err *err, const char *path, size_t max_bytes)
{
	char size[32];

	return bp_fail(err, BP_ECONFIG, "%s is larger than %s", path, bp_show_bytes(size, sizeof(size), max_bytes));
}

static int fail_memory(struct bp_err *err, const char *path)
{
	return bp_fail(err, BP_ENOMEM, "no memory left to read %s", path);
}

/* Double *bytes, which holds len bytes of file; one byte more than max_bytes is enough to see that it is too much. */
static int grow(struct bp_arena *a, char **bytes, size_t len, size_t *cap, size_t max_bytes)
{
	size_t more = *cap > max_bytes / 2 ? max_bytes + 1 : *cap * 2;
	char *p = bp_arena_alloc(a, more + 1);

	if (!p)
		return BP_ENOMEM;
	memcpy(p, *bytes, len);
	*bytes = p;
	*cap = more;
	return 0;
}

static int read_all(struct bp_arena *a, int fd, const char *path, size_t max_bytes, char **bytes, size_t *len,
		    struct bp_err *err)
{
	struct stat st;
	size_t cap = FIRST_BYTES;
	char *p;

	if (fstat(fd, &st))
		return fail_file(err, "read", path);
	if (S_ISREG(st.st_mode) && (uintmax_t)st.st_size > max_bytes)
		return fail_large(err, path, max_bytes);
	if (S_ISREG(st.st_mode) && st.st_size > 0)
		cap = (size_t)st.st_size + 1; /* room to see the end, or that it grew */
	p = bp_arena_alloc(a, cap + 1);
	if (!p)
		return fail_memory(err, path);
	for (size_t n = 0;;) {
		ssize_t got = read(fd, p + n, cap - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_file(err, "read", path);
		n += (size_t)got;
		if (n > max_bytes)
			return fail_large(err, path, max_bytes);
		if (!got) {
			p[n] = '\0';
			*bytes = p;
			*len = n;
			return 0;
		}
		if (n == cap && grow(a, &p, n, &cap, max_bytes))
			return fail_memory(err, path);
	}
}

int bp_read_file(struct bp_arena *a, const char *path, size_t max_bytes, char **bytes, size_t *len, struct bp_err *err)
{
	int fd, rc;

	if (max_bytes > SIZE_MAX / 4)
		max_bytes = SIZE_MAX / 4;
	do {
		fd = open(path, O_RDONLY | O_CLOEXEC);
	} while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return fail_file(err, "read", path);
	rc = read_all(a, fd, path, max_bytes, bytes, len, err);
	close(fd);
	return rc;
}

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The rename is durable once its folder is; file systems that cannot sync a folder say EINVAL. */
static int sync_folder(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd, rc;

	if (!slash)
		snprintf(folder, sizeof(folder), ".");
	else
		snprintf(folder, sizeof(folder), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	rc = fsync(fd);
	if (rc && errno == EINVAL)
		rc = 0;
	close(fd);
	return rc;
}

/* mkostemp() makes a private file; give it the mode that a plain creation would. */
static int set_plain_mode(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	return fchmod(fd, 0666 & ~mask);
}

int bp_write_file(const char *path, const void *bytes, size_t len, struct bp_err *err)
{
	char temp[PATH_MAX];
	int fd, n, rc;

	n = snprintf(temp, sizeof(temp), "%s.XXXXXX", path);
	if (n < 0 || (size_t)n >= sizeof(temp))
		return bp_fail(err, BP_EIO, "cannot write %s: its name is too long", path);
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return fail_file(err, "write", path);
	rc = set_plain_mode(fd);
	if (!rc)
		rc = write_all(fd, bytes, len);
	if (!rc)
		rc = fsync(fd);
	if (rc) {
		rc = fail_file(err, "write", path);
		close(fd);
		goto err_unlink;
	}
	if (close(fd)) {
		rc = fail_file(err, "write", path);
		goto err_unlink;
	}
	if (rename(temp, path)) {
		rc = fail_file(err, "write", path);
		goto err_unlink;
	}
	return sync_folder(path) ? fail_file(err, "write", path) : 0;
err_unlink:
	unlink(temp);
	return rc;
}
