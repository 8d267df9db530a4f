/* SPDX-License-Identifier: Apache-2.0 */
/*
 * corrupt.h - corruption operators: how a payload or manifest is damaged.
 *
 * Blind operators work on any bytes, format-aware ones on an MCUboot image or a
 * manifest. For a manifest, BP_EDIT_SOURCE means that a signing key was used on
 * the changed fields and BP_EDIT_TRANSIT that bytes were damaged on the way; the
 * result is the manifest to send either way. Each is deterministic in (operator, input, seed) and must change the
 * bytes: an operator that would not is an error, so that a case cannot pass
 * without its fault.
 */
#ifndef BP_IMAGE_CORRUPT_H
#define BP_IMAGE_CORRUPT_H

#include "image/image.h"
#include "image/manifest.h"

enum bp_edit_target { BP_EDIT_PAYLOAD, BP_EDIT_MANIFEST };

/*
 * When the damage is done: in transit (the manifest still describes the good
 * image) or at the source (the manifest is made for the damaged image, as by an
 * attacker or a broken release script who owns a manifest key).
 */
enum bp_edit_when { BP_EDIT_TRANSIT, BP_EDIT_SOURCE };

struct bp_edit_context {
	struct bp_arena *arena;
	uint64_t seed;
	const struct bp_key *key;       /* the good signing key */
	const struct bp_key *other_key; /* a key that the device does not know */
	const struct bp_key *revoked_key; /* one that it knows and takes no more; NULL: there is none */
	uint32_t slot_size;             /* bytes of the target slot */
	const struct bp_manifest *manifest; /* manifest operators: the good manifest's fields */
};

struct bp_operator {
	const char *name;               /* "body-bit", "tlv-hash-flip", "manifest-product", … */
	const char *help;               /* one line */
	enum bp_edit_target target;
	enum bp_edit_when when;
	/* Damaged copy of in[len] into *out (in ctx->arena). */
	int (*apply)(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out, struct bp_err *err);
};

/* All operators in table order, ends with name NULL. */
extern const struct bp_operator bp_operators[];

const struct bp_operator *bp_operator_find(const char *name); /* NULL when unknown */

#endif
