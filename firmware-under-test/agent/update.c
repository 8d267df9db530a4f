/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/update.h"

#include "agent/download.h"
#include "agent/gates.h"
#include "agent/manifest.h"
#include "agent/progress.h"
#include "boot/boot_counter.h"
#include "boot/image_verify.h"
#include "boot/print.h"
#include "dut.h"

#include <string.h>

static struct {
	enum agent_mode mode;
	uint32_t running, target;   /* slots */
	int trial;
	struct boot_state state;
	uint32_t counter;           /* stored security counter */
	struct image_info info;     /* of the running image; zero in recovery */
	struct progress known;      /* as flash has it */
	int accepted;               /* `manifest` is one of this session, and download_*() is aimed at its payload */
	struct manifest manifest;
	enum reason reason;         /* of the last refusal in this session */
	int interrupted;            /* the last session left a download unfinished */
} u;

static enum reason refuse(enum reason why)
{
	struct line l;

	u.reason = why;
	line_start(&l, "agent: refused ");
	line_text(&l, reason_name(why));
	line_end(&l);
	return why;
}

/*
 * A record of the image whose trial has been asked for since tells nothing new: a
 * cut came between the request and the record's end.
 */
static int is_unfinished(const struct progress *p)
{
	int passed = (u.state.transitions & TRANSITION_WRITTEN) &&
		     !memcmp(p->sha256, u.state.target_sha256, sizeof(p->sha256));

	return p->step == PROGRESS_DOWNLOADING && p->slot == u.target && !passed;
}

void update_init(enum agent_mode mode, uint32_t running_slot, int trial)
{
	memset(&u, 0, sizeof(u));
	download_init();
	u.mode = mode;
	u.running = mode == AGENT_APP ? running_slot : SLOT_NONE;
	u.target = mode == AGENT_APP ? 1 - running_slot : 0;
	u.trial = mode == AGENT_APP && trial;
	u.counter = boot_counter_read();
	if (boot_state_load(&u.state) == STATE_LOST) {
		memset(&u.state, 0, sizeof(u.state));
		u.state.pending = SLOT_NONE;
		u.state.reason = REASON_STATE_LOST;
	}
	if (mode == AGENT_RECOVERY)
		u.reason = REASON_NO_IMAGE;
	else if (!u.trial && u.state.phase != BOOT_IDLE)
		u.reason = REASON_FLASH_FAILED; /* the bootloader could not write that the trial begins, or that it is over */
	else if (image_inspect(running_slot, &u.info) != REASON_NONE)
		memset(&u.info, 0, sizeof(u.info)); /* it runs, so the bootloader saw more than we do: tell no version */
	progress_load(&u.known);
	u.interrupted = is_unfinished(&u.known);
}

/* ---- manifest ------------------------------------------------------------ */

/*
 * The slot is about to be written: it must not be booted any more, neither as a
 * requested trial nor, where the recovery image was started by hand and writes the
 * only other slot, as the active one.
 */
static int give_up_target(void)
{
	int is_active = u.mode == AGENT_APP && u.state.active != u.running;

	if (u.state.phase == BOOT_IDLE && !is_active)
		return 0;
	if (is_active)
		u.state.active = (uint8_t)u.running;
	u.state.pending = SLOT_NONE;
	u.state.attempts = 0;
	u.state.phase = BOOT_IDLE;
	u.state.transitions = 0;
	return boot_state_commit(&u.state);
}

/* Everything about the manifest that can be wrong before a byte of the image has come. */
static enum reason judge(const uint8_t *data, uint32_t len, struct manifest *m)
{
	const struct manifest_payload *p;
	enum reason why;

	if (u.trial)
		return REASON_BUSY;
	why = manifest_open(data, len, m);
	if (why == REASON_NONE)
		why = manifest_check(m, u.counter);
	if (why != REASON_NONE)
		return why;
	p = manifest_for_slot(m, u.target);
	if (!p)
		return REASON_WRONG_SLOT;
	if (!p->size)
		return REASON_WRONG_SIZE;
	if (p->size > dut_board()->area[DUT_AREA_SLOT_A + u.target].size)
		return REASON_NO_SPACE;
	return gate_download();
}

enum reason update_offer(const uint8_t *manifest, uint32_t len, uint32_t *slot, uint32_t *off)
{
	static struct manifest m;
	enum reason why = judge(manifest, len, &m);

	if (why != REASON_NONE)
		return refuse(why);
	if (give_up_target())
		return refuse(REASON_FLASH_FAILED);
	u.manifest = m;
	u.accepted = 0;
	progress_load(&u.known);
	if (download_open(manifest_for_slot(&u.manifest, u.target), &u.known))
		return refuse(REASON_FLASH_FAILED);
	u.accepted = 1;
	u.reason = REASON_NONE;
	u.interrupted = 0;
	*slot = u.target;
	*off = download_off();
	print("agent: manifest ok");
	return REASON_NONE;
}

/* ---- upload -------------------------------------------------------------- */

/* The whole file is in flash: is it what the manifest promised, and would the bootloader take it? */
static enum reason judge_image(const struct manifest_payload *p)
{
	struct image_info info;
	uint8_t digest[32];
	enum reason why;

	if (flash_sha256(dut_board()->area[DUT_AREA_SLOT_A + p->slot].addr, p->size, digest))
		return REASON_FLASH_FAILED;
	if (memcmp(digest, p->sha256, sizeof(digest)) != 0)
		return REASON_BAD_HASH;
	why = image_verify(p->slot, u.counter, &info);
	if (why != REASON_NONE)
		return why;
	return info.counter == u.manifest.rollback_index ? REASON_NONE : REASON_ROLLBACK_INDEX;
}

static enum reason finish(const struct manifest_payload *p)
{
	enum reason why = judge_image(p);

