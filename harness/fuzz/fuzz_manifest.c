/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests: any bytes as a whole COSE_Sign1, and as the payload of a good one.
 * What parses is deterministic: encoding its fields again gives the same bytes.
 */
#include "image/cose.h"
#include "image/manifest.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_ARENA_BYTES ((size_t)1 << 20)

static void must(int holds)
{
	if (!holds)
		abort();
}

static void parse(struct bp_arena *a, const uint8_t *data, size_t size, const struct bp_key *key)
{
	uint8_t id[BP_KEY_ID_BYTES];
	struct bp_cose one, again;
	struct bp_manifest m;
	struct bp_bytes out;
	struct bp_err err;

	bp_manifest_verify(data, size, key, &err);
	if (bp_manifest_parse(data, size, &m, id, &err) < 0)
		return;
	must(bp_cose_parse(data, size, &one, &err) == 0);
	must(bp_manifest_sign(a, &m, key, &out, &err) == 0);
	must(bp_cose_parse(out.data, out.len, &again, &err) == 0);
	must(one.payload_len == again.payload_len);
	must(memcmp(data + one.payload_at, out.data + again.payload_at, one.payload_len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t seed[32] = {1};
	struct bp_arena *a = bp_arena_new(FUZZ_ARENA_BYTES);
	struct bp_bytes wrapped;
	struct bp_err err;
	struct bp_key key;

	must(a != NULL);
	bp_key_from_seed(seed, "fuzz", &key);
	parse(a, data, size, &key);
	if (bp_cose_sign(a, data, size, &key, &wrapped, &err) == 0) {
		must(bp_manifest_verify(wrapped.data, wrapped.len, &key, &err) == 0);
		parse(a, wrapped.data, wrapped.len, &key);
	}
	bp_arena_free(a);
	return 0;
}
