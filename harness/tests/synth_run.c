/* SPDX-License-Identifier: Apache-2.0 */
#include "synth_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define TOKEN_BYTES 128
#define PAGE_WRITES 256u /* program operations between two erases */

static const char *const names[SYNTH_SCENARIOS] = {
	"power-cut-update", "power-cut-nested", "power-cut-rollback", "reset-during-update", "link-corruption", "image-edits",
	"manifest-edits", "reboot-loop", "lost-confirm", "downgrade-refused", "control-early-ack",
};

static const char *const scenario_titles[SYNTH_SCENARIOS] = {
	"Power is cut at every flash operation of an update", "Power is cut again while the device recovers",
	"Power is cut while a failed trial is rolled back", "Watchdog and pin resets at every operation of the boot state",
	"Bytes of the link are flipped, lost, doubled and reordered", "Bits of a signed image are flipped",
	"Every field of the manifest is wrong once", "The new image crashes, hangs, or never confirms",
	"The host disappears before the update is confirmed", "An older release is offered to a newer device",
	"Positive control: a device that acknowledges before it has written",
};

struct writer {
	struct bp_journal *j;
	const struct synth *o;
	struct bp_err *err;
	const char *scenario;
	struct bp_journal_sums sums, all;
	uint32_t runs, evidence, seed;
	int rc;
};

/* xorshift32 (Marsaglia 2003): spread, not quality, is what is needed here. */
static uint32_t roll(struct writer *w)
{
	w->seed ^= w->seed << 13;
	w->seed ^= w->seed >> 17;
	w->seed ^= w->seed << 5;
	return w->seed;
}

static void put_case(struct writer *w, struct bp_journal_case *c)
{
	if (w->rc)
		return;
	c->scenario = w->scenario;
	if (!c->merged)
		w->runs++;
	c->run = w->runs;
	c->running = c->verdict == BP_PASS ? "from" : NULL;
	c->reason = c->verdict == BP_PASS ? "INTERRUPTED" : NULL;
	w->sums.cases++;
	w->sums.count[c->verdict]++;
	w->sums.merged += c->merged;
	w->sums.runs += !c->merged;
	w->rc = bp_journal_put_case(w->j, c, w->err);
}

static void put_evidence(struct writer *w, const char *token, uint32_t op)
{
	static const struct bp_journal_moment line[] = {
		{0, "host: manifest sent (312 B)"}, {41250000, "agent: manifest ok"}, {52000000, "host: upload off=0 len=33124"},
		{1962114000, "flash: program 0x00016400, 4 B (torn 50%)"}, {1962114000, "fault: power cut"},
		{1964114000, "rail: 0 mV"}, {2964114000, "power on"}, {2969200000, "console: boot: cause power-on"},
		{2990431000, "console: boot: STATE_LOST"}, {3120552000, "console: boot: run a confirmed"},
		{3188000000, "console: app: up 1.0.0 slot a"}, {5188000000, "settled"},
		{5201000000, "invariant acknowledged-is-kept: broken"},
	};
	static const char console[] =
		"boot: cause power-on\nboot: run a confirmed\napp: up 1.0.0 slot a\nagent: manifest ok\nagent: downloaded\n"
		"agent: written\nagent: trial requested\n--- power cut ---\nboot: cause power-on\nboot: STATE_LOST\n"
		"boot: run a confirmed\napp: up 1.0.0 slot a\n" SYNTH_HOSTILE "\napp: healthy\n";
	static const struct bp_journal_field before[] = {
		{"copy a", "valid"}, {"copy b", "valid"}, {"seq", "41"}, {"active", "a"}, {"pending", "b"}, {"attempts", "3"},
		{"state", "pending"}, {"last reason", "NONE"}, {"counter", "10"}, {"target", "1.1.0"},
	};
	static const struct bp_journal_field after[] = {
		{"copy a", "bad CRC"}, {"copy b", "valid"}, {"seq", "42"}, {"active", "a"}, {"pending", "none"}, {"attempts", "0"},
		{"state", "idle"}, {"last reason", "STATE_LOST"}, {"counter", "10"}, {"target", "1.1.0"},
	};
	static const struct bp_journal_area flash[] = {
		{"slot-a", "from", "from"}, {"slot-b", "to", "to"}, {"state-a", "seq 41", "torn"}, {"state-b", "seq 41", "seq 42"},
		{"counter-a", "10", "10"}, {"progress", "129 records", "129 records"},
	};
	struct bp_journal_evidence e = {
		.id = ++w->evidence, .token = token, .timeline = line, .n_timeline = sizeof(line) / sizeof(line[0]),
		.console = console, .console_len = sizeof(console) - 1 - op % 3, .state_before = before, .state_after = after,
		.n_before = 10, .n_after = 10, .flash = flash, .n_flash = 6,
	};

	if (!w->rc)
		w->rc = bp_journal_put_evidence(w->j, &e, w->err);
}

