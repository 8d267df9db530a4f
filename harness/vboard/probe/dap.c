/* SPDX-License-Identifier: Apache-2.0 */
#include "vboard/probe/dap.h"

/* CTRL/STAT, B2.2.2 */
#define ORUNDETECT (1u << 0)
#define STICKYORUN (1u << 1)
#define STICKYCMP (1u << 4)
#define STICKYERR (1u << 5)
#define READOK (1u << 6)
#define WDATAERR (1u << 7)
#define CDBGPWRUPREQ (1u << 28)
#define CSYSPWRUPREQ (1u << 30)
#define POWER_REQUESTS (CDBGPWRUPREQ | CSYSPWRUPREQ)
#define WRITABLE (ORUNDETECT | POWER_REQUESTS | 0x00ffff0cu) /* with TRNMODE, MASKLANE and TRNCNT */

/* CSW, C2.6.4 */
#define CSW_SIZE 7u
#define CSW_INC 0x30u
#define CSW_PACKED 0x20u
#define CSW_DEVICE_EN (1u << 6)
#define CSW_WRITABLE 0xff00003fu /* Prot, AddrInc, Size; DbgSwEnable reads 0 */

#define TAR_WRAP 0x1000u /* a Cortex-M4 counts within 4 KiB: its technical reference manual, AHB-AP */

#define DPBANK 15u
#define ROM_BASE 0xe00ff003u

void bp_dap_init(struct bp_dap *d, struct bp_core *core)
{
	*d = (struct bp_dap){.core = core, .csw = 0x23000042u}; /* the value after power-up of a Cortex-M4 */
}

void bp_dap_power(struct bp_dap *d, bool on)
{
	bp_dap_init(d, d->core);
	d->powered = on;
}

bool bp_dap_failed(const struct bp_dap *d)
{
	return (d->ctrl_stat & (STICKYERR | STICKYORUN | STICKYCMP | WDATAERR)) != 0;
}

bool bp_dap_overrun_detect(const struct bp_dap *d)
{
	return (d->ctrl_stat & ORUNDETECT) != 0;
}

void bp_dap_overrun(struct bp_dap *d)
{
	d->ctrl_stat |= STICKYORUN;
}

enum bp_ack bp_dap_ack(const struct bp_dap *d, bool ap, bool read, uint32_t reg)
{
	if (!d->powered)
		return BP_ACK_NONE;
	if (ap) {
		if ((d->ctrl_stat & POWER_REQUESTS) != POWER_REQUESTS)
			return BP_ACK_FAULT;
		return bp_dap_failed(d) ? BP_ACK_FAULT : BP_ACK_OK;
	}
	/* B4.2.4: always answered are IDCODE, CTRL/STAT read, ABORT written. */
	if (reg == 0 || (reg == 4 && read))
		return BP_ACK_OK;
	return bp_dap_failed(d) ? BP_ACK_FAULT : BP_ACK_OK;
}

static uint32_t unit_bytes(const struct bp_dap *d)
{
	uint32_t size = d->csw & CSW_SIZE;

	return size > 2 ? 4 : 1u << size;
}

static void count_up(struct bp_dap *d, uint32_t bytes)
{
	if (d->csw & CSW_INC)
		d->tar = (d->tar & ~(TAR_WRAP - 1)) | ((d->tar + bytes) & (TAR_WRAP - 1));
}

/* DRW: one access, or with packed transfers a word's worth of them; bytes stay in their lanes. */
static void data(struct bp_dap *d, bool write, uint32_t *value)
{
	uint32_t unit = unit_bytes(d), n = (d->csw & CSW_INC) == CSW_PACKED ? 4 / unit : 1, v, out = 0;
	uint32_t mask = unit == 4 ? 0xffffffffu : (1u << 8 * unit) - 1;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t addr = d->tar & ~(unit - 1), lane = 8 * (addr & 3);
		int rc;

		if (write) {
			rc = bp_core_write(d->core, addr, unit, *value >> lane & mask);
		} else {
			rc = bp_core_read(d->core, addr, unit, &v);
			out |= rc ? 0 : (v & mask) << lane;
		}
		if (rc) {
			d->ctrl_stat |= STICKYERR;
			break;
		}
		count_up(d, unit);
	}
	if (!write)
		*value = out;
}

