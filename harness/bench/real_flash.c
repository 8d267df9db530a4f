/* SPDX-License-Identifier: Apache-2.0 */
/* real_flash.c - flash of an assembled board through its probe: reading with torn words, page-wise writing. */
#include "bench/real_parts.h"

#include "base/clock.h"

#include <string.h>

#define PROGRAM_NS (30 * BP_NS_PER_S) /* a page: 128 KiB sectors take 2 s to erase and seconds to program over SWD */
#define MAX_PAGE 4096u                /* what lies on the stack; larger pages are read in parts */

static bool erases_left(const struct bp_real *r)
{
	return !r->bench->erases_per_night || r->pages_written < r->bench->erases_per_night;
}

/* A part that reports torn words fails the whole reading: then unit by unit. */
static int read_units(struct bp_real *r, uint32_t addr, uint8_t *buf, uint32_t len, uint8_t *unreadable, struct bp_err *err)
{
	uint32_t unit = r->product->board.flash.unit_bytes < 4 ? 4 : r->product->board.flash.unit_bytes, refused = 0, n = 0;
	int rc = 0;

	for (uint32_t at = 0; at < len; at += unit, n++) {
		uint32_t part = len - at < unit ? len - at : unit;

		rc = r->debug.ops->read(r->debug.self, addr + at, buf + at, part, err);
		if (rc && rc != BP_EIO)
			return rc;
		if (!rc)
			continue;
		refused++;
		memset(buf + at, 0, part);
		if (unreadable)
			memset(unreadable + at, 1, part);
	}
	return refused == n && n > 1 ? BP_EIO : 0; /* nothing at all could be read: the probe, not the part */
}

int bp_real_read_flash(struct bp_real *r, uint32_t addr, uint8_t *buf, uint32_t len, uint8_t *unreadable, struct bp_err *err)
{
	if (unreadable)
		memset(unreadable, 0, len);
	for (uint32_t at = 0, n; at < len; at += n) {
		int rc;

		n = len - at < r->io_bytes ? len - at : r->io_bytes;
		rc = r->debug.ops->read(r->debug.self, addr + at, buf + at, n, err);
		if (rc == BP_EIO && r->product->board.flash.ecc) {
			uint32_t page = bp_flash_page_at(&r->product->board.flash, addr + at).bytes;

			n = page - (addr + at) % page < n ? page - (addr + at) % page : n;
			rc = r->debug.ops->read(r->debug.self, addr + at, buf + at, n, err);
			if (rc == BP_EIO)
				rc = read_units(r, addr + at, buf + at, n, unreadable ? unreadable + at : NULL, err);
		}
		if (rc)
			return rc;
	}
	return 0;
}

static int write_page(struct bp_real *r, uint32_t addr, const uint8_t *bytes, struct bp_err *err)
{
	if (!erases_left(r))
		return bp_fail(err, BP_EIO, "board %s: %u pages were erased, its limit for a night (erases-per-night)", r->bench->name,
			       r->pages_written);
	r->pages_written++;
	return r->debug.ops->program(r->debug.self, addr, bytes, bp_flash_page_at(&r->product->board.flash, addr).bytes,
				     bp_deadline_in(PROGRAM_NS), err);
}

static int load_page(struct bp_real *r, uint32_t addr, const uint8_t *want, bool force, struct bp_err *err)
{
	uint32_t page = bp_flash_page_at(&r->product->board.flash, addr).bytes;
	uint8_t held[MAX_PAGE], refused[MAX_PAGE];
	bool same = true;
	int rc = 0;

	for (uint32_t at = 0, n; at < page && same && !force && !rc; at += n) {
		n = page - at < sizeof(held) ? page - at : (uint32_t)sizeof(held);
		rc = bp_real_read_flash(r, addr + at, held, n, refused, err);
		same = !rc && !memcmp(held, want + at, n) && !memchr(refused, 1, n);
	}
	if (rc || (same && !force))
		return rc;
	if (force && page <= sizeof(held)) {
		memset(held, 0, page);
		rc = write_page(r, addr, held, err);
	}
	return rc ? rc : write_page(r, addr, want, err);
}

int bp_real_load(struct bp_real *r, uint32_t addr, const uint8_t *want, uint32_t len, const uint8_t *force, struct bp_err *err)
{
	const struct bp_geometry *g = &r->product->board.flash;
	uint32_t first = len ? bp_flash_page_at(g, addr).number : 0;
	int rc = bp_real_service(r, err);

	for (uint32_t at = 0; at < len && !rc; at += bp_flash_page_at(g, addr + at).bytes)
		rc = load_page(r, addr + at, want + at, force && force[bp_flash_page_at(g, addr + at).number - first], err);
	bp_real_forget(r);
	return rc;
}

/* ---- the ops that execute a case ------------------------------------------------------------ */

static int present(struct bp_real *r, struct bp_err *err)
{
	return r->on ? 0 : bp_real_service(r, err);
}

static int read_mem(void *self, uint32_t addr, void *buf, uint32_t len, struct bp_err *err)
{
	struct bp_real *r = self;
	int rc = present(r, err);

	return rc ? rc : bp_real_read_flash(r, addr, buf, len, NULL, err);
}

/* Any bytes of a board that is off: what else stands in their pages stays. */
static int write_mem(void *self, uint32_t addr, const void *buf, uint32_t len, struct bp_err *err)
{
	struct bp_real *r = self;
	uint32_t page = r->product->board.flash.page_bytes;
	const uint8_t *bytes = buf;
	uint8_t held[MAX_PAGE];
	int rc = r->on && !r->service ? bp_fail(err, BP_EINTERNAL, "board %s: flash is written while it runs", r->bench->name) : present(r, err);

	if (!rc && page > sizeof(held))
		rc = bp_fail(err, BP_ECONFIG, "board %s: pages of %u bytes cannot be written in part; %u is the most", r->bench->name, page,
			     MAX_PAGE);
	while (len && !rc) {
		uint32_t at = addr % page, n = page - at < len ? page - at : len;

		rc = bp_real_read_flash(r, addr - at, held, page, NULL, err);
		if (!rc && memcmp(held + at, bytes, n)) {
			memcpy(held + at, bytes, n);
			rc = write_page(r, addr - at, held, err);
		}
		addr += n;
		bytes += n;
		len -= n;
	}
	bp_real_forget(r);
	return rc;
}

static int matches(void *self, uint32_t addr, const void *expected, uint32_t len, struct bp_err *err)
{
	struct bp_real *r = self;
	uint8_t held[MAX_PAGE], refused[MAX_PAGE];
	int rc = present(r, err);

	for (uint32_t at = 0, n; at < len && !rc; at += n) {
		n = len - at < sizeof(held) ? len - at : (uint32_t)sizeof(held);
		rc = bp_real_read_flash(r, addr + at, held, n, refused, err);
		if (!rc && (memcmp(held, (const uint8_t *)expected + at, n) || memchr(refused, 1, n)))
			return 0;
	}
	return rc ? rc : 1;
}

const struct bp_debug_ops bp_real_debug_ops = {
	.name = "real", .help = "a bench board's memory through its probe, and what can be told of its core",
	.read = read_mem, .write = write_mem, .matches = matches, .observe = bp_real_observe, .count = bp_real_count,
};
