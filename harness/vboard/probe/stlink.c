/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stlink.c - requests as ST's server takes them, and the ST-LINK's own commands.
 *
 * No public specification exists; commands and status codes are those that
 * OpenOCD's and the stlink project's drivers send and expect.
 */
#include "vboard/probe/stlink.h"

#include "base/err.h"

#include <string.h>

/* Requests to the server */
enum { SRV_REFRESH, SRV_COUNT, SRV_INFO, SRV_OPEN, SRV_CLOSE, SRV_USB, SRV_VERSION, SRV_CLIENTS };

#define SRV_OK 1u
#define SRV_BAD_PARAMETER 0x1002u
#define SRV_API 2u               /* 3 would bring command lists, for which one board has no need */
#define SRV_CONNECTION 1u
#define USB_HEAD 32u             /* bytes before the data of SRV_USB */
#define USB_DATA 10240u

/* Commands to the adapter */
#define GET_VERSION 0xf1u
#define DEBUG 0xf2u
#define GET_MODE 0xf5u
#define GET_VOLTAGE 0xf7u
#define GET_VERSION_EX 0xfbu

#define D_READ32 0x07u
#define D_WRITE32 0x08u
#define D_READ8 0x0cu
#define D_WRITE8 0x0du
#define D_EXIT 0x21u
#define D_ENTER 0x30u
#define D_IDCODES 0x31u
#define D_STATUS 0x3bu
#define D_NRST 0x3cu
#define D_STATUS2 0x3eu
#define D_READ_DAP 0x45u
#define D_WRITE_DAP 0x46u
#define D_READ16 0x47u
#define D_WRITE16 0x48u
#define D_INIT_AP 0x4bu
#define D_CLOSE_AP 0x4cu
#define D_WRITE32_FIXED 0x50u
#define D_READ32_FIXED 0x54u
#define D_SET_FREQ 0x61u
#define D_GET_FREQ 0x62u

#define MODE_IDLE 1u
#define MODE_DEBUG 2u
#define DP_PORT 0xffffu

/* Status, first byte of most replies */
#define ST_OK 0x80u
#define ST_FAULT 0x81u
#define ST_NO_TARGET 0x09u
#define ST_AP_FAULT 0x11u
#define ST_AP_ERROR 0x12u
#define ST_DP_FAULT 0x15u
#define ST_DP_ERROR 0x16u

static uint16_t get16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static uint32_t get32(const uint8_t *p) { return get16(p) | (uint32_t)get16(p + 2) << 16; }

static void put32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

void bp_stlink_init(struct bp_stlink *l, struct bp_dap *dap, void (*reset)(void *ctx, bool low), void *ctx)
{
	*l = (struct bp_stlink){.dap = dap, .reset = reset, .ctx = ctx, .status = ST_OK};
}

void bp_stlink_unlink(struct bp_stlink *l)
{
	l->linked = false;
}

void bp_stlink_client(struct bp_stlink *l)
{
	l->debugging = l->linked = false;
	l->status = ST_OK;
	if (l->reset)
		l->reset(l->ctx, false);
}

static uint8_t status_of(enum bp_ack ack, bool ap)
{
	if (ack == BP_ACK_OK)
		return ST_OK;
	if (ack == BP_ACK_FAULT)
		return ap ? ST_AP_FAULT : ST_DP_FAULT;
	return ap ? ST_AP_ERROR : ST_DP_ERROR;
}

static uint8_t read_dap(struct bp_stlink *l, uint32_t port, uint32_t reg, uint32_t *v)
{
	enum bp_ack ack = BP_ACK_NONE;
	uint32_t select = l->dap->select;

	*v = 0;
	if (l->linked && port != DP_PORT) {
		ack = bp_dap_ap_read(l->dap, port, reg, v);
		if (ack == BP_ACK_OK && bp_dap_failed(l->dap))
			ack = BP_ACK_FAULT;
	} else if (l->linked) {
		l->dap->select = (select & ~15u) | (reg >> 4 & 15);
		ack = bp_dap_read(l->dap, false, reg & 12, v);
		l->dap->select = select;
	}
	return status_of(ack, port != DP_PORT);
}

