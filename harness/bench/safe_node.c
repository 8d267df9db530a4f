/* SPDX-License-Identifier: Apache-2.0 */
/*
 * safe_node.c - a tree of nodes as YAML text (safe_node.h).
 *
 * Block style: what was a plain scalar anywhere is one there too.
 */
#include "bench/safe_node.h"

#include <stdio.h>
#include <string.h>

static void write_quoted(struct bp_text *out, const char *text)
{
	bp_text_puts(out, "\"");
	for (const char *p = text; *p; p++) {
		if (*p == '"' || *p == '\\')
			bp_text_printf(out, "\\%c", *p);
		else if ((unsigned char)*p < 0x20 || *p == 0x7f)
			bp_text_printf(out, "\\x%02x", (unsigned char)*p);
		else
			bp_text_add(out, p, 1);
	}
	bp_text_puts(out, "\"");
}

static void write_scalar(struct bp_text *out, const struct bp_node *node)
{
	if (node->quoted || strpbrk(node->text, "\n\r\t"))
		write_quoted(out, node->text);
	else
		bp_text_puts(out, node->text);
}

/* What follows "key:" or "-": a scalar on the same line, or lines one step further in. */
static void write_value(struct bp_text *out, const struct bp_node *node, unsigned indent)
{
	if (node->kind == BP_NODE_SCALAR) {
		bp_text_puts(out, " ");
		write_scalar(out, node);
		bp_text_puts(out, "\n");
		return;
	}
	if (!node->n) {
		bp_text_puts(out, node->kind == BP_NODE_MAP ? " {}\n" : " []\n");
		return;
	}
	bp_text_puts(out, "\n");
	for (size_t i = 0; i < node->n; i++) {
		bp_text_printf(out, "%*s", (int)indent, "");
		if (node->kind == BP_NODE_MAP) {
			write_scalar(out, node->keys[i]);
			bp_text_puts(out, ":");
		} else {
			bp_text_puts(out, "-");
		}
		write_value(out, node->items[i], indent + 2);
	}
}

void bp_node_write(struct bp_text *out, const struct bp_node *node)
{
	write_value(out, node, 0);
}
