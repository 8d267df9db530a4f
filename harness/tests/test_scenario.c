/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "scenario/scenario.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)

/* A scenario with something of everything; rows below change one line of it. */
static const char *const good[] = {
	/*  1 */ "scenario: made-up",
	/*  2 */ "title: Something of everything",
	/*  3 */ "product: small",
	/*  4 */ "covers: [C-1, P-2]",
	/*  5 */ "start: {slot-a: from, slot-b: old}",
	/*  6 */ "steps:",
	/*  7 */ "  - update: {to: to, wait: false}",
	/*  8 */ "  - upload: {of: followup, until: 40%}",
	/*  9 */ "  - power-cycle: {times: 3, after: 250 ms}",
	/* 10 */ "  - damage: {areas: [state-a, state-b], how: torn-erase}",
	/* 11 */ "  - reset: {}",
	/* 12 */ "end: {running: [to, from], reasons: [OK, NONE]}",
	/* 13 */ "sweep:",
	/* 14 */ "  - {event: flash, phases: [download, idle], positions: [before, torn 10%, after]}",
	/* 15 */ "  - {event: link-byte, phases: [install], every: 5}",
	/* 16 */ "damages:",
	/* 17 */ "  - {areas: [state-a], how: zero}",
	/* 18 */ "  - {areas: [counter-b, progress], how: bit, running: from, reasons: [STATE_LOST], state-lost: true}",
	/* 19 */ "after: resume",
	/* 20 */ "required: false",
};
#define LINES (sizeof(good) / sizeof(good[0]))

static struct bp_arena *arena;
static struct bp_product *product;

static int begin(void **state)
{
	struct bp_err err = {.text = ""};

	(void)state;
	arena = bp_arena_new(ARENA_BYTES);
	if (arena && !bp_product_read(arena, "fixtures/products/small.yaml", &product, &err))
		return 0;
	print_error("%s\n", err.text);
	return -1;
}

static int end(void **state)
{
	(void)state;
	bp_arena_free(arena);
	return 0;
}

/* The good scenario with line `line` (from 1; 0: none) replaced, or left out when it is NULL. */
static int parse(unsigned line, const char *instead, struct bp_scenario **s, struct bp_err *err)
{
	struct bp_text text;

	bp_text_init(&text, arena);
	for (unsigned i = 1; i <= LINES; i++)
		if (i != line || instead)
			bp_text_printf(&text, "%s\n", i == line ? instead : good[i - 1]);
	return bp_scenario_parse(arena, "made-up.yaml", text.bytes, text.len, product, s, err);
}

static struct bp_scenario *must_parse(unsigned line, const char *instead)
{
	struct bp_scenario *s = NULL;
	struct bp_err err = {.text = ""};

	if (parse(line, instead, &s, &err))
		fail_msg("%s", err.text);
	return s;
}

static uint32_t artifacts(const char *a, const char *b)
{
	return 1u << bp_artifact_index(product, a) | (b ? 1u << bp_artifact_index(product, b) : 0);
}

static uint64_t reason(const char *name)
{
	return UINT64_C(1) << bp_product_reason(product, name);
}

/* ---- what a good one says --------------------------------------------------------- */

static void everything_is_read(void **state)
{
	const struct bp_scenario *s = must_parse(0, NULL);

	(void)state;
	assert_string_equal(s->name, "made-up");
	assert_string_equal(s->title, "Something of everything");
	assert_string_equal(s->product, "small");
	assert_string_equal(s->path, "made-up.yaml");
	assert_int_equal(s->n_covers, 2);
	assert_string_equal(s->covers[1], "P-2");
	assert_int_equal(s->start[0], bp_artifact_index(product, "from"));
	assert_int_equal(s->start[1], bp_artifact_index(product, "old"));
	assert_int_equal(s->end.running, artifacts("to", "from"));
	assert_int_equal(s->end.reasons, reason("OK") | reason("NONE"));
	assert_int_equal(s->start_reasons, reason("NONE") | reason("INTERRUPTED"));
	assert_int_equal(s->after, BP_AFTER_RESUME);
	assert_false(s->required || s->missing);
	assert_int_equal(strlen(s->text), s->text_len);
}

