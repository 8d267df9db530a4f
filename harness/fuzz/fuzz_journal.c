/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a journal, and whatever is read from them as every report. */
#include "result/html.h"
#include "result/junit.h"
#include "result/table.h"

#include <stddef.h>
#include <stdint.h>

#define ARENA_BYTES ((size_t)512 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void report(struct bp_arena *a, const struct bp_results *r)
{
	const struct bp_table_style style = {.columns = 60, .color = true};
	struct bp_err err;
	struct bp_text t;

	bp_text_init(&t, a);
	(void)!bp_junit_write(r, &t, &err);
	bp_text_clear(&t);
	(void)!bp_html_write(r, &t, &err);
	bp_text_clear(&t);
	(void)!bp_table_write(r, &style, &t, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bp_arena *a = bp_arena_new(ARENA_BYTES);
	struct bp_results *r = NULL;
	struct bp_err err;

	if (!a)
		return 0;
	if (bp_results_parse(a, "journal", (const char *)data, size, &r, &err) == 0) {
		(void)!bp_results_parse_timing(a, r, "timing", (const char *)data, size, &err);
		report(a, r);
	}
	bp_arena_free(a);
	return 0;
}
