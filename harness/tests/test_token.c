/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "explore/token.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define SEED UINT64_C(11)

static const char text[] = "scenario: made-up\n"
			   "title: for tokens\n"
			   "covers: [P-1]\n"
			   "steps:\n"
			   "  - update: {to: to}\n"
			   "end: {running: to, reasons: [OK]}\n"
			   "edits:\n"
			   "  - {op: body-bit, refused: payload}\n"
			   "  - {op: truncate-one, refused: payload, seeds: 2}\n"
			   "damages:\n"
			   "  - {areas: [state-a], how: zero}\n"
			   "  - {areas: [state-b], how: bit}\n";

static struct bp_arena *arena;
static struct bp_product *product;
static struct bp_scenario *scenario;
static struct bp_plan *plan;

/* A log of two operations and one message, and its plan. */
static int begin(void **state)
{
	struct bp_op op = {.kind = BP_OP_ERASE, .start_ns = 2000, .end_ns = 3000};
	struct bp_obligation idle = {0}, offered = {.stage = BP_STAGE_OFFERED, .phase = BP_PHASE_DOWNLOAD};
	struct bp_flash *start, *scratch;
	struct bp_err err = {.text = ""};
	struct bp_log *log;

	(void)state;
	arena = bp_arena_new(ARENA_BYTES);
	if (!arena || bp_product_read(arena, "fixtures/products/small.yaml", &product, &err) ||
	    bp_scenario_parse(arena, "made-up.yaml", text, strlen(text), product, &scenario, &err) ||
	    bp_flash_new(arena, &product->board.flash, SEED, &start) || bp_flash_new(arena, &product->board.flash, SEED, &scratch) ||
	    bp_log_new(arena, &product->board.flash, start, &log)) {
		print_error("%s\n", err.text);
		return -1;
	}
	log->byte_ns = 100;
	idle.phase = BP_PHASE_IDLE;
	bp_log_owe(log, 0, &idle);
	log->begin_ns = 500;
	log->end_ns = 10000;
	bp_log_sent(log, 0, 9);
	bp_log_line(log, 700, "boot: run", 9);
	bp_log_line(log, 2500, "boot: run", 9);
	bp_log_owe(log, 1000, &offered);
	bp_log_op(log, &op);
	op.start_ns = 4000, op.end_ns = 5000;
	bp_log_op(log, &op);
	if (bp_plan_make(arena, scenario, log, scratch, SEED, 0, &plan, &err)) {
		print_error("%s\n", err.text);
		return -1;
	}
	bp_token_hash8(scenario, product, plan->hash8);
	return 0;
}

static int end(void **state)
{
	(void)state;
	bp_arena_free(arena);
	return 0;
}

/* ---- round trips ------------------------------------------------------------------ */

static void round_trip(const struct bp_case *c)
{
	char shown[BP_TOKEN_BYTES], again[BP_TOKEN_BYTES];
	struct bp_err err = {.text = ""};
	struct bp_token t;
	struct bp_case back;

	bp_token_show(shown, plan, product->name, c);
	if (bp_token_parse(shown, &t, &err) || bp_token_case(&t, plan, &back, &err))
		fail_msg("%s: %s", shown, err.text);
	assert_string_equal(t.product, "small");
	assert_string_equal(t.scenario, "made-up");
	assert_string_equal(t.hash8, plan->hash8);
	assert_int_equal(back.kind, c->kind);
	assert_int_equal(back.row, c->row);
	assert_true(back.seed == c->seed);
	assert_int_equal(back.state.prefix, c->state.prefix);
	assert_int_equal(back.state.is_torn, c->state.is_torn);
	assert_int_equal(back.state.owed, c->state.owed);
	assert_string_equal(bp_token_show(again, plan, product->name, &back), shown);
}

static void planned_cases_come_back(void **state)
{
	(void)state;
	assert_int_equal(plan->n_cases, 6);
	for (uint32_t i = 0; i < plan->n_cases; i++)
		round_trip(&plan->cases[i]);
}

static void cut_cases_come_back(void **state)
{
	static const char *const cuts[] = {
		"flash:1/before", "flash:1/torn=50%.2", "flash:2/torn=99%.0", "flash:2/after", "flash:2/after!reset-pin",
		"link:1", "link:9", "link:frame=1",
		"line:boot%3a%20run#2", "line:t%3a#1+1.8us", "time:1.5us",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		struct bp_case c = {.kind = BP_CASE_CUT, .seed = UINT64_MAX - i};

		assert_int_equal(bp_cutpoint_parse(cuts[i], &c.cut, NULL), 0);
		assert_int_equal(bp_log_resolve(plan->log, &c.cut, &c.state), 0);
		round_trip(&c);
	}
}

