/* SPDX-License-Identifier: Apache-2.0 */
/* Every invariant is seen to fail, and a good device to pass, on devices that follow a script. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "oracle/judge.h"
#include "tests/fake_board.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define PASS (-1)
#define REASON(code) ((code) + 1u)
#define NONE 0u
#define INTERRUPTED 1u
#define BAD_HASH 11u
#define NO_CONFIRM 15u
#define WATCHDOG 18u
#define OK 22u

static struct bp_arena *arena;
static struct bp_product *product;
static uint32_t without;

static int begin(void **state)
{
	struct bp_err err = {.text = ""};

	(void)state;
	arena = bp_arena_new(ARENA_BYTES);
	if (arena && !bp_product_read(arena, "fixtures/products/small.yaml", &product, &err))
		return 0;
	print_error("%s\n", err.text);
	return -1;
}

static int end(void **state)
{
	(void)state;
	bp_arena_free(arena);
	return 0;
}

/* ---- recovery ---------------------------------------------------------------------- */

/* A cut at `stage` of an update from `from` to `target` (NULL: "to"), and what the device is found to do. */
struct row {
	const char *name;
	int invariant;              /* PASS, or enum bp_invariant */
	const char *words;          /* that the judgement must hold */
	enum bp_stage stage;
	struct fake_script script;
	const char *target, *ends;  /* ends: where the update must end; NULL: target */
	uint8_t power_cycles;
	uint32_t config, config_next;
	uint64_t gap_ns;            /* longest time without an answer so far */
	bool damaged, expect_lost, resume, no_follow_up;
	uint32_t acked, floor;      /* of the obligation */
};

