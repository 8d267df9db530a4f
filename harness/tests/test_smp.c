/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "bench/smp.h"

/* ---- framing: known bytes -------------------------------------------------- */

/*
 * Computed apart from the code under test, with a bitwise CRC-16/XMODEM (whose
 * check value for "123456789" is 0x31c3) and another base64.
 */
static const struct {
	const char *name;
	const uint8_t msg[100];
	size_t len;
	const char *framed;
} known[] = {
	{"echo hello", {0x02, 0, 0, 9, 0, 0, 1, 0, 0xa1, 0x61, 0x64, 0x65, 'h', 'e', 'l', 'l', 'o'}, 17,
	 "\x06\x09" "ABMCAAAJAAABAKFhZGVoZWxsb/0m\n"},
	{"crc check value", "123456789", 9, "\x06\x09" "AAsxMjM0NTY3ODkxww==\n"},
	{"two lines", {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
		       20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39,
		       40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59,
		       60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79,
		       80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99}, 100,
	 "\x06\x09" "AGYAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywt"
	 "Li8wMTIzNDU2Nzg5Ojs8PT4/QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFla\n"
	 "\x04\x14" "W1xdXl9gYWJjAp4=\n"},
};

static enum bp_smp_event feed_text(struct bp_smp_deframer *d, const char *text, size_t len)
{
	enum bp_smp_event last = BP_SMP_NOTHING;

	for (size_t i = 0; i < len; i++) {
		enum bp_smp_event e = bp_smp_deframe(d, (uint8_t)text[i]);

		if (e != BP_SMP_NOTHING)
			last = e;
	}
	return last;
}

static void known_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		uint8_t out[512];
		struct bp_smp_deframer d = {0};
		int n = bp_smp_frame(known[i].msg, known[i].len, out, sizeof(out), NULL);

		print_message("  %s\n", known[i].name);
		assert_int_equal(n, strlen(known[i].framed));
		assert_memory_equal(out, known[i].framed, (size_t)n);
		assert_int_equal(feed_text(&d, known[i].framed, (size_t)n), BP_SMP_MESSAGE);
		assert_int_equal(d.msg_len, known[i].len);
		assert_memory_equal(d.msg, known[i].msg, known[i].len);
	}
}

static void check_lines(const uint8_t *out, size_t n)
{
	size_t begin = 0;

	for (size_t i = 0; i < n; i++) {
		if (out[i] != '\n')
			continue;
		assert_true(i - begin <= BP_SMP_MAX_LINE);
		assert_memory_equal(out + begin, begin ? "\x04\x14" : "\x06\x09", 2);
		begin = i + 1;
	}
	assert_int_equal(begin, n);
}

static void every_length_round_trips(void **state)
{
	static uint8_t msg[BP_SMP_MAX_MESSAGE], out[BP_SMP_MAX_FRAMED];
	struct bp_smp_deframer one = {0}, bulk = {0};
	struct bp_rng rng;

	(void)state;
	bp_rng_seed(&rng, &(uint64_t){1}, 1);
	for (size_t len = 1; len <= sizeof(msg); len += len < 1000 ? 1 : 131) {
		enum bp_smp_event e;
		int n;

		bp_rng_fill(&rng, msg, len);
		n = bp_smp_frame(msg, len, out, sizeof(out), NULL);
		assert_true(n > 0);
		check_lines(out, (size_t)n);
		for (int i = 0; i < n - 1; i++)
			assert_int_equal(bp_smp_deframe(&one, out[i]), BP_SMP_NOTHING);
		assert_int_equal(bp_smp_deframe(&one, out[n - 1]), BP_SMP_MESSAGE);
		assert_int_equal(one.msg_len, len);
		assert_memory_equal(one.msg, msg, len);
		assert_int_equal(bp_smp_feed(&bulk, out, (size_t)n, &e), n);
		assert_int_equal(e, BP_SMP_MESSAGE);
		assert_int_equal(bulk.msg_len, len);
		assert_memory_equal(bulk.msg, msg, len);
	}
}

