/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/cutpoint.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

const char *const bp_event_names[BP_EVENTS] = {"flash", "link-byte", "link-frame", "line", "time"};

#define DURATION_TEXT 32

/* ---- line texts --------------------------------------------------------------------- */

/* RFC 3986, 2.3: what needs no %xx. */
static int plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c));
}

static void show_line(char out[BP_CUTPOINT_TEXT], const struct bp_cutpoint *c)
{
	char *at = out + sprintf(out, "line:"), after[DURATION_TEXT];

	for (const unsigned char *p = (const unsigned char *)c->line; *p; p++) {
		if (plain(*p)) {
			*at++ = (char)*p;
			continue;
		}
		*at++ = '%';
		bp_hex(at, p, 1);
		at += 2;
	}
	at += sprintf(at, "#%u", c->n);
	if (c->after_ns)
		sprintf(at, "+%s", bp_exact_duration(after, sizeof(after), c->after_ns));
}

/* One byte of a text that is written as in tokens. Negative: it is not written so. */
static int coded(const char **p)
{
	char digits[3] = {0};
	uint8_t byte;

	if (plain((unsigned char)**p))
		return (unsigned char)*(*p)++;
	if (**p != '%')
		return BP_ECONFIG;
	memcpy(digits, *p + 1, strnlen(*p + 1, 2));
	if (strspn(digits, "0123456789abcdef") != 2 || bp_unhex(digits, &byte, 1, NULL) != 1 || plain(byte))
		return BP_ECONFIG;
	*p += 3;
	return byte;
}

/* The text of a line in either form, *p moves behind it. No line holds NUL, CR or LF. */
static int line_text(const char **p, char out[BP_CUT_LINE_BYTES])
{
	int quoted = **p == '"', n = 0;

	for (*p += quoted; **p && **p != (quoted ? '"' : '#'); n++) {
		int byte = quoted ? (unsigned char)*(*p)++ : coded(p);

		if (byte <= 0 || byte == '\r' || byte == '\n' || n == BP_CUT_LINE_BYTES - 1)
			return BP_ECONFIG;
		out[n] = (char)byte;
	}
	out[n] = '\0';
	*p += quoted && **p == '"';
	return n ? 0 : BP_ECONFIG;
}

/* ---- all forms -------------------------------------------------------------------------- */

const char *const bp_fault_names[BP_FAULTS] = {
	"power-cut", "reset-pin", "reset-software", "reset-watchdog", "bounce", "brown-out", "op-rejected", "op-ignored", "page-dead", "page-worn",
	"drop", "lose-answer", "duplicate", "reorder", "truncate", "corrupt", "stall", "slow", "link-reset",
};

const char *const bp_action_names[BP_ACTIONS] = {"nothing", "resume", "restart", "another"};

char *bp_cutpoint_show(char out[BP_CUTPOINT_TEXT], const struct bp_cutpoint *c)
{
	char after[DURATION_TEXT];

	switch (c->event) {
	case BP_EVENT_FLASH:
		if (c->position == BP_CUT_TORN)
			snprintf(out, BP_CUTPOINT_TEXT, "flash:%u/torn=%u%%.%u", c->n, c->torn.percent, c->torn.k);
		else
			snprintf(out, BP_CUTPOINT_TEXT, "flash:%u/%s", c->n, c->position == BP_CUT_BEFORE ? "before" : "after");
		break;
	case BP_EVENT_LINK_BYTE:
		snprintf(out, BP_CUTPOINT_TEXT, "link:%u", c->n);
		break;
	case BP_EVENT_LINK_FRAME:
		snprintf(out, BP_CUTPOINT_TEXT, "link:frame=%u", c->n);
		break;
	case BP_EVENT_LINE:
		show_line(out, c);
		break;
	case BP_EVENT_TIME:
		snprintf(out, BP_CUTPOINT_TEXT, "time:%s", bp_exact_duration(after, sizeof(after), c->after_ns));
		break;
	}
	if (c->fault != BP_FAULT_POWER_CUT)
		snprintf(out + strlen(out), BP_CUTPOINT_TEXT - strlen(out), "!%s", bp_fault_names[c->fault]);
	if (c->fault_arg)
		snprintf(out + strlen(out), BP_CUTPOINT_TEXT - strlen(out), "=%u%s", c->fault_arg, c->fault == BP_FAULT_BROWN_OUT ? "ms" : "");
	if (c->action)
		snprintf(out + strlen(out), BP_CUTPOINT_TEXT - strlen(out), "@%s", bp_action_names[c->action]);
	return out;
}

/* Digits from *p into *out, at most max; *p moves behind them. */
static int number(const char **p, uint32_t max, uint32_t *out)
{
	uint64_t v = 0;
	const char *s = *p;

	if (*s < '0' || *s > '9' || (*s == '0' && s[1] >= '0' && s[1] <= '9'))
		return BP_ECONFIG; /* one way to write a number: no leading zeros */
	for (; *s >= '0' && *s <= '9'; s++) {
		v = v * 10 + (uint64_t)(*s - '0');
		if (v > max)
			return BP_ECONFIG;
	}
	*out = (uint32_t)v;
	*p = s;
	return 0;
}

static int take(const char **p, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*p, word, n))
		return 0;
	*p += n;
	return 1;
}

