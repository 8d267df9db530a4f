/* SPDX-License-Identifier: Apache-2.0 */
/* real.c - assembling a board of a bench from its drivers. */
#include "bench/real_parts.h"

#include "base/clock.h"
#include "base/text.h"
#include "bench/elf_symbols.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

/* Without calibration: a mechanical relay (15 ms) and a rail without discharge (20 mA from 100 uF at 3.3 V: 16 ms), ten times over. */
#define WINDOW_NS (300 * BP_NS_PER_MS)
#define MARGIN_NS (20 * BP_NS_PER_MS) /* a served port and a hub's buffers hold bytes back so long */
#define IO_BYTES 4096u
#define PROVISION_NS (120 * BP_NS_PER_S)
#define RISE_MS 250 /* a probe is opened on a board that has power: ten times what a relay and a rail take to rise */

static int need_debug(const struct bp_bench_board *b, const struct bp_product *p, struct bp_err *err)
{
	const struct bp_node *at = b->node;

	if (!b->debug && !b->provision_config)
		return bp_fail(err, BP_ECONFIG, "line %d: board %s has no debug port: its start state cannot be written; expected a 'debug' map, or "
			       "'provision' with a command that does it", at ? at->line : 0, b->name);
	if (b->detached_percent && !p->marks.power_on)
		return bp_fail(err, BP_ECONFIG, "line %d: board %s: with its probe detached only the console can tell that power was lost; expected "
			       "'power-on' in the marks of product %s, or no 'detached'", at ? at->line : 0, b->name, p->name);
	if (!b->debug)
		return 0;
	if (!p->probe.given)
		return bp_fail(err, BP_ECONFIG, "%s: product %s says nothing of what a debug port finds; expected a section 'probe' with "
			       "program, erase and canary", p->path, p->name);
	if (!b->elf && !p->probe.elf)
		return bp_fail(err, BP_ECONFIG, "line %d: board %s: no ELF file for the symbols of product %s; expected 'elf' here or in the "
			       "product's 'probe'", at ? at->line : 0, b->name, p->name);
	return 0;
}

static int find_symbols(struct bp_arena *a, struct bp_real *r, struct bp_err *err)
{
	const struct bp_probe_map *map = &r->product->probe;
	struct bp_symbols all;
	struct bp_symbol s;
	int rc;

	if (!r->bench->debug)
		return 0; /* nobody looks for them */
	rc = bp_symbols_read(a, r->bench->elf ? r->bench->elf : map->elf, &all, err);

	if (!rc && !(rc = bp_symbols_find(&all, map->program, &s, err)))
		r->program_at = s.addr;
	if (!rc && !(rc = bp_symbols_find(&all, map->erase, &s, err)))
		r->erase_at = s.addr;
	if (!rc && !(rc = bp_symbols_find(&all, map->canary, &s, err))) {
		r->canary_at = s.addr;
		if (s.size && s.size < BP_REAL_CANARY_BYTES)
			rc = bp_fail(err, BP_ECONFIG, "%s: '%s' has %u bytes; expected at least %u", all.path, s.name, s.size, BP_REAL_CANARY_BYTES);
	}
	return rc ? bp_prefix(err, "board %s", r->bench->name) : 0;
}

static int opened(struct bp_diag *d, int rc, struct bp_err *err)
{
	return rc ? rc : bp_diag_result(d, err);
}

/* SMP's own port. What its wire's speed is, behind a server too, is the product's to tell unless its map does. */
static int open_port(struct bp_arena *a, struct bp_real *r, struct bp_diag *d, struct bp_err *err)
{
	const struct bp_bench_board *b = r->bench;
	uint32_t baud = r->product->board.baud;
	int rc = 0;

	if (b->over) {
		rc = opened(d, b->over->open(a, d, b->over_config, b->name, &r->port.self, err), err);
		if (rc)
			return bp_prefix(err, "SMP's own port");
		r->port.ops = b->over;
		bp_node_u32(d, bp_map_get(b->over_config, "baud"), 1, UINT32_MAX, &baud);
		rc = bp_world_real_add_console(&r->world, &r->heard_port, err);
	}
	r->byte_ns = 10 * BP_NS_PER_S / baud; /* a start bit, eight data bits, a stop bit */
	return rc;
}

static void init_wire(struct bp_real *r)
{
	bp_wire_init(&r->board.wire, &r->board.world, &r->board.console, r->port.ops ? &r->heard_port : NULL);
}