static void steps_are_read(void **state)
{
	const struct bp_scenario *s = must_parse(0, NULL);

	(void)state;
	assert_int_equal(s->n_steps, 5);
	assert_int_equal(s->step[0].kind, BP_STEP_UPDATE);
	assert_int_equal(s->step[0].artifact, bp_artifact_index(product, "to"));
	assert_int_equal(s->step[0].until_percent, 100);
	assert_false(s->step[0].wait);
	assert_int_equal(s->step[1].kind, BP_STEP_UPLOAD);
	assert_int_equal(s->step[1].artifact, bp_artifact_index(product, "followup"));
	assert_int_equal(s->step[1].until_percent, 40);
	assert_int_equal(s->step[2].kind, BP_STEP_POWER_CYCLE);
	assert_int_equal(s->step[2].times, 3);
	assert_int_equal(s->step[2].after_ns, 250000000);
	assert_int_equal(s->step[3].kind, BP_STEP_DAMAGE);
	assert_int_equal(s->step[3].damage.areas, 1u << DUT_AREA_STATE_A | 1u << DUT_AREA_STATE_B);
	assert_int_equal(s->step[3].damage.how, BP_DAMAGE_TORN_ERASE);
	assert_int_equal(s->step[4].kind, BP_STEP_RESET);
	assert_int_equal(s->step[0].refused, -1);
	s = must_parse(11, "  - config: {interval: 777}");
	assert_int_equal(s->step[4].kind, BP_STEP_CONFIG);
	assert_int_equal(s->step[4].interval, 777);
}

/* What a step leaves out stays. */
static void surroundings_are_read(void **state)
{
	static const char yaml[] = "scenario: made-up\ntitle: t\ncovers: [C-17]\nsteps:\n  - board: {battery: 5%, wallclock: 7}\n"
				   "  - update: {to: to, refused: LOW_BATTERY}\n  - board: {mains: false}\n"
				   "  - hold: {}\n  - update: {to: to, swap: crash, at: 50%}\n  - release: {}\n"
				   "end: {running: from, reasons: [NONE]}\n";
	struct bp_scenario *s;

	(void)state;
	assert_int_equal(bp_scenario_parse(arena, "made-up.yaml", yaml, strlen(yaml), product, &s, NULL), 0);
	assert_int_equal(s->step[0].kind, BP_STEP_BOARD);
	assert_true(s->step[0].around.battery_percent == 5 && s->step[0].around.mains && s->step[0].around.wallclock_s == 7);
	assert_int_equal(s->step[1].refused, bp_product_reason(product, "LOW_BATTERY"));
	assert_true(s->step[3].kind == BP_STEP_HOLD && s->step[5].kind == BP_STEP_RELEASE);
	assert_true(s->step[1].swap == -1 && s->step[4].swap == bp_artifact_index(product, "crash") && s->step[4].swap_percent == 50);
	assert_true(s->step[2].around.battery_percent == 5 && !s->step[2].around.mains && s->step[2].around.wallclock_s == 7);
}

static void faults_are_read(void **state)
{
	const struct bp_scenario *s = must_parse(0, NULL);
	const struct bp_sweep *w = s->sweep;

	(void)state;
	assert_int_equal(s->n_sweeps, 2);
	assert_int_equal(w[0].event, BP_EVENT_FLASH);
	assert_int_equal(w[0].phases, 1u << BP_PHASE_DOWNLOAD | 1u << BP_PHASE_IDLE);
	assert_int_equal(w[0].every, 1);
	assert_int_equal(w[0].n_positions, 3);
	assert_int_equal(w[0].position[1].position, BP_CUT_TORN);
	assert_int_equal(w[0].position[1].percent, 10);
	assert_int_equal(w[0].position[2].position, BP_CUT_AFTER);
	assert_int_equal(w[1].event, BP_EVENT_LINK_BYTE);
	assert_int_equal(w[1].every, 5);
	assert_int_equal(s->n_damages, 2);
	assert_string_equal(s->damage[0].label, "state-a zero");
	assert_int_equal(s->damage[0].expect.running, 0); /* inherits */
	assert_false(s->damage[0].state_lost);
	assert_string_equal(s->damage[1].label, "counter-b+progress bit");
	assert_false(s->damages_after_steps);
	assert_int_equal(s->damage[1].expect.running, artifacts("from", NULL));
	assert_int_equal(s->damage[1].expect.reasons, reason("STATE_LOST"));
	assert_true(s->damage[1].state_lost);
}

static void updates_may_wait(void **state)
{
	const struct bp_scenario *s = must_parse(7, "  - update: {to: to, reset: false}");

	(void)state;
	assert_true(s->step[0].stay && s->step[0].wait);
	assert_false(must_parse(7, "  - update: {to: to}")->step[0].stay);
	s = must_parse(12, "end: {running: to, reasons: [OK], before: [CRASHED]}");
	assert_int_equal(s->start_reasons, reason("CRASHED"));
}

