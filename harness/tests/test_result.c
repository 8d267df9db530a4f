/* SPDX-License-Identifier: Apache-2.0 */
/* The journal, written and read back, and the folders of runs. */
#include "cmd/cmd_report.h"
#include "result/rundir.h"
#include "synth_run.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ARENA_BYTES ((size_t)1024 * 1024 * 1024)

static struct bp_arena *arena;
static char folder[64];

static int setup(void **state)
{
	(void)state;
	arena = bp_arena_new(ARENA_BYTES);
	snprintf(folder, sizeof(folder), "/tmp/brickproof-result-XXXXXX");
	return arena && mkdtemp(folder) ? 0 : -1;
}

static void remove_all(const char *dir)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -rf -- '%s'", dir);
	assert_int_equal(system(command), 0);
}

static int teardown(void **state)
{
	(void)state;
	bp_arena_free(arena);
	remove_all(folder);
	return 0;
}

static const char *read_whole(const char *path, size_t *len)
{
	struct bp_err err = {0};
	char *text = NULL;
	size_t n = 0;

	if (bp_read_file(arena, path, 256u * 1024 * 1024, &text, &n, &err))
		fail_msg("%s", err.text);
	if (len)
		*len = n;
	return text;
}

#define assert_has(text, what) assert_non_null(strstr(text, what))
#define assert_lacks(text, what) assert_null(strstr(text, what))

static const struct synth clean = {.operations = 300};
static const struct synth dirty = {.operations = 300, .failures = true, .rig = true, .not_exercised = true};

/* ---- verdicts */

static void test_verdict_names(void **state)
{
	struct bp_err err = {0};
	enum bp_verdict v;

	(void)state;
	for (unsigned i = 0; i < BP_VERDICTS; i++) {
		assert_int_equal(bp_verdict_parse(bp_verdict_name((enum bp_verdict)i), &v, &err), 0);
		assert_int_equal(v, i);
	}
	assert_int_equal(bp_verdict_parse("passed", &v, &err), BP_ECONFIG);
	assert_has(err.text, "'passed'");
	assert_has(err.text, "not-exercised");
}

static void test_outcomes(void **state)
{
	static const struct {
		const char *name;
		bool required, control;
		uint32_t pass, fail, not_exercised, rig, skip;
		enum bp_outcome outcome;
	} rows[] = {
		{"all pass", true, false, 3, 0, 0, 0, 0, BP_OUTCOME_PASSED},
		{"a failure outranks rig trouble", true, false, 3, 1, 1, 1, 0, BP_OUTCOME_FAILED},
		{"rig trouble", false, false, 3, 0, 0, 1, 0, BP_OUTCOME_ERROR},
		{"required, not exercised", true, false, 3, 0, 1, 0, 0, BP_OUTCOME_ERROR},
		{"optional, not exercised", false, false, 3, 0, 1, 0, 0, BP_OUTCOME_PASSED},
		{"required, all skipped", true, false, 0, 0, 0, 0, 4, BP_OUTCOME_ERROR},
		{"optional, all skipped", false, false, 0, 0, 0, 0, 4, BP_OUTCOME_PASSED},
		{"control caught", true, true, 3, 1, 0, 0, 0, BP_OUTCOME_PASSED},
		{"control missed", true, true, 3, 0, 0, 0, 0, BP_OUTCOME_ERROR},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct bp_journal_sums s = {.count = {
			[BP_PASS] = rows[i].pass, [BP_FAIL] = rows[i].fail, [BP_NOT_EXERCISED] = rows[i].not_exercised,
			[BP_RIG] = rows[i].rig, [BP_SKIP] = rows[i].skip,
		}};

		if (bp_sums_outcome(rows[i].required, rows[i].control, &s) != rows[i].outcome)
			fail_msg("%s", rows[i].name);
	}
}

/* ---- journal */