static uint8_t write_dap(struct bp_stlink *l, uint32_t port, uint32_t reg, uint32_t v)
{
	enum bp_ack ack = BP_ACK_NONE;

	if (l->linked && port != DP_PORT) {
		ack = bp_dap_ap_write(l->dap, port, reg, v);
		if (ack == BP_ACK_OK && bp_dap_failed(l->dap))
			ack = BP_ACK_FAULT;
	} else if (l->linked) {
		ack = bp_dap_write(l->dap, false, reg & 12, v);
	}
	return status_of(ack, port != DP_PORT);
}

/* A block of memory, through the access port as the adapter's firmware does it. */
static void memory(struct bp_stlink *l, const uint8_t *cmd, uint32_t unit, bool write, bool fixed, uint8_t *bytes, uint32_t size)
{
	uint32_t addr = get32(cmd + 2), len = get16(cmd + 6), csw = unit == 4 ? 2 : unit - 1;
	uint8_t status = cmd[8] == 0 && addr % unit == 0 ? ST_OK : ST_AP_ERROR;

	if (len > size)
		len = size;
	for (uint32_t i = 0; status == ST_OK && i + unit <= len; i += unit) {
		uint32_t at = fixed ? addr : addr + i, lane = 8 * (at & 3), v = 0;

		l->at = at;
		status = write_dap(l, 0, 0x00, csw | 0x23000000u);
		if (status == ST_OK)
			status = write_dap(l, 0, 0x04, at);
		for (uint32_t k = 0; write && k < unit; k++)
			v |= (uint32_t)bytes[i + k] << (lane + 8 * k);
		if (status == ST_OK)
			status = write ? write_dap(l, 0, 0x0c, v) : read_dap(l, 0, 0x0c, &v);
		for (uint32_t k = 0; !write && k < unit; k++)
			bytes[i + k] = (uint8_t)(v >> (lane + 8 * k));
	}
	l->status = status;
}

/* Line reset, switch, IDCODE; the adapter's firmware also asks for the debug power by itself. */
static uint8_t enter_swd(struct bp_stlink *l)
{
	l->debugging = true;
	l->linked = l->dap->powered;
	write_dap(l, DP_PORT, 0, 0x1e);       /* ABORT: clear what stuck */
	write_dap(l, DP_PORT, 8, 0);          /* SELECT */
	write_dap(l, DP_PORT, 4, 0x50000000); /* CTRL/STAT: CSYSPWRUPREQ, CDBGPWRUPREQ */
	return l->linked ? ST_OK : ST_NO_TARGET;
}

static uint8_t drive_reset(struct bp_stlink *l, uint8_t how)
{
	if (!l->reset || how > 2)
		return ST_FAULT;
	if (how != 1)
		l->reset(l->ctx, true);
	if (how != 0)
		l->reset(l->ctx, false);
	return ST_OK;
}

static void frequencies(uint8_t *out, uint32_t size)
{
	static const uint32_t khz[] = {24000, 8000, 3300, 1000, 200, 50};

	if (size < 52)
		return;
	out[8] = sizeof(khz) / sizeof(khz[0]);
	for (uint32_t i = 0; i < sizeof(khz) / sizeof(khz[0]); i++)
		put32(out + 12 + 4 * i, khz[i]);
}

/* data[size]: what a write brings, or room for what a read wants (zeroed, 52 bytes at least). */
static void debug_command(struct bp_stlink *l, const uint8_t *cmd, uint8_t *data, uint32_t size)
{
	uint32_t v;

	switch (cmd[1]) {
	case D_READ32: memory(l, cmd, 4, false, false, data, size); return;
	case D_WRITE32: memory(l, cmd, 4, true, false, data, size); return;
	case D_READ16: memory(l, cmd, 2, false, false, data, size); return;
	case D_WRITE16: memory(l, cmd, 2, true, false, data, size); return;
	case D_READ8: memory(l, cmd, 1, false, false, data, size); return;
	case D_WRITE8: memory(l, cmd, 1, true, false, data, size); return;
	case D_READ32_FIXED: memory(l, cmd, 4, false, true, data, size); return;
	case D_WRITE32_FIXED: memory(l, cmd, 4, true, true, data, size); return;
	case D_EXIT: l->debugging = l->linked = false; return;
	case D_ENTER: data[0] = enter_swd(l); return;
	case D_NRST: data[0] = drive_reset(l, cmd[2]); return;
	case D_STATUS:
	case D_STATUS2:
		data[0] = l->status;
		put32(data + 4, l->at);
		return;
	case D_IDCODES:
		data[0] = read_dap(l, DP_PORT, 0, &v);
		put32(data + 4, v);
		return;
	case D_READ_DAP:
		data[0] = read_dap(l, get16(cmd + 2), get16(cmd + 4), &v);
		put32(data + 4, v);
		return;
	case D_WRITE_DAP: data[0] = write_dap(l, get16(cmd + 2), get16(cmd + 4), get32(cmd + 6)); return;
	case D_INIT_AP:
	case D_CLOSE_AP:
	case D_SET_FREQ:
		data[0] = ST_OK;
		put32(data + 4, get32(cmd + 4)); /* the speed that was asked for */
		return;
	case D_GET_FREQ:
		data[0] = ST_OK;
		frequencies(data, size);
		return;
	default: data[0] = ST_FAULT;
	}
}

