/* SPDX-License-Identifier: Apache-2.0 */
/* test_agent.c - SMP requests over the console, from their bytes to the bytes of the answer. */
#include "agent/agent.h"
#include "agent/config.h"
#include "agent/hold.h"

#include "agent/smp_frame.h"
#include "agent/smp_server.h"
#include "boot/boot_counter.h"
#include "boot/boot_state.h"
#include "boot/handover.h"
#include "lib/cbor.h"
#include "tests/fake_dut.h"
#include "tests/fake_image.h"
#include "tests/fake_manifest.h"
#include "tests/fake_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
	struct boot_state s = {.pending = SLOT_NONE};

	(void)state;
	fake_new(4, 0xff);
	fake_manifest_key();
	fake_keys();
	fake_image(0, 10, 0);
	assert_int_equal(boot_state_commit(&s), 0);
	assert_int_equal(boot_counter_raise(10), 0);
	fake_power_on(0);
	agent_init(AGENT_APP, 0, 0);
	return 0;
}

/* ---- a host ---------------------------------------------------------------- */

static uint8_t request[FAKE_WIRE_MAX_MESSAGE];
static char sent[FAKE_WIRE_BYTES];
static struct {
	const uint8_t *msg;
	uint32_t len;
} answer;
static struct smp_rx rx;

static void poll_until_quiet(void *ctx)
{
	(void)ctx;
	while (fake.in_len)
		agent_poll(10);
}

/* Put text[len] on the line; the message that comes back, if any, is in `answer`. */
static enum fake_exit exchange(const char *text, uint32_t len)
{
	enum fake_exit how;

	fake.text_len = 0;
	fake.text[0] = '\0';
	fake.in = (const uint8_t *)text;
	fake.in_len = len;
	how = fake_run(poll_until_quiet, NULL);
	memset(&rx, 0, sizeof(rx));
	answer.msg = NULL;
	for (const char *line = fake.text, *end; (end = strchr(line, '\n')); line = end + 1)
		smp_rx_line(&rx, (const uint8_t *)line, (uint32_t)(end - line), &answer.msg, &answer.len);
	return how;
}

static struct cbor_writer begin(uint8_t op, uint16_t group, uint8_t id, uint32_t pairs)
{
	struct cbor_writer w;

	memset(request, 0, 8);
	request[0] = op;
	request[4] = (uint8_t)(group >> 8);
	request[5] = (uint8_t)group;
	request[6] = 77;
	request[7] = id;
	cbor_writer_init(&w, request + 8, sizeof(request) - 8);
	cbor_put_map(&w, pairs);
	return w;
}

static enum fake_exit send(const struct cbor_writer *w)
{
	uint32_t len = (uint32_t)(w->at - request);
	enum fake_exit how;

	request[2] = (uint8_t)((len - 8) >> 8);
	request[3] = (uint8_t)(len - 8);
	how = exchange(sent, fake_wire(request, len, 93, sent));
	assert_non_null(answer.msg);
	assert_int_equal(answer.msg[0], request[0] + 1);
	assert_int_equal(answer.msg[2] << 8 | answer.msg[3], answer.len - 8);
	assert_memory_equal(answer.msg + 4, request + 4, 4);
	return how;
}

/* Value of a key of the answer's map; it must be there. */
static struct cbor_item value(const char *name)
{
	struct cbor_reader r;
	struct cbor_item head, key, v;

	cbor_reader_init(&r, answer.msg + 8, answer.len - 8);
	assert_int_equal(cbor_next(&r, &head), 0);
	assert_int_equal(head.type, CBOR_MAP);
	for (uint32_t i = 0; i < head.count; i++) {
		assert_int_equal(cbor_next(&r, &key), 0);
		if (cbor_text_is(&key, name)) {
			assert_int_equal(cbor_next(&r, &v), 0);
			return v;
		}
		assert_int_equal(cbor_skip(&r), 0);
	}
	print_message("the answer has no '%s'\n", name);
	fail();
	return head;
}

static void answers_rc(uint32_t rc)
{
	assert_int_equal(value("rc").value, rc);
}

/* ---- tests ---------------------------------------------------------------- */

static void test_echo(void **state)
{
	struct cbor_writer w = begin(SMP_WRITE, SMP_OS, 0, 2);
	struct cbor_item r;

	(void)state;
	cbor_put_text(&w, "x");
	cbor_put_array(&w, 0);
	cbor_put_text(&w, "d");
	cbor_put_text(&w, "hello");
	assert_int_equal(send(&w), FAKE_RETURNED);
	r = value("r");
	assert_true(cbor_text_is(&r, "hello"));
	assert_true(fake.feeds > 0);
}

