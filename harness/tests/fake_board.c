/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake_board.h"

#include <stdio.h>
#include <string.h>

#define MS UINT64_C(1000000)
#define OK 22u /* reason code of both products */
#define ALL_TRANSITIONS (BP_SMP_DOWNLOADED | BP_SMP_WRITTEN | BP_SMP_TRIAL | BP_SMP_CONFIRMED)

static int artifact(const struct fake *f, const char *name)
{
	for (unsigned i = 0; i < f->board.product->n_artifacts; i++)
		if (!strcmp(f->board.product->artifact[i].name, name))
			return (int)i;
	return BP_OBSERVED_NONE;
}

static void say(struct fake *f, uint64_t after_ms, const char *text)
{
	if (!text || f->n_lines == FAKE_LINES)
		return;
	f->line[f->n_lines].at_ns = f->now_ns + after_ms * MS;
	snprintf(f->line[f->n_lines++].text, sizeof(f->line[0].text), "%s\n", text);
}

static void boot(struct fake *f, const char *cause)
{
	char first[48];

	f->boots++;
	f->n_lines = f->next_line = 0;
	snprintf(first, sizeof(first), "boot: cause %s", cause);
	for (unsigned i = 0; i <= f->script.reboots; i++)
		say(f, 1, first);
	if (f->script.dies_at == f->boots)
		f->dies_ns = f->now_ns + 2 * MS;
	if (f->script.other_from && f->boots >= f->script.other_from)
		f->running = artifact(f, f->script.other);
	if (f->pending >= 0) {
		say(f, 2, "boot: run b trial 1/3");
		if (!f->script.keeps_old) {
			f->running = f->pending;
			f->slot ^= 1;
		}
	}
	say(f, 3, f->boots == 1 ? f->script.says : NULL);
	if (f->running >= 0)
		say(f, 4, "app: up");
	say(f, 5, f->boots == 1 ? f->script.then_says : NULL);
	if (f->pending >= 0 && !f->script.stays_in_trial) {
		say(f, 6, f->script.never_confirms ? "boot: run a confirmed" : "app: confirmed");
		if (f->script.never_confirms)
			say(f, 7, "boot: cause software"); /* a trial that ended some other way */
		f->counter = f->board.product->artifact[f->pending].security_counter;
		f->reason = OK;
		f->transitions = ALL_TRANSITIONS;
		f->updates++;
	}
	f->pending = -1;
	f->idle_at_ns = f->script.restless_from && f->boots >= f->script.restless_from ? UINT64_MAX : f->now_ns + 10 * MS;
	if (f->script.writes_from && f->boots >= f->script.writes_from) {
		f->ops++;
		f->last_op_ns = f->now_ns + 3 * MS;
	}
}

/* ---- world, power, console ---- */

static uint64_t now_ns(void *self) { return ((struct fake *)self)->now_ns; }

static int wait(void *self, uint64_t until_ns, struct bp_err *err)
{
	struct fake *f = self;
	const struct fake_line *next = f->next_line < f->n_lines ? &f->line[f->next_line] : NULL;

	(void)err;
	if (f->on && f->dies_ns && f->dies_ns <= until_ns) {
		f->on = false;
		f->now_ns = f->dies_ns;
	}
	if (f->on && next && next->at_ns <= until_ns) {
		if (f->now_ns < next->at_ns)
			f->now_ns = next->at_ns;
		if (strstr(next->text, "cause software") && f->pending >= 0)
			boot(f, "software");
		return BP_WAKE_OUTPUT;
	}
	if (f->now_ns < until_ns)
		f->now_ns = until_ns;
	return f->on ? BP_WAKE_TIME : BP_WAKE_OFF;
}

static int power_on(void *self, struct bp_err *err)
{
	struct fake *f = self;

	if (f->script.power_fails)
		return bp_fail(err, BP_EIO, "fake power: no relay");
	f->on = true;
	boot(f, "power-on");
	return 0;
}

static int power_off(void *self, struct bp_err *err)
{
	struct fake *f = self;

	(void)err;
	f->on = f->script.relay_sticks;
	return 0;
}

