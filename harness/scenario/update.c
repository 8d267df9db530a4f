/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update.c - the host's side of an update: offer, upload, trial request, reset,
 * outcome.
 */
#include "scenario/execute_parts.h"

#include "base/clock.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define HOLD_WATCH_NS UINT64_C(3000000000) /* a reset that comes later than that after its request comes for another reason */
#define PATIENCE 3u /* times that a host repeats a request, and an update, on a bad link */

/* What this update sends: the artifact's own bytes, or the case's edited ones. */
struct payload {
	const struct bp_artifact *artifact;
	struct bp_bytes manifest;
	struct bp_bytes image[BP_SLOTS];
	uint8_t sha256[BP_SLOTS][32]; /* what the opening request declares */
	uint32_t size[BP_SLOTS];
	uint8_t digest[BP_SLOTS][32];
	const struct bp_artifact *swap; /* from swap_percent on the bytes are this one's; NULL: none */
	uint32_t swap_percent;
};

/* The hash by which SMP names an image: its own TLV. A damaged one that cannot be read keeps the good one's. */
static void own_digest(const struct bp_bytes *image, uint8_t digest[32])
{
	struct bp_image_info info;

	if (!bp_image_parse(image->data, image->len, &info, NULL) && info.sha_at)
		memcpy(digest, image->data + info.sha_at, 32);
}

static void edited(const struct bp_exec *x, struct payload *p)
{
	if (x->edited_manifest.data)
		p->manifest = x->edited_manifest;
	for (unsigned s = 0; s < BP_SLOTS; s++) {
		if (!x->edited_image[s].data)
			continue;
		p->image[s] = x->edited_image[s];
		p->size[s] = (uint32_t)x->edited_image[s].len;
		/* Damage at the source is what the release declares; damage in transit happens behind its back. */
		if (x->edit->op->when == BP_EDIT_SOURCE) {
			crypto_hash_sha256(p->sha256[s], p->image[s].data, p->image[s].len);
			own_digest(&p->image[s], p->digest[s]);
		}
	}
}

static struct payload payload_of(const struct bp_exec *x, int artifact)
{
	const struct bp_artifact *a = &x->board->product->artifact[artifact];
	struct payload p = {.artifact = a, .manifest = a->manifest_cose};

	for (unsigned s = 0; s < BP_SLOTS; s++) {
		p.image[s] = a->image[s];
		p.size[s] = (uint32_t)a->image[s].len;
		memcpy(p.sha256[s], a->sha256[s], 32);
		memcpy(p.digest[s], a->digest[s], 32);
	}
	if (x->edit && x->update_index == x->n_updates)
		edited(x, &p);
	return p;
}

/* The manifest that an owner of the release key would make for the damaged images. */
static int source_manifest(struct bp_exec *x, struct bp_arena *a, const struct bp_artifact *art, struct bp_err *err)
{
	struct bp_manifest m = art->manifest;

	for (unsigned i = 0; i < m.n_payloads; i++) {
		const struct bp_bytes *image = &x->edited_image[m.payload[i].slot];

		m.payload[i].size = (uint32_t)image->len;
		crypto_hash_sha256(m.payload[i].sha256, image->data, image->len);
	}
	return bp_manifest_sign(a, &m, art->key, &x->edited_manifest, err);
}

static int last_update(const struct bp_scenario *s)
{
	int artifact = -1;

	for (unsigned i = 0; i < s->n_steps; i++)
		if (s->step[i].kind == BP_STEP_UPDATE || s->step[i].kind == BP_STEP_UPLOAD)
			artifact = s->step[i].artifact;
	return artifact;
}

