/* SPDX-License-Identifier: Apache-2.0 */
/* Arena, errors, generator, whole files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/rng.h"
#include "base/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- arena ---- */

static void arena_gives_zeroed_aligned_memory(void **state)
{
	struct bp_arena *a = bp_arena_new(1 << 20);

	(void)state;
	for (size_t size = 1; size < 200; size += 7) {
		unsigned char *p = bp_arena_alloc(a, size);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xa5, size);
	}
	assert_string_equal(bp_arena_text(a, "brick", 3), "bri");
	assert_string_equal(bp_arena_printf(a, "%d %s", 7, "x"), "7 x");
	bp_arena_free(a);
	bp_arena_free(NULL);
}

static void arena_ends_at_its_limit(void **state)
{
	struct bp_arena *a = bp_arena_new(64 * 1024);
	size_t n = 0;

	(void)state;
	while (bp_arena_alloc(a, 1024))
		n++;
	assert_int_equal(n, 64);
	assert_null(bp_arena_alloc(a, 1));
	assert_null(bp_arena_text(a, "x", 1));
	assert_null(bp_arena_printf(a, "x"));
	assert_null(bp_arena_alloc(a, SIZE_MAX));
	assert_null(bp_arena_alloc(a, SIZE_MAX - 15));
	assert_null(bp_arena_array(a, SIZE_MAX / 2, 3));
	assert_null(bp_arena_text(a, "", SIZE_MAX));
	bp_arena_free(a);
}

static void arena_reset_gives_the_same_memory_again(void **state)
{
	struct bp_arena *a = bp_arena_new(2 << 20);
	unsigned char *first = bp_arena_alloc(a, 100), *again;
	size_t rounds[2] = {0, 0};

	(void)state;
	memset(first, 0xff, 100);
	assert_int_equal(bp_arena_used(a), 112); /* 100 rounded up to 16 */
	for (unsigned r = 0; r < 2; r++) {
		/* Pieces larger than a chunk make chunks of their own. */
		while (bp_arena_alloc(a, rounds[r] % 3 ? 5000 : 300000))
			rounds[r]++;
		bp_arena_reset(a);
		assert_int_equal(bp_arena_used(a), 0);
		again = bp_arena_alloc(a, 100);
		assert_ptr_equal(again, first);
		assert_int_equal(again[99], 0);
	}
	assert_int_equal(rounds[0], rounds[1]);
	bp_arena_free(a);
}

/* ---- err ---- */

static void err_keeps_code_and_text(void **state)
{
	struct bp_err err = {0};

	(void)state;
	assert_int_equal(bp_fail(&err, BP_EIO, "uart %s: %d", "ttyUSB0", 5), BP_EIO);
	assert_int_equal(err.code, BP_EIO);
	assert_string_equal(err.text, "uart ttyUSB0: 5");
	assert_int_equal(bp_prefix(&err, "board %d", 3), BP_EIO);
	assert_string_equal(err.text, "board 3: uart ttyUSB0: 5");
	assert_int_equal(bp_advise(&err, "is %s there?", "it"), BP_EIO);
	assert_string_equal(err.text, "board 3: uart ttyUSB0: 5; is it there?");
	assert_int_equal(bp_advise(&err, "or not?"), BP_EIO); /* it says already */
	assert_string_equal(err.text, "board 3: uart ttyUSB0: 5; is it there?");
	assert_int_equal(bp_fail(NULL, BP_ENOMEM, "x"), BP_ENOMEM);
	assert_int_equal(bp_prefix(NULL, "x"), BP_EINTERNAL);
	assert_int_equal(bp_advise(NULL, "x"), BP_EINTERNAL);
}

static void err_cuts_long_text(void **state)
{
	struct bp_err err;
	char big[2 * BP_ERR_TEXT_BYTES];

	(void)state;
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	bp_fail(&err, BP_EIO, "%s", big);
	assert_int_equal(strlen(err.text), BP_ERR_TEXT_BYTES - 1);
	bp_prefix(&err, "ab");
	assert_int_equal(strlen(err.text), BP_ERR_TEXT_BYTES - 1);
	assert_memory_equal(err.text, "ab: xxx", 7);
	bp_prefix(&err, "%s", big);
	assert_int_equal(strlen(err.text), BP_ERR_TEXT_BYTES - 1);
	bp_advise(&err, "%s", big);
	assert_int_equal(strlen(err.text), BP_ERR_TEXT_BYTES - 1);
	err.text[10] = '\0';
	bp_advise(&err, "%s", big);
	assert_int_equal(strlen(err.text), BP_ERR_TEXT_BYTES - 1);
}

