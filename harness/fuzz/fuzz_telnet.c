/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_telnet.c - a telnet server that says anything, in pieces of any size. What
 * is kept never exceeds what came, and the answers are bounded: a server cannot
 * make us talk without end.
 */
#include "bench/console_parts.h"

#include <stdlib.h>
#include <string.h>

/* Five settings of at most 14 bytes, and one answer of 3 bytes to each command of 3. */
#define ANSWER_BYTES(n) (15 + 80 * ((n) / 3 + 1))

static void must(int ok)
{
	if (!ok)
		abort();
}

static int count(void *ctx, const uint8_t *bytes, size_t len, struct bp_err *err)
{
	(void)err;
	must(len >= 3 && bytes[0] == 255);
	*(size_t *)ctx += len;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t said = 0, step = size ? data[0] % 16u + 1 : 1;
	struct bp_telnet t = {.want = {115200, 8, 1, 1}, .send = count, .ctx = &said};
	uint8_t buf[16], doubled[32];
	struct bp_err err;

	must(!bp_telnet_begin(&t, &err));
	for (size_t at = 1; at < size; at += step) {
		size_t n = size - at < step ? size - at : step;
		int kept;

		memcpy(buf, data + at, n);
		kept = bp_telnet_feed(&t, buf, n, &err);
		if (kept < 0)
			break;
		must((size_t)kept <= n && t.sb_len <= sizeof(t.sb));
		must(bp_telnet_escape(doubled, buf, (size_t)kept) <= 2 * (size_t)kept);
	}
	must(said <= ANSWER_BYTES(size));
	return 0;
}
