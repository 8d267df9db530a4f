/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

size_t unhex(const char *hex, uint8_t *out, size_t cap)
{
	static const char digits[] = "0123456789abcdef";
	size_t i, n = strlen(hex) / 2;

	assert_int_equal(strlen(hex) % 2, 0);
	assert_true(n <= cap);
	for (i = 0; i < n; i++) {
		const char *high = strchr(digits, hex[2 * i]), *low = strchr(digits, hex[2 * i + 1]);

		assert_true(high && low);
		out[i] = (uint8_t)((high - digits) << 4 | (low - digits));
	}
	return n;
}
