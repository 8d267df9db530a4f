/* SPDX-License-Identifier: Apache-2.0 */
/* test_update.c - an update as the agent lives it: order, refusals, failing flash, and power cuts everywhere. */
#include "agent/update.h"

#include "agent/progress.h"
#include "boot/boot_counter.h"
#include "boot/image_verify.h"
#include "lib/sha256.h"
#include "tests/fake_dut.h"
#include "tests/fake_image.h"
#include "tests/fake_manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FILE_BYTES 3501u /* four pages, and no multiple of a write unit */
#define CHUNK 512u

/* A release for slot B: the image and, behind it, bytes that only the manifest's hash covers. */
static struct release {
	uint8_t file[FILE_BYTES], manifest[FAKE_MANIFEST_BYTES], digest[32];
	uint32_t manifest_len;
	struct fake_fields fields;
} release, other;

static void sign(struct release *r)
{
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, r->file, FILE_BYTES);
	sha256_final(&s, r->fields.payload[1].sha256);
	r->manifest_len = fake_manifest(&r->fields, r->manifest);
}

static void make_release(struct release *r, uint32_t counter, uint8_t minor)
{
	struct image_info info;

	fake_image(1, counter, minor);
	assert_int_equal(image_inspect(1, &info), REASON_NONE);
	memcpy(r->digest, info.digest, sizeof(r->digest));
	memcpy(r->file, fake_slot(1), FILE_BYTES);
	memset(r->file + FAKE_IMAGE_BYTES, minor, FILE_BYTES - FAKE_IMAGE_BYTES);
	r->fields = fake_fields_good();
	r->fields.rollback_index = counter;
	r->fields.payload[1].size = FILE_BYTES;
	sign(r);
	memset(fake_slot(1), fake.board.erased, fake.board.area[DUT_AREA_SLOT_B].size);
}

/* A board that runs slot A, confirmed, counter 10; slot B blank. */
static void board(uint32_t unit, uint8_t erased)
{
	struct boot_state s = {.pending = SLOT_NONE, .reason = REASON_NONE};

	fake_new(unit, erased);
	fake_manifest_key();
	fake_keys();
	make_release(&release, 11, 1);
	make_release(&other, 12, 2);
	fake_image(0, 10, 0);
	assert_int_equal(boot_state_commit(&s), 0);
	assert_int_equal(boot_counter_raise(10), 0);
	fake_power_on(0);
	update_init(AGENT_APP, 0, 0);
}

static int setup(void **state)
{
	(void)state;
	board(4, 0xff);
	return 0;
}

static enum reason offer(const struct release *r, uint32_t *off)
{
	uint32_t slot = SLOT_NONE;
	enum reason why = update_offer(r->manifest, r->manifest_len, &slot, off);

	if (why == REASON_NONE)
		assert_int_equal(slot, 1);
	return why;
}

static enum reason write_at(const struct release *r, uint32_t off, uint32_t len, uint32_t *next)
{
	struct update_chunk c = {.off = off, .data = r->file + off, .data_len = len};

	return update_write(&c, next);
}

/* Upload from off to the end, as a host that follows the offsets it is told. */
static enum reason upload(const struct release *r, uint32_t off, uint32_t chunk)
{
	enum reason why = REASON_NONE;

	while (off < FILE_BYTES && why == REASON_NONE) {
		uint32_t n = FILE_BYTES - off < chunk ? FILE_BYTES - off : chunk, next = UINT32_MAX;

		why = write_at(r, off, n, &next);
		if (why == REASON_NONE)
			assert_in_range(next, off + 1, off + n);
		off = next;
	}
	return why;
}

static void test_whole_update(void **state)
{
	(void)state;
	for (uint32_t unit = 1; unit <= DUT_MAX_UNIT; unit *= 2)
		for (uint32_t chunk = unit; chunk <= 2048; chunk = chunk * 2 + 3) {
			struct boot_state s;
			uint32_t off = UINT32_MAX;

			board(unit, unit & 4 ? 0x00 : 0xff);
			assert_int_equal(offer(&release, &off), REASON_NONE);
			assert_int_equal(off, 0);
			assert_int_equal(upload(&release, 0, chunk), REASON_NONE);
			assert_memory_equal(fake_slot(1), release.file, FILE_BYTES);
			assert_int_equal(update_request_trial(release.digest), REASON_NONE);
			assert_int_equal(boot_state_load(&s), STATE_BOTH);
			assert_int_equal(s.pending, 1);
			assert_int_equal(s.phase, BOOT_PENDING);
			assert_int_equal(s.attempts, fake.board.trial_attempts);
			assert_int_equal(s.target_counter, 11);
			assert_memory_equal(s.target_sha256, release.fields.payload[1].sha256, 32);
			assert_string_equal(fake.text, "agent: manifest ok\nagent: downloaded\nagent: written\nagent: trial requested\n");
			assert_int_equal(fake.rule_breaks, 0);
		}
}

