/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/home.h"

#include "base/text.h"
#include "bench/product.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_NAMES 512

static int is_home(struct bp_arena *a, const char *dir)
{
	const char *probe = bp_arena_printf(a, "%s/scenarios/.", dir); /* "/.": a folder */

	return probe && access(probe, R_OK) == 0;
}

int bp_home(struct bp_arena *a, const char **out, struct bp_err *err)
{
	const char *env = getenv("BRICKPROOF_HOME");
	char exe[PATH_MAX], *up;
	ssize_t n;

	if (env && *env) {
		*out = env;
		return is_home(a, env) ? 0 : bp_fail(err, BP_EUSAGE, "BRICKPROOF_HOME is %s, which has no folder 'scenarios'", env);
	}
	if (is_home(a, ".")) {
		*out = ".";
		return 0;
	}
	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n > 0) {
		exe[n] = '\0';
		for (int i = 1; i <= 3 && (up = strrchr(exe, '/')); i++) {
			*up = '\0';
			/* PREFIX/bin/brickproof, as installed; or HOME/build/release/brickproof, as built. */
			*out = i == 1 ? NULL : i == 2 ? bp_arena_printf(a, "%s/share/brickproof", exe) : bp_arena_text(a, exe, strlen(exe));
			if (*out && is_home(a, *out))
				return 0;
		}
	}
	return bp_fail(err, BP_EUSAGE, "no folder 'scenarios' here or beside the program; run it in the project's folder or set BRICKPROOF_HOME");
}

const char *bp_home_show(struct bp_arena *a, const char *path)
{
	struct bp_err ignored;
	const char *home;
	size_t n;

	if (bp_home(a, &home, &ignored))
		return path;
	n = strlen(home);
	return !strncmp(path, home, n) && path[n] == '/' ? path + n + 1 : path;
}

static int is_path(const char *name)
{
	return strchr(name, '/') != NULL;
}

static int in_home(struct bp_arena *a, const char *name, const char *folder, const char *suffix, const char **out,
		   struct bp_err *err)
{
	const char *home = NULL;
	int rc;

	if (is_path(name)) {
		*out = name;
		return 0;
	}
	rc = bp_home(a, &home, err);
	if (rc)
		return rc;
	*out = strcmp(home, ".") ? bp_arena_printf(a, "%s/%s/%s%s", home, folder, name, suffix)
				 : bp_arena_printf(a, "%s/%s%s", folder, name, suffix);
	return *out ? 0 : bp_fail(err, BP_ENOMEM, "no memory for a path");
}

/* 0 when path is a file that may be read; a folder is none. */
static int need_file(const char *what, const char *name, const char *path, const char *hint, struct bp_err *err)
{
	struct stat st;

	errno = 0;
	if (access(path, R_OK) == 0 && stat(path, &st) == 0) {
		if (!S_ISDIR(st.st_mode))
			return 0;
		errno = EISDIR;
	}
	return bp_fail(err, BP_EUSAGE, "no %s '%s': cannot read %s: %s%s", what, name, path, strerror(errno), hint);
}

/*
 * A 64-bit ELF object ends with its section headers. dlopen() maps what the file says without a look at
 * its size, and one that is cut short, by a full disk, ends the program with SIGBUS. What is no ELF is dlopen's to refuse.
 */
static int need_whole_object(const char *name, const char *path, struct bp_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf64_Ehdr h = {0};
	struct stat st;
	uint64_t most, end;

	if (fd < 0 || fstat(fd, &st) || read(fd, &h, sizeof(h)) < (ssize_t)sizeof(h) || memcmp(h.e_ident, ELFMAG, SELFMAG) ||
	    h.e_ident[EI_CLASS] != ELFCLASS64) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	close(fd);
	most = (uint64_t)st.st_size;
	end = (uint64_t)h.e_shnum * h.e_shentsize;
	if (end <= most && h.e_shoff <= most - end)
		return 0;
	return bp_fail(err, BP_EUSAGE, "no firmware '%s': %s is cut short: %llu bytes; build it again", name, path, (unsigned long long)most);
}

int bp_home_product(struct bp_arena *a, const char *name, const char **out, struct bp_err *err)
{
	int rc = in_home(a, name, "fixtures/products", strstr(name, ".yaml") ? "" : ".yaml", out, err);

	if (rc)
		return rc;
	return need_file("product", name, *out, "", err);
}