static int read_console(void *self, uint8_t *buf, size_t cap, uint64_t *at_ns, struct bp_err *err)
{
	struct fake *f = self;
	struct fake_line *l = &f->line[f->next_line];
	size_t n;

	(void)err;
	if (!f->on || f->next_line == f->n_lines || l->at_ns > f->now_ns)
		return 0;
	n = strlen(l->text) < cap ? strlen(l->text) : cap;
	memcpy(buf, l->text, n);
	*at_ns = l->at_ns;
	if (f->script.chatters && !strcmp(l->text, "still here\n"))
		l->at_ns += 100 * MS;
	else
		f->next_line++;
	return (int)n;
}

static int write_console(void *self, const uint8_t *buf, size_t len, struct bp_err *err)
{
	(void)self, (void)buf, (void)len, (void)err;
	return 0;
}

/* ---- debug ---- */

static bool differs(const struct fake *f, uint32_t addr)
{
	const struct dut_area *b = &f->board.product->board.dut.area[DUT_AREA_STATE_B];

	return addr >= b->addr && addr - b->addr < b->size && f->script.state_differs_from && f->boots >= f->script.state_differs_from;
}

static int read_mem(void *self, uint32_t addr, void *buf, uint32_t len, struct bp_err *err)
{
	(void)err;
	memset(buf, differs(self, addr), len);
	return 0;
}

static int write_mem(void *self, uint32_t addr, const void *buf, uint32_t len, struct bp_err *err)
{
	(void)self, (void)addr, (void)buf, (void)len, (void)err;
	return 0;
}

static int matches(void *self, uint32_t addr, const void *expected, uint32_t len, struct bp_err *err)
{
	struct fake *f = self;
	const struct dut_area *area = f->board.product->board.dut.area;
	bool bootloader = addr == area[DUT_AREA_BOOT].addr;

	(void)expected, (void)len;
	if (f->script.compare_fails)
		return bp_fail(err, BP_EIO, "fake debug: probe unplugged");
	if (bootloader)
		return !f->script.bootloader_changed;
	if (addr >= area[DUT_AREA_STATE_A].addr && addr < area[DUT_AREA_STATE_B].addr + area[DUT_AREA_STATE_B].size)
		return !differs(f, addr);
	return !f->script.image_damaged && !(f->script.damages_new && f->updates);
}

static int observe(void *self, struct bp_observation *out, struct bp_err *err)
{
	struct fake *f = self;
	const struct fake_script *s = &f->script;

	if (s->probe_fails)
		return bp_fail(err, BP_EIO, "fake debug: no probe");
	*out = (struct bp_observation){
		.artifact = f->on ? f->running : BP_OBSERVED_NONE, .slot = f->slot, .idle = f->on && f->now_ns >= f->idle_at_ns,
		.unknown_runs = s->unknown_runs, .ops = f->ops, .last_op_ns = f->last_op_ns,
		.erases = s->erases, .page_erases = s->page_erases, .n_traps = s->traps + (s->traps_in_update && f->updates),
		.trap = "a trap", .trap_addr = 0x40,
		.trap_running_slot = s->trap_running_slot, .trap_bootloader = s->trap_bootloader, .trap_outside = s->trap_outside,
	};
	return 0;
}

/* ---- link ---- */

static bool refuses(const struct fake *f, int what)
{
	return (int)f->script.update == what && f->updates >= f->script.good_updates;
}

static int refuse(const struct fake *f, struct bp_smp_reply *out, struct bp_err *err)
{
	out->reason = f->script.reason_plus_1 ? f->script.reason_plus_1 - 1 : 12;
	out->has_reason = 1;
	return bp_fail(err, BP_EREFUSED, "fake link: refused");
}

static int offer(void *self, const uint8_t *manifest, size_t len, uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err)
{
	struct fake *f = self;

	(void)manifest, (void)len, (void)deadline_ns;
	memset(out, 0, sizeof(*out));
	if (refuses(f, FAKE_REFUSES_OFFER))
		return refuse(f, out, err);
	out->has_slot = out->has_off = 1;
	out->slot = f->slot ^ 1;
	out->off = f->script.resume_at;
	return 0;
}

