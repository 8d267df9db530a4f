/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/requirements.h"

#include "base/yaml.h"
#include "cmd/home.h"

#include <string.h>

int bp_requirements_read(struct bp_arena *a, struct bp_requirement **out, size_t *n, struct bp_err *err)
{
	struct bp_diag d = {.arena = a};
	struct bp_node *root, *list;
	const char *home;
	int rc = bp_home(a, &home, err);

	*n = 0;
	if (!rc)
		rc = bp_yaml_read(a, bp_arena_printf(a, "%s/scenarios/requirements.yaml", home), &root, err);
	if (rc)
		return rc;
	list = bp_node_is(&d, root, BP_NODE_MAP) ? bp_map_need(&d, root, "requirements", "the rows") : NULL;
	if (list && bp_node_is(&d, list, BP_NODE_SEQ)) {
		*out = bp_arena_array(a, list->n + 1, sizeof(**out));
		for (size_t i = 0; *out && i < list->n; i++, ++*n) {
			if (!bp_node_is(&d, list->items[i], BP_NODE_MAP))
				break;
			bp_node_text(&d, bp_map_need(&d, list->items[i], "id", "the row's id"), &(*out)[i].id);
			bp_node_text(&d, bp_map_need(&d, list->items[i], "text", "what it asks"), &(*out)[i].text);
			bp_map_done(&d, list->items[i]);
			bp_text_init(&(*out)[i].by, a);
		}
	}
	return bp_diag_result(&d, err);
}

struct bp_requirement *bp_requirement_find(struct bp_requirement *rows, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(rows[i].id, id))
			return &rows[i];
	return NULL;
}
