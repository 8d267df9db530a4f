/* SPDX-License-Identifier: Apache-2.0 */
/*
 * junit.h - the results as JUnit XML, as Jenkins and GitLab read it.
 *
 * One testsuite a scenario; its cases are summed into one testcase a variant.
 * A rig verdict, a case of a required scenario that was not exercised, and a
 * positive control that nothing caught are errors; a device that broke an
 * invariant is a failure.
 */
#ifndef BP_RESULT_JUNIT_H
#define BP_RESULT_JUNIT_H

#include "base/text.h"
#include "result/results.h"

/* Appends the document to out. BP_ENOMEM when its arena is full. */
int bp_junit_write(const struct bp_results *r, struct bp_text *out, struct bp_err *err);

#endif
