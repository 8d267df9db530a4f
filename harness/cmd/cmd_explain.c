/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_explain.c - `brickproof explain SCENARIO`: in words what is done, where it goes wrong, and what must hold. */
#include "cmd/commands.h"
#include "cmd/home.h"
#include "cmd/requirements.h"

#include "oracle/invariant.h"
#include "oracle/judge.h"
#include "scenario/scenario.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define EXPLAIN_ARENA_BYTES ((size_t)64 * 1024 * 1024)

static void help(void)
{
	printf("usage: brickproof explain SCENARIO [--product NAME]\n\n"
	       "Tells in words what a scenario does, where it makes things go wrong, what must hold afterwards, and which\n"
	       "requirement rows it covers.\n\n"
	       "  --product NAME  for that product; a scenario that names its own keeps it, unless that product is like it\n");
}

static const char *artifact(const struct bp_product *p, int i)
{
	return i >= 0 ? p->artifact[i].name : "nothing";
}

/* ---- the file's own words -------------------------------------------------------------- */

static void own_words(const struct bp_scenario *s)
{
	for (const char *at = s->text; *at == '#'; at += strcspn(at, "\n") + 1) {
		const char *words = at + 1 + strspn(at + 1, " ");

		printf("  %.*s\n", (int)strcspn(words, "\n"), words);
		if (!at[strcspn(at, "\n")])
			break;
	}
}

/* ---- steps ------------------------------------------------------------------------------ */

static void areas(const struct bp_product *p, uint32_t mask)
{
	const char *comma = "";

	for (unsigned i = 0; i < DUT_AREA_COUNT; i++)
		if (mask & 1u << i) {
			printf("%s%s", comma, p->area_name[i]);
			comma = ", ";
		}
}

static void update_step(const struct bp_product *p, const struct bp_step *st)
{
	printf("Update to '%s': its manifest is offered, the image for the slot that the device names is uploaded, a trial is requested, and "
	       "the device reset", artifact(p, st->artifact));
	printf(st->wait ? "; then its outcome is awaited." : ".");
	if (st->swap_percent)
		printf(" From %u%% on the bytes are those of '%s'.", st->swap_percent, artifact(p, st->swap));
	if (st->refused >= 0)
		printf(" The device must refuse it: %s.", p->reason[st->refused]);
}

static void power_cycle_step(const struct bp_step *st)
{
	char text[40];

	if (st->times == 1)
		printf("Power off and on");
	else
		printf("Power off and on, %u times", st->times);
	if (st->at_trial)
		printf(", each until a trial begins.");
	else if (st->after_ns)
		printf(", each for %s.", bp_show_duration(text, sizeof(text), st->after_ns));
	else
		printf(", each until the device has settled.");
}

static void step(const struct bp_product *p, const struct bp_step *st)
{
	switch (st->kind) {
	case BP_STEP_UPDATE:
		update_step(p, st);
		break;
	case BP_STEP_UPLOAD:
		printf("The manifest of '%s' is offered and %u%% of its image uploaded, no more.", artifact(p, st->artifact), st->until_percent);
		break;
	case BP_STEP_POWER_CYCLE:
		power_cycle_step(st);
		break;
	case BP_STEP_RESET:
		printf("The device is asked to reset, and settles.");
		break;
	case BP_STEP_DAMAGE:
		printf("With the power off, flash is damaged (%s): ", bp_damage_names[st->damage.how]);
		areas(p, st->damage.areas);
		printf(". Power returns, and the device settles.");
		break;
	case BP_STEP_CONFIG:
		printf("The device stores the setting %u in its configuration; from then on it must be readable.", st->interval);
		break;
	case BP_STEP_HOLD:
		printf("The application holds resets back: one that is asked for must not happen.");
		break;
	case BP_STEP_RELEASE:
		printf("The application lets go: the reset that waits happens, and its outcome is awaited.");
		break;
	case BP_STEP_BOARD:
		printf("From here on the board senses: battery %u%%, mains %s, wall clock %lld.", st->around.battery_percent,
		       st->around.mains ? "there" : "gone", (long long)st->around.wallclock_s);
		break;
	}
}

