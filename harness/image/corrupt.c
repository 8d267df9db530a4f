/* SPDX-License-Identifier: Apache-2.0 */
#include "image/corrupt.h"

#include "base/rng.h"
#include "image/corrupt_ops.h"

#include <string.h>

#define PT BP_EDIT_PAYLOAD, BP_EDIT_TRANSIT
#define PS BP_EDIT_PAYLOAD, BP_EDIT_SOURCE
#define MT BP_EDIT_MANIFEST, BP_EDIT_TRANSIT
#define MS BP_EDIT_MANIFEST, BP_EDIT_SOURCE

const struct bp_operator bp_operators[] = {
	/* payload in transit, any bytes */
	{"truncate-one", "the last byte is missing", PT, bp_op_truncate_one},
	{"truncate-half", "the second half is missing", PT, bp_op_truncate_half},
	{"truncate-header", "only the first 32 bytes come, an MCUboot header", PT, bp_op_truncate_header},
	{"one-byte", "only the first byte comes", PT, bp_op_one_byte},
	{"empty", "no byte comes", PT, bp_op_empty},
	{"append-one", "one byte too many at the end", PT, bp_op_append_one},
	{"oversize-slot-by-one", "continued with filler to one byte more than the slot holds", PT, bp_op_oversize_slot},
	{"swap-halves", "second half first", PT, bp_op_swap_halves},
	{"swap-chunks", "two 512-byte pieces exchanged", PT, bp_op_swap_chunks},
	{"repeat-chunk", "a 512-byte piece repeated in place of the next", PT, bp_op_repeat_chunk},
	{"drop-chunk", "a 512-byte piece missing, the rest moves up", PT, bp_op_drop_chunk},
	{"double-chunk", "a 512-byte piece comes twice, the rest moves down", PT, bp_op_double_chunk},
	{"all-zero", "same size, every byte 0x00", PT, bp_op_all_zero},
	{"all-ff", "same size, every byte 0xff", PT, bp_op_all_ff},

	/* payload in transit, knowing the image format */
	{"body-bit", "one bit of the body flipped", PT, bp_op_body_bit},
	{"body-byte", "one byte of the body replaced", PT, bp_op_body_byte},
	{"body-zero-page", "1 KiB of the body zeroed", PT, bp_op_body_zero_page},
	{"body-ff-page", "1 KiB of the body set to 0xff, as if never programmed", PT, bp_op_body_ff_page},
	{"header-magic", "a bit of the header's magic flipped", PT, bp_op_header_magic},
	{"header-length-over", "the header claims a length of 65535 bytes", PT, bp_op_header_length_over},
	{"header-size-plus-one", "the header claims a body of one byte more", PT, bp_op_header_size_plus_one},
	{"header-load-addr", "a bit of the load address flipped", PT, bp_op_header_load_addr},
	{"header-version", "the header claims the next revision", PT, bp_op_header_version},
	{"header-flags", "the header claims an encrypted body", PT, bp_op_header_flags},
	{"prot-tlv-counter-up", "security counter raised by one, not signed", PT, bp_op_prot_counter_up},
	{"prot-tlv-length-over", "the protected TLV area claims 65535 bytes", PT, bp_op_prot_length},
	{"tlv-magic", "a bit of the TLV area's magic flipped", PT, bp_op_tlv_magic},
	{"tlv-length-over", "the TLV area claims 65535 bytes", PT, bp_op_tlv_length_over},
	{"tlv-hash-flip", "a bit of the SHA-256 TLV flipped", PT, bp_op_tlv_hash_flip},
	{"tlv-hash-missing", "the SHA-256 TLV's type changed to one that nobody knows", PT, bp_op_tlv_hash_missing},
	{"tlv-keyhash-flip", "a bit of the key hash TLV flipped", PT, bp_op_tlv_keyhash_flip},
	{"tlv-sig-flip", "a bit of the signature flipped", PT, bp_op_tlv_sig_flip},
	{"tlv-sig-zero", "the signature is all zeros", PT, bp_op_tlv_sig_zero},

	/* payload at the source: the manifest is made for the damaged image */
	{"body-bit-source", "one bit of the body flipped; SHA-256 TLV and signature are those of the good one", PS,
	 bp_op_body_bit},
	{"hash-missing-source", "signed image without a SHA-256 TLV", PS, bp_op_hash_missing_source},
	{"hash-recomputed-sig-stale", "body changed and SHA-256 TLV made to fit; signature of the good one", PS,
	 bp_op_hash_recomputed},
	{"sig-missing", "no signature TLV; SHA-256 and key hash fit", PS, bp_op_sig_missing},
	{"sig-stripped-hash-ok", "no signature and no key hash TLV; SHA-256 fits", PS, bp_op_sig_stripped},
	{"sig-unknown-key", "signed with a key that the device does not know", PS, bp_op_sig_unknown_key},
	{"sig-revoked-key", "signed with a key that was revoked", PS, bp_op_sig_revoked_key},
	{"sig-wrong-key", "signed with an unknown key under the key hash of the good one", PS, bp_op_sig_wrong_key},
	{"sig-s-plus-l", "signature with S + L, which RFC 8032 section 5.1.7 forbids to accept", PS, bp_op_sig_s_plus_l},
	{"load-addr-resigned", "validly signed for an address one slot away", PS, bp_op_load_addr_resigned},
	{"counter-lower-resigned", "validly signed with a security counter one lower", PS, bp_op_counter_lower_resigned},
	{"counter-zero-resigned", "validly signed with security counter 0", PS, bp_op_counter_zero_resigned},
	{"counter-missing-resigned", "validly signed without a security counter", PS, bp_op_counter_missing_resigned},
	{"size-over-slot-source", "validly signed, one byte larger than the slot", PS, bp_op_size_over_slot},

	/* manifest, changed fields under a signature */
	{"manifest-product", "validly signed for another product", MS, bp_op_manifest_product},
	{"manifest-hardware", "validly signed for a hardware revision that the good one does not list", MS,
	 bp_op_manifest_hardware},
	{"manifest-bootloader", "validly signed, asks for a bootloader newer than any", MS, bp_op_manifest_bootloader},
	{"manifest-rollback-lower", "validly signed with rollback index 0", MS, bp_op_manifest_rollback_lower},
	{"manifest-format", "validly signed with format 2", MS, bp_op_manifest_format},
	{"manifest-other-image", "validly signed with the SHA-256 of other images", MS, bp_op_manifest_other_image},
	{"manifest-size-plus-one", "validly signed, each size one byte too large", MS, bp_op_manifest_size_plus_one},
	{"manifest-size-minus-one", "validly signed, each size one byte too small", MS, bp_op_manifest_size_minus_one},
	{"manifest-other-slot-only", "validly signed, payloads only for slots that the device has not", MS,
	 bp_op_manifest_other_slot_only},
	{"manifest-unknown-key", "signed with a key that the device does not know", MS, bp_op_manifest_unknown_key},
	{"manifest-wrong-key", "signed with an unknown key under the key id of the good one", MS, bp_op_manifest_wrong_key},
	{"manifest-indefinite", "validly signed, the map has indefinite length", MS, bp_op_manifest_indefinite},
	{"manifest-long-integer", "validly signed, an integer is not in its shortest form", MS,
	 bp_op_manifest_long_integer},
	{"manifest-duplicate-key", "validly signed, the payloads come twice, the second time empty", MS,
	 bp_op_manifest_duplicate_key},
	{"manifest-unknown-field", "validly signed with a key 8 that format 1 has not", MS, bp_op_manifest_unknown_field},
	{"manifest-empty", "validly signed empty map", MS, bp_op_manifest_empty},

	/* manifest in transit */
	{"manifest-unsigned", "the signature is an empty string", MT, bp_op_manifest_unsigned},
	{"manifest-sig-flip", "a bit of the signature flipped", MT, bp_op_manifest_sig_flip},
	{"manifest-sig-s-plus-l", "signature with S + L, which RFC 8032 section 5.1.7 forbids to accept", MT,
	 bp_op_manifest_sig_s_plus_l},
	{"manifest-key-id-flip", "a bit of the key id flipped", MT, bp_op_manifest_key_id_flip},
	{"manifest-payload-flip", "a bit of the signed payload flipped", MT, bp_op_manifest_payload_flip},
	{"manifest-truncated", "the second half is missing", MT, bp_op_manifest_truncated},
	{"manifest-append-one", "one byte too many at the end", MT, bp_op_manifest_append_one},
	{"manifest-not-cbor", "begins with a byte that no CBOR item begins with", MT, bp_op_manifest_not_cbor},
	{0},
};

