/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot_counter.h - the security counter (rollback index): only ever rises.
 */
#ifndef FW_BOOT_COUNTER_H
#define FW_BOOT_COUNTER_H

#include <stdint.h>

/* Highest valid record of both areas, 0 when there is none. */
uint32_t boot_counter_read(void);

/* Raise it to value (no write when it is not lower). The highest record is intact at every cut. 0 or -1. */
int boot_counter_raise(uint32_t value);

#endif
