/* SPDX-License-Identifier: Apache-2.0 */
/* Cuts on real boards: which the bench takes on, how they are brought to their point, and what the flash says was hit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "bench/debug_parts.h"
#include "explore/aim.h"
#include "explore/classify.h"
#include "explore/select.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define SEED UINT64_C(5)
#define PROGRAM_AT 0x1f000100u
#define ERASE_AT 0x1f000120u
#define BACK_AT 0x1f000800u
#define MS UINT64_C(1000000)

static const struct bp_geometry geo = {.size_bytes = 1024, .page_bytes = 128, .unit_bytes = 8, .erased = 0xff, .writes_per_unit = 1,
				       .program_ns = 100, .erase_ns = 20 * MS};

static struct bp_arena *arena;
static struct bp_log *hand;

static void op(enum bp_op_kind kind, uint32_t addr, uint8_t value, bool first, bool last)
{
	uint8_t data[8];
	struct bp_op o = {.kind = kind, .addr = addr, .len = kind == BP_OP_ERASE ? 128 : 8, .data = data, .first = first, .last = last};

	memset(data, value, sizeof(data));
	bp_log_op(hand, &o);
}

/* Operations 1 to 6: an erase, a call of three words, an erase, a call of one word. */
static int begin(void **state)
{
	struct bp_obligation owed = {0};
	struct bp_flash *start = NULL;
	uint8_t old[256];

	(void)state;
	arena = bp_arena_new(ARENA_BYTES);
	assert_int_equal(bp_flash_new(arena, &geo, SEED, &start), 0);
	assert_int_equal(bp_log_new(arena, &geo, start, &hand), 0);
	memset(old, 0x5a, sizeof(old));
	bp_flash_load(start, 0x100, old, sizeof(old));
	bp_log_owe(hand, 0, &owed);
	op(BP_OP_ERASE, 0x100, 0, true, true);
	op(BP_OP_PROGRAM, 0x100, 0x11, true, false);
	op(BP_OP_PROGRAM, 0x108, 0x22, false, false);
	op(BP_OP_PROGRAM, 0x110, 0x33, false, true);
	op(BP_OP_ERASE, 0x180, 0, true, true);
	op(BP_OP_PROGRAM, 0x180, 0x44, true, true);
	return 0;
}

static int end(void **state)
{
	(void)state;
	bp_arena_free(arena);
	return 0;
}

/* ---- which cuts a bench takes on -------------------------------------------------------------- */

static const struct {
	const char *cut;
	uint64_t dead_ns, jitter_ns; /* dead 0: not calibrated */
	const char *refused;         /* NULL: taken on */
} bench_rows[] = {
	{"flash:1/before", 0, 0, NULL},
	{"flash:1/after", 0, 0, NULL},
	{"flash:2/before", 0, 0, NULL},
	{"flash:2/after", 0, 0, "within a call"},
	{"flash:3/before", 0, 0, "within a call"},
	{"flash:3/after", 0, 0, "within a call"},
	{"flash:4/before", 0, 0, "within a call"},
	{"flash:4/after", 0, 0, NULL},
	{"flash:2/torn=50%.0", MS, 1, "too short"},
	{"flash:1/torn=50%.0", 0, 0, "bench calibrate"},
	{"flash:1/torn=50%.0", MS, MS / 10, NULL},
	{"flash:1/torn=50%.0", 5 * MS, 5 * MS / 2, NULL}, /* the window fits four times */
	{"flash:1/torn=50%.0", 5 * MS, 5 * MS / 2 + 1, "strays"},
	{"flash:5/torn=50%.0", MS, MS / 10, NULL},    /* what stood there when the update began */
	{"flash:7/torn=50%.0", MS, MS / 10, NULL},    /* what the update wrote */
	{"flash:8/torn=50%.0", MS, MS / 10, "blank"}, /* erased a moment ago */
	{"flash:9/torn=50%.0", MS, MS / 10, "blank"}, /* never written */
	{"flash:11/torn=50%.0", MS, MS / 10, "blank"}, /* written with what erased cells read as */
	{"flash:8/before", 0, 0, NULL},
	{"flash:8/after", 0, 0, NULL},
	{"link:1", 0, 0, NULL},
	{"link:frame=1", 0, 0, NULL},
	{"line:boot#1+5ms", 0, 0, NULL},
	{"time:1.25s", 0, 0, NULL},
};

