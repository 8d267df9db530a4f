/* SPDX-License-Identifier: Apache-2.0 */
/* What reaches a device, and the host, when the link goes wrong at one message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "bench/link_smp.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)

/* A device that answers each whole message at once, and counts them. */
static struct {
	uint64_t now, last_ns, gap_ns;   /* gap: the longest between two writes */
	struct bp_smp_deframer in;
	uint8_t seqs[16];
	unsigned messages, bad, writes;
	uint8_t out[4096];
	size_t out_len;
	bool mute;                       /* reads, and never answers */
} device;

static struct bp_wire wire;
static struct bp_link_smp smp;

static uint64_t now_ns(void *self)
{
	(void)self;
	return device.now;
}

static int wait_world(void *self, uint64_t until_ns, struct bp_err *err)
{
	(void)self, (void)err;
	if (device.out_len) {
		device.now += MS;
		return BP_WAKE_OUTPUT;
	}
	device.now = until_ns;
	return BP_WAKE_TIME;
}

static int read_console(void *self, uint8_t *buf, size_t cap, uint64_t *at_ns, struct bp_err *err)
{
	size_t n = device.out_len < cap ? device.out_len : cap;

	(void)self, (void)err;
	memcpy(buf, device.out, n);
	memmove(device.out, device.out + n, device.out_len - n);
	device.out_len -= n;
	*at_ns = device.now;
	return (int)n;
}

static void served(const uint8_t *msg)
{
	uint8_t answer[] = {3, 0, 0, 6, msg[4], msg[5], msg[6], msg[7], 0xa1, 0x63, 'o', 'f', 'f', 5};

	device.seqs[device.messages++ % 16] = msg[6];
	if (!device.mute)
		device.out_len += (size_t)bp_smp_frame(answer, sizeof(answer), device.out + device.out_len, sizeof(device.out) - device.out_len,
						       NULL);
}

static int write_console(void *self, const uint8_t *buf, size_t len, struct bp_err *err)
{
	(void)self, (void)err;
	if (device.writes++ && device.now - device.last_ns > device.gap_ns)
		device.gap_ns = device.now - device.last_ns;
	device.last_ns = device.now;
	for (size_t i = 0; i < len; i++)
		switch (bp_smp_deframe(&device.in, buf[i])) {
		case BP_SMP_MESSAGE: served(device.in.msg); break;
		case BP_SMP_BAD: device.bad++; break;
		case BP_SMP_NOTHING:
		case BP_SMP_TEXT: break;
		}
	return 0;
}

static const struct bp_world_ops world_ops = {.name = "fake", .now_ns = now_ns, .wait = wait_world};
static const struct bp_console_ops console_ops = {.name = "fake", .read = read_console, .write = write_console};
static const struct bp_world world = {&world_ops, NULL};
static const struct bp_console console = {&console_ops, NULL};

static int begin(void **state)
{
	(void)state;
	memset(&device, 0, sizeof(device));
	bp_wire_init(&wire, &world, &console, NULL);
	smp = (struct bp_link_smp){.wire = &wire};
	return 0;
}

static int send(struct bp_err *err)
{
	static const uint8_t data[300] = {1, 2, 3};
	struct bp_smp_reply r;

	return bp_link_smp_ops.send(&smp, 0, data, sizeof(data), false, 0, NULL, device.now + 5 * SECOND, &r, err);
}

struct row {
	const char *name;
	enum bp_wire_fault_kind kind;
	int alone;                /* what the request comes to when the host does not repeat */
	unsigned messages;        /* that the device has read in the end, of three requests, the second struck */
	uint64_t gap_ns;          /* at least */
};

static const struct row rows[] = {
	{"none", BP_WIRE_FAULT_NONE, 0, 3, 0},
	{"drop", BP_WIRE_DROP, BP_ETIMEOUT, 3, 0},
	{"lose-answer", BP_WIRE_LOSE_ANSWER, BP_ETIMEOUT, 4, 0},
	{"duplicate", BP_WIRE_DUPLICATE, 0, 4, 0},
	{"reorder", BP_WIRE_REORDER, BP_ETIMEOUT, 4, 0},
	{"truncate", BP_WIRE_TRUNCATE, BP_ETIMEOUT, 3, 0},
	{"corrupt", BP_WIRE_CORRUPT, BP_ETIMEOUT, 3, 0},
	{"stall", BP_WIRE_STALL, 0, 3, 3 * SECOND},
	{"slow", BP_WIRE_SLOW, 0, 3, 20 * MS},
	{"reset", BP_WIRE_RESET, BP_ETIMEOUT, 3, 0},
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/* A host that does not repeat sees the fault; the message after it is none the worse. */
static void without_patience(void **state)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		struct bp_err err = {.text = ""};
		int rc;

		begin(state);
		wire.fault.kind = rows[i].kind;
		wire.fault.frame = 2;
		assert_int_equal(send(&err), 0);
		assert_false(wire.fault.fired);
		rc = send(&err);
		if (rc != rows[i].alone || wire.fault.fired != (rows[i].kind != BP_WIRE_FAULT_NONE))
			fail_msg("%s: %d (%s), fired %d", rows[i].name, rc, err.text, wire.fault.fired);
		assert_true(device.gap_ns >= rows[i].gap_ns);
	}
}

/* A host that repeats gets through, with requests that the device may see twice. */
static void with_patience(void **state)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		struct bp_err err = {.text = ""};

		begin(state);
		bp_link_smp_ops.repeat(&smp, 3);
		wire.fault.kind = rows[i].kind;
		wire.fault.frame = 2;
		for (int k = 0; k < 3; k++)
			if (send(&err))
				fail_msg("%s, request %d: %s", rows[i].name, k, err.text);
		if (device.messages != rows[i].messages)
			fail_msg("%s: the device read %u messages", rows[i].name, device.messages);
		assert_int_equal(smp.seq, 3);
		assert_int_equal(device.seqs[(device.messages - 1) % 16], 2);
	}
}

/* A reset is never repeated by the link: it may have happened. Patience ends. */
static void what_is_not_repeated(void **state)
{
	struct bp_smp_reply r;
	struct bp_err err;

	(void)state;
	bp_link_smp_ops.repeat(&smp, 3);
	device.mute = true;
	assert_int_equal(bp_link_smp_ops.reset(&smp, device.now + SECOND, &r, &err), BP_ETIMEOUT);
	assert_int_equal(device.messages, 1);
	assert_int_equal(send(&err), BP_ETIMEOUT);
	assert_int_equal(device.messages, 5);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(without_patience, begin), cmocka_unit_test_setup(with_patience, begin),
		cmocka_unit_test_setup(what_is_not_repeated, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
