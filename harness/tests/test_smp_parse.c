/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "bench/smp.h"

/* An answer: header with the right length, and CBOR written by hand. */
static int parse(uint8_t op, uint8_t group, uint8_t id, const char *cbor, size_t len, struct bp_smp_reply *reply,
		 struct bp_err *err)
{
	uint8_t *msg = malloc(BP_SMP_HEADER_BYTES + len); /* exact size: a sanitizer sees one byte too far */
	int ret;

	assert_non_null(msg);
	memcpy(msg, (uint8_t[]){op, 0, (uint8_t)(len >> 8), (uint8_t)len, 0, group, 0x2a, id}, BP_SMP_HEADER_BYTES);
	memcpy(msg + BP_SMP_HEADER_BYTES, cbor, len);
	err->text[0] = '\0';
	ret = bp_smp_parse(msg, BP_SMP_HEADER_BYTES + len, reply, err);
	free(msg);
	return ret;
}

#define PARSE(group, id, cbor, reply, err) parse(BP_SMP_WRITE_RSP, group, id, cbor, sizeof(cbor) - 1, reply, err)

static void upload_answer(void **state)
{
	struct bp_smp_reply r;
	struct bp_err err;

	(void)state;
	assert_int_equal(PARSE(1, 1, "\xa2\x62rc\0\x63off\x19\x02\0", &r, &err), 0);
	assert_int_equal(r.header.op, BP_SMP_WRITE_RSP);
	assert_int_equal(r.header.group, BP_SMP_IMAGE);
	assert_int_equal(r.header.id, 1);
	assert_int_equal(r.header.seq, 0x2a);
	assert_true(r.has_rc && r.has_off);
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.off, 512);
	assert_false(r.has_slot || r.has_reason || r.has_status);
}

static void refusal(void **state)
{
	struct bp_smp_reply r;
	struct bp_err err;

	(void)state;
	assert_int_equal(PARSE(64, 0, "\xa2\x62rc\x03\x66reason\x07", &r, &err), 0);
	assert_true(r.has_rc && r.has_reason);
	assert_int_equal(r.rc, 3);
	assert_int_equal(r.reason, 7);
	/* SMP version 2 */
	assert_int_equal(PARSE(1, 1, "\xa1\x63" "err\xa2\x65group\x01\x62rc\x0a", &r, &err), 0);
	assert_true(r.has_rc);
	assert_int_equal(r.rc, 10);
}

static void manifest_answer(void **state)
{
	struct bp_smp_reply r;
	struct bp_err err;

	(void)state;
	assert_int_equal(PARSE(64, 0, "\xa3\x62rc\0\x64slot\x01\x63off\x1a\0\x01\0\0", &r, &err), 0);
	assert_true(r.has_slot && r.has_off);
	assert_int_equal(r.slot, 1);
	assert_int_equal(r.off, 65536);
}

static void echo_answer(void **state)
{
	struct bp_smp_reply r;
	struct bp_err err;

	(void)state;
	assert_int_equal(PARSE(0, 0, "\xa1\x61r\x65hello", &r, &err), 0);
	assert_string_equal(r.text, "hello");
	/* in another group 'r' means something else */
	assert_int_equal(PARSE(1, 0, "\xa1\x61r\x01", &r, &err), 0);
	assert_string_equal(r.text, "");
}

#define STATUS_FIELDS "\x64step\x03\x63off\x19\x10\0\x67running\x01\x66" "active\0\x67pending\x18\xff" \
	"\x68" "attempts\x02\x65state\x02\x67" "counter\x0b\x66reason\x0f\x6btransitions\x07\x65" "boots\x18\x20"
#define STATUS_VERSION "\x67version\x67" "1.1.0+2"

static void check_status(const struct bp_smp_reply *r)
{
	assert_true(r->has_status && r->has_off && r->has_reason);
	assert_int_equal(r->step, 3);
	assert_int_equal(r->off, 4096);
	assert_int_equal(r->running, 1);
	assert_int_equal(r->active, 0);
	assert_int_equal(r->pending, 255);
	assert_int_equal(r->attempts, 2);
	assert_int_equal(r->state, 2);
	assert_int_equal(r->counter, 11);
	assert_int_equal(r->reason, 15);
	assert_int_equal(r->transitions, 7);
	assert_int_equal(r->boots, 32);
}

