/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/virtual.h"

#include <string.h>

static int in_flash(struct bp_virtual *v, uint32_t addr, uint32_t len, struct bp_err *err)
{
	uint32_t size = bp_vboard_flash(v->vboard)->geo.size_bytes;

	if (addr > size || len > size - addr)
		return bp_fail(err, BP_EIO, "virtual debug: 0x%x+%u lies outside the flash", addr, len);
	return 0;
}

static int read_mem(void *self, uint32_t addr, void *buf, uint32_t len, struct bp_err *err)
{
	struct bp_virtual *v = self;
	int rc = in_flash(v, addr, len, err);

	if (rc)
		return rc;
	bp_flash_read(bp_vboard_flash(v->vboard), addr, buf, len);
	return 0;
}

static int write_mem(void *self, uint32_t addr, const void *buf, uint32_t len, struct bp_err *err)
{
	struct bp_virtual *v = self;
	int rc = in_flash(v, addr, len, err);

	if (!rc)
		bp_flash_load(bp_vboard_flash(v->vboard), addr, buf, len);
	return rc;
}

static int matches(void *self, uint32_t addr, const void *expected, uint32_t len, struct bp_err *err)
{
	struct bp_virtual *v = self;
	struct bp_flash *f = bp_vboard_flash(v->vboard);
	int rc = in_flash(v, addr, len, err);

	if (rc)
		return rc;
	bp_flash_ask(f, addr, len);
	if (memcmp(f->bytes + addr, expected, len))
		return 0;
	if (!bp_flash_unsettled(f, addr, len))
		return 1;
	for (uint32_t i = 0; i < len; i++)
		if (f->weak[addr + i] || (f->geo.ecc && (f->units[(addr + i) / f->geo.unit_bytes] & BP_UNIT_TORN)))
			return 0;
	return 1;
}

static bool weak_records(const struct bp_virtual *v, const struct bp_flash *f)
{
	for (unsigned i = DUT_AREA_SLOT_B + 1; i < DUT_AREA_COUNT; i++) {
		const struct dut_area *area = &v->board.product->board.dut.area[i];

		for (uint32_t at = 0; at < area->size; at += bp_flash_page_at(&f->geo, area->addr + at).bytes)
			if (f->page_weak[bp_flash_page_at(&f->geo, area->addr + at).number])
				return true;
	}
	return false;
}

static void mark_wear(void *self)
{
	struct bp_virtual *v = self;
	const struct bp_flash *f = bp_vboard_flash(v->vboard);

	memcpy(v->wear, f->wear, f->n_pages * sizeof(*v->wear));
}

static void count_erases(const struct bp_virtual *v, const struct bp_flash *f, struct bp_observation *out)
{
	for (uint32_t i = 0; i < f->n_pages; i++) {
		uint32_t n = f->wear[i] - v->wear[i];

		out->erases += n;
		out->page_erases = n > out->page_erases ? n : out->page_erases;
	}
}

static int observe(void *self, struct bp_observation *out, struct bp_err *err)
{
	struct bp_virtual *v = self;
	const struct bp_flash *f = bp_vboard_flash(v->vboard);
	int row = bp_vboard_running(v->vboard);

	(void)err;
	*out = (struct bp_observation){
		.artifact = row >= 0 ? v->images.row[row].artifact : row,
		.slot = bp_vboard_running_slot(v->vboard),
		.idle = bp_vboard_idle(v->vboard),
		.unknown_runs = bp_vboard_unknown_runs(v->vboard),
		.last_op_ns = bp_vboard_last_op_ns(v->vboard),
		.ops = bp_vboard_ops(v->vboard),
		.weak_records = weak_records(v, f),
		.n_traps = f->n_traps,
		.trap = bp_trap_name(f->trap.kind),
		.trap_addr = f->trap.addr,
		.trap_running_slot = f->trap.kind == BP_TRAP_RUNNING_SLOT,
		.trap_outside = f->trap.kind == BP_TRAP_FORBIDDEN_AREA,
		.trap_bootloader = f->trap.kind == BP_TRAP_BOOTLOADER,
	};
	count_erases(v, f, out);
	return 0;
}

static void allow(void *self, uint32_t areas)
{
	bp_vboard_allow(((struct bp_virtual *)self)->vboard, areas);
}

const struct bp_debug_ops bp_debug_virtual_ops = {
	.name = "virtual",
	.help = "the virtual board's memory, and the truth about its core",
	.read = read_mem, .write = write_mem, .matches = matches, .observe = observe, .allow = allow, .mark_wear = mark_wear,
};
