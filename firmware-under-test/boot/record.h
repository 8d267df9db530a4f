/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.h - one record at the start of a page: erased, written, read back.
 */
#ifndef FW_RECORD_H
#define FW_RECORD_H

#include <stdint.h>

#define RECORD_MAX_BYTES 96u

uint32_t get_le32(const uint8_t *p);
void put_le32(uint8_t *p, uint32_t v);

/*
 * Erase the page at addr, program len bytes (at most RECORD_MAX_BYTES), filled up to a whole write
 * unit with the erased value, and read them back. 0, or -1: the flash failed; the page then holds anything.
 */
int record_write(uint32_t addr, const uint8_t *record, uint32_t len);

#endif
