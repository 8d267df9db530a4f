/* SPDX-License-Identifier: Apache-2.0 */
/*
 * power_ftdi_card.h - an FTDI chip as a relay card (private to power_ftdi.c).
 *
 * One handle for each chip and interface in this process, however many boards
 * hang on it, and one shadow of its outputs, so that a board never disturbs its
 * neighbour. A second process cannot have the same interface.
 */
#ifndef BP_BENCH_POWER_FTDI_CARD_H
#define BP_BENCH_POWER_FTDI_CARD_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define BP_FTDI_NAME_BYTES 64

/* Which chip, and how it is driven. Boards whose keys are equal share a card. */
struct bp_ftdi_key {
	char serial[BP_FTDI_NAME_BYTES];      /* "": any */
	char description[BP_FTDI_NAME_BYTES]; /* "": any */
	uint32_t index;                       /* among those that fit, from 0, by bus and address */
	uint16_t vendor, product;             /* product 0: any chip of FTDI's */
	uint8_t interface;                    /* 0 to 3: A to D */
	uint8_t outputs;                      /* the bits that are driven */
	bool cbus;                            /* bit-bang on CBUS, not on the data bus */
};

struct bp_ftdi_card;

/* Open, or share what is open. One release for each. */
int bp_ftdi_card_get(const struct bp_ftdi_key *key, struct bp_ftdi_card **out, struct bp_err *err);
void bp_ftdi_card_release(struct bp_ftdi_card *card);

/* One output high or low, the others as they are; read back. A card that was unplugged is looked for again. */
int bp_ftdi_card_set(struct bp_ftdi_card *card, unsigned bit, bool high, struct bp_err *err);

#endif