static void test_offsets(void **state)
{
	uint32_t off, next;

	(void)state;
	assert_int_equal(offer(&release, &off), REASON_NONE);
	assert_int_equal(write_at(&release, 512, 512, &next), REASON_NONE);
	assert_int_equal(next, 0);
	assert_int_equal(fake.ops, 0);
	assert_int_equal(write_at(&release, 0, 511, &next), REASON_NONE);
	assert_int_equal(next, 508);
	assert_int_equal(write_at(&release, 0, 512, &next), REASON_NONE);
	assert_int_equal(next, 508);
	assert_int_equal(write_at(&release, 508, 3, &next), REASON_NONE); /* less than a unit */
	assert_int_equal(next, 508);
	assert_int_equal(write_at(&release, 508, 0, &next), REASON_NONE);
	assert_int_equal(next, 508);
	/* The same manifest again, in the same session: it goes on. */
	assert_int_equal(offer(&release, &off), REASON_NONE);
	assert_int_equal(off, 508);
	assert_int_equal(upload(&release, off, CHUNK), REASON_NONE);
	assert_int_equal(fake.rule_breaks, 0);
}

static void test_update_during_update(void **state)
{
	uint32_t off, next;

	(void)state;
	assert_int_equal(offer(&release, &off), REASON_NONE);
	assert_int_equal(write_at(&release, 0, 2048, &next), REASON_NONE);
	assert_int_equal(offer(&other, &off), REASON_NONE);
	assert_int_equal(off, 0);
	assert_int_equal(upload(&other, 0, CHUNK), REASON_NONE);
	assert_int_equal(update_request_trial(release.digest), REASON_BAD_HASH);
	assert_int_equal(update_request_trial(other.digest), REASON_NONE);
	assert_int_equal(fake.rule_breaks, 0);
}

static void test_a_pending_trial_is_cancelled_by_another_manifest(void **state)
{
	struct boot_state s;
	uint32_t off;

	(void)state;
	assert_int_equal(offer(&release, &off), REASON_NONE);
	assert_int_equal(upload(&release, 0, CHUNK), REASON_NONE);
	assert_int_equal(update_request_trial(release.digest), REASON_NONE);
	assert_int_equal(update_request_trial(release.digest), REASON_NONE); /* the answer was lost: asked again */
	assert_int_equal(offer(&other, &off), REASON_NONE);
	assert_int_equal(boot_state_load(&s), STATE_BOTH);
	assert_int_equal(s.pending, SLOT_NONE);
	assert_int_equal(s.phase, BOOT_IDLE);
	assert_int_equal(update_request_trial(release.digest), REASON_NO_IMAGE);
	assert_int_equal(upload(&other, off, CHUNK), REASON_NONE);
	assert_int_equal(update_request_trial(other.digest), REASON_NONE);
}

/* ---- refusals ------------------------------------------------------------ */

static enum reason no_manifest(void)
{
	uint32_t next;

	return write_at(&release, 0, CHUNK, &next);
}

static enum reason manifest_in_trial(void)
{
	uint32_t off;

	update_init(AGENT_APP, 0, 1);
	return offer(&release, &off);
}

static enum reason offered(const struct release *r)
{
	uint32_t off;

	return offer(r, &off);
}

static enum reason too_large_for_the_slot(void)
{
	release.fields.payload[1].size = fake.board.area[DUT_AREA_SLOT_B].size + 1;
	release.manifest_len = fake_manifest(&release.fields, release.manifest);
	return offered(&release);
}

static enum reason empty_image(void)
{
	release.fields.payload[1].size = 0;
	release.manifest_len = fake_manifest(&release.fields, release.manifest);
	return offered(&release);
}

static enum reason only_for_the_running_slot(void)
{
	release.fields.n_payloads = 1;
	release.manifest_len = fake_manifest(&release.fields, release.manifest);
	return offered(&release);
}

