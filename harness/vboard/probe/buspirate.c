/* SPDX-License-Identifier: Apache-2.0 */
#include "vboard/probe/buspirate.h"

#define ENTER_ZEROS 20u

void bp_buspirate_init(struct bp_buspirate *p, struct bp_swd *swd, void (*reset)(void *ctx, bool low), void *ctx)
{
	*p = (struct bp_buspirate){.swd = swd, .reset = reset, .ctx = ctx};
}

static size_t say(uint8_t *out, const char *text)
{
	size_t n = 0;

	for (; text[n]; n++)
		out[n] = (uint8_t)text[n];
	return n;
}

/* The host's bits one by one; reading, the adapter lets go of the line, which is pulled up. */
static uint8_t clock_byte(struct bp_buspirate *p, uint8_t bits, bool reading)
{
	uint8_t got = 0;

	for (unsigned i = 0; i < 8; i++) {
		unsigned at = p->msb_first ? 7 - i : i;
		bool level = bp_swd_edge(p->swd, reading || (bits >> at & 1));

		got |= (uint8_t)(level << at);
	}
	return got;
}

static size_t one(uint8_t *out)
{
	out[0] = 1;
	return 1;
}

/*
 * Pins: bit 3 power, 2 pull-ups, 1 AUX, 0 CS. OpenOCD has the target's reset at
 * AUX, high when it is not reset; what it sets up before is low by accident.
 */
static size_t peripherals(struct bp_buspirate *p, uint8_t in, uint8_t *out)
{
	bool high = in & 2;

	if (p->reset && (high || p->aux_was_high))
		p->reset(p->ctx, !high);
	p->aux_was_high |= high;
	return one(out);
}

static size_t raw(struct bp_buspirate *p, uint8_t in, uint8_t *out)
{
	if (in == 0x00) {
		p->mode = BP_PIRATE_BINARY;
		return say(out, "BBIO1");
	}
	switch (in & 0xf0) {
	case 0x00:
		switch (in) {
		case 0x01: return say(out, "RAW1");
		case 0x06: out[0] = clock_byte(p, 0, true); return 1;
		case 0x07: out[0] = bp_swd_edge(p->swd, true); return 1;
		case 0x09: bp_swd_edge(p->swd, p->data); return one(out);
		case 0x0c: p->data = false; return one(out);
		case 0x0d: p->data = true; return one(out);
		default: return one(out); /* start and stop bits, chip select, clock level: no edge */
		}
	case 0x10: p->bulk = (in & 15u) + 1; return one(out);
	case 0x20:
		for (unsigned i = 0; i <= (in & 15u); i++)
			bp_swd_edge(p->swd, p->data);
		return one(out);
	case 0x40: return peripherals(p, in, out);
	case 0x60: return one(out); /* speed: all the same here */
	case 0x80: p->msb_first = !(in & 2); return one(out);
	default: out[0] = 0; return 1; /* no such command */
	}
}

size_t bp_buspirate_byte(struct bp_buspirate *p, uint8_t in, uint8_t *out)
{
	if (p->mode == BP_PIRATE_RAW && p->bulk) {
		p->bulk--;
		clock_byte(p, in, false);
		return one(out);
	}
	if (p->mode == BP_PIRATE_RAW)
		return raw(p, in, out);
	if (p->mode == BP_PIRATE_TERMINAL) {
		p->zeros = in ? 0 : p->zeros + 1;
		if (p->zeros < ENTER_ZEROS)
			return 0;
		p->mode = BP_PIRATE_BINARY;
		return say(out, "BBIO1");
	}
	switch (in) {
	case 0x00: return say(out, "BBIO1");
	case 0x05:
		p->mode = BP_PIRATE_RAW;
		p->bulk = 0;
		p->msb_first = true;
		p->data = p->aux_was_high = false;
		return say(out, "RAW1");
	case 0x0f: /* back to the terminal */
		p->mode = BP_PIRATE_TERMINAL;
		p->zeros = 0;
		if (p->reset)
			p->reset(p->ctx, false);
		return one(out);
	default: out[0] = 0; return 1;
	}
}
