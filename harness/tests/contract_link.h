/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contract_link.h - what every link must do (bench/link.h), as a check over one
 * board that has `from` in slot A: the virtual one, or a served one behind real
 * drivers. It fails the running cmocka test with the link's name in front.
 */
#ifndef BP_TESTS_CONTRACT_LINK_H
#define BP_TESTS_CONTRACT_LINK_H

#include "bench/board.h"

struct contract_link {
	const char *name;
	struct bp_board *board;
};

/*
 * It runs `from`; what it refuses is BP_EREFUSED with its reason, changes nothing
 * and is not the end (links that go through an update request by request); it takes
 * an update to `to`, says so, and takes one to `followup` after that. A board that
 * is off is the device's trouble, by the deadline.
 */
void contract_link(const struct contract_link *c);

#endif
