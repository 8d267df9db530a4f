/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smp.h - SMP (mcumgr) messages and their console framing, host side. Pure:
 * bytes in, bytes out, no device, no allocation, never blocks.
 *
 * Sources: Zephyr "SMP protocol specification", "SMP transport: console/UART";
 * groups and own group 64: firmware-under-test/README.md, "SMP".
 */
#ifndef BP_BENCH_SMP_H
#define BP_BENCH_SMP_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define BP_SMP_HEADER_BYTES 8
#define BP_SMP_MAX_MESSAGE 2048      /* header and CBOR */
#define BP_SMP_MAX_LINE 127          /* characters without the newline, marker included */
#define BP_SMP_MAX_FRAMED (BP_SMP_MAX_MESSAGE * 4 / 3 + 256)

enum bp_smp_op { BP_SMP_READ = 0, BP_SMP_READ_RSP = 1, BP_SMP_WRITE = 2, BP_SMP_WRITE_RSP = 3 };
enum bp_smp_group { BP_SMP_OS = 0, BP_SMP_IMAGE = 1, BP_SMP_OWN = 64 };

struct bp_smp_header {
	uint8_t op, flags;
	uint16_t len, group;
	uint8_t seq, id;
};

/* Frame msg[len] as console lines into out[cap]; returns bytes or BP_ENOMEM. */
int bp_smp_frame(const uint8_t *msg, size_t len, uint8_t *out, size_t cap, struct bp_err *err);

/* Puts console bytes together again; text lines and frames share the wire. All zero to begin with. */
struct bp_smp_deframer {
	uint8_t line[BP_SMP_MAX_LINE + 2]; /* NUL-terminated once it was handed out */
	size_t line_len;
	int line_skip;                   /* the line was too long for a frame: kept as text, cut */
	int line_done;                   /* the line was handed out: the next byte begins a new one */
	uint8_t msg[BP_SMP_MAX_MESSAGE + 4];
	size_t msg_len, msg_want;        /* 0 want: no frame under way */
};

enum bp_smp_event { BP_SMP_NOTHING, BP_SMP_TEXT, BP_SMP_MESSAGE, BP_SMP_BAD };

/*
 * Feed one byte. BP_SMP_TEXT: line/line_len hold a text line without newline;
 * BP_SMP_MESSAGE: msg/msg_len hold a message whose length and CRC are right;
 * BP_SMP_BAD: a frame was damaged and dropped. Held until the next call.
 *
 * A text line between the lines of a frame does not disturb the frame. A frame
 * that begins while another is unfinished drops that one: BP_SMP_BAD is reported
 * with the second marker byte, so that the new frame keeps its own event.
 */
enum bp_smp_event bp_smp_deframe(struct bp_smp_deframer *d, uint8_t byte);

/* Feed up to len bytes, but no further than the next event. Returns the bytes taken; *event as above. */
size_t bp_smp_feed(struct bp_smp_deframer *d, const uint8_t *bytes, size_t len, enum bp_smp_event *event);

/* Requests: header and CBOR into out[cap]; return bytes or BP_ENOMEM. seq is chosen by the caller. */
int bp_smp_echo(uint8_t *out, size_t cap, uint8_t seq, const char *text, struct bp_err *err);
int bp_smp_reset(uint8_t *out, size_t cap, uint8_t seq, struct bp_err *err);
/* The same into the bootloader's recovery: "boot_mode" 1 (Zephyr, OS management reset; enum BOOT_MODE_TYPES). */
int bp_smp_reset_recovery(uint8_t *out, size_t cap, uint8_t seq, struct bp_err *err);
int bp_smp_image_list(uint8_t *out, size_t cap, uint8_t seq, struct bp_err *err);
int bp_smp_image_test(uint8_t *out, size_t cap, uint8_t seq, const uint8_t hash[32], struct bp_err *err);
int bp_smp_image_confirm(uint8_t *out, size_t cap, uint8_t seq, struct bp_err *err);
/* first: len and sha go along (off must be 0). */
int bp_smp_upload(uint8_t *out, size_t cap, uint8_t seq, uint32_t off, const uint8_t *data, size_t len,
		  int first, uint32_t image_len, const uint8_t sha[32], struct bp_err *err);
int bp_smp_manifest(uint8_t *out, size_t cap, uint8_t seq, const uint8_t *m, size_t len, struct bp_err *err);
int bp_smp_status(uint8_t *out, size_t cap, uint8_t seq, struct bp_err *err);
int bp_smp_hold(uint8_t *out, size_t cap, uint8_t seq, int hold, struct bp_err *err);
int bp_smp_config(uint8_t *out, size_t cap, uint8_t seq, uint32_t interval, struct bp_err *err);

/* Bits of `transitions`: what the last update went through. */
enum bp_smp_transition {
	BP_SMP_DOWNLOADED = 1, BP_SMP_WRITTEN = 2, BP_SMP_TRIAL = 4, BP_SMP_CONFIRMED = 8, BP_SMP_ROLLED_BACK = 16,
};

/* What an answer may say. Absent fields keep has_… 0. */
struct bp_smp_reply {
	struct bp_smp_header header;
	uint32_t rc, reason;
	int has_rc, has_reason;
	uint32_t off, slot;              /* upload, manifest, status */
	int has_off, has_slot;
	/* status */
	uint32_t step, running, active, pending, attempts, state, counter, transitions, boots;
	int has_status;
	char version[32], text[64];      /* version; echo's "r" */
	uint32_t schema, interval;       /* of the device's configuration, if it has one */
	int has_interval;
	/* image list: first two slots */
	struct { int present, active, confirmed, pending; uint8_t hash[32]; char version[32]; } image[2];
};

/* Parse an answer; bounded, unknown keys stepped over. BP_EPROTO says what is wrong. */
int bp_smp_parse(const uint8_t *msg, size_t len, struct bp_smp_reply *reply, struct bp_err *err);

#endif