static void status_answer(void **state)
{
	struct bp_smp_reply r;
	struct bp_err err;

	(void)state;
	assert_int_equal(PARSE(64, 1, "\xae" STATUS_FIELDS STATUS_VERSION "\x66schema\x02\x68interval\x19\x03\x09", &r, &err), 0);
	check_status(&r);
	assert_true(r.has_interval);
	assert_int_equal(r.schema, 2);
	assert_int_equal(r.interval, 777);
	assert_int_equal(PARSE(64, 1, "\xac" STATUS_FIELDS STATUS_VERSION, &r, &err), 0);
	assert_false(r.has_interval);
	check_status(&r);
	assert_string_equal(r.version, "1.1.0+2");
	/* a map of indefinite length, as zcbor writes it unless told otherwise */
	assert_int_equal(PARSE(64, 1, "\xbf" STATUS_FIELDS "\xff", &r, &err), 0);
	check_status(&r);
	assert_string_equal(r.version, "");
	/* a status that lacks a field is none */
	assert_int_equal(PARSE(64, 1, "\xa1\x64step\x03", &r, &err), 0);
	assert_false(r.has_status);
	assert_int_equal(PARSE(64, 0, "\xbf" STATUS_FIELDS "\xff", &r, &err), 0);
	assert_false(r.has_status);
}

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ENTRY_A "\xa6\x64slot\0\x67version\x65" "1.0.0\x64hash\x58\x20" HASH_A \
	"\x66" "active\xf5\x69" "confirmed\xf5\x67pending\xf4"
#define ENTRY_B "\xbf\x65image\0\x64slot\x01\x67version\x65" "1.1.0\x64hash\x58\x20" HASH_B \
	"\x68" "bootable\xf5\x67pending\xf5\x69permanent\xf4\xff"
#define ENTRY_C "\xa2\x65image\x01\x64slot\0"
#define ENTRY_D "\xa1\x64slot\x02"

static void image_list(void **state)
{
	struct bp_smp_reply r;
	struct bp_err err;

	(void)state;
	assert_int_equal(PARSE(1, 0, "\xa2\x66images\x84" ENTRY_C ENTRY_A ENTRY_B ENTRY_D "\x6bsplitStatus\0", &r, &err), 0);
	assert_true(r.image[0].present && r.image[0].active && r.image[0].confirmed && !r.image[0].pending);
	assert_memory_equal(r.image[0].hash, HASH_A, 32);
	assert_string_equal(r.image[0].version, "1.0.0");
	assert_true(r.image[1].present && !r.image[1].active && !r.image[1].confirmed && r.image[1].pending);
	assert_memory_equal(r.image[1].hash, HASH_B, 32);
	assert_string_equal(r.image[1].version, "1.1.0");
	assert_int_equal(PARSE(1, 0, "\xa1\x66images\x9f" ENTRY_B "\xff", &r, &err), 0);
	assert_true(!r.image[0].present && r.image[1].present);
	assert_int_equal(PARSE(1, 0, "\xa1\x66images\x80", &r, &err), 0);
	assert_true(!r.image[0].present && !r.image[1].present);
}

/* Fields that nobody asked for, of every shape, before one that counts. */
static const struct {
	const char *name, *cbor;
	size_t len;
} stepped_over[] = {
#define ROW(name, value) {name, "\xa2\x61x" value "\x63off\x05", sizeof("\xa2\x61x" value "\x63off\x05") - 1}
	ROW("number", "\x18\x2a"),
	ROW("64-bit number", "\x1b\xff\xff\xff\xff\xff\xff\xff\xff"),
	ROW("negative 8", "\x38\xff"),
	ROW("negative 16", "\x39\xff\xff"),
	ROW("negative 32", "\x3a\xff\xff\xff\xff"),
	ROW("negative 64", "\x3b\xff\xff\xff\xff\xff\xff\xff\xff"),
	ROW("text", "\x63" "abc"),
	ROW("empty text", "\x60"),
	ROW("bytes", "\x43" "abc"),
	ROW("half float", "\xf9\x3c\0"),
	ROW("float", "\xfa\x3f\x80\0\0"),
	ROW("double", "\xfb\x3f\xf0\0\0\0\0\0\0"),
	ROW("null", "\xf6"),
	ROW("undefined", "\xf7"),
	ROW("true", "\xf5"),
	ROW("empty array", "\x80"),
	ROW("empty map", "\xa0"),
	ROW("tagged", "\xc1\x1a\x65\0\0\0"),
	ROW("tagged array", "\xd8\x20\x82\x01\x02"),
	ROW("nested", "\x82\xa1\x61y\x81\x01\xa0"),
	ROW("endless array", "\x9f\x01\x9f\xff\x02\xff"),
	ROW("endless map", "\xbf\x61y\x9f\x01\xff\xff"),
	ROW("endless in definite", "\x82\x9f\xff\xbf\xff"),
	ROW("eight levels", "\x81\x81\x81\x81\x81\x81\x81\x81\x01"),
#undef ROW
};

