/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provision.c - putting a board into its start state, and damaging it there.
 */
#include "base/crc32.h"
#include "base/le.h"
#include "base/rng.h"
#include "scenario/execute.h"

#include <sodium.h>
#include <string.h>

#define BOOTLOADER_SEED UINT64_C(0xb007)
#define RECORD_BYTES 96u /* of a boot state record, the longest of all records: damage aims at what is in use */

int bp_exec_bootloader(struct bp_arena *a, const struct bp_product *p, struct bp_bytes *out, struct bp_err *err)
{
	uint64_t seed = BOOTLOADER_SEED;
	struct bp_rng r;

	out->len = p->board.dut.area[DUT_AREA_BOOT].size;
	out->data = bp_arena_alloc(a, out->len);
	if (!out->data)
		return bp_fail(err, BP_ENOMEM, "no memory for the bootloader's bytes");
	bp_rng_seed(&r, &seed, 1);
	bp_rng_fill(&r, out->data, out->len);
	return 0;
}

/* One value over a whole area, through the debug port. */
static int fill(struct bp_board *b, const struct dut_area *area, uint8_t value, struct bp_err *err)
{
	uint8_t block[512];
	int rc = 0;

	memset(block, value, sizeof(block));
	for (uint32_t at = 0, n; !rc && at < area->size; at += n) {
		n = area->size - at < sizeof(block) ? area->size - at : (uint32_t)sizeof(block);
		rc = b->debug.ops->write(b->debug.self, area->addr + at, block, n, err);
	}
	return rc;
}

static int fill_seeded(struct bp_board *b, const struct dut_area *area, uint64_t seed, struct bp_err *err)
{
	uint8_t block[512];
	struct bp_rng r;
	int rc = 0;

	bp_rng_seed(&r, &seed, 1);
	for (uint32_t at = 0, n; !rc && at < area->size; at += n) {
		n = area->size - at < sizeof(block) ? area->size - at : (uint32_t)sizeof(block);
		bp_rng_fill(&r, block, n);
		rc = b->debug.ops->write(b->debug.self, area->addr + at, block, n, err);
	}
	return rc;
}

int bp_exec_provision(struct bp_exec *x, struct bp_err *err)
{
	struct bp_board *b = x->board;
	const struct bp_product *p = b->product;
	int rc = 0;

	for (unsigned i = 0; !rc && i < DUT_AREA_COUNT; i++)
		if (p->board.dut.area[i].size && i != DUT_AREA_BOOT)
			rc = fill(b, &p->board.dut.area[i], p->board.flash.erased, err);
	if (!rc)
		rc = fill_seeded(b, &p->board.dut.area[DUT_AREA_BOOT], BOOTLOADER_SEED, err);
	for (unsigned s = 0; !rc && s < BP_SLOTS; s++)
		if (x->scenario->start[s] >= 0) {
			const struct bp_bytes *image = &p->artifact[x->scenario->start[s]].image[s];

			rc = b->debug.ops->write(b->debug.self, p->board.dut.area[DUT_AREA_SLOT_A + s].addr, image->data,
						 (uint32_t)image->len, err);
		}
	return rc;
}

int bp_exec_renumber(struct bp_exec *x, struct bp_err *err)
{
	const struct bp_records *r = bp_product_numbered(x->board->product);
	const struct bp_debug *d = &x->board->debug;
	uint8_t record[BP_RECORD_BYTES];
	int rc = 0;

	for (unsigned k = 0; r && k < r->n && !rc; k++) {
		rc = d->ops->read(d->self, r->addr[k], record, r->crc_at + 4, err);
		if (rc)
			return rc;
		if (bp_le32(record + r->crc_at) != bp_crc32(0, record, r->crc_at))
			continue; /* a copy that the firmware does not keep */
		bp_put_le32(record + r->number_at, x->scenario->start_number);
		bp_put_le32(record + r->crc_at, bp_crc32(0, record, r->crc_at));
		rc = d->ops->write(d->self, r->addr[k], record, r->crc_at + 4, err);
	}
	return rc;
}