static void which_cuts(void **state)
{
	(void)state;
	op(BP_OP_ERASE, 0x180, 0, true, true);
	op(BP_OP_ERASE, 0x180, 0, true, true);
	op(BP_OP_ERASE, 0x200, 0, true, true);
	op(BP_OP_PROGRAM, 0x200, 0xff, true, true);
	op(BP_OP_ERASE, 0x200, 0, true, true);
	for (size_t i = 0; i < sizeof(bench_rows) / sizeof(bench_rows[0]); i++) {
		struct bp_bench_board b = {.debug = &bp_debug_openocd_ops,
					   .calibration = {.known = bench_rows[i].dead_ns != 0, .dead_ns = bench_rows[i].dead_ns,
							   .jitter_ns = bench_rows[i].jitter_ns}};
		struct bp_cutpoint cut;
		const char *refused;

		assert_int_equal(bp_cutpoint_parse(bench_rows[i].cut, &cut, NULL), 0);
		refused = bp_aim_refuses(&b, hand, &cut);
		if (!refused != !bench_rows[i].refused || (refused && !strstr(refused, bench_rows[i].refused)))
			fail_msg("%s: %s", bench_rows[i].cut, refused ? refused : "taken on");
	}
}

/* ---- a board whose core makes the calls of a script ----------------------------------------------- */

struct call {
	uint32_t pc, addr, len;
};

static struct {
	const struct call *call;
	unsigned n, at;          /* calls, and the next one */
	bool running, at_return; /* at_return: the next halt is the call's return */
	uint32_t points[4];
	char did[400];
} core;

static void did(const char *what)
{
	size_t n = strlen(core.did);

	snprintf(core.did + n, sizeof(core.did) - n, "%s%s", n ? " " : "", what);
}

static int fake_resume(void *self, uint64_t deadline_ns, struct bp_err *err)
{
	(void)self, (void)deadline_ns, (void)err;
	core.running = true;
	return 0;
}

static int fake_go(void *self, uint64_t deadline_ns, struct bp_err *err)
{
	did("go");
	return fake_resume(self, deadline_ns, err);
}

static int fake_detach(void *self, struct bp_err *err)
{
	(void)self, (void)err;
	did("detach");
	return 0;
}

static int fake_breakpoint(void *self, uint32_t addr, bool set, uint64_t deadline_ns, struct bp_err *err)
{
	(void)self, (void)deadline_ns, (void)err;
	for (unsigned i = 0; i < 4; i++)
		if (core.points[i] == (set ? 0 : addr)) {
			core.points[i] = set ? addr : 0;
			break;
		}
	core.at_return = core.at_return || (set && addr == BACK_AT);
	return 0;
}

static bool point_at(uint32_t addr)
{
	return core.points[0] == addr || core.points[1] == addr || core.points[2] == addr || core.points[3] == addr;
}

static int fake_wait_halt(void *self, uint32_t regs[17], uint64_t deadline_ns, struct bp_err *err)
{
	(void)self, (void)deadline_ns;
	memset(regs, 0, 17 * sizeof(regs[0]));
	regs[14] = BACK_AT | 1;
	if (core.running && core.at_return && point_at(BACK_AT)) {
		core.at_return = core.running = false;
		regs[15] = BACK_AT;
		return 0;
	}
	if (!core.running || core.at == core.n || !point_at(core.call[core.at].pc))
		return bp_fail(err, BP_ETIMEOUT, "it runs");
	core.running = false;
	regs[0] = core.call[core.at].addr;
	regs[2] = core.call[core.at].len;
	regs[15] = core.call[core.at++].pc;
	return 0;
}

static int fake_off(void *self, struct bp_err *err)
{
	(void)self, (void)err;
	did(core.running ? "off" : "off-halted");
	return 0;
}

