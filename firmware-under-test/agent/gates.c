/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/gates.h"

#include "dut.h"

#include <stdint.h>

#define DAY_S 86400
#define CLOCK_SET_S 1577836800 /* 2020-01-01: before that no board was made; its clock was never set, or lost its battery */

enum reason gate_download(void)
{
	const struct dut_gates *g = &dut_board()->gates;
	uint32_t percent = dut_battery_percent();

	if (percent < g->battery_percent)
		return REASON_LOW_BATTERY;
	return percent < g->mains_below_percent && !dut_mains() ? REASON_NO_MAINS : REASON_NONE;
}

/* A board whose clock tells nothing must stay updatable: the window is open. */
static int in_window(const struct dut_gates *g)
{
	int64_t now = dut_wallclock_s();
	uint32_t minute;

	if (g->window_from_min == g->window_to_min || now < CLOCK_SET_S)
		return 1;
	minute = (uint32_t)(now % DAY_S / 60);
	if (g->window_from_min < g->window_to_min)
		return minute >= g->window_from_min && minute < g->window_to_min;
	return minute >= g->window_from_min || minute < g->window_to_min; /* over midnight */
}

enum reason gate_install(void)
{
	enum reason why = gate_download();

	if (why != REASON_NONE)
		return why;
	return in_window(&dut_board()->gates) ? REASON_NONE : REASON_OUTSIDE_WINDOW;
}
