/* SPDX-License-Identifier: Apache-2.0 */
/* requirements.h - the rows of scenarios/requirements.yaml. */
#ifndef BP_CMD_REQUIREMENTS_H
#define BP_CMD_REQUIREMENTS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

#include <stddef.h>

struct bp_requirement {
	const char *id, *text;
	struct bp_text by; /* for a caller that gathers what covers it */
};

/* All rows, in a. */
int bp_requirements_read(struct bp_arena *a, struct bp_requirement **out, size_t *n, struct bp_err *err);

/* The row of that id, or NULL. */
struct bp_requirement *bp_requirement_find(struct bp_requirement *rows, size_t n, const char *id);

#endif