static void every_code_has_a_name(void **state)
{
	(void)state;
	for (int code = BP_OK; code > BP_EINTERNAL; code--)
		assert_string_not_equal(bp_code_name(code), "internal");
	assert_string_equal(bp_code_name(BP_EINTERNAL), "internal");
	assert_string_equal(bp_code_name(-1000), "internal");
}

/* ---- rng ---- */

static void rng_is_splitmix64(void **state)
{
	/* Published outputs of SplitMix64 for the seeds 0 and 1234567. */
	static const uint64_t zero[] = {UINT64_C(0xe220a8397b1dcdaf), UINT64_C(0x6e789e6aa1b965f4),
					UINT64_C(0x06c45d188009454f), UINT64_C(0xf88bb8a8724c81ec)};
	static const uint64_t other[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
					 UINT64_C(9817491932198370423), UINT64_C(4593380528125082431),
					 UINT64_C(16408922859458223821)};
	struct bp_rng r = {.state = 0};

	(void)state;
	for (size_t i = 0; i < COUNT(zero); i++)
		assert_true(bp_rng_next(&r) == zero[i]);
	r.state = 1234567;
	for (size_t i = 0; i < COUNT(other); i++)
		assert_true(bp_rng_next(&r) == other[i]);
	assert_true(bp_mix64(0) == 0);
}

/* Expected values here and below: computed apart from the code under test, in another language. */
static void rng_seeds_tell_order_and_number(void **state)
{
	static const struct {
		uint64_t words[3];
		size_t n;
		uint64_t seeded;
	} rows[] = {
		{{0}, 0, 0},
		{{0}, 1, UINT64_C(0x6e789e6aa1b965f4)},
		{{0, 0}, 2, UINT64_C(0xee2751b92135351c)},
		{{1, 2}, 2, UINT64_C(0x6da3abd5b65605d3)},
		{{2, 1}, 2, UINT64_C(0xd18f2844187080e0)},
		{{1, 2, 0}, 3, UINT64_C(0x4230fecd9d5ae29b)},
	};
	struct bp_rng r;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		bp_rng_seed(&r, rows[i].words, rows[i].n);
		assert_true(r.state == rows[i].seeded);
	}
}

static void rng_below_and_fill_known_answers(void **state)
{
	static const uint64_t one_two[] = {1, 2}, seven[] = {7};
	static const uint32_t tens[] = {7, 3, 6, 7, 5, 7, 0, 8, 8, 2, 0, 6};
	/* Of 2^31 + 1, nearly every second number is thrown away. */
	static const uint32_t halves[] = {1435272199, 335068144, 1091891334, 640482483};
	static const uint8_t bytes[] = {0x88, 0x5f, 0x11, 0x1c, 0x43, 0xb5, 0x16, 0x98, 0x62, 0x0a, 0xa8, 0x37, 0x84, 0xee};
	uint8_t got[sizeof(bytes)];
	struct bp_rng r;

	(void)state;
	bp_rng_seed(&r, one_two, 2);
	for (size_t i = 0; i < COUNT(tens); i++)
		assert_int_equal(bp_rng_below(&r, 10), tens[i]);
	for (size_t i = 0; i < COUNT(halves); i++)
		assert_int_equal(bp_rng_below(&r, UINT32_C(0x80000001)), halves[i]);
	memset(got, 0xee, sizeof(got));
	bp_rng_seed(&r, seven, 1);
	bp_rng_fill(&r, got, 13); /* and not one byte more */
	assert_memory_equal(got, bytes, sizeof(bytes));
}

static void rng_below_is_even(void **state)
{
	unsigned seen[6] = {0};
	struct bp_rng r;

	(void)state;
	bp_rng_seed(&r, NULL, 0);
	for (unsigned i = 0; i < 60000; i++)
		seen[bp_rng_below(&r, 6)]++;
	for (size_t i = 0; i < COUNT(seen); i++)
		assert_in_range(seen[i], 9600, 10400); /* 10000 ± 4.4 standard deviations, and the seed is fixed */
	assert_int_equal(bp_rng_below(&r, 1), 0);
	for (unsigned i = 0; i < 100; i++)
		assert_true(bp_rng_below(&r, UINT32_MAX) < UINT32_MAX);
}

