/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle/verdict.h"

#include <string.h>

static const char *const names[BP_VERDICTS] = {
	[BP_PASS] = "pass",
	[BP_FAIL] = "fail",
	[BP_NOT_EXERCISED] = "not-exercised",
	[BP_RIG] = "rig",
	[BP_SKIP] = "skip",
};

const char *bp_verdict_name(enum bp_verdict v)
{
	return (unsigned)v < BP_VERDICTS ? names[v] : "unknown";
}

int bp_verdict_parse(const char *name, enum bp_verdict *out, struct bp_err *err)
{
	for (unsigned i = 0; i < BP_VERDICTS; i++) {
		if (strcmp(name, names[i]) == 0) {
			*out = (enum bp_verdict)i;
			return 0;
		}
	}
	return bp_fail(err, BP_ECONFIG,
		       "unknown verdict '%s'; expected pass, fail, not-exercised, rig or skip", name);
}
