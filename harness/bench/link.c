/* SPDX-License-Identifier: Apache-2.0 */
/* link.c - the drivers of the role "link". */
#include "bench/link_parts.h"

const struct bp_link_ops *const bp_link_drivers[] = {&bp_link_smp_ops, &bp_link_debug_ops, &bp_link_exec_ops, NULL};