int bp_home_product_for(struct bp_arena *a, const char *named, const char *given, const char **out, struct bp_err *err)
{
	const char *like = NULL;
	int rc;

	if (!given)
		return bp_home_product(a, named ? named : "reference", out, err);
	rc = bp_home_product(a, given, out, err);
	if (!rc && named)
		rc = bp_product_peek(a, *out, &like, err);
	if (rc || !named || (like && !strcmp(like, named)))
		return rc;
	return bp_home_product(a, named, out, err);
}

int bp_home_firmware(struct bp_arena *a, const char *name, const char **out, struct bp_err *err)
{
	int rc = in_home(a, name, "build/firmware", ".so", out, err);

	if (rc)
		return rc;
	rc = need_file("firmware", name, *out, " (build it with `make firmware mutant-objects`)", err);
	return rc ? rc : need_whole_object(name, *out, err);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names of files PREFIX…SUFFIX in a folder, without both, sorted. */
static int names_in(struct bp_arena *a, const char *folder, const char *prefix, const char *suffix,
		    const char *const **out, size_t *n, struct bp_err *err)
{
	const char **names = bp_arena_array(a, MAX_NAMES, sizeof(*names));
	size_t pre = strlen(prefix), suf = strlen(suffix);
	struct dirent *e;
	DIR *dir;

	*n = 0;
	if (!names)
		return bp_fail(err, BP_ENOMEM, "no memory for names");
	dir = opendir(folder);
	if (!dir)
		return bp_fail(err, BP_EUSAGE, "cannot read folder %s: %s", folder, strerror(errno));
	while ((e = readdir(dir)) && *n < MAX_NAMES) {
		size_t len = strlen(e->d_name);

		if (len <= pre + suf || strncmp(e->d_name, prefix, pre) || strcmp(e->d_name + len - suf, suffix))
			continue;
		names[*n] = bp_arena_text(a, e->d_name + pre, len - pre - suf);
		if (names[*n])
			++*n;
	}
	closedir(dir);
	qsort(names, *n, sizeof(*names), by_name);
	*out = names;
	return 0;
}

int bp_home_scenarios(struct bp_arena *a, const char *const **names, size_t *n, struct bp_err *err)
{
	const char *home = NULL, *folder;
	const char *const *all = NULL;
	const char **kept;
	size_t n_all = 0;
	int rc = bp_home(a, &home, err);

	if (rc)
		return rc;
	folder = bp_arena_printf(a, "%s/scenarios", home);
	rc = folder ? names_in(a, folder, "", ".yaml", &all, &n_all, err) : bp_fail(err, BP_ENOMEM, "no memory for a path");
	if (rc)
		return rc;
	kept = bp_arena_array(a, n_all + 1, sizeof(*kept));
	if (!kept)
		return bp_fail(err, BP_ENOMEM, "no memory for names");
	*n = 0;
	for (size_t i = 0; i < n_all; i++)
		if (strcmp(all[i], "requirements"))
			kept[(*n)++] = all[i];
	*names = kept;
	return 0;
}

int bp_home_mutants(struct bp_arena *a, const char *const **names, size_t *n, struct bp_err *err)
{
	const char *home = NULL, *folder;
	int rc = bp_home(a, &home, err);

	if (rc)
		return rc;
	folder = bp_arena_printf(a, "%s/build/firmware", home);
	return folder ? names_in(a, folder, "mutant-", ".so", names, n, err) : bp_fail(err, BP_ENOMEM, "no memory for a path");
}

int bp_home_scenario(struct bp_arena *a, const char *name, const char **out, struct bp_err *err)
{
	const char *const *names = NULL, *near;
	size_t n = 0;
	int rc;

	if (is_path(name) || strstr(name, ".yaml")) {
		*out = name;
		return need_file("scenario", name, name, "", err);
	}
	rc = in_home(a, name, "scenarios", ".yaml", out, err);
	if (rc || access(*out, R_OK) == 0)
		return rc;
	rc = bp_home_scenarios(a, &names, &n, err);
	if (rc)
		return rc;
	near = bp_nearest(name, names, n);
	return near ? bp_fail(err, BP_EUSAGE, "no scenario '%s'; did you mean '%s'? `brickproof list` names all", name, near)
		    : bp_fail(err, BP_EUSAGE, "no scenario '%s'; `brickproof list` names all", name);
}
