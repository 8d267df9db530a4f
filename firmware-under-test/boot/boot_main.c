/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot_main.c - the bootloader's way from reset to an image: the input and output
 * around boot_select.c.
 *
 * It writes flash only when something is to be repaired, counted or decided; a
 * plain power cycle writes nothing.
 */
#include "boot/boot_main.h"

#include "agent/agent.h"
#include "boot/boot_counter.h"
#include "boot/boot_select.h"
#include "boot/flash_ops.h"
#include "boot/handover.h"
#include "boot/image_verify.h"
#include "boot/print.h"
#include "boot/record.h"
#include "dut.h"

#define RECOVERY_POLL_MS 500u /* any value does: nothing else waits */

static const char *slot_name(uint32_t slot)
{
	return slot ? "b" : "a";
}

static void print_cause(void)
{
	static const char *const names[DUT_CAUSE_COUNT] = {"power-on", "pin", "software", "watchdog", "fault", "brown-out"};
	uint32_t cause = (uint32_t)dut_reset_cause();
	struct line l;

	line_start(&l, "boot: cause ");
	line_text(&l, cause < DUT_CAUSE_COUNT ? names[cause] : "unknown");
	line_end(&l);
}

static void print_rollback(uint32_t slot, enum reason why)
{
	struct line l;

	line_start(&l, "boot: rollback to ");
	line_text(&l, slot_name(slot));
	line_text(&l, " reason ");
	line_text(&l, reason_name(why));
	line_end(&l);
}

/* Which attempt of how many, on trial; NULL: the image is confirmed. */
static void print_run(uint32_t slot, const struct boot_state *trial)
{
	uint32_t total = dut_board()->trial_attempts;
	struct line l;

	line_start(&l, "boot: run ");
	line_text(&l, slot_name(slot));
	if (trial) {
		line_text(&l, " trial ");
		line_u32(&l, trial->attempts < total ? total - trial->attempts : 1);
		line_text(&l, "/");
		line_u32(&l, total);
	} else {
		line_text(&l, " confirmed");
	}
	line_end(&l);
}

__attribute__((noreturn)) static void recover(void)
{
	print("boot: NO_IMAGE");
	agent_init(AGENT_RECOVERY, SLOT_NONE, 0);
	for (;;)
		agent_poll(RECOVERY_POLL_MS);
}

__attribute__((noreturn)) static void run(uint32_t slot, const struct boot_state *trial)
{
	const struct dut_board *board = dut_board();

	print_run(slot, trial);
	handover_set(slot, trial != NULL);
	dut_watchdog_start(board->watchdog_ms);
	dut_jump(board->area[slot ? DUT_AREA_SLOT_B : DUT_AREA_SLOT_A].addr);
}

static struct slot_check check_slot(uint32_t slot)
{
	struct image_info info;
	struct slot_check c = {.why = image_verify(slot, boot_counter_read(), &info)};

	if (c.why == REASON_NONE)
		c.counter = info.counter;
	return c;
}

static int area_is_erased(enum dut_area_id id)
{
	return flash_is_erased(dut_board()->area[id].addr, dut_board()->area[id].size);
}

/*
 * From the factory: no counter was ever written, which happens at the end of the
 * first boot, and no more than one copy of the state was begun.
 */
static int is_factory_new(void)
{
	return area_is_erased(DUT_AREA_COUNTER_A) && area_is_erased(DUT_AREA_COUNTER_B) &&
	       (area_is_erased(DUT_AREA_STATE_A) || area_is_erased(DUT_AREA_STATE_B));
}

/* Neither copy of the state is valid. */
static void start_anew(struct boot_state *s)
{
	enum reason why = is_factory_new() ? REASON_NONE : REASON_STATE_LOST;
	struct slot_check check[2];
	uint32_t active;

	if (why != REASON_NONE)
		print("boot: STATE_LOST");
	check[0] = check_slot(0);
	check[1] = check_slot(1);
	active = select_without_state(check);
	if (active == SLOT_NONE)
		recover();
	select_new_state(s, active, why);
	boot_state_commit(s); /* should it fail, the next boot decides the same */
}

static void load_state(struct boot_state *s)
{
	switch (boot_state_load(s)) {
	case STATE_BOTH:
		break;
	case STATE_REPAIR:
		boot_state_repair(s); /* should it fail, the good copy still holds, and the next boot tries again */
		break;
	case STATE_LOST:
		start_anew(s);
		break;
	}
}

static void roll_back(struct boot_state *s, enum reason why)
{
	select_roll_back(s, why);
	boot_state_commit(s);
	print_rollback(s->active, why);
}

/* Give the pending image its boot, when it is due one. Returns when the active image is to run. */
static void try_update(struct boot_state *s)
{
	struct slot_check c;

	switch (select_update(s)) {
	case SELECT_NO_UPDATE:
		return;
	case SELECT_GIVE_UP:
		roll_back(s, select_trial_reason(s, dut_reset_cause()));
		return;
	case SELECT_TRY:
		break;
	}
	c = check_slot(s->pending);
	if (c.why != REASON_NONE) {
		roll_back(s, c.why);
		return;
	}
	select_begin_trial(s);
	/* An attempt that is not counted in flash must not be made: it could repeat for ever. */
	if (boot_state_commit(s)) {
		print("boot: FLASH_FAILED");
		return;
	}
	run(s->pending, s);
}

__attribute__((noreturn)) static void run_active(struct boot_state *s)
{
	struct slot_check c = check_slot(s->active);

	if (c.why != REASON_NONE) {
		enum reason why = c.why;

		c = check_slot(s->active ^ 1u);
		if (c.why != REASON_NONE)
			recover();
		select_switch(s, why);
		boot_state_commit(s);
		print_rollback(s->active, why);
	}
	/* The state is confirmed before the counter: after a cut between them the counter catches up here. */
	boot_counter_raise(c.counter);
	run(s->active, NULL);
}

void boot_main(void)
{
	struct boot_state s;

	handover_count_boot();
	print_cause();
	load_state(&s);
	try_update(&s);
	run_active(&s);
}