static void frame_needs_room(void **state)
{
	uint8_t msg[BP_SMP_MAX_MESSAGE + 1] = {0}, out[BP_SMP_MAX_FRAMED];
	struct bp_err err;
	int n = bp_smp_frame(msg, 100, out, sizeof(out), &err);

	(void)state;
	assert_int_equal(bp_smp_frame(msg, 100, out, (size_t)n, &err), n);
	assert_int_equal(bp_smp_frame(msg, 100, out, (size_t)n - 1, &err), BP_ENOMEM);
	assert_int_equal(bp_smp_frame(msg, 0, out, sizeof(out), &err), BP_ENOMEM);
	assert_int_equal(bp_smp_frame(msg, sizeof(msg), out, sizeof(out), &err), BP_ENOMEM);
	assert_true(bp_smp_frame(msg, sizeof(msg) - 1, out, sizeof(out), &err) > 0);
}

/* ---- deframing: what a wire may carry --------------------------------------- */

#define HELLO "\x06\x09" "ABMCAAAJAAABAKFhZGVoZWxsb/0m\n"
#define LONG_1 "\x06\x09" "AGYAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywt" \
	"Li8wMTIzNDU2Nzg5Ojs8PT4/QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFla\n"
#define LONG_2 "\x04\x14" "W1xdXl9gYWJjAp4=\n"
#define TEN "0123456789"

/* The events that the bytes give, one letter each: T text, M message, B bad. */
static const struct {
	const char *name, *bytes, *events;
} wires[] = {
	{"nothing", "", ""},
	{"text", "boot: cause 0\n", "T"},
	{"empty line", "\n", "T"},
	{"unfinished text", "boot", ""},
	{"a frame", HELLO, "M"},
	{"frame with CR LF", "\x06\x09" "ABMCAAAJAAABAKFhZGVoZWxsb/0m\r\n", "M"},
	{"text, frame, text", "one\n" HELLO "two\n", "TMT"},
	{"two frames", HELLO HELLO, "MM"},
	{"two lines", LONG_1 LONG_2, "M"},
	{"text within a frame", LONG_1 "log\n" LONG_2 "log\n", "TMT"},
	{"marker inside a text line", "x\x06\x09" "ABMC\n", "T"},
	{"one marker byte", "\x06\n", "T"},
	{"start marker alone", "\x06\x09\n", "B"},
	{"length alone", "\x06\x09" "ABM=\n", "B"},
	{"continuation without start", LONG_2, "B"},
	{"continuation after the end", LONG_1 LONG_2 LONG_2, "MB"},
	{"empty continuation", LONG_1 "\x04\x14\n" LONG_2, "BB"},
	{"a new start drops the old frame", LONG_1 HELLO, "BM"},
	{"the dropped frame stays dropped", LONG_1 HELLO LONG_2, "BMB"},
	{"a lost line", LONG_1 LONG_1 LONG_2, "BM"},
	{"bad character", "\x06\x09" "ABMCAAAJAAABAKFh*GVoZWxsb/0m\n", "B"},
	{"bad character in the first quad", "\x06\x09" "*BMCAAAJAAABAKFhZGVoZWxsb/0m\n", "B"},
	{"byte above 127", "\x06\x09" "ABMCAAAJAAABAKFh\xe4GVoZWxsb/0m\n", "B"},
	{"a character lost", "\x06\x09" "ABMCAAAJAAABAKFhZGVoZWxsb/0\n", "B"},
	{"a quad lost", "\x06\x09" "ABMCAAAJAAABAKFhZGVoZWxs\n", ""},
	{"a quad lost, then more", "\x06\x09" "ABMCAAAJAAABAKFhZGVoZWxs\n\x04\x14" "b/0m\n", "M"},
	{"padding before the end", "\x06\x09" "ABMCAAAJAAABAKFhZGVoZWxs\n\x04\x14" "bw==\n", "B"},
	{"padding inside a line", "\x06\x09" "ABMCAAAJAAABAKFhZGVoZW=sb/0m\n", "B"},
	{"three pads", "\x06\x09" "AAsxMjM0NTY3ODkxw===\n", "B"},
	{"bits left over in padding", "\x06\x09" "AAsxMjM0NTY3ODkxwx==\n", "B"},
	{"CRC bit", "\x06\x09" "ABMCAAAJAAABAKFhZGVoZWxsb/0n\n", "B"},
	{"body bit", "\x06\x09" "ABMCAAAJAAABAKFhZGVoZWxtb/0m\n", "B"},
	{"length too small", "\x06\x09" "ABICAAAJAAABAKFhZGVoZWxsb/0m\n", "B"},
	{"length too large", "\x06\x09" "ABQCAAAJAAABAKFhZGVoZWxsb/0m\n", ""},
	{"length too large by a byte, padded", "\x06\x09" "AAwxMjM0NTY3ODkxww==\n", "B"},
	{"length of CRC only", "\x06\x09" "AAIA\n", "B"},
	{"length beyond any message", "\x06\x09" "CAMA\n", "B"},
	{"longest length is taken", "\x06\x09" "CAIA\n" HELLO, "BM"},
	{"more than the length", "\x06\x09" "AAsxMjM0NTY3ODkxwwAAAAAAAAAA\n", "B"},
	{"long text is cut", TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "\nshort\n", "TT"},
	{"a frame line too long", "\x06\x09" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "\n" HELLO, "BM"},
	{"a newline lost in a frame", "\x06\x09" "AGYAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywt"
	 "Li8wMTIzNDU2Nzg5Ojs8PT4/QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFla" LONG_2 HELLO, "BM"},
};