static void test_indefinite_map(void **state)
{
	struct cbor_writer w = begin(SMP_WRITE, SMP_OS, 0, 0);
	struct cbor_item r;

	(void)state;
	w.at[-1] = 0xbf; /* RFC 8949 section 3.2.2: mcumgr clients send such */
	cbor_put_text(&w, "d");
	cbor_put_text(&w, "a");
	*w.at++ = 0xff;
	send(&w);
	r = value("r");
	assert_true(cbor_text_is(&r, "a"));
}

static void test_reset(void **state)
{
	struct cbor_writer w = begin(SMP_WRITE, SMP_OS, 5, 0);

	(void)state;
	assert_int_equal(send(&w), FAKE_RESET);
	assert_true(fake.now_us >= 100000);
}

/* What the host asks of the bootloader outlives the reset, and is told once. */
static void test_reset_into_recovery(void **state)
{
	struct cbor_writer w = begin(SMP_WRITE, SMP_OS, 5, 1);

	(void)state;
	cbor_put_text(&w, "boot_mode");
	cbor_put_uint(&w, 1);
	assert_int_equal(send(&w), FAKE_RESET);
	assert_int_equal(handover_asked(), HANDOVER_BOOT_RECOVERY);
	assert_int_equal(handover_asked(), HANDOVER_BOOT_NORMAL);
}

static void test_reset_into_no_such_mode(void **state)
{
	struct cbor_writer w = begin(SMP_WRITE, SMP_OS, 5, 1);

	(void)state;
	cbor_put_text(&w, "boot_mode");
	cbor_put_uint(&w, 2);
	assert_int_not_equal(send(&w), FAKE_RESET);
	assert_int_equal(handover_asked(), HANDOVER_BOOT_NORMAL);
}

struct error_row {
	const char *name;
	uint8_t op;
	uint16_t group;
	uint8_t id;
	uint32_t rc;
	uint8_t len, cbor[16]; /* instead of a map, when len is not 0 */
};

static const struct error_row error_rows[] = {
	{"unknown group", SMP_READ, 3, 0, SMP_ENOTSUP, 0, {0}},
	{"unknown id", SMP_READ, SMP_OWN, 9, SMP_ENOTSUP, 0, {0}},
	{"group of 16 bits", SMP_READ, 0x0140, 1, SMP_ENOTSUP, 0, {0}},
	{"read where only write is", SMP_READ, SMP_IMAGE, 1, SMP_ENOTSUP, 0, {0}},
	{"upload without keys", SMP_WRITE, SMP_IMAGE, 1, SMP_EINVAL, 0, {0}},
	{"upload without data", SMP_WRITE, SMP_IMAGE, 1, SMP_EINVAL, 6, {0xa1, 0x63, 'o', 'f', 'f', 0x00}},
	{"manifest without bytes", SMP_WRITE, SMP_OWN, 0, SMP_EINVAL, 0, {0}},
	{"manifest as text", SMP_WRITE, SMP_OWN, 0, SMP_EINVAL, 5, {0xa1, 0x61, 'm', 0x61, 'x'}},
	{"state without keys", SMP_WRITE, SMP_IMAGE, 0, SMP_EINVAL, 0, {0}},
	{"state with a short hash", SMP_WRITE, SMP_IMAGE, 0, SMP_EINVAL, 8, {0xa1, 0x64, 'h', 'a', 's', 'h', 0x41, 0}},
	{"an array for a map", SMP_WRITE, SMP_OS, 0, SMP_EINVAL, 1, {0x80}},
	{"a key that is no text", SMP_WRITE, SMP_OS, 0, SMP_EINVAL, 3, {0xa1, 0x01, 0x01}},
	{"a map cut short", SMP_WRITE, SMP_OS, 0, SMP_EINVAL, 3, {0xa1, 0x61, 'd'}},
	{"echo of a number", SMP_WRITE, SMP_OS, 0, SMP_EINVAL, 4, {0xa1, 0x61, 'd', 0x01}},
};

static void test_error(void **state)
{
	const struct error_row *row = *state;
	struct cbor_writer w;

	setup(NULL);
	w = begin(row->op, row->group, row->id, 0);
	if (row->len) {
		memcpy(request + 8, row->cbor, row->len);
		w.at = request + 8 + row->len;
	}
	assert_int_equal(send(&w), FAKE_RETURNED);
	answers_rc(row->rc);
	assert_int_equal(fake.ops, 0);
}

