/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images: parse, verify and resign any bytes; whatever parses must stay inside
 * them, and survives the operators. The first byte picks operator and seed.
 */
#include "image/corrupt.h"
#include "image/key.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_SLOT_BYTES 4096u
#define FUZZ_ARENA_BYTES ((size_t)4 << 20)

static void must(int holds)
{
	if (!holds)
		abort();
}

static void check_offsets(const struct bp_image_info *info, size_t len)
{
	must(info->header_len >= BP_IMAGE_HEADER_BYTES);
	must(info->prot_at == info->header_len + (size_t)info->body_len);
	must(info->tlv_at == info->prot_at + info->prot_len);
	must(info->tlv_at < info->end && info->end <= len);
	must(!info->sha_at || (info->sha_at > info->tlv_at && info->sha_at + 32 <= info->end));
	must(!info->keyhash_at || (info->keyhash_at > info->tlv_at && info->keyhash_at + 32 <= info->end));
	must(!info->sig_at || (info->sig_at > info->tlv_at && info->sig_at + 64 <= info->end));
	must(!info->counter_at || (info->counter_at > info->prot_at && info->counter_at + 4 <= info->tlv_at));
}

/* What resigning fills must verify when all three TLVs are there. */
static void check_resign(const uint8_t *data, size_t len, const struct bp_image_info *info, const struct bp_key *key)
{
	uint8_t *copy = malloc(len);
	struct bp_err err;

	must(copy != NULL);
	memcpy(copy, data, len);
	must(bp_image_resign(copy, len, key, &err) == 0);
	if (info->sha_at && info->keyhash_at && info->sig_at)
		must(bp_image_verify(copy, len, key, &err) == 0);
	free(copy);
}

static void one_operator(const uint8_t *data, size_t len, uint8_t pick, const struct bp_key *key)
{
	struct bp_arena *a = bp_arena_new(FUZZ_ARENA_BYTES);
	struct bp_edit_context ctx = {
		.arena = a, .seed = pick, .key = key, .other_key = key, .revoked_key = key, .slot_size = FUZZ_SLOT_BYTES,
	};
	struct bp_bytes out;
	struct bp_err err;
	size_t n = 0;

	must(a != NULL);
	while (bp_operators[n].name)
		n++;
	if (bp_operators[pick % n].apply(&ctx, data, len, &out, &err) == 0)
		must(out.len != len || memcmp(out.data, data, len) != 0);
	bp_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t seed[32] = {1};
	struct bp_image_info info;
	struct bp_err err;
	struct bp_key key;

	if (!size)
		return 0;
	bp_key_from_seed(seed, "fuzz", &key);
	if (bp_image_parse(data + 1, size - 1, &info, &err) == 0) {
		check_offsets(&info, size - 1);
		bp_image_verify(data + 1, size - 1, &key, &err);
		check_resign(data + 1, size - 1, &info, &key);
	}
	one_operator(data + 1, size - 1, data[0], &key);
	return 0;
}
