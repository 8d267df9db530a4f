/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_exec.c - an update by a command of the user's.
 *
 *     link:
 *       driver: exec
 *       command: [flash-tool, --port, /dev/ttyUSB1, "{image}"]
 *       timeout: 5 min
 *       refused: [3]        # statuses by which it tells that the device refused the update
 *       no-answer: [4]      # ... that the device does not answer
 *
 * The command as in hook.h; "{image}", "{manifest}", "{slot}", "{version}" and
 * "{artifact}" stand for what the environment holds as well (link_parts.h). It has
 * done its work, trial request and reset included, when it ends with status 0.
 * Every other status but the ones listed, and an end that does not come, is the
 * rig's trouble. What it says goes into the time line.
 */
#include "bench/link_parts.h"

#include "base/clock.h"
#include "base/proc.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMEOUT_NS (300 * BP_NS_PER_S)
#define SLICE_NS (10 * BP_NS_PER_MS)   /* between looks at the command; the console is heard at once */
#define GRACE_NS (200 * BP_NS_PER_MS)
#define STATUSES 8

struct statuses {
	uint32_t status[STATUSES];
	unsigned n;
};

struct exec {
	struct bp_link_smp smp;        /* first: what the device runs is asked over SMP */
	struct bp_board *board;
	struct bp_hook command;
	struct statuses refused, no_answer;
	char line[160];                /* what it says, a line at a time; the last one stays */
	size_t len;
	bool ended;                    /* the line has ended: the next byte begins a new one */
};

/* ---- what it says ------------------------------------------------------------------------- */

static void say(struct exec *e, char c)
{
	const struct bp_wire *w = &e->board->wire;

	if (e->ended)
		e->len = 0;
	e->ended = c == '\n' || c == '\r';
	if ((unsigned char)c < 0x20 || c == 0x7f)
		c = ' ';
	if (!e->ended && e->len < sizeof(e->line) - 1)
		e->line[e->len++] = c;
	e->line[e->len] = '\0';
	if (e->ended && e->len && w->on_note)
		w->on_note(w->ctx, e->line);
}

/* What is there now; one that babbles without end must not keep us from the board. */
static void listen(struct exec *e, struct bp_proc *p)
{
	char bytes[4096];
	ssize_t n = p->out >= 0 ? read(p->out, bytes, sizeof(bytes)) : 0;

	for (ssize_t i = 0; i < n; i++)
		say(e, bytes[i]);
}

/* ---- the update ----------------------------------------------------------------------------- */

/* 0: it has ended; 1: the time is over; BP_EPOWER, or the rig's trouble. */
static int attend(struct exec *e, struct bp_proc *p, struct bp_err *err)
{
	uint64_t limit_ns = bp_deadline_in(e->command.timeout_ns);
	struct bp_board *b = e->board;

	for (;;) {
		bool ended = bp_proc_ended(p);
		int rc;

		listen(e, p);
		if (ended)
			return 0;
		if (bp_deadline_passed(limit_ns))
			return 1;
		rc = bp_wire_next(&b->wire, bp_world_now(&b->world) + SLICE_NS, err);
		if (rc == BP_WIRE_OFF)
			return bp_fail(err, BP_EPOWER, "the board lost power");
		if (rc < 0)
			return rc;
	}
}

static bool lists(const struct statuses *s, int status)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->status[i] == (uint32_t)status)
			return true;
	return false;
}

static int outcome(const struct exec *e, const struct bp_proc *p, struct bp_err *err)
{
	const char *name = e->command.argv[0], *said = e->len ? e->line : "it said nothing";
	int status = WIFEXITED(p->status) ? WEXITSTATUS(p->status) : -1;
	char how[64];

	if (!status)
		return 0;
	if (status > 0 && lists(&e->refused, status))
		return bp_fail(err, BP_EREFUSED, "the device refused the update, says '%s' (status %d): %s", name, status, said);
	if (status > 0 && lists(&e->no_answer, status))
		return bp_fail(err, BP_ETIMEOUT, "no answer from the device, says '%s' (status %d): %s", name, status, said);
	return bp_fail(err, BP_EIO, "board %s: update command '%s': %s: %s; statuses that are the device's doing are listed as 'refused' or "
		       "'no-answer' of its link", e->board->name, name, bp_proc_how(p, how, sizeof(how)), said);
}