static const struct bp_debug_ops fake_debug = {
	.name = "fake", .resume = fake_resume, .go = fake_go, .detach = fake_detach, .breakpoint = fake_breakpoint, .wait_halt = fake_wait_halt,
};
static const struct bp_power_ops fake_power = {.name = "fake", .off = fake_off};

static const struct call all_calls[] = {
	{ERASE_AT, 0x100, 0}, {PROGRAM_AT, 0x100, 24}, {ERASE_AT, 0x180, 0}, {PROGRAM_AT, 0x180, 8},
};
static const struct call other_page[] = {{ERASE_AT, 0x180, 0}};
static const struct call other_kind[] = {{PROGRAM_AT, 0x100, 8}};
static const struct call one_more[] = {
	{ERASE_AT, 0x100, 0}, {PROGRAM_AT, 0x100, 24}, {ERASE_AT, 0x180, 0}, {PROGRAM_AT, 0x180, 8}, {ERASE_AT, 0x100, 0},
};
static const struct call empty_call[] = {{PROGRAM_AT, 0x100, 0}, {ERASE_AT, 0x100, 0}};
static const struct call two_words[] = {{ERASE_AT, 0x100, 0}, {PROGRAM_AT, 0x100, 16}, {PROGRAM_AT, 0x110, 8}};

struct aim_row {
	const char *name, *cut;
	uint64_t dead_ns;
	const struct call *calls;
	unsigned n;
	const char *did;  /* of the cut; "" when none */
	const char *lost; /* part of the text, NULL: not lost */
};

static const struct aim_row aims[] = {
	{"before the first", "flash:1/before", MS, all_calls, 4, "detach off-halted", NULL},
	{"before a call in the middle", "flash:2/before", MS, all_calls, 4, "detach off-halted", NULL},
	{"after a call of three words", "flash:4/after", MS, all_calls, 4, "detach off-halted", NULL},
	{"before the last", "flash:6/before", MS, all_calls, 4, "detach off-halted", NULL},
	{"after the last", "flash:6/after", MS, all_calls, 4, "detach off-halted", NULL},
	{"torn, the switch is fast: it runs on, then the command", "flash:5/torn=50%.0", MS, all_calls, 4, "go detach off", NULL},
	{"torn, the switch is slow: the command, then it runs on", "flash:5/torn=10%.0", 5 * MS, all_calls, 4, "off-halted go detach", NULL},
	{"a call of no bytes is no operation", "flash:1/before", MS, empty_call, 2, "detach off-halted", NULL},
	{"another page", "flash:2/before", MS, other_page, 1, "", "out of step at operation 1: the board erases 0x180"},
	{"another kind", "flash:2/before", MS, other_kind, 1, "", "out of step at operation 1: the board programs 0x100"},
	{"more operations than the log has", "flash:6/before", MS, one_more, 4, "detach off-halted", NULL},
	{"a call that is shorter than the log's", "flash:4/after", MS, two_words, 3, "detach off-halted", NULL},
	{"the point lies within a call", "flash:3/before", MS, all_calls, 4, "", "lies within a call of 3"},
	{"the calls end before the point", "flash:6/before", MS, all_calls, 3, "", NULL},
};

static void one_aim(const struct aim_row *row)
{
	struct bp_bench_board board = {.name = "fake", .calibration = {.known = true, .dead_ns = row->dead_ns}};
	struct bp_real real = {.bench = &board, .on = true, .program_at = PROGRAM_AT, .erase_at = ERASE_AT,
			       .debug = {&fake_debug, NULL}, .power = {&fake_power, NULL}};
	struct bp_aim aim = {0};
	struct bp_cutpoint cut;
	struct bp_err err;

	memset(&core, 0, sizeof(core));
	core.call = row->calls;
	core.n = row->n;
	core.running = true;
	assert_int_equal(bp_cutpoint_parse(row->cut, &cut, &err), 0);
	assert_int_equal(bp_aim_arm(&aim, &real, hand, &cut, &err), 0);
	for (unsigned looks = 0; looks < 20 && real.look; looks++)
		assert_true(real.look(real.look_ctx, &err) >= 0);
	if (strcmp(core.did, row->did) || aim.lost != (row->lost != NULL) || (aim.lost && !strstr(aim.text, row->lost)) ||
	    aim.fired != (*row->did != '\0') || real.on == aim.fired)
		fail_msg("%s: did '%s', %s%s", row->name, core.did, aim.lost ? "lost: " : "", aim.text);
	if (!aim.fired)
		assert_int_equal(bp_aim_disarm(&aim, &err), 0);
	if (!aim.fired || cut.position == BP_CUT_TORN) /* a core that was cut keeps its breakpoints until it answers again */
		for (unsigned k = 0; k < 4; k++)
			assert_int_equal(core.points[k], 0);
}

