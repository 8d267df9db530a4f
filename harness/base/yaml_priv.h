/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_priv.h - what the files of the YAML reader share; for no one else. */
#ifndef BP_BASE_YAML_PRIV_H
#define BP_BASE_YAML_PRIV_H

#include "base/yaml.h"

struct bp_known {
	struct bp_known *next;
	const char *name;
};

struct bp_map_known {
	struct bp_arena *arena;
	struct bp_known *first, *last; /* in the order they were asked for */
};

/* Length of the line break at p: libyaml counts LF, CR, CRLF, NEL, LS and PS; 0 when none is there. */
size_t bp_yaml_break(const char *p, const char *end);

/* "name:line:col: error: what", the source line, a caret, into out. */
void bp_yaml_point(char *out, size_t cap, const struct bp_source *source, int line, int col, const char *what);

/* The same into err, as BP_ECONFIG. */
int bp_yaml_fail(struct bp_err *err, const struct bp_source *source, int line, int col, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* Refuse what no YAML file may hold: bytes that are no UTF-8, NUL, control characters. */
int bp_yaml_check_characters(const struct bp_source *source, struct bp_err *err);

/* Turn libyaml's own error into one of ours. */
struct yaml_parser_s;
int bp_yaml_fail_parser(struct bp_err *err, const struct bp_source *source, const struct yaml_parser_s *parser);

#endif