/* An image that is put somewhere: as it is, and damaged by an operator. */
static void images_are_put(void **state)
{
	const struct bp_artifact *to = bp_product_artifact(product, "to");
	const struct bp_scenario *s = must_parse(18, "  - {areas: [slot-a, slot-b], image: to}\n  - {areas: [slot-b], image: to, op: body-bit}\n"
						     "damages-after: steps");
	const struct bp_damage *d = &s->damage[1].damage;

	(void)state;
	assert_true(s->damages_after_steps);
	assert_string_equal(s->damage[1].label, "slot-a+slot-b holds to");
	assert_int_equal(d->how, BP_DAMAGE_IMAGE);
	for (unsigned k = 0; k < BP_SLOTS; k++)
		assert_true(d->image[k].len == to->image[k].len && !memcmp(d->image[k].data, to->image[k].data, to->image[k].len));
	assert_string_equal(s->damage[2].label, "slot-b holds to body-bit");
	d = &s->damage[2].damage;
	assert_int_equal(d->image[1].len, to->image[1].len);
	assert_memory_not_equal(d->image[1].data, to->image[1].data, to->image[1].len);
}

static void points_are_listed(void **state)
{
	const struct bp_sweep *w = must_parse(15, "  - at: ['line:\"boot: trial\"#2+5ms', time:1.25s, flash:3/after]")->sweep;

	(void)state;
	assert_int_equal(w[0].n_at, 0);
	assert_int_equal(w[1].n_at, 3);
	assert_int_equal(w[1].at[0].event, BP_EVENT_LINE);
	assert_string_equal(w[1].at[0].line, "boot: trial");
	assert_int_equal(w[1].at[0].n, 2);
	assert_int_equal(w[1].at[0].after_ns, 5000000);
	assert_int_equal(w[1].at[1].event, BP_EVENT_TIME);
	assert_int_equal(w[1].at[1].after_ns, 1250000000);
	assert_int_equal(w[1].at[2].event, BP_EVENT_FLASH);
	assert_int_equal(must_parse(15, "  - {event: line, phases: [install]}")->sweep[1].event, BP_EVENT_LINE);
}

static void defaults(void **state)
{
	static const char text[] = "scenario: least\ntitle: t\ncovers: [P-1]\nsteps:\n  - update: {to: to}\n  - power-cycle: {}\n"
				   "end: {running: to, reasons: [OK]}\nedits:\n  - {op: body-bit, refused: payload}\n";
	struct bp_scenario *s = NULL;
	struct bp_err err = {.text = ""};

	(void)state;
	if (bp_scenario_parse(arena, "least.yaml", text, strlen(text), product, &s, &err))
		fail_msg("%s", err.text);
	assert_null(s->product);
	assert_int_equal(s->start[0], bp_artifact_index(product, "from"));
	assert_int_equal(s->start[1], -1);
	assert_true(s->step[0].wait && s->required);
	assert_int_equal(s->step[1].times, 1);
	assert_int_equal(s->step[1].after_ns, 0);
	assert_int_equal(s->after, BP_AFTER_FOLLOWUP);
	assert_ptr_equal(s->edit[0].op, bp_operator_find("body-bit"));
	assert_int_equal(s->edit[0].refused, BP_REFUSED_PAYLOAD);
	assert_int_equal(s->edit[0].seeds, 1);
	assert_int_equal(s->n_actions, 1);
	assert_int_equal(s->action[0], BP_ACTION_NOTHING);
	assert_false(s->renumbered || bp_scenario_resumes(s) || bp_scenario_cuts(s));
}

static void actions_of_the_host(void **state)
{
	static const char head[] = "scenario: acts\ntitle: t\ncovers: [P-1]\nstart: {slot-a: from, number: 4294967295}\n"
				   "steps:\n  - update: {to: to}\n"
				   "end: {running: to, reasons: [OK]}\n";
	static const struct {
		const char *rest, *says;
	} rows[] = {
		{"actions: [nothing]\n", "without power cuts at flash operations"},
		{"sweep:\n  - {event: flash, phases: [install], positions: [before]}\nactions: [resume]\nafter: resume\n",
		 "'actions' and 'after: resume' in one scenario"},
		{"sweep:\n  - {event: flash, phases: [install], positions: [before], fault: reset-pin}\nactions: [resume]\n",
		 "without power cuts at flash operations"},
		{"sweep:\n  - {event: flash, phases: [install], positions: [before]}\nactions: [another, nothing, restart]\n", NULL},
	};
	struct bp_scenario *s = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = bp_arena_printf(arena, "%s%s", head, rows[i].rest);
		struct bp_err err = {.text = ""};
		int rc = bp_scenario_parse(arena, "acts.yaml", text, strlen(text), product, &s, &err);

		if (rc != (rows[i].says ? BP_ECONFIG : 0))
			fail_msg("row %zu: %s", i, err.text);
		if (rows[i].says && !strstr(err.text, rows[i].says))
			fail_msg("row %zu: %s", i, err.text);
	}
	assert_int_equal(s->n_actions, 3);
	assert_int_equal(s->action[0], BP_ACTION_ANOTHER);
	assert_int_equal(s->action[2], BP_ACTION_RESTART);
	assert_false(bp_scenario_resumes(s));
	assert_ptr_equal(bp_scenario_cuts(s), &s->sweep[0]);
}

