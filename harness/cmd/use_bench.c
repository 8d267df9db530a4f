/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/use_bench.h"

#include "cmd/home.h"

#include <string.h>

static int product_of(struct bp_arena *a, struct bp_matrix_bench *m, const struct bp_bench_board *b, struct bp_err *err)
{
	struct bp_product *p = NULL;
	const char *path;
	int rc = bp_home_product(a, b->product, &path, err);

	for (unsigned i = 0; i < m->n && !rc; i++)
		if (!strcmp(m->product[i]->path, path)) {
			m->product[m->n] = m->product[i];
			return 0;
		}
	if (!rc)
		rc = bp_product_read(a, path, &p, err);
	m->product[m->n] = p;
	return rc ? bp_prefix(err, "board %s", b->name) : 0;
}

int bp_use_bench_read(struct bp_arena *a, const char *path, const char *board, struct bp_use_bench *out, struct bp_err *err)
{
	const struct bp_bench_board *only = NULL;
	int rc = bp_bench_read(a, path, &out->bench, err);

	if (rc == BP_EIO) /* a name that was mistyped */
		rc = err->code = BP_ECONFIG;
	if (!rc && board)
		rc = bp_bench_find(out->bench, board, &only, err);
	for (unsigned i = 0; i < BP_BENCH_BOARDS; i++)
		out->lock[i].fd = -1;
	for (unsigned i = 0; !rc && i < out->bench->n_boards; i++) {
		const struct bp_bench_board *b = &out->bench->board[i];

		if (only && b != only)
			continue;
		rc = product_of(a, &out->matrix, b, err);
		if (!rc)
			out->matrix.board[out->matrix.n++] = b;
	}
	return rc;
}

int bp_use_bench_lock(struct bp_use_bench *b, const char *holder, struct bp_err *err)
{
	int rc = 0;

	for (unsigned i = 0; i < b->matrix.n && !rc; i++)
		rc = bp_lock_take(&b->lock[i], b->bench->name, b->matrix.board[i]->name, holder, err);
	if (rc)
		bp_use_bench_drop(b);
	return rc;
}

void bp_use_bench_drop(struct bp_use_bench *b)
{
	for (unsigned i = 0; i < BP_BENCH_BOARDS; i++)
		bp_lock_drop(&b->lock[i]);
}