static void judge(struct writer *w, struct bp_journal_case *c, uint32_t operations, unsigned variant)
{
	uint32_t tail = operations - operations / 40;

	c->verdict = BP_PASS;
	if (w->o->failures && variant > 0 && variant < 4 && c->op >= tail && c->op < tail + 24 && c->op % 2) {
		c->verdict = BP_FAIL;
		c->invariant = c->op % 6 == 1 ? "boots-a-released-image" : "acknowledged-is-kept";
		c->text = c->op % 6 == 1 ? "no slot verifies: the device halts with NO_IMAGE"
					 : "the device reported 'trial requested', then forgot it";
	} else if (w->o->not_exercised && variant == 2 && c->op > operations / 3 && c->op < operations / 3 + 60) {
		c->verdict = BP_NOT_EXERCISED;
		c->invariant = "fault-fired";
		c->text = "the operation was over before the cut";
	} else if (w->o->rig && variant == 4 && c->op == operations / 2) {
		c->verdict = BP_RIG;
		c->invariant = "worker";
		c->text = "the worker's canary was damaged twice";
	}
}

static void sweep(struct writer *w, uint32_t operations, bool control)
{
	static const char *const variants[] = {
		"flash before", "flash torn 10%", "flash torn 50%", "flash torn 90%", "flash after",
	};
	static const char *const cuts[] = {"before", "torn=10%.1", "torn=50%.1", "torn=90%.1", "after"};
	static const char *const phases[] = {"manifest", "download", "boot state", "trial", "confirm"};

	for (uint32_t op = 0; op < operations && !w->rc; op++) {
		uint32_t left = operations - op;
		unsigned phase = op < 12 ? 0 : left > 62 ? 1 : left > 40 ? 2 : left > 12 ? 3 : 4;

		for (unsigned v = 0; v < 5 && !w->rc; v++) {
			char token[TOKEN_BYTES];
			struct bp_journal_case c = {
				.token = token, .variant = variants[v], .phase = phases[phase], .op = op,
				.kind = op % (PAGE_WRITES + 1) ? "program" : "erase",
				.addr = 0xd000u + op / (PAGE_WRITES + 1) * 1024 + (op % (PAGE_WRITES + 1) ? op % (PAGE_WRITES + 1) - 1 : 0) * 4,
			};

			snprintf(token, sizeof(token), "bp1:reference:%s:9f21c0de:flash:%u/%s:-:1", w->scenario, op, cuts[v]);
			judge(w, &c, operations, v);
			if (control)
				c.verdict = w->o->control_missed || op % 7 != 3 || v != 4 ? BP_PASS : BP_FAIL;
			if (control && c.verdict == BP_FAIL) {
				c.invariant = "acknowledged-is-kept";
				c.text = "the mutant was seen";
			}
			c.merged = c.verdict == BP_PASS && ((v == 0 && op) || (v % 2 && roll(w) % 100 < 22));
			if (c.verdict == BP_FAIL && !control)
				c.evidence = w->evidence + 1;
			put_case(w, &c);
			if (c.evidence)
				put_evidence(w, token, op);
		}
	}
}

