/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.h - role: carries an update to the device.
 *
 * Each op blocks in the world's wait until the device answered or deadline_ns.
 * Errors: BP_EREFUSED (the device said no; out->reason says why), BP_ETIMEOUT (no
 * answer), BP_EPROTO (an answer that breaks the protocol), BP_EPOWER (the board
 * went off): all of these are the device's doing; any other is the rig's.
 */
#ifndef BP_BENCH_LINK_H
#define BP_BENCH_LINK_H

#include "base/arena.h"
#include "base/err.h"
#include "base/yaml.h"
#include "bench/smp.h"
#include "image/manifest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bp_board;

/* An update as one piece. */
struct bp_delivery {
	const char *artifact, *version;     /* its name, its version's text */
	struct bp_bytes manifest, image;    /* of that slot */
	uint32_t slot;
	const uint8_t *sha256;              /* 32 bytes, of the image's file */
};

struct bp_link_ops {
	const char *name, *help;
	/*
	 * From the board's `link:` map (`driver` and `over` are taken already), NULL: there is none. Everything lives in a; the
	 * board is borrowed and need not be complete yet. There is nothing to close.
	 */
	int (*open)(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, struct bp_board *board, void **self,
		    struct bp_err *err);
	/*
	 * For links that do not go through an update with the device request by request; offer, send and test are NULL
	 * then. The whole of it, up to what makes the device try the image. `offline`: on a board that is off; its power-on
	 * is the start of the trial. Else the board runs, and a reset has happened or is about to. Blocks for as long as the
	 * bench file allows; the console is heard meanwhile.
	 */
	bool offline;
	int (*deliver)(void *self, const struct bp_delivery *d, struct bp_err *err);
	/* Repeat each request so many times when no good answer comes in time; never a reset. NULL: this link does not. */
	void (*repeat)(void *self, unsigned times);
	int (*offer)(void *self, const uint8_t *manifest, size_t len, uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err);
	/* Bytes data[len] of an image of total bytes, at off. first: the opening request of an upload. */
	int (*send)(void *self, uint32_t off, const uint8_t *data, size_t len, bool first, uint32_t total,
		    const uint8_t sha256[32], uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err);
	int (*test)(void *self, const uint8_t digest[32], uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err);
	int (*reset)(void *self, uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err);
	/* The application holds resets back, or lets go; NULL: as below. */
	int (*hold)(void *self, bool hold, uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err);
	/* Store the device's configuration; NULL: such a device has none that this link reaches. */
	int (*config)(void *self, uint32_t interval, uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err);
	/* Reset into the recovery image, for products whose updates it carries out. NULL: this link has no word for that. */
	int (*recover)(void *self, uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err);
	/* What stands in the slots: out->image. Optional, NULL: it cannot tell. */
	int (*images)(void *self, uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err);
	int (*status)(void *self, uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err);
};

extern const struct bp_link_ops *const bp_link_drivers[]; /* in link.c, ends with NULL */

struct bp_link {
	const struct bp_link_ops *ops;
	void *self;
};

/* True for codes that are the device's doing: a verdict, not an error of the rig. */
static inline bool bp_link_device_trouble(int code)
{
	return code == BP_EREFUSED || code == BP_ETIMEOUT || code == BP_EPROTO || code == BP_EPOWER;
}

#endif
