/* SPDX-License-Identifier: Apache-2.0 */
/*
 * power_exec.c - power through a command of the user's.
 *
 *     power:
 *       driver: exec
 *       on: [relay, "1", close]
 *       off: [relay, "1", open]
 *       level: [supply, "set", "{mv}"]   # optional
 *       timeout: 2 s
 *
 * No shell: the list is the command and its arguments. The command gets no input;
 * what it writes to stderr goes into the error text when it fails. It dies with
 * the program (base/proc.h): one that lingers could switch on after the guardian
 * has switched off. What it leaves running behind it is ended with it, too.
 */
#include "base/proc.h"
#include "bench/power_parts.h"
#include "bench/safe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGS_MAX 32
#define SAID_BYTES 400  /* of stderr, for the text */

struct command {
	char *argv[ARGS_MAX + 1]; /* argv[0] NULL: not configured */
};

struct exec {
	const char *board;
	struct command on, off, level;
	uint64_t timeout_ns;
};

/* One line of what the command said, for the error text. */
static const char *last_words(char *said)
{
	size_t len = strlen(said);

	for (char *p = said; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	while (len && said[len - 1] == ' ')
		said[--len] = '\0';
	return len ? said : "it said nothing on stderr";
}

static int run(const struct exec *e, char *const *argv, struct bp_err *err)
{
	uint64_t start = bp_clock_ns();
	char said[SAID_BYTES + 1] = "", shown[32];
	struct bp_proc_io io = {.err = said, .err_cap = sizeof(said)};
	struct bp_err why;
	int rc = bp_proc_run((const char *const *)argv, &io, bp_power_deadline(e->timeout_ns), &why);

	if (rc > 0)
		return bp_fail(err, BP_EIO, "board %s: power command '%s' ended with status %d: %s", e->board, argv[0], rc,
			       last_words(said));
	/* To the tenth of a second: the time is the deadline's and a little for the killing. */
	start = (bp_clock_ns() - start) / (100 * BP_NS_PER_MS) * (100 * BP_NS_PER_MS);
	if (rc == BP_ETIMEOUT)
		return bp_fail(err, rc, "board %s: power command '%s' did not end and was killed after %s: %s", e->board, argv[0],
			       bp_show_duration(shown, sizeof(shown), start), last_words(said));
	if (rc)
		return bp_fail(err, rc, "board %s: power command %.500s: %s", e->board, why.text, last_words(said));
	return 0;
}

static int exec_on(void *self, struct bp_err *err)
{
	const struct exec *e = self;

	return run(e, e->on.argv, err);
}

static int exec_off(void *self, struct bp_err *err)
{
	const struct exec *e = self;

	return run(e, e->off.argv, err);
}

/* argv with each "{mv}" replaced by the level. */
static int exec_level(void *self, uint32_t mv, struct bp_err *err)
{
	const struct exec *e = self;
	char *argv[ARGS_MAX + 1], number[16];

	if (!e->level.argv[0])
		return bp_fail(err, BP_ECONFIG, "board %s: its power has no 'level' command", e->board);
	snprintf(number, sizeof(number), "%u", (unsigned)mv);
	memcpy(argv, e->level.argv, sizeof(argv));
	for (unsigned i = 0; argv[i]; i++)
		if (!strcmp(argv[i], "{mv}"))
			argv[i] = number;
	return run(e, argv, err);
}

static bool can_run(const char *name)
{
	const char *path = getenv("PATH");
	char file[4096];

	if (strchr(name, '/'))
		return !access(name, X_OK);
	while (path && *path) {
		int len = (int)strcspn(path, ":");

		if (snprintf(file, sizeof(file), "%.*s/%s", len, path, name) < (int)sizeof(file) && !access(file, X_OK))
			return true;
		path += len + (path[len] == ':');
	}
	return false;
}

static void read_command(struct bp_arena *a, struct bp_diag *d, const struct bp_node *node, struct command *out)
{
	const char *text;

	if (!node || !bp_node_is(d, node, BP_NODE_SEQ))
		return;
	if (!node->n || node->n > ARGS_MAX) {
		bp_diag_at(d, node, "expected a command and its arguments, 1 to %d items, as in [relay, \"1\", close]", ARGS_MAX);
		return;
	}
	for (size_t i = 0; i < node->n; i++) {
		if (bp_node_text(d, node->items[i], &text))
			return;
		out->argv[i] = bp_arena_text(a, text, strlen(text));
		if (!out->argv[i])
			return;
	}
	if (!can_run(out->argv[0]))
		bp_diag_at(d, node->items[0], "no program '%s' that can be run: give its path, or put its folder on PATH", out->argv[0]);
}

static int exec_open(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, const char *board, void **self,
		     struct bp_err *err)
{
	struct exec *e = bp_arena_alloc(a, sizeof(*e));
	unsigned before = d->count;
	int rc;

	if (!e)
		return bp_fail(err, BP_ENOMEM, "board %s: power: out of memory", board);
	e->board = board;
	e->timeout_ns = 2 * BP_NS_PER_S;
	read_command(a, d, bp_map_need(d, config, "on", "the command that switches the board on"), &e->on);
	read_command(a, d, bp_map_need(d, config, "off", "the command that switches the board off"), &e->off);
	read_command(a, d, bp_map_get(config, "level"), &e->level);
	bp_power_timeout(d, config, &e->timeout_ns);
	bp_map_done(d, config);
	if (d->count != before)
		return bp_diag_result(d, err);
	rc = bp_safe_add(&bp_power_exec_ops, e, board, config, err);
	if (rc)
		return bp_prefix(err, "board %s: power", board);
	*self = e;
	return 0;
}

static void exec_close(void *self)
{
	bp_power_hurry(true);
	bp_safe_drop(self, !exec_off(self, NULL));
	bp_power_hurry(false);
}

const struct bp_power_ops bp_power_exec_ops = {
	.name = "exec",
	.help = "commands of your own: on: [PROGRAM, ARG…], off: […], level: [… \"{mv}\"]",
	.open = exec_open, .close = exec_close, .on = exec_on, .off = exec_off, .level = exec_level,
};
