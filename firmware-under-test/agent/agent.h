/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent.h - the update agent: serves SMP, writes the inactive slot, asks for a
 * trial, confirms. Linked into the application and, for recovery, into the
 * bootloader.
 */
#ifndef FW_AGENT_H
#define FW_AGENT_H

#include "boot/reason.h"

#include <stdint.h>

enum agent_mode {
	AGENT_APP,       /* an application runs in running_slot */
	AGENT_RECOVERY,  /* no image verifies: running_slot is SLOT_NONE, any slot may be written */
};

/* Set up RAM state; reads the boot state. */
void agent_init(enum agent_mode mode, uint32_t running_slot, int trial);

/* Serve what arrives within timeout_ms (at least one read); feeds the watchdog. Resets the device when an SMP reset is due. */
void agent_poll(uint32_t timeout_ms);

/* The running trial image is healthy: boot state, then security counter, then the console mark "app: confirmed". 0 or -1. */
int agent_confirm(void);

/* The running trial image gives up: attempts 0, reason; the caller resets. 0 or -1. */
int agent_fail(enum reason why);

#endif