/* ---- what is wrong, and where --------------------------------------------------------- */

struct bad_row {
	unsigned line;
	const char *instead, *at, *words[3]; /* at: "line:col" */
};

static const struct bad_row bad_rows[] = {
	/* the whole */
	{1, "scenaro: made-up", "1:1", {"missing 'scenario'", "unknown key 'scenaro'", "did you mean 'scenario'"}},
	{1, "", "2:1", {"missing 'scenario'", "its name"}},
	{1, "scenario: Made_Up", "1:11", {"'Made_Up' is no scenario name", "'-'"}},
	{1, "scenario: made:up", "1:11", {"'made:up' is no scenario name"}},
	{2, "title: [a]", "2:8", {"'title'", "expected"}},
	{2, "titel: x", "2:1", {"unknown key 'titel'", "did you mean 'title'", "missing 'title'"}},
	{20, "depth: 0", "20:8", {"'0' is no depth", "1 to 40", "closed"}},
	{20, "depth: 41", "20:8", {"'41' is no depth"}},
	{20, "actions: resume", "20:10", {"'actions'", "expected a list"}},
	{20, "actions: []", "20:10", {"'actions' holds 0 entries", "1 to 4"}},
	{20, "actions: [resume, again]", "20:19", {"'again'", "'nothing'", "another"}},
	{20, "actions: [resume, resume]", "20:19", {"'resume' stands here twice"}},
	{5, "start: {slot-a: from, number: -1}", "5:31", {"'number'"}},
	{20, "depth: shut", "20:8", {"'shut' is no depth"}},
	{20, "required: perhaps", "20:11", {"'required'", "true or false"}},
	{20, "requires: true", "20:1", {"unknown key 'requires'", "did you mean 'required'"}},
	{19, "after: reset", "19:8", {"'after'", "followup", "resume"}},
	{20, "title: twice", "20:1", {"title"}},
	/* covers */
	{4, "covers: C-1", "4:9", {"'covers'", "expected a list"}},
	{4, "covers: []", "4:9", {"'covers' holds 0 ids", "1 to 24"}},
	{4, "covers: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25]", "4:9", {"'covers' holds 25 ids"}},
	/* start */
	{5, "start: from", "5:8", {"'start'", "expected a map"}},
	{5, "start: {slot-b: from}", "5:8", {"nothing in slot-a"}},
	{5, "start: {slot-a: from, slot-c: to}", "5:23", {"unknown key 'slot-c'", "did you mean 'slot-a'"}},
	/* steps */
	{7, "  - install: {to: to}", "7:5", {"item 1 of 'steps' is 'install'", "'board', 'hold' or 'release'"}},
	{7, "  - updat: {to: to}", "7:5", {"item 1 of 'steps' is 'updat'", "did you mean 'update'"}},
	{7, "  - {update: {to: to}, reset: {}}", "7:5", {"a step has one key"}},
	{7, "  - update", "7:5", {"expected a map"}},
	{7, "  - update: to", "7:13", {"'update'", "expected a map"}},
	{7, "  - update: {}", "7:13", {"missing 'to'", "the artifact to install"}},
	{7, "  - update: {to: to, wat: false}", "7:22", {"unknown key 'wat'", "did you mean 'wait'"}},
	{7, "  - update: {to: to, reset: never}", "7:29", {"'reset'", "true or false"}},
	{12, "end: {running: to, reasons: [OK], before: [SOON]}", "12:44", {"no reason 'SOON'"}},
	{7, "  - update: {to: to, wait: 1}", "7:28", {"'wait'", "true or false"}},
	{8, "  - upload: {of: followup}", "8:13", {"missing 'until'", "the share of its bytes"}},
	{8, "  - upload: {of: followup, until: 40}", "8:35", {"'until' is '40'", "%"}},
	{8, "  - upload: {of: followup, until: 101%}", "8:35", {"'until'"}},
	{9, "  - power-cycle: {times: 0}", "9:26", {"'times' is 0", "1 to 1000"}},
	{9, "  - power-cycle: {times: 1001}", "9:26", {"'times' is 1001", "1 to 1000"}},
	{9, "  - power-cycle: {after: 250}", "9:26", {"'after' is '250'", "unit"}},
	{9, "  - power-cycle: {after: 11 min}", "9:26", {"'after' is 11 min"}},
	{9, "  - power-cycle:", "9:17", {"'power-cycle'", "expected a map"}},
	{10, "  - damage: {areas: [state-a], how: bits}", "10:37", {"'bits'", "torn-erase", "did you mean 'bit'"}},
	{10, "  - damage: {areas: [state_a], how: bit}", "10:22", {"'state_a'", "did you mean 'state-a'"}},
	{10, "  - damage: {areas: [], how: bit}", "10:21", {"no area is named"}},
	{10, "  - damage: {how: bit}", "10:13", {"missing 'areas'"}},
	{10, "  - damage: {areas: [state-a]}", "10:13", {"missing 'how'"}},
	/* end */
	{12, "", "1:1", {"missing 'end'"}},
	{12, "end: to", "12:6", {"'end'", "expected a map"}},
	{12, "end: {running: to}", "12:6", {"needs both 'running' and 'reasons'"}},
	{12, "end: {reasons: [OK]}", "12:6", {"needs both 'running' and 'reasons'"}},
	{12, "end: {running: to, reasons: [GOOD]}", "12:30", {"no reason 'GOOD'", "reasons"}},
	{12, "end: {running: to, reasons: OK}", "12:29", {"'reasons'", "expected a list"}},
	{12, "end: {running: to, reasons: [OK], reson: 1}", "12:35", {"unknown key 'reson'", "did you mean 'reasons'"}},
	{12, "end: {running: {a: to}, reasons: [OK]}", "12:16", {"'running'"}},
	{11, "  - board: {}", "1:1", {"'board' and 'sweep'"}},
	{11, "  - board: {battery: 5}", "11:22", {"'battery'"}},
	{11, "  - board: {clock: 5}", "11:13", {"unknown key 'clock'", "wallclock"}},
	{7, "  - update: {to: to, refused: LOW}", "7:31", {"no reason 'LOW'", "expected one of"}},
	{7, "  - update: {to: to, swap: crash}", "7:13", {"missing 'at'"}},
	{7, "  - update: {to: to, at: 50%}", "7:22", {"unknown key 'at'"}},
	{11, "  - hold: {on: true}", "11:12", {"unknown key 'on'"}},
	{11, "  - config: {}", "11:13", {"missing 'interval'"}},
	{11, "  - config: {interval: 86401}", "11:24", {"'interval' is 86401", "1 to 86400"}},
	/* sweeps */
	{14, "  - {event: flsh, phases: [idle], positions: [before]}", "14:13", {"'flsh'", "did you mean 'flash'", "link-frame"}},
	{14, "  - {phases: [idle], positions: [before]}", "14:5", {"missing 'event'"}},
	{14, "  - {event: flash, positions: [before]}", "14:5", {"missing 'phases'"}},
	{14, "  - {event: flash, phases: [idle]}", "14:5", {"missing 'positions'", "within an operation"}},
	{14, "  - {event: flash, phases: idle, positions: [before]}", "14:28", {"'phases'", "expected a list"}},
	{14, "  - {event: flash, phases: [boot], positions: [before]}", "14:29", {"'boot'", "first-boot"}},
	{14, "  - {event: flash, phases: [idle], positions: [torn]}", "14:48", {"'torn' is no position", "'torn P%'"}},
	{14, "  - {event: flash, phases: [idle], positions: [torn 0%]}", "14:48", {"'torn 0%'", "P from 1 to 99"}},
	{14, "  - {event: flash, phases: [idle], positions: [torn 100%]}", "14:48", {"'torn 100%'"}},
	{14, "  - {event: flash, phases: [idle], positions: [torn frst-byte]}", "14:48", {"'torn frst-byte'", "first-byte", "pre-programmed"}},
	{14, "  - {event: flash, phases: [idle], positions: [before, middle]}", "14:56", {"'middle' is no position"}},
	{14, "  - {event: flash, phases: [idle], positions: [before], every: 0}", "14:64", {"'every' is 0", "1 to 65536"}},
	{14, "  - {event: flash, phases: [idle], positions: [before], evry: 2}", "14:57", {"unknown key 'evry'", "did you mean 'every'"}},
	{14, "  - {event: flash, fault: reset, phases: [idle], positions: [before]}", "14:27", {"'reset'", "reset-watchdog"}},
	{14, "  - {event: flash, fault: reset-pin, phases: [idle], positions: [after, torn 10%]}", "14:27",
	 {"'reset-pin' tears no operation", "'before' and 'after'"}},
	{14, "  - {event: flash, fault: op-ignored, phases: [idle], positions: [after]}", "14:27",
	 {"'op-ignored' befalls a whole operation", "expected position 'before'"}},
	{14, "  - {event: flash, fault: brown-out, phases: [idle], positions: [after]}", "14:5", {"missing 'lasts'", "too low for the flash"}},
	{14, "  - {event: flash, fault: brown-out, lasts: 1500 us, phases: [idle], positions: [after]}", "14:45", {"'lasts'", "milliseconds"}},
	{14, "  - {event: flash, fault: brown-out, lasts: 2 min, phases: [idle], positions: [after]}", "14:45", {"'lasts'", "1 min"}},
	{14, "  - {event: flash, fault: bounce, phases: [idle], positions: [after]}", "14:5", {"missing 'times'"}},
	{14, "  - {event: flash, fault: bounce, times: 9, phases: [idle], positions: [after]}", "14:42", {"'times' is 9", "1 to 8"}},
	{14, "  - {event: flash, fault: reset-pin, lasts: 1 ms, phases: [idle], positions: [after]}", "14:38", {"unknown key 'lasts'"}},
	{14, "  - {event: flash, fault: page-dead, phases: [idle], positions: [before]}", "12:6", {"'end' needs 'trouble'"}},
	{15, "  - {at: ['flash:1/before!op-rejected']}", "12:6", {"'end' needs 'trouble'"}},
	{12, "end: {running: to, reasons: [OK], trouble: [FLASH_FAIL]}", "12:45", {"no reason 'FLASH_FAIL'"}},
	{15, "  - {event: link-byte, fault: drop, phases: [install]}", "15:31", {"'drop' with 'event: link-byte'", "expected 'event: link-frame'"}},
	{15, "  - {event: link-byte, fault: reset-pin, phases: [install]}", "15:31", {"'event: link-byte'", "expected 'event: flash'"}},
	{15, "  - {event: link-byte, phases: [install], positions: [before]}", "15:43", {"unknown key 'positions'"}},
	{15, "  - {event: time, phases: [install]}", "15:13", {"'time'", "link-frame", "line"}},
	{15, "  - {event: line, phases: [install], positions: [before]}", "15:38", {"unknown key 'positions'"}},
	{15, "  - {at: time:1s}", "15:10", {"'at'", "expected a list"}},
	{15, "  - {at: []}", "15:10", {"'at' holds 0 cut points", "1 to 16"}},
	{15, "  - {at: [time:1s, 'line:boot']}", "15:20", {"'line:boot' is no cut point", "line:\"TEXT\"#N+D"}},
	{15, "  - {at: [flash:0/before]}", "15:11", {"'flash:0/before' is no cut point"}},
	{15, "  - {at: [time:1s], phases: [install]}", "15:21", {"unknown key 'phases'"}},
	{13, "sweep: all", "14:11", {"a ':' does not fit here"}}, /* no YAML at all */
	{14, "  - flash", "14:5", {"expected a map"}},
	/* damages and edits */
	{17, "  - {areas: [state-a], how: zero, lost: true}", "17:35", {"unknown key 'lost'"}},
	{18, "  - {areas: [slot-b], image: to, op: body-bat}", "18:38", {"no operator 'body-bat'", "image corrupt --list"}},
	{18, "  - {areas: [slot-b], image: to, op: manifest-format}", "18:38", {"no operator 'manifest-format' for payloads"}},
	{18, "  - {areas: [slot-b, progress], image: to}", "18:5", {"another area than a slot", "slot-a or slot-b"}},
	{18, "  - {areas: [slot-b], image: to, how: bit}", "18:34", {"unknown key 'how'"}},
	{18, "  - {areas: [slot-b], how: image}", "18:28", {"'image'", "torn-erase"}},
	{19, "damages-after: power-on", "19:16", {"'power-on'", "'start'", "'steps'"}},
	{18, "  - {areas: [progress], how: bit, state-lost: yes}", "18:47", {"'state-lost'", "true or false"}},
	{18, "  - {areas: [progress], how: bit, reasons: [STATE-LOST]}", "18:45", {"no reason 'STATE-LOST'"}},
	{19, "edits:\n  - {op: body-bat, refused: payload}", "20:10", {"no corruption operator 'body-bat'", "image corrupt --list"}},
	{19, "edits:\n  - {op: body-bit}", "20:5", {"missing 'refused'", "manifest, payload, or no"}},
	{19, "edits:\n  - {op: body-bit, refused: never}", "20:29", {"'never'", "manifest", "payload"}},
	{19, "edits:\n  - {refused: no}", "20:5", {"missing 'op'"}},
	{19, "edits:\n  - {op: body-bit, refused: no, seeds: 1001}", "20:40", {"'seeds' is 1001", "1 to 1000"}},
	{19, "edits:\n  - {op: body-bit, refused: no}", "1:1", {"'edits' and 'sweep'", "one of them"}},
	/* YAML itself */
	{9, "  - power-cycle: {times: 3", "10:11", {"map in braces"}},
	{9, "\t- reset: {}", "9:1", {"tab"}},
};

