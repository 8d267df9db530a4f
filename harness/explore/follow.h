/* SPDX-License-Identifier: Apache-2.0 */
/* follow.h - the way of one nested case, cut by cut: what replays a token without the sweep around it. */
#ifndef BP_EXPLORE_FOLLOW_H
#define BP_EXPLORE_FOLLOW_H

#include "explore/runner.h"
#include "explore/token.h"

/*
 * Make the plan's cases and runs those of the token: case n is its n-th cut, case 0
 * stands for what is no cut. All but the last are judged, for the log of their
 * recovery; the last is judged from it, into *out. *c is its case. The runner's
 * last trace was the plan's scenario. BP_EUSAGE: there is no such cut point.
 */
int bp_follow(struct bp_runner *r, struct bp_arena *a, const struct bp_token *t, struct bp_plan *plan, const struct bp_case **c,
	      struct bp_judgement *out, struct bp_err *err);

#endif