static void test_what_is_not_answered(void **state)
{
	struct cbor_writer w = begin(SMP_READ, SMP_OWN, 1, 0);
	uint32_t len = (uint32_t)(w.at - request);

	(void)state;
	exchange(sent, fake_wire(request, len, 93, sent)); /* length 0 in the header */
	assert_null(answer.msg);
	request[3] = 1;
	request[0] = 3; /* an answer */
	exchange(sent, fake_wire(request, len, 93, sent));
	assert_null(answer.msg);
	exchange(sent, fake_wire(request, 7, 93, sent));
	assert_null(answer.msg);
}

static void test_status(void **state)
{
	static const char *const keys[] = {"step", "off", "running", "active", "pending", "attempts", "state",
					   "counter", "reason", "transitions", "boots", "version", "held"};
	struct cbor_writer w = begin(SMP_READ, SMP_OWN, 1, 0);
	struct cbor_item v;

	(void)state;
	send(&w);
	for (uint32_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		value(keys[i]);
	assert_int_equal(value("counter").value, 10);
	assert_int_equal(value("pending").value, SLOT_NONE);
	v = value("version");
	assert_true(cbor_text_is(&v, "1.0.0"));
	assert_int_equal(fake.ops, 0);
}

/* Only an image that has a configuration tells of it. */
static void test_configuration(void **state)
{
	struct cbor_writer w;

	(void)state;
	config_init(CONFIG_SECONDS);
	w = begin(SMP_WRITE, SMP_OWN, 3, 1);
	cbor_put_text(&w, "interval");
	cbor_put_uint(&w, 777);
	send(&w);
	assert_int_equal(value("rc").value, 0);
	w = begin(SMP_READ, SMP_OWN, 1, 0);
	send(&w);
	assert_int_equal(value("schema").value, CONFIG_SECONDS);
	assert_int_equal(value("interval").value, 777);
	for (uint32_t bad = 0; bad < 2; bad++) {
		w = begin(SMP_WRITE, SMP_OWN, 3, 1);
		cbor_put_text(&w, "interval");
		cbor_put_uint(&w, bad ? CONFIG_INTERVAL_MAX_S + 1 : 0);
		send(&w);
		assert_int_equal(value("rc").value, SMP_EINVAL);
	}
	config_init(CONFIG_NONE);
}

static void ask_hold(int hold)
{
	struct cbor_writer w = begin(SMP_WRITE, SMP_OWN, 4, 1);

	cbor_put_text(&w, "hold");
	cbor_put_bool(&w, hold);
	send(&w);
	assert_int_equal(value("rc").value, 0);
}

static uint32_t held(void)
{
	struct cbor_writer w = begin(SMP_READ, SMP_OWN, 1, 0);

	send(&w);
	return (uint32_t)value("held").value;
}

/* A reset that is asked for while it is held is answered, and waits; without one, letting go does nothing. */
static void test_hold(void **state)
{
	struct cbor_writer w;

	(void)state;
	ask_hold(1);
	assert_int_equal(held(), HOLD_HELD);
	ask_hold(0);
	assert_int_equal(held(), HOLD_NOT);
	ask_hold(1);
	w = begin(SMP_WRITE, SMP_OS, 5, 0);
	send(&w);
	assert_int_equal(held(), HOLD_WAITING);
	assert_int_equal(hold_release(), 1);
	assert_int_equal(hold_release(), 0);
	assert_int_equal(held(), HOLD_NOT);
}

static void test_reasons(void **state)
{
	struct cbor_writer w = begin(SMP_READ, SMP_OWN, 2, 0);

	(void)state;
	send(&w);
	assert_int_equal(value("reasons").count, REASON_COUNT);
}

static void test_image_list(void **state)
{
	struct cbor_writer w = begin(SMP_READ, SMP_IMAGE, 0, 0);

	(void)state;
	send(&w);
	assert_int_equal(value("images").count, 1);
	fake_image(1, 11, 1);
	send(&w);
	assert_int_equal(value("images").count, 2);
}

static void test_confirm_with_a_hash(void **state)
{
	struct cbor_writer w = begin(SMP_WRITE, SMP_IMAGE, 0, 2);
	uint8_t hash[32] = {0};

	(void)state;
	cbor_put_text(&w, "hash");
	cbor_put_bytes(&w, hash, sizeof(hash));
	cbor_put_text(&w, "confirm");
	cbor_put_bool(&w, 1);
	send(&w);
	answers_rc(SMP_ENOTSUP);
}

static void test_upload_is_refused_with_a_reason(void **state)
{
	struct cbor_writer w = begin(SMP_WRITE, SMP_IMAGE, 1, 2);
	uint8_t data[1024] = {0};

	(void)state;
	cbor_put_text(&w, "off");
	cbor_put_uint(&w, 0);
	cbor_put_text(&w, "data");
	cbor_put_bytes(&w, data, sizeof(data));
	send(&w);
	answers_rc(SMP_EINVAL);
	assert_int_equal(value("reason").value, REASON_UNSIGNED);
}

static void test_manifest(void **state)
{
	struct cbor_writer w = begin(SMP_WRITE, SMP_OWN, 0, 1);
	uint8_t manifest[FAKE_MANIFEST_BYTES];
	struct fake_fields f = fake_fields_good();
	uint32_t len = fake_manifest(&f, manifest);

	(void)state;
	cbor_put_text(&w, "m");
	cbor_put_bytes(&w, manifest, len);
	send(&w);
	answers_rc(0);
	assert_int_equal(value("slot").value, 1);
	assert_int_equal(value("off").value, 0);
	manifest[len - 1] ^= 1;
	fake.accel = -1;
	w = begin(SMP_WRITE, SMP_OWN, 0, 1);
	cbor_put_text(&w, "m");
	cbor_put_bytes(&w, manifest, len);
	send(&w);
	answers_rc(SMP_ECORRUPT);
	assert_int_equal(value("reason").value, REASON_BAD_SIGNATURE);
	assert_int_equal(fake.ops, 0);
}

/* Lines longer than any frame, control characters, frames that never end: what comes next is answered. */
static void test_noise(void **state)
{
	static char noise[3000];
	struct cbor_writer w = begin(SMP_READ, SMP_OWN, 1, 0);
	uint32_t seed = 7;

	(void)state;
	for (uint32_t round = 0; round < 200; round++) {
		for (uint32_t i = 0; i < sizeof(noise); i++) {
			seed = seed * 1664525 + 1013904223;
			noise[i] = (char)(seed >> 24);
			if (round % 2 && i % 50 == 0)
				memcpy(noise + i, "\n\x06\x09", i + 3 <= sizeof(noise) ? 3 : 1);
		}
		noise[sizeof(noise) - 1] = '\n';
		exchange(noise, sizeof(noise));
		send(&w);
	}
	assert_int_equal(fake.ops, 0);
}

/* A line that comes in pieces, as a receiver hands it out when its time is over. */
static void test_pieces(void **state)
{
	struct cbor_writer w = begin(SMP_WRITE, SMP_OS, 0, 1);
	uint32_t len;

	(void)state;
	cbor_put_text(&w, "d");
	cbor_put_text(&w, "piece by piece");
	request[3] = (uint8_t)(w.at - request - 8);
	len = fake_wire(request, (uint32_t)(w.at - request), 12, sent);
	for (uint32_t cut = 1; cut < len; cut++) {
		exchange(sent, cut);
		assert_null(answer.msg);
		exchange(sent + cut, len - cut);
		assert_non_null(answer.msg);
	}
}

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))
#define PLAIN 12u

