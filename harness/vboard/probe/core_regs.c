/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_regs.c - the memory that the debug port sees: flash, RAM, the private
 * peripheral bus, and the few peripherals that provisioning uses.
 */
#include "vboard/probe/core_parts.h"

#include <string.h>

#define CPUID_M4 0x410fc241u   /* Cortex-M4 r0p1: its technical reference manual, section 4.3.1 */
#define NOP_NOP 0xbf00bf00u
#define CPU_MHZ 64u

#define DWT 0xe0001000u
#define FPB 0xe0002000u
#define SCS 0xe000e000u
#define ROM 0xe00ff000u
#define PPB_BYTES 0x1000u

/* FP_CTRL: 6 code comparators, no literal ones; C1.11.3. */
#define FP_CTRL_RO (BP_FPB_CODE << 4)
#define FP_CTRL_KEY 2u
/* DWT_CTRL: number of comparators; C1.8.7. */
#define DWT_CTRL_RO (BP_DWT_COMPARATORS << 28)

#define NVMC_READY (BP_NVMC_BASE + 0x400u)
#define NVMC_CONFIG (BP_NVMC_BASE + 0x504u)
#define NVMC_ERASEPAGE (BP_NVMC_BASE + 0x508u)
#define NVMC_ERASEALL (BP_NVMC_BASE + 0x50cu)
#define NVMC_WRITE 1u
#define NVMC_ERASE 2u

/* Offsets from the table's own address, bit 0: present, bit 1: 32 bit; ARM DDI 0403E, D.1 (ROM table). */
static const uint32_t rom_table[] = {0xfff0f003u, 0xfff02003u, 0xfff03003u};

/* Last registers of a component's page: class and part, as Cortex-M4 has them. */
struct component {
	uint32_t base;
	uint8_t class, part;
};

static const struct component components[] = {{SCS, 0xe0, 0x0c}, {DWT, 0xe0, 0x02}, {FPB, 0xe0, 0x03}, {ROM, 0x10, 0xc4}};

static uint32_t identity(const struct component *k, uint32_t offset)
{
	static const uint8_t cid[] = {0x0d, 0, 0x05, 0xb1};

	switch (offset) {
	case 0xfd0: return 0x04;        /* PIDR4: JEP106 bank of ARM */
	case 0xfe0: return k->part;     /* PIDR0 */
	case 0xfe4: return 0xb0;        /* PIDR1, 2: ARM */
	case 0xfe8: return 0x0b;
	case 0xff4: return k->class;
	default: return offset >= 0xff0 ? cid[(offset - 0xff0) / 4] : 0;
	}
}

static uint32_t read_scs(struct bp_core *c, uint32_t addr)
{
	switch (addr) {
	case 0xe000ed00: return CPUID_M4;
	case 0xe000ed08: return c->vtor;
	case 0xe000ed0c: return 0xfa050000u; /* AIRCR: key as read, little endian */
	case 0xe000ed14: return 0x200;       /* CCR: STKALIGN */
	case 0xe000ed24: return c->shcsr;
	case 0xe000ed30: return c->dfsr;
	case 0xe000edf0: return bp_core_status(c);
	case 0xe000edf8: return c->dcrdr;
	case 0xe000edfc: return c->demcr;
	default: return 0;                   /* no FPU: MVFR0 and MVFR1 too */
	}
}

static uint32_t read_dwt(struct bp_core *c, uint32_t offset)
{
	struct bp_watch_point *w = &c->dwt[(offset - 0x20) / 16 % BP_DWT_COMPARATORS];
	uint32_t v = w->function;

	switch (offset) {
	case 0x00: return DWT_CTRL_RO | c->dwt_ctrl;
	case 0x04: return (uint32_t)(bp_vboard_now(c->board) * CPU_MHZ / 1000);
	case 0x1c: return bp_vboard_halted(c->board) ? 0xffffffffu : BP_CODE_RUNNING;
	default: break;
	}
	if (offset < 0x20 || offset >= 0x20 + 16 * BP_DWT_COMPARATORS)
		return 0;
	switch (offset & 15) {
	case 0: return w->comp;
	case 4: return w->mask;
	case 8: w->function &= ~BP_DWT_MATCHED; return v;
	default: return 0;
	}
}

