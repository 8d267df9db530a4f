/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ed25519_math.c - the arithmetic below the signatures, where a slip would
 * show for one input in 2^100: limits of the limbs, values around p and L.
 */
#include "lib/ed25519_group.h"
#include "lib/ed25519_scalar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

static const uint8_t order_l[32] = { /* L, RFC 8032 section 5.1 */
	0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
	[31] = 0x10,
};

static void decode_and_encode(void **state)
{
	uint8_t point[32], again[32];
	unsigned i, decoded = 0;
	struct ge p;

	(void)state;
	for (i = 0; i < 200; i++) {
		randombytes_buf(point, sizeof(point));
		if (!ge_decode(&p, point))
			continue;
		ge_encode(again, &p);
		assert_memory_equal(again, point, sizeof(point));
		decoded++;
	}
	assert_in_range(decoded, 50, 150); /* half of all y have an x */
}

static void scalar_bounds(void **state)
{
	uint8_t s[32];
	unsigned i;

	(void)state;
	memset(s, 0, sizeof(s));
	assert_int_equal(scalar_is_canonical(s), 1);
	memset(s, 0xff, sizeof(s));
	assert_int_equal(scalar_is_canonical(s), 0);
	assert_int_equal(scalar_is_canonical(order_l), 0);
	for (i = 0; i < 256; i++) {
		memcpy(s, order_l, sizeof(s));
		s[i / 8] ^= (uint8_t)(1 << i % 8);
		/* A bit taken away from L is below it, a bit added is above. */
		assert_int_equal(scalar_is_canonical(s), order_l[i / 8] >> i % 8 & 1);
	}
}

static void scalar_reduction(void **state)
{
	uint8_t wide[64], want[32], got[32];
	unsigned i;

	(void)state;
	for (i = 0; i < 2000; i++) {
		randombytes_buf(wide, sizeof(wide));
		if (i < 64) { /* long runs of ones and zeros */
			memset(wide + i, i & 1 ? 0xff : 0, sizeof(wide) - i);
		} else if (i < 96) { /* L and its neighbours, at any byte */
			memset(wide, 0, sizeof(wide));
			memcpy(wide + i - 64, order_l, sizeof(order_l));
			wide[i - 64] ^= (uint8_t)(i & 3);
		}
		crypto_core_ed25519_scalar_reduce(want, wide);
		scalar_reduce(got, wide);
		assert_memory_equal(got, want, sizeof(want));
	}
	memset(wide, 0xff, sizeof(wide));
	crypto_core_ed25519_scalar_reduce(want, wide);
	scalar_reduce(got, wide);
	assert_memory_equal(got, want, sizeof(want));
}

/* The widest limbs that the contract allows, and values around p, against the same sums done another way. */
static void field_limits(void **state)
{
	struct fe loose, same, a, b, diff;
	uint8_t bytes[32];
	unsigned i, k;

	(void)state;
	for (k = 0; k < 64; k++) {
		for (i = 0; i < FE_LIMBS; i++) /* 1.6 times 2^27 or 2^26, less a little in some limbs */
			loose.v[i] = (i & 1 ? 107374182u : 214748364u) - (k >> i % 6 & 1) * 12345u;
		fe_to_bytes(bytes, &loose);
		fe_from_bytes(&same, bytes);
		fe_mul(&a, &loose, &loose);
		fe_mul(&b, &same, &same);
		fe_sub(&diff, &a, &b);
		assert_int_equal(fe_is_zero(&diff), 1);
		fe_sqr(&b, &loose);
		fe_sub(&diff, &a, &b);
		assert_int_equal(fe_is_zero(&diff), 1);
		fe_sub_carry(&diff, &loose, &loose);
		assert_int_equal(fe_is_zero(&diff), 1);
		fe_invert(&b, &a);
		fe_mul(&b, &b, &a);
		fe_sub(&diff, &b, &fe_one);
		assert_int_equal(fe_is_zero(&diff), 1);
	}
}

/* p + k in 255 bits is k once it is made canonical. */
static void field_canonical(void **state)
{
	uint8_t bytes[32], canonical[32], want[32] = { 0 };
	struct fe a;
	unsigned k;

	(void)state;
	for (k = 0; k < 19; k++) {
		memset(bytes, 0xff, sizeof(bytes));
		bytes[0] = (uint8_t)(0xed + k);
		bytes[31] = 0x7f;
		want[0] = (uint8_t)k;
		fe_from_bytes(&a, bytes);
		fe_to_bytes(canonical, &a);
		assert_memory_equal(canonical, want, sizeof(want));
		assert_int_equal(fe_is_zero(&a), k == 0);
		assert_int_equal(fe_is_odd(&a), k & 1);
	}
	bytes[0] = 0xec; /* p - 1 stays */
	fe_from_bytes(&a, bytes);
	fe_to_bytes(canonical, &a);
	assert_memory_equal(canonical, bytes, sizeof(bytes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decode_and_encode),
		cmocka_unit_test(scalar_bounds),
		cmocka_unit_test(scalar_reduction),
		cmocka_unit_test(field_limits),
		cmocka_unit_test(field_canonical),
	};

	if (sodium_init() < 0)
		return 99;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
