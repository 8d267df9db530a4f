/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/calibration.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "base/yaml.h"

#include <string.h>
#include <unistd.h>

#define MAX_NS (60 * BP_NS_PER_S)
#define SUFFIX ".calibration.yaml"

const char *bp_calibration_path(struct bp_arena *a, const char *bench_path)
{
	size_t len = strlen(bench_path);

	if (len > 5 && !strcmp(bench_path + len - 5, ".yaml"))
		len -= 5;
	return bp_arena_printf(a, "%.*s%s", (int)len, bench_path, SUFFIX);
}

static struct bp_bench_board *board_of(struct bp_bench *b, const char *name)
{
	for (unsigned i = 0; i < b->n_boards; i++)
		if (b->board[i].name && !strcmp(b->board[i].name, name))
			return &b->board[i];
	return NULL;
}

static void read_row(struct bp_diag *d, const struct bp_node *row, struct bp_bench *b)
{
	struct bp_calibration c = {0};
	struct bp_bench_board *board;
	const char *name = NULL;

	if (!bp_node_is(d, row, BP_NODE_MAP))
		return;
	bp_node_text(d, bp_map_need(d, row, "board", "its name in the bench file"), &name);
	bp_node_duration(d, bp_map_need(d, row, "dead", "from the command until the core has stopped"), 1, MAX_NS, &c.dead_ns);
	bp_node_duration(d, bp_map_need(d, row, "jitter", "how far that strays to either side"), 0, MAX_NS, &c.jitter_ns);
	bp_node_duration(d, bp_map_get(row, "first-byte"), 1, MAX_NS, &c.first_byte_ns);
	bp_node_u32(d, bp_map_get(row, "cuts"), 1, UINT32_MAX, &c.cuts);
	bp_node_text(d, bp_map_get(row, "measured"), &c.measured);
	bp_map_done(d, row);
	c.known = c.stored = c.dead_ns != 0;
	board = name ? board_of(b, name) : NULL;
	if (board && c.known) /* one that has left the bench file is nobody's */
		board->calibration = c;
}

int bp_calibration_read(struct bp_arena *a, struct bp_bench *b, struct bp_err *err)
{
	const char *path = bp_calibration_path(a, b->path);
	struct bp_diag d = {.arena = a};
	const struct bp_node *list;
	struct bp_node *root;
	int rc;

	if (!path)
		return bp_fail(err, BP_ENOMEM, "%s: no memory", b->path);
	if (access(path, F_OK))
		return 0;
	rc = bp_yaml_read(a, path, &root, err);
	if (rc)
		return rc;
	if (bp_node_is(&d, root, BP_NODE_MAP)) {
		list = bp_map_need(&d, root, "calibration", "the boards, a list");
		if (bp_node_is(&d, list, BP_NODE_SEQ))
			for (size_t i = 0; i < list->n; i++)
				read_row(&d, list->items[i], b);
		bp_map_done(&d, root);
	}
	return bp_diag_result(&d, err);
}

static void write_row(struct bp_text *t, const char *board, const struct bp_calibration *c)
{
	struct bp_json j;

	/* Six decimals of a millisecond: every nanosecond comes back. */
	bp_text_printf(t, "  - {board: %s, dead: %.6f ms, jitter: %.6f ms", board, (double)c->dead_ns / 1e6, (double)c->jitter_ns / 1e6);
	if (c->first_byte_ns)
		bp_text_printf(t, ", first-byte: %.6f ms", (double)c->first_byte_ns / 1e6);
	if (c->cuts)
		bp_text_printf(t, ", cuts: %u", c->cuts);
	if (c->measured) {
		bp_text_puts(t, ", measured: ");
		bp_json_init(&j, t);
		bp_json_text(&j, c->measured); /* a text of JSON is one of YAML */
	}
	bp_text_puts(t, "}\n");
}

int bp_calibration_write(struct bp_arena *a, const struct bp_bench *b, struct bp_err *err)
{
	const char *path = bp_calibration_path(a, b->path);
	struct bp_text t;

	bp_text_init(&t, a);
	bp_text_printf(&t, "# Written by `brickproof bench calibrate`; it stands above what the bench file says.\ncalibration:\n");
	for (unsigned i = 0; i < b->n_boards; i++)
		if (b->board[i].calibration.known && b->board[i].calibration.stored)
			write_row(&t, b->board[i].name, &b->board[i].calibration);
	if (!path || t.failed)
		return bp_fail(err, BP_ENOMEM, "%s: no memory to write its calibration", b->path);
	return bp_write_file(path, t.bytes, t.len, err);
}
