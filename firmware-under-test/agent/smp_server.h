/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smp_server.h - requests to handlers and back (Zephyr, "SMP Protocol
 * Specification", header of version 0).
 */
#ifndef FW_SMP_SERVER_H
#define FW_SMP_SERVER_H

#include "boot/boot_state.h"
#include "boot/reason.h"
#include "lib/cbor.h"

#include <stdint.h>

/* enum mcumgr_err_t: the codes that we answer with. */
enum smp_rc { SMP_OK = 0, SMP_UNKNOWN = 1, SMP_EINVAL = 3, SMP_ENOTSUP = 8, SMP_ECORRUPT = 9, SMP_EBUSY = 10 };

enum smp_op { SMP_READ = 0, SMP_WRITE = 2 };
enum smp_group { SMP_OS = 0, SMP_IMAGE = 1, SMP_OWN = 64 };

struct smp_answer {
	struct cbor_writer out;   /* the handler writes one whole map */
	enum reason reason;       /* of a refusal; NONE: none is told */
	int reset;                /* reset once the answer is sent */
};

/*
 * in: the request's CBOR. SMP_OK: the answer's map is written. Else what was written is dropped
 * and {"rc", "reason"} sent.
 */
typedef enum smp_rc (*smp_handler)(struct cbor_reader *in, struct smp_answer *answer);

/* Serve one message; sends the answer. 1: a reset is due. */
int smp_serve(const uint8_t *msg, uint32_t len);

/* ---- what the groups share ---- */

/* Read the request's map head into *left, which smp_next_key() counts down. 0 or -1. */
int smp_map(struct cbor_reader *in, uint32_t *left);
/* Next key (text). 1, 0 at the end, -1 malformed. */
int smp_next_key(struct cbor_reader *in, uint32_t *left, struct cbor_item *key);

/* A key and its value. */
void smp_put_uint(struct cbor_writer *w, const char *key, uint32_t v);
void smp_put_bool(struct cbor_writer *w, const char *key, int v);
void smp_put_version(struct cbor_writer *w, const struct fw_version *v);

/* Notes why in the answer; returns the code that fits it best. */
enum smp_rc smp_refused(struct smp_answer *answer, enum reason why);

/* os_group.c */
enum smp_rc os_echo(struct cbor_reader *in, struct smp_answer *answer);
enum smp_rc os_reset(struct cbor_reader *in, struct smp_answer *answer);
/* img_group.c */
enum smp_rc img_list(struct cbor_reader *in, struct smp_answer *answer);
enum smp_rc img_set_state(struct cbor_reader *in, struct smp_answer *answer);
enum smp_rc img_upload(struct cbor_reader *in, struct smp_answer *answer);
/* own_group.c */
enum smp_rc own_manifest(struct cbor_reader *in, struct smp_answer *answer);
enum smp_rc own_status(struct cbor_reader *in, struct smp_answer *answer);
enum smp_rc own_reasons(struct cbor_reader *in, struct smp_answer *answer);
enum smp_rc own_config(struct cbor_reader *in, struct smp_answer *answer);
enum smp_rc own_hold(struct cbor_reader *in, struct smp_answer *answer);

#endif
