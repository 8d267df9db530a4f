/* SPDX-License-Identifier: Apache-2.0 */
/* base64.h - base64 (RFC 4648 section 4) with padding. */
#ifndef FW_BASE64_H
#define FW_BASE64_H

#include <stdint.h>

/* Encode len bytes (at most 3221225469: text is counted in 32 bits); out holds 4*((len+2)/3) characters, no NUL. Returns their number. */
uint32_t base64_encode(const void *data, uint32_t len, char *out);

/*
 * Decode len characters into out[cap]. Returns the bytes, or -1: bad character, length, padding
 * (left-over bits must be zero), or no room; out may then hold some bytes already.
 */
int32_t base64_decode(const char *text, uint32_t len, void *out, uint32_t cap);

#endif