int bp_exec_prepare_edit(struct bp_exec *x, struct bp_arena *a, struct bp_err *err)
{
	const struct bp_product *p = x->board->product;
	int index = last_update(x->scenario), rc = 0;
	const struct bp_artifact *art;
	struct bp_edit_context ctx = {
		.arena = a, .seed = x->edit_seed, .other_key = &p->other_key,
		.revoked_key = p->revoked_key.has_secret ? &p->revoked_key : NULL,
		.slot_size = p->board.dut.area[DUT_AREA_SLOT_A].size,
	};

	if (index < 0)
		return bp_fail(err, BP_ECONFIG, "%s: an edit needs an update step to work on", x->scenario->path);
	art = &p->artifact[index];
	ctx.key = art->key;
	ctx.manifest = &art->manifest;
	if (x->edit->op->target == BP_EDIT_MANIFEST) {
		rc = x->edit->op->apply(&ctx, art->manifest_cose.data, art->manifest_cose.len, &x->edited_manifest, err);
	} else {
		for (unsigned s = 0; s < BP_SLOTS && !rc; s++)
			rc = x->edit->op->apply(&ctx, art->image[s].data, art->image[s].len, &x->edited_image[s], err);
		if (!rc && x->edit->op->when == BP_EDIT_SOURCE)
			rc = source_manifest(x, a, art, err);
	}
	return rc ? bp_prefix(err, "edit %s", x->edit->op->name) : 0;
}

int bp_exec_trouble(struct bp_exec *x, int code, const struct bp_err *err)
{
	if (!bp_link_device_trouble(code))
		return code;
	x->update.code = code;
	snprintf(x->update.text, sizeof(x->update.text), "%.159s", err->text);
	bp_exec_note(x, "update: %s", x->update.text);
	return 0;
}

uint64_t bp_exec_reply_deadline(const struct bp_exec *x)
{
	return bp_world_now(&x->board->world) + x->board->product->reply_budget_ns;
}

static void refused(struct bp_exec *x, const struct bp_smp_reply *r, bool *where)
{
	*where = true;
	x->update.reason = r->reason;
	x->owed.acked_off = 0;
	bp_exec_owe(x, BP_STAGE_REFUSED, BP_PHASE_IDLE);
}

int bp_exec_count_ops(struct bp_exec *x, uint64_t *ops, struct bp_err *err)
{
	const struct bp_debug *debug = &x->board->debug;
	struct bp_observation o;
	int rc;

	if (debug->ops->count)
		return debug->ops->count(debug->self, ops, err);
	rc = debug->ops->observe(debug->self, &o, err);
	if (!rc)
		*ops = o.ops;
	return rc;
}

static int offer(struct bp_exec *x, const struct payload *p, struct bp_err *err)
{
	const struct bp_link *l = &x->board->link;
	struct bp_smp_reply r;
	int rc;

	bp_exec_note(x, "offer %s", p->artifact->name);
	bp_exec_owe(x, BP_STAGE_OFFERED, BP_PHASE_DOWNLOAD);
	rc = bp_exec_count_ops(x, &x->update.ops_before_offer, err);
	if (rc)
		return rc;
	rc = l->ops->offer(l->self, p->manifest.data, p->manifest.len, bp_exec_reply_deadline(x), &r, err);
	if (rc == BP_EREFUSED && bp_exec_count_ops(x, &x->update.ops_after_offer, err))
		return BP_EIO;
	if (rc == BP_EREFUSED)
		refused(x, &r, &x->update.manifest_refused);
	if (rc)
		return bp_exec_trouble(x, rc, err);
	if (!r.has_slot || r.slot >= BP_SLOTS || !r.has_off || r.off > p->image[r.slot].len)
		return bp_exec_trouble(x, bp_fail(err, BP_EPROTO, "the device accepted the manifest but named no slot or offset of it"), err);
	x->update.slot = r.slot;
	x->update.resumed_at = r.off;
	return 0;
}

/* n bytes at off of what is sent. */
static const uint8_t *bytes_of(const struct payload *p, unsigned slot, uint32_t off, uint32_t n)
{
	const struct bp_bytes *own = &p->image[slot], *other = p->swap ? &p->swap->image[slot] : NULL;

	if (!other || off < (uint64_t)own->len * p->swap_percent / 100 || off + n > other->len)
		return own->data + off;
	return other->data + off;
}

/* How long the device left the host without an answer while it was loading: nobody else would have got one either. */
static void note_gap(struct bp_exec *x, uint64_t asked_ns)
{
	uint64_t gap = bp_world_now(&x->board->world) - asked_ns;

	if (!x->again && gap > x->service_gap_ns)
		x->service_gap_ns = gap;
}

/*
 * Upload up to `until` bytes. The opening request is at offset 0 and names size
 * and hash; the answer says where the device wants to go on (Zephyr "Image
 * management", image upload). A device that asks for bytes again gets them,
 * within reason.
 */