static void phase_comes_from_the_log(void **state)
{
	struct bp_token t = {.n_cuts = 1, .cut = {{.event = BP_EVENT_FLASH, .n = 1}}};
	struct bp_case c;

	(void)state;
	assert_int_equal(bp_token_case(&t, plan, &c, NULL), 0);
	assert_int_equal(c.phase, BP_PHASE_DOWNLOAD);
	t.cut[0] = (struct bp_cutpoint){.event = BP_EVENT_LINK_BYTE, .n = 1};
	assert_int_equal(bp_token_case(&t, plan, &c, NULL), 0);
	assert_int_equal(c.phase, BP_PHASE_IDLE);
}

/* ---- what is refused ---------------------------------------------------------------- */

#define TEXT48 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeee"
#define TEXT64 TEXT48 "ffffffffffgggggg"
#define TEXT192 TEXT64 TEXT64 TEXT64
#define TEXT768 TEXT192 TEXT192 TEXT192 TEXT192
#define GOOD "bp1:small:made-up:deadbeef:"

struct bad_row {
	const char *token, *words[3];
};

static const struct bad_row bad_rows[] = {
	{"", {"the format", "bp1:product:scenario:hash8:cuts:edit:seed"}},
	{"bp1", {"the format"}},
	{"bp2:small:made-up:deadbeef:-:-:1", {"'bp2'", "expected bp1"}},
	{"flash:1/before", {"'flash'", "expected bp1"}},
	{"bp1:", {"the product"}},
	{"bp1::made-up:deadbeef:-:-:1", {"the product is missing"}},
	{"bp1:" TEXT48 ":made-up:deadbeef:-:-:1", {"the product", "too long"}},
	{"bp1:small::deadbeef:-:-:1", {"the scenario is missing"}},
	{"bp1:small:" TEXT64 ":deadbeef:-:-:1", {"the scenario", "too long"}},
	{"bp1:small:made-up::-:-:1", {"hash8 is missing"}},
	{"bp1:small:made-up:deadbeef0:-:-:1", {"hash8", "too long"}},
	{"bp1:small:made-up:deadbeef", {"hash8 is missing"}},
	{GOOD, {"cuts, edit or seed"}},
	{GOOD "-", {"cuts, edit or seed"}},
	{GOOD "-:1", {"cuts, edit or seed"}},
	{GOOD ":-:1", {"cuts, edit or seed"}},
	{GOOD "-::1", {"cuts, edit or seed"}},
	{GOOD "-:" TEXT48 ":1", {"cuts, edit or seed"}},
	{GOOD "flash:1/before," TEXT192 ":-:1", {"is no cut point"}},
	{GOOD "line:boot: run#1:-:1", {"'line:boot: run#1' is no cut point"}},
	{GOOD "-:-:", {"seed"}},
	{GOOD "-:-:x", {"seed", "'x'"}},
	{GOOD "-:-:-1", {"seed"}},
	{GOOD "-:-:1 ", {"seed"}},
	{GOOD "-:-:18446744073709551616", {"seed"}},
	{GOOD "flash:0/before:-:1", {"token: 'flash:0/before' is no cut point", "link:frame=N"}},
	{GOOD "flash:1/torn=50%:-:1", {"'flash:1/torn=50%' is no cut point"}},
	{GOOD "--:-:1", {"'--' is no cut point"}},
	{GOOD "-:damage=0:1", {"'damage=0'", "N from 1 to 64"}},
	{GOOD "-:damage=65:1", {"'damage=65'"}},
	{GOOD "-:damage=:1", {"'damage='"}},
	{GOOD "-:damage=1x:1", {"'damage=1x'"}},
	{TEXT768 TEXT768 TEXT768, {"longer than 2047"}},
};

static void bad_tokens(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_rows) / sizeof(bad_rows[0]); i++) {
		const struct bad_row *row = &bad_rows[i];
		struct bp_err err = {.text = ""};
		struct bp_token t;

		if (bp_token_parse(row->token, &t, &err) != BP_EUSAGE)
			fail_msg("'%s' was taken for a token (%s)", row->token, err.text);
		assert_int_equal(err.code == BP_EUSAGE || err.code == BP_ECONFIG, 1);
		for (size_t k = 0; k < 3 && row->words[k]; k++)
			if (!strstr(err.text, row->words[k]))
				fail_msg("'%s': the message lacks '%s': %s", row->token, row->words[k], err.text);
	}
}

static const struct bad_row absent_rows[] = {
	{GOOD "flash:3/before:-:1", {"no such cut point", "made-up", "2 flash operations, 9 link bytes and 2 lines"}},
	{GOOD "link:10:-:1", {"no such cut point"}},
	{GOOD "link:frame=2:-:1", {"no such cut point"}},
	{GOOD "line:run#3:-:1", {"no such cut point"}},
	{GOOD "line:Run#1:-:1", {"no such cut point"}},
	{GOOD "line:run#1+9.3us:-:1", {"no such cut point"}}, /* when the steps are over */
	{GOOD "time:9.5us:-:1", {"no such cut point"}},
	{GOOD "-:damage=3:1", {"damage=3", "2 damage rows"}},
	{GOOD "-:body-byte:1", {"no edit 'body-byte'", "made-up"}},
	{GOOD "-:no-such-operator:1", {"no edit 'no-such-operator'"}},
	{GOOD "flash:1/before:body-bit:1", {"a cut and an edit"}},
	{GOOD "flash:1/before:damage=1:1", {"a cut and an edit"}},
};

