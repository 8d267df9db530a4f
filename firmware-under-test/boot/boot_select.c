/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/boot_select.h"

#include <string.h>

enum select_update select_update(const struct boot_state *s)
{
	if (s->phase == BOOT_IDLE)
		return SELECT_NO_UPDATE;
	/* No slot to try: a state that nobody writes; rolling back clears it. */
	if (s->pending > 1 || s->pending == s->active)
		return SELECT_GIVE_UP;
	return s->attempts ? SELECT_TRY : SELECT_GIVE_UP;
}

void select_begin_trial(struct boot_state *s)
{
	s->attempts--;
	s->phase = BOOT_TRIAL;
	s->transitions |= TRANSITION_TRIAL;
	/* So that a reason found when attempts have run out is the image's own. */
	s->reason = REASON_NONE;
}

enum reason select_trial_reason(const struct boot_state *s, enum dut_reset_cause cause)
{
	if (s->phase == BOOT_TRIAL && s->reason != REASON_NONE)
		return (enum reason)s->reason;
	switch (cause) {
	case DUT_CAUSE_FAULT:
		return REASON_CRASHED;
	case DUT_CAUSE_WATCHDOG:
		return REASON_WATCHDOG;
	default:
		return REASON_NO_CONFIRM;
	}
}

static void end_update(struct boot_state *s, enum reason why)
{
	s->pending = SLOT_NONE;
	s->attempts = 0;
	s->phase = BOOT_IDLE;
	s->reason = (uint8_t)why;
}

void select_roll_back(struct boot_state *s, enum reason why)
{
	end_update(s, why);
	s->transitions |= TRANSITION_ROLLED_BACK;
}

void select_switch(struct boot_state *s, enum reason why)
{
	end_update(s, why);
	s->active ^= 1;
}

uint32_t select_without_state(const struct slot_check check[2])
{
	uint32_t best = SLOT_NONE;

	for (uint32_t slot = 0; slot < 2; slot++)
		if (check[slot].why == REASON_NONE && (best == SLOT_NONE || check[slot].counter > check[best].counter))
			best = slot;
	return best;
}

void select_new_state(struct boot_state *s, uint32_t active, enum reason why)
{
	memset(s, 0, sizeof(*s));
	s->active = (uint8_t)active;
	end_update(s, why);
}