static void aimed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(aims) / sizeof(aims[0]); i++)
		one_aim(&aims[i]);
}

/* Where pages are unequal, a torn erase is aimed into its own page's time: 4 ms, 40 ms. A switch of 5 ms is slow for the first. */
static void unequal_pages(void **state)
{
	struct bp_bench_board b = {.debug = &bp_debug_openocd_ops, .calibration = {.known = true, .dead_ns = MS, .jitter_ns = MS}};
	static const struct aim_row slow = {"torn, of a small page", "flash:5/torn=50%.0", 5 * MS, all_calls, 4, "off-halted go detach", NULL};
	struct bp_geometry sectors = geo;
	struct bp_cutpoint small, large;
	uint8_t old[512];

	(void)state;
	sectors.page_bytes = 256;
	sectors.erase_ns = 40 * MS;
	sectors.sectors[0] = (struct bp_sectors){.pages = 4, .page_bytes = 128, .erase_ns = 4 * MS};
	sectors.sectors[1] = (struct bp_sectors){.pages = 2, .page_bytes = 256, .erase_ns = 40 * MS};
	sectors.n_sectors = 2;
	assert_int_equal(bp_flash_new(arena, &sectors, SEED, &hand->start), 0);
	memset(old, 0x5a, sizeof(old));
	bp_flash_load(hand->start, 0x100, old, sizeof(old));
	op(BP_OP_ERASE, 0x200, 0, true, true);
	assert_int_equal(bp_cutpoint_parse("flash:5/torn=50%.0", &small, NULL), 0);
	assert_int_equal(bp_cutpoint_parse("flash:7/torn=50%.0", &large, NULL), 0);
	assert_non_null(strstr(bp_aim_refuses(&b, hand, &small), "strays"));
	assert_null(bp_aim_refuses(&b, hand, &large));
	one_aim(&slow);
}

/* ---- what was hit --------------------------------------------------------------------------------------- */

static struct bp_flash *state_after(const char *text, struct bp_state *s)
{
	struct bp_flash *f = NULL;
	struct bp_cutpoint cut;

	assert_int_equal(bp_cutpoint_parse(text, &cut, NULL), 0);
	assert_int_equal(bp_log_resolve(hand, &cut, s), 0);
	assert_int_equal(bp_flash_new(arena, &geo, SEED, &f), 0);
	bp_flash_copy(f, hand->start);
	bp_log_apply(hand, f, 0, s->prefix);
	if (s->is_torn)
		bp_log_tear(hand, f, s->prefix, s->torn);
	return f;
}

/* Every state of the log is found, and alone where the operations leave traces. */
static void every_state_is_found(void **state)
{
	static const char *const positions[] = {"before", "torn=50%.0", "after"};
	uint8_t unreadable[1024] = {0};

	(void)state;
	for (unsigned n = 1; n <= 6; n++)
		for (unsigned p = 0; p < 3; p++) {
			struct bp_flash *f;
			struct bp_state s;
			struct bp_fit fit;
			char cut[40];

			snprintf(cut, sizeof(cut), "flash:%u/%s", n, positions[p]);
			f = state_after(cut, &s);
			assert_int_equal(bp_classify(arena, hand, f->bytes, unreadable, &fit, NULL), 0);
			if (!bp_fit_has(&fit, &s) || fit.fits != 1)
				fail_msg("%s: %u states fit, %u to %u", cut, fit.fits, fit.first, fit.last);
		}
}

