/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update.h - what an update may do, and when: manifest, upload, trial, confirm.
 * Each refusal prints "agent: refused REASON" and is the reason that the status
 * reports until a manifest is accepted.
 */
#ifndef FW_UPDATE_H
#define FW_UPDATE_H

#include "agent/agent.h"
#include "boot/boot_state.h"

#include <stdint.h>

struct update_chunk {
	uint32_t off;
	const uint8_t *data;
	uint32_t data_len;
	int has_len;
	uint32_t len;           /* announced size of the image */
	const uint8_t *sha256;  /* announced hash of the whole file, or NULL */
};

struct update_status {
	uint32_t step, off;     /* enum progress_step; bytes in flash */
	uint32_t running;       /* slot, or SLOT_NONE */
	int trial;
	enum reason reason;
	uint32_t counter;       /* stored security counter */
	struct fw_version version;       /* of the running image, zero in recovery */
	const struct boot_state *state;  /* borrowed; as last loaded or written */
};

void update_init(enum agent_mode mode, uint32_t running_slot, int trial);

/* A signed manifest, and the gates of a download. REASON_NONE: *slot is to be written, from *off on. */
enum reason update_offer(const uint8_t *manifest, uint32_t len, uint32_t *slot, uint32_t *off);

/* A piece of the image. REASON_NONE: *next is the offset wanted next; all before it is in flash. */
enum reason update_write(const struct update_chunk *chunk, uint32_t *next);

/* Boot the image with that digest once it is written and the gates of an install are open: a trial. A refusal costs nothing. */
enum reason update_request_trial(const uint8_t digest[32]);

/* The running image is good: nothing happens unless it is on trial. */
enum reason update_confirm(void);

/* The running trial image gives up. 0 or -1. */
int update_fail(enum reason why);

void update_status(struct update_status *out);

#endif
