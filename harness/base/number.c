/* SPDX-License-Identifier: Apache-2.0 */
/* number.c - numbers with their units, from text and to text (text.h). */
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MIN (60 * NS_PER_S)
#define NS_PER_H (60 * NS_PER_MIN)
#define MAX_DECIMALS 9
#define SHOWN_BYTES 64 /* of a value that was refused */

struct unit {
	const char *name;
	uint64_t factor;
};

/* Both code points that look like a micro sign: U+00B5 and U+03BC. */
static const struct unit time_units[] = {
	{"ns", 1}, {"us", NS_PER_US}, {"\xc2\xb5s", NS_PER_US}, {"\xce\xbcs", NS_PER_US},
	{"ms", NS_PER_MS}, {"s", NS_PER_S}, {"min", NS_PER_MIN}, {"h", NS_PER_H},
};

static const struct unit size_units[] = {
	{"B", 1}, {"KiB", UINT64_C(1) << 10}, {"MiB", UINT64_C(1) << 20}, {"GiB", UINT64_C(1) << 30},
};

typedef char *(*show_fn)(char *out, size_t cap, uint64_t v);

static char *show_u64(char *out, size_t cap, uint64_t v)
{
	snprintf(out, cap, "%" PRIu64, v);
	return out;
}

/* s is not of the form at all. */
static int fail_form(struct bp_err *err, const char *s, const char *expected)
{
	char shown[SHOWN_BYTES];

	return bp_fail(err, BP_ECONFIG, "%s; expected %s", *s ? bp_quote(shown, sizeof(shown), s) : "empty", expected);
}

/* s has the form; its value does not lie in the range. */
static int fail_range(struct bp_err *err, const char *s, uint64_t min, uint64_t max, show_fn show)
{
	char low[48], high[48];

	show(low, sizeof(low), min);
	show(high, sizeof(high), max);
	return bp_fail(err, BP_ECONFIG, "%.*s; expected %s to %s", SHOWN_BYTES, s, low, high);
}

/* Digits at *s; 1: at least one and no overflow, 0: none, -1: overflow. *s is moved behind them. */
static int digits(const char **s, unsigned base, uint64_t *out)
{
	const char *p = *s;
	uint64_t v = 0;
	int state = 0;

	for (;; p++) {
		unsigned d;

		if (*p >= '0' && *p <= '9')
			d = (unsigned)(*p - '0');
		else if (base == 16 && ((*p >= 'a' && *p <= 'f') || (*p >= 'A' && *p <= 'F')))
			d = (unsigned)((*p | 0x20) - 'a' + 10);
		else
			break;
		if (state < 0 || v > (UINT64_MAX - d) / base)
			state = -1;
		else
			state = 1;
		v = state > 0 ? v * base + d : v;
	}
	*s = p;
	*out = v;
	return state;
}

/* Decimal or 0x… at *s; result as digits(). *hex tells which. */
static int number(const char **s, int *hex, uint64_t *out)
{
	*hex = (*s)[0] == '0' && (*s)[1] == 'x';
	if (*hex)
		*s += 2;
	return digits(s, *hex ? 16 : 10, out);
}

static const struct unit *unit_at(const char *s, const struct unit *units, size_t n)
{
	if (*s == ' ')
		s++;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(s, units[i].name))
			return &units[i];
	return NULL;
}

int bp_parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out, struct bp_err *err)
{
	char expected[64];
	const char *p = s;
	uint64_t v;
	int hex, got = number(&p, &hex, &v);

	if (!got || *p) {
		snprintf(expected, sizeof(expected), "a number, %" PRIu64 " to %" PRIu64, min, max);
		return fail_form(err, s, expected);
	}
	if (got < 0 || v < min || v > max)
		return fail_range(err, s, min, max, show_u64);
	*out = v;
	return 0;
}

/* ".25" at *s → 250000000 in *billionths; 0 when a point stands there without 1 to 9 digits. */
static int decimals(const char **s, uint64_t *billionths)
{
	const char *from;
	uint64_t v;

	*billionths = 0;
	if (**s != '.')
		return 1;
	from = ++*s;
	if (digits(s, 10, &v) <= 0 || *s - from > MAX_DECIMALS)
		return 0;
	for (int i = (int)(*s - from); i < MAX_DECIMALS; i++)
		v *= 10;
	*billionths = v;
	return 1;
}

/* billionths of factor ns; 0 when that is no whole number of ns. */
static int part_ns(uint64_t billionths, uint64_t factor, uint64_t *ns)
{
	if (factor >= NS_PER_S) {
		*ns = factor / NS_PER_S * billionths;
		return 1;
	}
	*ns = factor * billionths / NS_PER_S;
	return factor * billionths % NS_PER_S == 0;
}