/* BD0 to BD3: words around TAR, no counting. */
static void banked(struct bp_dap *d, bool write, uint32_t reg, uint32_t *value)
{
	uint32_t addr = (d->tar & ~15u) | (reg & 12);
	int rc = write ? bp_core_write(d->core, addr, 4, *value) : bp_core_read(d->core, addr, 4, value);

	if (rc)
		d->ctrl_stat |= STICKYERR;
}

static void mem_ap_write(struct bp_dap *d, uint32_t reg, uint32_t value)
{
	switch (reg) {
	case 0x00: d->csw = value & CSW_WRITABLE; break;
	case 0x04: d->tar = value; break;
	case 0x0c: data(d, true, &value); break;
	case 0x10: case 0x14: case 0x18: case 0x1c: banked(d, true, reg, &value); break;
	default: break;
	}
}

static uint32_t mem_ap_read(struct bp_dap *d, uint32_t reg)
{
	uint32_t v = 0;

	switch (reg) {
	case 0x00: return d->csw | CSW_DEVICE_EN;
	case 0x04: return d->tar;
	case 0x0c: data(d, false, &v); return v;
	case 0x10: case 0x14: case 0x18: case 0x1c: banked(d, false, reg, &v); return v;
	case 0xf8: return ROM_BASE;
	case 0xfc: return BP_AP_IDR;
	default: return 0;
	}
}

enum bp_ack bp_dap_ap_read(struct bp_dap *d, uint32_t ap, uint32_t reg, uint32_t *value)
{
	enum bp_ack ack = bp_dap_ack(d, true, true, reg);

	*value = ack == BP_ACK_OK && ap == 0 ? mem_ap_read(d, reg & 0xfcu) : 0;
	return ack;
}

enum bp_ack bp_dap_ap_write(struct bp_dap *d, uint32_t ap, uint32_t reg, uint32_t value)
{
	enum bp_ack ack = bp_dap_ack(d, true, false, reg);

	if (ack == BP_ACK_OK && ap == 0)
		mem_ap_write(d, reg & 0xfcu, value);
	return ack;
}

static uint32_t ctrl_stat(const struct bp_dap *d)
{
	/* The board's debug and system power follow each request at once. */
	return d->ctrl_stat | (d->ctrl_stat & POWER_REQUESTS) << 1;
}

static uint32_t dp_read(struct bp_dap *d, uint32_t reg)
{
	switch (reg) {
	case 0: return BP_DP_IDCODE;
	case 4: return d->select & DPBANK ? ((d->select & DPBANK) == 1 ? d->dlcr : 0) : ctrl_stat(d);
	default: return d->rdbuff; /* RESEND and RDBUFF */
	}
}

static void abort_write(struct bp_dap *d, uint32_t value)
{
	static const uint32_t clears[][2] = {{1u << 1, STICKYCMP}, {1u << 2, STICKYERR}, {1u << 3, WDATAERR}, {1u << 4, STICKYORUN}};

	for (unsigned i = 0; i < 4; i++)
		if (value & clears[i][0])
			d->ctrl_stat &= ~clears[i][1];
}

static void dp_write(struct bp_dap *d, uint32_t reg, uint32_t value)
{
	switch (reg) {
	case 0: abort_write(d, value); break;
	case 4:
		if (!(d->select & DPBANK))
			d->ctrl_stat = (d->ctrl_stat & ~WRITABLE) | (value & WRITABLE);
		else if ((d->select & DPBANK) == 1)
			d->dlcr = value;
		break;
	case 8: d->select = value; break;
	default: break;
	}
}

enum bp_ack bp_dap_read(struct bp_dap *d, bool ap, uint32_t reg, uint32_t *value)
{
	enum bp_ack ack = bp_dap_ack(d, ap, true, reg);

	*value = 0;
	if (ack != BP_ACK_OK)
		return ack;
	if (ap) {
		*value = d->rdbuff;
		bp_dap_ap_read(d, d->select >> 24, (d->select & 0xf0) | reg, &d->rdbuff);
		d->ctrl_stat |= READOK;
	} else {
		*value = dp_read(d, reg);
	}
	return ack;
}

enum bp_ack bp_dap_write(struct bp_dap *d, bool ap, uint32_t reg, uint32_t value)
{
	enum bp_ack ack = bp_dap_ack(d, ap, false, reg);

	if (ack != BP_ACK_OK)
		return ack;
	if (ap)
		bp_dap_ap_write(d, d->select >> 24, (d->select & 0xf0) | reg, value);
	else
		dp_write(d, reg, value);
	return ack;
}