static void unknown_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(stepped_over) / sizeof(stepped_over[0]); i++) {
		struct bp_smp_reply r;
		struct bp_err err;
		int ret = parse(1, 1, 1, stepped_over[i].cbor, stepped_over[i].len, &r, &err);

		print_message("  %s %s\n", stepped_over[i].name, err.text);
		assert_int_equal(ret, 0);
		assert_true(r.has_off);
		assert_int_equal(r.off, 5);
	}
}

static const struct {
	const char *name, *cbor;
	size_t len;
	uint8_t group, id;
	const char *want; /* what the text must mention */
} refused[] = {
#define ROW(name, group, id, cbor, want) {name, cbor, sizeof(cbor) - 1, group, id, want}
	ROW("nothing", 1, 1, "", "cut short"),
	ROW("no map", 1, 1, "\x01", "map"),
	ROW("array", 1, 1, "\x81\x01", "map"),
	ROW("bytes after the map", 1, 1, "\xa0\0", "after the map"),
	ROW("map cut in its key", 1, 1, "\xa1\x63of", "cut short"),
	ROW("map cut before the value", 1, 1, "\xa2\x61" "a\x01\x63off", "cut short"),
	ROW("map of 2^64-1 pairs", 1, 1, "\xbb\xff\xff\xff\xff\xff\xff\xff\xff", "cut short"),
	ROW("map of 2^63 pairs", 1, 1, "\xbb\x80\0\0\0\0\0\0\0\x61" "a\x01", "cut short"),
	ROW("array of 2^64-1 items", 1, 1, "\xa1\x61x\x9b\xff\xff\xff\xff\xff\xff\xff\xff", "cut short"),
	ROW("text of 2^64-1 bytes", 1, 1, "\xa1\x61x\x7b\xff\xff\xff\xff\xff\xff\xff\xff", "cut short"),
	ROW("endless map cut", 1, 1, "\xbf\x63off\x01", "cut short"),
	ROW("endless map, odd", 1, 1, "\xbf\x63off\xff", "break"),
	ROW("endless unknown map, odd", 1, 1, "\xa1\x61x\xbf\x01\xff", "break"),
	ROW("break in a definite map", 1, 1, "\xa1\xff", "break"),
	ROW("break alone", 1, 1, "\xff", "map"),
	ROW("endless text as key", 1, 1, "\xa1\x7f\x61" "a\xff\x01", "indefinite"),
	ROW("endless bytes as value", 1, 1, "\xa1\x61x\x5f\x41" "a\xff", "indefinite"),
	ROW("number as key", 1, 1, "\xa1\x01\x01", "no text"),
	ROW("key twice", 1, 1, "\xa2\x63off\x01\x63off\x01", "'off' stands twice"),
	ROW("nine levels", 1, 1, "\xa1\x61x\x81\x81\x81\x81\x81\x81\x81\x81\x81\x01", "too deep"),
	ROW("reserved head", 1, 1, "\xa1\x61x\x1c", "no CBOR"),
	ROW("off as text", 1, 1, "\xa1\x63off\x61" "1", "'off' is text"),
	ROW("off negative", 1, 1, "\xa1\x63off\x20", "'off' is a negative number"),
	ROW("off of 33 bits", 1, 1, "\xa1\x63off\x1b\0\0\0\x01\0\0\0\0", "32 bits"),
	ROW("rc as bool", 1, 1, "\xa1\x62rc\xf4", "'rc' is true or false"),
	ROW("rc as map", 1, 1, "\xa1\x62rc\xa0", "'rc' is a map"),
	ROW("err no map", 1, 1, "\xa1\x63" "err\x01", "map"),
	ROW("echo of bytes", 0, 0, "\xa1\x61r\x41" "a", "'r' is bytes"),
	ROW("echo too long", 0, 0, "\xa1\x61r\x78\x40" HASH_A HASH_B, "64 bytes"),
	ROW("echo with NUL", 0, 0, "\xa1\x61r\x61\0", "NUL"),
	ROW("status field wrong", 64, 1, "\xa1\x65state\x61x", "'state' is text"),
	ROW("version too long", 64, 1, "\xa1\x67version\x78\x20" HASH_A, "'version'"),
	ROW("images no array", 1, 0, "\xa1\x66images\xa0", "no array"),
	ROW("images of numbers", 1, 0, "\xa1\x66images\x81\x01", "map"),
	ROW("image without slot", 1, 0, "\xa1\x66images\x81\xa0", "slot"),
	ROW("slot twice", 1, 0, "\xa1\x66images\x82" ENTRY_A ENTRY_A, "twice"),
	ROW("hash of 31 bytes", 1, 0, "\xa1\x66images\x81\xa2\x64slot\0\x64hash\x58\x1f" "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    "32 bytes"),
	ROW("active a number", 1, 0, "\xa1\x66images\x81\xa2\x64slot\0\x66" "active\x01", "'active' is a number"),
	ROW("images cut", 1, 0, "\xa1\x66images\x82" ENTRY_A, "cut short"),
#undef ROW
};

static void bad_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct bp_smp_reply r;
		struct bp_err err;
		int ret = parse(3, refused[i].group, refused[i].id, refused[i].cbor, refused[i].len, &r, &err);

		print_message("  %s: %s\n", refused[i].name, err.text);
		assert_int_equal(ret, BP_EPROTO);
		assert_non_null(strstr(err.text, refused[i].want));
	}
}

