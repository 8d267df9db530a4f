/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/bench.h"

#include "base/clock.h"
#include "base/text.h"
#include "bench/calibration.h"

#include <string.h>

#define MAX_DRIVERS 32
#define MAX_NAME 63
#define MAX_DEAD_NS (10 * BP_NS_PER_S)       /* a rail with a discharge resistor is down within ms */
#define MAX_FIRST_BYTE_NS (60 * BP_NS_PER_S)
#define MAX_ERASES 10000000u

struct reader {
	struct bp_arena *arena;
	struct bp_diag diag;
	struct bp_bench *bench;
};

/* ---- parts ---------------------------------------------------------------------------- */

/* A name goes into file names, journals and tokens. */
static void read_name(struct reader *r, const struct bp_node *map, const char *key, const char *what, const char **out)
{
	const struct bp_node *node = bp_map_need(&r->diag, map, key, what);
	const char *text = NULL;
	char shown[96];

	if (bp_node_text(&r->diag, node, &text))
		return;
	if (*text && strlen(text) <= MAX_NAME && !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_")])
		*out = text;
	else
		bp_diag_at(&r->diag, node, "%s is no name; expected 1 to %d small letters, digits, '-' or '_'",
			   bp_quote(shown, sizeof(shown), text), MAX_NAME);
}

/* The map of a role, NULL (recorded) when it is none. */
static const struct bp_node *role_map(struct reader *r, const struct bp_node *board, const char *key, const char *what)
{
	const struct bp_node *map = what ? bp_map_need(&r->diag, board, key, what) : bp_map_get(board, key);

	return bp_node_is(&r->diag, map, BP_NODE_MAP) ? map : NULL;
}

/* Which of the names is meant by the map's `driver`; -1: none, recorded. */
static int driver(struct reader *r, const struct bp_node *map, const char *const *names, size_t n)
{
	const struct bp_node *node = bp_map_need(&r->diag, map, "driver", "how it is reached");
	unsigned which = 0;

	return node && !bp_node_enum(&r->diag, node, names, n, &which) ? (int)which : -1;
}

/* Of a table of drivers only those that a bench file can open are offered: `virtual` is the program's own board. */
struct offer {
	const char *name[MAX_DRIVERS];
	unsigned at[MAX_DRIVERS];
	size_t n;
};

static void offer(struct offer *o, unsigned i, const char *name, bool opens)
{
	if (!opens || o->n == MAX_DRIVERS)
		return;
	o->name[o->n] = name;
	o->at[o->n++] = i;
}

static void pick_power(struct reader *r, const struct bp_node *map, const struct bp_power_ops **out)
{
	struct offer o = {.n = 0};
	int which;

	for (unsigned i = 0; bp_power_drivers[i]; i++)
		offer(&o, i, bp_power_drivers[i]->name, bp_power_drivers[i]->open != NULL);
	which = driver(r, map, o.name, o.n);
	*out = which >= 0 ? bp_power_drivers[o.at[which]] : NULL;
}

static void pick_console(struct reader *r, const struct bp_node *map, const struct bp_console_ops **out)
{
	struct offer o = {.n = 0};
	int which;

	for (unsigned i = 0; bp_console_drivers[i]; i++)
		offer(&o, i, bp_console_drivers[i]->name, bp_console_drivers[i]->open != NULL);
	which = driver(r, map, o.name, o.n);
	*out = which >= 0 ? bp_console_drivers[o.at[which]] : NULL;
}

static void pick_debug(struct reader *r, const struct bp_node *map, const struct bp_debug_ops **out)
{
	struct offer o = {.n = 0};
	int which;

	for (unsigned i = 0; bp_debug_drivers[i]; i++)
		offer(&o, i, bp_debug_drivers[i]->name, bp_debug_drivers[i]->open != NULL);
	which = driver(r, map, o.name, o.n);
	*out = which >= 0 ? bp_debug_drivers[o.at[which]] : NULL;
}

/* `over: console`, or the map of another console driver. */
static void read_over(struct reader *r, const struct bp_node *over, struct bp_bench_board *b)
{
	static const char *const only[] = {"console"};
	unsigned which;

	if (!over)
		return;
	if (over->kind == BP_NODE_SCALAR) {
		bp_node_enum(&r->diag, over, only, 1, &which);
		return;
	}
	if (!bp_node_is(&r->diag, over, BP_NODE_MAP))
		return;
	b->over_config = over;
	pick_console(r, over, &b->over);
}

static void read_link(struct reader *r, const struct bp_node *board, struct bp_bench_board *b)
{
	const struct bp_node *map = role_map(r, board, "link", NULL);
	const char *names[MAX_DRIVERS];
	size_t n = 0;
	int which;

	b->link = bp_link_drivers[0];
	if (!map)
		return;
	b->link_config = map;
	for (; n < MAX_DRIVERS && bp_link_drivers[n]; n++)
		names[n] = bp_link_drivers[n]->name;
	which = driver(r, map, names, n);
	if (which < 0)
		return;
	b->link = bp_link_drivers[which];
	read_over(r, bp_map_get(map, "over"), b);
	if (b->link == bp_link_drivers[0]) /* it has no other keys; those of the others are their own to check */
		bp_map_done(&r->diag, map);
	if (b->link->offline && !bp_map_get(board, "debug"))
		bp_diag_at(&r->diag, map, "an update through the debug port needs one; expected a 'debug' map with this board");
	if (b->link->offline && b->detached_percent)
		bp_diag_at(&r->diag, map, "an update through the debug port cannot be done with the probe detached; expected no 'detached'");
}

static void read_calibration(struct reader *r, const struct bp_node *board, struct bp_calibration *c)
{
	const struct bp_node *map = role_map(r, board, "calibration", NULL);

	if (!map)
		return;
	bp_node_duration(&r->diag, bp_map_need(&r->diag, map, "dead", "from the command until the core has stopped"), 1, MAX_DEAD_NS,
			 &c->dead_ns);
	bp_node_duration(&r->diag, bp_map_need(&r->diag, map, "jitter", "how far that strays to either side"), 0, MAX_DEAD_NS,
			 &c->jitter_ns);
	bp_node_duration(&r->diag, bp_map_get(map, "first-byte"), 1, MAX_FIRST_BYTE_NS, &c->first_byte_ns);
	bp_node_u32(&r->diag, bp_map_get(map, "cuts"), 1, UINT32_MAX, &c->cuts);
	bp_node_text(&r->diag, bp_map_get(map, "measured"), &c->measured);
	bp_map_done(&r->diag, map);
	c->known = c->dead_ns != 0;
}

/* ---- a board, a bench ------------------------------------------------------------------- */

static void read_roles(struct reader *r, const struct bp_node *node, struct bp_bench_board *b)
{
	b->power_config = role_map(r, node, "power", "what switches the board");
	if (b->power_config)
		pick_power(r, b->power_config, &b->power);
	b->console_config = role_map(r, node, "console", "the board's serial port");
	if (b->console_config)
		pick_console(r, b->console_config, &b->console);
	b->debug_config = role_map(r, node, "debug", NULL);
	if (b->debug_config)
		pick_debug(r, b->debug_config, &b->debug);
}

/* How the start state gets onto it, and how much of the time its probe is away. */
static void read_probing(struct reader *r, const struct bp_node *node, struct bp_bench_board *b)
{
	const struct bp_node *detached = bp_map_get(node, "detached");

	b->provision_config = role_map(r, node, "provision", NULL);
	if (b->provision_config && b->debug_config)
		bp_diag_at(&r->diag, b->provision_config, "a board with a debug port is provisioned through it; expected no 'provision'");
	bp_node_percent(&r->diag, detached, &b->detached_percent);
	if (b->detached_percent && !b->debug_config)
		bp_diag_at(&r->diag, detached, "a board without a probe has none to detach; expected a 'debug' map, or no 'detached'");
}

static void read_board(struct reader *r, const struct bp_node *node, struct bp_bench_board *b)
{
	static const char *const states[] = {"off", "on"};
	unsigned safe = 0;

	if (!bp_node_is(&r->diag, node, BP_NODE_MAP))
		return;
	b->node = node;
	read_name(r, node, "name", "the board's own name", &b->name);
	b->product_node = bp_map_need(&r->diag, node, "product", "a product's name, or the path of its file");
	if (!bp_node_text(&r->diag, b->product_node, &b->product) && !*b->product)
		bp_diag_at(&r->diag, b->product_node, "'product' is empty; expected a product's name, or the path of its file");
	read_roles(r, node, b);
	read_probing(r, node, b);
	read_link(r, node, b);
	read_calibration(r, node, &b->calibration);
	bp_node_u32(&r->diag, bp_map_get(node, "erases-per-night"), 1, MAX_ERASES, &b->erases_per_night);
	bp_node_text(&r->diag, bp_map_get(node, "elf"), &b->elf);
	if (!bp_node_enum(&r->diag, bp_map_get(node, "safe"), states, 2, &safe))
		b->safe_on = safe != 0;
	bp_map_done(&r->diag, node);
}

/* Two boards of one name would share a lock and a place in every report. */
static void check_name(struct reader *r, unsigned i)
{
	const struct bp_bench_board *b = r->bench->board;

	for (unsigned j = 0; b[i].name && j < i; j++)
		if (b[j].name && !strcmp(b[i].name, b[j].name))
			bp_diag_at(&r->diag, bp_map_get(b[i].node, "name"), "a board '%s' stands in line %d already; expected another name",
				   b[i].name, b[j].node->line);
}

static void read_boards(struct reader *r, const struct bp_node *root)
{
	const struct bp_node *list = bp_map_need(&r->diag, root, "boards", "the boards, a list");

	if (!bp_node_is(&r->diag, list, BP_NODE_SEQ))
		return;
	if (!list->n || list->n > BP_BENCH_BOARDS) {
		bp_diag_at(&r->diag, list, "%zu boards; expected 1 to %d", list->n, BP_BENCH_BOARDS);
		return;
	}
	r->bench->n_boards = (unsigned)list->n;
	for (unsigned i = 0; i < list->n; i++) {
		read_board(r, list->items[i], &r->bench->board[i]);
		check_name(r, i);
	}
}

static int from_tree(struct bp_arena *a, const char *path, const struct bp_node *root, struct bp_bench **out, struct bp_err *err)
{
	struct reader r = {.arena = a, .diag = {.arena = a}};
	int rc;

	r.bench = bp_arena_alloc(a, sizeof(*r.bench));
	if (!r.bench)
		return bp_fail(err, BP_ENOMEM, "%s: no memory for a bench", path);
	r.bench->path = bp_arena_text(a, path, strlen(path));
	if (bp_node_is(&r.diag, root, BP_NODE_MAP)) {
		read_name(&r, root, "bench", "the bench's own name", &r.bench->name);
		read_boards(&r, root);
		bp_map_done(&r.diag, root);
	}
	rc = bp_diag_result(&r.diag, err);
	if (!rc)
		*out = r.bench;
	return rc;
}

int bp_bench_parse(struct bp_arena *a, const char *name, const char *text, size_t len, struct bp_bench **out, struct bp_err *err)
{
	struct bp_node *root;
	int rc = bp_yaml_parse(a, name, text, len, &root, err);

	return rc ? rc : from_tree(a, name, root, out, err);
}

int bp_bench_read(struct bp_arena *a, const char *path, struct bp_bench **out, struct bp_err *err)
{
	struct bp_node *root;
	int rc = bp_yaml_read(a, path, &root, err);

	if (!rc)
		rc = from_tree(a, path, root, out, err);
	return rc ? rc : bp_calibration_read(a, *out, err);
}

int bp_bench_find(const struct bp_bench *b, const char *name, const struct bp_bench_board **out, struct bp_err *err)
{
	const char *names[BP_BENCH_BOARDS], *near;
	char shown[96];

	for (unsigned i = 0; i < b->n_boards; i++) {
		names[i] = b->board[i].name;
		if (strcmp(names[i], name) != 0)
			continue;
		*out = &b->board[i];
		return 0;
	}
	near = bp_nearest(name, names, b->n_boards);
	bp_quote(shown, sizeof(shown), name);
	if (near)
		return bp_fail(err, BP_EUSAGE, "bench %s has no board %s; did you mean '%s'?", b->name, shown, near);
	return bp_fail(err, BP_EUSAGE, "bench %s has no board %s; %s has %u, from '%s' on", b->name, shown, b->path, b->n_boards, names[0]);
}