/* Well-formed, but nothing that this scenario has. */
static void absent_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(absent_rows) / sizeof(absent_rows[0]); i++) {
		const struct bad_row *row = &absent_rows[i];
		struct bp_err err = {.text = ""};
		struct bp_token t;
		struct bp_case c;

		assert_int_equal(bp_token_parse(row->token, &t, &err), 0);
		if (bp_token_case(&t, plan, &c, &err) != BP_EUSAGE)
			fail_msg("'%s' was found", row->token);
		for (size_t k = 0; k < 3 && row->words[k]; k++)
			if (!strstr(err.text, row->words[k]))
				fail_msg("'%s': the message lacks '%s': %s", row->token, row->words[k], err.text);
	}
}

/* ---- hash8 ---------------------------------------------------------------------------- */

static void change_size(struct bp_product *p) { p->board.flash.size_bytes *= 2; }
static void change_page(struct bp_product *p) { p->board.flash.page_bytes *= 2; }
static void change_unit(struct bp_product *p) { p->board.flash.unit_bytes *= 2; }
static void change_erased(struct bp_product *p) { p->board.flash.erased = 0; }
static void change_writes(struct bp_product *p) { p->board.flash.writes_per_unit++; }
static void change_ecc(struct bp_product *p) { p->board.flash.ecc = !p->board.flash.ecc; }
static void change_area(struct bp_product *p) { p->board.dut.area[DUT_AREA_PROGRESS].addr += 1024; }
static void change_area_size(struct bp_product *p) { p->board.dut.area[DUT_AREA_CONFIG_B].size += 1024; }
static void change_name(struct bp_product *p) { p->artifact[8].name = "older"; }
static void change_version(struct bp_product *p) { p->artifact[0].version.build++; }
static void change_body(struct bp_product *p) { p->artifact[3].body_bytes++; }
static void one_less(struct bp_product *p) { p->n_artifacts--; }

static const struct {
	const char *what;
	void (*change)(struct bp_product *p);
} changes[] = {
	{"flash size", change_size}, {"page", change_page}, {"write unit", change_unit}, {"erased value", change_erased},
	{"writes per unit", change_writes}, {"ECC", change_ecc}, {"an area's place", change_area}, {"an area's size", change_area_size},
	{"an artifact's name", change_name}, {"an artifact's version", change_version}, {"an artifact's size", change_body},
	{"number of artifacts", one_less},
};
#define N_CHANGES (sizeof(changes) / sizeof(changes[0]))

static void hash8_covers(void **state)
{
	struct bp_scenario s = *scenario;
	char hash[N_CHANGES + 2][9];

	(void)state;
	memcpy(hash[0], plan->hash8, 9);
	assert_int_equal(strspn(hash[0], "0123456789abcdef"), 8);
	s.text = bp_arena_printf(arena, "%s#", text);
	s.text_len++;
	bp_token_hash8(&s, product, hash[1]);
	for (size_t i = 0; i < N_CHANGES; i++) {
		struct bp_product *p = bp_arena_alloc(arena, sizeof(*p));

		*p = *product;
		changes[i].change(p);
		bp_token_hash8(scenario, p, hash[i + 2]);
	}
	for (size_t i = 0; i < N_CHANGES + 2; i++)
		for (size_t k = 0; k < i; k++)
			if (!strcmp(hash[i], hash[k]))
				fail_msg("hash8 does not see %s", i < 2 ? "the scenario's text" : changes[i - 2].what);
}

/* Another firmware, faster flash, other words for the same: tokens stay good. */
static void hash8_leaves_out(void **state)
{
	struct bp_product *p = bp_arena_alloc(arena, sizeof(*p));
	char hash[9];

	(void)state;
	*p = *product;
	p->firmware = "mutant-x";
	p->title = "another";
	p->board.flash.program_ns = 1;
	p->board.costs.ns[DUT_COST_SHA256] = 1;
	p->board.baud = 9600;
	p->recovery_budget_ns = 1;
	p->artifact[0].seed = 99;
	bp_token_hash8(scenario, p, hash);
	assert_string_equal(hash, plan->hash8);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(planned_cases_come_back), cmocka_unit_test(cut_cases_come_back),
		cmocka_unit_test(phase_comes_from_the_log), cmocka_unit_test(bad_tokens), cmocka_unit_test(absent_cases),
		cmocka_unit_test(hash8_covers), cmocka_unit_test(hash8_leaves_out),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
