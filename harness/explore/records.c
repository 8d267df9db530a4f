/* SPDX-License-Identifier: Apache-2.0 */
#include "explore/records.h"

#include "base/crc32.h"
#include "base/le.h"

#include <string.h>
#include <xxhash.h>

enum reads { READS_BAD, READS_GOOD, READS_EITHER };

/* How a record at addr reads, now and at any time; its CRC, at crc_at, is carried on from another. */
static enum reads reads(const struct bp_flash *f, uint32_t addr, uint32_t crc_at, uint32_t from)
{
	uint32_t unit = f->geo.unit_bytes, bytes = crc_at + 4;

	for (uint32_t at = addr; f->geo.ecc && at < addr + bytes; at += unit)
		if (f->units[at / unit] & BP_UNIT_TORN)
			return READS_BAD;
	for (uint32_t at = addr; f->page_weak[bp_flash_page_at(&f->geo, addr).number] && at < addr + bytes; at++)
		if (f->weak[at])
			return READS_EITHER;
	return bp_le32(f->bytes + addr + crc_at) == bp_crc32(from, f->bytes + addr, crc_at) ? READS_GOOD : READS_BAD;
}

/* A good record and its entries: the last good one counts, and what it does not supersede of the record. */
static struct bp_hash128 with_entries(const struct bp_records *r, const struct bp_flash *f, uint32_t addr, struct bp_hash128 content)
{
	struct bp_flash_page p = bp_flash_page_at(&f->geo, addr);
	const uint8_t *record = f->bytes + addr, *last = NULL;
	uint32_t at = addr + r->crc_at + 4, crc = bp_le32(record + r->crc_at), unit = f->geo.unit_bytes;
	XXH128_hash_t part[4] = {0}, all;

	for (at = (at + unit - 1) / unit * unit; at + r->entry_bytes <= p.start + p.bytes; at += r->entry_bytes) {
		enum reads how = reads(f, at, r->entry_crc_at, crc);

		if (how == READS_EITHER)
			return content;
		if (how == READS_BAD)
			break;
		last = f->bytes + at;
	}
	part[0] = XXH3_128bits(record, last ? r->superseded_at : r->crc_at);
	if (last) {
		part[1] = XXH3_128bits(record + r->superseded_at + 4, r->crc_at - r->superseded_at - 4);
		part[2] = XXH3_128bits(last, r->entry_number_at);
		part[3] = XXH3_128bits(last + r->entry_number_at + 4, r->entry_crc_at - r->entry_number_at - 4);
	}
	all = XXH3_128bits(part, sizeof(part));
	return (struct bp_hash128){all.low64, all.high64};
}

/* What a page holds but its record's number and CRC. */
static struct bp_hash128 without_number(const struct bp_records *r, const struct bp_flash *f, uint32_t addr)
{
	struct bp_flash_page p = bp_flash_page_at(&f->geo, addr);
	const uint8_t *bytes = f->bytes + p.start;
	uint32_t at = addr - p.start, crc_at = at + r->crc_at, behind = at + r->number_at + 4;
	XXH128_hash_t part[5] = {
		XXH3_128bits(bytes, at + r->number_at),
		XXH3_128bits(bytes + behind, crc_at - behind),
		XXH3_128bits(bytes + crc_at + 4, p.bytes - crc_at - 4),
		XXH3_128bits(f->units + p.start / f->geo.unit_bytes, p.bytes / f->geo.unit_bytes),
		f->page_weak[p.number] ? XXH3_128bits(f->weak + p.start, p.bytes) : (XXH128_hash_t){0},
	}, all = XXH3_128bits(part, sizeof(part));

	return (struct bp_hash128){all.low64, all.high64};
}

/* ---- pages that were read before -------------------------------------------------------- */

/* What one page's record comes to, by the hash of all that the page holds. */
struct page {
	struct bp_hash128 of;
	enum reads how;
	uint32_t number;
	struct bp_hash128 content; /* bad: always the same; numbered: without the number */
};

#define PAGES 1024u /* a power of two */

struct bp_records_read {
	const struct bp_product *product;
	bool seen[BP_MAX_RECORDS];  /* read as good somewhere: the product tells of it rightly */
	struct page page[BP_MAX_RECORDS * BP_MAX_RECORD_PAGES][PAGES];
};