static void plain_cases(struct writer *w, const char *variant, const char *cut, uint32_t n)
{
	for (uint32_t i = 0; i < n && !w->rc; i++) {
		char token[TOKEN_BYTES];
		struct bp_journal_case c = {.token = token, .variant = variant, .phase = "", .op = BP_NO_OP};

		snprintf(token, sizeof(token), "bp1:reference:%s:9f21c0de:%s%u:-:1", w->scenario, cut, i * 16);
		if (w->o->not_exercised && strcmp(variant, "link reorder") == 0 && i == n / 2) {
			c.verdict = BP_NOT_EXERCISED;
			c.invariant = "fault-fired";
			c.text = "the link had gone quiet before frame 40";
		}
		c.merged = c.verdict == BP_PASS && i % 5 == 4;
		put_case(w, &c);
	}
}

static void cases_of(struct writer *w, unsigned index, uint32_t operations)
{
	plain_cases(w, "no fault", "time:", 1);
	if (operations)
		sweep(w, operations, index == SYNTH_SCENARIOS - 1);
	if (index == 4) {
		plain_cases(w, "link byte", "link:", 900);
		plain_cases(w, "link frame lost", "link:frame=", 130);
		plain_cases(w, "link reorder", "link:swap=", 130);
	} else if (index == 5 || index == 6) {
		plain_cases(w, "edit body-bit", "edit:bit", 300);
		plain_cases(w, "edit field", "edit:field", 40);
	} else if (index >= 7 && index < 10) {
		plain_cases(w, "loop crash", "line:", 6);
		plain_cases(w, "loop hang", "line:hang", 4);
	}
	if (index == 9) {
		plain_cases(w, "flash before brown-out 20 ms", "flash:brown", 3);
		plain_cases(w, "flash before reset-pin", "flash:pin", 3);
		plain_cases(w, "flash before page-worn", "flash:worn", 3);
		plain_cases(w, "line:boot%3a#1", "line:boot", 1);
	}
}

static void scenario_head(struct writer *w, unsigned index, uint32_t operations)
{
	static const char *const covers[][3] = {
		{"PWR-1", "PWR-2", "STATE-1"}, {"PWR-3", "PWR-1", "STATE-2"}, {"PWR-4", "BOOT-3", "STATE-1"}, {"RST-1", "RST-2", "STATE-2"},
		{"LINK-1", "LINK-2", "LINK-3"}, {"IMG-1", "IMG-2", "SIG-1"}, {"MAN-1", "MAN-2", "SIG-2"}, {"BOOT-1", "BOOT-2", "RST-3"},
		{"HOST-1", "HOST-2", "PWR-5"}, {"VER-1", "VER-2", "SIG-1"}, {"RIG-1", "RIG-2", "RIG-3"},
	};
	const struct bp_journal_phase phases[] = {
		{"manifest", 0, 12}, {"download", 12, operations - 74}, {"boot state", operations - 62, 22},
		{"trial", operations - 40, 28}, {"confirm", operations - 12, 12},
	};
	char file[64];
	struct bp_journal_scenario s = {
		.name = names[index], .title = scenario_titles[index], .file = file, .product = "reference", .hash8 = "9f21c0de",
		.covers = covers[index], .n_covers = 3, .required = index != 8, .cases = operations * 5 + 1, .operations = operations,
		.control = index == SYNTH_SCENARIOS - 1 ? "early-ack" : NULL, .phases = phases, .n_phases = operations ? 5 : 0,
	};

	snprintf(file, sizeof(file), "scenarios/%s.yaml", names[index]);
	w->scenario = names[index];
	w->sums = (struct bp_journal_sums){.virtual_ns = 6200000000u + index * 310000000u};
	if (!w->rc)
		w->rc = bp_journal_put_scenario(w->j, &s, w->err);
}

