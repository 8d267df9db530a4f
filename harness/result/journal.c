/* SPDX-License-Identifier: Apache-2.0 */
#include "result/journal.h"

#include "base/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A batch, one line of the greatest length on top, and the smaller buffers it grew through. */
#define ARENA_BYTES ((size_t)32 * 1024 * 1024)
#define CUT_NOTE_BYTES 80u

int bp_journal_open(struct bp_journal *j, int fd, struct bp_err *err)
{
	*j = (struct bp_journal){.fd = fd};
	j->arena = bp_arena_new(ARENA_BYTES);
	if (!j->arena)
		return bp_fail(err, BP_ENOMEM, "journal: no memory for the buffer");
	bp_text_init(&j->lines, j->arena);
	return 0;
}

int bp_journal_flush(struct bp_journal *j, struct bp_err *err)
{
	size_t at = 0;

	while (at < j->lines.len) {
		ssize_t n = write(j->fd, j->lines.bytes + at, j->lines.len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return bp_fail(err, BP_EIO, "journal: cannot write: %s",
				       n < 0 ? strerror(errno) : "the file takes no bytes");
		at += (size_t)n;
		j->written += (uint64_t)n;
	}
	bp_text_clear(&j->lines);
	return 0;
}

int bp_journal_close(struct bp_journal *j, struct bp_err *err)
{
	int rc = 0;

	if (!j->arena)
		return 0;
	rc = bp_journal_flush(j, err);
	bp_arena_free(j->arena);
	*j = (struct bp_journal){.fd = -1};
	return rc;
}

static void line_begin(struct bp_journal *j, struct bp_json *w, const char *type)
{
	bp_json_init(w, &j->lines);
	bp_json_object(w);
	bp_json_kv_text(w, "t", type);
}

/* from: where the line began in the buffer. A line that cannot be kept is taken back. */
static int line_end(struct bp_journal *j, struct bp_json *w, size_t from, struct bp_err *err)
{
	bp_json_object_end(w);
	bp_text_puts(&j->lines, "\n");
	if (j->lines.failed)
		return bp_fail(err, BP_ENOMEM, "journal: the line buffer is full");
	if (j->lines.len - from > BP_JOURNAL_LINE_BYTES) {
		size_t len = j->lines.len - from;

		j->lines.len = from;
		j->lines.bytes[from] = '\0';
		return bp_fail(err, BP_EINTERNAL, "journal: a line of %zu bytes; at most %zu can be read back", len,
			       BP_JOURNAL_LINE_BYTES);
	}
	return j->lines.len >= BP_JOURNAL_BATCH_BYTES ? bp_journal_flush(j, err) : 0;
}

int bp_journal_put_run(struct bp_journal *j, const struct bp_journal_run *r, struct bp_err *err)
{
	size_t from = j->lines.len;
	struct bp_json w;
	char seed[24];

	snprintf(seed, sizeof(seed), "%llu", (unsigned long long)r->seed);
	line_begin(j, &w, "run");
	bp_json_kv_u64(&w, "format", BP_JOURNAL_FORMAT);
	bp_json_kv_text(&w, "program", r->program);
	bp_json_kv_text(&w, "product", r->product);
	bp_json_kv_text(&w, "firmware", r->firmware);
	if (r->replay && *r->replay)
		bp_json_kv_text(&w, "replay", r->replay);
	bp_json_kv_text(&w, "title", r->title);
	bp_json_kv_text(&w, "seed", seed);
	bp_json_kv_text(&w, "budget", r->budget);
	bp_json_kv_u64(&w, "scenarios", r->scenarios);
	return line_end(j, &w, from, err);
}

int bp_journal_put_scenario(struct bp_journal *j, const struct bp_journal_scenario *s, struct bp_err *err)
{
	size_t from = j->lines.len;
	struct bp_json w;

	line_begin(j, &w, "scenario");
	bp_json_kv_text(&w, "name", s->name);
	bp_json_kv_text(&w, "title", s->title);
	bp_json_key(&w, "covers");
	bp_json_array(&w);
	for (size_t i = 0; i < s->n_covers; i++)
		bp_json_text(&w, s->covers[i]);
	bp_json_array_end(&w);
	bp_json_kv_text(&w, "file", s->file);
	bp_json_kv_text(&w, "product", s->product);
	bp_json_kv_text(&w, "hash8", s->hash8);
	bp_json_kv_bool(&w, "required", s->required);
	if (s->control)
		bp_json_kv_text(&w, "control", s->control);
	if (s->retries)
		bp_json_kv_text(&w, "retries", s->retries);
	bp_json_kv_u64(&w, "cases", s->cases);
	bp_json_kv_u64(&w, "operations", s->operations);
	bp_json_key(&w, "events");
	bp_json_array(&w);
	for (size_t i = 0; i < s->n_phases; i++) {
		bp_json_object(&w);
		bp_json_kv_text(&w, "phase", s->phases[i].phase);
		bp_json_kv_u64(&w, "first", s->phases[i].first);
		bp_json_kv_u64(&w, "count", s->phases[i].count);
		bp_json_object_end(&w);
	}
	bp_json_array_end(&w);
	return line_end(j, &w, from, err);
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

int bp_journal_put_case(struct bp_journal *j, const struct bp_journal_case *c, struct bp_err *err)
{
	size_t from = j->lines.len;
	struct bp_json w;

	line_begin(j, &w, "case");
	bp_json_kv_text(&w, "token", c->token);
	bp_json_kv_text(&w, "scenario", c->scenario);
	bp_json_kv_text(&w, "variant", c->variant);
	bp_json_kv_text(&w, "phase", or_empty(c->phase));
	if (c->op != BP_NO_OP) {
		bp_json_kv_u64(&w, "op", c->op);
		bp_json_kv_text(&w, "kind", or_empty(c->kind));
		bp_json_kv_u64(&w, "addr", c->addr);
	}
	if (c->depth > 1)
		bp_json_kv_u64(&w, "depth", c->depth);
	bp_json_kv_text(&w, "verdict", bp_verdict_name(c->verdict));
	bp_json_kv_u64(&w, "run", c->run);
	bp_json_kv_bool(&w, "merged", c->merged);
	bp_json_kv_text(&w, "running", or_empty(c->running));
	bp_json_kv_text(&w, "reason", or_empty(c->reason));
	if (c->service_ns)
		bp_json_kv_u64(&w, "service_ns", c->service_ns);
	if (c->verdict != BP_PASS) {
		bp_json_kv_text(&w, "invariant", or_empty(c->invariant));
		bp_json_kv_text(&w, "text", or_empty(c->text));
		if (c->evidence)
			bp_json_kv_u64(&w, "evidence", c->evidence);
	}
	return line_end(j, &w, from, err);
}

static void put_moment(struct bp_json *w, uint64_t at_ns, const char *what)
{
	bp_json_object(w);
	bp_json_kv_u64(w, "at_ns", at_ns);
	bp_json_kv_text(w, "what", what);
	bp_json_object_end(w);
}

static void put_timeline(struct bp_json *w, const struct bp_journal_evidence *e)
{
	size_t half = BP_JOURNAL_TIMELINE_MAX / 2;
	size_t cut = e->n_timeline > BP_JOURNAL_TIMELINE_MAX ? e->n_timeline - BP_JOURNAL_TIMELINE_MAX : 0;
	char note[CUT_NOTE_BYTES];

	bp_json_key(w, "timeline");
	bp_json_array(w);
	for (size_t i = 0; i < e->n_timeline; i++) {
		if (cut && i == half) {
			snprintf(note, sizeof(note), "… %zu entries cut out here …", cut);
			put_moment(w, e->timeline[i].at_ns, note);
			i += cut;
		}
		put_moment(w, e->timeline[i].at_ns, e->timeline[i].what);
	}
	bp_json_array_end(w);
}

/* Step back to where no UTF-8 sequence is split (at most three continuation bytes). */
static size_t char_start(const char *s, size_t at)
{
	size_t back = 0;

	while (back < 3 && at > back && ((unsigned char)s[at - back] & 0xc0) == 0x80)
		back++;
	return at - back;
}

/* The log, its middle cut out when it is too long; NULL without memory. */
static const char *shorten(struct bp_journal *j, const char *log, size_t *len)
{
	size_t head, tail, n;

	if (*len <= BP_JOURNAL_CONSOLE_BYTES)
		return log;
	if (!j->cut)
		j->cut = bp_arena_alloc(j->arena, BP_JOURNAL_CONSOLE_BYTES + CUT_NOTE_BYTES + 4);
	if (!j->cut)
		return NULL;
	head = char_start(log, BP_JOURNAL_CONSOLE_BYTES / 2);
	tail = char_start(log, *len - BP_JOURNAL_CONSOLE_BYTES / 2);
	memcpy(j->cut, log, head);
	n = head + (size_t)snprintf(j->cut + head, CUT_NOTE_BYTES, "\n… %zu bytes cut out here …\n", tail - head);
	memcpy(j->cut + n, log + tail, *len - tail);
	*len = n + *len - tail;
	return j->cut;
}

static void put_state(struct bp_json *w, const char *key, const struct bp_journal_field *f, size_t n)
{
	bp_json_key(w, key);
	bp_json_array(w);
	for (size_t i = 0; i < n; i++) {
		bp_json_object(w);
		bp_json_kv_text(w, "name", f[i].name);
		bp_json_kv_text(w, "value", f[i].value);
		bp_json_object_end(w);
	}
	bp_json_array_end(w);
}

int bp_journal_put_evidence(struct bp_journal *j, const struct bp_journal_evidence *e, struct bp_err *err)
{
	size_t from = j->lines.len, len = e->console_len;
	const char *console = e->console ? shorten(j, e->console, &len) : "";
	struct bp_json w;

	if (!console)
		return bp_fail(err, BP_ENOMEM, "journal: no memory for a console log");
	line_begin(j, &w, "evidence");
	bp_json_kv_u64(&w, "id", e->id);
	bp_json_kv_text(&w, "token", e->token);
	put_timeline(&w, e);
	bp_json_key(&w, "console");
	bp_json_textn(&w, console, e->console ? len : 0);
	put_state(&w, "state_before", e->state_before, e->n_before);
	put_state(&w, "state_after", e->state_after, e->n_after);
	bp_json_key(&w, "flash");
	bp_json_array(&w);
	for (size_t i = 0; i < e->n_flash; i++) {
		bp_json_object(&w);
		bp_json_kv_text(&w, "area", e->flash[i].area);
		bp_json_kv_text(&w, "before", e->flash[i].before);
		bp_json_kv_text(&w, "after", e->flash[i].after);
		bp_json_object_end(&w);
	}
	bp_json_array_end(&w);
	return line_end(j, &w, from, err);
}

int bp_journal_put_search(struct bp_journal *j, const struct bp_journal_search *s, struct bp_err *err)
{
	size_t from = j->lines.len;
	struct bp_json w;

	line_begin(j, &w, "search");
	bp_json_kv_text(&w, "scenario", s->scenario);
	bp_json_kv_text(&w, "end", s->end);
	bp_json_kv_u64(&w, "open", s->open);
	if (s->classes) {
		bp_json_kv_u64(&w, "classes", s->classes);
		bp_json_kv_u64(&w, "unproven", s->unproven);
	}
	bp_json_key(&w, "levels");
	bp_json_array(&w);
	for (size_t i = 0; i < s->n_levels; i++) {
		bp_json_object(&w);
		bp_json_kv_u64(&w, "depth", s->levels[i].depth);
		bp_json_kv_u64(&w, "cases", s->levels[i].cases);
		bp_json_kv_u64(&w, "merged", s->levels[i].merged);
		bp_json_kv_u64(&w, "states", s->levels[i].states);
		bp_json_kv_u64(&w, "open", s->levels[i].open);
		bp_json_object_end(&w);
	}
	bp_json_array_end(&w);
	return line_end(j, &w, from, err);
}

static void put_sums(struct bp_json *w, const struct bp_journal_sums *s)
{
	bp_json_kv_u64(w, "pass", s->count[BP_PASS]);
	bp_json_kv_u64(w, "fail", s->count[BP_FAIL]);
	bp_json_kv_u64(w, "not_exercised", s->count[BP_NOT_EXERCISED]);
	bp_json_kv_u64(w, "rig", s->count[BP_RIG]);
	bp_json_kv_u64(w, "skip", s->count[BP_SKIP]);
	bp_json_kv_u64(w, "cases", s->cases);
	bp_json_kv_u64(w, "runs", s->runs);
	bp_json_kv_u64(w, "merged", s->merged);
	bp_json_kv_u64(w, "virtual_ns", s->virtual_ns);
}

int bp_journal_put_scenario_end(struct bp_journal *j, const char *name, const struct bp_journal_sums *s,
				struct bp_err *err)
{
	size_t from = j->lines.len;
	struct bp_json w;

	line_begin(j, &w, "scenario-end");
	bp_json_kv_text(&w, "name", name);
	put_sums(&w, s);
	return line_end(j, &w, from, err);
}

int bp_journal_put_run_end(struct bp_journal *j, const struct bp_journal_end *e, struct bp_err *err)
{
	size_t from = j->lines.len;
	struct bp_json w;

	line_begin(j, &w, "run-end");
	put_sums(&w, &e->sums);
	bp_json_kv_u64(&w, "controls", e->controls);
	bp_json_kv_u64(&w, "controls_caught", e->controls_caught);
	bp_json_key(&w, "exit");
	bp_json_i64(&w, e->exit);
	return line_end(j, &w, from, err);
}

int bp_journal_put_timing_scenario(struct bp_journal *j, const struct bp_timing_scenario *t, struct bp_err *err)
{
	size_t from = j->lines.len;
	struct bp_json w;

	line_begin(j, &w, "scenario");
	bp_json_kv_text(&w, "name", t->name);
	bp_json_kv_u64(&w, "wall_ns", t->wall_ns);
	bp_json_kv_u64(&w, "plan_ns", t->plan_ns);
	bp_json_kv_u64(&w, "runs", t->runs);
	bp_json_kv_u64(&w, "jobs", t->jobs);
	return line_end(j, &w, from, err);
}

int bp_journal_put_timing_cut(struct bp_journal *j, const struct bp_timing_cut *t, struct bp_err *err)
{
	size_t from = j->lines.len;
	struct bp_json w;

	line_begin(j, &w, "cut");
	bp_json_kv_text(&w, "token", t->token);
	bp_json_kv_text(&w, "board", or_empty(t->board));
	bp_json_kv_u64(&w, "try", t->number);
	bp_json_kv_text(&w, "method", or_empty(t->method));
	bp_json_kv_u64(&w, "wanted_ns", t->wanted_ns);
	bp_json_kv_u64(&w, "issued_ns", t->issued_ns);
	bp_json_kv_u64(&w, "heard_ns", t->heard_ns);
	bp_json_kv_text(&w, "seen", or_empty(t->seen));
	bp_json_kv_bool(&w, "hit", t->hit);
	bp_json_key(&w, "granted");
	bp_json_array(&w);
	if (t->fifo)
		bp_json_text(&w, "priority");
	if (t->locked)
		bp_json_text(&w, "memory");
	if (t->cpu_latency)
		bp_json_text(&w, "cpu-latency");
	bp_json_array_end(&w);
	return line_end(j, &w, from, err);
}

int bp_journal_put_timing_detached(struct bp_journal *j, const char *token, const char *board, struct bp_err *err)
{
	size_t from = j->lines.len;
	struct bp_json w;

	line_begin(j, &w, "detached");
	bp_json_kv_text(&w, "token", token);
	bp_json_kv_text(&w, "board", or_empty(board));
	return line_end(j, &w, from, err);
}

int bp_journal_put_timing_run(struct bp_journal *j, const struct bp_timing_run *t, struct bp_err *err)
{
	size_t from = j->lines.len;
	struct bp_json w;

	line_begin(j, &w, "run");
	bp_json_kv_u64(&w, "wall_ns", t->wall_ns);
	bp_json_kv_u64(&w, "jobs", t->jobs);
	bp_json_kv_text(&w, "started", or_empty(t->started));
	bp_json_kv_text(&w, "host", or_empty(t->host));
	return line_end(j, &w, from, err);
}
