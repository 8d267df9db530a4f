/* SPDX-License-Identifier: Apache-2.0 */
/* test_crc.c - the checksums against published values and against the definition, bit by bit. */
#include "lib/crc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The check values of the CRC catalogues: the checksum of "123456789". */
static const char check[] = "123456789";

static uint16_t crc16_by_bits(const uint8_t *p, size_t len)
{
	uint32_t crc = 0;
	int bit;

	for (; len; len--) {
		crc ^= (uint32_t)*p++ << 8;
		for (bit = 0; bit < 8; bit++)
			crc = crc & 0x8000 ? crc << 1 ^ 0x11021 : crc << 1;
	}
	return (uint16_t)crc;
}

static uint32_t crc32_by_bits(const uint8_t *p, size_t len)
{
	uint32_t crc = 0xffffffff;
	int bit;

	for (; len; len--) {
		crc ^= *p++;
		for (bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
	}
	return ~crc;
}

static void check_values(void **state)
{
	(void)state;
	assert_int_equal(crc16_xmodem(0, check, 9), 0x31c3);
	assert_int_equal(crc32_ieee(0, check, 9), 0xcbf43926);
}

static void nothing_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(crc16_xmodem(0, NULL, 0), 0);
	assert_int_equal(crc32_ieee(0, NULL, 0), 0);
	assert_int_equal(crc16_xmodem(0x1234, check, 0), 0x1234);
	assert_int_equal(crc32_ieee(0x12345678, check, 0), 0x12345678);
}

static void every_byte_as_defined(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 256; i++) {
		uint8_t byte = (uint8_t)i;

		assert_int_equal(crc16_xmodem(0, &byte, 1), crc16_by_bits(&byte, 1));
		assert_int_equal(crc32_ieee(0, &byte, 1), crc32_by_bits(&byte, 1));
	}
}

static void every_split_gives_the_same(void **state)
{
	uint8_t data[97];
	uint32_t i;

	(void)state;
	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 167 + 13);
	for (i = 0; i <= sizeof(data); i++) {
		uint32_t rest = (uint32_t)sizeof(data) - i;

		assert_int_equal(crc16_xmodem(crc16_xmodem(0, data, i), data + i, rest),
				 crc16_by_bits(data, sizeof(data)));
		assert_int_equal(crc32_ieee(crc32_ieee(0, data, i), data + i, rest),
				 crc32_by_bits(data, sizeof(data)));
	}
}

/* What the SMP console relies on: over a frame with its own checksum behind it the result is 0. */
static void frame_with_checksum_gives_zero(void **state)
{
	uint8_t frame[11];
	uint16_t crc = crc16_xmodem(0, check, 9);

	(void)state;
	memcpy(frame, check, 9);
	frame[9] = (uint8_t)(crc >> 8);
	frame[10] = (uint8_t)crc;
	assert_int_equal(crc16_xmodem(0, frame, sizeof(frame)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_values),
		cmocka_unit_test(nothing_changes_nothing),
		cmocka_unit_test(every_byte_as_defined),
		cmocka_unit_test(every_split_gives_the_same),
		cmocka_unit_test(frame_with_checksum_gives_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