static void test_round_trip(void **state)
{
	struct bp_results *r = synth_results(arena, &dirty);
	const struct bp_result_scenario *s = &r->scenarios[0];
	const struct bp_journal_evidence *e;
	const struct bp_journal_case *c = NULL;

	(void)state;
	assert_true(r->complete);
	assert_int_equal(r->cut_line, 0);
	assert_int_equal(r->run.seed, UINT64_MAX);
	assert_string_equal(r->run.product, "reference");
	assert_int_equal(r->n_scenarios, SYNTH_SCENARIOS);
	assert_string_equal(s->head.name, "power-cut-update");
	assert_string_equal(s->head.file, "scenarios/power-cut-update.yaml");
	assert_int_equal(s->head.n_covers, 3);
	assert_string_equal(s->head.covers[2], "STATE-1");
	assert_null(s->head.control);
	assert_int_equal(s->head.n_phases, 5);
	assert_string_equal(s->head.phases[1].phase, "download");
	assert_int_equal(s->head.phases[1].first, 12);
	assert_int_equal(s->n_cases, 1501);
	assert_int_equal(s->n_variants, 6);
	assert_string_equal(s->variants[2].name, "flash torn 10%");
	assert_int_equal(s->cases[0].op, BP_NO_OP);
	assert_int_equal(s->cases[1].op, 0);
	assert_string_equal(s->cases[1].kind, "erase");
	assert_int_equal(s->cases[1].addr, 0xd000);
	assert_string_equal(r->scenarios[SYNTH_SCENARIOS - 1].head.control, "early-ack");
	assert_int_equal(r->end.controls, 1);
	assert_int_equal(r->end.controls_caught, 1);
	assert_int_equal(r->end.exit, 1);
	for (size_t i = 0; i < s->n_cases && !c; i++)
		c = s->cases[i].evidence ? &s->cases[i] : NULL;
	assert_non_null(c);
	assert_int_equal(c->verdict, BP_FAIL);
	e = bp_results_evidence(r, c->evidence);
	assert_non_null(e);
	assert_string_equal(e->token, c->token);
	assert_int_equal(e->n_timeline, 13);
	assert_int_equal(e->timeline[5].at_ns, 1964114000);
	assert_string_equal(e->state_after[0].value, "bad CRC");
	assert_string_equal(e->flash[2].after, "torn");
	/* Bytes that are no UTF-8 come back as the characters of their numbers. */
	assert_has(e->console, "\x1b[31m<script>");
	assert_has(e->console, "\xc3\xbf\xc3\xbe caf\xc3\xa9");
	assert_null(bp_results_evidence(r, 0));
	assert_null(bp_results_evidence(r, 99999));
}

static void test_same_bytes(void **state)
{
	size_t a, b;
	const char *one = synth_text(arena, &dirty, &a), *two = synth_text(arena, &dirty, &b);

	(void)state;
	assert_int_equal(a, b);
	assert_memory_equal(one, two, a);
}

static void test_batches(void **state)
{
	struct bp_journal j;
	struct bp_err err = {0};
	const struct bp_journal_case c = {.token = "t", .scenario = "s", .variant = "v", .phase = "", .op = 7, .kind = "erase"};
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(bp_journal_open(&j, fds[1], &err), 0);
	assert_int_equal(bp_journal_put_case(&j, &c, &err), 0);
	assert_int_equal(j.written, 0);
	assert_int_equal(bp_journal_flush(&j, &err), 0);
	assert_true(j.written > 50);
	close(fds[0]);
	close(fds[1]);
	/* A file that takes nothing more is an error, once the batch is full. */
	j.fd = open("/dev/full", O_WRONLY);
	for (unsigned i = 0; i < 2000 && !err.code; i++)
		(void)!bp_journal_put_case(&j, &c, &err);
	assert_int_equal(err.code, BP_EIO);
	assert_true(j.lines.len >= BP_JOURNAL_BATCH_BYTES);
	assert_int_equal(bp_journal_close(&j, &err), BP_EIO);
	assert_int_equal(bp_journal_close(&j, &err), 0);
}

static void test_long_evidence(void **state)
{
	static char console[600u * 1024];
	static struct bp_journal_moment line[5000];
	struct bp_journal_evidence e = {
		.id = 1, .token = "t", .console = console, .console_len = sizeof(console), .timeline = line, .n_timeline = 5000,
	};
	const struct bp_journal_run run = {"v", "p", "f", "t", "all", NULL, 1, 0};
	struct bp_results *r = NULL;
	struct bp_err err = {0};
	struct bp_journal j;
	char path[128];
	size_t len;
	const char *text;
	int fd;

	(void)state;
	/* Two-byte characters throughout: the cut must not split one. */
	for (size_t i = 0; i < sizeof(console); i++)
		console[i] = "\xc3\xa9"[i % 2];
	for (size_t i = 0; i < 5000; i++)
		line[i] = (struct bp_journal_moment){i, i == 4999 ? "last" : "x"};
	snprintf(path, sizeof(path), "%s/long", folder);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_int_equal(bp_journal_open(&j, fd, &err), 0);
	assert_int_equal(bp_journal_put_run(&j, &run, &err), 0);
	assert_int_equal(bp_journal_put_evidence(&j, &e, &err), 0);
	assert_int_equal(bp_journal_close(&j, &err), 0);
	close(fd);
	text = read_whole(path, &len);
	assert_true(len < 512u * 1024);
	assert_lacks(text, "\\u00c3");
	assert_int_equal(bp_results_parse(arena, "long", text, len, &r, &err), 0);
	assert_int_equal(r->evidence[0].n_timeline, BP_JOURNAL_TIMELINE_MAX + 1);
	assert_string_equal(r->evidence[0].timeline[BP_JOURNAL_TIMELINE_MAX].what, "last");
	assert_has(r->evidence[0].timeline[BP_JOURNAL_TIMELINE_MAX / 2].what, "3000 entries cut out");
	assert_has(r->evidence[0].console, "352256 bytes cut out");
}

