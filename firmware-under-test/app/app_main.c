/* SPDX-License-Identifier: Apache-2.0 */
#include "app/app_main.h"

#include "agent/agent.h"
#include "agent/config.h"
#include "boot/handover.h"
#include "boot/image_verify.h"
#include "boot/print.h"
#include "dut.h"

#include <stdint.h>

#define POLL_MS 500u         /* how often the trial's budget is looked at */
#define HEALTH_MS 200u       /* what a real image would spend on its sensors and radio */
#define LATE_CRASH_MS 500u   /* long enough for the confirm to be reported */

static void print_up(uint32_t slot)
{
	struct image_info info;
	struct line l;

	line_start(&l, "app: up ");
	if (image_inspect(slot, &info) == REASON_NONE)
		line_version(&l, &info.version);
	else
		line_text(&l, "?"); /* it runs, yet its header does not read as it did at boot */
	line_text(&l, slot ? " slot b" : " slot a");
	line_end(&l);
}

static int is_healthy(enum app_kind kind)
{
	dut_wait_ms(HEALTH_MS);
	return kind != APP_EXPLICIT_FAIL && !dut_selftest();
}

/* A write to address 0; the address is volatile, or the compiler would see through it. */
static void fault(void)
{
	static volatile uintptr_t nowhere;

	*(volatile uint32_t *)nowhere = 0; /* NOLINT(clang-analyzer-core.NullDereference,performance-no-int-to-ptr): that is what it is for */
}

/* Answer the host for good. An image that must confirm and has not within its budget gives its boot back. */
__attribute__((noreturn)) static void serve(int must_confirm)
{
	uint64_t budget_us = (uint64_t)dut_board()->trial_budget_ms * 1000;

	for (;;) {
		agent_poll(POLL_MS);
		if (must_confirm && dut_time_us() >= budget_us)
			dut_reset();
	}
}

__attribute__((noreturn)) static void live(enum app_kind kind, int trial)
{
	if (kind == APP_NEVER_CONFIRM)
		serve(trial);
	if (!is_healthy(kind)) {
		print("app: unhealthy");
		if (!trial)
			serve(0); /* nothing to go back to: stay updatable */
		agent_fail(REASON_UNHEALTHY);
		dut_reset();
	}
	print("app: healthy");
	if (trial && agent_confirm())
		serve(1); /* not written: the budget ends this boot, and the bootloader decides */
	/* Only now: there is no way back to an image that reads the old one. Should it fail, the next boot tries again. */
	config_migrate();
	if (!trial)
		serve(0);
	if (kind == APP_CONFIRM_THEN_CRASH) {
		dut_wait_ms(LATE_CRASH_MS);
		fault();
	}
	serve(0);
}

void app_main(enum app_kind kind, enum config_schema schema)
{
	struct handover h;

	handover_get(&h); /* without a bootloader: slot A, confirmed */
	print_up(h.slot);
	if (kind == APP_CRASH)
		fault();
	if (kind == APP_HANG)
		hang_forever();
	config_init(schema);
	agent_init(AGENT_APP, h.slot, h.trial);
	live(kind, h.trial);
}