static int upload(struct bp_exec *x, const struct payload *p, uint32_t until, struct bp_err *err)
{
	const struct bp_link *l = &x->board->link;
	const struct bp_bytes *image = &p->image[x->update.slot];
	uint32_t off = 0, chunk = x->board->product->chunk_bytes;
	uint64_t most = 2 * (uint64_t)image->len + 16 * (uint64_t)chunk;
	uint64_t began = bp_world_now(&x->board->world), budget = x->board->product->update_budget_ns;
	bool first = true;

	until -= until == image->len ? 0 : until % chunk; /* a part is sent in whole requests */
	bp_exec_owe(x, BP_STAGE_DOWNLOADING, BP_PHASE_DOWNLOAD);
	while (off < until) {
		uint32_t n = until - off < chunk ? until - off : chunk;
		uint64_t asked = bp_world_now(&x->board->world);
		struct bp_smp_reply r;
		int rc;

		x->update.asked_for += chunk; /* whole ones, or the last byte could be asked for as often as the image has bytes */
		if (x->update.asked_for > most)
			return bp_exec_trouble(x, bp_fail(err, BP_EPROTO, "the device asks for the same bytes over and over"), err);
		if (asked - began > budget)
			return bp_exec_trouble(x, bp_fail(err, BP_ETIMEOUT, "the upload takes longer than the update's budget of %u s",
							  (unsigned)(budget / BP_NS_PER_S)), err);
		rc = l->ops->send(l->self, off, bytes_of(p, x->update.slot, off, n), n, first, p->size[x->update.slot],
				  p->sha256[x->update.slot], bp_exec_reply_deadline(x), &r, err);
		if (rc == BP_EREFUSED)
			refused(x, &r, &x->update.payload_refused);
		if (rc)
			return bp_exec_trouble(x, rc, err);
		note_gap(x, asked);
		if (!r.has_off || r.off > image->len)
			return bp_exec_trouble(x, bp_fail(err, BP_EPROTO, "the device acknowledged bytes that were never sent"), err);
		/* Where the device really goes on, not where it said it would: what the opening request brought is no resuming. */
		if (first)
			x->update.resumed_at = r.off > n || r.off == x->update.resumed_at ? r.off : 0;
		off = r.off;
		first = false;
		if (bp_scenario_resumes(x->scenario) && off > x->owed.acked_off) {
			x->owed.acked_off = off;
			bp_exec_owe(x, BP_STAGE_DOWNLOADING, BP_PHASE_DOWNLOAD);
		}
	}
	return 0;
}

int bp_exec_ask_reset(struct bp_exec *x, struct bp_err *err)
{
	const struct bp_link *l = &x->board->link;
	struct bp_smp_reply r;
	int rc, left = (int)x->again;

	memset(&x->marks, 0, sizeof(x->marks));
	do {
		bp_exec_note(x, "reset");
		rc = l->ops->reset(l->self, bp_exec_reply_deadline(x), &r, err);
	} while (rc == BP_ETIMEOUT && !x->marks.boots && left-- > 0);
	return rc == BP_ETIMEOUT && x->marks.boots && x->again ? 0 : rc;
}

static int request_trial(struct bp_exec *x, const struct payload *p, bool stay, struct bp_err *err)
{
	const struct bp_link *l = &x->board->link;
	struct bp_smp_reply r;
	int rc;

	bp_exec_note(x, "request trial");
	bp_exec_owe(x, BP_STAGE_TEST_SENT, BP_PHASE_INSTALL);
	rc = l->ops->test(l->self, p->digest[x->update.slot], bp_exec_reply_deadline(x), &r, err);
	if (rc == BP_EREFUSED)
		refused(x, &r, &x->update.test_refused);
	if (rc)
		return bp_exec_trouble(x, rc, err);
	x->owed.acked_off = 0; /* the download has served its purpose */
	bp_exec_owe(x, BP_STAGE_TEST_ACKED, BP_PHASE_INSTALL);
	if (stay)
		return 0;
	rc = bp_exec_ask_reset(x, err);
	return rc ? bp_exec_trouble(x, rc, err) : 0;
}