static void running(const struct bp_product *p, uint32_t mask)
{
	const char *or = "";

	for (unsigned i = 0; i < p->n_artifacts; i++)
		if (mask & 1u << i) {
			printf("%s'%s'", or, p->artifact[i].name);
			or = " or ";
		}
}

static void reasons(const struct bp_product *p, uint64_t mask)
{
	const char *or = "";

	for (unsigned i = 0; i < p->n_reasons; i++)
		if (mask & UINT64_C(1) << i) {
			printf("%s%s", or, p->reason[i] ? p->reason[i] : "?");
			or = " or ";
		}
}

static void steps(const struct bp_product *p, const struct bp_scenario *s)
{
	printf("\nWhat is done\n  The device runs '%s' in slot A; slot B holds %s%s%s.\n", artifact(p, s->start[0]), s->start[1] >= 0 ? "'" : "",
	       artifact(p, s->start[1]), s->start[1] >= 0 ? "'" : "");
	if (s->renumbered)
		printf("  Both copies of its boot state bear the number %u.\n", s->start_number);
	for (unsigned i = 0; i < s->n_steps; i++) {
		printf("  %u. ", i + 1);
		step(p, &s->step[i]);
		printf("\n");
	}
	printf("  When nothing goes wrong, it ends with ");
	running(p, s->end.running);
	printf(" running, and reports ");
	reasons(p, s->end.reasons);
	printf(".\n");
}

/* ---- faults ------------------------------------------------------------------------------ */

static const char *const phase_words[BP_PHASES] = {
	[BP_PHASE_DOWNLOAD] = "while the update is downloaded", [BP_PHASE_INSTALL] = "while the trial is requested",
	[BP_PHASE_FIRST_BOOT] = "in the first boot after the reset", [BP_PHASE_CONFIRM] = "while the new image proves and confirms itself",
	[BP_PHASE_ROLLBACK] = "from the second boot after the reset on", [BP_PHASE_IDLE] = "with no update under way",
};

static const char *const fault_words[BP_FAULTS] = {
	[BP_FAULT_POWER_CUT] = "Power is cut", [BP_FAULT_RESET_PIN] = "The reset pin is pulled, RAM kept,",
	[BP_FAULT_RESET_SOFTWARE] = "The core resets itself, RAM kept,", [BP_FAULT_RESET_WATCHDOG] = "The watchdog resets the core, RAM kept,",
	[BP_FAULT_BOUNCE] = "Power is cut, and comes and goes some times more,",
	[BP_FAULT_BROWN_OUT] = "The supply is too low for the flash for a while",
	[BP_FAULT_OP_REJECTED] = "The flash refuses an operation", [BP_FAULT_OP_IGNORED] = "The flash reports success and does nothing",
	[BP_FAULT_PAGE_DEAD] = "A page of the flash dies", [BP_FAULT_PAGE_WORN] = "A page of the flash is worn out",
	[BP_FAULT_DROP] = "The message is lost", [BP_FAULT_LOSE_ANSWER] = "The device's answer is lost",
	[BP_FAULT_DUPLICATE] = "The message comes twice", [BP_FAULT_REORDER] = "The message comes behind the next one",
	[BP_FAULT_TRUNCATE] = "Half of the message comes", [BP_FAULT_CORRUPT] = "A bit of the message is flipped",
	[BP_FAULT_STALL] = "The link stalls within the message", [BP_FAULT_SLOW] = "The message comes a few bytes at a time",
	[BP_FAULT_LINK_RESET] = "The link breaks down within the message and is opened anew",
};