static const struct row rows[] = {
	/* good devices */
	{"nothing was under way", PASS, NULL, BP_STAGE_IDLE, .script = {0}},
	{"the manifest was on its way", PASS, NULL, BP_STAGE_OFFERED, .script = {0}},
	{"the payload was on its way", PASS, NULL, BP_STAGE_DOWNLOADING, .script = {.reason_plus_1 = REASON(INTERRUPTED)}},
	{"all written", PASS, NULL, BP_STAGE_WRITTEN, .script = {0}},
	{"request on its way, not seen", PASS, NULL, BP_STAGE_TEST_SENT, .script = {0}},
	{"request on its way, seen", PASS, NULL, BP_STAGE_TEST_SENT, .script = {.runs = "to", .reason_plus_1 = REASON(OK)}},
	{"trial acknowledged", PASS, NULL, BP_STAGE_TEST_ACKED, .script = {.says = "boot: run b trial 1/3", .then_says = "app: confirmed"}},
	{"trial used up by power cycles", PASS, NULL, BP_STAGE_TEST_ACKED, .script = {.runs = "from", .reason_plus_1 = REASON(NO_CONFIRM)},
	 .power_cycles = 3},
	{"bad image rolled back", PASS, NULL, BP_STAGE_TEST_ACKED, .script = {.runs = "from", .reason_plus_1 = REASON(NO_CONFIRM)},
	 .target = "crash", .ends = "from"},
	{"confirmed", PASS, NULL, BP_STAGE_CONFIRMED, .script = {0}},
	{"refused", PASS, NULL, BP_STAGE_REFUSED, .script = {.runs = "from", .reason_plus_1 = REASON(NO_CONFIRM)}, .ends = "from"},
	{"boot state lost, and it says so", PASS, NULL, BP_STAGE_IDLE, .script = {.says = "boot: STATE_LOST", .reason_plus_1 = REASON(OK)},
	 .ends = "from", .damaged = true, .expect_lost = true},
	{"resumes where it was", PASS, NULL, BP_STAGE_DOWNLOADING, .script = {.resume_at = 2048}, .resume = true, .acked = 2048},
	{"resumes one chunk and one page before", PASS, NULL, BP_STAGE_DOWNLOADING, .script = {.resume_at = 512}, .resume = true, .acked = 2048},
	{"nobody asks for the follow-up", PASS, NULL, BP_STAGE_CONFIRMED, .script = {.update = FAKE_REFUSES_OFFER}, .no_follow_up = true},

	/* seen at any time */
	{"ran unknown code", BP_INV_NO_UNKNOWN_CODE, "no known artifact", BP_STAGE_CONFIRMED, .script = {.unknown_runs = 1}},
	{"ran unknown code, and more", BP_INV_NO_UNKNOWN_CODE, "no known artifact", BP_STAGE_CONFIRMED,
	 .script = {.unknown_runs = 1, .traps = 3, .trap_running_slot = true, .bootloader_changed = true, .restless_from = 1}},
	{"wrote the running slot", BP_INV_SLOT_OF_RUNNING_UNTOUCHED, "a trap at 0x40", BP_STAGE_CONFIRMED,
	 .script = {.traps = 1, .trap_running_slot = true}},
	{"wrote the bootloader", BP_INV_BOOTLOADER_UNTOUCHED, "a trap at 0x40", BP_STAGE_CONFIRMED, .script = {.traps = 1, .trap_bootloader = true}},
	{"bootloader changed", BP_INV_BOOTLOADER_UNTOUCHED, "bytes changed", BP_STAGE_CONFIRMED, .script = {.bootloader_changed = true}},
	{"wrote another area", BP_INV_NO_WRITE_OUTSIDE, "a trap at 0x40", BP_STAGE_CONFIRMED, .script = {.traps = 1, .trap_outside = true}},
	{"flash rule broken", BP_INV_FLASH_DISCIPLINE, "a trap at 0x40", BP_STAGE_CONFIRMED, .script = {.traps = 2}},
	{"flash rule broken in the follow-up", BP_INV_FLASH_DISCIPLINE, "a trap", BP_STAGE_CONFIRMED, .script = {.traps_in_update = true}},
	{"a crashing image was confirmed", BP_INV_NEVER_CONFIRMS_UNHEALTHY, "crash was reported as confirmed", BP_STAGE_TEST_ACKED,
	 .script = {.runs = "from", .says = "boot: run b trial 1/3", .then_says = "app: confirmed"}, .target = "crash", .ends = "from"},
	{"on trial again after its confirm", BP_INV_ACKNOWLEDGED_DURABLE, "to was on trial again", BP_STAGE_CONFIRMED,
	 .script = {.says = "boot: run b trial 2/3", .then_says = "app: confirmed"}},

	/* once settled */
	{"boots over and over", BP_INV_BOOTS_BOUNDED, "5 boots after power returned, 4 allowed", BP_STAGE_DOWNLOADING,
	 .script = {.reboots = 4}},
	{"as many boots as a trial may take", PASS, NULL, BP_STAGE_DOWNLOADING, .script = {.reboots = 3}},
	{"never settles", BP_INV_RECOVERS_IN_TIME, "after power returned", BP_STAGE_DOWNLOADING, .script = {.restless_from = 1}},
	{"trial without end", BP_INV_RECOVERS_IN_TIME, "after power returned", BP_STAGE_TEST_ACKED, .script = {.then_says = "boot: run b trial 1/3"}},
	{"in the dark without a word", BP_INV_RECOVERS_IN_TIME, "after power returned", BP_STAGE_CONFIRMED, .script = {.runs = "none"}},
	{"a further boot never settles", BP_INV_RECOVERS_IN_TIME, "in a further boot", BP_STAGE_CONFIRMED, .script = {.restless_from = 2}},
	{"old image after the confirm", BP_INV_NO_SPURIOUS_FALLBACK, "from runs again", BP_STAGE_CONFIRMED, .script = {.runs = "from"}},
	{"new image before the request", BP_INV_BOOTS_ALLOWED_IMAGE, "to runs", BP_STAGE_DOWNLOADING, .script = {.runs = "to"}},
	{"new image, only written", BP_INV_BOOTS_ALLOWED_IMAGE, "to runs", BP_STAGE_WRITTEN, .script = {.runs = "to"}},
	{"trial given up too early", BP_INV_NO_SPURIOUS_FALLBACK, "from runs", BP_STAGE_TEST_ACKED, .script = {.runs = "from"}, .power_cycles = 2},
	{"refused, yet it runs", BP_INV_BOOTS_ALLOWED_IMAGE, "to runs", BP_STAGE_REFUSED, .script = {.runs = "to"}, .ends = "from"},
	{"no image left", BP_INV_BOOTS_ALLOWED_IMAGE, "no image runs", BP_STAGE_TEST_SENT, .script = {.runs = "none", .says = "boot: NO_IMAGE"}},
	{"counter ahead of the image", BP_INV_COUNTER_NOT_ADVANCED, "is 11, though from runs", BP_STAGE_WRITTEN, .script = {.counter = 11}},
	{"counter ahead, and no image", BP_INV_COUNTER_NOT_ADVANCED, "though no image runs", BP_STAGE_TEST_SENT,
	 .script = {.runs = "none", .says = "boot: NO_IMAGE", .counter = 11}},
	{"one copy of the state", BP_INV_STATE_REPAIRED, "after power returned", BP_STAGE_CONFIRMED, .script = {.state_differs_from = 1}},
	{"one copy of the state, in the next boot", BP_INV_STATE_REPAIRED, "in a further boot", BP_STAGE_CONFIRMED,
	 .script = {.state_differs_from = 2}},
	{"confirmed, but not told so", BP_INV_TRANSITIONS_IN_ORDER, "confirm is missing", BP_STAGE_CONFIRMED,
	 .script = {.transitions_plus_1 = 1 + 7}},
	{"a transition left out", BP_INV_TRANSITIONS_IN_ORDER, "one is missing", BP_STAGE_CONFIRMED, .script = {.transitions_plus_1 = 1 + 13}},
	{"written, never downloaded", BP_INV_TRANSITIONS_IN_ORDER, "one is missing", BP_STAGE_DOWNLOADING, .script = {.transitions_plus_1 = 1 + 2}},
	{"confirmed and rolled back", BP_INV_TRANSITIONS_IN_ORDER, "both ends", BP_STAGE_CONFIRMED, .script = {.transitions_plus_1 = 1 + 31}},
	{"a trial without an end", BP_INV_TRANSITIONS_IN_ORDER, "one is missing", BP_STAGE_WRITTEN, .script = {.transitions_plus_1 = 1 + 7}},
	{"rolled back from nothing", BP_INV_TRANSITIONS_IN_ORDER, "one is missing", BP_STAGE_WRITTEN, .script = {.transitions_plus_1 = 1 + 16}},
	{"the setting that was stored", PASS, NULL, BP_STAGE_CONFIRMED, .script = {.interval = 777}, .config = 777},
	{"a setting that was under way", PASS, NULL, BP_STAGE_IDLE, .script = {.interval = 778},
	 .config = 777, .config_next = 778, .no_follow_up = true},
	{"another setting", BP_INV_CONFIG_READABLE, "reads interval 60 (schema 0), expected 777", BP_STAGE_CONFIRMED,
	 .script = {.interval = 60}, .config = 777},
	{"no configuration any more", BP_INV_CONFIG_READABLE, "no configuration", BP_STAGE_WRITTEN, .script = {0}, .config = 777},
	{"as slow as it may be", PASS, NULL, BP_STAGE_CONFIRMED, .script = {0}, .gap_ns = UINT64_C(2000000000)},
	{"nobody answers while it loads", BP_INV_SERVICE_KEPT, "no answer for 2001 ms", BP_STAGE_CONFIRMED, .script = {0},
	 .gap_ns = UINT64_C(2001000000)},
	{"damaged image runs", BP_INV_IMAGE_INTACT, "to runs from slot b", BP_STAGE_CONFIRMED, .script = {.image_damaged = true}},
	{"image that was never released", BP_INV_AUTHENTIC, "old runs", BP_STAGE_IDLE, .script = {.runs = "old"}, .ends = "old", .damaged = true,
	 .floor = 9},
	{"image below the counter", BP_INV_ROLLBACK_INDEX_MONOTONIC, "counter 11, below 12", BP_STAGE_CONFIRMED, .script = {0}, .floor = 12},
	{"counter fell", BP_INV_ROLLBACK_INDEX_MONOTONIC, "is 9, expected at least 11", BP_STAGE_CONFIRMED, .script = {.counter = 9}, .floor = 11},
	{"no answer to status", BP_INV_REASON_REPORTED, "no status", BP_STAGE_CONFIRMED, .script = {.status = BP_ETIMEOUT}},
	{"nonsense for a status", BP_INV_REASON_REPORTED, "no status", BP_STAGE_CONFIRMED, .script = {.status = BP_EPROTO}},
	{"status without a reason", BP_INV_REASON_REPORTED, "no reason", BP_STAGE_CONFIRMED, .script = {.no_reason = true}},
	{"reason that does not fit", BP_INV_REASON_REPORTED, "WATCHDOG (18)", BP_STAGE_CONFIRMED, .script = {.reason_plus_1 = REASON(WATCHDOG)}},
	{"reason of the end too early", BP_INV_REASON_REPORTED, "OK (22)", BP_STAGE_DOWNLOADING, .script = {.reason_plus_1 = REASON(OK)}},
	{"reason out of range", BP_INV_REASON_REPORTED, "? (64)", BP_STAGE_CONFIRMED, .script = {.reason_plus_1 = REASON(64)}},
	{"lost boot state kept quiet", BP_INV_REASON_REPORTED, "console never said", BP_STAGE_IDLE, .script = {.runs = "from"}, .ends = "from",
	 .damaged = true, .expect_lost = true},
	{"another image in the next boot", BP_INV_STABLE, "to ran after recovery, from", BP_STAGE_CONFIRMED,
	 .script = {.other = "from", .other_from = 2}},
	{"another image in the boot after it", BP_INV_STABLE, "to ran after recovery, from", BP_STAGE_CONFIRMED,
	 .script = {.other = "from", .other_from = 3}},
	{"a boot that writes", BP_INV_STABLE, "1 flash operations", BP_STAGE_CONFIRMED, .script = {.writes_from = 2}},

	/* what the host does afterwards */
	{"starts over", BP_INV_RESUMES, "resumes at 0", BP_STAGE_DOWNLOADING, .script = {0}, .resume = true, .acked = 2048},
	{"resumes one byte too early", BP_INV_RESUMES, "2049 bytes were acknowledged", BP_STAGE_DOWNLOADING, .script = {.resume_at = 512},
	 .resume = true, .acked = 2049},
	{"resumed download refused", BP_INV_TARGET_REACHED_ON_RETRY, "refused", BP_STAGE_DOWNLOADING,
	 .script = {.update = FAKE_REFUSES_DATA}, .resume = true},
	{"resumed update never confirmed", BP_INV_TARGET_REACHED_ON_RETRY, "never confirmed", BP_STAGE_DOWNLOADING,
	 .script = {.never_confirms = true}, .resume = true},
	{"follow-up: manifest refused", BP_INV_UPDATABLE, "followup was refused: BAD_IMAGE", BP_STAGE_DOWNLOADING,
	 .script = {.update = FAKE_REFUSES_OFFER}},
	{"follow-up: payload refused", BP_INV_UPDATABLE, "was refused", BP_STAGE_CONFIRMED, .script = {.update = FAKE_REFUSES_DATA}},
	{"follow-up: trial refused", BP_INV_UPDATABLE, "was refused", BP_STAGE_CONFIRMED, .script = {.update = FAKE_REFUSES_TEST}},
	{"follow-up: no answer", BP_INV_UPDATABLE, "failed: fake link: timeout", BP_STAGE_CONFIRMED, .script = {.send = BP_ETIMEOUT}},
	{"follow-up: no reset", BP_INV_UPDATABLE, "did not reset", BP_STAGE_CONFIRMED, .script = {.no_reset = true}},
	{"follow-up: no reset, but much to tell", BP_INV_UPDATABLE, "did not reset", BP_STAGE_CONFIRMED,
	 .script = {.no_reset = true, .chatters = true}},
	{"follow-up: for ever on trial", BP_INV_UPDATABLE, "did not settle", BP_STAGE_CONFIRMED, .script = {.stays_in_trial = true}},
	{"follow-up: never confirmed", BP_INV_UPDATABLE, "never confirmed", BP_STAGE_CONFIRMED, .script = {.never_confirms = true}},
	{"follow-up: confirmed, but another runs", BP_INV_ROLLBACK_INDEX_MONOTONIC, "to runs", BP_STAGE_CONFIRMED, .script = {.keeps_old = true}},
	{"follow-up: confirmed, but damaged", BP_INV_IMAGE_INTACT, "damaged or weak", BP_STAGE_CONFIRMED, .script = {.damages_new = true}},
	{"follow-up: counter not raised", BP_INV_ROLLBACK_INDEX_MONOTONIC, "is 11, expected at least 12", BP_STAGE_CONFIRMED,
	 .script = {.counter = 11}},
	{"follow-up: transition not told", BP_INV_TRANSITIONS_IN_ORDER, "confirm is missing", BP_STAGE_DOWNLOADING,
	 .script = {.transitions_plus_1 = 1}},
	{"follow-up: a page worn", BP_INV_WEAR_BOUNDED, "one page 5 times, 4 allowed", BP_STAGE_CONFIRMED, .script = {.page_erases = 5}},
	{"follow-up: many erases", BP_INV_WEAR_BOUNDED, "took 25 erases, 24 allowed", BP_STAGE_CONFIRMED, .script = {.erases = 25}},
	{"follow-up: as many erases as may be", PASS, NULL, BP_STAGE_CONFIRMED, .script = {.erases = 24, .page_erases = 4}},
	{"follow-up after a resume", BP_INV_UPDATABLE, "followup was refused", BP_STAGE_DOWNLOADING,
	 .script = {.update = FAKE_REFUSES_OFFER, .good_updates = 1}, .resume = true},
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

struct judged {
	struct fake device;
	struct bp_exec exec;
	struct bp_judgement j;
	struct bp_err err;
};

static bool runs_new(const struct row *r)
{
	return r->stage == BP_STAGE_TEST_ACKED || r->stage == BP_STAGE_CONFIRMED;
}

static int judge(const struct row *r, struct judged *o)
{
	static const struct bp_bytes bootloader = {(uint8_t *)"boot", 4};
	const char *target = r->target ? r->target : "to", *ends = r->ends ? r->ends : target;
	struct bp_scenario s = {.name = "made-up", .start = {bp_artifact_index(product, "from"), -1}, .n_steps = 1,
				.step = {{.kind = BP_STEP_UPDATE}}, .after = r->resume ? BP_AFTER_RESUME : BP_AFTER_FOLLOWUP};
	struct bp_judge j = {.exec = &o->exec, .bootloader = &bootloader, .follow_up = !r->no_follow_up,
			     .expect_state_lost = r->expect_lost, .followup = bp_artifact_index(product, "followup"),
			     .resume = bp_artifact_index(product, "to"), .without = without};

	o->err.text[0] = '\0';
	s.start_reasons = 1u << NONE | 1u << INTERRUPTED;
	s.end.running = 1u << bp_artifact_index(product, ends);
	s.end.reasons = 1u << OK | 1u << NO_CONFIRM;
	fake_begin(&o->device, product, runs_new(r) ? target : "from", runs_new(r) ? OK : NONE, &r->script);
	bp_exec_begin(&o->exec, &o->device.board, &s);
	o->exec.owed.stage = (uint8_t)r->stage;
	o->exec.owed.target = (int8_t)bp_artifact_index(product, target);
	o->exec.owed.power_cycles = r->power_cycles;
	o->exec.owed.damaged = r->damaged;
	o->exec.owed.config = r->config;
	o->exec.service_gap_ns = r->gap_ns;
	o->exec.owed.config_next = r->config_next;
	o->exec.owed.acked_off = r->acked;
	if (r->floor)
		o->exec.owed.counter_floor = r->floor;
	return bp_judge_recovery(&j, false, &o->j, &o->err);
}

static const char *invariant_name(int i)
{
	return i < 0 ? "none" : bp_invariants[i].name;
}

static void scripted_devices(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < N_ROWS; i++) {
		const struct row *r = &rows[i];
		struct judged o;
		int rc = judge(r, &o);
		bool ok = rc == 0 && o.j.invariant == r->invariant && o.j.verdict == (r->invariant < 0 ? BP_PASS : BP_FAIL) &&
			  o.j.virtual_ns > 0;

		if (ok && (r->words ? strstr(o.j.text, r->words) != NULL : !o.j.text[0]))
			continue;
		print_error("%s: rc %d %s, %s, invariant %s, \"%s\"; expected %s \"%s\"\n", r->name, rc, o.err.text,
			    bp_verdict_name(o.j.verdict), invariant_name(o.j.invariant), o.j.text, invariant_name(r->invariant),
			    r->words ? r->words : "");
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

/* A row that is left out is not asked, and nothing else is. */
static void left_out(void **state)
{
	static const struct row r = {.stage = BP_STAGE_CONFIRMED, .script = {.unknown_runs = 1}};
	struct judged o;

	(void)state;
	without = 1u << BP_INV_NO_UNKNOWN_CODE;
	assert_int_equal(judge(&r, &o), 0);
	assert_int_equal(o.j.verdict, BP_PASS);
	without = 1u << BP_INV_FLASH_DISCIPLINE;
	assert_int_equal(judge(&r, &o), 0);
	assert_int_equal(o.j.invariant, BP_INV_NO_UNKNOWN_CODE);
	without = 0;
}

/* Small requests must not make many of them. */
static void the_last_byte_over_and_over(void **state)
{
	static const struct row r = {.stage = BP_STAGE_CONFIRMED, .script = {.wants_last_byte = true}};
	struct judged o;

	(void)state;
	assert_int_equal(judge(&r, &o), 0);
	assert_int_equal(o.j.invariant, BP_INV_UPDATABLE);
	assert_non_null(strstr(o.j.text, "the device asks for the same bytes over and over"));
	assert_in_range(o.device.sends, 16, 200);
}

static void an_upload_that_drags_on(void **state)
{
	static const struct row r = {.stage = BP_STAGE_CONFIRMED, .script = {.send_takes_ms = 1900}};
	struct bp_product *patient = product;
	struct bp_product hasty = *product;
	struct judged o;

	(void)state;
	assert_int_equal(judge(&r, &o), 0);
	assert_int_equal(o.j.verdict, BP_PASS);
	hasty.update_budget_ns = 10 * BP_NS_PER_S;
	product = &hasty;
	assert_int_equal(judge(&r, &o), 0);
	product = patient;
	assert_int_equal(o.j.invariant, BP_INV_UPDATABLE);
	assert_non_null(strstr(o.j.text, "the upload takes longer than the update's budget of 10 s"));
}

/* What a pass tells of the device. */
static void judgement_of_a_good_device(void **state)
{
	struct judged o;

	(void)state;
	assert_string_equal(rows[9].name, "confirmed");
	assert_int_equal(judge(&rows[9], &o), 0);
	assert_int_equal(o.j.running, bp_artifact_index(product, "to")); /* after recovery, not after the follow-up */
	assert_int_equal(o.j.reason, OK);
	assert_int_equal(o.device.boots, 1 + BP_FURTHER_BOOTS + 1);
	assert_int_equal(o.device.running, bp_artifact_index(product, "followup"));
	assert_int_equal(o.exec.owed.stage, BP_STAGE_CONFIRMED);
	assert_int_equal(o.exec.owed.good, bp_artifact_index(product, "to"));
}

/* ---- trouble of the rig is never the device's ------------------------------------------ */

static const struct {
	const char *name, *words;
	struct fake_script script;
} rig_rows[] = {
	{"power cannot be switched on", "no relay", {.power_fails = true}},
	{"power cannot be switched off", "check the relay", {.relay_sticks = true}},
	{"no probe", "no probe", {.probe_fails = true}},
	{"probe unplugged", "probe unplugged", {.compare_fails = true}},
	{"the board goes dark by itself", "nobody asked for", {.dies_at = 1}},
	{"it does so in a further boot", "nobody asked for", {.dies_at = 2}},
	{"the link's driver fails", "fake link", {.status = BP_EIO}},
	{"it does so in the follow-up", "fake link", {.send = BP_EIO}},
};

static void rig_trouble(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rig_rows) / sizeof(rig_rows[0]); i++) {
		struct row r = {.name = rig_rows[i].name, .stage = BP_STAGE_CONFIRMED, .script = rig_rows[i].script};
		struct judged o;
		int rc = judge(&r, &o);

		if (rc >= 0 || o.j.verdict == BP_FAIL || !strstr(o.err.text, rig_rows[i].words))
			fail_msg("%s: rc %d, %s, \"%s\"", r.name, rc, bp_verdict_name(o.j.verdict), o.err.text);
	}
}

