/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.c - a record at the start of a page, and behind it a seal that is written
 * once the record has been read back.
 *
 * What a cut tears may read whole now and torn later. A sealed record is no torn
 * one, whatever becomes of its seal. So the newest sealed record is in force, and
 * the other page is the next to be written. With no seal at all the newer record
 * may be the torn one: the older is in force, and the newer one's page is next.
 */
#include "agent/config.h"

#include "agent/flash_write.h"
#include "boot/record.h"
#include "dut.h"
#include "lib/crc.h"

#include <string.h>

#define MAGIC 0x46435042u /* "BPCF" */
#define RECORD_BYTES 32u
#define SEAL_BYTES 4u
#define NO_PAGE 2u

enum { AT_MAGIC = 0, AT_SEQ = 4, AT_SCHEMA = 8, AT_INTERVAL = 12, AT_CRC = 28 }; /* offsets; the rest is zero */

struct found {
	struct config config;
	uint32_t seq;
	int valid, sealed;
	int readable;       /* of a schema that this image knows */
};

static enum config_schema newest_schema;

static const struct dut_area *area_of(uint32_t page)
{
	return &dut_board()->area[page ? DUT_AREA_CONFIG_B : DUT_AREA_CONFIG_A];
}

/* Belongs to that record alone. */
static uint32_t seal_of(const uint8_t record[RECORD_BYTES])
{
	return ~get_le32(record + AT_CRC);
}

static int is_sealed(uint32_t page, const uint8_t record[RECORD_BYTES])
{
	uint8_t seal[SEAL_BYTES];

	return !dut_flash_read(area_of(page)->addr + flash_round_up(RECORD_BYTES), seal, sizeof(seal)) &&
	       get_le32(seal) == seal_of(record);
}

/* Steps of the stored interval in a second. */
static uint32_t scale(enum config_schema schema)
{
	return schema == CONFIG_MILLISECONDS ? 1000 : 1;
}

static struct found look(uint32_t page)
{
	struct found f = {.seq = 0};
	uint8_t r[RECORD_BYTES];

	if (area_of(page)->size < sizeof(r) || dut_flash_read(area_of(page)->addr, r, sizeof(r)))
		return f;
	if (get_le32(r + AT_MAGIC) != MAGIC || get_le32(r + AT_CRC) != crc32_ieee(0, r, AT_CRC))
		return f;
	f.valid = 1;
	f.seq = get_le32(r + AT_SEQ);
	f.sealed = is_sealed(page, r);
	f.config.schema = (enum config_schema)get_le32(r + AT_SCHEMA);
	f.readable = f.config.schema != CONFIG_NONE && f.config.schema <= newest_schema;
	f.config.interval_s = get_le32(r + AT_INTERVAL) / scale(f.config.schema);
	return f;
}

/* Sequence numbers wrap. */
static int newer(const struct found *a, const struct found *b)
{
	return a->seq != b->seq && a->seq - b->seq < UINT32_C(1) << 31;
}

/* The page of the record in force (see above), or NO_PAGE. */
static uint32_t in_force(const struct found f[2])
{
	if (!f[0].readable && !f[1].readable)
		return NO_PAGE;
	if (!f[0].readable || !f[1].readable)
		return f[1].readable ? 1 : 0;
	if (f[0].sealed != f[1].sealed)
		return f[1].sealed ? 1 : 0;
	return f[0].sealed == newer(&f[1], &f[0]) ? 1 : 0;
}

void config_init(enum config_schema newest)
{
	newest_schema = newest;
}

int config_read(struct config *out)
{
	struct found f[2] = {look(0), look(1)};
	uint32_t page = in_force(f);

	if (newest_schema == CONFIG_NONE)
		return -1;
	*out = page == NO_PAGE ? (struct config){CONFIG_NONE, CONFIG_INTERVAL_DEFAULT_S} : f[page].config;
	return 0;
}

static int put(uint32_t page, uint32_t seq, uint32_t interval_s)
{
	uint8_t r[RECORD_BYTES] = {0}, seal[DUT_MAX_UNIT];
	uint32_t addr = area_of(page)->addr;

	put_le32(r + AT_MAGIC, MAGIC);
	put_le32(r + AT_SEQ, seq);
	put_le32(r + AT_SCHEMA, newest_schema);
	put_le32(r + AT_INTERVAL, interval_s * scale(newest_schema));
	put_le32(r + AT_CRC, crc32_ieee(0, r, AT_CRC));
	flash_pad(seal, sizeof(seal));
	put_le32(seal, seal_of(r));
	if (record_write(addr, r, sizeof(r)))
		return -1;
	return flash_write(addr + flash_round_up(RECORD_BYTES), seal, flash_round_up(SEAL_BYTES));
}

int config_write(uint32_t interval_s)
{
	struct found f[2] = {look(0), look(1)};
	uint32_t seq = 0;

	if (newest_schema == CONFIG_NONE || !area_of(0)->size || interval_s < 1 || interval_s > CONFIG_INTERVAL_MAX_S)
		return -1;
	/* What this image cannot read is outnumbered too: a newer image must not go back to it later. */
	if (f[0].valid || f[1].valid)
		seq = f[!f[0].valid || (f[1].valid && newer(&f[1], &f[0]))].seq + 1;
	return put(in_force(f) == 0 ? 1 : 0, seq, interval_s);
}

int config_migrate(void)
{
	struct config c;

	if (config_read(&c) || c.schema == CONFIG_NONE || c.schema == newest_schema)
		return 0;
	return config_write(c.interval_s);
}