static enum reason older_than_the_counter(void)
{
	assert_int_equal(boot_counter_raise(12), 0);
	update_init(AGENT_APP, 0, 0);
	return offered(&release);
}

static enum reason another_length(void)
{
	struct update_chunk c = {.data = release.file, .data_len = CHUNK, .has_len = 1, .len = FILE_BYTES - 1};
	uint32_t next;

	assert_int_equal(offered(&release), REASON_NONE);
	return update_write(&c, &next);
}

static enum reason another_hash(void)
{
	struct update_chunk c = {.data = release.file, .data_len = CHUNK, .sha256 = release.digest};
	uint32_t next;

	assert_int_equal(offered(&release), REASON_NONE);
	return update_write(&c, &next);
}

static enum reason beyond_the_end(void)
{
	struct update_chunk c = {.off = FILE_BYTES - 1, .data = release.file, .data_len = 2};
	uint32_t next;

	assert_int_equal(offered(&release), REASON_NONE);
	return update_write(&c, &next);
}

static enum reason offset_wraps(void)
{
	struct update_chunk c = {.off = UINT32_MAX - 1, .data = release.file, .data_len = CHUNK};
	uint32_t next;

	assert_int_equal(offered(&release), REASON_NONE);
	return update_write(&c, &next);
}

static enum reason trial_of_a_part(void)
{
	uint32_t next;

	assert_int_equal(offered(&release), REASON_NONE);
	assert_int_equal(write_at(&release, 0, 2048, &next), REASON_NONE);
	return update_request_trial(release.digest);
}

static enum reason damaged_on_the_way(void)
{
	assert_int_equal(offered(&release), REASON_NONE);
	release.file[FILE_BYTES - 1] ^= 1;
	return upload(&release, 0, CHUNK);
}

/* The manifest fits the file, but the image itself is wrong. */
static enum reason uploaded(void)
{
	sign(&release);
	assert_int_equal(offered(&release), REASON_NONE);
	return upload(&release, 0, CHUNK);
}

static enum reason body_damaged_at_the_source(void)
{
	release.file[100] ^= 1;
	return uploaded();
}

static enum reason no_image_at_all(void)
{
	memset(release.file, 0, 32);
	return uploaded();
}

static enum reason for_the_other_slot(void)
{
	fake_image(0, 11, 1);
	memcpy(release.file, fake_slot(0), FAKE_IMAGE_BYTES);
	return uploaded();
}

static enum reason image_signature_bad(void)
{
	assert_int_equal(offered(&release), REASON_NONE);
	fake.accel = 0;
	return upload(&release, 0, CHUNK);
}

static enum reason counters_differ(void)
{
	release.fields.rollback_index = 12;
	return uploaded();
}

static enum reason discharged(void)
{
	fake.board.gates.battery_percent = 81;
	sign(&release);
	return offered(&release);
}

static enum reason discharged_later(void)
{
	enum reason why = uploaded();

	fake.board.gates.battery_percent = 81;
	return why == REASON_NONE ? update_request_trial(release.digest) : why;
}

struct refusal_row {
	const char *name;
	enum reason (*act)(void);
	enum reason want;
	int writes;       /* flash may have been written before it was found */
};

static const struct refusal_row refusal_rows[] = {
	{"upload without a manifest", no_manifest, REASON_UNSIGNED, 0},
	{"manifest while on trial", manifest_in_trial, REASON_BUSY, 0},
	{"image larger than the slot", too_large_for_the_slot, REASON_NO_SPACE, 0},
	{"too little charge for a download", discharged, REASON_LOW_BATTERY, 0},
	{"too little charge for an install", discharged_later, REASON_LOW_BATTERY, 1},
	{"empty image", empty_image, REASON_WRONG_SIZE, 0},
	{"payload only for the running slot", only_for_the_running_slot, REASON_WRONG_SLOT, 0},
	{"rollback index below the counter", older_than_the_counter, REASON_ROLLBACK_INDEX, 1},
	{"another length announced", another_length, REASON_WRONG_SIZE, 0},
	{"another hash announced", another_hash, REASON_BAD_HASH, 0},
	{"bytes beyond the end", beyond_the_end, REASON_WRONG_SIZE, 0},
	{"offset near 2^32", offset_wraps, REASON_WRONG_SIZE, 0},
	{"trial of a part", trial_of_a_part, REASON_NO_IMAGE, 1},
	{"damaged on the way", damaged_on_the_way, REASON_BAD_HASH, 1},
	{"body damaged at the source", body_damaged_at_the_source, REASON_BAD_HASH, 1},
	{"no image at all", no_image_at_all, REASON_BAD_IMAGE, 1},
	{"image for the other slot", for_the_other_slot, REASON_WRONG_SLOT, 1},
	{"image's signature bad", image_signature_bad, REASON_BAD_SIGNATURE, 1},
	{"image's counter is not the manifest's", counters_differ, REASON_ROLLBACK_INDEX, 1},
};

