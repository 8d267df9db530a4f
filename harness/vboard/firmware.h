/* SPDX-License-Identifier: Apache-2.0 */
/*
 * firmware.h - a native firmware object: loading it, and what resets, jumps and
 * power loss do to its RAM.
 */
#ifndef BP_VBOARD_FIRMWARE_H
#define BP_VBOARD_FIRMWARE_H

#include "base/arena.h"
#include "base/err.h"
#include "dut.h"

#include <stdint.h>

struct bp_firmware {
	const char *path;
	const struct dut_firmware *fw;
	void *handle;
	void *boot_data, *app_data; /* as loaded: what start-up code restores */
};

/* Load the shared object at path and check what it exports. Allocates in a. */
int bp_firmware_load(struct bp_arena *a, const char *path, struct bp_firmware *out, struct bp_err *err);
void bp_firmware_unload(struct bp_firmware *f);

/* Entry of that name, NULL when the firmware has none. */
void (*bp_firmware_entry(const struct bp_firmware *f, const char *name))(void);

/* Power came up: everything in RAM, .noinit too, holds garbage drawn from seed. */
void bp_firmware_poison(const struct bp_firmware *f, uint64_t seed);

/* Start-up code of the bootloader or of an application: .data restored, .bss cleared; the other side's RAM is poisoned. */
void bp_firmware_start_boot(const struct bp_firmware *f, uint64_t seed);
void bp_firmware_start_app(const struct bp_firmware *f, uint64_t seed);

#endif