struct bp_records_read *bp_records_new(struct bp_arena *a, const struct bp_product *p)
{
	struct bp_records_read *m = bp_arena_alloc(a, sizeof(*m));

	if (m)
		m->product = p;
	return m;
}

/* The whole page, as an erase leaves it. */
static bool is_blank(const struct bp_flash *f, uint32_t addr)
{
	struct bp_flash_page p = bp_flash_page_at(&f->geo, addr);

	for (uint32_t at = p.start; at < p.start + p.bytes; at++)
		if (f->bytes[at] != f->geo.erased || f->weak[at] || f->units[at / f->geo.unit_bytes])
			return false;
	return true;
}

static void read_page(const struct bp_records *r, const struct bp_flash *f, uint32_t addr, struct page *out)
{
	static const struct bp_hash128 bad = {0xbad, 0xbad}, blank = {0xb1a, 0xb1a};

	out->how = reads(f, addr, r->crc_at, 0);
	out->content = out->of;
	if (out->how == READS_BAD) {
		out->content = is_blank(f, addr) ? blank : bad;
	} else if (out->how == READS_GOOD && r->numbered) {
		out->number = bp_le32(f->bytes + addr + r->number_at);
		out->content = without_number(r, f, addr);
	} else if (out->how == READS_GOOD && r->entry_bytes) {
		out->content = with_entries(r, f, addr, out->of);
	}
}

static const struct page *page_at(struct bp_records_read *m, unsigned row, unsigned k, const struct bp_flash *f, struct bp_hash128 of)
{
	struct page *p = &m->page[row * BP_MAX_RECORD_PAGES + k][of.lo % PAGES];

	if (p->of.lo != of.lo || p->of.hi != of.hi) {
		p->of = of;
		read_page(&m->product->records[row], f, m->product->records[row].addr[k], p);
	}
	return p;
}

/* ---- numbers ------------------------------------------------------------------------------ */

/* 2 or 3, as it is even or odd. */
static uint32_t newest(uint32_t number)
{
	return 2 + (number & 1);
}

/* What the copies' numbers are taken for. */
static void small_numbers(const struct page *const copy[2], uint32_t as[2])
{
	bool first = copy[0]->how == READS_GOOD &&
		     (copy[1]->how != READS_GOOD || copy[0]->number - copy[1]->number < UINT32_C(1) << 31);
	int last = first ? 0 : 1;
	uint32_t behind = copy[last]->number - copy[!last]->number;

	as[last] = newest(copy[last]->number);
	as[!last] = as[last] - (behind < 2 ? behind : 2);
}

void bp_records_look(struct bp_records_read *m, const struct bp_flash *f)
{
	for (unsigned i = 0; i < m->product->n_records; i++)
		for (unsigned k = 0; k < m->product->records[i].n; k++)
			m->seen[i] = m->seen[i] || reads(f, m->product->records[i].addr[k], m->product->records[i].crc_at, 0) == READS_GOOD;
}

void bp_records_contents(struct bp_records_read *m, const struct bp_flash *f, struct bp_hash128 *content)
{
	for (unsigned i = 0; i < m->product->n_records; i++) {
		const struct bp_records *r = &m->product->records[i];
		const struct page *page[BP_MAX_RECORD_PAGES];
		bool numbered = r->numbered && r->n == 2, weak;
		uint32_t as[2] = {0};

		if (!m->seen[i])
			continue;
		for (unsigned k = 0; k < r->n; k++)
			page[k] = page_at(m, i, k, f, f->page_hash[bp_flash_page_at(&f->geo, r->addr[k]).number]);
		/* What a weak copy turns out to be decides how the other's number counts. */
		weak = numbered && (page[0]->how == READS_EITHER || page[1]->how == READS_EITHER);
		if (numbered)
			small_numbers(page, as);
		for (unsigned k = 0; k < r->n; k++) {
			struct bp_hash128 *c = &content[bp_flash_page_at(&f->geo, r->addr[k]).number];

			if (weak)
				continue;
			*c = page[k]->content;
			if (numbered && page[k]->how == READS_GOOD)
				c->lo += as[k];
		}
	}
}