/* ---- files ---- */

static char folder[] = "/tmp/brickproof-base-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/f", folder);
	unlink(path);
	return rmdir(folder); /* fails, and the test with it, when a temporary file was left behind */
}

static void file_is_written_whole_and_read_back(void **state)
{
	static const char bytes[] = "a\0b\n";
	struct bp_arena *a = bp_arena_new(1 << 20);
	char path[64], *got = NULL;
	struct bp_err err = {0};
	size_t len = 99;
	struct stat st;

	(void)state;
	snprintf(path, sizeof(path), "%s/f", folder);
	assert_int_equal(bp_write_file(path, "old text that is longer", 23, &err), 0);
	assert_int_equal(bp_write_file(path, bytes, 4, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0600, 0600);
	assert_int_equal(bp_read_file(a, path, 4, &got, &len, &err), 0);
	assert_int_equal(len, 4);
	assert_memory_equal(got, bytes, 5); /* the NUL behind it too */
	assert_int_equal(bp_read_file(a, path, 3, &got, &len, &err), BP_ECONFIG);
	assert_non_null(strstr(err.text, "/f is larger than 3 B"));
	assert_int_equal(bp_write_file(path, "", 0, &err), 0);
	assert_int_equal(bp_read_file(a, path, 0, &got, &len, &err), 0);
	assert_int_equal(len, 0);
	bp_arena_free(a);
}

static void unreadable_files_are_named(void **state)
{
	struct bp_arena *a = bp_arena_new(1 << 16), *small = bp_arena_new(64);
	struct bp_err err = {0};
	char path[64] = "", *got;
	size_t len;

	(void)state;
	assert_int_equal(bp_read_file(a, "/nonexistent/f", 10, &got, &len, &err), BP_EIO);
	assert_string_equal(err.text, "cannot read /nonexistent/f: No such file or directory");
	assert_int_equal(bp_read_file(a, folder, 100000, &got, &len, &err), BP_EIO);
	assert_non_null(strstr(err.text, "Is a directory"));
	assert_int_equal(bp_write_file("/nonexistent/f", "x", 1, &err), BP_EIO);
	assert_string_equal(err.text, "cannot write /nonexistent/f: No such file or directory");
	assert_int_equal(bp_write_file(folder, "x", 1, &err), BP_EIO); /* the rename fails; nothing is left beside it */
	snprintf(path, sizeof(path), "%s/f", folder);
	assert_int_equal(bp_write_file(path, path, sizeof(path), &err), 0);
	assert_int_equal(bp_read_file(small, path, 100, &got, &len, &err), BP_ENOMEM);
	bp_arena_free(small);
	bp_arena_free(a);
}

/* /proc tells no sizes and a pipe has none: both are read until they end. */
static void files_without_a_size_are_read(void **state)
{
	struct bp_arena *a = bp_arena_new(1 << 20);
	static char many[20000];
	char path[64], *got;
	struct bp_err err;
	int pipes[2];
	size_t len;

	(void)state;
	memset(many, 'm', sizeof(many));
	for (size_t max = sizeof(many) - 1; max <= sizeof(many); max++) {
		assert_int_equal(pipe(pipes), 0);
		assert_int_equal(write(pipes[1], many, sizeof(many)), sizeof(many));
		close(pipes[1]);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", pipes[0]);
		assert_int_equal(bp_read_file(a, path, max, &got, &len, &err), max < sizeof(many) ? BP_ECONFIG : 0);
		close(pipes[0]);
	}
	assert_int_equal(len, sizeof(many));
	assert_memory_equal(got, many, sizeof(many));
	bp_arena_free(a);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_gives_zeroed_aligned_memory),
		cmocka_unit_test(arena_ends_at_its_limit),
		cmocka_unit_test(arena_reset_gives_the_same_memory_again),
		cmocka_unit_test(err_keeps_code_and_text),
		cmocka_unit_test(err_cuts_long_text),
		cmocka_unit_test(every_code_has_a_name),
		cmocka_unit_test(rng_is_splitmix64),
		cmocka_unit_test(rng_seeds_tell_order_and_number),
		cmocka_unit_test(rng_below_and_fill_known_answers),
		cmocka_unit_test(rng_below_is_even),
		cmocka_unit_test_setup_teardown(file_is_written_whole_and_read_back, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(unreadable_files_are_named, make_folder, remove_folder),
		cmocka_unit_test(files_without_a_size_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