static void what_fits_nothing(void **state)
{
	uint8_t unreadable[1024] = {0};
	struct bp_flash *f;
	struct bp_state s;
	struct bp_fit fit;
	char text[80];

	(void)state;
	f = state_after("flash:3/before", &s);
	f->bytes[0x3f0] ^= 1; /* nobody writes there */
	assert_int_equal(bp_classify(arena, hand, f->bytes, unreadable, &fit, NULL), 0);
	assert_int_equal(fit.fits, 0);
	bp_fit_show(&fit, text, sizeof(text));
	assert_string_equal(text, "a flash that no state of the update fits");
	f->bytes[0x3f0] ^= 1;
	f->bytes[0x108] = 0x22; /* in part: the third operation had begun */
	assert_int_equal(bp_classify(arena, hand, f->bytes, unreadable, &fit, NULL), 0);
	bp_fit_show(&fit, text, sizeof(text));
	assert_string_equal(text, "operation 3 done in part");
}

/* A word that the part refuses to read was being programmed, whatever stands there. */
static void unreadable_words(void **state)
{
	uint8_t unreadable[1024] = {0};
	struct bp_state s, torn = {.prefix = 2, .is_torn = true};
	struct bp_flash *f = state_after("flash:3/before", &s);
	struct bp_fit fit;

	(void)state;
	memset(unreadable + 0x108, 1, 8);
	assert_int_equal(bp_classify(arena, hand, f->bytes, unreadable, &fit, NULL), 0);
	assert_int_equal(fit.fits, 1);
	assert_true(bp_fit_has(&fit, &torn));
	assert_false(bp_fit_has(&fit, &s));
}

/* ---- which cases are run ------------------------------------------------------------------------------------ */

#define CASES 100u

static void selected(void **state)
{
	static const uint32_t budgets[] = {0, 1, 2, 3, 7, 30, 99, 1000};
	struct bp_scenario s = {.name = "s"};
	struct bp_bench_board board = {.name = "fake", .debug = &bp_debug_openocd_ops};
	const struct bp_bench_board *boards[] = {&board};
	struct bp_case cases[CASES] = {{.kind = BP_CASE_NO_FAULT}};
	struct bp_run runs[CASES] = {{0}};
	char names[4][8] = {"none", "one", "two", "three"};
	struct bp_plan plan = {.scenario = &s, .log = hand, .cases = cases, .run = runs, .n_cases = CASES, .n_runs = 1, .n_variants = 4,
			       .variant = {names[0], names[1], names[2], names[3]}};

	(void)state;
	for (uint32_t i = 1; i < CASES; i++) { /* variant 1: reachable, 2: link bytes, 3: within calls */
		cases[i] = (struct bp_case){.kind = BP_CASE_CUT, .variant = (uint16_t)(1 + i % 3)};
		cases[i].cut = (struct bp_cutpoint){.event = i % 3 == 1 ? BP_EVENT_LINK_BYTE : BP_EVENT_FLASH, .n = i % 3 == 2 ? 3 : 1};
	}
	for (size_t b = 0; b < sizeof(budgets) / sizeof(budgets[0]); b++) {
		uint32_t want = budgets[b] && budgets[b] < 66 ? budgets[b] : 66, per[4] = {0}, left = 0;
		struct bp_plan *out = NULL;

		assert_int_equal(bp_plan_select(arena, &plan, boards, 1, budgets[b], &out, &left, NULL), 0);
		assert_int_equal(left, 33);
		assert_int_equal(out->n_cases, want + 1);
		assert_int_equal(out->n_runs, out->n_cases);
		for (uint32_t i = 0; i < out->n_cases; i++) {
			per[out->cases[i].variant]++;
			assert_int_equal(out->cases[i].run, i);
			assert_int_equal(out->run[i].first_case, i);
			assert_false(out->cases[i].merged);
		}
		assert_int_equal(per[0], 1);
		assert_int_equal(per[3], 0);
		assert_in_range(per[1] > per[2] ? per[1] - per[2] : per[2] - per[1], 0, 1);
	}
}

