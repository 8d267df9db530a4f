/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered: an end is found again by what was looked at, and by nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "explore/memo.h"

#define PAGES 8u

static const struct bp_hash128 root = {1, 2}, other_root = {1, 3};

static struct bp_memo *memo;

static int begin(void **state)
{
	(void)state;
	return bp_memo_new(1024 * 1024, &memo);
}

static int end(void **state)
{
	(void)state;
	bp_memo_free(memo);
	return 0;
}

static void fill(struct bp_hash128 content[PAGES], uint64_t with)
{
	for (uint32_t i = 0; i < PAGES; i++)
		content[i] = (struct bp_hash128){with, i};
}

static void add(struct bp_hash128 at, const struct bp_hash128 *content, const uint32_t *page, uint32_t n, int running)
{
	struct bp_memo_end e = {.j = {.running = running}, .page = page, .n_pages = n, .log = "log", .log_bytes = 4};

	assert_int_equal(bp_memo_add(memo, at, content, &e, NULL), 0);
}

static void pages_not_looked_at_do_not_count(void **state)
{
	static const uint32_t page[] = {3, 0};
	struct bp_hash128 content[PAGES];
	const struct bp_memo_end *e;

	(void)state;
	fill(content, 7);
	assert_null(bp_memo_find(memo, root, content));
	add(root, content, page, 2, 5);
	content[1].lo = content[7].hi = 99;
	e = bp_memo_find(memo, root, content);
	assert_non_null(e);
	assert_int_equal(e->j.running, 5);
	assert_string_equal(e->log, "log");
	assert_int_equal(e->n_pages, 2);
	assert_int_equal(e->page[0], 3);
	assert_null(bp_memo_find(memo, other_root, content));
	for (int i = 0; i < 2; i++) {
		struct bp_hash128 was = content[page[i]];

		content[page[i]].hi ^= 1;
		assert_null(bp_memo_find(memo, root, content));
		content[page[i]] = was;
	}
}

/* What page 3 holds decides what is looked at next. */
static void questions_hang_on_answers(void **state)
{
	static const uint32_t first[] = {3, 0}, second[] = {3, 5, 6}, third[] = {3};
	struct bp_hash128 content[PAGES];

	(void)state;
	fill(content, 7);
	add(root, content, first, 2, 1);
	content[3].lo = 8;
	add(root, content, second, 3, 2);
	content[3].lo = 9;
	add(root, content, third, 1, 3);
	content[5].lo = 1234; /* not looked at here */
	assert_int_equal(bp_memo_find(memo, root, content)->j.running, 3);
	content[3].lo = 7;
	assert_int_equal(bp_memo_find(memo, root, content)->j.running, 1);
	content[3].lo = 8;
	assert_null(bp_memo_find(memo, root, content));
	content[5].lo = 7;
	assert_int_equal(bp_memo_find(memo, root, content)->j.running, 2);
}

/* The same answers and another question: what was judged is no function of what is given. */
static void contradictions_are_seen(void **state)
{
	static const uint32_t one[] = {3, 0}, two[] = {3, 1}, more[] = {3, 0, 2};
	struct bp_hash128 content[PAGES];
	struct bp_memo_end e = {.page = two, .n_pages = 2};
	struct bp_err err = {.text = ""};

	(void)state;
	fill(content, 7);
	add(root, content, one, 2, 1);
	assert_int_equal(bp_memo_add(memo, root, content, &e, &err), BP_EINTERNAL);
	assert_non_null(strstr(err.text, "not treated alike"));
	e = (struct bp_memo_end){.page = more, .n_pages = 3};
	assert_int_equal(bp_memo_add(memo, root, content, &e, &err), BP_EINTERNAL);
}

static void memory_is_bounded(void **state)
{
	static const uint32_t page[] = {0, 1, 2, 3, 4, 5, 6, 7};
	struct bp_hash128 content[PAGES];
	unsigned known = 0;

	(void)state;
	for (uint64_t i = 0; i < 20000; i++) {
		fill(content, i);
		add(root, content, page, PAGES, (int)i);
		assert_int_equal(bp_memo_find(memo, root, content)->j.running, (int)i);
	}
	for (uint64_t i = 0; i < 20000; i++) {
		const struct bp_memo_end *e;

		fill(content, i);
		e = bp_memo_find(memo, root, content);
		known += e != NULL;
		assert_true(!e || e->j.running == (int)i);
	}
	assert_in_range(known, 1, 19999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pages_not_looked_at_do_not_count, begin, end),
		cmocka_unit_test_setup_teardown(questions_hang_on_answers, begin, end),
		cmocka_unit_test_setup_teardown(contradictions_are_seen, begin, end),
		cmocka_unit_test_setup_teardown(memory_is_bounded, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
