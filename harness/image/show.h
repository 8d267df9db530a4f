/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show.h - images, manifests and keys for people to read.
 */
#ifndef BP_IMAGE_SHOW_H
#define BP_IMAGE_SHOW_H

#include "base/text.h"
#include "image/image.h"

/*
 * Describe len bytes, whichever of the three they are, into out. key checks the
 * signature; NULL: it is not checked. Returns how many hashes and signatures
 * are missing or bad, or BP_ECONFIG when the bytes are none of the three.
 */
int bp_show(struct bp_text *out, const uint8_t *data, size_t len, const struct bp_key *key, struct bp_err *err);

#endif
