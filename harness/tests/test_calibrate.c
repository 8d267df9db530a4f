/* SPDX-License-Identifier: Apache-2.0 */
/* Calibration without a board: what the estimator makes of intervals, and the file that keeps the result. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "base/text.h"
#include "bench/calibrate.h"
#include "bench/calibration.h"

#define CUTS 200u
#define SEEDS 40u
#define US UINT64_C(1000)

/* ---- the estimator ---- */

struct row {
	const char *name;
	uint64_t delay_ns, jitter_ns, poll_ns; /* jitter: up to so much more, evenly spread; poll: between two readings */
};

static struct bp_intervals seen;

/* Deaths of a switch as the row says, seen by readings that know nothing of them. */
static void see(const struct row *row, uint64_t seed, uint32_t cuts)
{
	struct bp_rng rng;

	bp_rng_seed(&rng, &seed, 1);
	for (uint32_t i = 0; i < cuts; i++) {
		uint64_t dead = row->delay_ns + bp_rng_next(&rng) % row->jitter_ns, phase = bp_rng_next(&rng) % row->poll_ns;

		seen.low_ns[i] = dead > phase ? dead - phase : 0;
		seen.high_ns[i] = seen.low_ns[i] + row->poll_ns;
	}
	seen.n = cuts;
	seen.unsure_ns = row->poll_ns / 5; /* as of a reading met within 40 per cent of its time */
}

static double allowed(double is)
{
	return is / 10 > 50e3 ? is / 10 : 50e3; /* a tenth, or 50 us */
}

/* No seed may be off by more than twice what is allowed (200 deaths stray by themselves), and their mean by half of it: no bias that counts. */
static void recovers(void **state)
{
	const struct row *row = *state;
	double delay = (double)row->delay_ns + (double)row->jitter_ns / 2, jitter = 0.95 * (double)row->jitter_ns / 2;
	double off_delay = 0, off_jitter = 0;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct bp_calibrated c;
		struct bp_err err;

		see(row, seed, CUTS);
		if (bp_calibrate_estimate("x", &seen, &c, &err))
			fail_msg("seed %u: %s", (unsigned)seed, err.text);
		assert_int_equal(c.cuts, CUTS);
		assert_int_equal(c.resolution_ns, row->poll_ns / 2);
		if (fabs((double)c.dead_ns - delay) > 2 * allowed(delay) || fabs((double)c.jitter_ns - jitter) > 2 * allowed(jitter))
			fail_msg("seed %u: %.0f and %.0f us, expected %.0f and %.0f us", (unsigned)seed, (double)c.dead_ns / 1e3,
				 (double)c.jitter_ns / 1e3, delay / 1e3, jitter / 1e3);
		off_delay += ((double)c.dead_ns - delay) / SEEDS;
		off_jitter += ((double)c.jitter_ns - jitter) / SEEDS;
	}
	if (fabs(off_delay) > allowed(delay) / 2 || fabs(off_jitter) > allowed(jitter) / 2)
		fail_msg("in the mean %.1f us too late, %.1f us too wide", off_delay / 1e3, off_jitter / 1e3);
}

static void too_coarse(void **state)
{
	static const struct row row = {"", 200 * US, 50 * US, 4000 * US};
	struct bp_calibrated c;
	struct bp_err err = {0};

	(void)state;
	see(&row, 1, CUTS);
	assert_int_equal(bp_calibrate_estimate("x", &seen, &c, &err), BP_EREFUSED);
	assert_non_null(strstr(err.text, "board x"));
	assert_non_null(strstr(err.text, "too coarse"));
}

/*
 * Where within a reading the board is met is known in part only, and what is not known moves every cut alike: more
 * cuts do not help, so slow readings are refused for a short delay however many there are. A long delay bears them.
 */
static void shifted_alike(void **state)
{
	static const struct row fast = {"", 200 * US, 50 * US, 350 * US}, slow = {"", 5000 * US, 50 * US, 350 * US};
	struct bp_calibrated c;
	struct bp_err err = {0};

	(void)state;
	see(&fast, 1, CUTS);
	for (uint32_t i = 0; i < CUTS; i++)
		seen.low_ns[i] += seen.unsure_ns, seen.high_ns[i] += seen.unsure_ns;
	assert_int_equal(bp_calibrate_estimate("x", &seen, &c, &err), BP_EREFUSED);
	assert_non_null(strstr(err.text, "too coarse"));
	see(&slow, 1, CUTS);
	if (bp_calibrate_estimate("x", &seen, &c, &err))
		fail_msg("%s", err.text);
}

