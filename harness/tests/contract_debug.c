/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/clock.h"
#include "tests/contract_debug.h"

#define SOON (5 * BP_NS_PER_S)
#define SHORT (60 * BP_NS_PER_MS)
#define LATE (2 * BP_NS_PER_S) /* a loaded machine's grace */

static struct bp_err err;

static void want(const struct contract_debug *c, int rc, int expected, const char *what)
{
	if (rc != expected)
		fail_msg("%s: %s: %d (%s), expected %d: %s", c->name, what, rc, bp_code_name(rc), expected, rc < 0 ? err.text : "");
}

static void ok(const struct contract_debug *c, int rc, const char *what)
{
	want(c, rc, 0, what);
}

static uint64_t soon(void)
{
	return bp_deadline_in(SOON);
}

static void fill(uint8_t *bytes, uint32_t len, unsigned seed)
{
	for (uint32_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(seed * 31 + i * 7 + (i >> 8));
}

void contract_debug_flash(const struct contract_debug *c)
{
	static uint8_t old[8192], made[8192], got[8192];
	uint32_t len = c->flash_bytes < sizeof(old) ? c->flash_bytes : (uint32_t)sizeof(old);

	ok(c, c->ops->read(c->self, c->flash, old, len, &err), "read");
	for (unsigned seed = 1; seed <= 2; seed++) {
		fill(made, len, seed);
		ok(c, c->ops->write(c->self, c->flash, made, len, &err), "write");
		ok(c, c->ops->read(c->self, c->flash, got, len, &err), "read");
		assert_memory_equal(got, made, len);
		want(c, c->ops->matches(c->self, c->flash, made, len, &err), 1, "matches");
		made[len - 1] ^= 1;
		want(c, c->ops->matches(c->self, c->flash, made, len, &err), 0, "a byte differs");
		want(c, c->ops->matches(c->self, c->flash, made, len - 1, &err), 1, "it is the last");
	}
	ok(c, c->ops->read(c->self, c->flash + 5, got, 6, &err), "read within");
	assert_memory_equal(got, made + 5, 6);
	ok(c, c->ops->write(c->self, c->flash, old, len, &err), "write back");
	if (c->ops->resume)
		ok(c, c->ops->resume(c->self, soon(), &err), "resume");
}

void contract_debug_memory(const struct contract_debug *c)
{
	static uint8_t expected[512], got[512], part[64];

	fill(expected, sizeof(expected), 9);
	ok(c, c->ops->write_ram(c->self, c->ram, expected, sizeof(expected), &err), "write_ram");
	for (uint32_t at = 16; at < 20; at++)
		for (uint32_t len = 1; len <= 12; len++) {
			fill(part, len, at * 16 + len);
			memcpy(expected + at, part, len);
			ok(c, c->ops->write_ram(c->self, c->ram + at, part, len, &err), "write_ram");
			memset(got, 0, sizeof(got));
			ok(c, c->ops->read_ram(c->self, c->ram + at, got, len, &err), "read_ram");
			assert_memory_equal(got, part, len);
		}
	ok(c, c->ops->read_ram(c->self, c->ram, got, sizeof(got), &err), "read_ram");
	assert_memory_equal(got, expected, sizeof(got));
	ok(c, c->ops->read_ram(c->self, c->ram, got, 0, &err), "nothing at all");
}

/* It runs, and nothing halts it. */
static void runs_on(const struct contract_debug *c)
{
	uint64_t before = bp_clock_ns();

	want(c, c->ops->wait_halt(c->self, NULL, bp_deadline_in(SHORT), &err), BP_ETIMEOUT, "wait_halt on a running core");
	assert_in_range(bp_clock_ns() - before, SHORT, SHORT + LATE);
	assert_non_null(strstr(err.text, c->name));
}

void contract_debug_halt(const struct contract_debug *c)
{
	uint32_t regs[17], again[17];

	ok(c, c->ops->resume(c->self, soon(), &err), "resume of a running core");
	runs_on(c);
	for (int i = 0; i < 3; i++) {
		ok(c, c->ops->halt(c->self, soon(), &err), "halt");
		ok(c, c->ops->halt(c->self, soon(), &err), "halt again");
		ok(c, c->ops->wait_halt(c->self, regs, soon(), &err), "wait_halt");
		ok(c, c->ops->wait_halt(c->self, again, soon(), &err), "wait_halt again");
		assert_memory_equal(regs, again, sizeof(regs));
		assert_int_equal(regs[15] & 1, 0);
		ok(c, c->ops->resume(c->self, soon(), &err), "resume");
		runs_on(c);
	}
}

static void provoke(const struct contract_debug *c)
{
	if (c->provoke)
		ok(c, c->provoke(c->ctx), "provoke");
}

static void meets(const struct contract_debug *c, const char *what)
{
	uint32_t regs[17];

	provoke(c);
	ok(c, c->ops->wait_halt(c->self, regs, soon(), &err), what);
	if (regs[15] != c->code)
		fail_msg("%s: %s: halted at 0x%08x, expected 0x%08x", c->name, what, regs[15], c->code);
}

void contract_debug_breakpoint(const struct contract_debug *c)
{
	ok(c, c->ops->breakpoint(c->self, c->code, true, soon(), &err), "set");
	ok(c, c->ops->breakpoint(c->self, c->code, true, soon(), &err), "set twice");
	for (int i = 0; i < 3; i++) {
		meets(c, "met");
		ok(c, c->ops->resume(c->self, soon(), &err), "resume from it");
	}
	meets(c, "met");
	ok(c, c->ops->breakpoint(c->self, c->code, false, soon(), &err), "clear");
	ok(c, c->ops->breakpoint(c->self, c->code, false, soon(), &err), "clear twice");
	ok(c, c->ops->resume(c->self, soon(), &err), "resume");
	provoke(c);
	runs_on(c);
}

void contract_debug_watchpoint(const struct contract_debug *c)
{
	uint32_t addr = c->watched ? c->watched : c->ram;

	ok(c, c->ops->watchpoint(c->self, addr, 4, true, soon(), &err), "set");
	for (int i = 0; c->watched && i < 3; i++) {
		ok(c, c->ops->wait_halt(c->self, NULL, soon(), &err), "met");
		ok(c, c->ops->resume(c->self, soon(), &err), "resume from it");
	}
	ok(c, c->ops->watchpoint(c->self, addr, 4, false, soon(), &err), "clear");
	ok(c, c->ops->resume(c->self, soon(), &err), "resume");
	runs_on(c);
}

void contract_debug_reset(const struct contract_debug *c)
{
	uint32_t regs[17];

	ok(c, c->ops->reset(c->self, true, soon(), &err), "reset and halt");
	ok(c, c->ops->wait_halt(c->self, regs, soon(), &err), "wait_halt");
	assert_int_equal(regs[15], c->reset_pc);
	ok(c, c->ops->resume(c->self, soon(), &err), "resume");
	runs_on(c);
	ok(c, c->ops->reset(c->self, false, soon(), &err), "reset and run");
	runs_on(c);
}

static void all_refused(const struct contract_debug *c)
{
	uint8_t byte = 0;
	uint64_t before = bp_clock_ns();

	want(c, c->ops->halt(c->self, soon(), &err), BP_EPOWER, "halt");
	want(c, c->ops->resume(c->self, soon(), &err), BP_EPOWER, "resume");
	want(c, c->ops->reset(c->self, true, soon(), &err), BP_EPOWER, "reset");
	want(c, c->ops->breakpoint(c->self, c->code, true, soon(), &err), BP_EPOWER, "breakpoint");
	want(c, c->ops->watchpoint(c->self, c->ram, 4, true, soon(), &err), BP_EPOWER, "watchpoint");
	want(c, c->ops->wait_halt(c->self, NULL, soon(), &err), BP_EPOWER, "wait_halt");
	want(c, c->ops->read_ram(c->self, c->ram, &byte, 1, &err), BP_EPOWER, "read_ram");
	want(c, c->ops->write_ram(c->self, c->ram, &byte, 1, &err), BP_EPOWER, "write_ram");
	want(c, c->ops->read(c->self, c->flash, &byte, 1, &err), BP_EPOWER, "read");
	want(c, c->ops->write(c->self, c->flash, &byte, 1, &err), BP_EPOWER, "write");
	want(c, c->ops->matches(c->self, c->flash, &byte, 1, &err), BP_EPOWER, "matches");
	want(c, c->ops->program(c->self, c->flash, &byte, 1, soon(), &err), BP_EPOWER, "program");
	assert_non_null(strstr(err.text, c->name));
	assert_in_range(bp_clock_ns() - before, 0, LATE);
}

void contract_debug_detach(const struct contract_debug *c)
{
	static const uint8_t mark[8] = "detached";
	uint8_t got[8];

	ok(c, c->ops->write_ram(c->self, c->ram, mark, sizeof(mark), &err), "write_ram");
	ok(c, c->ops->detach(c->self, &err), "detach");
	ok(c, c->ops->detach(c->self, &err), "detach twice");
	all_refused(c);
	ok(c, c->ops->attach(c->self, soon(), &err), "attach");
	ok(c, c->ops->read_ram(c->self, c->ram, got, sizeof(got), &err), "read_ram");
	assert_memory_equal(got, mark, sizeof(mark));
	contract_debug_halt(c);
}

void contract_debug_power(const struct contract_debug *c)
{
	static const uint8_t mark[16] = "still the same?";
	uint8_t got[16];

	ok(c, c->ops->breakpoint(c->self, c->code, true, soon(), &err), "set");
	for (int i = 0; i < 3; i++) {
		ok(c, c->ops->write_ram(c->self, c->ram, mark, sizeof(mark), &err), "write_ram");
		ok(c, c->ops->detach(c->self, &err), "detach");
		ok(c, c->power(c->ctx, false), "off");
		all_refused(c);
		ok(c, c->power(c->ctx, true), "on");
		ok(c, c->ops->attach(c->self, soon(), &err), "attach");
		ok(c, c->ops->read_ram(c->self, c->ram, got, sizeof(got), &err), "read_ram");
		if (!memcmp(got, mark, sizeof(got)))
			fail_msg("%s: RAM survived power loss", c->name);
		/* It met the breakpoint on its way up, if attach() was there in time. */
		ok(c, c->ops->resume(c->self, soon(), &err), "resume");
		meets(c, "met after power loss");
		ok(c, c->ops->resume(c->self, soon(), &err), "resume");
	}
	ok(c, c->ops->breakpoint(c->self, c->code, false, soon(), &err), "clear");
	runs_on(c);
}

void contract_debug_first_instruction(const struct contract_debug *c)
{
	uint32_t regs[17];

	for (int i = 0; i < 5; i++) {
		ok(c, c->ops->detach(c->self, &err), "detach");
		ok(c, c->power(c->ctx, false), "off");
		ok(c, c->ops->hold(c->self, soon(), &err), "hold");
		ok(c, c->power(c->ctx, true), "on");
		ok(c, c->ops->attach(c->self, soon(), &err), "attach");
		ok(c, c->ops->wait_halt(c->self, regs, soon(), &err), "wait_halt");
		assert_int_equal(regs[15], c->reset_pc);
		ok(c, c->ops->resume(c->self, soon(), &err), "resume");
		runs_on(c);
	}
}

void contract_debug_observe(const struct contract_debug *c)
{
	struct bp_observation seen;

	memset(&seen, 0xaa, sizeof(seen));
	ok(c, c->ops->observe(c->self, &seen, &err), "observe");
	if (!c->ops->halt)
		return;
	assert_int_equal(seen.artifact, BP_OBSERVED_NONE);
	assert_int_equal(seen.ops, 0);
	assert_int_equal(seen.n_traps, 0);
	assert_false(seen.idle);
}

void contract_debug_bad_address(const struct contract_debug *c)
{
	uint8_t byte;

	want(c, c->ops->read(c->self, c->bad_addr, &byte, 1, &err), BP_EIO, "read");
	assert_non_null(strstr(err.text, c->name));
	ok(c, c->ops->read(c->self, c->flash, &byte, 1, &err), "the driver still works");
}