static void usb_command(struct bp_stlink *l, const uint8_t *cmd, uint8_t *data, uint32_t size)
{
	switch (cmd[0]) {
	case GET_VERSION:
		data[0] = 0x30; /* V3, the rest by GET_VERSION_EX */
		put16(data + 2, BP_STLINK_VID);
		put16(data + 4, BP_STLINK_PID);
		return;
	case GET_VERSION_EX:
		data[0] = 3;
		data[2] = 7; /* J7: banked DP registers, blocks of 512 bytes */
		put16(data + 8, BP_STLINK_VID);
		put16(data + 10, BP_STLINK_PID);
		return;
	case GET_MODE: data[0] = l->debugging ? MODE_DEBUG : MODE_IDLE; return;
	case GET_VOLTAGE: /* 1.2 V reads as the first, half the target's voltage as the second */
		put32(data, 2400);
		put32(data + 4, bp_vboard_rail_mv(l->dap->core->board));
		return;
	case DEBUG: debug_command(l, cmd, data, size); return;
	default: data[0] = ST_FAULT;
	}
}

/* SRV_USB: head, command, direction, size, data. */
static int usb_request(struct bp_stlink *l, const uint8_t *in, size_t len, size_t *used, uint8_t *out)
{
	bool write;
	uint32_t size;

	if (len < USB_HEAD)
		return 0;
	write = in[24] == 0;
	size = get32(in + 28);
	if (size > USB_DATA)
		return BP_EPROTO;
	if (write && len < USB_HEAD + size)
		return 0;
	*used = USB_HEAD + (write ? size : 0);
	memset(out, 0, 4 + (size < 64 ? 64 : size));
	put32(out, SRV_OK);
	if (write)
		memcpy(out + 4, in + USB_HEAD, size);
	usb_command(l, in + 8, out + 4, size);
	return write ? 4 : (int)(4 + size);
}

static int device_info(uint8_t *out, uint32_t index)
{
	static const char serial[] = "BRICKPROOF-VIRTUAL-BOARD";

	memset(out, 0, 45);
	put32(out, index == 0 ? SRV_OK : SRV_BAD_PARAMETER);
	put32(out + 4, SRV_CONNECTION);
	memcpy(out + 8, serial, sizeof(serial));
	put16(out + 40, BP_STLINK_VID);
	put16(out + 42, BP_STLINK_PID);
	return 45;
}

int bp_stlink_request(struct bp_stlink *l, const uint8_t *in, size_t len, size_t *used, uint8_t *out)
{
	static const uint8_t lengths[] = {2, 1, 8, 8, 8, USB_HEAD, 4, 8};

	*used = 0;
	if (!len)
		return 0;
	if (in[0] >= sizeof(lengths))
		return BP_EPROTO;
	if (in[0] == SRV_USB)
		return usb_request(l, in, len, used, out);
	if (len < lengths[in[0]])
		return 0;
	*used = lengths[in[0]];
	memset(out, 0, 16);
	put32(out, SRV_OK);
	switch (in[0]) {
	case SRV_INFO: return device_info(out, in[1]);
	case SRV_OPEN: put32(out + 4, SRV_CONNECTION); return 8;
	case SRV_CLIENTS: put32(out + 4, 1); return 8;
	case SRV_VERSION: put32(out, SRV_API); put32(out + 4, 1); return 16;
	default: return 4; /* SRV_COUNT: one adapter, the same number as OK */
	}
}
