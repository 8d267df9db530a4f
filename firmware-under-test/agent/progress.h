/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress.h - how far a download has come, persisted: which image (by SHA-256
 * of the whole file), for which slot, and the offset up to which its pages are
 * complete in flash.
 *
 * Two pages of the area take turns. Each begin goes to the page that does not
 * hold the newest record, so that a cut while a download is being resumed leaves
 * what the last session knew. An area of one page loses it then, and the
 * download starts at 0: slow, but safe.
 */
#ifndef FW_PROGRESS_H
#define FW_PROGRESS_H

#include <stdint.h>

enum progress_step { PROGRESS_NONE, PROGRESS_DOWNLOADING, PROGRESS_WRITTEN };

struct progress {
	enum progress_step step;
	uint32_t slot, size;
	uint32_t off;               /* a page boundary of the slot, or size */
	uint8_t sha256[32];
};

/* A reset or power-up: no record is begun. */
void progress_init(void);

/* What the area tells; step PROGRESS_NONE when it tells nothing valid. */
void progress_load(struct progress *out);

/* Begin a record for this download: erases, then writes identity and off. 0 or -1. Also starts anew after a reset. */
int progress_begin(const struct progress *p);

/* Append the new offset (or the step WRITTEN at off = size) to the record begun in this power session. 0 or -1. */
int progress_advance(uint32_t off, enum progress_step step);

/* Forget: writes nothing when the area tells nothing. 0 or -1. */
int progress_clear(void);

#endif
