/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/smp_server.h"

#include "agent/smp_frame.h"
#include "boot/print.h"

#include <string.h>

#define HEADER_BYTES 8u
#define OP_MASK 7u /* the bits above are the protocol's version and reserved ones */

static const struct command {
	uint16_t group;
	uint8_t id, op;
	smp_handler handle;
} commands[] = {
	{SMP_IMAGE, 1, SMP_WRITE, img_upload}, /* first: the most frequent */
	{SMP_OWN, 1, SMP_READ, own_status},
	{SMP_OS, 0, SMP_WRITE, os_echo},
	{SMP_OS, 5, SMP_WRITE, os_reset},
	{SMP_IMAGE, 0, SMP_READ, img_list},
	{SMP_IMAGE, 0, SMP_WRITE, img_set_state},
	{SMP_OWN, 0, SMP_WRITE, own_manifest},
	{SMP_OWN, 2, SMP_READ, own_reasons},
	{SMP_OWN, 3, SMP_WRITE, own_config},
	{SMP_OWN, 4, SMP_WRITE, own_hold},
};

static smp_handler find(uint32_t group, uint8_t id, uint8_t op)
{
	for (uint32_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].group == group && commands[i].id == id && commands[i].op == op)
			return commands[i].handle;
	return NULL;
}

int smp_map(struct cbor_reader *in, uint32_t *left)
{
	struct cbor_item head;

	if (cbor_next(in, &head) || head.type != CBOR_MAP)
		return -1;
	*left = head.count;
	return 0;
}

int smp_next_key(struct cbor_reader *in, uint32_t *left, struct cbor_item *key)
{
	if (!*left)
		return 0;
	if (cbor_next(in, key))
		return -1;
	if (*left == CBOR_INDEFINITE && key->type == CBOR_BREAK)
		return 0;
	if (key->type != CBOR_TEXT)
		return -1;
	if (*left != CBOR_INDEFINITE)
		--*left;
	return 1;
}

void smp_put_uint(struct cbor_writer *w, const char *key, uint32_t v)
{
	cbor_put_text(w, key);
	cbor_put_uint(w, v);
}

void smp_put_bool(struct cbor_writer *w, const char *key, int v)
{
	cbor_put_text(w, key);
	cbor_put_bool(w, v);
}

void smp_put_version(struct cbor_writer *w, const struct fw_version *v)
{
	struct line text;

	line_start(&text, "");
	line_version(&text, v);
	text.text[text.len] = '\0'; /* 24 characters at most */
	cbor_put_text(w, "version");
	cbor_put_text(w, text.text);
}

enum smp_rc smp_refused(struct smp_answer *answer, enum reason why)
{
	answer->reason = why;
	switch (why) {
	case REASON_BUSY:
		return SMP_EBUSY;
	case REASON_BAD_HASH:
	case REASON_BAD_IMAGE:
	case REASON_BAD_SIGNATURE:
		return SMP_ECORRUPT;
	case REASON_NO_IMAGE:
		return SMP_ENOTSUP;
	case REASON_FLASH_FAILED:
		return SMP_UNKNOWN;
	default:
		return SMP_EINVAL;
	}
}

static void put_error(struct cbor_writer *w, enum smp_rc rc, enum reason reason)
{
	cbor_put_map(w, reason == REASON_NONE ? 1 : 2);
	smp_put_uint(w, "rc", (uint32_t)rc);
	if (reason != REASON_NONE)
		smp_put_uint(w, "reason", (uint32_t)reason);
}

/* Header of the answer: that of the request with the operation's answer and the new length. */
static void send(uint8_t *answer, const uint8_t *request, uint32_t cbor_len)
{
	memcpy(answer, request, HEADER_BYTES);
	answer[0] = (uint8_t)((request[0] & OP_MASK) + 1);
	answer[1] = 0;
	answer[2] = (uint8_t)(cbor_len >> 8);
	answer[3] = (uint8_t)cbor_len;
	smp_tx(answer, HEADER_BYTES + cbor_len);
}

int smp_serve(const uint8_t *msg, uint32_t len)
{
	static uint8_t answer[SMP_MAX_ANSWER];
	struct smp_answer a = {.reason = REASON_NONE};
	struct cbor_reader in;
	smp_handler handle;
	enum smp_rc rc = SMP_ENOTSUP;
	uint8_t op;

	if (len < HEADER_BYTES || ((uint32_t)msg[2] << 8 | msg[3]) != len - HEADER_BYTES)
		return 0;
	op = msg[0] & OP_MASK;
	if (op != SMP_READ && op != SMP_WRITE)
		return 0; /* an answer, our own one on a shared line perhaps */
	handle = find((uint32_t)msg[4] << 8 | msg[5], msg[7], op);
	cbor_reader_init(&in, msg + HEADER_BYTES, len - HEADER_BYTES);
	cbor_writer_init(&a.out, answer + HEADER_BYTES, sizeof(answer) - HEADER_BYTES);
	if (handle)
		rc = handle(&in, &a);
	if (rc == SMP_OK && a.out.failed)
		rc = SMP_UNKNOWN;
	if (rc != SMP_OK) {
		cbor_writer_init(&a.out, answer + HEADER_BYTES, sizeof(answer) - HEADER_BYTES);
		put_error(&a.out, rc, a.reason);
	}
	send(answer, msg, (uint32_t)(a.out.at - answer) - HEADER_BYTES);
	return rc == SMP_OK && a.reset;
}
