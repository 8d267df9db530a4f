/* SPDX-License-Identifier: Apache-2.0 */
/* flash_parts.h - flash parts of several kinds, and what the flash suites ask of them. */
#ifndef BP_TESTS_FLASH_PARTS_H
#define BP_TESTS_FLASH_PARTS_H

#include "vboard/flash.h"

#define FLASH_SEED UINT64_C(7)
#define FLASH_PARTS 4

struct flash_part {
	const char *name;
	struct bp_geometry geo;
};
extern const struct flash_part flash_parts[FLASH_PARTS]; /* the last one has the widest unit there is */

/* cmocka fixtures: flashes live until the test's end. */
int flash_begin(void **state);
int flash_end(void **state);

struct bp_flash *flash_blank(const struct bp_geometry *geo, uint64_t seed);

/* The value farthest from erased; a whole page of it, unit by unit. */
uint8_t flash_opposite(const struct bp_geometry *g);
void flash_fill_page(struct bp_flash *f, uint32_t page);

unsigned flash_bits(uint8_t byte);
unsigned flash_weak_bits(const struct bp_flash *f);
bool flash_same_hash(struct bp_flash *a, struct bp_flash *b);

/* A page's flags are true of its cells: reads and hashes rely on it. Fails the test. */
void flash_assert_flags(const struct bp_flash *f);

#endif