static const char *const event_words[BP_EVENTS] = {
	[BP_EVENT_FLASH] = "flash operation", [BP_EVENT_LINK_BYTE] = "byte that the host sends", [BP_EVENT_LINK_FRAME] = "message of the host",
	[BP_EVENT_LINE] = "line of the device's console", [BP_EVENT_TIME] = "time",
};

static void positions(const struct bp_sweep *w)
{
	const char *comma = ": ";

	for (unsigned i = 0; i < w->n_positions; i++) {
		const struct bp_position *at = &w->position[i];

		if (at->shape)
			printf("%sinside it (%s)", comma, at->shape->name);
		else if (at->position == BP_CUT_TORN)
			printf("%swith %u%% of it done", comma, at->percent);
		else
			printf("%s%s it", comma, at->position == BP_CUT_BEFORE ? "before" : "after");
		comma = ", ";
	}
}

static void sweep(const struct bp_sweep *w)
{
	char text[BP_CUTPOINT_TEXT];
	const char *comma = ", ";

	if (w->n_at) {
		printf("  - At these points:");
		for (unsigned i = 0; i < w->n_at; i++)
			printf(" %s", bp_cutpoint_show(text, &w->at[i]));
		printf("\n");
		return;
	}
	if (bp_fault_is_link(w->fault))
		printf("  - %s: ", fault_words[w->fault]);
	else
		printf("  - %s at ", fault_words[w->fault]);
	if (w->every > 1)
		printf("each %uth %s", w->every, event_words[w->event]);
	else
		printf("every %s", event_words[w->event]);
	for (unsigned i = 0; i < BP_PHASES; i++)
		if (w->phases & 1u << i) {
			printf("%s%s", comma, phase_words[i]);
			comma = ", and ";
		}
	positions(w);
	printf(".\n");
}

static void expectation(const struct bp_product *p, const struct bp_expect *e)
{
	if (e->running) {
		printf("; ");
		running(p, e->running);
		printf(" must run");
	}
	if (e->reasons) {
		printf("; reason ");
		reasons(p, e->reasons);
	}
	printf(".\n");
}

static void faults(const struct bp_product *p, const struct bp_scenario *s)
{
	static const char *const refused[] = {"must be taken", "must be refused with its manifest", "must be refused, by the payload at the latest"};

	printf("\nWhat goes wrong\n  - Nothing, once: that case must pass too.\n");
	for (unsigned i = 0; i < s->n_sweeps; i++)
		sweep(&s->sweep[i]);
	for (unsigned i = 0; i < s->n_edits; i++) {
		printf("  - %s: %s; %s", s->edit[i].op->name, s->edit[i].op->help, refused[s->edit[i].refused]);
		expectation(p, &s->edit[i].expect);
	}
	for (unsigned i = 0; i < s->n_damages; i++) {
		printf("  - Damage to the flash before power-on: %s%s", s->damage[i].label,
		       s->damage[i].state_lost ? "; the console must say that the state is lost" : "");
		expectation(p, &s->damage[i].expect);
	}
	if (!s->n_sweeps && !s->n_edits && !s->n_damages)
		printf("  - What the steps themselves do, and the image that they install.\n");
	if (s->depth == BP_DEPTH_CLOSED)
		printf("  And again within each recovery, until no new state appears.\n");
	else if (s->depth > 1)
		printf("  And again within each recovery: up to %u cuts in a case.\n", s->depth);
}

/* ---- afterwards ---------------------------------------------------------------------------- */

static void actions(const struct bp_scenario *s)
{
	static const char *const words[BP_ACTIONS] = {
		"nothing", "takes the update up again, which must resume where it was", "begins another release and then this one anew",
		"gives the device another release",
	};

	if (s->n_actions == 1 && !s->action[0])
		return;
	printf("  Each of these in its turn, %s: the host\n", s->depth > 1 ? "and cut as well" : "after each cut");
	for (unsigned i = 0; i < s->n_actions; i++)
		printf("  - %s%s%s\n", s->action[i] ? "" : "does ", words[s->action[i]], i + 1 < s->n_actions ? ";" : ".");
}