static bool was_refused(const struct bp_exec *x)
{
	return x->update.manifest_refused || x->update.payload_refused || x->update.test_refused;
}

static bool over(const struct bp_exec *x)
{
	return x->update.code || was_refused(x);
}

int bp_exec_after_boot(struct bp_exec *x, struct bp_err *err)
{
	uint64_t until = bp_exec_reply_deadline(x);
	int rc;

	while (!x->marks.boots) { /* the device resets 100 ms after its answer: silence before that is no settling */
		rc = bp_wire_next(&x->board->wire, until, err);
		if (rc < 0)
			return rc;
		if (rc == BP_WIRE_OFF || rc == BP_WIRE_TIME)
			return bp_exec_trouble(x, rc == BP_WIRE_OFF ? bp_fail(err, BP_EPOWER, "the board lost power")
							    : bp_fail(err, BP_ETIMEOUT, "the device did not reset"), err);
	}
	rc = bp_exec_settle(x, err);
	if (rc < 0)
		return rc;
	if (rc == BP_SETTLED_OFF)
		return bp_exec_trouble(x, bp_fail(err, BP_EPOWER, "the board lost power"), err);
	x->never_settled = x->never_settled || rc == BP_SETTLED_NOT;
	if (rc == BP_SETTLED_NOT)
		return bp_exec_trouble(x, bp_fail(err, BP_ETIMEOUT, "the device did not settle after the update"), err);
	return 0;
}

static int observed(struct bp_exec *x, int *artifact, struct bp_err *err)
{
	const struct bp_debug *debug = &x->board->debug;
	struct bp_observation o;
	int rc = debug->ops->observe(debug->self, &o, err);

	if (!rc)
		*artifact = o.artifact;
	return rc;
}

/* Products of one slot: the recovery image carries out the update. */
static int enter_recovery(struct bp_exec *x, struct bp_err *err)
{
	const struct bp_link *l = &x->board->link;
	struct bp_smp_reply r;
	int rc, runs;

	if (!l->ops->recover)
		return bp_fail(err, BP_ECONFIG, "%s: link '%s' cannot start the recovery image that the product names", x->board->name, l->ops->name);
	bp_exec_note(x, "reset into recovery");
	bp_exec_owe(x, BP_STAGE_OFFERED, BP_PHASE_DOWNLOAD);
	memset(&x->marks, 0, sizeof(x->marks));
	rc = l->ops->recover(l->self, bp_exec_reply_deadline(x), &r, err);
	if (rc)
		return bp_exec_trouble(x, rc, err);
	rc = bp_exec_after_boot(x, err);
	if (rc || x->update.code)
		return rc;
	rc = observed(x, &runs, err);
	if (!rc && runs != x->board->product->recovery)
		return bp_exec_trouble(x, bp_fail(err, BP_EPROTO, "the device did not start its recovery image"), err);
	return rc;
}

/* A refused update is over: back to what the device makes of it. */
static int leave_recovery(struct bp_exec *x, struct bp_err *err)
{
	int rc = bp_exec_ask_reset(x, err);

	return rc ? bp_exec_trouble(x, rc, err) : bp_exec_after_boot(x, err);
}

/* A reset that is held back does not happen. */
static int stays_up(struct bp_exec *x, struct bp_err *err)
{
	int rc = bp_exec_run_for(x, HOLD_WATCH_NS, err);

	return rc || !x->marks.boots ? rc
				    : bp_exec_trouble(x, bp_fail(err, BP_EPROTO, "the device reset although the application held it back"), err);
}

static int offer_to_outcome(struct bp_exec *x, const struct bp_step *step, struct bp_err *err)
{
	struct payload p = payload_of(x, step->artifact);
	uint32_t until;
	int rc;

	if (step->kind == BP_STEP_UPDATE && step->swap_percent) {
		p.swap = &x->board->product->artifact[step->swap];
		p.swap_percent = step->swap_percent;
	}
	rc = offer(x, &p, err);

	if (rc || over(x))
		return rc;
	until = (uint32_t)((uint64_t)p.image[x->update.slot].len * step->until_percent / 100);
	rc = upload(x, &p, until, err);
	if (rc || over(x) || step->kind == BP_STEP_UPLOAD)
		return rc;
	bp_exec_owe(x, BP_STAGE_WRITTEN, BP_PHASE_INSTALL);
	rc = request_trial(x, &p, step->stay, err);
	if (!rc && !over(x) && x->held)
		rc = stays_up(x, err);
	if (rc || over(x) || step->stay || !step->wait)
		return rc;
	return bp_exec_after_boot(x, err);
}

