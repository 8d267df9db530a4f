/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold.h - the application may hold a reset back, as while a motor runs: what the
 * host asks for is answered, remembered, and done when the application lets go. In
 * RAM: a reset or power loss ends it.
 */
#ifndef FW_HOLD_H
#define FW_HOLD_H

enum hold { HOLD_NOT, HOLD_HELD, HOLD_WAITING }; /* WAITING: held, and a reset was asked for */

/* From now on resets wait. */
void hold_reset(void);

/* Resets may go on. 1: one waits, and is due now. */
int hold_release(void);

/* The host asks for a reset. 1: it is held back. */
int hold_back(void);

enum hold hold_state(void);

#endif
