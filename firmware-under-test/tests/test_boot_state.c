/* SPDX-License-Identifier: Apache-2.0 */
/* test_boot_state.c - the boot state's codec, its repair, and power cuts at every operation, three deep. */
#include "boot/boot_state.h"
#include "tests/fake_dut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct boot_state sample = {
	.seq = 0x01020304, .active = 1, .pending = 0, .attempts = 2, .phase = BOOT_TRIAL, .reason = REASON_CRASHED,
	.transitions = TRANSITION_DOWNLOADED | TRANSITION_WRITTEN, .target_counter = 0x11121314,
	.target_version = {1, 2, 0x0304, 0x21222324}, .target_sha256 = {0xa0, 0xa1, 0xa2},
};

static uint32_t area(enum dut_area_id id)
{
	return fake.board.area[id].addr;
}

static void test_layout(void **state)
{
	/* README.md, "Flash": the fields in order, little-endian. */
	static const uint8_t head[] = {
		'B', 'P', 'S', 'T', 4, 3, 2, 1, 1, 0, 2, 2, 17, 3, 0, 0,
		0x14, 0x13, 0x12, 0x11, 1, 2, 4, 3, 0x24, 0x23, 0x22, 0x21, 0xa0, 0xa1, 0xa2, 0,
	};
	uint8_t bytes[BOOT_STATE_BYTES];

	(void)state;
	boot_state_encode(&sample, bytes);
	assert_memory_equal(bytes, head, 14);
	assert_memory_equal(bytes + 16, head + 16, sizeof(head) - 16);
}

static void test_round_trip(void **state)
{
	uint8_t bytes[BOOT_STATE_BYTES], again[BOOT_STATE_BYTES];
	struct boot_state s;

	(void)state;
	boot_state_encode(&sample, bytes);
	assert_int_equal(boot_state_decode(bytes, &s), 0);
	boot_state_encode(&s, again);
	assert_memory_equal(bytes, again, sizeof(bytes));
	assert_int_equal(s.seq, sample.seq);
	assert_int_equal(s.target_version.build, sample.target_version.build);
}

static void test_any_flipped_bit_is_refused(void **state)
{
	uint8_t bytes[BOOT_STATE_BYTES];
	struct boot_state s;

	(void)state;
	boot_state_encode(&sample, bytes);
	for (uint32_t bit = 0; bit < BOOT_STATE_BYTES * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(boot_state_decode(bytes, &s), -1);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void test_values_out_of_range_are_refused(void **state)
{
	static const struct boot_state bad[] = {
		{.active = 2, .pending = SLOT_NONE}, {.active = SLOT_NONE, .pending = SLOT_NONE}, {.pending = 2},
		{.pending = SLOT_NONE, .phase = 3}, {.pending = SLOT_NONE, .reason = REASON_COUNT},
	};
	uint8_t bytes[BOOT_STATE_BYTES];
	struct boot_state s;

	(void)state;
	for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		boot_state_encode(&bad[i], bytes);
		assert_int_equal(boot_state_decode(bytes, &s), -1);
	}
}

/* Put a copy into flash as the rig would, past the flash's rules. */
static void place(enum dut_area_id id, uint32_t seq, uint32_t value)
{
	struct boot_state s = {.seq = seq, .pending = SLOT_NONE, .target_counter = value};

	memset(fake.flash + area(id), fake.board.erased, FAKE_PAGE_BYTES);
	boot_state_encode(&s, fake.flash + area(id));
}

static const struct load_row {
	const char *name;
	uint32_t a_seq, a_value, b_seq, b_value; /* value 0: the copy is bad */
	enum boot_state_load load;
	uint32_t value;
} load_rows[] = {
	{"both lost", 0, 0, 0, 0, STATE_LOST, 0},
	{"equal", 5, 1, 5, 1, STATE_BOTH, 1},
	{"a newer", 6, 2, 5, 1, STATE_REPAIR, 2},
	{"b newer", 5, 1, 6, 2, STATE_REPAIR, 2},
	{"a bad", 0, 0, 6, 2, STATE_REPAIR, 2},
	{"b bad", 7, 3, 0, 0, STATE_REPAIR, 3},
	{"a wrapped", 0, 2, UINT32_MAX, 1, STATE_REPAIR, 2},
	{"b wrapped", UINT32_MAX, 1, 0, 2, STATE_REPAIR, 2},
	{"b wrapped by two", UINT32_MAX, 1, 1, 2, STATE_REPAIR, 2},
	{"same number, other content", 5, 1, 5, 2, STATE_REPAIR, 1},
};

static void check_row(const struct load_row *r)
{
	struct boot_state s = {.target_counter = 0}, again;

	fake_new(8, 0xff);
	if (r->a_value)
		place(DUT_AREA_STATE_A, r->a_seq, r->a_value);
	if (r->b_value)
		place(DUT_AREA_STATE_B, r->b_seq, r->b_value);
	assert_int_equal(boot_state_load(&s), r->load);
	assert_int_equal(s.target_counter, r->value);
	if (r->load != STATE_REPAIR)
		return;
	assert_int_equal(boot_state_repair(&s), 0);
	assert_int_equal(boot_state_load(&again), STATE_BOTH);
	assert_int_equal(again.target_counter, r->value);
	assert_int_equal(again.seq, s.seq);
}

static void test_load_and_repair(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < sizeof(load_rows) / sizeof(load_rows[0]); i++) {
		print_message("           %s\n", load_rows[i].name);
		check_row(&load_rows[i]);
	}
}

