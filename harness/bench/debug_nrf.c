/* SPDX-License-Identifier: Apache-2.0 */
/* debug_nrf.c - flash of an nRF51 or nRF52 through its controller, the NVMC (nRF52832 product specification 1.4, section 11). */
#include "base/clock.h"
#include "bench/debug_parts.h"

#include <string.h>

#define NVMC_READY 0x4001e400u
#define NVMC_CONFIG 0x4001e504u
#define NVMC_ERASEPAGE 0x4001e508u
#define CONFIG_READ 0u
#define CONFIG_WRITE 1u
#define CONFIG_ERASE 2u
#define MAX_PAGE_BYTES 4096u

struct nrf {
	const struct bp_debug_ops *ops;
	void *self;
	const char *board;
	uint64_t deadline_ns;
};

static int put(const struct nrf *n, uint32_t reg, uint32_t value, struct bp_err *err)
{
	const uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16), (uint8_t)(value >> 24)};

	return n->ops->write_ram(n->self, reg, bytes, sizeof(bytes), err);
}

static int wait_ready(const struct nrf *n, struct bp_err *err)
{
	for (;;) {
		uint8_t ready[4] = {0};
		int rc = n->ops->read_ram(n->self, NVMC_READY, ready, sizeof(ready), err);

		if (rc || (ready[0] & 1))
			return rc;
		if (bp_deadline_passed(n->deadline_ns))
			return bp_fail(err, BP_ETIMEOUT, "board %s: the flash controller is not ready", n->board);
	}
}

static int write_page(const struct nrf *n, uint32_t page, const uint8_t *bytes, uint32_t len, struct bp_err *err)
{
	int rc = put(n, NVMC_CONFIG, CONFIG_ERASE, err), again;

	if (!rc)
		rc = put(n, NVMC_ERASEPAGE, page, err);
	if (!rc)
		rc = wait_ready(n, err);
	if (!rc)
		rc = put(n, NVMC_CONFIG, CONFIG_WRITE, err);
	if (!rc)
		rc = n->ops->write_ram(n->self, page, bytes, len, err);
	if (!rc)
		rc = wait_ready(n, err);
	again = put(n, NVMC_CONFIG, CONFIG_READ, rc ? NULL : err);
	return rc ? rc : again;
}

int bp_debug_nrf_program(const struct bp_debug_ops *ops, void *self, const char *board, uint32_t page_bytes, uint32_t addr, const void *buf,
			 uint32_t len, uint64_t deadline_ns, struct bp_err *err)
{
	const struct nrf n = {ops, self, board, deadline_ns};
	const uint8_t *bytes = buf;
	uint8_t held[MAX_PAGE_BYTES];

	if (!page_bytes || page_bytes > sizeof(held))
		return bp_fail(err, BP_EINTERNAL, "board %s: flash pages of %u bytes", board, page_bytes);
	while (len) {
		uint32_t at = addr % page_bytes, page = addr - at, part = page_bytes - at < len ? page_bytes - at : len;
		int rc = ops->read(self, page, held, page_bytes, err);
		bool unreadable = rc == BP_EIO && part == page_bytes; /* a torn word of an ECC part: all of it is written anyway */

		if (rc && !unreadable)
			return rc;
		rc = 0;
		if (unreadable || memcmp(held + at, bytes, part)) {
			memcpy(held + at, bytes, part);
			rc = write_page(&n, page, held, page_bytes, err);
		}
		if (rc)
			return rc;
		if (bp_deadline_passed(deadline_ns) && len > part)
			return bp_fail(err, BP_ETIMEOUT, "board %s: flash was not written in time", board);
		addr += part;
		bytes += part;
		len -= part;
	}
	return 0;
}