/* How many things the message of a row lacks. */
static unsigned lacks(const struct bad_row *row)
{
	struct bp_scenario *s = NULL;
	struct bp_err err = {.text = ""};
	unsigned n = 0;
	char at[48];

	snprintf(at, sizeof(at), "made-up.yaml:%s: error: ", row->at);
	if (parse(row->line, row->instead, &s, &err) != BP_ECONFIG || s) {
		print_error("line %u as '%s' was taken\n", row->line, row->instead);
		return 1;
	}
	if (!strstr(err.text, at)) {
		print_error("line %u as '%s': not at %s: %s\n", row->line, row->instead, row->at, err.text);
		n++;
	}
	for (size_t k = 0; k < 3 && row->words[k]; k++)
		if (!strstr(err.text, row->words[k])) {
			print_error("line %u as '%s': the message lacks \"%s\": %s\n", row->line, row->instead, row->words[k], err.text);
			n++;
		}
	return n;
}

static void bad_lines(void **state)
{
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bad_rows) / sizeof(bad_rows[0]); i++)
		n += lacks(&bad_rows[i]);
	assert_int_equal(n, 0);
}

/* Several things wrong are told at once, each at its place. */
static void all_errors_at_once(void **state)
{
	struct bp_scenario *s = NULL;
	struct bp_err err = {.text = ""};

	(void)state;
	assert_int_equal(parse(7, "  - update: {too: to, wait: 3}\n  - upload: {of: to, until: 1}", &s, &err), BP_ECONFIG);
	assert_non_null(strstr(err.text, "made-up.yaml:7:13: error: missing 'to'"));
	assert_non_null(strstr(err.text, "made-up.yaml:7:29: error: 'wait'"));
	assert_non_null(strstr(err.text, "made-up.yaml:7:14: error: unknown key 'too'"));
	assert_non_null(strstr(err.text, "made-up.yaml:8:29: error: 'until'"));
}