static uint32_t read_fpb(const struct bp_core *c, uint32_t offset)
{
	if (offset == 0)
		return FP_CTRL_RO | c->fp_ctrl;
	return offset >= 8 && offset < 8 + 4 * BP_FPB_CODE ? c->fp_comp[(offset - 8) / 4] : 0;
}

static uint32_t read_ppb(struct bp_core *c, uint32_t addr)
{
	uint32_t offset = addr % PPB_BYTES;

	for (size_t i = 0; i < sizeof(components) / sizeof(components[0]); i++)
		if (addr - offset == components[i].base && offset >= 0xfd0)
			return identity(&components[i], offset);
	switch (addr - offset) {
	case SCS: return read_scs(c, addr);
	case DWT: return read_dwt(c, offset);
	case FPB: return read_fpb(c, offset);
	case ROM: return offset / 4 < sizeof(rom_table) / 4 ? rom_table[offset / 4] : offset == 0xfcc ? 1 : 0;
	default: return 0;
	}
}

static void write_scs(struct bp_core *c, uint32_t addr, uint32_t value)
{
	switch (addr) {
	case 0xe000ed08: c->vtor = value & 0xffffff80u; break;
	case 0xe000ed0c:
		if (value >> 16 == 0x05fau && (value & 5)) /* VECTKEY; SYSRESETREQ or VECTRESET */
			bp_core_reset_request(c);
		break;
	case 0xe000ed24: c->shcsr = value; break;
	case 0xe000ed30: c->dfsr &= ~value; break;
	case 0xe000edf0: bp_core_control(c, value); break;
	case 0xe000edf4: bp_core_select(c, value); break;
	case 0xe000edf8: c->dcrdr = value; break;
	case 0xe000edfc: c->demcr = value & 0x010f07f1u; break; /* C1.6.5: the bits that exist */
	default: break;
	}
}

static void write_dwt(struct bp_core *c, uint32_t offset, uint32_t value)
{
	struct bp_watch_point *w = &c->dwt[(offset - 0x20) / 16 % BP_DWT_COMPARATORS];

	if (offset == 0)
		c->dwt_ctrl = value & 0x0fffffffu;
	if (offset < 0x20 || offset >= 0x20 + 16 * BP_DWT_COMPARATORS)
		return;
	switch (offset & 15) {
	case 0: w->comp = value; break;
	case 4: w->mask = value & 31; break;
	case 8: w->function = value & 0x000fffffu; break;
	default: break;
	}
}

static void write_ppb(struct bp_core *c, uint32_t addr, uint32_t value)
{
	uint32_t offset = addr % PPB_BYTES;

	switch (addr - offset) {
	case SCS: write_scs(c, addr, value); break;
	case DWT: write_dwt(c, offset, value); break;
	case FPB:
		if (offset == 0 && (value & FP_CTRL_KEY))
			c->fp_ctrl = value & 1;
		if (offset >= 8 && offset < 8 + 4 * BP_FPB_CODE)
			c->fp_comp[(offset - 8) / 4] = value & 0xdffffffdu;
		break;
	default: break;
	}
}

static int read_reset_cause(const struct bp_core *c, uint32_t *value)
{
	static const uint32_t bits[DUT_CAUSE_COUNT] = {
		[DUT_CAUSE_PIN] = 1u << 0, [DUT_CAUSE_WATCHDOG] = 1u << 1, [DUT_CAUSE_SOFTWARE] = 1u << 2, [DUT_CAUSE_FAULT] = 1u << 3,
	};

	*value = bits[bp_vboard_cause(c->board)];
	return 0;
}

static int read_flash(const struct bp_core *c, uint32_t addr, uint32_t size, uint32_t *value)
{
	const struct bp_flash *f = bp_vboard_flash(c->board);

	*value = 0;
	return bp_flash_read(f, addr, value, size); /* both little endian */
}

