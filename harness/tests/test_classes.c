/* SPDX-License-Identifier: Apache-2.0 */
/* Classes of states: who is alike, who may differ where, and when a class is not proven. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "explore/classes.h"

#define PAGES 4u

static struct bp_arena *arena;

static const struct bp_hash128 root = {7, 7}, other_root = {8, 7};

/* Pages' contents by small numbers. */
static struct bp_hash128 *pages(struct bp_hash128 out[PAGES], const char *digits)
{
	for (unsigned i = 0; i < PAGES; i++)
		out[i] = (struct bp_hash128){(uint64_t)digits[i], 1};
	return out;
}

static struct bp_classes *begin(void)
{
	struct bp_classes *k = bp_classes_new(arena, PAGES);

	assert_non_null(k);
	return k;
}

static uint32_t add(struct bp_classes *k, struct bp_hash128 of, const char *digits, const uint8_t *asked, uint32_t n, bool expect_new)
{
	struct bp_hash128 content[PAGES];
	uint32_t class;
	bool is_new;

	assert_int_equal(bp_classes_add(k, of, pages(content, digits), asked, n, 7, &class, &is_new), 0);
	assert_int_equal(is_new, expect_new);
	return class;
}

static uint32_t find(struct bp_classes *k, struct bp_hash128 of, const char *digits)
{
	struct bp_hash128 content[PAGES];

	return bp_classes_find(k, of, pages(content, digits));
}

/* What was not asked for does not count; what was, and what is owed, does. */
static void alike_in_what_was_asked(void **state)
{
	static const uint8_t asked[] = {2, 0};
	struct bp_classes *k = begin();
	uint32_t a;

	(void)state;
	assert_int_equal(find(k, root, "1111"), BP_NO_CLASS);
	a = add(k, root, "1111", asked, 2, true);
	assert_int_equal(find(k, root, "1111"), a);
	assert_int_equal(find(k, root, "1912"), a);
	assert_int_equal(find(k, root, "1121"), BP_NO_CLASS);
	assert_int_equal(find(k, root, "2111"), BP_NO_CLASS);
	assert_int_equal(find(k, other_root, "1111"), BP_NO_CLASS);
	assert_int_equal(add(k, root, "1313", asked, 2, false), a);
	assert_int_not_equal(add(k, root, "1121", asked, 2, true), a);
	assert_int_equal(bp_classes_count(k), 2);
	assert_int_equal(bp_classes_tag(k, a), 7);
	bp_classes_free(k);
}

/* States that differ in a page are no proof for each other as soon as a cut leads to a class that asks for it. */
static void a_later_question_unproves(void **state)
{
	static const uint8_t first[] = {0}, all[] = {0, 1, 2};
	static const struct {
		const char *alike;
		uint64_t erased;
		uint32_t unproven;
		const char *name;
	} rows[] = {
		{"1112", 0, 0, "differs where nobody looks"},
		{"1121", 0, 1, "differs where a later one looks"},
		{"1121", 1u << 2, 0, "which was erased before that"},
		{"1121", 1u << 1, 1, "another was erased"},
		{"1221", 1u << 2, 1, "differs in two, of which one was erased"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bp_classes *k = begin();
		uint32_t a = add(k, root, "1111", first, 1, true), b = add(k, other_root, "1111", all, 3, true);

		assert_int_equal(find(k, root, rows[i].alike), a);
		assert_int_equal(bp_classes_unproven(k), 0);
		assert_int_equal(bp_classes_lead(k, a, b, rows[i].erased), 0);
		if (bp_classes_unproven(k) != rows[i].unproven)
			fail_msg("%s", rows[i].name);
		bp_classes_free(k);
	}
}

/* From class to class, also round in a circle. */
static void questions_reach_back_through_all_cuts(void **state)
{
	static const uint8_t first[] = {0}, third[] = {0, 3};
	struct bp_classes *k = begin();
	uint32_t a = add(k, root, "1111", first, 1, true), b = add(k, root, "2111", first, 1, true), c = add(k, root, "3111", third, 2, true);

	(void)state;
	assert_int_equal(find(k, root, "1112"), a);
	assert_int_equal(bp_classes_lead(k, a, b, 0), 0);
	assert_int_equal(bp_classes_lead(k, b, a, 0), 0);
	assert_int_equal(bp_classes_unproven(k), 0);
	assert_int_equal(bp_classes_lead(k, b, c, 0), 0);
	assert_int_equal(bp_classes_unproven(k), 1);
	bp_classes_free(k);
}

/* Two that owe the same and answer alike, but ask otherwise: what decides was not among what is given. */
static void alike_but_asking_otherwise_is_a_defect(void **state)
{
	static const uint8_t one[] = {0, 1}, two[] = {0, 2};
	struct bp_hash128 content[PAGES];
	struct bp_classes *k = begin();
	uint32_t class;
	bool is_new;

	(void)state;
	add(k, root, "1111", one, 2, true);
	assert_int_equal(bp_classes_add(k, root, pages(content, "1211"), two, 2, 7, &class, &is_new), BP_EINTERNAL);
	bp_classes_free(k);
}

static int setup(void **state)
{
	(void)state;
	arena = bp_arena_new((size_t)64 * 1024 * 1024);
	return arena ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	bp_arena_free(arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alike_in_what_was_asked),
		cmocka_unit_test(a_later_question_unproves),
		cmocka_unit_test(questions_reach_back_through_all_cuts),
		cmocka_unit_test(alike_but_asking_otherwise_is_a_defect),
	};

	return cmocka_run_group_tests_name("classes of states", tests, setup, teardown);
}