int main(void)
{
	struct CMUnitTest tests[PLAIN + ROWS(error_rows)] = {
		cmocka_unit_test_setup(test_echo, setup),
		cmocka_unit_test_setup(test_indefinite_map, setup),
		cmocka_unit_test_setup(test_reset, setup),
		cmocka_unit_test_setup(test_reset_into_recovery, setup),
		cmocka_unit_test_setup(test_reset_into_no_such_mode, setup),
		cmocka_unit_test_setup(test_what_is_not_answered, setup),
		cmocka_unit_test_setup(test_status, setup),
		cmocka_unit_test_setup(test_configuration, setup),
		cmocka_unit_test_setup(test_hold, setup),
		cmocka_unit_test_setup(test_reasons, setup),
		cmocka_unit_test_setup(test_image_list, setup),
		cmocka_unit_test_setup(test_confirm_with_a_hash, setup),
		cmocka_unit_test_setup(test_upload_is_refused_with_a_reason, setup),
		cmocka_unit_test_setup(test_manifest, setup),
		cmocka_unit_test_setup(test_noise, setup),
		cmocka_unit_test_setup(test_pieces, setup),
	};

	for (size_t i = 0; i < ROWS(error_rows); i++)
		tests[PLAIN + i] = (struct CMUnitTest){error_rows[i].name, test_error, NULL, NULL, (void *)(uintptr_t)&error_rows[i]};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