/* The slot that does not run; of a product with one slot that one. */
static int target_slot(struct bp_exec *x, uint32_t *slot, struct bp_err *err)
{
	const struct bp_debug *debug = &x->board->debug;
	struct bp_observation o;
	int rc = debug->ops->observe(debug->self, &o, err);

	if (!rc)
		*slot = x->board->product->recovery >= 0 || o.artifact < 0 ? 0 : 1 - o.slot;
	return rc;
}

/* By a link that does it as one piece: from here on the device may have been asked to try the image. */
static int deliver(struct bp_exec *x, const struct bp_step *step, struct bp_err *err)
{
	const struct bp_link *l = &x->board->link;
	struct payload p = payload_of(x, step->artifact);
	struct bp_delivery d = {.artifact = p.artifact->name, .manifest = p.manifest};
	char version[32];
	int rc = target_slot(x, &d.slot, err);

	if (!rc && l->ops->offline)
		rc = bp_exec_power_off(x, err);
	if (rc)
		return rc;
	d.version = bp_version_show(version, &p.artifact->version);
	d.image = p.image[d.slot];
	d.sha256 = p.sha256[d.slot];
	x->update.slot = d.slot;
	bp_exec_note(x, "deliver %s to slot %c by %s", d.artifact, 'a' + (char)d.slot, l->ops->name);
	memset(&x->marks, 0, sizeof(x->marks));
	bp_exec_owe(x, BP_STAGE_TEST_SENT, BP_PHASE_INSTALL);
	rc = l->ops->deliver(l->self, &d, err);
	if (rc == BP_EREFUSED)
		refused(x, &(struct bp_smp_reply){0}, &x->update.payload_refused);
	if (rc)
		return bp_exec_trouble(x, rc, err);
	if (x->owed.stage < BP_STAGE_TEST_ACKED)
		bp_exec_owe(x, BP_STAGE_TEST_ACKED, BP_PHASE_INSTALL);
	if (l->ops->offline)
		rc = bp_exec_power_on(x, err);
	return rc || !step->wait ? rc : bp_exec_after_boot(x, err);
}

void bp_exec_patient(struct bp_exec *x, bool patient)
{
	const struct bp_link *l = &x->board->link;

	x->again = patient ? PATIENCE : 0;
	if (l->ops->repeat)
		l->ops->repeat(l->self, x->again);
}

static int once(struct bp_exec *x, const struct bp_step *step, struct bp_err *err)
{
	bool recovery = x->board->product->recovery >= 0;
	int rc = 0;

	memset(&x->update, 0, sizeof(x->update));
	if (x->board->debug.ops->mark_wear)
		x->board->debug.ops->mark_wear(x->board->debug.self);
	if (x->owed.stage == BP_STAGE_CONFIRMED)
		x->owed.good = x->owed.target;
	if (x->owed.target != step->artifact) /* what was acknowledged of the same binds until more is */
		x->owed.acked_off = 0;
	x->owed.target = (int8_t)step->artifact;
	if (x->board->link.ops->deliver)
		return deliver(x, step, err);
	if (recovery)
		rc = enter_recovery(x, err);
	if (!rc && !x->update.code)
		rc = offer_to_outcome(x, step, err);
	if (!rc && recovery && was_refused(x))
		rc = leave_recovery(x, err);
	return rc;
}

/* A bad link may end an update in silence, or in a refusal with a reason: then it must go through when it is begun again. */
int bp_exec_update(struct bp_exec *x, const struct bp_step *step, struct bp_err *err)
{
	int rc = once(x, step, err);

	for (unsigned left = x->again; !rc && left && over(x) && x->update.code != BP_EPOWER; left--) {
		if (was_refused(x) && !x->update.reason)
			break;
		bp_exec_note(x, "the update begins again");
		rc = once(x, step, err);
	}
	return rc;
}