/* Limits of the tables: the last entry that fits, and one more. */
static void tables_are_finite(void **state)
{
	static const struct {
		const char *what, *head, *item;
		unsigned line, most;
	} rows[] = {
		{"steps", "steps:", "\n  - reset: {}", 6, BP_MAX_STEPS - 5},
		{"sweeps", "sweep:", "\n  - {event: link-byte, phases: [idle]}", 13, BP_MAX_SWEEPS - 2},
		{"damages", "damages:", "\n  - {areas: [progress], how: bit}", 16, BP_MAX_DAMAGES - 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bp_scenario *s = NULL;
		struct bp_err err = {.text = ""};
		struct bp_text text;

		bp_text_init(&text, arena);
		bp_text_puts(&text, rows[i].head);
		for (unsigned n = 0; n < rows[i].most; n++)
			bp_text_puts(&text, rows[i].item);
		must_parse(rows[i].line, text.bytes);
		bp_text_puts(&text, rows[i].item);
		if (parse(rows[i].line, text.bytes, &s, &err) != BP_ECONFIG)
			fail_msg("one more than the most %s was taken", rows[i].what);
	}
}

/* ---- artifacts that a product lacks ----------------------------------------------------- */

static const struct {
	unsigned line;
	const char *instead, *what;
} missing_rows[] = {
	{7, "  - update: {to: delta}", "delta"},
	{8, "  - upload: {of: delta, until: 5%}", "delta"},
	{5, "start: {slot-a: ancient}", "ancient"},
	{5, "start: {slot-a: from, slot-b: ancient}", "ancient"},
	{12, "end: {running: delta, reasons: [OK]}", "delta"},
	{12, "end: {running: [from, delta], reasons: [OK]}", "delta"},
	{18, "  - {areas: [progress], how: bit, running: delta}", "delta"},
};

/* Not an error: the cell is uncovered on this product, and the scenario says so. */
static void missing_artifacts(void **state)
{
	(void)state;
	assert_false(must_parse(0, NULL)->missing);
	for (size_t i = 0; i < sizeof(missing_rows) / sizeof(missing_rows[0]); i++) {
		const struct bp_scenario *s = must_parse(missing_rows[i].line, missing_rows[i].instead);

		assert_true(s->missing);
		assert_string_equal(s->missing_kind, "artifact");
		assert_string_equal(s->missing_what, missing_rows[i].what);
		assert_int_equal(s->missing_line, missing_rows[i].line);
		assert_int_equal(s->missing_col, strstr(missing_rows[i].instead, missing_rows[i].what) - missing_rows[i].instead + 1);
	}
}

/* Nor is an area that a product has no use for. */
static void missing_areas(void **state)
{
	static const struct {
		unsigned line;
		const char *instead;
		int col;
	} rows[] = {
		{11, "  - config: {interval: 5}", 13},
		{10, "  - damage: {areas: [state-a, config-a], how: zero}", 31},
		{17, "  - {areas: [config-a], how: zero}", 14},
	};
	struct bp_product *whole = product, bare = *product;

	(void)state;
	bare.board.dut.area[DUT_AREA_CONFIG_A].size = bare.board.dut.area[DUT_AREA_CONFIG_B].size = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct bp_scenario *s = must_parse(rows[i].line, rows[i].instead);

		assert_false(s->missing);
		product = &bare;
		s = must_parse(rows[i].line, rows[i].instead);
		product = whole;
		assert_true(s->missing);
		assert_string_equal(s->missing_kind, "area");
		assert_string_equal(s->missing_what, "config-a");
		assert_int_equal(s->missing_line, rows[i].line);
		assert_int_equal(s->missing_col, rows[i].col);
	}
}