/* A host that was held up at every third reading makes wide intervals, which are true all the same: the numbers stay. */
static void held_up(void **state)
{
	static const struct row row = {"", 5000 * US, 2000 * US, 150 * US};
	struct bp_calibrated c;
	struct bp_err err = {0};

	(void)state;
	see(&row, 1, CUTS);
	for (uint32_t i = 0; i < CUTS; i += 3)
		seen.high_ns[i] += 20000 * US;
	if (bp_calibrate_estimate("x", &seen, &c, &err))
		fail_msg("%s", err.text);
	assert_in_range(c.dead_ns, 5900 * US, 6100 * US);
	assert_in_range(c.jitter_ns, 850 * US, 1050 * US);
	see(&row, 1, CUTS);
	for (uint32_t i = 0; i < CUTS; i++)
		seen.high_ns[i] += i % 6 ? 20000 * US : 0;
	assert_int_equal(bp_calibrate_estimate("x", &seen, &c, &err), BP_EREFUSED);
	assert_non_null(strstr(err.text, "board x: "));
	assert_non_null(strstr(err.text, "held up"));
}

/* The error that is told is the one that is made: what 40 switches of a kind come to strays as far; and more cuts make it less. */
static void tells_its_error(void **state)
{
	static const struct row row = {"", 5000 * US, 2000 * US, 100 * US};
	double told[2] = {0, 0};

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		double dead = 0, dead2 = 0, jitter = 0, jitter2 = 0, made;

		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			struct bp_calibrated c;

			see(&row, seed, k ? 4 * 100 : 100);
			assert_int_equal(bp_calibrate_estimate("x", &seen, &c, NULL), 0);
			dead += (double)c.dead_ns / SEEDS;
			dead2 += (double)c.dead_ns * (double)c.dead_ns / SEEDS;
			jitter += (double)c.jitter_ns / SEEDS;
			jitter2 += (double)c.jitter_ns * (double)c.jitter_ns / SEEDS;
			told[k] += (double)c.error_ns / SEEDS;
		}
		made = sqrt((dead2 - dead * dead + jitter2 - jitter * jitter) / 2);
		print_message("%u cuts: told %.1f us, made %.1f us\n", k ? 400 : 100, told[k] / 1e3, made / 1e3);
		assert_true(told[k] > made / 2 && told[k] < 2 * made);
	}
	assert_true(told[1] < told[0] * 0.7);
}

/* ---- the file ---- */

#define BOARD(name, more) \
	"- {name: " name ", product: small, power: {driver: exec}, console: {driver: serial}" more "}\n"

static struct bp_arena *arena;
static char folder[64], bench_path[96], stored_path[96];