static int send_data(void *self, uint32_t off, const uint8_t *data, size_t len, bool first, uint32_t total,
		     const uint8_t sha256[32], uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err)
{
	struct fake *f = self;

	(void)data, (void)sha256, (void)deadline_ns;
	memset(out, 0, sizeof(*out));
	if (refuses(f, FAKE_REFUSES_DATA))
		return refuse(f, out, err);
	f->now_ns += f->script.send_takes_ms * MS;
	if (f->script.send)
		return bp_fail(err, f->script.send, "fake link: %s", bp_code_name(f->script.send));
	out->has_off = 1;
	out->off = first && f->script.resume_at > len ? f->script.resume_at : off + (uint32_t)len;
	if (f->script.wants_last_byte && !first)
		out->off = total - 1;
	f->sends++;
	return 0;
}

static int test(void *self, const uint8_t digest[32], uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err)
{
	struct fake *f = self;
	const struct bp_product *p = f->board.product;

	(void)deadline_ns;
	memset(out, 0, sizeof(*out));
	if (refuses(f, FAKE_REFUSES_TEST))
		return refuse(f, out, err);
	for (unsigned i = 0; i < p->n_artifacts; i++)
		for (unsigned s = 0; s < BP_SLOTS; s++)
			if (!memcmp(p->artifact[i].digest[s], digest, 32))
				f->pending = (int)i;
	return 0;
}

static int reset(void *self, uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err)
{
	struct fake *f = self;

	(void)deadline_ns, (void)err;
	memset(out, 0, sizeof(*out));
	f->n_lines = f->next_line = 0;
	if (!f->script.no_reset)
		say(f, 100, "boot: cause software");
	say(f, 100, f->script.chatters ? "still here" : NULL);
	return 0;
}

static int status(void *self, uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err)
{
	struct fake *f = self;

	(void)deadline_ns;
	memset(out, 0, sizeof(*out));
	if (f->script.status)
		return bp_fail(err, f->script.status, "fake link: %s", bp_code_name(f->script.status));
	out->has_status = 1;
	out->has_reason = !f->script.no_reason;
	out->reason = f->script.reason_plus_1 ? f->script.reason_plus_1 - 1 : f->reason;
	out->transitions = f->script.transitions_plus_1 ? f->script.transitions_plus_1 - 1 : f->transitions;
	out->has_interval = f->script.interval != 0;
	out->interval = f->script.interval;
	out->counter = f->script.counter ? f->script.counter : f->counter;
	return 0;
}

static const struct bp_world_ops world_ops = {.name = "fake", .now_ns = now_ns, .wait = wait};
static const struct bp_power_ops power_ops = {.name = "fake", .on = power_on, .off = power_off};
static const struct bp_console_ops console_ops = {.name = "fake", .read = read_console, .write = write_console};
static const struct bp_debug_ops debug_ops = {
	.name = "fake", .read = read_mem, .write = write_mem, .matches = matches, .observe = observe,
};
static const struct bp_link_ops link_ops = {
	.name = "fake", .offer = offer, .send = send_data, .test = test, .reset = reset, .status = status,
};

void fake_begin(struct fake *f, const struct bp_product *product, const char *runs, uint32_t reason, const struct fake_script *script)
{
	memset(f, 0, sizeof(*f));
	f->board.name = "fake";
	f->board.product = product;
	f->board.world = (struct bp_world){&world_ops, f};
	f->board.power = (struct bp_power){&power_ops, f};
	f->board.console = (struct bp_console){&console_ops, f};
	f->board.debug = (struct bp_debug){&debug_ops, f};
	f->board.link = (struct bp_link){&link_ops, f};
	bp_wire_init(&f->board.wire, &f->board.world, &f->board.console, NULL);
	f->script = *script;
	f->pending = -1;
	f->running = artifact(f, script->runs ? script->runs : runs);
	f->slot = f->running == artifact(f, "from") ? 0 : 1;
	f->counter = product->artifact[f->running >= 0 ? f->running : artifact(f, "from")].security_counter;
	f->reason = reason;
	f->transitions = reason == OK ? ALL_TRANSITIONS : 0;
}