int bp_parse_duration(const char *s, uint64_t min_ns, uint64_t max_ns, uint64_t *out_ns, struct bp_err *err)
{
	static const char expected[] = "a duration with a unit, such as '41 us' or '1.5 s'";
	const struct unit *u;
	const char *p = s;
	uint64_t whole, billionths, part;
	int got = digits(&p, 10, &whole);

	if (!got || !decimals(&p, &billionths))
		return fail_form(err, s, expected);
	u = unit_at(p, time_units, sizeof(time_units) / sizeof(time_units[0]));
	if (!u)
		return fail_form(err, s, expected);
	if (!part_ns(billionths, u->factor, &part))
		return fail_form(err, s, "a whole number of nanoseconds");
	if (got < 0 || whole > UINT64_MAX / u->factor || whole * u->factor > UINT64_MAX - part)
		return fail_range(err, s, min_ns, max_ns, bp_show_duration);
	whole = whole * u->factor + part;
	if (whole < min_ns || whole > max_ns)
		return fail_range(err, s, min_ns, max_ns, bp_show_duration);
	*out_ns = whole;
	return 0;
}

int bp_parse_bytes(const char *s, uint64_t min, uint64_t max, uint64_t *out, struct bp_err *err)
{
	static const char expected[] = "a size with a unit, such as '512 B' or '4 KiB'";
	const struct unit *u = &size_units[0];
	const char *p = s;
	uint64_t v;
	int hex, got = number(&p, &hex, &v);

	if (!hex || *p)
		u = unit_at(p, size_units, sizeof(size_units) / sizeof(size_units[0]));
	if (!got || !u)
		return fail_form(err, s, expected);
	if (got < 0 || v > UINT64_MAX / u->factor || v * u->factor < min || v * u->factor > max)
		return fail_range(err, s, min, max, bp_show_bytes);
	*out = v * u->factor;
	return 0;
}

int bp_parse_percent(const char *s, uint32_t *out, struct bp_err *err)
{
	const char *p = s;
	uint64_t v;
	int got = digits(&p, 10, &v);

	if (*p == ' ')
		p++;
	if (!got || strcmp(p, "%") != 0)
		return fail_form(err, s, "a percentage, such as '10%'");
	if (got < 0 || v > 100)
		return bp_fail(err, BP_ECONFIG, "%.*s; expected 0%% to 100%%", SHOWN_BYTES, s);
	*out = (uint32_t)v;
	return 0;
}

/* value and up to three decimals of it, without zeros at the end. */
static char *show_thousandths(char *out, size_t cap, uint64_t thousandths, const char *unit)
{
	unsigned part = (unsigned)(thousandths % 1000);
	int decimals_left = 3;

	if (!part) {
		snprintf(out, cap, "%" PRIu64 " %s", thousandths / 1000, unit);
		return out;
	}
	for (; part % 10 == 0; part /= 10)
		decimals_left--;
	snprintf(out, cap, "%" PRIu64 ".%0*u %s", thousandths / 1000, decimals_left, part, unit);
	return out;
}

char *bp_show_duration(char *out, size_t cap, uint64_t ns)
{
	uint64_t s = ns / NS_PER_S + (ns % NS_PER_S >= NS_PER_S / 2);

	/* The limits are where rounding to a thousandth reaches the next unit. */
	if (ns < NS_PER_US)
		return show_thousandths(out, cap, ns * 1000, "ns");
	if (ns < NS_PER_MS)
		return show_thousandths(out, cap, ns, "us");
	if (ns < NS_PER_S - 500)
		return show_thousandths(out, cap, (ns + 500) / 1000, "ms");
	if (ns < 2 * NS_PER_MIN && (ns % NS_PER_MIN || ns < NS_PER_MIN))
		return show_thousandths(out, cap, (ns + NS_PER_MS / 2) / NS_PER_MS, "s");
	if (s < 3600 && s % 60)
		snprintf(out, cap, "%" PRIu64 " min %" PRIu64 " s", s / 60, s % 60);
	else if (s < 3600)
		snprintf(out, cap, "%" PRIu64 " min", s / 60);
	else if (s / 60 % 60)
		snprintf(out, cap, "%" PRIu64 " h %" PRIu64 " min", s / 3600, s / 60 % 60);
	else
		snprintf(out, cap, "%" PRIu64 " h", s / 3600);
	return out;
}

char *bp_exact_duration(char *out, size_t cap, uint64_t ns)
{
	uint64_t factor = ns >= NS_PER_S ? NS_PER_S : ns >= NS_PER_MS ? NS_PER_MS : ns >= NS_PER_US ? NS_PER_US : 1;
	const char *unit = factor == NS_PER_S ? "s" : factor == NS_PER_MS ? "ms" : factor == NS_PER_US ? "us" : "ns";
	uint64_t part = ns % factor;
	int width = 0;

	for (uint64_t f = factor; f > 1; f /= 10)
		width++;
	for (; part && part % 10 == 0; part /= 10)
		width--;
	if (part)
		snprintf(out, cap, "%" PRIu64 ".%0*" PRIu64 "%s", ns / factor, width, part, unit);
	else
		snprintf(out, cap, "%" PRIu64 "%s", ns / factor, unit);
	return out;
}

char *bp_show_bytes(char *out, size_t cap, uint64_t bytes)
{
	size_t i = bytes ? sizeof(size_units) / sizeof(size_units[0]) - 1 : 0;

	while (i && bytes % size_units[i].factor)
		i--;
	snprintf(out, cap, "%" PRIu64 " %s", bytes / size_units[i].factor, size_units[i].name);
	return out;
}
