/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_smp.c - console bytes from a device gone wild: deframer and parser.
 *
 * The byte-wise and the bulk deframer must see the same events, and a message
 * that comes out must frame to something that gives the message again. The
 * input is also parsed as a message by itself, since no fuzzer guesses a CRC.
 */
#include "bench/smp.h"

#include <stdlib.h>
#include <string.h>

static void must(int ok)
{
	if (!ok)
		abort();
}

static void parse(const uint8_t *msg, size_t len)
{
	struct bp_smp_reply reply;
	struct bp_err err;
	int ret = bp_smp_parse(msg, len, &reply, &err);

	must(ret == 0 || ret == BP_EPROTO);
	must(memchr(reply.version, 0, sizeof(reply.version)) && memchr(reply.text, 0, sizeof(reply.text)));
}

static void again(const uint8_t *msg, size_t len)
{
	static uint8_t out[BP_SMP_MAX_FRAMED];
	static struct bp_smp_deframer d;
	enum bp_smp_event e;
	int n = bp_smp_frame(msg, len, out, sizeof(out), NULL);

	must(n > 0);
	memset(&d, 0, sizeof(d));
	must(bp_smp_feed(&d, out, (size_t)n, &e) == (size_t)n && e == BP_SMP_MESSAGE);
	must(d.msg_len == len && !memcmp(d.msg, msg, len));
}

/* The whole input parsed with a header whose length fits: reaches the CBOR at once. */
static void as_message(const uint8_t *data, size_t size)
{
	static uint8_t msg[BP_SMP_MAX_MESSAGE];

	if (size < BP_SMP_HEADER_BYTES || size > sizeof(msg))
		return;
	memcpy(msg, data, size);
	msg[0] = BP_SMP_READ_RSP;
	msg[2] = (uint8_t)((size - BP_SMP_HEADER_BYTES) >> 8);
	msg[3] = (uint8_t)(size - BP_SMP_HEADER_BYTES);
	parse(msg, size);
	again(msg, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bp_smp_deframer one, bulk;
	size_t at = 0;

	as_message(data, size);
	memset(&one, 0, sizeof(one));
	memset(&bulk, 0, sizeof(bulk));
	while (at < size) {
		enum bp_smp_event e, f = BP_SMP_NOTHING;
		size_t took = bp_smp_feed(&bulk, data + at, size - at, &e);

		must(took > 0 && took <= size - at);
		for (size_t i = 0; i < took; i++) {
			must(f == BP_SMP_NOTHING);
			f = bp_smp_deframe(&one, data[at + i]);
		}
		must(e == f);
		must(one.line_len == bulk.line_len && !memcmp(one.line, bulk.line, one.line_len));
		must(one.msg_len == bulk.msg_len && !memcmp(one.msg, bulk.msg, one.msg_len));
		if (e == BP_SMP_MESSAGE) {
			parse(one.msg, one.msg_len);
			again(one.msg, one.msg_len);
		}
		at += took;
	}
	return 0;
}