/* ---- the steps themselves ----------------------------------------------------------------- */

struct steps_row {
	const char *name;
	int invariant;
	const char *words;
	struct bp_update_result update;
	const char *trouble;      /* of an earlier step */
	bool edited;
	enum bp_refused refused;  /* where the edit must be refused */
	uint64_t reasons;         /* allowed with it; 0: any */
	const char *not_refused;  /* of a step that wants its update refused */
	bool other_reason;
};

static const struct steps_row steps_rows[] = {
	{"good update, taken", PASS, NULL, .update = {0}},
	{"good update, lost on the way", BP_INV_UPDATABLE, "no answer", .update = {.code = BP_ETIMEOUT}, .trouble = "no answer"},
	{"good update, manifest refused", BP_INV_UPDATABLE, "BAD_HASH", .update = {.manifest_refused = true, .reason = BAD_HASH}},
	{"good update, payload refused", BP_INV_UPDATABLE, "refused", .update = {.payload_refused = true}},
	{"good update, trial refused", BP_INV_UPDATABLE, "refused", .update = {.test_refused = true}},
	{"bad manifest, refused", PASS, NULL, .update = {.manifest_refused = true, .reason = 2}, .edited = true, .refused = BP_REFUSED_MANIFEST,
	 .reasons = 1u << 2},
	{"bad manifest, taken", BP_INV_REFUSES_BAD_UPDATE, "manifest edited by body-bit", .update = {0}, .edited = true,
	 .refused = BP_REFUSED_MANIFEST},
	{"bad manifest, refused too late", BP_INV_REFUSES_BAD_UPDATE, "manifest edited by body-bit", .update = {.payload_refused = true},
	 .edited = true, .refused = BP_REFUSED_MANIFEST},
	{"bad payload, refused", PASS, NULL, .update = {.payload_refused = true, .reason = BAD_HASH}, .edited = true, .refused = BP_REFUSED_PAYLOAD,
	 .reasons = 1u << BAD_HASH},
	{"bad payload, refused with its manifest", PASS, NULL, .update = {.manifest_refused = true, .reason = BAD_HASH}, .edited = true,
	 .refused = BP_REFUSED_PAYLOAD, .reasons = 1u << BAD_HASH},
	{"bad payload, trial refused", PASS, NULL, .update = {.test_refused = true, .reason = BAD_HASH}, .edited = true,
	 .refused = BP_REFUSED_PAYLOAD},
	{"bad payload, taken", BP_INV_REFUSES_BAD_UPDATE, "payload edited by body-bit", .update = {0}, .edited = true,
	 .refused = BP_REFUSED_PAYLOAD},
	{"bad payload, no answer is no refusal", BP_INV_REFUSES_BAD_UPDATE, "was accepted", .update = {.code = BP_ETIMEOUT}, .edited = true,
	 .refused = BP_REFUSED_PAYLOAD},
	{"refused for another reason", BP_INV_REASON_REPORTED, "WATCHDOG (18)", .update = {.payload_refused = true, .reason = WATCHDOG},
	 .edited = true, .refused = BP_REFUSED_PAYLOAD, .reasons = 1u << BAD_HASH},
	{"refused for a reason out of range", BP_INV_REASON_REPORTED, "(75)", .update = {.payload_refused = true, .reason = 64 + BAD_HASH},
	 .edited = true, .refused = BP_REFUSED_PAYLOAD, .reasons = 1u << BAD_HASH},
	{"refused as the step wants", PASS, NULL, .update = {0}},
	{"taken, though the step wants it refused", BP_INV_REFUSES_BAD_UPDATE, "was not refused", .not_refused = "an update was not refused"},
	{"refused for a reason that the step does not want", BP_INV_REASON_REPORTED, "reason 2", .not_refused = "refused for reason 2",
	 .other_reason = true},
	{"harmless edit, taken", PASS, NULL, .update = {0}, .edited = true, .refused = BP_REFUSED_NOT},
};
#define N_STEPS_ROWS (sizeof(steps_rows) / sizeof(steps_rows[0]))