static void test_every_unit_size(void **state)
{
	struct boot_state s = {.pending = SLOT_NONE}, back;

	(void)state;
	for (uint32_t unit = 1; unit <= DUT_MAX_UNIT; unit *= 2)
		for (int erased = 0; erased <= 0xff; erased += 0xff) {
			fake_new(unit, (uint8_t)erased);
			for (uint32_t n = 1; n < 4; n++) {
				s.target_counter = n;
				assert_int_equal(boot_state_commit(&s), 0);
				assert_int_equal(boot_state_load(&back), STATE_BOTH);
				assert_int_equal(back.target_counter, n);
			}
			assert_int_equal(fake.rule_breaks, 0);
		}
}

static void test_plain_boots_write_nothing(void **state)
{
	struct boot_state s = {.pending = SLOT_NONE};

	(void)state;
	fake_new(8, 0xff);
	assert_int_equal(boot_state_commit(&s), 0);
	for (int i = 0; i < 3; i++) {
		fake_power_on(0);
		assert_int_equal(boot_state_load(&s), STATE_BOTH);
		assert_int_equal(boot_state_repair(&s), 0);
		assert_int_equal(fake.ops, 0);
	}
}

/*
 * The flash refuses from operation n on. In the first copy: the caller hears of it. In the last: the record stands
 * already, and would win at the next boot. No state is lost, and a later commit succeeds.
 */
static void test_failing_flash(void **state)
{
	struct boot_state s = {.pending = SLOT_NONE}, back;

	(void)state;
	for (uint32_t n = 1; n <= 8; n++) {
		fake_new(32, 0xff);
		s = (struct boot_state){.pending = SLOT_NONE, .target_counter = 1};
		assert_int_equal(boot_state_commit(&s), 0);
		fake_power_on(0);
		fake.fail_from = n;
		s.target_counter = 2;
		assert_int_equal(boot_state_commit(&s), n <= 4 ? -1 : 0);
		assert_int_not_equal(boot_state_load(&back), STATE_LOST);
		assert_int_equal(back.target_counter, n <= 4 ? 1 : 2);
		assert_int_equal(strstr(fake.text, "state: FLASH_FAILED") != NULL, n > 4);
		assert_int_equal(boot_state_commit(&s), -1);
		assert_int_not_equal(boot_state_load(&back), STATE_LOST);
		fake.fail_from = 0;
		assert_int_equal(boot_state_commit(&s), 0);
		assert_int_equal(boot_state_load(&back), STATE_BOTH);
		assert_int_equal(back.target_counter, 2);
	}
}

/* ---- power cuts ---- */

/* What is in use of both copies' pages, and may be torn; the rest stays erased. */
#define USED_BYTES 128u

struct snapshot {
	uint8_t copy[2][4][USED_BYTES];
};

static void save(struct snapshot *s)
{
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t at = area(i ? DUT_AREA_STATE_B : DUT_AREA_STATE_A);
		const uint8_t *from[4] = {fake.flash + at, fake.other + at, fake.weak + at, fake.written + at};

		for (uint32_t k = 0; k < 4; k++)
			memcpy(s->copy[i][k], from[k], USED_BYTES);
	}
}

