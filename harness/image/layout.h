/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout.h - where an MCUboot image keeps what.
 * Private to harness/image/.
 */
#ifndef BP_IMAGE_LAYOUT_H
#define BP_IMAGE_LAYOUT_H

#include "base/le.h"

/* Offsets within the header: MCUboot design document, struct image_header. */
enum bp_image_at {
	BP_AT_MAGIC = 0,
	BP_AT_LOAD_ADDR = 4,
	BP_AT_HEADER_LEN = 8,
	BP_AT_PROT_LEN = 10,
	BP_AT_BODY_LEN = 12,
	BP_AT_FLAGS = 16,
	BP_AT_MAJOR = 20,
	BP_AT_MINOR = 21,
	BP_AT_REVISION = 22,
	BP_AT_BUILD = 24,
};

#define BP_TLV_INFO_BYTES 4u /* magic u16, length u16 of the area with these four */
#define BP_TLV_HEAD_BYTES 4u /* type u16, length u16 of the value */
#define BP_SHA_BYTES 32u
#define BP_SIG_BYTES 64u     /* RFC 8032 section 5.1.6 */

#endif
