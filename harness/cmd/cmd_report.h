/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_report.h - `brickproof report`: build the reports of a run again from its journal. */
#ifndef BP_CMD_CMD_REPORT_H
#define BP_CMD_CMD_REPORT_H

/* argv[0] is "report". Returns the exit status: 0 written, 2 usage or a journal that is wrong, 99 cannot be written. */
int bp_cmd_report(int argc, char **argv);

#endif
