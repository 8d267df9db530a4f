/* SPDX-License-Identifier: Apache-2.0 */
/* safe_node.h - a tree of nodes written as YAML text again (private to safe.c and its tests). */
#ifndef BP_BENCH_SAFE_NODE_H
#define BP_BENCH_SAFE_NODE_H

#include "base/text.h"
#include "base/yaml.h"

/* Text that bp_yaml_parse() reads back as the same tree. */
void bp_node_write(struct bp_text *out, const struct bp_node *node);

#endif