static int flip_bit(struct bp_board *b, const struct dut_area *area, uint64_t seed, struct bp_err *err)
{
	struct bp_rng r;
	uint32_t at;
	uint8_t byte;
	int rc;

	bp_rng_seed(&r, &seed, 1);
	/* Records stand at the start of an area: a bit in what is in use. */
	at = area->addr + bp_rng_below(&r, area->size < RECORD_BYTES ? area->size : RECORD_BYTES);
	rc = b->debug.ops->read(b->debug.self, at, &byte, 1, err);
	if (rc)
		return rc;
	byte ^= (uint8_t)(1u << bp_rng_below(&r, 8));
	return b->debug.ops->write(b->debug.self, at, &byte, 1, err);
}

/* The first bytes blank, the rest as it was: an erase that power loss cut as its edge stood within the record. */
static int half_erased(struct bp_board *b, const struct dut_area *area, struct bp_err *err)
{
	struct dut_area head = {area->addr, RECORD_BYTES / 3};

	return fill(b, &head, b->product->board.flash.erased, err);
}

static int put(struct bp_board *b, const struct dut_area *area, const struct bp_bytes *image, struct bp_err *err)
{
	int rc = fill(b, area, b->product->board.flash.erased, err);
	uint32_t n = image->len < area->size ? (uint32_t)image->len : area->size;

	return rc ? rc : b->debug.ops->write(b->debug.self, area->addr, image->data, n, err);
}

static int damage_area(struct bp_exec *x, unsigned id, const struct bp_damage *d, uint64_t seed, struct bp_err *err)
{
	struct bp_board *b = x->board;
	const struct dut_area *area = &b->product->board.dut.area[id];
	uint8_t erased = b->product->board.flash.erased;

	switch (d->how) {
	case BP_DAMAGE_BIT: return flip_bit(b, area, seed, err);
	case BP_DAMAGE_ERASE: return fill(b, area, erased, err);
	case BP_DAMAGE_ZERO: return fill(b, area, (uint8_t)~erased, err);
	case BP_DAMAGE_GARBAGE: return fill_seeded(b, area, seed, err);
	case BP_DAMAGE_TORN_ERASE: return half_erased(b, area, err);
	case BP_DAMAGE_IMAGE: return put(b, area, &d->image[id - DUT_AREA_SLOT_A], err);
	case BP_DAMAGE_HOWS: break;
	}
	return bp_fail(err, BP_EINTERNAL, "no such damage");
}

/* A digest of an area, so that damage that changes nothing is seen. */
static int area_digest(struct bp_board *b, const struct dut_area *area, uint8_t digest[32], struct bp_err *err)
{
	crypto_hash_sha256_state s;
	uint8_t block[512];
	int rc = 0;

	crypto_hash_sha256_init(&s);
	for (uint32_t at = 0, n; !rc && at < area->size; at += n) {
		n = area->size - at < sizeof(block) ? area->size - at : (uint32_t)sizeof(block);
		rc = b->debug.ops->read(b->debug.self, area->addr + at, block, n, err);
		crypto_hash_sha256_update(&s, block, n);
	}
	crypto_hash_sha256_final(&s, digest);
	return rc;
}

int bp_exec_damage(struct bp_exec *x, const struct bp_damage *d, uint64_t seed, struct bp_err *err)
{
	struct bp_board *b = x->board;
	int rc = 0;

	for (unsigned i = 0; !rc && i < DUT_AREA_COUNT; i++) {
		const struct dut_area *area = &b->product->board.dut.area[i];
		uint8_t before[32], after[32];

		if (!(d->areas & (1u << i)))
			continue;
		if (!area->size)
			return bp_fail(err, BP_ECONFIG, "the product has no area '%s' to damage", b->product->area_name[i]);
		bp_exec_note(x, "damage: %s %s", b->product->area_name[i], bp_damage_names[d->how]);
		rc = area_digest(b, area, before, err);
		if (!rc)
			rc = damage_area(x, i, d, seed + i, err);
		if (!rc)
			rc = area_digest(b, area, after, err);
		if (!rc && memcmp(before, after, sizeof(before)))
			x->damage_done = true;
	}
	return rc;
}
