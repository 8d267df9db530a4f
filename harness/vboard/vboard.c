/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vboard.c - the host's side of the virtual board: power, resets, jumps, and the
 * loop that lets the firmware run until something happens.
 */
#include "vboard/board.h"

#include <string.h>

#define RESET_NS UINT64_C(100000) /* reset pulse and start-up, as on nRF52: t_START up to 0.1 ms */

int bp_vboard_new(struct bp_arena *a, const struct bp_vboard_setup *setup, struct bp_vboard **out, struct bp_err *err)
{
	struct bp_vboard *b = bp_arena_alloc(a, sizeof(*b));
	int rc;

	if (!b)
		return bp_fail(err, BP_ENOMEM, "no memory for a virtual board");
	b->canary_low = b->canary_high = BP_CANARY;
	b->config = setup->config;
	b->firmware = setup->firmware;
	b->images = setup->images;
	b->accel = setup->accel;
	b->seed = setup->seed;
	b->cache = bp_accel_cache_new(a);
	if (!b->cache || bp_flash_new(a, &setup->config->flash, setup->seed, &b->flash))
		return bp_fail(err, BP_ENOMEM, "no memory for the virtual board's flash");
	rc = bp_hardfault_catch(err);
	if (rc)
		return rc;
	rc = bp_coroutine_new(&b->co, err);
	if (rc)
		return rc;
	bp_vboard_rewind(b);
	*out = b;
	return 0;
}

void bp_vboard_free(struct bp_vboard *b)
{
	if (b)
		bp_coroutine_free(&b->co);
}

void bp_vboard_firmware(struct bp_vboard *b, const struct bp_firmware *fw)
{
	b->firmware = fw;
}

void bp_vboard_watch(struct bp_vboard *b, const struct bp_vboard_watch *watch)
{
	b->watch = watch ? *watch : (struct bp_vboard_watch){0};
}

int bp_vboard_forked(struct bp_err *err)
{
	return bp_hardfault_catch(err);
}

struct bp_flash *bp_vboard_flash(struct bp_vboard *b) { return b->flash; }
uint64_t bp_vboard_now(const struct bp_vboard *b) { return b->now; }
bool bp_vboard_is_on(const struct bp_vboard *b) { return b->on; }
uint64_t bp_vboard_ops(const struct bp_vboard *b) { return b->ops; }
uint64_t bp_vboard_last_op_ns(const struct bp_vboard *b) { return b->last_op_ns; }
const struct bp_cut_report *bp_vboard_cut_report(const struct bp_vboard *b) { return &b->report; }
int bp_vboard_running(const struct bp_vboard *b) { return b->running; }
uint32_t bp_vboard_running_slot(const struct bp_vboard *b) { return b->running_slot; }
unsigned bp_vboard_boots(const struct bp_vboard *b) { return b->boots; }
unsigned bp_vboard_unknown_runs(const struct bp_vboard *b) { return b->unknown_runs; }
uint64_t bp_vboard_byte_ns(const struct bp_vboard *b) { return b->uart.byte_ns; }

bool bp_vboard_sane(const struct bp_vboard *b)
{
	return b->canary_low == BP_CANARY && b->canary_high == BP_CANARY;
}