static void test_refusal(void **state)
{
	const struct refusal_row *row = *state;
	struct update_status s;
	char line[64];
	uint32_t off;
	enum reason why;

	setup(NULL);
	why = row->act();
	assert_string_equal(reason_name(why), reason_name(row->want));
	snprintf(line, sizeof(line), "agent: refused %s\n", reason_name(row->want));
	assert_non_null(strstr(fake.text, line));
	update_status(&s);
	assert_int_equal(s.reason, row->want);
	assert_int_equal(s.state->phase, BOOT_IDLE);
	if (!row->writes)
		assert_int_equal(fake.ops, 0);
	assert_int_equal(fake.rule_breaks, 0);
	/* Nothing of it stands in the way of a good update. */
	fake.accel = 1;
	fake.board.gates.battery_percent = 0;
	update_init(AGENT_APP, 0, 0);
	assert_int_equal(offer(&other, &off), REASON_NONE);
	assert_int_equal(upload(&other, off, CHUNK), REASON_NONE);
	assert_int_equal(update_request_trial(other.digest), REASON_NONE);
	assert_int_equal(fake.rule_breaks, 0);
}

static void test_retry_after_a_bad_download(void **state)
{
	uint32_t off, next;

	(void)state;
	assert_int_equal(offer(&release, &off), REASON_NONE);
	release.file[3000] ^= 1;
	assert_int_equal(upload(&release, 0, CHUNK), REASON_BAD_HASH);
	release.file[3000] ^= 1;
	assert_int_equal(write_at(&release, 3000, 4, &next), REASON_NONE);
	assert_int_equal(next, 0);
	assert_int_equal(upload(&release, 0, CHUNK), REASON_NONE);
	assert_int_equal(update_request_trial(release.digest), REASON_NONE);
	assert_int_equal(fake.rule_breaks, 0);
}

/* ---- failing flash, cuts -------------------------------------------------- */

static uint32_t acked; /* the last offset that was answered */

static void whole_update(void *ctx)
{
	uint32_t off;

	(void)ctx;
	update_init(AGENT_APP, 0, 0);
	assert_int_equal(offer(&release, &off), REASON_NONE);
	/* What was acknowledged is lost up to the start of its page at most. */
	assert_true(off + FAKE_PAGE_BYTES > acked || off == FILE_BYTES);
	acked = off;
	while (off < FILE_BYTES) {
		uint32_t n = FILE_BYTES - off < CHUNK ? FILE_BYTES - off : CHUNK;

		assert_int_equal(write_at(&release, off, n, &off), REASON_NONE);
		acked = off;
	}
	assert_int_equal(update_request_trial(release.digest), REASON_NONE);
}

static uint32_t ops_of_an_update(void)
{
	board(16, 0xff);
	acked = 0;
	assert_int_equal(fake_run(whole_update, NULL), FAKE_RETURNED);
	return fake.ops;
}

static void test_failing_flash(void **state)
{
	const uint32_t ops = ops_of_an_update();

	(void)state;
	for (uint32_t n = 1; n <= ops; n++) {
		uint32_t off = 0;
		enum reason why;

		board(16, 0xff);
		fake.fail_from = n;
		assert_int_equal(offer(&release, &off), REASON_NONE);
		why = upload(&release, 0, CHUNK);
		if (why == REASON_NONE)
			why = update_request_trial(release.digest);
		if (why == REASON_NONE) {
			/* Only the record was not forgotten. */
			assert_non_null(strstr(fake.text, "agent: trial requested\n"));
			continue;
		}
		assert_int_equal(why, REASON_FLASH_FAILED);
		fake.fail_from = 0;
		acked = 0;
		assert_int_equal(fake_run(whole_update, NULL), FAKE_RETURNED);
		assert_int_equal(fake.rule_breaks, 0);
	}
}

