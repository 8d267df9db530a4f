/* SPDX-License-Identifier: Apache-2.0 */
/* fake_image.h - images in the fake board's slots. Signed with nothing: fake.accel says whether a signature is good. */
#ifndef FW_TESTS_FAKE_IMAGE_H
#define FW_TESTS_FAKE_IMAGE_H

#include <stdint.h>

#define FAKE_BODY_BYTES 500u
#define FAKE_IMAGE_PROT_AT (32u + FAKE_BODY_BYTES)
#define FAKE_IMAGE_TLV_AT (FAKE_IMAGE_PROT_AT + 12u)
#define FAKE_IMAGE_BYTES (FAKE_IMAGE_TLV_AT + 4u + 36u + 36u + 68u)

/* Give the board one key, and let it call every signature good. */
void fake_keys(void);

/* Put an image of that security counter, version 1.minor.0, into the slot (0 or 1), past the flash's rules. */
void fake_image(uint32_t slot, uint32_t counter, uint8_t minor);

/* Where the slot's image begins. */
uint8_t *fake_slot(uint32_t slot);

/* Make the SHA-256 TLV of the image right again after a change. */
void fake_rehash(uint32_t slot);

#endif
