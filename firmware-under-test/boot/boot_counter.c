/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot_counter.c - two pages that take turns: the one that does not hold the
 * highest value is erased and gets the new one, so that a cut costs at most the
 * value being written.
 *
 * A record cut in its last unit may read whole now and torn at the next
 * power-up. The counter then falls back by one step, until the next boot raises
 * it again from the confirmed image: see catch_up() in boot_main.c.
 */
#include "boot/boot_counter.h"

#include "boot/record.h"
#include "dut.h"
#include "lib/crc.h"

#define MAGIC 0x43535042u /* "BPSC" */
#define RECORD_BYTES 16u  /* magic, value, ~value, crc32; the slot of 32 bytes stays erased behind it */

static uint32_t read_page(enum dut_area_id id)
{
	uint8_t r[RECORD_BYTES];

	if (dut_flash_read(dut_board()->area[id].addr, r, sizeof(r)))
		return 0;
	if (get_le32(r) != MAGIC || get_le32(r + 12) != crc32_ieee(0, r, 12) || get_le32(r + 4) != ~get_le32(r + 8))
		return 0;
	return get_le32(r + 4);
}

uint32_t boot_counter_read(void)
{
	uint32_t a = read_page(DUT_AREA_COUNTER_A), b = read_page(DUT_AREA_COUNTER_B);

	return a > b ? a : b;
}

int boot_counter_raise(uint32_t value)
{
	uint32_t a = read_page(DUT_AREA_COUNTER_A), b = read_page(DUT_AREA_COUNTER_B);
	enum dut_area_id lower = a > b ? DUT_AREA_COUNTER_B : DUT_AREA_COUNTER_A;
	uint8_t r[RECORD_BYTES];

	if (value <= a || value <= b)
		return 0;
	put_le32(r, MAGIC);
	put_le32(r + 4, value);
	put_le32(r + 8, ~value);
	put_le32(r + 12, crc32_ieee(0, r, 12));
	return record_write(dut_board()->area[lower].addr, r, sizeof(r));
}