/* Power is back: the state and the reason fit what went before. */
static int is_requested(void)
{
	struct update_status st;
	struct boot_state s;

	update_init(AGENT_APP, 0, 0);
	update_status(&st);
	switch (boot_state_load(&s)) {
	case STATE_LOST:
		fail();
	case STATE_REPAIR:
		assert_int_equal(boot_state_repair(&s), 0);
		break;
	case STATE_BOTH:
		break;
	}
	if (s.phase == BOOT_IDLE)
		assert_true(st.reason == REASON_NONE || st.reason == REASON_INTERRUPTED);
	return s.phase == BOOT_PENDING;
}

static void cut_and_retry(uint32_t first, uint32_t second, enum fake_cut cut, uint32_t lucks)
{
	board(16, 0xff);
	acked = 0;
	fake.cut_at = first;
	fake.cut = cut;
	for (uint32_t i = 0; i < 3; i++) {
		fake_run(whole_update, NULL);
		fake_power_on(lucks >> i & 1 ? UINT32_MAX : 0);
		if (is_requested())
			break;
		fake.cut_at = second;
	}
	fake.cut_at = 0;
	if (!is_requested())
		assert_int_equal(fake_run(whole_update, NULL), FAKE_RETURNED);
	assert_memory_equal(fake_slot(1), release.file, FILE_BYTES);
	for (uint32_t i = 0; i < FILE_BYTES; i++)
		assert_int_equal(fake.weak[(uint32_t)(fake_slot(1) - fake.flash) + i], 0);
	assert_int_equal(fake.rule_breaks, 0);
}

static void test_cuts(void **state)
{
	const uint32_t ops = ops_of_an_update();

	(void)state;
	for (int cut = 0; cut < FAKE_CUTS; cut++)
		for (uint32_t first = 1; first <= ops; first++)
			for (uint32_t second = 0; second <= 9; second += 9)
				for (uint32_t lucks = 0; lucks < 4; lucks++)
					cut_and_retry(first, second, (enum fake_cut)cut, lucks);
}

static void test_interrupted_is_told(void **state)
{
	struct update_status s;
	uint32_t off, next;

	(void)state;
	assert_int_equal(offer(&release, &off), REASON_NONE);
	assert_int_equal(write_at(&release, 0, 2100, &next), REASON_NONE);
	fake_power_on(0);
	update_init(AGENT_APP, 0, 0);
	update_status(&s);
	assert_int_equal(s.reason, REASON_INTERRUPTED);
	assert_int_equal(s.step, PROGRESS_DOWNLOADING);
	assert_int_equal(s.off, 2048);
	assert_int_equal(fake.ops, 0);
	assert_int_equal(offer(&release, &off), REASON_NONE);
	assert_int_equal(off, 2048);
	update_status(&s);
	assert_int_equal(s.reason, REASON_NONE);
}

/* ---- confirm, fail, recovery ---------------------------------------------- */

static void on_trial(void)
{
	struct boot_state s = {.pending = 1, .phase = BOOT_TRIAL, .attempts = 2, .transitions = 7};

	board(16, 0xff);
	fake_image(1, 11, 1);
	assert_int_equal(boot_state_commit(&s), 0);
	fake_power_on(0);
	update_init(AGENT_APP, 1, 1);
}

static void confirm(void *ctx)
{
	(void)ctx;
	assert_int_equal(update_confirm(), REASON_NONE);
}

static void test_confirm_is_told_once_it_stands(void **state)
{
	(void)state;
	for (int cut = 0; cut < FAKE_CUTS; cut++)
		for (uint32_t op = 1; op <= 20; op++) {
			enum fake_exit how;
			struct boot_state s;

			on_trial();
			fake.cut_at = op;
			fake.cut = (enum fake_cut)cut;
			how = fake_run(confirm, NULL);
			if (how == FAKE_RETURNED)
				assert_string_equal(fake.text, "app: confirmed\n");
			else
				assert_string_equal(fake.text, "");
			fake_power_on(0);
			assert_int_not_equal(boot_state_load(&s), STATE_LOST);
			if (how != FAKE_RETURNED)
				continue;
			assert_int_equal(s.active, 1);
			assert_int_equal(s.phase, BOOT_IDLE);
			assert_int_equal(s.reason, REASON_OK);
			assert_true(s.transitions & TRANSITION_CONFIRMED);
			assert_int_equal(boot_counter_read(), 11);
		}
}

