/* SPDX-License-Identifier: Apache-2.0 */
#include "image/image.h"

#include <stdio.h>

/* Decimal digits at *s up to max; moves *s behind them. -1: no digits, a leading zero, too large. */
static int number(const char **s, uint64_t max, uint64_t *out)
{
	const char *p = *s;
	uint64_t v = 0;

	if (p[0] == '0' && p[1] >= '0' && p[1] <= '9')
		return -1;
	for (; *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (uint64_t)(*p - '0');
		if (v > max)
			return -1;
	}
	if (p == *s)
		return -1;
	*s = p;
	*out = v;
	return 0;
}

/* number() behind the character that must introduce it. */
static int number_after(const char **s, char mark, uint64_t max, uint64_t *out)
{
	if (**s != mark)
		return -1;
	(*s)++;
	return number(s, max, out);
}

int bp_version_parse(const char *text, struct bp_version *out, struct bp_err *err)
{
	uint64_t major, minor, revision, build = 0;
	const char *s = text;
	int bad = number(&s, UINT8_MAX, &major) < 0 || number_after(&s, '.', UINT8_MAX, &minor) < 0 ||
		  number_after(&s, '.', UINT16_MAX, &revision) < 0;

	if (!bad && *s)
		bad = number_after(&s, '+', UINT32_MAX, &build) < 0 || *s;
	if (bad)
		return bp_fail(err, BP_ECONFIG,
			       "'%.40s' is no version; expected major.minor.revision or major.minor.revision+build "
			       "(0-255.0-255.0-65535+0-4294967295)",
			       text);
	*out = (struct bp_version){
		.major = (uint8_t)major,
		.minor = (uint8_t)minor,
		.revision = (uint16_t)revision,
		.build = (uint32_t)build,
	};
	return 0;
}

char *bp_version_show(char out[32], const struct bp_version *v)
{
	int n = snprintf(out, 32, "%u.%u.%u", v->major, v->minor, v->revision);

	if (v->build)
		snprintf(out + n, 32 - (size_t)n, "+%u", v->build);
	return out;
}

int bp_version_compare(const struct bp_version *a, const struct bp_version *b)
{
	if (a->major != b->major)
		return a->major < b->major ? -1 : 1;
	if (a->minor != b->minor)
		return a->minor < b->minor ? -1 : 1;
	if (a->revision != b->revision)
		return a->revision < b->revision ? -1 : 1;
	if (a->build != b->build)
		return a->build < b->build ? -1 : 1;
	return 0;
}