static void add_up(struct writer *w)
{
	for (unsigned v = 0; v < BP_VERDICTS; v++)
		w->all.count[v] += w->sums.count[v];
	w->all.cases += w->sums.cases;
	w->all.runs += w->sums.runs;
	w->all.merged += w->sums.merged;
	w->all.virtual_ns += w->sums.virtual_ns;
}

int synth_write(struct bp_journal *j, const struct synth *o, struct bp_err *err)
{
	const struct bp_journal_run run = {
		.program = "0.1.0", .product = "reference", .firmware = "reference", .title = "Reference A/B firmware on nRF-like flash",
		.budget = "all", .seed = UINT64_MAX, .scenarios = SYNTH_SCENARIOS,
	};
	struct writer w = {.j = j, .o = o, .err = err, .seed = 2463534242u};

	w.rc = bp_journal_put_run(j, &run, err);
	for (unsigned i = 0; i < SYNTH_SCENARIOS && !w.rc; i++) {
		uint32_t operations = i == 0 ? o->operations : i < 4 || i == SYNTH_SCENARIOS - 1 ? 200 : 0;

		scenario_head(&w, i, operations);
		cases_of(&w, i, operations);
		if (o->cut && i == SYNTH_SCENARIOS - 2)
			return w.rc;
		if (!w.rc)
			w.rc = bp_journal_put_scenario_end(j, names[i], &w.sums, err);
		if (i < SYNTH_SCENARIOS - 1)
			add_up(&w);
	}
	if (!w.rc) {
		struct bp_journal_end end = {
			.sums = w.all, .controls = 1, .controls_caught = !o->control_missed,
			.exit = o->failures ? 1 : o->rig || o->not_exercised || o->control_missed ? 99 : 0,
		};

		w.rc = bp_journal_put_run_end(j, &end, err);
	}
	return w.rc;
}

int synth_write_timing(struct bp_journal *j, struct bp_err *err)
{
	const struct bp_timing_run run = {
		.wall_ns = 21400000000u, .jobs = 2, .started = "2026-01-05T09:30:00Z", .host = "bench-host",
	};
	int rc = 0;

	for (unsigned i = 0; i < SYNTH_SCENARIOS && !rc; i++) {
		const struct bp_timing_scenario t = {
			.name = names[i], .wall_ns = 1900000000u + i * 12345678u, .plan_ns = 42000000, .runs = 100, .jobs = 2,
		};

		rc = bp_journal_put_timing_scenario(j, &t, err);
	}
	return rc ? rc : bp_journal_put_timing_run(j, &run, err);
}

const char *synth_text(struct bp_arena *a, const struct synth *o, size_t *len)
{
	struct bp_err err = {0};
	struct bp_journal j;
	size_t at = 0;
	ssize_t n;
	char *text;
	off_t size;
	int fd = memfd_create("journal", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(bp_journal_open(&j, fd, &err), 0);
	if (synth_write(&j, o, &err) || bp_journal_close(&j, &err))
		fail_msg("%s", err.text);
	size = lseek(fd, 0, SEEK_END);
	assert_true(size > 0);
	text = bp_arena_alloc(a, (size_t)size + 1);
	assert_non_null(text);
	while ((n = pread(fd, text + at, (size_t)size - at, (off_t)at)) > 0)
		at += (size_t)n;
	assert_int_equal(at, size);
	close(fd);
	*len = at;
	return text;
}

struct bp_results *synth_results(struct bp_arena *a, const struct synth *o)
{
	struct bp_results *r = NULL;
	struct bp_err err = {0};
	size_t len;
	const char *text = synth_text(a, o, &len);

	if (bp_results_parse(a, "synth", text, len, &r, &err))
		fail_msg("%s", err.text);
	return r;
}

unsigned synth_occurs(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}
