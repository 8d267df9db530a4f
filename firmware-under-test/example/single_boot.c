/* SPDX-License-Identifier: Apache-2.0 */
/*
 * single_boot.c - an example of a bootloader of one's own over dut.h: one slot for
 * the application, and a recovery image that replaces it.
 *
 * Slot A holds the application, slot B the recovery image, which no update ever
 * writes. The host resets the device with boot mode 1; the recovery image runs,
 * makes itself the active one in the boot state, and only then erases slot A. So
 * whatever a cut leaves in slot A, there is an image that can put it right. A new
 * application gets its trial boots; when none is left, recovery is what remains.
 *
 * All that a bootloader needs of the board are the calls of dut.h; the rest here is
 * policy. It is linked with the same agent, image format and boot state as the
 * A/B firmware beside it, and swept as the product `single`.
 */
#include "example/single_boot.h"

#include "boot/boot_counter.h"
#include "boot/boot_select.h"
#include "boot/handover.h"
#include "boot/image_verify.h"
#include "boot/print.h"
#include "dut.h"

enum { APP = 0, RECOVERY = 1 }; /* slots */

static void print_cause(void)
{
	static const char *const names[DUT_CAUSE_COUNT] = {"power-on", "pin", "software", "watchdog", "fault", "brown-out"};
	struct line l;

	line_start(&l, "boot: cause ");
	line_text(&l, names[dut_reset_cause()]);
	line_end(&l);
}

__attribute__((noreturn)) static void run(uint32_t slot, int trial)
{
	const struct dut_board *board = dut_board();

	print(slot == RECOVERY ? "boot: run recovery" : trial ? "boot: run app trial " : "boot: run app");
	handover_set(slot, trial);
	dut_watchdog_start(board->watchdog_ms);
	dut_jump(board->area[slot == RECOVERY ? DUT_AREA_SLOT_B : DUT_AREA_SLOT_A].addr);
}

/* The recovery image is as old as the device: no security counter applies to it. */
__attribute__((noreturn)) static void recover(void)
{
	struct image_info info;

	if (image_verify(RECOVERY, 0, &info) == REASON_NONE)
		run(RECOVERY, 0);
	print("boot: NO_IMAGE");
	for (;;)
		dut_wait_ms(1000); /* nothing is left to run: a service case, and the console says so */
}

/* Slot A is given up. Should the state not be written, the next boot comes to the same end. */
__attribute__((noreturn)) static void fall_back(struct boot_state *s, enum reason why)
{
	struct line l;

	if (s->phase == BOOT_IDLE) {
		select_switch(s, why);
	} else {
		s->active = RECOVERY;
		select_roll_back(s, why);
	}
	boot_state_commit(s);
	line_start(&l, "boot: rollback to recovery reason ");
	line_text(&l, reason_name(why));
	line_end(&l);
	recover();
}

/* A device from the factory has blank state areas and the application in place. */
static void load_state(struct boot_state *s)
{
	switch (boot_state_load(s)) {
	case STATE_BOTH:
		return;
	case STATE_REPAIR:
		boot_state_repair(s);
		return;
	case STATE_LOST:
		select_new_state(s, APP, boot_counter_read() ? REASON_STATE_LOST : REASON_NONE);
		if (s->reason == REASON_STATE_LOST)
			print("boot: STATE_LOST");
		boot_state_commit(s);
	}
}

/* The new application's turn; an attempt that is not counted in flash must not be made. */
__attribute__((noreturn)) static void try_app(struct boot_state *s)
{
	struct image_info info;
	enum reason why = image_verify(APP, boot_counter_read(), &info);

	if (why != REASON_NONE)
		fall_back(s, why);
	select_begin_trial(s);
	if (boot_state_commit(s))
		recover();
	run(APP, 1);
}

void single_boot(void)
{
	struct image_info info;
	struct boot_state s;
	enum reason why;

	handover_count_boot();
	print_cause();
	load_state(&s);
	if (handover_asked() == HANDOVER_BOOT_RECOVERY)
		recover();
	switch (select_update(&s)) {
	case SELECT_GIVE_UP: fall_back(&s, select_trial_reason(&s, dut_reset_cause()));
	case SELECT_TRY: try_app(&s);
	case SELECT_NO_UPDATE: break;
	}
	if (s.active == RECOVERY)
		recover();
	why = image_verify(APP, boot_counter_read(), &info);
	if (why != REASON_NONE)
		fall_back(&s, why);
	/* A cut may have come between the confirm and its counter. */
	boot_counter_raise(info.counter);
	run(APP, 0);
}