/* A board without a debug port takes what the host itself can count, and leaves the rest to others, or to the virtual board. */
static void without_debug_port(void **state)
{
	struct bp_bench_board blind = {.name = "blind"}, seeing = {.name = "seeing", .debug = &bp_debug_openocd_ops};
	const struct bp_bench_board *boards[] = {&blind, &seeing};
	struct bp_case cases[] = {
		{.kind = BP_CASE_NO_FAULT},
		{.kind = BP_CASE_CUT, .variant = 1, .cut = {.event = BP_EVENT_LINK_BYTE, .n = 1}},
		{.kind = BP_CASE_CUT, .variant = 1, .cut = {.event = BP_EVENT_FLASH, .n = 1}},
		{.kind = BP_CASE_DAMAGE, .variant = 1},
	};
	struct bp_scenario s = {.name = "s"};
	struct bp_run runs[4] = {{0}};
	struct bp_plan plan = {.scenario = &s, .log = hand, .cases = cases, .run = runs, .n_cases = 4, .n_runs = 4, .n_variants = 2,
			       .variant = {"none", "one"}}, *out = NULL;
	uint32_t left;

	(void)state;
	assert_null(bp_plan_refuses(&plan, &cases[1], &blind));
	assert_non_null(bp_plan_refuses(&plan, &cases[2], &blind));
	assert_non_null(bp_plan_refuses(&plan, &cases[3], &blind));
	assert_null(bp_plan_refuses(&plan, &cases[2], &seeing));
	assert_int_equal(bp_plan_select(arena, &plan, boards, 1, 0, &out, &left, NULL), 0);
	assert_int_equal(out->n_cases, 2);
	assert_int_equal(left, 2);
	assert_int_equal(bp_plan_select(arena, &plan, boards, 2, 0, &out, &left, NULL), 0); /* the other one takes them */
	assert_int_equal(out->n_cases, 4);
	assert_int_equal(left, 0);
}

static void detached_share(void **state)
{
	static const struct {
		uint32_t percent, want;
	} rows[] = {{0, 0}, {1, 1}, {10, 10}, {25, 25}, {50, 34}, {100, 34}}; /* 34 of 100 need no probe */
	struct bp_case cases[CASES] = {{.kind = BP_CASE_NO_FAULT}};
	struct bp_step damage = {.kind = BP_STEP_DAMAGE};
	struct bp_scenario s = {.name = "s"};
	struct bp_plan plan = {.scenario = &s, .cases = cases, .n_cases = CASES};

	(void)state;
	for (uint32_t i = 1; i < CASES; i++)
		cases[i] = (struct bp_case){.kind = BP_CASE_CUT, .cut = {.event = i % 3 ? BP_EVENT_FLASH : BP_EVENT_LINK_BYTE, .n = i}};
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		uint32_t n = 0, half = 0;

		for (uint32_t i = 0; i < CASES; i++) {
			bool detached = bp_plan_detached(&plan, i, rows[r].percent);

			n += detached;
			half += detached && i < CASES / 2;
			if (detached)
				assert_true(bp_plan_detachable(&plan, &cases[i]));
		}
		assert_int_equal(n, rows[r].want);
		assert_in_range(half, n / 2, n / 2 + (n % 2));
	}
	s.n_steps = 1;
	s.step[0] = damage;
	assert_false(bp_plan_detached(&plan, 0, 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(which_cuts, begin, end),
		cmocka_unit_test_setup_teardown(aimed, begin, end),
		cmocka_unit_test_setup_teardown(unequal_pages, begin, end),
		cmocka_unit_test_setup_teardown(every_state_is_found, begin, end),
		cmocka_unit_test_setup_teardown(what_fits_nothing, begin, end),
		cmocka_unit_test_setup_teardown(unreadable_words, begin, end),
		cmocka_unit_test_setup_teardown(selected, begin, end),
		cmocka_unit_test_setup_teardown(without_debug_port, begin, end),
		cmocka_unit_test_setup_teardown(detached_share, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
