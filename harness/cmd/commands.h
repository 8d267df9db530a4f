/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands.h - the subcommands. Each takes its own argv (argv[0] is its name)
 * and returns the program's exit status: 0 all passed, 1 a device failed, 2 usage
 * or configuration, 77 nothing to run, 99 trouble of the rig.
 */
#ifndef BP_CMD_COMMANDS_H
#define BP_CMD_COMMANDS_H

#include "base/err.h"

enum {
	BP_EXIT_PASSED = 0,
	BP_EXIT_FAILED = 1,
	BP_EXIT_USAGE = 2,
	BP_EXIT_NOTHING = 77,
	BP_EXIT_RIG = 99,
};

int bp_cmd_run(int argc, char **argv);
int bp_cmd_list(int argc, char **argv);
int bp_cmd_explain(int argc, char **argv);
int bp_cmd_replay(int argc, char **argv);
int bp_cmd_mutants(int argc, char **argv);
int bp_cmd_speed(int argc, char **argv);
int bp_cmd_board(int argc, char **argv);
int bp_cmd_bench(int argc, char **argv);

/*
 * Say what is wrong with the option that getopt_long() just refused: c is what it
 * returned ('?', or ':' for a value that is missing; the short options begin with
 * a colon), longs and argv what it was given. Returns BP_EUSAGE.
 */
struct option;
int bp_bad_option(int c, const struct option *longs, char **argv, struct bp_err *err);

/* Print the error on stderr behind the program's name; the exit status that fits its code. */
int bp_complain(const struct bp_err *err);

#endif