static int setup(void **state)
{
	(void)state;
	arena = bp_arena_new((size_t)16 << 20);
	snprintf(folder, sizeof(folder), "/tmp/bp-calibrate-XXXXXX");
	if (!arena || !mkdtemp(folder))
		return -1;
	snprintf(bench_path, sizeof(bench_path), "%s/desk.yaml", folder);
	snprintf(stored_path, sizeof(stored_path), "%s/desk.calibration.yaml", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(bench_path);
	unlink(stored_path);
	bp_arena_free(arena);
	return rmdir(folder); /* nothing else was left in it */
}

static void put(const char *path, const char *text)
{
	struct bp_err err;

	if (bp_write_file(path, text, strlen(text), &err))
		fail_msg("%s", err.text);
}

static struct bp_bench *bench(void)
{
	struct bp_bench *b = NULL;
	struct bp_err err;

	if (bp_bench_read(arena, bench_path, &b, &err))
		fail_msg("%s", err.text);
	return b;
}

static void store(const struct bp_bench *b)
{
	struct bp_err err;

	if (bp_calibration_write(arena, b, &err))
		fail_msg("%s", err.text);
}

/* To the nanosecond, and above what the bench file says. */
static void comes_back(void **state)
{
	const struct bp_calibration c = {.known = true, .stored = true, .dead_ns = 4613021, .jitter_ns = 7, .first_byte_ns = 38113456,
					 .cuts = 200, .measured = "a, b: {c} \"d\" \x01 # e"};
	const struct bp_calibration *got;
	struct bp_bench *b;

	(void)state;
	put(bench_path, "bench: desk\nboards:\n" BOARD("x", ", calibration: {dead: 1 ms, jitter: 1 ms}") BOARD("y", ""));
	b = bench();
	assert_int_equal(b->board[0].calibration.dead_ns, 1000000);
	b->board[0].calibration = c;
	store(b);
	b = bench();
	got = &b->board[0].calibration;
	assert_true(got->known && got->stored && got->dead_ns == c.dead_ns && got->jitter_ns == c.jitter_ns);
	assert_true(got->first_byte_ns == c.first_byte_ns && got->cuts == c.cuts);
	assert_string_equal(got->measured, c.measured);
	assert_false(b->board[1].calibration.known);
}

/* What stands in the bench file is its owner's to change: measuring another board must not freeze it. */
static void own_stays_own(void **state)
{
	struct bp_bench *b;

	(void)state;
	put(bench_path, "bench: desk\nboards:\n" BOARD("x", ", calibration: {dead: 1 ms, jitter: 1 ms}") BOARD("y", ""));
	b = bench();
	b->board[1].calibration = (struct bp_calibration){.known = true, .stored = true, .dead_ns = 5000000};
	store(b);
	put(bench_path, "bench: desk\nboards:\n" BOARD("x", ", calibration: {dead: 3 ms, jitter: 1 ms}") BOARD("y", ""));
	b = bench();
	assert_int_equal(b->board[0].calibration.dead_ns, 3000000);
	assert_int_equal(b->board[1].calibration.dead_ns, 5000000);
}

static void no_memory(void **state)
{
	struct bp_arena *little = bp_arena_new(4096);
	struct bp_bench *b;
	struct bp_err err;

	(void)state;
	put(bench_path, "bench: desk\nboards:\n" BOARD("x", ""));
	b = bench();
	b->board[0].calibration = (struct bp_calibration){.known = true, .stored = true, .dead_ns = 1, .measured = bp_arena_alloc(arena, 8192)};
	memset((char *)(uintptr_t)b->board[0].calibration.measured, 'm', 8191);
	assert_int_equal(bp_calibration_write(little, b, &err), BP_ENOMEM);
	assert_int_not_equal(access(stored_path, F_OK), 0);
	bp_arena_free(little);
}

static void wrong_file(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{"calibration: 3\n", "desk.calibration.yaml:1:14: error: "},
		{"calibration:\n- {board: x, dead: 1 ms}\n", "desk.calibration.yaml:2:3: error: "},
		{"calibration:\n- {board: x, dead: 0 ms, jitter: 0 ms}\n", "desk.calibration.yaml:2:20: error: "},
		{"calibration:\n- {board: x, dead: 1 ms, jitter: 0 ms, cut: 3}\n", "did you mean 'cuts'"},
	};

	(void)state;
	put(bench_path, "bench: desk\nboards:\n" BOARD("x", ""));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bp_bench *b = NULL;
		struct bp_err err = {0};

		put(stored_path, rows[i].text);
		if (bp_bench_read(arena, bench_path, &b, &err) != BP_ECONFIG || !strstr(err.text, rows[i].message))
			fail_msg("%s: %s", rows[i].text, err.text);
	}
}

#define RECOVERS(d, j, p) \
	{"delay " #d " us, jitter " #j " us, read each " #p " us", recovers, NULL, NULL, &(struct row){"", (d) * US, (j) * US, (p) * US}}
#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RECOVERS(200, 50, 100), RECOVERS(200, 2000, 100), RECOVERS(5000, 50, 100), RECOVERS(5000, 2000, 100), RECOVERS(10000, 50, 100),
		RECOVERS(10000, 2000, 100), RECOVERS(5000, 2000, 400),
		cmocka_unit_test(too_coarse), cmocka_unit_test(shifted_alike), cmocka_unit_test(held_up), cmocka_unit_test(tells_its_error),
		FILE_TEST(comes_back), FILE_TEST(own_stays_own), FILE_TEST(no_memory), FILE_TEST(wrong_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
