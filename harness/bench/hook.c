/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/hook.h"

#include "base/clock.h"
#include "base/proc.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAID_BYTES 400 /* of stderr, for the text */
#define GRACE_NS (200 * BP_NS_PER_MS)
#define MAX_TIMEOUT_NS (3600 * BP_NS_PER_S)

static bool can_run(const char *name)
{
	const char *path = getenv("PATH");
	char file[4096];

	if (strchr(name, '/'))
		return !access(name, X_OK);
	while (path && *path) {
		int len = (int)strcspn(path, ":");

		if (snprintf(file, sizeof(file), "%.*s/%s", len, path, name) < (int)sizeof(file) && !access(file, X_OK))
			return true;
		path += len + (path[len] == ':');
	}
	return false;
}

void bp_hook_read(struct bp_arena *a, struct bp_diag *d, const struct bp_node *node, struct bp_hook *out)
{
	const char *text;

	if (!node || !bp_node_is(d, node, BP_NODE_SEQ))
		return;
	if (!node->n || node->n > BP_HOOK_ARGS) {
		bp_diag_at(d, node, "expected a command and its arguments, 1 to %d items, as in [relay, \"1\", close]", BP_HOOK_ARGS);
		return;
	}
	for (size_t i = 0; i < node->n; i++) {
		if (bp_node_text(d, node->items[i], &text))
			return;
		out->argv[i] = bp_arena_text(a, text, strlen(text));
		if (!out->argv[i])
			return;
	}
	if (!can_run(out->argv[0]))
		bp_diag_at(d, node->items[0], "no program '%s' that can be run: give its path, or put its folder on PATH", out->argv[0]);
}

void bp_hook_timeout(struct bp_diag *d, const struct bp_node *map, uint64_t *out_ns)
{
	bp_node_duration(d, bp_map_get(map, "timeout"), BP_NS_PER_MS, MAX_TIMEOUT_NS, out_ns);
}

const char *bp_hook_last_words(char *said)
{
	size_t len = strlen(said);

	for (char *p = said; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	while (len && said[len - 1] == ' ')
		said[--len] = '\0';
	return len ? said : "it said nothing on stderr";
}

int bp_hook_run(const struct bp_hook *h, const char *what, const char *board, const char *const *env, uint64_t deadline_ns,
		struct bp_err *err)
{
	return bp_hook_ask(h, what, board, env, deadline_ns, NULL, 0, err);
}

int bp_hook_ask(const struct bp_hook *h, const char *what, const char *board, const char *const *env, uint64_t deadline_ns, char *out,
		size_t cap, struct bp_err *err)
{
	const struct bp_proc_options o = {
		.argv = (const char *const *)h->argv, .env = env, .in = BP_PROC_NULL, .out = out ? BP_PROC_PIPE : BP_PROC_NULL,
		.err = BP_PROC_PIPE,
	};
	char said[SAID_BYTES + 1] = "", shown[32], how[64];
	struct bp_proc_io io = {.out = out, .out_cap = cap, .err = said, .err_cap = sizeof(said)};
	uint64_t took = bp_clock_ns();
	struct bp_proc p;
	struct bp_err why;
	int rc = bp_proc_start(&p, &o, &why);

	if (rc)
		return bp_fail(err, rc, "board %s: %s %.500s", board, what, why.text);
	rc = bp_proc_talk(&p, &io, deadline_ns, &why);
	bp_proc_stop(&p, rc ? GRACE_NS : 0);
	/* To the tenth of a second: the time is the deadline's and a little for the killing. */
	took = (bp_clock_ns() - took) / (100 * BP_NS_PER_MS) * (100 * BP_NS_PER_MS);
	if (rc == BP_ETIMEOUT)
		return bp_fail(err, rc, "board %s: %s '%s' did not end and was killed after %s: %s", board, what, h->argv[0],
			       bp_show_duration(shown, sizeof(shown), took), bp_hook_last_words(said));
	if (rc)
		return bp_fail(err, rc, "board %s: %s %.500s: %s", board, what, why.text, bp_hook_last_words(said));
	if (!WIFEXITED(p.status))
		return bp_fail(err, BP_EIO, "board %s: %s '%s' was %s: %s", board, what, h->argv[0], bp_proc_how(&p, how, sizeof(how)),
			       bp_hook_last_words(said));
	if (WEXITSTATUS(p.status))
		return bp_fail(err, BP_EIO, "board %s: %s '%s' ended with status %d: %s", board, what, h->argv[0], WEXITSTATUS(p.status),
			       bp_hook_last_words(said));
	if (io.out_cut)
		return bp_fail(err, BP_EIO, "board %s: %s '%s' said more than %zu bytes", board, what, h->argv[0], cap - 1);
	return 0;
}
