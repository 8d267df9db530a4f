/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ed25519.c - Ed25519 signature verification (RFC 8032 section 5.1.7).
 *
 * The equation is the one without the cofactor, and R is compared as bytes:
 * every verifier that does so gives the same answer to every input. Needs about
 * 3.5 KiB of stack, most of it for the table of multiples of A.
 */
#include "lib/ed25519.h"
#include "lib/ed25519_group.h"
#include "lib/ed25519_scalar.h"
#include "lib/sha512.h"

#include <string.h>

/* h = SHA-512(R || A || msg) mod L. */
static void challenge(uint8_t h[32], const uint8_t r[32], const uint8_t pub[32], const void *msg, uint32_t len)
{
	struct sha512 sha;
	uint8_t digest[64];

	sha512_init(&sha);
	sha512_update(&sha, r, 32);
	sha512_update(&sha, pub, 32);
	sha512_update(&sha, msg, len);
	sha512_final(&sha, digest);
	scalar_reduce(h, digest);
}

int ed25519_verify(const uint8_t pub[32], const void *msg, uint32_t len, const uint8_t sig[64])
{
	const uint8_t *r = sig, *s = sig + 32;
	uint8_t h[32], encoded[32];
	struct ge a, p;

	if (!scalar_is_canonical(s) || !ge_decode(&a, pub) || ge_is_small_order(&a))
		return 0;
	challenge(h, r, pub, msg, len);
	ge_sub_products(&p, s, h, &a);
	/* p has to be R: what is asked of R is asked of p, and a non-canonical R differs from any encoding. */
	if (ge_is_small_order(&p))
		return 0;
	ge_encode(encoded, &p);
	return memcmp(encoded, r, sizeof(encoded)) == 0;
}
