/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot_select.h - what the bootloader decides, apart from how it finds out: pure
 * functions over the boot state, the reset cause and what verification said.
 */
#ifndef FW_BOOT_SELECT_H
#define FW_BOOT_SELECT_H

#include "boot/boot_state.h"
#include "boot/reason.h"
#include "dut.h"

#include <stdint.h>

/* What verification said of a slot. */
struct slot_check {
	enum reason why;     /* REASON_NONE: good */
	uint32_t counter;    /* security counter of a good image */
};

enum select_update {
	SELECT_NO_UPDATE,    /* run the active slot */
	SELECT_TRY,          /* verify the pending slot and give it a boot */
	SELECT_GIVE_UP,      /* out of attempts: roll back */
};

enum select_update select_update(const struct boot_state *s);

/* Spend one attempt; the update is on trial from here on. */
void select_begin_trial(struct boot_state *s);

/* Why a trial that is out of attempts failed: what the image said itself, else how its last boot ended. */
enum reason select_trial_reason(const struct boot_state *s, enum dut_reset_cause cause);

/* Back to the active slot. */
void select_roll_back(struct boot_state *s, enum reason why);

/* The active image is bad for the reason given and the other slot's is good: that one is active now. */
void select_switch(struct boot_state *s, enum reason why);

/* Without a state: the good slot with the highest counter, A of two equal ones; SLOT_NONE. */
uint32_t select_without_state(const struct slot_check check[2]);

/* The state of a board that runs `active` and knows nothing of its past. */
void select_new_state(struct boot_state *s, uint32_t active, enum reason why);

#endif
