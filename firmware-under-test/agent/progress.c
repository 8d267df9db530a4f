/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress.c - an identity record at the start of a page, then one small record
 * for each offset. A record is only appended in the power session that erased
 * the page: what reads blank after a cut may be weak.
 *
 * Whatever a torn record reads as, it is true: a slot's page is complete before
 * its record is begun, and a slot is erased only after the new identity stands.
 * But it may read otherwise next time, so nothing may hang on it alone.
 * The first small record repeats the identity's offset and seals it: an identity
 * with a seal is no torn one, and goes before one without. To begin anew
 *
 *   newest sealed                 write the other page: its record is needed no more
 *   neither sealed                write the newest one's page: the other one may be whole
 *   the other page tells nothing  write that
 */
#include "agent/progress.h"

#include "agent/flash_write.h"
#include "boot/flash_ops.h"
#include "dut.h"
#include "lib/crc.h"

#include <string.h>

#define MAGIC 0x47525042u /* "BPRG" */
#define IDENTITY_BYTES 64u /* a multiple of every write unit */
#define RECORD_BYTES 16u

/* Little-endian in flash, as every core that we know has it in RAM. */
struct identity {
	uint32_t magic;
	uint32_t turn;      /* modulo TURNS; its lowest bit is the page */
	uint32_t step, slot, size, off;
	uint8_t sha256[32];
	uint32_t reserved, crc;
};

struct record {
	uint32_t off, step, number; /* number: from 1 */
	uint32_t crc;               /* also covers the identity's, so that it belongs to no other */
};

/*
 * Serial numbers of two bits are enough for two pages: the newer one is exactly
 * one ahead. So few also keep the number of states of the flash small.
 */
#define TURNS 4u

_Static_assert(sizeof(struct identity) == IDENTITY_BYTES, "identity record");
_Static_assert(sizeof(struct record) == RECORD_BYTES, "offset record");

static struct {
	int begun;             /* in this power session */
	struct identity id;    /* as it stands in flash */
	uint32_t at, end;      /* where the next record goes; end of the page */
	uint32_t number;
} now;

static int one_page(void)
{
	const struct dut_area *area = &dut_board()->area[DUT_AREA_PROGRESS];

	return dut_flash_page_size(area->addr) >= area->size;
}

/* A board without the area cannot resume, nor need it. */
static int no_area(void)
{
	return dut_board()->area[DUT_AREA_PROGRESS].size < IDENTITY_BYTES;
}

static uint32_t identity_crc(const struct identity *id)
{
	return crc32_ieee(0, id, offsetof(struct identity, crc));
}

static uint32_t record_crc(const struct identity *id, const struct record *r)
{
	return crc32_ieee(id->crc, r, offsetof(struct record, crc));
}

/* Address of the page that the turn uses; its size through *size. */
static uint32_t page_of(uint32_t turn, uint32_t *size)
{
	const struct dut_area *area = &dut_board()->area[DUT_AREA_PROGRESS];
	uint32_t first = dut_flash_page_size(area->addr);

	*size = first;
	if (!(turn & 1) || one_page())
		return area->addr;
	*size = dut_flash_page_size(area->addr + first);
	return area->addr + first;
}

static int read_identity(uint32_t page, struct identity *id)
{
	uint32_t size, addr = page_of(page, &size);

	if (dut_flash_read(addr, id, sizeof(*id)))
		return -1;
	return id->magic == MAGIC && id->turn < TURNS && (id->turn & 1) == page && id->crc == identity_crc(id) ? 0 : -1;
}

/* The record of that number (from 1) behind the identity. 0, or -1: none, or not valid. */
static int read_record(const struct identity *id, uint32_t number, struct record *r)
{
	uint32_t size, addr = page_of(id->turn, &size), stride = flash_round_up(RECORD_BYTES);
	uint32_t at = IDENTITY_BYTES + (number - 1) * stride;

	if (at + stride > size || dut_flash_read(addr + at, r, sizeof(*r)))
		return -1;
	return r->number == number && r->crc == record_crc(id, r) ? 0 : -1;
}