static void note(char *out, enum bp_smp_event e)
{
	size_t n = strlen(out);

	assert_true(n < 15);
	if (e != BP_SMP_NOTHING)
		out[n] = " TMB"[e];
}

static void wire_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wires) / sizeof(wires[0]); i++) {
		const uint8_t *bytes = (const uint8_t *)wires[i].bytes;
		size_t len = strlen(wires[i].bytes);

		print_message("  %s\n", wires[i].name);
		/* step 0: byte by byte; else the bulk call, in pieces of that many bytes */
		for (size_t step = 0; step < 140; step++) {
			struct bp_smp_deframer d = {0};
			char got[16] = "";

			for (size_t at = 0; at < len;) {
				size_t piece = step < len - at ? step : len - at;
				enum bp_smp_event e;

				if (!step)
					e = bp_smp_deframe(&d, bytes[at++]);
				else
					at += bp_smp_feed(&d, bytes + at, piece, &e);
				note(got, e);
			}
			assert_string_equal(got, wires[i].events);
		}
	}
}

static void text_is_handed_out(void **state)
{
	static const char *const text = TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN;
	struct bp_smp_deframer d = {0};

	(void)state;
	assert_int_equal(feed_text(&d, "app: up\r 1.0\x80\r\n", 15), BP_SMP_TEXT);
	assert_int_equal(d.line_len, 12);
	assert_string_equal((const char *)d.line, "app: up 1.0\x80");
	assert_int_equal(feed_text(&d, text, 140), BP_SMP_NOTHING);
	assert_int_equal(feed_text(&d, "\n", 1), BP_SMP_TEXT);
	assert_int_equal(d.line_len, BP_SMP_MAX_LINE);
	assert_true(d.line_skip);
	assert_memory_equal(d.line, text, BP_SMP_MAX_LINE);
	assert_int_equal(feed_text(&d, "a\0b\n", 4), BP_SMP_TEXT);
	assert_int_equal(d.line_len, 3);
	assert_false(d.line_skip);
	assert_memory_equal(d.line, "a\0b", 3);
}

/* Every single bit of a framed message flipped: never the wrong message. */
static void no_bit_flip_passes(void **state)
{
	static const char good[] = LONG_1 LONG_2;
	size_t len = sizeof(good) - 1;

	(void)state;
	for (size_t bit = 0; bit < len * 8; bit++) {
		struct bp_smp_deframer d = {0};
		char bad[sizeof(good)];

		memcpy(bad, good, sizeof(good));
		bad[bit / 8] = (char)((unsigned char)bad[bit / 8] ^ 1u << bit % 8);
		for (size_t i = 0; i < len; i++)
			assert_int_not_equal(bp_smp_deframe(&d, (uint8_t)bad[i]), BP_SMP_MESSAGE);
	}
}

/* ---- requests ---------------------------------------------------------------- */

