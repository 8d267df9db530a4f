/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"

#include "agent/smp_frame.h"
#include "agent/smp_server.h"
#include "agent/update.h"
#include "dut.h"

#include <string.h>

/* A frame's lines follow each other at once; 127 characters take 11 ms at 115200 baud. A pause beyond this ends the wait. */
#define GAP_MS 50u
/* The largest request has 14 lines. More reads than this go back to the caller first. */
#define READS_PER_POLL 32u
/* README.md, "SMP": time for the answer to reach the host. */
#define RESET_DELAY_MS 100u

static struct {
	uint8_t line[SMP_MAX_LINE];
	uint32_t len;
	int skip;           /* the line is longer than any frame's: drop what is left of it */
	struct smp_rx rx;
} in;

void agent_init(enum agent_mode mode, uint32_t running_slot, int trial)
{
	memset(&in, 0, sizeof(in));
	update_init(mode, running_slot, trial);
}

/* What was received up to now, a line or a part of it. */
static void take(uint32_t n)
{
	const uint8_t *msg;
	uint32_t msg_len;
	int whole;

	in.len += n;
	whole = in.line[in.len - 1] == '\n';
	if (!whole && in.len < SMP_MAX_LINE)
		return;
	if (whole && !in.skip && smp_rx_line(&in.rx, in.line, in.len, &msg, &msg_len) && smp_serve(msg, msg_len)) {
		dut_wait_ms(RESET_DELAY_MS);
		dut_reset();
	}
	in.skip = !whole;
	in.len = 0;
}

void agent_poll(uint32_t timeout_ms)
{
	uint32_t wait = timeout_ms;

	for (uint32_t i = 0; i < READS_PER_POLL; i++) {
		uint32_t n = dut_uart_read(in.line + in.len, SMP_MAX_LINE - in.len, '\n', wait);

		dut_watchdog_feed();
		if (!n)
			return;
		take(n);
		/* Stay as long as a line or a frame is under way. */
		if (!in.len && !in.rx.len)
			return;
		wait = GAP_MS;
	}
}

int agent_confirm(void)
{
	return update_confirm() == REASON_NONE ? 0 : -1;
}

int agent_fail(enum reason why)
{
	return update_fail(why);
}