/* ---- files -------------------------------------------------------------------------------- */

static void peek(void **state)
{
	const char *path = "scenarios/power-cut-download.yaml", *name = NULL, *of = "x";
	struct bp_scenario *s;
	struct bp_err err = {.text = ""};

	(void)state;
	assert_int_equal(bp_scenario_peek(arena, path, &name, &of, &err), 0);
	assert_string_equal(name, "power-cut-download");
	assert_null(of);
	assert_int_equal(bp_scenario_read(arena, path, product, &s, &err), 0);
	assert_string_equal(s->name, name);
	assert_true(bp_scenario_peek(arena, "scenarios/none.yaml", &name, &of, &err) < 0);
	assert_non_null(strstr(err.text, "scenarios/none.yaml"));
	assert_true(bp_scenario_read(arena, "scenarios/none.yaml", product, &s, &err) < 0);
}

/* The matrix of this tree: every row is good on both products, covers something, and is called as its file. */
static void scenarios_of_this_tree(void **state)
{
	static const char *const products[] = {"fixtures/products/small.yaml", "fixtures/products/reference.yaml"};
	struct bp_err err = {.text = ""};
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		DIR *d = opendir("scenarios");
		struct bp_product *p;
		struct dirent *e;

		assert_non_null(d);
		assert_int_equal(bp_product_read(arena, products[i], &p, &err), 0);
		while ((e = readdir(d))) {
			char path[300], file[300];
			struct bp_scenario *s;

			if (!strstr(e->d_name, ".yaml") || !strcmp(e->d_name, "requirements.yaml"))
				continue;
			snprintf(path, sizeof(path), "scenarios/%s", e->d_name);
			if (bp_scenario_read(arena, path, p, &s, &err))
				fail_msg("%s", err.text);
			snprintf(file, sizeof(file), "%s.yaml", s->name);
			assert_string_equal(file, e->d_name);
			assert_true(s->n_covers && s->n_steps);
			n++;
		}
		closedir(d);
	}
	assert_true(n >= 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_read), cmocka_unit_test(steps_are_read), cmocka_unit_test(surroundings_are_read),
		cmocka_unit_test(faults_are_read),
		cmocka_unit_test(points_are_listed), cmocka_unit_test(images_are_put), cmocka_unit_test(updates_may_wait), cmocka_unit_test(defaults),
		cmocka_unit_test(actions_of_the_host),
		cmocka_unit_test(bad_lines), cmocka_unit_test(all_errors_at_once),
		cmocka_unit_test(tables_are_finite), cmocka_unit_test(missing_artifacts), cmocka_unit_test(missing_areas), cmocka_unit_test(peek),
		cmocka_unit_test(scenarios_of_this_tree),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
