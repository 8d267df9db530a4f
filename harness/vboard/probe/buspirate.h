/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buspirate.h - a Bus Pirate v3 in its binary raw-wire mode, two wires: clock
 * and data, as OpenOCD's `buspirate` driver uses it for SWD. Dangerous
 * Prototypes, "Raw-wire (binary)" of the Bus Pirate's documentation.
 */
#ifndef BP_VBOARD_PROBE_BUSPIRATE_H
#define BP_VBOARD_PROBE_BUSPIRATE_H

#include "vboard/probe/swd.h"

#include <stddef.h>

enum bp_pirate_mode { BP_PIRATE_TERMINAL, BP_PIRATE_BINARY, BP_PIRATE_RAW };

struct bp_buspirate {
	struct bp_swd *swd;
	void (*reset)(void *ctx, bool low);
	void *ctx;
	enum bp_pirate_mode mode;
	uint32_t zeros;       /* in a row, in terminal mode */
	uint32_t bulk;        /* bytes of a bulk write that are still to come */
	bool aux_was_high;    /* since raw mode was entered: only then is a low AUX a reset */
	bool msb_first, data; /* data: level that the adapter drives on single clocks */
};

void bp_buspirate_init(struct bp_buspirate *p, struct bp_swd *swd, void (*reset)(void *ctx, bool low), void *ctx);

/* One byte from the host; its reply goes to out (room for 8). Returns the reply's length. */
size_t bp_buspirate_byte(struct bp_buspirate *p, uint8_t in, uint8_t *out);

#endif