static void restore(const struct snapshot *s)
{
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t at = area(i ? DUT_AREA_STATE_B : DUT_AREA_STATE_A);
		uint8_t *to[4] = {fake.flash + at, fake.other + at, fake.weak + at, fake.written + at};

		for (uint32_t k = 0; k < 4; k++)
			memcpy(to[k], s->copy[i][k], USED_BYTES);
	}
}

static int is_weak(const struct snapshot *s)
{
	return memchr(s->copy[0][2], 1, USED_BYTES) || memchr(s->copy[1][2], 1, USED_BYTES);
}

/* What binds the firmware: values up to `tried` may be found, those below `told` must not. */
struct promise {
	uint32_t told, tried;
};

static uint64_t sessions;

static enum boot_state_load load_promised(struct boot_state *s, const struct promise *p)
{
	enum boot_state_load load = boot_state_load(s);

	sessions++;
	if (load == STATE_LOST || s->target_counter < p->told || s->target_counter > p->tried)
		fail_msg("state %s, value %u, promised %u to %u", load == STATE_LOST ? "lost" : "loaded", s->target_counter,
			 p->told, p->tried);
	return load;
}

/* One power session: load, repair, then a commit of the next value. */
static void session(void *ctx)
{
	struct boot_state s = {.target_counter = 0};
	struct promise *p = ctx;
	enum boot_state_load load = load_promised(&s, p);

	if (load == STATE_REPAIR)
		assert_int_equal(boot_state_repair(&s), 0);
	p->told = s.target_counter;
	p->tried = ++s.target_counter;
	assert_int_equal(boot_state_commit(&s), 0);
	p->told = s.target_counter;
	assert_int_equal(fake.rule_breaks, 0);
}

static void sweep(uint32_t depth, struct promise p);

/* Cut this session at every operation, and go on from each. */
static void sweep_with(uint32_t depth, struct promise p, uint32_t luck, const struct snapshot *from)
{
	static const enum fake_cut cuts[] = {FAKE_TORN, FAKE_TORN_END, FAKE_TORN_BLANK, FAKE_AFTER};
	enum fake_exit how = FAKE_POWER_LOST;

	for (uint32_t op = 1; how == FAKE_POWER_LOST; op++)
		for (uint32_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
			struct promise q = p;

			restore(from);
			fake_power_on(luck);
			fake.cut_at = op;
			fake.cut = cuts[i];
			how = fake_run(session, &q);
			if (how == FAKE_POWER_LOST)
				sweep(depth - 1, q);
		}
}

static void sweep(uint32_t depth, struct promise p)
{
	uint32_t a = area(DUT_AREA_STATE_A) / FAKE_PAGE_BYTES;
	struct snapshot start;
	uint32_t lucks;

	save(&start);
	lucks = is_weak(&start) ? 4 : 1;
	for (uint32_t luck = 0; luck < lucks; luck++) {
		struct boot_state s = {.target_counter = 0};

		if (depth) {
			sweep_with(depth, p, luck << a, &start);
			continue;
		}
		fake_power_on(luck << a);
		load_promised(&s, &p);
	}
	restore(&start);
}

static void cut_everywhere(uint32_t seq, uint32_t depth, int ecc)
{
	struct boot_state s = {.seq = seq, .pending = SLOT_NONE, .target_counter = 1};

	fake_new(32, 0xff);
	fake.ecc = ecc;
	assert_int_equal(boot_state_commit(&s), 0);
	sessions = 0;
	sweep(depth, (struct promise){1, 1});
	print_message("           %llu sessions\n", (unsigned long long)sessions);
}

static void test_cuts(void **state)
{
	(void)state;
	cut_everywhere(0, 2, 0);
	cut_everywhere(1, 2, 0); /* the other copy first */
	cut_everywhere(UINT32_MAX - 1, 2, 0);
}

static void test_cuts_three_deep(void **state)
{
	(void)state;
	cut_everywhere(7, 3, 0);
}

static void test_cuts_with_ecc(void **state)
{
	(void)state;
	cut_everywhere(0, 2, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_any_flipped_bit_is_refused),
		cmocka_unit_test(test_values_out_of_range_are_refused),
		cmocka_unit_test(test_load_and_repair),
		cmocka_unit_test(test_every_unit_size),
		cmocka_unit_test(test_plain_boots_write_nothing),
		cmocka_unit_test(test_failing_flash),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_cuts_three_deep),
		cmocka_unit_test(test_cuts_with_ecc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
