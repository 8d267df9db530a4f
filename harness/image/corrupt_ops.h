/* SPDX-License-Identifier: Apache-2.0 */
/*
 * corrupt_ops.h - what the operators share, and their functions; private to
 * corrupt*.c. What each function does stands in the table in corrupt.c.
 */
#ifndef BP_IMAGE_CORRUPT_OPS_H
#define BP_IMAGE_CORRUPT_OPS_H

#include "image/corrupt.h"

typedef int bp_apply(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, struct bp_bytes *out,
		     struct bp_err *err);

/* A copy of in[len] with new_len bytes in ctx->arena: cut, or continued with zeros. */
int bp_edit_copy(const struct bp_edit_context *ctx, const uint8_t *in, size_t len, size_t new_len, struct bp_bytes *out,
		 struct bp_err *err);

/* 0 when *out differs from in[len]; BP_ECONFIG else. The last thing that an operator does. */
int bp_edit_changed(const uint8_t *in, size_t len, const struct bp_bytes *out, struct bp_err *err);

/* 0, or BP_EUSAGE when the context has no slot size, or no key to sign with. */
int bp_edit_need_slot(const struct bp_edit_context *ctx, struct bp_err *err);
int bp_edit_need_key(const struct bp_key *key, struct bp_err *err);

/* A number below n (1 to 2^32 - 1) from the case's seed; `salt` tells several draws of one operator apart. */
size_t bp_edit_pick(const struct bp_edit_context *ctx, uint64_t salt, size_t n);

/* Flip one seeded bit of len bytes (1 or more, at most BP_IMAGE_MAX_BYTES). */
void bp_edit_flip(const struct bp_edit_context *ctx, uint8_t *bytes, size_t len);

/* S + L for S in the second half of an Ed25519 signature: the same signature to whoever forgets to check S < L. */
void bp_edit_add_order(uint8_t sig[64]);

bp_apply bp_op_truncate_one, bp_op_truncate_half, bp_op_truncate_header, bp_op_one_byte, bp_op_empty, bp_op_append_one,
	bp_op_oversize_slot, bp_op_swap_halves, bp_op_swap_chunks, bp_op_repeat_chunk, bp_op_drop_chunk,
	bp_op_double_chunk, bp_op_all_zero, bp_op_all_ff;

bp_apply bp_op_body_bit, bp_op_body_byte, bp_op_body_zero_page, bp_op_body_ff_page, bp_op_header_magic,
	bp_op_header_length_over, bp_op_header_size_plus_one, bp_op_header_load_addr, bp_op_header_version,
	bp_op_header_flags, bp_op_prot_counter_up, bp_op_prot_length, bp_op_tlv_magic, bp_op_tlv_hash_flip,
	bp_op_tlv_hash_missing, bp_op_tlv_keyhash_flip, bp_op_tlv_sig_flip, bp_op_tlv_sig_zero, bp_op_tlv_length_over;

bp_apply bp_op_hash_missing_source, bp_op_sig_unknown_key, bp_op_sig_revoked_key, bp_op_sig_wrong_key, bp_op_sig_missing, bp_op_sig_stripped,
	bp_op_hash_recomputed, bp_op_sig_s_plus_l, bp_op_load_addr_resigned, bp_op_counter_lower_resigned,
	bp_op_counter_zero_resigned, bp_op_counter_missing_resigned, bp_op_size_over_slot;

bp_apply bp_op_manifest_product, bp_op_manifest_hardware, bp_op_manifest_bootloader, bp_op_manifest_rollback_lower,
	bp_op_manifest_format, bp_op_manifest_other_image, bp_op_manifest_size_plus_one,
	bp_op_manifest_size_minus_one, bp_op_manifest_other_slot_only, bp_op_manifest_unknown_key,
	bp_op_manifest_wrong_key, bp_op_manifest_indefinite, bp_op_manifest_long_integer,
	bp_op_manifest_duplicate_key, bp_op_manifest_unknown_field, bp_op_manifest_empty;

bp_apply bp_op_manifest_unsigned, bp_op_manifest_sig_flip, bp_op_manifest_sig_s_plus_l, bp_op_manifest_key_id_flip,
	bp_op_manifest_payload_flip, bp_op_manifest_truncated, bp_op_manifest_append_one, bp_op_manifest_not_cbor;

#endif
