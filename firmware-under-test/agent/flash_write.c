/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/flash_write.h"

#include "boot/flash_ops.h"
#include "dut.h"

#include <string.h>

/* How much is read back at a time: a chunk of an upload is compared in a few calls, and the stack stays small. */
#define COMPARE_BYTES 256u

static int compare(uint32_t addr, const uint8_t *want, uint32_t len)
{
	uint8_t got[COMPARE_BYTES];

	while (len) {
		uint32_t n = len < COMPARE_BYTES ? len : COMPARE_BYTES;

		if (dut_flash_read(addr, got, n) || memcmp(got, want, n))
			return -1;
		addr += n;
		want += n;
		len -= n;
	}
	return 0;
}

int flash_write(uint32_t addr, const void *src, uint32_t len)
{
	if (flash_program(addr, src, len))
		return -1;
	return compare(addr, src, len);
}

uint32_t flash_round_up(uint32_t len)
{
	uint32_t unit = dut_board()->write_unit;

	return (len + unit - 1) / unit * unit;
}

void flash_pad(uint8_t *to, uint32_t len)
{
	memset(to, dut_board()->erased, len);
}
