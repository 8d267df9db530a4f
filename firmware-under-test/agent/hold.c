/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/hold.h"

#include "boot/print.h"

static enum hold state;

void hold_reset(void)
{
	if (state == HOLD_NOT)
		state = HOLD_HELD;
}

int hold_release(void)
{
	int due = state == HOLD_WAITING;

	state = HOLD_NOT;
	return due;
}

int hold_back(void)
{
	if (state == HOLD_NOT)
		return 0;
	state = HOLD_WAITING;
	print("agent: reset held");
	return 1;
}

enum hold hold_state(void)
{
	return state;
}
