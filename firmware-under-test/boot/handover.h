/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handover.h - what the bootloader tells the application: retained words, since
 * RAM belongs to one of them at a time.
 * Word 0: 0x4250 << 16 | trial << 8 | slot. Word 1: boots since power-on. Word 2:
 * 0x4250 << 16 | boot mode, from the application to the bootloader.
 */
#ifndef FW_HANDOVER_H
#define FW_HANDOVER_H

#include <stdint.h>

struct handover {
	uint32_t slot;   /* that runs */
	int trial;       /* it must confirm */
};

void handover_set(uint32_t slot, int trial);
/* 0, or -1 when no bootloader wrote one (then *out is slot 0, no trial). */
int handover_get(struct handover *out);
uint32_t handover_boots(void);
void handover_count_boot(void);

/* Boot modes as SMP's reset names them (Zephyr, retention/bootmode.h, enum BOOT_MODE_TYPES). A bootloader may know no recovery. */
#define HANDOVER_BOOT_NORMAL 0u
#define HANDOVER_BOOT_RECOVERY 1u
void handover_ask(uint32_t boot_mode);
/* What was asked for, once: it is forgotten by reading it, and by power loss. */
uint32_t handover_asked(void);

#endif