	if (why == REASON_NONE && download_finish())
		why = REASON_FLASH_FAILED;
	if (why != REASON_NONE) {
		download_abort();
		return refuse(why);
	}
	print("agent: downloaded");
	print("agent: written");
	return REASON_NONE;
}

static enum reason judge_chunk(const struct update_chunk *c)
{
	const struct manifest_payload *p;

	if (u.trial)
		return REASON_BUSY;
	if (!u.accepted)
		return REASON_UNSIGNED;
	p = manifest_for_slot(&u.manifest, u.target);
	if ((c->has_len && c->len != p->size) || c->off > p->size || c->data_len > p->size - c->off)
		return REASON_WRONG_SIZE;
	if (c->sha256 && memcmp(c->sha256, p->sha256, sizeof(p->sha256)) != 0)
		return REASON_BAD_HASH;
	return REASON_NONE;
}

enum reason update_write(const struct update_chunk *c, uint32_t *next)
{
	const struct manifest_payload *p;
	enum reason why = judge_chunk(c);

	if (why != REASON_NONE)
		return refuse(why);
	p = manifest_for_slot(&u.manifest, u.target);
	if (c->off == download_off() && c->data_len) {
		if (download_write(c->data, c->data_len))
			return refuse(REASON_FLASH_FAILED);
		if (download_off() == p->size)
			why = finish(p);
	}
	*next = download_off();
	return why;
}

/* ---- trial --------------------------------------------------------------- */

static enum reason judge_trial(const uint8_t digest[32], struct image_info *info)
{
	enum reason why;

	if (u.trial)
		return REASON_BUSY;
	progress_load(&u.known);
	if (u.known.step != PROGRESS_WRITTEN || u.known.slot != u.target)
		return REASON_NO_IMAGE;
	why = gate_install();
	if (why != REASON_NONE)
		return why;
	why = image_verify(u.target, u.counter, info);
	if (why != REASON_NONE)
		return why;
	return memcmp(digest, info->digest, sizeof(info->digest)) == 0 ? REASON_NONE : REASON_BAD_HASH;
}

/* The request came before: its answer was lost. */
static int is_requested(const uint8_t digest[32])
{
	struct image_info info;

	return u.state.phase == BOOT_PENDING && u.state.pending == u.target &&
	       image_inspect(u.target, &info) == REASON_NONE && !memcmp(digest, info.digest, sizeof(info.digest));
}

enum reason update_request_trial(const uint8_t digest[32])
{
	const struct dut_board *b = dut_board();
	struct boot_state next = u.state;
	struct image_info info;
	enum reason why;

	if (is_requested(digest))
		return REASON_NONE;
	why = judge_trial(digest, &info);
	if (why != REASON_NONE)
		return refuse(why);
	/* In recovery no slot is good, so the other one may as well be what a failed trial falls back to. */
	if (u.mode == AGENT_RECOVERY)
		next.active = (uint8_t)(1 - u.target);
	next.pending = (uint8_t)u.target;
	next.attempts = (uint8_t)(b->trial_attempts < UINT8_MAX ? b->trial_attempts : UINT8_MAX);
	next.phase = BOOT_PENDING;
	next.reason = REASON_NONE;
	next.transitions = TRANSITION_DOWNLOADED | TRANSITION_WRITTEN;
	next.target_counter = info.counter;
	next.target_version = info.version;
	memcpy(next.target_sha256, u.known.sha256, sizeof(next.target_sha256));
	if (boot_state_commit(&next))
		return refuse(REASON_FLASH_FAILED);
	u.state = next;
	u.accepted = 0;
	print("agent: trial requested");
	/* Only now: until the request stands, the record is what says that the image is written. */
	progress_clear();
	progress_load(&u.known);
	return REASON_NONE;
}

enum reason update_confirm(void)
{
	struct boot_state next = u.state;

	if (u.mode != AGENT_APP)
		return refuse(REASON_NO_IMAGE);
	if (!u.trial)
		return REASON_NONE;
	next.active = (uint8_t)u.running;
	next.pending = SLOT_NONE;
	next.attempts = 0;
	next.phase = BOOT_IDLE;
	next.reason = REASON_OK;
	next.transitions |= TRANSITION_CONFIRMED;
	/* The counter after the state: an image that may still be rolled back must not shut out the one before it. */
	if (boot_state_commit(&next))
		return refuse(REASON_FLASH_FAILED);
	u.state = next;
	if (boot_counter_raise(u.info.counter))
		return refuse(REASON_FLASH_FAILED);
	u.counter = boot_counter_read();
	u.trial = 0;
	u.reason = REASON_NONE;
	print("app: confirmed");
	return REASON_NONE;
}

int update_fail(enum reason why)
{
	if (!u.trial || u.state.phase != BOOT_TRIAL)
		return 0;
	u.state.attempts = 0;
	u.state.reason = (uint8_t)why;
	return boot_state_commit(&u.state);
}

/* ---- status -------------------------------------------------------------- */

void update_status(struct update_status *out)
{
	const struct progress *p = &u.known;

	out->step = u.accepted ? PROGRESS_DOWNLOADING : p->slot == u.target ? p->step : PROGRESS_NONE;
	out->off = u.accepted ? download_off() : out->step == PROGRESS_NONE ? 0 : p->off;
	if (u.accepted && out->off == manifest_for_slot(&u.manifest, u.target)->size)
		out->step = PROGRESS_WRITTEN;
	out->running = u.running;
	out->trial = u.trial;
	out->reason = u.reason != REASON_NONE ? u.reason : u.interrupted ? REASON_INTERRUPTED : (enum reason)u.state.reason;
	out->counter = u.counter;
	out->version = u.info.version;
	out->state = &u.state;
}
