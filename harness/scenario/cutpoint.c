/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/cutpoint.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

const char *const bp_event_names[BP_EVENTS] = {"flash", "link-byte", "link-frame"};

const char *const bp_fault_names[BP_FAULTS] = {"power-cut", "reset-pin", "reset-software", "reset-watchdog"};

char *bp_cutpoint_show(char out[BP_CUTPOINT_TEXT], const struct bp_cutpoint *c)
{
	if (c->event == BP_EVENT_LINK_BYTE)
		snprintf(out, BP_CUTPOINT_TEXT, "link:%u", c->n);
	else if (c->event == BP_EVENT_LINK_FRAME)
		snprintf(out, BP_CUTPOINT_TEXT, "link:frame=%u", c->n);
	else if (c->position == BP_CUT_TORN)
		snprintf(out, BP_CUTPOINT_TEXT, "flash:%u/torn=%u%%.%u", c->n, c->torn.percent, c->torn.k);
	else
		snprintf(out, BP_CUTPOINT_TEXT, "flash:%u/%s", c->n, c->position == BP_CUT_BEFORE ? "before" : "after");
	if (c->fault != BP_FAULT_POWER_CUT)
		snprintf(out + strlen(out), BP_CUTPOINT_TEXT - strlen(out), "!%s", bp_fault_names[c->fault]);
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

/* "!reset-pin", or nothing. A power cut is written without its name; a reset tears nothing. */
static int parse_fault(const char **p, struct bp_cutpoint *c)
{
	if (!take(p, "!"))
		return 0;
	for (unsigned i = BP_FAULT_POWER_CUT + 1; i < BP_FAULTS; i++)
		if (!strcmp(*p, bp_fault_names[i])) {
			*p += strlen(*p);
			c->fault = (enum bp_fault)i;
			return c->event == BP_EVENT_FLASH && c->position != BP_CUT_TORN ? 0 : BP_ECONFIG;
		}
	return BP_ECONFIG;
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
		if (!c.n)
			rc = BP_ECONFIG;
	}
	if (!rc)
		rc = parse_fault(&p, &c);
	if (rc || *p)
		return bp_fail(err, BP_ECONFIG, "'%s' is no cut point; expected flash:N/before, flash:N/torn=P%%.K, "
			       "flash:N/after, link:N or link:frame=N, with N from 1 and P from 1 to 99; "
			       "before and after may end in !reset-pin, !reset-software or !reset-watchdog", text);
	*out = c;
	return 0;
}
