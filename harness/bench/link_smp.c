/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/link_smp.h"

#include "bench/board.h"

/* Wait for the answer with that sequence number; others are late answers and are passed over. */
static int answer(struct bp_link_smp *l, uint8_t seq, uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err)
{
	for (;;) {
		int rc = bp_wire_next(l->wire, deadline_ns, err);

		if (rc < 0)
			return rc;
		if (rc == BP_WIRE_OFF)
			return bp_fail(err, BP_EPOWER, "the board lost power");
		if (rc == BP_WIRE_TIME)
			return bp_fail(err, BP_ETIMEOUT, "no answer from the device");
		if (rc == BP_WIRE_BAD)
			return bp_fail(err, BP_EPROTO, "damaged frame from the device");
		if (rc != BP_WIRE_MESSAGE)
			continue;
		rc = bp_smp_parse(l->wire->msg, l->wire->msg_len, out, err);
		if (rc)
			return rc;
		if (out->header.seq != seq)
			continue;
		if (out->has_rc && out->rc)
			return bp_fail(err, BP_EREFUSED, "the device refused (rc %u, reason %u)", out->rc, out->reason);
		return 0;
	}
}

static int send_once(struct bp_link_smp *l, const uint8_t *msg, int len, uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err)
{
	uint8_t seq = l->seq++;
	int rc;

	if (len < 0)
		return len;
	rc = bp_wire_send(l->wire, msg, (size_t)len, err);
	return rc < 0 ? rc : answer(l, seq, deadline_ns, out, err);
}

/* The same bytes again, with the same number: whichever answer comes, it is of this request. */
static int request(struct bp_link_smp *l, const uint8_t *msg, int len, uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err)
{
	uint64_t began = bp_world_now(l->wire->world), span = deadline_ns > began ? deadline_ns - began : 0;
	uint8_t seq = l->seq;
	int rc = send_once(l, msg, len, deadline_ns, out, err);

	for (unsigned i = 0; i < l->repeats && (rc == BP_ETIMEOUT || rc == BP_EPROTO); i++) {
		l->seq = seq;
		rc = send_once(l, msg, len, bp_world_now(l->wire->world) + span, out, err);
	}
	return rc;
}

static void repeat(void *self, unsigned times)
{
	struct bp_link_smp *l = self;

	l->repeats = times;
}

static int offer(void *self, const uint8_t *manifest, size_t len, uint64_t deadline_ns, struct bp_smp_reply *out,
		 struct bp_err *err)
{
	struct bp_link_smp *l = self;
	uint8_t msg[BP_SMP_MAX_MESSAGE];

	return request(l, msg, bp_smp_manifest(msg, sizeof(msg), l->seq, manifest, len, err), deadline_ns, out, err);
}

static int send_chunk(void *self, uint32_t off, const uint8_t *data, size_t len, bool first, uint32_t total,
		      const uint8_t sha256[32], uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err)
{
	struct bp_link_smp *l = self;
	uint8_t msg[BP_SMP_MAX_MESSAGE];

	return request(l, msg, bp_smp_upload(msg, sizeof(msg), l->seq, off, data, len, first, total, sha256, err),
		       deadline_ns, out, err);
}

static int test(void *self, const uint8_t digest[32], uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err)
{
	struct bp_link_smp *l = self;
	uint8_t msg[128];

	return request(l, msg, bp_smp_image_test(msg, sizeof(msg), l->seq, digest, err), deadline_ns, out, err);
}

int bp_link_smp_reset(void *self, uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err)
{
	struct bp_link_smp *l = self;
	uint8_t msg[64];

	return send_once(l, msg, bp_smp_reset(msg, sizeof(msg), l->seq, err), deadline_ns, out, err);
}

static int recover(void *self, uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err)
{
	struct bp_link_smp *l = self;
	uint8_t msg[64];

	return send_once(l, msg, bp_smp_reset_recovery(msg, sizeof(msg), l->seq, err), deadline_ns, out, err);
}

int bp_link_smp_images(void *self, uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err)
{
	struct bp_link_smp *l = self;
	uint8_t msg[64];

	return request(l, msg, bp_smp_image_list(msg, sizeof(msg), l->seq, err), deadline_ns, out, err);
}

int bp_link_smp_status(void *self, uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err)
{
	struct bp_link_smp *l = self;
	uint8_t msg[64];

	return request(l, msg, bp_smp_status(msg, sizeof(msg), l->seq, err), deadline_ns, out, err);
}

static int hold(void *self, bool held, uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err)
{
	struct bp_link_smp *l = self;
	uint8_t msg[64];

	return request(l, msg, bp_smp_hold(msg, sizeof(msg), l->seq, held, err), deadline_ns, out, err);
}

static int config(void *self, uint32_t interval, uint64_t deadline_ns, struct bp_smp_reply *out, struct bp_err *err)
{
	struct bp_link_smp *l = self;
	uint8_t msg[64];

	return request(l, msg, bp_smp_config(msg, sizeof(msg), l->seq, interval, err), deadline_ns, out, err);
}

static int open_smp(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, struct bp_board *board, void **self,
		    struct bp_err *err)
{
	struct bp_link_smp *l = bp_arena_alloc(a, sizeof(*l));

	if (!l)
		return bp_fail(err, BP_ENOMEM, "board %s: no memory for a link", board->name);
	l->wire = &board->wire;
	*self = l;
	return config ? bp_map_done(d, config) : 0;
}

const struct bp_link_ops bp_link_smp_ops = {
	.name = "smp",
	.help = "SMP (mcumgr) over the console, or over: {driver: serial|tcp|rfc2217, …} a port of its own",
	.open = open_smp,
	.repeat = repeat, .offer = offer, .send = send_chunk, .test = test, .reset = bp_link_smp_reset, .images = bp_link_smp_images,
	.recover = recover, .hold = hold, .config = config, .status = bp_link_smp_status,
};
