/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_token.c - tokens and cut points of any content. What is accepted has one
 * way to be written, and is bounded.
 */
#include "explore/token.h"

#include <stdlib.h>
#include <string.h>

static void must(int ok)
{
	if (!ok)
		abort();
}

static void check_cut(const struct bp_cutpoint *c, const char *text)
{
	char shown[BP_CUTPOINT_TEXT];
	struct bp_cutpoint again;

	must(c->event < BP_EVENTS && c->n >= 1);
	must(c->position != BP_CUT_TORN || (c->torn.percent >= 1 && c->torn.percent <= 99));
	bp_cutpoint_show(shown, c);
	must(strlen(shown) < sizeof(shown) - 1);
	/* Line texts between quotes and durations may be written in more than one way: in tokens there is one. */
	if (text && c->event != BP_EVENT_LINE && c->event != BP_EVENT_TIME)
		must(!strcmp(shown, text));
	must(strspn(shown, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%#+=/:!") == strlen(shown));
	must(!bp_cutpoint_parse(shown, &again, NULL));
	must(again.event == c->event && again.n == c->n && again.position == c->position && again.torn.percent == c->torn.percent &&
	     again.torn.k == c->torn.k && again.fault == c->fault && again.fault_arg == c->fault_arg &&
	     again.after_ns == c->after_ns && !strcmp(again.line, c->line));
}

static void check_token(const struct bp_token *t, const char *text)
{
	must(t->product[0] && strnlen(t->product, sizeof(t->product)) < sizeof(t->product));
	must(t->scenario[0] && strnlen(t->scenario, sizeof(t->scenario)) < sizeof(t->scenario));
	must(t->hash8[0] && strnlen(t->hash8, sizeof(t->hash8)) < sizeof(t->hash8));
	must(strnlen(t->edit, sizeof(t->edit)) < sizeof(t->edit));
	must(t->damage <= BP_MAX_DAMAGES && !(t->damage && t->edit[0]));
	must(!strncmp(text, "bp1:", 4) && strstr(text, t->product) && strstr(text, t->scenario) && strstr(text, t->edit));
	must(t->n_cuts <= BP_MAX_DEPTH);
	for (unsigned i = 0; i < t->n_cuts; i++)
		check_cut(&t->cut[i], NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1); /* of its own, so that a read past the end is seen */
	struct bp_err err = {.text = ""};
	struct bp_token t;
	struct bp_cutpoint c;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!bp_token_parse(text, &t, &err))
		check_token(&t, text);
	else
		must(err.text[0] != '\0');
	if (!bp_cutpoint_parse(text, &c, &err))
		check_cut(&c, text);
	free(text);
	return 0;
}