/* Power first: a board left on by somebody else is switched off by what follows. The console is open before the board has power. */
static int open_drivers(struct bp_arena *a, struct bp_real *r, struct bp_err *err)
{
	const struct bp_bench_board *b = r->bench;
	struct bp_diag d = {.arena = a};
	int rc = opened(&d, b->power->open(a, &d, b->power_config, b->name, &r->power.self, err), err);

	if (rc)
		return rc;
	r->power.ops = b->power;
	rc = opened(&d, b->console->open(a, &d, b->console_config, b->name, &r->console.self, err), err);
	if (rc)
		return rc;
	r->console.ops = b->console;
	rc = bp_world_real_add_console(&r->world, &r->board.console, err);
	if (!rc)
		rc = open_port(a, r, &d, err);
	if (!rc)
		rc = r->power.ops->on(r->power.self, err);
	r->on = !rc;
	if (!rc && b->debug)
		rc = bp_real_plug(a, r, err);
	return rc ? rc : bp_real_power_down(r, err);
}

int bp_real_plug(struct bp_arena *a, struct bp_real *r, struct bp_err *err)
{
	const struct bp_bench_board *b = r->bench;
	struct bp_diag d = {.arena = a};
	int rc = r->on ? 0 : r->power.ops->on(r->power.self, err);

	poll(NULL, 0, RISE_MS);
	r->on = !rc;
	if (!rc)
		rc = opened(&d, b->debug->open(a, &d, b->debug_config, b->name, &r->debug.self, err), err);
	if (rc)
		return rc;
	r->debug.ops = b->debug;
	return bp_real_power_down(r, err);
}

int bp_real_unplug(struct bp_real *r, struct bp_err *err)
{
	int rc = bp_real_power_down(r, err);

	r->debug.ops->close(r->debug.self);
	r->debug.ops = NULL;
	return rc;
}

static int read_provision(struct bp_arena *a, struct bp_real *r, struct bp_err *err)
{
	const struct bp_node *map = r->bench->provision_config;
	struct bp_diag d = {.arena = a};

	r->provision.timeout_ns = PROVISION_NS;
	if (!map)
		return 0;
	bp_hook_read(a, &d, bp_map_need(&d, map, "command", "what puts the start state onto the board: [PROGRAM, ARG...]"), &r->provision);
	bp_hook_timeout(&d, map, &r->provision.timeout_ns);
	bp_map_done(&d, map);
	return bp_diag_result(&d, err);
}

static int open_link(struct bp_arena *a, struct bp_real *r, struct bp_err *err)
{
	struct bp_diag d = {.arena = a};

	r->board.link.ops = r->bench->link;
	return opened(&d, r->bench->link->open(a, &d, r->bench->link_config, &r->board, &r->board.link.self, err), err);
}

int bp_real_open(struct bp_arena *a, const struct bp_bench_board *b, const struct bp_product *p, struct bp_real **out, struct bp_err *err)
{
	struct bp_real *r = bp_arena_alloc(a, sizeof(*r));
	int rc = r ? need_debug(b, p, err) : bp_fail(err, BP_ENOMEM, "no memory for board %s", b->name);

	if (rc)
		return rc;
	r->bench = b;
	r->product = p;
	r->io_bytes = IO_BYTES;
	r->can_catch = true;
	r->cut_at_ns = BP_NEVER;
	r->window_ns = b->calibration.known ? b->calibration.dead_ns + b->calibration.jitter_ns + MARGIN_NS : WINDOW_NS;
	bp_world_real_init(&r->world);
	r->board.name = b->name;
	r->board.product = p;
	r->board.world = (struct bp_world){&bp_real_world_ops, r};
	r->board.power = (struct bp_power){&bp_real_power_ops, r};
	r->board.console = (struct bp_console){&bp_real_console_ops, r};
	r->board.debug = (struct bp_debug){&bp_real_debug_ops, r};
	r->heard_port = (struct bp_console){&bp_real_port_ops, r};
	rc = find_symbols(a, r, err);
	if (!rc)
		rc = read_provision(a, r, err);
	if (!rc)
		rc = open_link(a, r, err);
	if (!rc)
		rc = open_drivers(a, r, err);
	if (rc) {
		bp_real_close(r);
		return rc;
	}
	init_wire(r);
	*out = r;
	return 0;
}

void bp_real_close(struct bp_real *r)
{
	if (!r)
		return;
	if (r->debug.ops && r->on)
		r->debug.ops->detach(r->debug.self, NULL);
	if (r->power.ops)
		r->power.ops->close(r->power.self);
	if (r->debug.ops)
		r->debug.ops->close(r->debug.self);
	if (r->console.ops)
		r->console.ops->close(r->console.self);
	if (r->port.ops)
		r->port.ops->close(r->port.self);
	r->power.ops = NULL;
	r->debug.ops = NULL;
	r->console.ops = r->port.ops = NULL;
}

void bp_real_disarm(struct bp_real *r)
{
	r->look = NULL;
	r->cut_link_byte = r->cut_line.left = 0;
	r->cut_at_ns = BP_NEVER;
}

void bp_real_rewind(struct bp_real *r)
{
	r->powered = NULL;
	bp_real_disarm(r);
	r->cut_fired = false;
	r->unproven = 0;
	r->unproven_text[0] = '\0';
	r->awaits_cause = false;
	r->epoch_ns = bp_clock_ns();
	init_wire(r);
	bp_real_forget(r);
}
