/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/record.h"

#include "boot/flash_ops.h"
#include "dut.h"

#include <string.h>

#define WRITE_TRIES 3u

uint32_t get_le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void put_le32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}

int record_write(uint32_t addr, const uint8_t *record, uint32_t len)
{
	uint8_t units[RECORD_MAX_BYTES + DUT_MAX_UNIT], back[RECORD_MAX_BYTES];
	const struct dut_board *board = dut_board();
	uint32_t whole = (len + board->write_unit - 1) / board->write_unit * board->write_unit;

	if (len > RECORD_MAX_BYTES || whole > sizeof(units))
		return -1;
	memset(units, board->erased, whole);
	memcpy(units, record, len);
	/* A write that failed once, on a supply that dipped, say, may well go through now. A page that is worn will not. */
	for (unsigned i = 0; i < WRITE_TRIES; i++) {
		if (flash_erase(addr))
			return -1;
		if (!flash_program(addr, units, whole) && !dut_flash_read(addr, back, len) && !memcmp(back, record, len))
			return 0;
	}
	return -1;
}
