/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/flash_ops.h"

#include "dut.h"

#include <string.h>

#define SUPPLY_WAIT_MS 50u /* a dip under the radio's load is over by then; a battery that sags for longer is empty */
#define ERASE_TRIES 2u     /* of pages that may take seconds, while a host waits */
#define BLOCK_BYTES 256u   /* looked at in one go; the stack stays small */

/* 0, or -1: the supply stays too low. */
static int await_supply(void)
{
	for (uint32_t i = 0; !dut_supply_ok(); i++) {
		if (i == SUPPLY_WAIT_MS)
			return -1;
		dut_wait_ms(1);
	}
	return 0;
}

int flash_is_erased(uint32_t addr, uint32_t len)
{
	uint8_t blank[BLOCK_BYTES], got[BLOCK_BYTES];

	memset(blank, dut_board()->erased, sizeof(blank));
	for (uint32_t n; len; addr += n, len -= n) {
		n = len < sizeof(got) ? len : (uint32_t)sizeof(got);
		if (dut_flash_read(addr, got, n) || memcmp(got, blank, n))
			return 0;
	}
	return 1;
}

int flash_erase(uint32_t addr)
{
	for (uint32_t i = 0; i < ERASE_TRIES; i++) {
		if (await_supply())
			return -1;
		/* The largest pages take seconds. */
		dut_watchdog_feed();
		if (!dut_flash_erase(addr) && flash_is_erased(addr, dut_flash_page_size(addr)))
			return 0;
	}
	return -1;
}

int flash_program(uint32_t addr, const void *src, uint32_t len)
{
	return await_supply() ? -1 : dut_flash_program(addr, src, len);
}