static void test_confirm_that_fails(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= 15; n++) {
		on_trial();
		fake.fail_from = n;
		assert_int_equal(update_confirm(), REASON_FLASH_FAILED);
		assert_null(strstr(fake.text, "app: confirmed"));
		fake.fail_from = 0;
		assert_int_equal(update_confirm(), REASON_NONE);
	}
}

static void test_confirm_without_a_trial_writes_nothing(void **state)
{
	(void)state;
	assert_int_equal(update_confirm(), REASON_NONE);
	assert_int_equal(update_fail(REASON_UNHEALTHY), 0);
	assert_int_equal(fake.ops, 0);
	assert_string_equal(fake.text, "");
}

static void test_fail(void **state)
{
	struct boot_state s;

	(void)state;
	on_trial();
	assert_int_equal(update_fail(REASON_UNHEALTHY), 0);
	assert_int_equal(boot_state_load(&s), STATE_BOTH);
	assert_int_equal(s.attempts, 0);
	assert_int_equal(s.reason, REASON_UNHEALTHY);
	assert_int_equal(s.phase, BOOT_TRIAL);
}

static void test_recovery(void **state)
{
	struct update_status st;
	struct boot_state s;
	struct image_info info;
	uint32_t slot, off, next;
	struct update_chunk c = {.data = release.file, .data_len = FAKE_IMAGE_BYTES};
	struct sha256 sha;

	(void)state;
	fake_image(0, 11, 1);
	memcpy(release.file, fake_slot(0), FAKE_IMAGE_BYTES);
	memset(fake.flash, 0xff, sizeof(fake.flash));
	memset(fake.written, 0, sizeof(fake.written));
	fake_power_on(0);
	release.fields.payload[0].size = FAKE_IMAGE_BYTES;
	sha256_init(&sha);
	sha256_update(&sha, release.file, FAKE_IMAGE_BYTES);
	sha256_final(&sha, release.fields.payload[0].sha256);
	release.manifest_len = fake_manifest(&release.fields, release.manifest);
	update_init(AGENT_RECOVERY, SLOT_NONE, 0);
	update_status(&st);
	assert_int_equal(st.reason, REASON_NO_IMAGE);
	assert_int_equal(st.running, SLOT_NONE);
	assert_int_equal(update_confirm(), REASON_NO_IMAGE);
	assert_int_equal(update_offer(release.manifest, release.manifest_len, &slot, &off), REASON_NONE);
	assert_int_equal(slot, 0);
	assert_int_equal(update_write(&c, &next), REASON_NONE);
	assert_int_equal(image_inspect(0, &info), REASON_NONE);
	assert_int_equal(update_request_trial(info.digest), REASON_NONE);
	assert_int_equal(boot_state_load(&s), STATE_BOTH);
	/* Never the same slot as pending and active: that would be no trial. */
	assert_int_equal(s.pending, 0);
	assert_int_equal(s.active, 1);
	assert_int_equal(fake.rule_breaks, 0);
}

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))
#define PLAIN 13u

int main(void)
{
	struct CMUnitTest tests[PLAIN + ROWS(refusal_rows)] = {
		cmocka_unit_test(test_whole_update),
		cmocka_unit_test_setup(test_offsets, setup),
		cmocka_unit_test_setup(test_update_during_update, setup),
		cmocka_unit_test_setup(test_a_pending_trial_is_cancelled_by_another_manifest, setup),
		cmocka_unit_test_setup(test_retry_after_a_bad_download, setup),
		cmocka_unit_test(test_failing_flash),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test_setup(test_interrupted_is_told, setup),
		cmocka_unit_test(test_confirm_is_told_once_it_stands),
		cmocka_unit_test(test_confirm_that_fails),
		cmocka_unit_test_setup(test_confirm_without_a_trial_writes_nothing, setup),
		cmocka_unit_test(test_fail),
		cmocka_unit_test_setup(test_recovery, setup),
	};

	for (size_t i = 0; i < ROWS(refusal_rows); i++)
		tests[PLAIN + i] = (struct CMUnitTest){refusal_rows[i].name, test_refusal, NULL, NULL, (void *)(uintptr_t)&refusal_rows[i]};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
