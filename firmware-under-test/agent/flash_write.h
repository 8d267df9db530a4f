/* SPDX-License-Identifier: Apache-2.0 */
/* flash_write.h - programs that count only once they can be read. */
#ifndef FW_FLASH_WRITE_H
#define FW_FLASH_WRITE_H

#include <stdint.h>

/* Program len bytes at addr, whole write units in an erased place, and compare. 0 or -1. */
int flash_write(uint32_t addr, const void *src, uint32_t len);

/* len rounded up to whole write units. */
uint32_t flash_round_up(uint32_t len);

/* Fill to[len] with the value of an erased byte: programming it changes nothing. */
void flash_pad(uint8_t *to, uint32_t len);

#endif
