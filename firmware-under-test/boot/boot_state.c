/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot_state.c - the boot state, kept twice.
 *
 * Which copy is written first
 * A record cut in its last unit may read whole now and torn at the next
 * power-up. So the copy that a commit wrote last is the only one that may be
 * weak when both read alike, and the next commit has to write that one first:
 * erasing the other would leave nothing to trust. The sequence number says which
 * it was: odd numbers went to copy A first, even ones to copy B. The same number
 * tells at boot what a cut has left:
 *
 *   first copy n, last copy older   the first may be weak: rewrite it, then the last
 *   first copy n, last copy bad     its erase began when the first was whole: rewrite the last
 *   first copy bad or older         rewrite it from the last; it is the last-written of that number
 */
#include "boot/boot_state.h"

#include "boot/print.h"
#include "boot/record.h"
#include "dut.h"
#include "lib/crc.h"

#include <string.h>

enum { /* offsets in the record, as the README lists the fields */
	AT_MAGIC = 0, AT_SEQ = 4, AT_ACTIVE = 8, AT_PENDING = 9, AT_ATTEMPTS = 10, AT_PHASE = 11, AT_REASON = 12,
	AT_TRANSITIONS = 13, AT_COUNTER = 16, AT_VERSION = 20, AT_SHA256 = 28, AT_CRC = 92,
};

void boot_state_encode(const struct boot_state *s, uint8_t out[BOOT_STATE_BYTES])
{
	memset(out, 0, BOOT_STATE_BYTES);
	put_le32(out + AT_MAGIC, BOOT_STATE_MAGIC);
	put_le32(out + AT_SEQ, s->seq);
	out[AT_ACTIVE] = s->active;
	out[AT_PENDING] = s->pending;
	out[AT_ATTEMPTS] = s->attempts;
	out[AT_PHASE] = s->phase;
	out[AT_REASON] = s->reason;
	out[AT_TRANSITIONS] = s->transitions;
	put_le32(out + AT_COUNTER, s->target_counter);
	out[AT_VERSION] = s->target_version.major;
	out[AT_VERSION + 1] = s->target_version.minor;
	out[AT_VERSION + 2] = (uint8_t)s->target_version.revision;
	out[AT_VERSION + 3] = (uint8_t)(s->target_version.revision >> 8);
	put_le32(out + AT_VERSION + 4, s->target_version.build);
	memcpy(out + AT_SHA256, s->target_sha256, sizeof(s->target_sha256));
	put_le32(out + AT_CRC, crc32_ieee(0, out, AT_CRC));
}

static int sensible(const struct boot_state *s)
{
	return s->active <= 1 && (s->pending <= 1 || s->pending == SLOT_NONE) && s->phase <= BOOT_TRIAL &&
	       s->reason < REASON_COUNT;
}

int boot_state_decode(const uint8_t in[BOOT_STATE_BYTES], struct boot_state *s)
{
	struct boot_state d = {
		.seq = get_le32(in + AT_SEQ),
		.active = in[AT_ACTIVE],
		.pending = in[AT_PENDING],
		.attempts = in[AT_ATTEMPTS],
		.phase = in[AT_PHASE],
		.reason = in[AT_REASON],
		.transitions = in[AT_TRANSITIONS],
		.target_counter = get_le32(in + AT_COUNTER),
		.target_version = {
			.major = in[AT_VERSION],
			.minor = in[AT_VERSION + 1],
			.revision = (uint16_t)(in[AT_VERSION + 2] | in[AT_VERSION + 3] << 8),
			.build = get_le32(in + AT_VERSION + 4),
		},
	};

	if (get_le32(in + AT_MAGIC) != BOOT_STATE_MAGIC || get_le32(in + AT_CRC) != crc32_ieee(0, in, AT_CRC) || !sensible(&d))
		return -1;
	memcpy(d.target_sha256, in + AT_SHA256, sizeof(d.target_sha256));
	*s = d;
	return 0;
}

/* One copy as read: the bytes too, since copies are compared as a whole. */
struct copy {
	uint8_t bytes[BOOT_STATE_BYTES];
	struct boot_state state;
	int good;
};

static void read_copy(enum dut_area_id id, struct copy *c)
{
	c->good = !dut_flash_read(dut_board()->area[id].addr, c->bytes, sizeof(c->bytes)) &&
		  !boot_state_decode(c->bytes, &c->state);
}

static int write_copy(enum dut_area_id id, const uint8_t record[BOOT_STATE_BYTES])
{
	return record_write(dut_board()->area[id].addr, record, BOOT_STATE_BYTES);
}

static enum dut_area_id first_copy(uint32_t seq)
{
	return seq & 1 ? DUT_AREA_STATE_A : DUT_AREA_STATE_B;
}

static enum dut_area_id last_copy(uint32_t seq)
{
	return seq & 1 ? DUT_AREA_STATE_B : DUT_AREA_STATE_A;
}

/* Sequence numbers wrap: newer is what is less than half the range ahead. */
static int newer(uint32_t seq, uint32_t than)
{
	return seq != than && seq - than < UINT32_C(1) << 31;
}

enum boot_state_load boot_state_load(struct boot_state *out)
{
	struct copy a, b;

	read_copy(DUT_AREA_STATE_A, &a);
	read_copy(DUT_AREA_STATE_B, &b);
	if (!a.good && !b.good)
		return STATE_LOST;
	if (a.good && b.good && memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0) {
		*out = a.state;
		return STATE_BOTH;
	}
	*out = !b.good || (a.good && !newer(b.state.seq, a.state.seq)) ? a.state : b.state;
	return STATE_REPAIR;
}

int boot_state_repair(const struct boot_state *s)
{
	uint8_t record[BOOT_STATE_BYTES];
	struct copy first, last;
	int last_equal;

	boot_state_encode(s, record);
	read_copy(first_copy(s->seq), &first);
	read_copy(last_copy(s->seq), &last);
	last_equal = last.good && memcmp(last.bytes, record, sizeof(record)) == 0;
	/* Not equal, but whole: the cut came before the last copy's erase, maybe within the first copy's program. */
	if (!first.good || memcmp(first.bytes, record, sizeof(record)) != 0 || (last.good && !last_equal))
		if (write_copy(first_copy(s->seq), record))
			return -1;
	return last_equal ? 0 : write_copy(last_copy(s->seq), record);
}

int boot_state_commit(struct boot_state *s)
{
	struct boot_state next = *s;
	uint8_t record[BOOT_STATE_BYTES];

	next.seq++;
	boot_state_encode(&next, record);
	if (write_copy(first_copy(next.seq), record))
		return -1;
	/*
	 * From here on the record stands, and would win at the next boot: the commit
	 * cannot be taken back. Should the other copy fail, it is repaired then; and a
	 * further commit spares this copy, whose number comes next.
	 */
	s->seq = next.seq;
	if (write_copy(last_copy(next.seq), record))
		print("state: FLASH_FAILED");
	return 0;
}
