/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cose.h - COSE_Sign1 in the one form that a manifest has (RFC 9052 section 4.2,
 * RFC 9053 section 2.2): tag 18, protected {1: -8, 4: key id}, unprotected {},
 * payload, signature.
 */
#ifndef FW_COSE_H
#define FW_COSE_H

#include "boot/reason.h"

#include <stdint.h>

#define COSE_MAX_BYTES 1024u

/*
 * Check data[len]: structure (BAD_MANIFEST), an empty signature (UNSIGNED), key id
 * (UNKNOWN_KEY, REVOKED_KEY), then BAD_SIGNATURE, in that order. On REASON_NONE *payload points to the
 * signed bytes in data.
 */
enum reason cose_open(const uint8_t *data, uint32_t len, const uint8_t **payload, uint32_t *payload_len);

#endif
