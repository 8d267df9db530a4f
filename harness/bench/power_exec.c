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
 * The commands are as in hook.h. They die with the program: one that lingers could
 * switch on after the guardian has switched off.
 */
#include "bench/hook.h"
#include "bench/power_parts.h"
#include "bench/safe.h"

#include <stdio.h>
#include <string.h>

struct exec {
	const char *board;
	struct bp_hook on, off, level;
	uint64_t timeout_ns;
};

static int run(const struct exec *e, const struct bp_hook *h, struct bp_err *err)
{
	return bp_hook_run(h, "power command", e->board, NULL, bp_power_deadline(e->timeout_ns), err);
}

static int exec_on(void *self, struct bp_err *err)
{
	const struct exec *e = self;

	return run(e, &e->on, err);
}

static int exec_off(void *self, struct bp_err *err)
{
	const struct exec *e = self;

	return run(e, &e->off, err);
}

/* argv with each "{mv}" replaced by the level. */
static int exec_level(void *self, uint32_t mv, struct bp_err *err)
{
	const struct exec *e = self;
	struct bp_hook h = e->level;
	char number[16];

	if (!e->level.argv[0])
		return bp_fail(err, BP_ECONFIG, "board %s: its power has no 'level' command", e->board);
	snprintf(number, sizeof(number), "%u", (unsigned)mv);
	for (unsigned i = 0; h.argv[i]; i++)
		if (!strcmp(h.argv[i], "{mv}"))
			h.argv[i] = number;
	return run(e, &h, err);
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
	bp_hook_read(a, d, bp_map_need(d, config, "on", "the command that switches the board on"), &e->on);
	bp_hook_read(a, d, bp_map_need(d, config, "off", "the command that switches the board off"), &e->off);
	bp_hook_read(a, d, bp_map_get(config, "level"), &e->level);
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
