/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BP_CMD_CMD_IMAGE_H
#define BP_CMD_CMD_IMAGE_H

/* `brickproof image …`; argv[0] is "image". Returns the exit status: 0, 1 (show: something is bad), 2, 99. */
int bp_cmd_image(int argc, char **argv);

#endif