static void judged_steps(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_STEPS_ROWS; i++) {
		const struct steps_row *r = &steps_rows[i];
		struct bp_edit edit = {.op = bp_operator_find("body-bit"), .refused = r->refused, .expect = {.reasons = r->reasons}};
		struct bp_board board = {.product = product};
		struct bp_exec x = {.board = &board, .update = r->update, .edit = r->edited ? &edit : NULL};
		struct bp_judge j = {.exec = &x};
		struct bp_judgement out;
		bool failed;

		snprintf(x.not_refused, sizeof(x.not_refused), "%s", r->not_refused ? r->not_refused : "");
		x.other_reason = r->other_reason;
		snprintf(x.step_trouble, sizeof(x.step_trouble), "%s", r->trouble ? r->trouble : "");
		failed = bp_judge_steps(&j, &out);
		if (failed != (r->invariant >= 0) || out.invariant != r->invariant || out.verdict != (failed ? BP_FAIL : BP_PASS) ||
		    (r->words && !strstr(out.text, r->words)))
			fail_msg("%s: %s, %s, \"%s\"", r->name, bp_verdict_name(out.verdict), invariant_name(out.invariant), out.text);
	}
}

/* ---- the table ------------------------------------------------------------------------------- */

static void names_are_unique(void **state)
{
	(void)state;
	for (int i = 0; i < BP_INVARIANTS; i++) {
		assert_int_equal(bp_invariant_find(bp_invariants[i].name), i);
		assert_true(strlen(bp_invariants[i].text) > 20);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(bp_invariants[i].text, bp_invariants[k].text);
	}
	assert_int_equal(bp_invariant_find("no-such-invariant"), -1);
	assert_int_equal(bp_invariant_find(""), -1);
}