bool bp_vboard_idle(const struct bp_vboard *b)
{
	return b->on && b->leave == BP_LEAVE_WAIT && b->uart.rx_head == b->uart.rx_len;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void bp_board_next_stop(struct bp_vboard *b)
{
	b->next_stop = least(least(b->run_until, b->watchdog_at), least(b->arm_time, b->core_dead_at));
}

void bp_vboard_disarm(struct bp_vboard *b)
{
	b->arm_op = 0;
	b->arm_time = BP_NEVER;
	b->arm_fault = BP_FAULT_POWER_CUT;
	bp_board_next_stop(b);
}

void bp_vboard_arm_op(struct bp_vboard *b, uint64_t ordinal, enum bp_cut_position position, struct bp_torn torn)
{
	b->arm_op = ordinal;
	b->arm_position = position;
	b->arm_torn = torn;
	b->arm_fault = BP_FAULT_POWER_CUT;
	b->report.fired = false;
}

void bp_vboard_arm_fault(struct bp_vboard *b, enum bp_fault fault, uint64_t lasts_ns)
{
	b->arm_fault = fault;
	b->arm_lasts_ns = lasts_ns;
}

void bp_vboard_allow(struct bp_vboard *b, uint32_t areas)
{
	b->allowed = areas;
}

void bp_vboard_arm_time(struct bp_vboard *b, uint64_t at_ns)
{
	b->arm_time = at_ns;
	b->report.fired = false;
	bp_board_next_stop(b);
}

void bp_vboard_count_ops(struct bp_vboard *b)
{
	b->ops = 0;
}

static void stop(struct bp_vboard *b)
{
	b->on = b->warm = false;
	b->leave = BP_LEAVE_NONE;
	b->running = BP_RUNNING_BOOT;
	b->watchdog_at = b->flash_dead_at = b->core_dead_at = BP_NEVER;
	b->watchdog_ns = 0;
	b->halted = b->halt_wanted = false;
	b->pending = NULL;
	memset(b->retained, 0, sizeof(b->retained));
	bp_uart_clear_rx(&b->uart);
	if (b->report.fired) /* a power cycle that the scenario itself asks for leaves armed what is */
		bp_vboard_disarm(b);
}

static size_t noinit_bytes(const struct bp_vboard *b)
{
	return (size_t)((const uint8_t *)b->firmware->fw->noinit_end - (const uint8_t *)b->firmware->fw->noinit);
}

size_t bp_vboard_kept_bytes(const struct bp_vboard *b)
{
	return sizeof(b->retained) + noinit_bytes(b);
}

void bp_vboard_kept(const struct bp_vboard *b, uint8_t *out)
{
	memcpy(out, b->retained, sizeof(b->retained));
	memcpy(out + sizeof(b->retained), b->firmware->fw->noinit, noinit_bytes(b));
}

/* Off as far as the host can tell, until the reset is over. */
static void hold_warm(struct bp_vboard *b, enum bp_fault fault)
{
	static const enum dut_reset_cause causes[BP_FAULTS] = {
		[BP_FAULT_RESET_PIN] = DUT_CAUSE_PIN, [BP_FAULT_RESET_SOFTWARE] = DUT_CAUSE_SOFTWARE,
		[BP_FAULT_RESET_WATCHDOG] = DUT_CAUSE_WATCHDOG,
	};
	uint32_t retained[DUT_RETAINED_WORDS];

	memcpy(retained, b->retained, sizeof(retained));
	stop(b);
	memcpy(b->retained, retained, sizeof(retained));
	b->warm = true;
	b->warm_cause = causes[fault];
}

void bp_vboard_hold_kept(struct bp_vboard *b, enum bp_fault fault, const uint8_t *kept)
{
	memcpy(b->retained, kept, sizeof(b->retained));
	memcpy(b->firmware->fw->noinit, kept + sizeof(b->retained), noinit_bytes(b));
	hold_warm(b, fault);
}

void bp_vboard_surround(struct bp_vboard *b, const struct bp_around *around)
{
	b->around = around ? *around : b->config->around;
	if (around)
		b->around.wallclock_s -= (int64_t)(b->now / UINT64_C(1000000000));
}

void bp_vboard_rewind(struct bp_vboard *b)
{
	b->now = b->last_op_ns = b->ops = 0;
	b->still = 0;
	b->still_at = 0;
	bp_vboard_surround(b, NULL);
	b->boots = b->boots_since_fault = b->unknown_runs = 0;
	b->low_from = b->low_until = 0;
	b->bad_page = b->allowed = 0;
	b->report = (struct bp_cut_report){0};
	bp_uart_init(&b->uart, b->config->baud);
	b->flash->epoch = 0;
	b->flash->n_traps = 0;
	b->flash->trap = (struct bp_trap){0};
	stop(b);
	bp_vboard_disarm(b);
}

/* The core is reset within an operation: the flash controller finishes what it began. */
static void finish_pending(struct bp_vboard *b)
{
	uint64_t now = b->now;

	if (!b->pending)
		return;
	bp_board_apply(b, b->pending);
	b->now = b->last_op_ns = now;
	b->pending = NULL;
}

static void reset(struct bp_vboard *b, enum dut_reset_cause cause)
{
	finish_pending(b);
	b->cause = cause;
	b->boots++;
	b->boots_since_fault++;
	b->now += RESET_NS;
	b->reset_at = b->now;
	b->watchdog_ns = 0;
	b->watchdog_at = BP_NEVER;
	b->running = BP_RUNNING_BOOT;
	b->leave = BP_LEAVE_TIME;
	b->calls = b->jumps = 0;
	bp_uart_clear_rx(&b->uart);
	bp_firmware_start_boot(b->firmware, b->seed + b->boots_since_fault);
	bp_coroutine_start(&b->co, b->firmware->fw->boot);
	bp_board_next_stop(b);
	if (b->watch.reset)
		b->watch.reset(b->watch.ctx, cause);
	if (b->debugged && b->debug.reset)
		b->halted = b->debug.reset(b->debug.ctx, cause) || b->halt_wanted;
	b->halt_wanted = false;
}

void bp_vboard_power_on(struct bp_vboard *b)
{
	if (b->on) { /* the rail comes back before the core noticed */
		b->flash_dead_at = b->core_dead_at = BP_NEVER;
		bp_board_next_stop(b);
		return;
	}
	b->on = true;
	if (b->warm) {
		b->warm = false;
		reset(b, b->warm_cause);
		return;
	}
	b->flash->epoch++;
	bp_coroutine_poison(&b->co, b->seed + b->flash->epoch);
	bp_firmware_poison(b->firmware, b->seed + b->flash->epoch);
	b->up_while_held = b->held;
	if (!b->held)
		reset(b, DUT_CAUSE_POWER_ON);
}

void bp_vboard_pin_reset(struct bp_vboard *b)
{
	if (b->on)
		reset(b, DUT_CAUSE_PIN);
}

void bp_board_fault(struct bp_vboard *b, const struct bp_cut_report *report)
{
	b->report = *report;
	b->flash->epoch = 0;
	b->boots_since_fault = 0;
}

static void fault_between_ops(struct bp_vboard *b)
{
	struct bp_cut_report report = {.fired = true, .at_ns = b->now};

	bp_board_fault(b, &report);
}

void bp_vboard_power_off(struct bp_vboard *b)
{
	const struct bp_rail *r = &b->config->rail;

	if (b->warm)
		stop(b);
	if (!b->on || b->core_dead_at != BP_NEVER) /* off, or the rail falls already */
		return;
	b->fell_at = b->now;
	if ((!r->decay_ns || !r->nominal_mv) && b->pending) { /* the operation is torn first */
		b->flash_dead_at = b->core_dead_at = b->now;
		bp_board_next_stop(b);
		return;
	}
	if (!r->decay_ns || !r->nominal_mv) {
		stop(b);
		return;
	}
	b->flash_dead_at = b->now + r->decay_ns * (r->nominal_mv - r->flash_min_mv) / r->nominal_mv;
	b->core_dead_at = b->now + r->decay_ns * (r->nominal_mv - r->core_min_mv) / r->nominal_mv;
	bp_board_next_stop(b);
}

/* The image row whose bytes stand in the slot at addr, or BP_RUNNING_UNKNOWN. */
static int identify(struct bp_vboard *b, uint32_t addr, uint32_t slot)
{
	uint8_t digest[32];
	uint32_t size = 0;

	for (unsigned i = 0; i < b->images->n; i++) {
		const struct bp_image_row *row = &b->images->row[i];

		if (row->slot != slot || row->size > b->config->dut.area[DUT_AREA_SLOT_A + slot].size)
			continue;
		if (row->size != size) {
			size = row->size;
			bp_accel_sha256(b, addr, size, digest);
		}
		if (!memcmp(digest, row->sha256, sizeof(digest)))
			return (int)i;
	}
	return BP_RUNNING_UNKNOWN;
}

/* Has the unit where the code begins been programmed since its last erase? */
static bool is_written(const struct bp_vboard *b, uint32_t addr)
{
	if (addr < b->config->flash.size_bytes)
		bp_flash_ask(b->flash, addr, 1);
	return addr < b->config->flash.size_bytes && b->flash->units[addr / b->config->flash.unit_bytes] & BP_UNIT_WRITES;
}

static void jump(struct bp_vboard *b)
{
	void (*entry)(void) = NULL;
	int image = BP_RUNNING_UNKNOWN;
	uint32_t slot = 0;

	for (; slot < 2; slot++)
		if (b->config->dut.area[DUT_AREA_SLOT_A + slot].addr == b->jump_addr)
			break;
	if (slot < 2)
		image = identify(b, b->jump_addr, slot);
	if (image >= 0)
		entry = bp_firmware_entry(b->firmware, b->images->row[image].runs);
	if (b->watch.jump)
		b->watch.jump(b->watch.ctx, image < 0 ? -1 : image, slot, b->now);
	if (!entry) {
		bp_flash_trap(b->flash, is_written(b, b->jump_addr) ? BP_TRAP_UNKNOWN_CODE : BP_TRAP_BLANK_CODE, b->jump_addr, b->now, b->ops);
		b->unknown_runs++;
		reset(b, DUT_CAUSE_FAULT);
		b->running = BP_RUNNING_UNKNOWN;
		return;
	}
	b->running = image;
	b->running_slot = slot;
	b->leave = BP_LEAVE_TIME;
	b->calls = 0;
	bp_firmware_start_app(b->firmware, b->seed + b->boots_since_fault);
	bp_coroutine_start(&b->co, entry);
}

/* next_stop was reached: what does the board do about it? True when the host wants to know. */
static bool at_stop(struct bp_vboard *b, enum bp_stop *why)
{
	if (b->leave == BP_LEAVE_OP) { /* what becomes of the operation comes first */
		*why = BP_STOP_TIME;
		return least(b->flash_dead_at, b->arm_time) > b->now && b->now < b->wake_at;
	}
	if (b->now >= b->arm_time || b->now >= b->core_dead_at) {
		if (b->now >= b->arm_time)
			fault_between_ops(b);
		stop(b);
		*why = BP_STOP_OFF;
		return true;
	}
	if (b->now >= b->watchdog_at) {
		reset(b, DUT_CAUSE_WATCHDOG);
		return false;
	}
	*why = BP_STOP_TIME;
	return b->now >= b->run_until;
}

static volatile bool on_board;

enum bp_where bp_vboard_where(void)
{
	return bp_board_in_firmware ? BP_IN_FIRMWARE : on_board ? BP_IN_BOARD : BP_IN_HARNESS;
}

static void enter(struct bp_vboard *b)
{
	b->leave = BP_LEAVE_NONE;
	bp_board_running = b;
	bp_board_spin = 0;
	bp_board_in_firmware = true;
	bp_coroutine_enter(&b->co);
	bp_board_in_firmware = false;
}

/* Let the firmware act once, or time pass while it waits. True when the host wants to know. */
static bool step(struct bp_vboard *b, enum bp_stop *why)
{
	if (b->leave == BP_LEAVE_STUCK) {
		if (b->now < b->next_stop)
			b->now = b->next_stop;
		return at_stop(b, why);
	}
	if (b->leave == BP_LEAVE_WAIT && !b->uart.rx_news && b->now < b->wake_at) {
		uint64_t t = least(b->wake_at, b->next_stop);

		if (b->now < t)
			b->now = t;
		return b->now >= b->next_stop && at_stop(b, why);
	}
	enter(b);
	switch (b->leave) {
	case BP_LEAVE_TIME:
		return at_stop(b, why);
	case BP_LEAVE_OUTPUT:
		*why = BP_STOP_OUTPUT;
		return true;
	case BP_LEAVE_RESET:
		reset(b, DUT_CAUSE_SOFTWARE);
		return false;
	case BP_LEAVE_NONE: /* an entry returned: it ran off into nothing */
	case BP_LEAVE_FAULT:
		reset(b, DUT_CAUSE_FAULT);
		return false;
	case BP_LEAVE_JUMP:
		jump(b);
		return false;
	case BP_LEAVE_OFF:
		if (bp_fault_is_reset(b->report.fault))
			hold_warm(b, b->report.fault);
		else
			stop(b);
		*why = BP_STOP_OFF;
		return true;
	case BP_LEAVE_OP:
		*why = BP_STOP_TIME;
		return true;
	case BP_LEAVE_HALT: /* the loop sees it */
	case BP_LEAVE_WAIT:
	case BP_LEAVE_STUCK:
		break;
	}
	return false;
}

/* The reset pin is low: time passes, and the rail may fall. */
static enum bp_stop held_until(struct bp_vboard *b, uint64_t until_ns)
{
	uint64_t end = least(until_ns, b->core_dead_at);

	if (b->now < end)
		b->now = end;
	if (b->now < b->core_dead_at)
		return BP_STOP_TIME;
	stop(b);
	if (b->now < until_ns && until_ns != BP_NEVER)
		b->now = until_ns;
	return BP_STOP_OFF;
}

void bp_vboard_hold_reset(struct bp_vboard *b, bool held)
{
	bool let_go = b->held && !held;

	b->held = held;
	if (held) {
		finish_pending(b);
		b->halted = b->halt_wanted = false;
	}
	if (b->on && let_go)
		reset(b, b->up_while_held ? DUT_CAUSE_POWER_ON : DUT_CAUSE_PIN);
	if (let_go)
		b->up_while_held = false;
}

void bp_vboard_soft_reset(struct bp_vboard *b)
{
	if (b->on && !b->held)
		reset(b, DUT_CAUSE_SOFTWARE);
}

void bp_vboard_rail_dies(struct bp_vboard *b, uint64_t flash_ns, uint64_t core_ns)
{
	/* BP_NEVER / 2: what a difference of two times below zero looks like. */
	b->flash_dead_at = flash_ns < b->now || flash_ns > BP_NEVER / 2 ? b->now : flash_ns;
	b->core_dead_at = core_ns < b->now || core_ns > BP_NEVER / 2 ? b->now : core_ns;
	b->fell_at = b->now;
	bp_board_next_stop(b);
}

void bp_vboard_lose_power(struct bp_vboard *b)
{
	if (!b->on)
		return;
	fault_between_ops(b);
	stop(b);
}

enum bp_stop bp_vboard_run(struct bp_vboard *b, uint64_t until_ns)
{
	enum bp_stop why = BP_STOP_TIME;

	if (b->on && b->held)
		return held_until(b, until_ns);
	if (b->on) {
		on_board = true;
		b->run_until = until_ns;
		bp_board_next_stop(b);
		while (!b->halted && !(b->now >= until_ns && at_stop(b, &why)) && !step(b, &why))
			;
		b->run_until = BP_NEVER;
		bp_board_next_stop(b);
		on_board = false;
		return b->halted ? BP_STOP_HALT : why;
	}
	if (b->now < until_ns && until_ns != BP_NEVER)
		b->now = until_ns;
	return BP_STOP_OFF;
}

uint64_t bp_vboard_send(struct bp_vboard *b, const uint8_t *bytes, size_t len)
{
	if (!b->on)
		return b->now;
	return bp_uart_send(&b->uart, b->now, bytes, len);
}

size_t bp_vboard_receive(struct bp_vboard *b, uint8_t *bytes, size_t cap, uint64_t *at_ns)
{
	return bp_uart_receive(&b->uart, bytes, cap, at_ns);
}
