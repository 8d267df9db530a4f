/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/download.h"

#include "agent/flash_write.h"
#include "boot/flash_ops.h"
#include "dut.h"

#include <string.h>

static struct {
	struct progress p;  /* p.off: bytes in flash, not only whole pages */
	uint32_t addr;      /* of the slot */
	int begun;          /* the progress record is of this power session, and so is the page under way */
} now;

static int begin(void)
{
	if (progress_begin(&now.p))
		return -1;
	now.begun = 1;
	return 0;
}

void download_init(void)
{
	memset(&now, 0, sizeof(now));
	progress_init();
}

static int is_of(const struct progress *p, const struct manifest_payload *target)
{
	return p->step != PROGRESS_NONE && p->slot == target->slot && p->size == target->size &&
	       memcmp(p->sha256, target->sha256, sizeof(p->sha256)) == 0;
}

/* Could a download have left that offset? */
static int is_resumable(const struct progress *p)
{
	uint32_t addr = now.addr + p->off;

	if (p->step == PROGRESS_WRITTEN)
		return p->off == p->size;
	return p->off > 0 && p->off < p->size && addr % dut_flash_page_size(addr) == 0;
}

int download_open(const struct manifest_payload *target, const struct progress *known)
{
	if (now.begun && is_of(&now.p, target))
		return 0;
	now.begun = 0;
	now.addr = dut_board()->area[DUT_AREA_SLOT_A + target->slot].addr;
	memset(&now.p, 0, sizeof(now.p));
	now.p.step = PROGRESS_DOWNLOADING;
	now.p.slot = target->slot;
	now.p.size = target->size;
	memcpy(now.p.sha256, target->sha256, sizeof(now.p.sha256));
	if (!is_of(known, target) || !is_resumable(known))
		return 0;
	now.p.off = known->off;
	now.p.step = known->step;
	return begin();
}

uint32_t download_off(void)
{
	return now.p.off;
}

/* Program a run within one page, at now.p.off. Returns the bytes taken, or -1. */
static int32_t write_run(const uint8_t *data, uint32_t len)
{
	uint32_t addr = now.addr + now.p.off, unit = dut_board()->write_unit;
	uint32_t whole = len - len % unit, rest = len - whole;
	uint8_t last[DUT_MAX_UNIT];

	if (whole && flash_write(addr, data, whole))
		return -1;
	if (!rest || now.p.off + len < now.p.size)
		return (int32_t)whole;
	flash_pad(last, sizeof(last));
	memcpy(last, data + whole, rest);
	return flash_write(addr + whole, last, unit) ? -1 : (int32_t)len;
}

/* One run up to the page's end. Returns the bytes taken, or -1. */
static int32_t write_page(const uint8_t *data, uint32_t len)
{
	uint32_t addr = now.addr + now.p.off, page = dut_flash_page_size(addr);
	uint32_t left = page - addr % page, n = len < left ? len : left;
	int ends = now.p.off + n == now.p.size;
	int32_t taken;

	/* The start of a page: whatever it holds, also what looks blank, goes. */
	if (left == page && (ends || n >= dut_board()->write_unit) && flash_erase(addr))
		return -1;
	taken = write_run(data, n);
	if (taken < 0)
		return -1;
	now.p.off += (uint32_t)taken;
	/* The image's end is recorded by download_finish() alone, once it is known to be good. */
	if ((uint32_t)taken == left && !ends && progress_advance(now.p.off, PROGRESS_DOWNLOADING))
		return -1;
	return taken;
}

static int write_all(const uint8_t *data, uint32_t len)
{
	if (len && !now.begun && begin())
		return -1;
	while (len) {
		int32_t taken = write_page(data, len);

		if (taken <= 0)
			return taken;
		data += taken;
		len -= (uint32_t)taken;
	}
	return 0;
}

int download_write(const uint8_t *data, uint32_t len)
{
	uint32_t addr;

	if (!write_all(data, len))
		return 0;
	/* Whole pages stay: a supply that was too low for a moment costs one page. */
	now.begun = 0;
	addr = now.addr + now.p.off;
	now.p.off -= addr % dut_flash_page_size(addr);
	return -1;
}

int download_finish(void)
{
	if (progress_advance(now.p.size, PROGRESS_WRITTEN))
		return -1;
	now.p.step = PROGRESS_WRITTEN;
	return 0;
}

void download_abort(void)
{
	now.begun = 0;
	now.p.step = PROGRESS_DOWNLOADING;
	now.p.off = 0;
	progress_clear(); /* if that fails too: the record's offset is still true of whole pages, or the hash will tell */
}
