/* SPDX-License-Identifier: Apache-2.0 */
/*
 * power_ftdi.c - power through a relay on a pin of an FTDI chip.
 *
 *     power:
 *       driver: ftdi
 *       serial: A10KZP45             # of the chip; or description: and index:
 *       channel: 3                   # as printed on the relay card, from 1; or bit: from 0
 *       active: high                 # the level that gives power; high when left out
 *       interface: a                 # b to d on chips with several
 *       mode: bitbang                # or cbus: bits 0 to 3
 *       outputs: 0xff                # bits that are driven; all of them when left out, as on a relay card
 *       usb: "0403:6001"             # for a card with ids of its own
 */
#include "bench/power_ftdi_card.h"
#include "bench/power_parts.h"
#include "bench/safe.h"

#include <stdio.h>
#include <string.h>

#define FTDI_VENDOR 0x0403       /* usb.ids */

struct ftdi {
	const char *board;
	struct bp_ftdi_key key;
	struct bp_ftdi_card *card;
	uint32_t bit;
	bool active_low;
};

static int where(const struct ftdi *f, struct bp_err *err)
{
	const char *name = *f->key.serial ? f->key.serial : f->key.description;

	return bp_prefix(err, "board %s: FTDI chip %s%s bit %u", f->board, *name ? name : "(any)", f->key.cbus ? " CBUS" : "",
			 (unsigned)f->bit);
}

static int ftdi_on(void *self, struct bp_err *err)
{
	const struct ftdi *f = self;

	return bp_ftdi_card_set(f->card, f->bit, !f->active_low, err) ? where(f, err) : 0;
}

static int ftdi_off(void *self, struct bp_err *err)
{
	const struct ftdi *f = self;

	return bp_ftdi_card_set(f->card, f->bit, f->active_low, err) ? where(f, err) : 0;
}

static void ftdi_close(void *self)
{
	struct ftdi *f = self;

	bp_safe_drop(self, !ftdi_off(self, NULL));
	bp_ftdi_card_release(f->card);
}

static void read_name(struct bp_diag *d, const struct bp_node *node, char out[BP_FTDI_NAME_BYTES])
{
	const char *text;

	if (bp_node_text(d, node, &text))
		return;
	if (strlen(text) >= BP_FTDI_NAME_BYTES)
		bp_diag_at(d, node, "longer than %d characters", BP_FTDI_NAME_BYTES - 1);
	snprintf(out, BP_FTDI_NAME_BYTES, "%s", text);
}

static void read_chip(struct bp_diag *d, const struct bp_node *config, struct bp_ftdi_key *key)
{
	static const char *const interfaces[] = {"a", "b", "c", "d"};
	const struct bp_node *usb = bp_map_get(config, "usb");
	unsigned interface = 0, vendor, product;
	const char *text;
	char rest;

	read_name(d, bp_map_get(config, "serial"), key->serial);
	read_name(d, bp_map_get(config, "description"), key->description);
	bp_node_u32(d, bp_map_get(config, "index"), 0, 255, &key->index);
	if (!*key->serial && !*key->description && !usb)
		bp_diag_at(d, config, "an FTDI chip needs 'serial' (or 'description' or 'usb'): "
			   "any other chip that is plugged in would be taken too");
	bp_node_enum(d, bp_map_get(config, "interface"), interfaces, 4, &interface);
	key->interface = (uint8_t)interface;
	key->vendor = FTDI_VENDOR;
	if (bp_node_text(d, usb, &text))
		return;
	if (strlen(text) != 9 || sscanf(text, "%4x:%4x%c", &vendor, &product, &rest) != 2) {
		bp_diag_at(d, usb, "expected VENDOR:PRODUCT in hexadecimal, as in \"0403:6001\" (see lsusb)");
		return;
	}
	key->vendor = (uint16_t)vendor;
	key->product = (uint16_t)product;
}

static void read_pin(struct bp_diag *d, const struct bp_node *config, struct ftdi *f)
{
	static const char *const modes[] = {"bitbang", "cbus"}, *const levels[] = {"high", "low"};
	const struct bp_node *channel = bp_map_get(config, "channel"), *bit = bp_map_get(config, "bit");
	uint32_t pins, outputs;
	unsigned mode = 0, active = 0;

	bp_node_enum(d, bp_map_get(config, "mode"), modes, 2, &mode);
	bp_node_enum(d, bp_map_get(config, "active"), levels, 2, &active);
	f->key.cbus = mode;
	f->active_low = active;
	pins = mode ? 4 : 8;
	if (!channel == !bit)
		bp_diag_at(d, config, "which relay? 'channel' (from 1) or 'bit' (from 0)%s", bit ? ", not both" : "");
	bp_node_u32(d, bit, 0, pins - 1, &f->bit);
	if (!bp_node_u32(d, channel, 1, pins, &f->bit))
		f->bit--;
	outputs = (1u << pins) - 1;
	bp_node_u32(d, bp_map_get(config, "outputs"), 1, outputs, &outputs);
	f->key.outputs = (uint8_t)outputs;
	if (f->bit < pins && !(outputs >> f->bit & 1))
		bp_diag_at(d, bp_map_get(config, "outputs"), "bit %u, this board's own, is not among the outputs", (unsigned)f->bit);
}

static int ftdi_open(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, const char *board, void **self,
		     struct bp_err *err)
{
	struct ftdi *f = bp_arena_alloc(a, sizeof(*f));
	unsigned before = d->count;
	int rc;

	if (!f)
		return bp_fail(err, BP_ENOMEM, "board %s: power: out of memory", board);
	f->board = board;
	read_chip(d, config, &f->key);
	read_pin(d, config, f);
	bp_map_done(d, config);
	if (d->count != before)
		return bp_diag_result(d, err);
	rc = bp_safe_start(err); /* before libusb's thread */
	if (!rc)
		rc = bp_ftdi_card_get(&f->key, &f->card, err);
	if (rc)
		return where(f, err);
	rc = bp_safe_add(&bp_power_ftdi_ops, f, board, config, err);
	if (rc) {
		bp_ftdi_card_release(f->card);
		return where(f, err);
	}
	*self = f;
	return 0;
}

const struct bp_power_ops bp_power_ftdi_ops = {
	.name = "ftdi",
	.help = "a relay on an FTDI chip: serial: NUMBER, channel: N (or bit: N), active: high or low",
	.open = ftdi_open, .close = ftdi_close, .on = ftdi_on, .off = ftdi_off,
};