/* Each shorter length of good answers is refused: no cut gives another answer. */
static void every_truncation(void **state)
{
	static const char list[] = "\xa1\x66images\x82" ENTRY_A ENTRY_B, status[] = "\xac" STATUS_FIELDS STATUS_VERSION;
	struct bp_smp_reply r;
	struct bp_err err;

	(void)state;
	for (size_t len = 0; len < sizeof(list) - 1; len++)
		assert_int_equal(parse(1, 1, 0, list, len, &r, &err), BP_EPROTO);
	assert_int_equal(parse(1, 1, 0, list, sizeof(list) - 1, &r, &err), 0);
	for (size_t len = 0; len < sizeof(status) - 1; len++)
		assert_int_equal(parse(1, 64, 1, status, len, &r, &err), BP_EPROTO);
	assert_int_equal(parse(1, 64, 1, status, sizeof(status) - 1, &r, &err), 0);
}

static void bad_headers(void **state)
{
	static const uint8_t good[] = {3, 0, 0, 1, 0, 1, 0, 1, 0xa0};
	struct bp_smp_reply r;
	struct bp_err err;
	uint8_t bad[sizeof(good)];

	(void)state;
	assert_int_equal(bp_smp_parse(good, sizeof(good), &r, &err), 0);
	for (size_t len = 0; len < sizeof(good); len++)
		assert_int_equal(bp_smp_parse(good, len, &r, &err), BP_EPROTO);
	memcpy(bad, good, sizeof(bad));
	bad[3] = 2;
	assert_int_equal(bp_smp_parse(bad, sizeof(bad), &r, &err), BP_EPROTO);
	assert_non_null(strstr(err.text, "announces 2"));
	bad[3] = 1;
	bad[0] = BP_SMP_WRITE; /* a request */
	assert_int_equal(bp_smp_parse(bad, sizeof(bad), &r, &err), BP_EPROTO);
	bad[0] = 1 << 3 | BP_SMP_READ_RSP; /* version bits */
	assert_int_equal(bp_smp_parse(bad, sizeof(bad), &r, &err), 0);
	assert_int_equal(r.header.op, BP_SMP_READ_RSP);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(upload_answer),
		cmocka_unit_test(refusal),
		cmocka_unit_test(manifest_answer),
		cmocka_unit_test(echo_answer),
		cmocka_unit_test(status_answer),
		cmocka_unit_test(image_list),
		cmocka_unit_test(unknown_fields),
		cmocka_unit_test(bad_answers),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(bad_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
