/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec.h - images and manifests from a description in YAML.
 *
 *     kind: image
 *     body: app.bin                      # or filler: {seed: 1, size: 32 KiB, slot: a}
 *     load-address: 0x4000
 *     version: 1.1.0
 *     counter: 11
 *     key: ../keys/release.pem           # or none: unsigned
 *
 *     kind: manifest
 *     product: reference
 *     hardware: [2]
 *     min-bootloader: 3
 *     rollback-index: 11
 *     version: 1.1.0
 *     payloads: [{slot: a, file: a.img}] # or {slot: a, image: image-a.yaml}, which is built
 *     key: ../keys/release.pem
 *
 * Paths count from the folder of the file that they stand in.
 */
#ifndef BP_IMAGE_SPEC_H
#define BP_IMAGE_SPEC_H

#include "image/image.h"
#include "image/key.h"

/*
 * Build and sign what the file at path describes; key, when not NULL, takes the
 * place of the file's own. *out lives in a. BP_ECONFIG with file:line:col when
 * the description, or a file that it names, is wrong; BP_EIO when the
 * description itself cannot be read.
 */
int bp_spec_make(struct bp_arena *a, const char *path, const struct bp_key *key, struct bp_bytes *out,
		 struct bp_err *err);

#endif
