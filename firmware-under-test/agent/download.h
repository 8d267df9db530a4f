/* SPDX-License-Identifier: Apache-2.0 */
/*
 * download.h - the bytes of one image into its slot, page by page, with the
 * progress record kept up beside it.
 */
#ifndef FW_DOWNLOAD_H
#define FW_DOWNLOAD_H

#include "agent/manifest.h"
#include "agent/progress.h"

#include <stdint.h>

/* A reset or power-up: nothing is under way. */
void download_init(void);

/*
 * Aim at that payload. The same image as the one under way goes on where it stands; one that
 * `known` (from flash) tells of resumes at its last whole page, once a new record says so: the one
 * that was read may be a torn one's luck. Any other starts at 0, and nothing is written yet. 0, or -1: flash failed.
 */
int download_open(const struct manifest_payload *target, const struct progress *known);

/* The next byte that is wanted: everything before it is in flash. */
uint32_t download_off(void);

/*
 * Write data[len] at download_off(); off + len is at most the image's size. A tail that does not fill a
 * write unit is left out, unless it ends the image: download_off() then tells what was taken. 0, or -1:
 * flash failed, and the page under way is wanted again.
 */
int download_write(const uint8_t *data, uint32_t len);

/* The image is whole and good: record it. 0 or -1. */
int download_finish(void);

/* What was written is worthless: forget it, also in flash. The next byte wanted is 0. */
void download_abort(void);

#endif