const struct bp_operator *bp_operator_find(const char *name)
{
	for (const struct bp_operator *op = bp_operators; op->name; op++)
		if (strcmp(op->name, name) == 0)
			return op;
	return NULL;
}

int bp_edit_copy(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, size_t new_len, struct bp_bytes *out,
		 struct bp_err *err)
{
	size_t keep = len < new_len ? len : new_len;

	out->data = bp_arena_alloc(ctx->arena, new_len);
	out->len = new_len;
	if (!out->data)
		return bp_fail(err, BP_ENOMEM, "corrupt: no memory for %zu bytes", new_len);
	if (keep)
		memcpy(out->data, in, keep);
	return 0;
}

int bp_edit_changed(const uint8_t *in, size_t len, const struct bp_bytes *out, struct bp_err *err)
{
	if (len == out->len && (!len || memcmp(in, out->data, len) == 0))
		return bp_fail(err, BP_ECONFIG, "corrupt: the result is the input; this operator cannot damage it");
	return 0;
}

int bp_edit_need_slot(const struct bp_edit_context *ctx, struct bp_err *err)
{
	return ctx->slot_size ? 0 : bp_fail(err, BP_EUSAGE, "corrupt: this operator needs the slot's size");
}

int bp_edit_need_key(const struct bp_key *key, struct bp_err *err)
{
	return key ? 0 : bp_fail(err, BP_EUSAGE, "corrupt: this operator needs a key to sign with (the good or the other one)");
}

size_t bp_edit_pick(const struct bp_edit_context *ctx, uint64_t salt, size_t n)
{
	const uint64_t words[] = {ctx->seed, salt};
	struct bp_rng r;

	bp_rng_seed(&r, words, 2);
	return bp_rng_below(&r, (uint32_t)n);
}

void bp_edit_flip(const struct bp_edit_context *ctx, uint8_t *bytes, size_t len)
{
	size_t bit = bp_edit_pick(ctx, 0, len * 8);

	bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

void bp_edit_add_order(uint8_t sig[64])
{
	/* L = 2^252 + 27742317777372353535851937790883648493, little-endian: RFC 8032 section 5.1 */
	static const uint8_t order[32] = {
		0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
		0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10,
	};
	unsigned carry = 0;

	for (unsigned i = 0; i < 32; i++) {
		carry += sig[32 + i] + order[i];
		sig[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
}