static void afterwards(const struct bp_product *p, const struct bp_scenario *s)
{
	char text[40];

	printf("\nWhat happens afterwards\n  Power returns. The host is silent until the device has settled, %s at most.\n",
	       bp_show_duration(text, sizeof(text), p->recovery_budget_ns));
	actions(s);
	if (s->after == BP_AFTER_RESUME)
		printf("  An update that was cut in its download is begun again, and must resume where it was.\n");
	else
		printf("  %s switched off and on %d times: the same image must run, and nothing may be written.\n",
		       s->n_actions > 1 ? "When that was nothing, the device is" : "It is", BP_FURTHER_BOOTS);
	printf("  Then a good update must go through: 'followup'.\n");
	if (p->service_budget_ns)
		printf("  While an update is loaded, the device may leave nobody without an answer for more than %s.\n",
		       bp_show_duration(text, sizeof(text), p->service_budget_ns));
	printf("\nWhat must hold\n");
	for (int i = 0; i < BP_INVARIANTS; i++)
		printf("  %-36s %s\n", bp_invariants[i].name, bp_invariants[i].text);
}

static int covers(struct bp_arena *a, const struct bp_scenario *s, struct bp_err *err)
{
	struct bp_requirement *rows, *row;
	size_t n;
	int rc = bp_requirements_read(a, &rows, &n, err);

	if (rc)
		return rc;
	printf("\nWhat it covers\n");
	for (unsigned i = 0; i < s->n_covers; i++) {
		row = bp_requirement_find(rows, n, s->covers[i]);
		printf("  %-5s %s\n", s->covers[i], row ? row->text : "(scenarios/requirements.yaml has no such row)");
	}
	return 0;
}

static int explain(struct bp_arena *a, const char *name, const char *product, struct bp_err *err)
{
	const char *path, *own = NULL, *product_path;
	struct bp_product *p;
	struct bp_scenario *s;
	int rc = bp_home_scenario(a, name, &path, err);

	if (!rc)
		rc = bp_scenario_peek(a, path, &name, &own, err);
	if (!rc)
		rc = bp_home_product_for(a, own, product, &product_path, err);
	if (!rc)
		rc = bp_product_read(a, product_path, &p, err);
	if (!rc)
		rc = bp_scenario_read(a, path, p, &s, err);
	if (rc)
		return rc;
	printf("%s: %s\n", s->name, s->title);
	own_words(s);
	printf("  On product '%s': %s.\n", p->name, p->title);
	if (s->missing) {
		printf("\nIt is not run on this product, which has no %s '%s': the cell stays uncovered.\n", s->missing_kind, s->missing_what);
		return covers(a, s, err);
	}
	steps(p, s);
	faults(p, s);
	afterwards(p, s);
	return covers(a, s, err);
}

int bp_cmd_explain(int argc, char **argv)
{
	static const struct option longs[] = {{"product", 1, 0, 'p'}, {"help", 0, 0, 'h'}, {0, 0, 0, 0}};
	const char *product = NULL;
	struct bp_err err = {0};
	struct bp_arena *a;
	int c, rc;

	optind = 1;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (c == 'h') {
			help();
			return BP_EXIT_PASSED;
		}
		if (c != 'p') {
			bp_bad_option(c, longs, argv, &err);
			return bp_complain(&err);
		}
		product = optarg;
	}
	if (argc - optind != 1) {
		bp_fail(&err, BP_EUSAGE, "explain takes one scenario; `brickproof list` names them");
		return bp_complain(&err);
	}
	a = bp_arena_new(EXPLAIN_ARENA_BYTES);
	rc = a ? explain(a, argv[optind], product, &err) : bp_fail(&err, BP_ENOMEM, "no memory");
	bp_arena_free(a);
	return rc ? bp_complain(&err) : BP_EXIT_PASSED;
}