#define RUN SYNTH_RUN
#define SCENARIO SYNTH_SCENARIO
#define CASE(rest) "{\"t\":\"case\",\"token\":\"k\",\"scenario\":\"s\",\"variant\":\"v\",\"run\":1,\"merged\":false" rest "}\n"
#define PASS CASE(",\"verdict\":\"pass\"")
#define END(pass) "{\"t\":\"scenario-end\",\"name\":\"s\",\"pass\":" pass ",\"fail\":0,\"not_exercised\":0,\"rig\":0,\"skip\":0," \
		  "\"cases\":1,\"runs\":1,\"merged\":0,\"virtual_ns\":5}\n"
#define RUN_END(controls) "{\"t\":\"run-end\",\"pass\":1,\"fail\":0,\"not_exercised\":0,\"rig\":0,\"skip\":0,\"cases\":1,\"runs\":1," \
			  "\"merged\":0,\"virtual_ns\":5,\"controls\":" controls ",\"controls_caught\":0,\"exit\":0}\n"

static void test_wrong_journals(void **state)
{
	static const struct {
		const char *name, *text, *says[3];
	} rows[] = {
		{"empty", "", {"j: ", "no 'run' line"}},
		{"garbage", RUN "hello\n" SCENARIO, {"j:2: error", "no JSON"}},
		{"an array", RUN "[1]\n", {"j:2: error", "expected an object"}},
		{"no type", RUN "{}\n", {"j:2: error", "missing 't'"}},
		{"other first line", SCENARIO, {"j:1: error", "'scenario'", "'run'"}},
		{"other format", "{\"t\":\"run\",\"format\":2}\n", {"j:1: error", "format 1"}},
		{"seed is no number", "{\"t\":\"run\",\"format\":1,\"program\":\"v\",\"product\":\"p\",\"firmware\":\"f\",\"seed\":\"x\","
				      "\"scenarios\":1}\n", {"j:1: error", "'seed'"}},
		{"second run", RUN RUN, {"j:2: error", "second 'run'"}},
		{"second scenario of a name", RUN SCENARIO PASS END("1") SCENARIO, {"j:5: error", "second scenario 's'"}},
		{"case outside", RUN PASS, {"j:2: error", "outside"}},
		{"unknown verdict", RUN SCENARIO CASE(",\"verdict\":\"good\""), {"j:3: error", "'good'"}},
		{"negative number", RUN SCENARIO CASE(",\"verdict\":\"pass\",\"op\":-1"), {"j:3: error", "'op'"}},
		{"number too large", RUN SCENARIO CASE(",\"verdict\":\"pass\",\"op\":4294967296"), {"j:3: error", "'op'"}},
		{"real number", RUN SCENARIO CASE(",\"verdict\":\"pass\",\"op\":1.5"), {"j:3: error", "'op'"}},
		{"text for a list", RUN "{\"t\":\"scenario\",\"name\":\"s\",\"required\":true,\"cases\":1,\"operations\":9,\"covers\":\"x\"}\n",
		 {"j:2: error", "'covers'", "list"}},
		{"number for a text", RUN "{\"t\":\"scenario\",\"name\":7}\n", {"j:2: error", "'name'"}},
		{"key twice", RUN "{\"t\":\"scenario\",\"t\":\"case\"}\n", {"j:2: error", "duplicate"}},
		{"end of another", RUN "{\"t\":\"scenario-end\",\"name\":\"x\",\"pass\":0,\"fail\":0,\"not_exercised\":0,\"rig\":0,\"skip\":0,"
				       "\"cases\":0,\"runs\":0,\"merged\":0,\"virtual_ns\":0}\n", {"j:2: error", "'x'"}},
		{"sums that differ", RUN SCENARIO PASS END("2"), {"j:4: error", "2 pass", "say 1"}},
		{"search outside",
		 RUN "{\"t\":\"search\",\"scenario\":\"s\",\"end\":\"closed\",\"open\":0,\"levels\":[]}\n",
		 {"j:2: error", "outside"}},
		{"level without states",
		 RUN SCENARIO "{\"t\":\"search\",\"scenario\":\"s\",\"end\":\"closed\",\"open\":0,\"levels\":[{\"depth\":1}]}\n",
		 {"j:3: error", "'cases'"}},
		{"run ends inside", RUN SCENARIO PASS RUN_END("0"), {"j:4: error", "before scenario 's'"}},
		{"controls that differ", RUN SCENARIO PASS END("1") RUN_END("1"), {"j:5: error", "controls"}},
		{"after the end", RUN SCENARIO PASS END("1") RUN_END("0") SCENARIO, {"j:6: error", "after run-end"}},
		{"evidence twice", RUN "{\"t\":\"evidence\",\"id\":1,\"token\":\"k\",\"console\":\"\"}\n"
				       "{\"t\":\"evidence\",\"id\":1,\"token\":\"k\",\"console\":\"\"}\n", {"j:", "evidence 1", "twice"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bp_results *r = NULL;
		struct bp_err err = {0};

		if (bp_results_parse(arena, "j", rows[i].text, strlen(rows[i].text), &r, &err) != BP_ECONFIG)
			fail_msg("%s: not refused", rows[i].name);
		for (size_t k = 0; k < 3 && rows[i].says[k]; k++) {
			if (!strstr(err.text, rows[i].says[k]))
				fail_msg("%s: '%s' does not say '%s'", rows[i].name, err.text, rows[i].says[k]);
		}
	}
}

static void test_unknown_is_ignored(void **state)
{
	static const char text[] = RUN "{\"t\":\"weather\",\"rain\":1}\n" SCENARIO
		CASE(",\"verdict\":\"pass\",\"new\":[1,2]") END("1") RUN_END("0");
	struct bp_results *r = NULL;
	struct bp_err err = {0};

	(void)state;
	if (bp_results_parse(arena, "j", text, strlen(text), &r, &err))
		fail_msg("%s", err.text);
	assert_true(r->complete);
	assert_int_equal(r->end.sums.count[BP_PASS], 1);
}

/* A run may be killed between any two bytes. */
static void test_cut_anywhere(void **state)
{
	static const char text[] = RUN SCENARIO PASS END("1") RUN_END("0");
	size_t first = strlen(RUN);

	(void)state;
	for (size_t len = first; len <= strlen(text); len++) {
		struct bp_results *r = NULL;
		struct bp_err err = {0};
		unsigned long lines = 1;

		if (bp_results_parse(arena, "j", text, len, &r, &err))
			fail_msg("cut at %zu: %s", len, err.text);
		for (size_t i = 0; i < len; i++)
			lines += text[i] == '\n';
		/* Whole but for its newline, a line counts. */
		if (text[len - 1] == '\n' || text[len] == '\n')
			assert_int_equal(r->cut_line, 0);
		else
			assert_int_equal(r->cut_line, lines);
		assert_int_equal(r->complete, len + 1 >= strlen(text));
	}
}

static void test_long_line(void **state)
{
	struct bp_results *r = NULL;
	struct bp_err err = {0};
	size_t len = BP_JOURNAL_LINE_BYTES + strlen(RUN) + 2;
	char *text = bp_arena_alloc(arena, len + 1), path[128];

	(void)state;
	memset(text, ' ', len);
	memcpy(text, RUN, strlen(RUN));
	assert_int_equal(bp_results_parse(arena, "j", text, len, &r, &err), BP_ECONFIG);
	assert_has(err.text, "j:2: error");
	snprintf(path, sizeof(path), "%s/journal.jsonl", folder);
	assert_int_equal(bp_write_file(path, text, len, &err), 0);
	assert_int_equal(bp_results_read(arena, folder, &r, &err), BP_ECONFIG);
	assert_has(err.text, "journal.jsonl:2: error");
	unlink(path);
	assert_int_equal(bp_results_read(arena, folder, &r, &err), BP_ENOENT);
	assert_has(err.text, "journal.jsonl");
}

/* ---- folders */

static void write_run(struct bp_rundir *d, const char *reports)
{
	struct bp_err err = {0};

	if (bp_rundir_create(d, reports, 1767225600, &err) || synth_write(&d->journal, &clean, &err) ||
	    synth_write_timing(&d->timing, &err) || bp_rundir_close(d, &err))
		fail_msg("%s", err.text);
}

static void test_rundir(void **state)
{
	char reports[128], latest[160], target[128], path[256];
	struct bp_rundir one, two;
	struct bp_results *r = NULL;
	struct bp_err err = {0};
	struct stat st;
	ssize_t n;

	(void)state;
	snprintf(reports, sizeof(reports), "%s/a/b/reports", folder);
	snprintf(latest, sizeof(latest), "%s/latest", reports);
	write_run(&one, reports);
	assert_int_equal(strncmp(one.name, "run-20260101-000000-", 20), 0);
	assert_int_equal(lstat(latest, &st), -1);
	if (bp_rundir_build(arena, one.path, &r, &err) || bp_rundir_publish(&one, &err))
		fail_msg("%s", err.text);
	assert_true(r->timed);
	assert_true(r->scenarios[3].timed);
	assert_string_equal(r->timing.host, "bench-host");
	n = readlink(latest, target, sizeof(target) - 1);
	assert_true(n > 0);
	target[n] = '\0';
	assert_string_equal(target, one.name);
	snprintf(path, sizeof(path), "%s/index.html", latest);
	assert_int_equal(stat(path, &st), 0);
	snprintf(path, sizeof(path), "%s/junit.xml", latest);
	assert_int_equal(stat(path, &st), 0);

	/* A second run of the same second has a folder of its own, and takes over. */
	write_run(&two, reports);
	assert_string_not_equal(one.name, two.name);
	assert_int_equal(bp_rundir_publish(&two, &err), 0);
	n = readlink(latest, target, sizeof(target) - 1);
	target[n] = '\0';
	assert_string_equal(target, two.name);
	assert_int_equal(stat(one.path, &st), 0);
	assert_int_equal(bp_rundir_close(&two, &err), 0);
}

static void test_rundir_errors(void **state)
{
	char path[160], latest[192];
	struct bp_rundir d;
	struct bp_err err = {0};

	(void)state;
	snprintf(path, sizeof(path), "%s/file", folder);
	assert_int_equal(bp_write_file(path, "x", 1, &err), 0);
	assert_int_equal(bp_rundir_create(&d, path, 0, &err), BP_EIO);
	assert_has(err.text, path);
	assert_int_equal(bp_rundir_close(&d, &err), 0);
	assert_int_equal(bp_rundir_create(&d, "", 0, &err), BP_ECONFIG);
	snprintf(path, sizeof(path), "%s/in-the-way", folder);
	write_run(&d, path);
	snprintf(latest, sizeof(latest), "%s/latest", path);
	assert_int_equal(mkdir(latest, 0700), 0);
	assert_int_equal(bp_rundir_publish(&d, &err), BP_EIO);
	assert_has(err.text, "no symbolic link");
}

/* stdout and stderr of f go nowhere: the suite's own output stays readable. */
static int quietly(int (*f)(int, char **), int argc, char **argv)
{
	int null = open("/dev/null", O_WRONLY), out, errors, status;

	fflush(stdout);
	out = dup(STDOUT_FILENO);
	errors = dup(STDERR_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	status = f(argc, argv);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
	close(out);
	close(errors);
	close(null);
	return status;
}

static void test_report_command(void **state)
{
	char report[] = "report", help[] = "--help", bad[] = "--bad", color[] = "--color=pink", missing[] = "/nonexistent";
	char reports[128], page[PATH_MAX + 16];
	struct stat st;
	struct bp_rundir d;

	(void)state;
	snprintf(reports, sizeof(reports), "%s/reports", folder);
	write_run(&d, reports);
	assert_int_equal(quietly(bp_cmd_report, 2, (char *[]){report, help, NULL}), 0);
	assert_int_equal(quietly(bp_cmd_report, 2, (char *[]){report, bad, NULL}), 2);
	assert_int_equal(quietly(bp_cmd_report, 2, (char *[]){report, color, NULL}), 2);
	assert_int_equal(quietly(bp_cmd_report, 3, (char *[]){report, d.path, d.path, NULL}), 2);
	assert_int_equal(quietly(bp_cmd_report, 2, (char *[]){report, missing, NULL}), 2);
	assert_int_equal(quietly(bp_cmd_report, 2, (char *[]){report, d.path, NULL}), 0);
	snprintf(page, sizeof(page), "%s/index.html", d.path);
	assert_int_equal(stat(page, &st), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_verdict_names),
		TEST(test_outcomes),
		TEST(test_round_trip),
		TEST(test_same_bytes),
		TEST(test_batches),
		TEST(test_long_evidence),
		TEST(test_wrong_journals),
		TEST(test_unknown_is_ignored),
		TEST(test_cut_anywhere),
		TEST(test_long_line),
		TEST(test_rundir),
		TEST(test_rundir_errors),
		TEST(test_report_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