static void requests_are_as_specified(void **state)
{
	static const uint8_t data[3] = {1, 2, 3};
	uint8_t out[BP_SMP_MAX_MESSAGE], hash[32];
	struct bp_err err;

	(void)state;
	memset(hash, 0x5a, sizeof(hash));
	assert_int_equal(bp_smp_echo(out, sizeof(out), 1, "hello", &err), 17);
	assert_memory_equal(out, known[0].msg, 17);
	assert_int_equal(bp_smp_reset(out, sizeof(out), 7, &err), 9);
	assert_memory_equal(out, "\x02\0\0\x01\0\0\x07\x05\xa0", 9);
	assert_int_equal(bp_smp_reset_recovery(out, sizeof(out), 7, &err), 20);
	assert_memory_equal(out, "\x02\0\0\x0c\0\0\x07\x05\xa1\x69" "boot_mode\x01", 20);
	assert_int_equal(bp_smp_image_list(out, sizeof(out), 8, &err), 9);
	assert_memory_equal(out, "\0\0\0\x01\0\x01\x08\0\xa0", 9);
	assert_int_equal(bp_smp_status(out, sizeof(out), 9, &err), 9);
	assert_memory_equal(out, "\0\0\0\x01\0\x40\x09\x01\xa0", 9);
	assert_int_equal(bp_smp_hold(out, sizeof(out), 4, 1, &err), 15);
	assert_memory_equal(out, "\x02\0\0\x07\0\x40\x04\x04\xa1\x64hold\xf5", 15);
	assert_int_equal(bp_smp_config(out, sizeof(out), 4, 777, &err), 21);
	assert_memory_equal(out, "\x02\0\0\x0d\0\x40\x04\x03\xa1\x68interval\x19\x03\x09", 21);
	assert_int_equal(bp_smp_image_confirm(out, sizeof(out), 2, &err), 18);
	assert_memory_equal(out, "\x02\0\0\x0a\0\x01\x02\0\xa1\x67" "confirm\xf5", 18);
	assert_int_equal(bp_smp_image_test(out, sizeof(out), 2, hash, &err), 57);
	assert_memory_equal(out, "\x02\0\0\x31\0\x01\x02\0\xa2\x64hash\x58\x20", 16);
	assert_memory_equal(out + 16, hash, 32);
	assert_memory_equal(out + 48, "\x67" "confirm\xf4", 9);
	assert_int_equal(bp_smp_upload(out, sizeof(out), 3, 0x1234, data, 3, 0, 0, NULL, &err), 25);
	assert_memory_equal(out, "\x02\0\0\x11\0\x01\x03\x01\xa2\x63off\x19\x12\x34\x64" "data\x43\1\2\3", 25);
	assert_int_equal(bp_smp_upload(out, sizeof(out), 3, 0, data, 3, 1, 70000, hash, &err), 70);
	assert_memory_equal(out + 8, "\xa4\x63off\0\x63len\x1a\0\x01\x11\x70\x63sha\x58\x20", 21);
	assert_memory_equal(out + 29, hash, 32);
	assert_memory_equal(out + 61, "\x64" "data\x43\1\2\3", 9);
	assert_int_equal(bp_smp_manifest(out, sizeof(out), 4, data, 3, &err), 15);
	assert_memory_equal(out, "\x02\0\0\x07\0\x40\x04\0\xa1\x61m\x43\1\2\3", 15);
}

static void requests_need_room(void **state)
{
	static uint8_t out[BP_SMP_MAX_MESSAGE], data[BP_SMP_MAX_MESSAGE];
	struct bp_err err;
	uint8_t hash[32] = {0};
	int n = bp_smp_upload(out, sizeof(out), 0, 0, data, 512, 1, 1, hash, &err);

	(void)state;
	assert_true(n > 512);
	for (size_t cap = 0; cap < (size_t)n; cap++)
		assert_int_equal(bp_smp_upload(out, cap, 0, 0, data, 512, 1, 1, hash, &err), BP_ENOMEM);
	assert_int_equal(bp_smp_upload(out, (size_t)n, 0, 0, data, 512, 1, 1, hash, &err), n);
	assert_non_null(strstr(err.text, "upload"));
	assert_int_equal(bp_smp_upload(out, sizeof(out), 0, 0, data, sizeof(data), 0, 0, NULL, &err), BP_ENOMEM);
	assert_int_equal(bp_smp_upload(out, sizeof(out), 0, 4, data, 4, 1, 1, hash, &err), BP_EINTERNAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_bytes),
		cmocka_unit_test(every_length_round_trips),
		cmocka_unit_test(frame_needs_room),
		cmocka_unit_test(wire_table),
		cmocka_unit_test(text_is_handed_out),
		cmocka_unit_test(no_bit_flip_passes),
		cmocka_unit_test(requests_are_as_specified),
		cmocka_unit_test(requests_need_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