static int parse_flash(const char **p, struct bp_cutpoint *c)
{
	if (number(p, UINT32_MAX - 1, &c->n) || !c->n || !take(p, "/"))
		return BP_ECONFIG;
	if (take(p, "before")) {
		c->position = BP_CUT_BEFORE;
	} else if (take(p, "after")) {
		c->position = BP_CUT_AFTER;
	} else if (take(p, "torn=")) {
		c->position = BP_CUT_TORN;
		if (number(p, 99, &c->torn.percent) || !c->torn.percent || !take(p, "%.") || number(p, 255, &c->torn.k))
			return BP_ECONFIG;
	} else {
		return BP_ECONFIG;
	}
	return 0;
}

bool bp_fault_fits(enum bp_fault fault, enum bp_cut_position position)
{
	if (fault >= BP_FAULT_OP_REJECTED)
		return position == BP_CUT_BEFORE;
	return !bp_fault_is_reset(fault) || position != BP_CUT_TORN;
}

/* What follows the name: how long, how often. */
static int parse_fault_arg(const char **p, struct bp_cutpoint *c)
{
	bool wanted = c->fault == BP_FAULT_BROWN_OUT || c->fault == BP_FAULT_BOUNCE;

	if (!wanted)
		return 0;
	if (!take(p, "=") || number(p, c->fault == BP_FAULT_BOUNCE ? BP_MAX_BOUNCES : BP_MAX_BROWN_OUT_MS, &c->fault_arg) || !c->fault_arg)
		return BP_ECONFIG;
	return c->fault == BP_FAULT_BOUNCE || take(p, "ms") ? 0 : BP_ECONFIG;
}

/* "!reset-pin", "!brown-out=20ms", or nothing. A power cut is written without its name. */
static int parse_fault(const char **p, struct bp_cutpoint *c)
{
	size_t n;

	if (!take(p, "!"))
		return 0;
	n = strcspn(*p, "=");
	for (unsigned i = BP_FAULT_POWER_CUT + 1; i < BP_FAULTS; i++)
		if (strlen(bp_fault_names[i]) == n && !strncmp(*p, bp_fault_names[i], n)) {
			*p += n;
			c->fault = (enum bp_fault)i;
			if (bp_fault_is_link(c->fault))
				return c->event == BP_EVENT_LINK_FRAME ? 0 : BP_ECONFIG;
			return c->event == BP_EVENT_FLASH && bp_fault_fits(c->fault, c->position) ? parse_fault_arg(p, c) : BP_ECONFIG;
		}
	return BP_ECONFIG;
}

/* "@resume", "@restart", "@another", or nothing: one way to write that the host does nothing. */
static int parse_action(const char **p, struct bp_cutpoint *c)
{
	if (!take(p, "@"))
		return 0;
	for (unsigned i = BP_ACTION_NOTHING + 1; i < BP_ACTIONS; i++)
		if (!strcmp(*p, bp_action_names[i])) {
			*p += strlen(*p);
			c->action = (enum bp_action)i;
			return c->event == BP_EVENT_FLASH && c->fault == BP_FAULT_POWER_CUT ? 0 : BP_ECONFIG;
		}
	return BP_ECONFIG;
}

/* The rest of the text as a duration, no blanks. */
static int duration(const char **p, uint64_t *out)
{
	int rc = strchr(*p, ' ') ? BP_ECONFIG : bp_parse_duration(*p, 1, BP_CUT_MAX_NS, out, NULL);

	*p += strlen(*p);
	return rc ? BP_ECONFIG : 0;
}

static int parse_line(const char **p, struct bp_cutpoint *c)
{
	if (line_text(p, c->line) || !take(p, "#") || number(p, UINT32_MAX - 1, &c->n))
		return BP_ECONFIG;
	return take(p, "+") ? duration(p, &c->after_ns) : 0;
}

int bp_cutpoint_parse(const char *text, struct bp_cutpoint *out, struct bp_err *err)
{
	struct bp_cutpoint c = {0};
	const char *p = text;
	int rc = BP_ECONFIG;

	if (take(&p, "flash:")) {
		rc = parse_flash(&p, &c);
	} else if (take(&p, "link:")) {
		c.event = take(&p, "frame=") ? BP_EVENT_LINK_FRAME : BP_EVENT_LINK_BYTE;
		rc = number(&p, UINT32_MAX - 1, &c.n);
	} else if (take(&p, "line:")) {
		c.event = BP_EVENT_LINE;
		rc = parse_line(&p, &c);
	} else if (take(&p, "time:")) {
		c.event = BP_EVENT_TIME;
		c.n = 1;
		rc = duration(&p, &c.after_ns);
	}
	if (!rc)
		rc = parse_fault(&p, &c);
	if (!rc)
		rc = parse_action(&p, &c);
	if (rc || !c.n || *p)
		return bp_fail(err, BP_ECONFIG, "'%s' is no cut point; expected flash:N/before, flash:N/torn=P%%.K, flash:N/after, link:N, "
			       "link:frame=N, line:\"TEXT\"#N, line:\"TEXT\"#N+D or time:D, with N from 1, P from 1 to 99, TEXT up to %d bytes, "
			       "D as 35ms or 1.25s; before and after may end in !reset-pin, !reset-software or !reset-watchdog, "
			       "a power cut at a flash operation in @resume, @restart or @another",
			       text, BP_CUT_LINE_BYTES - 1);
	*out = c;
	return 0;
}