static void covered_rows_exist(void **state)
{
	char *rows_text;
	size_t len;

	(void)state;
	assert_int_equal(bp_read_file(arena, "scenarios/requirements.yaml", 100000, &rows_text, &len, NULL), 0);
	for (int i = 0; i < BP_INVARIANTS; i++) {
		char ids[64], *save = NULL, *id;

		snprintf(ids, sizeof(ids), "%s", bp_invariants[i].covers);
		id = strtok_r(ids, " ", &save);
		assert_non_null(id);
		for (; id; id = strtok_r(NULL, " ", &save)) {
			char key[80];

			snprintf(key, sizeof(key), "{id: %s,", id);
			if (!strstr(rows_text, key))
				fail_msg("%s covers %s, which is no requirement row", bp_invariants[i].name, id);
		}
	}
}

/* An invariant that no row here can break is one whose check nobody has ever seen work. */
static void every_invariant_is_broken_by_a_row(void **state)
{
	(void)state;
	for (int k = 0; k < BP_INVARIANTS; k++) {
		bool seen = false;

		for (size_t i = 0; i < N_ROWS; i++)
			seen = seen || rows[i].invariant == k;
		for (size_t i = 0; i < N_STEPS_ROWS; i++)
			seen = seen || steps_rows[i].invariant == k;
		if (!seen)
			fail_msg("no row breaks %s", bp_invariants[k].name);
	}
}

static void verdict_names(void **state)
{
	struct bp_err err;
	enum bp_verdict v;

	(void)state;
	for (unsigned i = 0; i < BP_VERDICTS; i++) {
		assert_int_equal(bp_verdict_parse(bp_verdict_name((enum bp_verdict)i), &v, &err), 0);
		assert_int_equal(v, i);
	}
	assert_int_equal(bp_verdict_parse("passed", &v, &err), BP_ECONFIG);
	assert_non_null(strstr(err.text, "'passed'"));
	assert_non_null(strstr(err.text, "not-exercised"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(scripted_devices), cmocka_unit_test(left_out),
		cmocka_unit_test(the_last_byte_over_and_over), cmocka_unit_test(an_upload_that_drags_on),
		cmocka_unit_test(judgement_of_a_good_device), cmocka_unit_test(rig_trouble),
		cmocka_unit_test(judged_steps), cmocka_unit_test(names_are_unique), cmocka_unit_test(covered_rows_exist),
		cmocka_unit_test(every_invariant_is_broken_by_a_row), cmocka_unit_test(verdict_names),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
