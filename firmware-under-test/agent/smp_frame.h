/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smp_frame.h - SMP messages as console lines (Zephyr, "SMP Transport
 * Specification", UART/serial and console): a marker, 06 09 on the first line and
 * 04 14 on further ones, then base64 of `length BE16, message, CRC-16 BE`, where
 * the length counts message and CRC. Text lines may stand in between.
 */
#ifndef FW_SMP_FRAME_H
#define FW_SMP_FRAME_H

#include <stdint.h>

#define SMP_MAX_LINE 160u      /* received: 127 characters are usual, and a newline */
#define SMP_MAX_REQUEST 1280u  /* a manifest of 1024 bytes, or a chunk of 1 KiB, with header and keys */
#define SMP_MAX_ANSWER 512u

/* All zero to begin with. */
struct smp_rx {
	uint8_t frame[SMP_MAX_REQUEST + 8]; /* length, message, CRC */
	uint32_t len;                       /* bytes so far; 0: no frame is under way */
};

/*
 * Take one received line, with or without its line end. 1: a message is complete, *msg points
 * to its *msg_len bytes until the next call. 0: more is needed, the line is text, or the frame was damaged and is
 * dropped.
 */
int smp_rx_line(struct smp_rx *rx, const uint8_t *line, uint32_t line_len, const uint8_t **msg, uint32_t *msg_len);

/* Frame len bytes (at most SMP_MAX_ANSWER) and send them with one write. */
void smp_tx(const uint8_t *msg, uint32_t len);

#endif