/* Word at addr of a board that the probe provisions: bits only move away from erased. */
static int program(struct bp_core *c, uint32_t addr, uint32_t value)
{
	struct bp_flash *f = bp_vboard_flash(c->board);
	uint8_t bytes[4];

	if (c->nvmc_config != NVMC_WRITE)
		return -1;
	for (unsigned i = 0; i < 4; i++) {
		uint8_t old = f->bytes[addr + i], new = (uint8_t)(value >> 8 * i);

		bytes[i] = f->geo.erased ? old & new : old | new;
	}
	bp_flash_load(f, addr, bytes, 4);
	return 0;
}

static void erase(struct bp_core *c, uint32_t addr, uint32_t len)
{
	struct bp_flash *f = bp_vboard_flash(c->board);
	uint8_t blank[256];

	if (c->nvmc_config != NVMC_ERASE || addr >= f->geo.size_bytes || len > f->geo.size_bytes - addr)
		return;
	memset(blank, f->geo.erased, sizeof(blank));
	for (uint32_t at = 0, n; at < len; at += n) {
		n = len - at < sizeof(blank) ? len - at : (uint32_t)sizeof(blank);
		bp_flash_load(f, addr + at, blank, n);
	}
}

static int write_nvmc(struct bp_core *c, uint32_t addr, uint32_t value)
{
	const struct bp_geometry *g = &bp_vboard_flash(c->board)->geo;

	if (addr == NVMC_CONFIG)
		c->nvmc_config = value & 3;
	else if (addr == NVMC_ERASEPAGE)
		erase(c, value - value % g->page_bytes, g->page_bytes);
	else if (addr == NVMC_ERASEALL && value == 1)
		erase(c, 0, g->size_bytes);
	return 0;
}

static bool inside(uint32_t addr, uint32_t size, uint32_t base, uint32_t bytes)
{
	return addr >= base && addr - base <= bytes - size;
}

int bp_core_read(struct bp_core *c, uint32_t addr, uint32_t size, uint32_t *value)
{
	uint32_t shift = 8 * (addr & 3), word = addr & ~3u, v;
	const struct bp_geometry *g = &bp_vboard_flash(c->board)->geo;

	if (inside(addr, size, 0, g->size_bytes))
		return read_flash(c, addr, size, value);
	if (inside(addr, size, BP_RAM_BASE, BP_RAM_BYTES)) {
		*value = 0;
		memcpy(value, c->ram + (addr - BP_RAM_BASE), size);
		return 0;
	}
	if (word >= 0xe0000000u && word < 0xe0100000u)
		v = read_ppb(c, word);
	else if (inside(addr, size, BP_CODE_BASE, BP_CODE_BYTES))
		v = NOP_NOP;
	else if (word == BP_RESETREAS)
		return read_reset_cause(c, value);
	else if (inside(addr, size, BP_NVMC_BASE, PPB_BYTES))
		v = word == NVMC_READY ? 1 : word == NVMC_CONFIG ? c->nvmc_config : 0;
	else
		return -1;
	*value = v >> shift & (size == 4 ? 0xffffffffu : (1u << 8 * size) - 1);
	return 0;
}

int bp_core_write(struct bp_core *c, uint32_t addr, uint32_t size, uint32_t value)
{
	const struct bp_geometry *g = &bp_vboard_flash(c->board)->geo;

	if (inside(addr, size, BP_RAM_BASE, BP_RAM_BYTES)) {
		memcpy(c->ram + (addr - BP_RAM_BASE), &value, size);
		return 0;
	}
	if (size != 4)
		return -1; /* the rest takes words only */
	if (addr >= 0xe0000000u && addr < 0xe0100000u)
		write_ppb(c, addr, value);
	else if (inside(addr, size, 0, g->size_bytes))
		return program(c, addr, value);
	else if (inside(addr, size, BP_NVMC_BASE, PPB_BYTES))
		return write_nvmc(c, addr, value);
	else if (addr != BP_RESETREAS)
		return -1;
	return 0;
}