static int is_sealed(const struct identity *id)
{
	struct record seal;

	return !read_record(id, 1, &seal);
}

/* The identity to go by. 0, or -1: none. */
static int newest(struct identity *id)
{
	struct identity other;

	if (read_identity(0, id))
		return read_identity(1, id);
	if (read_identity(1, &other))
		return 0;
	if (is_sealed(&other) != is_sealed(id) ? is_sealed(&other) : other.turn == (id->turn + 1) % TURNS)
		*id = other;
	return 0;
}

void progress_init(void)
{
	memset(&now, 0, sizeof(now));
}

void progress_load(struct progress *out)
{
	struct identity id;
	struct record r;

	memset(out, 0, sizeof(*out));
	if (no_area() || newest(&id) || id.step == PROGRESS_NONE)
		return;
	out->off = id.off;
	out->step = id.step == PROGRESS_WRITTEN ? PROGRESS_WRITTEN : PROGRESS_DOWNLOADING;
	for (uint32_t number = 1; !read_record(&id, number, &r); number++) {
		out->off = r.off;
		out->step = r.step == PROGRESS_WRITTEN ? PROGRESS_WRITTEN : PROGRESS_DOWNLOADING;
	}
	out->slot = id.slot;
	out->size = id.size;
	memcpy(out->sha256, id.sha256, sizeof(out->sha256));
}

/* Append at now.at, where room is. */
static int append(uint32_t off, enum progress_step step)
{
	uint8_t padded[DUT_MAX_UNIT];
	uint32_t stride = flash_round_up(RECORD_BYTES);
	struct record r = {.off = off, .step = step, .number = ++now.number};

	r.crc = record_crc(&now.id, &r);
	flash_pad(padded, sizeof(padded));
	memcpy(padded, &r, sizeof(r));
	/* Not to be appended to again if this fails: the place is used. */
	now.begun = 0;
	if (flash_write(now.at, padded, stride))
		return -1;
	now.at += stride;
	now.begun = 1;
	return 0;
}

/* The turn of a new identity: see above which page is spared. */
static uint32_t next_turn(void)
{
	struct identity id, other;

	if (one_page() || newest(&id))
		return 0;
	if (!is_sealed(&id) && !read_identity(!(id.turn & 1), &other))
		return id.turn;
	return (id.turn + 1) % TURNS;
}

int progress_begin(const struct progress *p)
{
	struct identity id;
	uint32_t size, addr;

	now.begun = 0;
	if (no_area())
		return 0;
	memset(&id, 0, sizeof(id));
	id.magic = MAGIC;
	id.turn = next_turn();
	id.step = p->step;
	id.slot = p->slot;
	id.size = p->size;
	id.off = p->off;
	memcpy(id.sha256, p->sha256, sizeof(id.sha256));
	id.crc = identity_crc(&id);
	addr = page_of(id.turn, &size);
	if (flash_erase(addr) || flash_write(addr, &id, sizeof(id)))
		return -1;
	now.id = id;
	now.at = addr + IDENTITY_BYTES;
	now.end = addr + size;
	now.number = 0;
	return append(p->off, p->step);
}

/* The page is full: the other one takes over where this one ends. */
static int turn_over(uint32_t off, enum progress_step step)
{
	struct progress p = {.step = step, .slot = now.id.slot, .size = now.id.size, .off = off};

	memcpy(p.sha256, now.id.sha256, sizeof(p.sha256));
	return progress_begin(&p);
}

int progress_advance(uint32_t off, enum progress_step step)
{
	if (no_area())
		return 0;
	if (!now.begun)
		return -1;
	return flash_round_up(RECORD_BYTES) > now.end - now.at ? turn_over(off, step) : append(off, step);
}

int progress_clear(void)
{
	static const struct progress none;
	struct progress p;
	int rc = 0;

	progress_load(&p);
	if (p.step != PROGRESS_NONE)
		rc = progress_begin(&none);
	now.begun = 0;
	return rc;
}