/* The command with its placeholders filled in. */
static void fill(const struct exec *e, const struct bp_link_files *f, const struct bp_delivery *d, char slot[2], const char **argv)
{
	const struct {
		const char *name, *value;
	} known[] = {{"{image}", f->image}, {"{manifest}", f->manifest}, {"{slot}", slot}, {"{version}", d->version}, {"{artifact}", d->artifact}};
	unsigned i;

	slot[0] = (char)('a' + (char)d->slot);
	slot[1] = '\0';
	for (i = 0; e->command.argv[i]; i++) {
		argv[i] = e->command.argv[i];
		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			if (!strcmp(argv[i], known[k].name))
				argv[i] = known[k].value;
	}
	argv[i] = NULL;
}

static int run(struct exec *e, const struct bp_link_files *f, const struct bp_delivery *d, struct bp_err *err)
{
	const char *argv[BP_HOOK_ARGS + 1];
	struct bp_proc_options o = {.argv = argv, .env = f->env, .in = BP_PROC_NULL, .out = BP_PROC_PIPE, .err = BP_PROC_OUT};
	char slot[2], shown[32];
	struct bp_proc p;
	struct bp_err why;
	int rc;

	fill(e, f, d, slot, argv);
	rc = bp_proc_start(&p, &o, &why);
	if (rc)
		return bp_fail(err, BP_EIO, "board %s: update command %.500s", e->board->name, why.text);
	rc = attend(e, &p, err);
	if (rc > 0)
		rc = bp_fail(err, BP_EIO, "board %s: update command '%s' did not end and was killed after %s (timeout): %s", e->board->name,
			     argv[0], bp_show_duration(shown, sizeof(shown), e->command.timeout_ns), e->len ? e->line : "it said nothing");
	else if (!rc)
		rc = outcome(e, &p, err);
	bp_proc_stop(&p, rc ? GRACE_NS : 0);
	return rc;
}

static int deliver(void *self, const struct bp_delivery *d, struct bp_err *err)
{
	struct bp_link_files f;
	struct exec *e = self;
	int rc = bp_link_files_make(&f, e->board, d, err);

	e->len = 0;
	e->ended = false;
	if (!rc)
		rc = run(e, &f, d, err);
	bp_link_files_remove(&f);
	return rc;
}

/* ---- open ------------------------------------------------------------------------------------- */

static void read_statuses(struct bp_diag *d, const struct bp_node *list, struct statuses *out)
{
	if (!list || !bp_node_is(d, list, BP_NODE_SEQ))
		return;
	if (list->n > STATUSES) {
		bp_diag_at(d, list, "%zu statuses; expected at most %d", list->n, STATUSES);
		return;
	}
	for (size_t i = 0; i < list->n; i++)
		if (!bp_node_u32(d, list->items[i], 1, 255, &out->status[out->n]))
			out->n++;
}

static int open_exec(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, struct bp_board *board, void **self,
		     struct bp_err *err)
{
	struct exec *e = bp_arena_alloc(a, sizeof(*e));

	if (!e)
		return bp_fail(err, BP_ENOMEM, "board %s: no memory for a link", board->name);
	e->smp.wire = &board->wire;
	e->board = board;
	e->command.timeout_ns = TIMEOUT_NS;
	bp_hook_read(a, d, bp_map_need(d, config, "command", "what carries out an update: [PROGRAM, ARG...]"), &e->command);
	bp_hook_timeout(d, config, &e->command.timeout_ns);
	read_statuses(d, bp_map_get(config, "refused"), &e->refused);
	read_statuses(d, bp_map_get(config, "no-answer"), &e->no_answer);
	*self = e;
	return bp_map_done(d, config);
}

const struct bp_link_ops bp_link_exec_ops = {
	.name = "exec",
	.help = "a command of your own carries out the update: command: [PROGRAM, ARG..., \"{image}\"]",
	.open = open_exec, .deliver = deliver,
	.reset = bp_link_smp_reset, .images = bp_link_smp_images, .status = bp_link_smp_status,
};
