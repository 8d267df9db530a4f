/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot_state.h - the boot state, kept twice with sequence and CRC.
 *
 * One record at the start of each state area. A commit writes one copy, then the
 * other, each after erasing its page: at any cut at least one copy is whole. They
 * take turns in going first (boot_state.c says why). A page that reads blank may
 * be weak after a torn erase, so nothing is ever appended.
 */
#ifndef FW_BOOT_STATE_H
#define FW_BOOT_STATE_H

#include "boot/reason.h"

#include <stdint.h>

#define BOOT_STATE_MAGIC 0x54535042u /* "BPST" */
#define BOOT_STATE_BYTES 96u
#define SLOT_NONE 0xffu

enum boot_phase { BOOT_IDLE, BOOT_PENDING, BOOT_TRIAL };

enum { /* bits of `transitions`, set as the last update went through them */
	TRANSITION_DOWNLOADED = 1, TRANSITION_WRITTEN = 2, TRANSITION_TRIAL = 4, TRANSITION_CONFIRMED = 8,
	TRANSITION_ROLLED_BACK = 16,
};

struct fw_version {
	uint8_t major, minor;
	uint16_t revision;
	uint32_t build;
};

struct boot_state {
	uint32_t seq;
	uint8_t active, pending;     /* slot 0, 1 or SLOT_NONE (pending) */
	uint8_t attempts;            /* trial boots left */
	uint8_t phase;               /* enum boot_phase */
	uint8_t reason;              /* enum reason: how the last update ended */
	uint8_t transitions;
	uint32_t target_counter;     /* of the update under way or last ended */
	struct fw_version target_version;
	uint8_t target_sha256[32];
};

enum boot_state_load {
	STATE_BOTH,     /* both copies valid and equal */
	STATE_REPAIR,   /* one copy is bad or older: the caller rewrites it with boot_state_repair() */
	STATE_LOST,     /* neither is valid; *out is untouched */
};

/* Pure codec: BOOT_STATE_BYTES each way. decode returns 0 or -1. */
void boot_state_encode(const struct boot_state *s, uint8_t out[BOOT_STATE_BYTES]);
int boot_state_decode(const uint8_t in[BOOT_STATE_BYTES], struct boot_state *s);

/* Read both copies; the newest valid one goes to *out. */
enum boot_state_load boot_state_load(struct boot_state *out);

/* Rewrite the copy that is not equal to s (s as loaded; its seq stays). 0 or -1. */
int boot_state_repair(const struct boot_state *s);

/*
 * Write s with the next sequence number to both copies, reading each back. 0: it
 * stands, in one of them at least; -1: the flash failed, and what was there stands.
 * s->seq is updated.
 */
int boot_state_commit(struct boot_state *s);

#endif
