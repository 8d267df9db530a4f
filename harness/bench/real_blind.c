/* SPDX-License-Identifier: Apache-2.0 */
/*
 * real_blind.c - a board without a probe: its start state by a command, the proof
 * of power loss by its console, what runs by its own word.
 */
#include "bench/real_parts.h"

#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RISE_MS 250 /* as real.c */

/* ---- was power lost? ---------------------------------------------------------------------- */

void bp_real_unproven(struct bp_real *r, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (r->unproven++)
		return;
	n = snprintf(r->unproven_text, sizeof(r->unproven_text), "no power loss: ");
	va_start(ap, fmt);
	vsnprintf(r->unproven_text + n, sizeof(r->unproven_text) - (size_t)n, fmt, ap);
	va_end(ap);
}

void bp_real_await_cause(struct bp_real *r)
{
	r->awaits_cause = r->product->marks.power_on != NULL;
	if (!r->awaits_cause)
		bp_real_unproven(r, "no probe, and the product's console does not tell (marks: power-on)");
}

void bp_real_cause_line(struct bp_real *r, const char *line, size_t len)
{
	const char *mark = r->product->marks.power_on;

	if (r->awaits_cause && memmem(line, len, mark, strlen(mark)))
		r->awaits_cause = false;
}

/*
 * A board that never answers is not held against the switch, which has proven
 * itself in this case's start: else a brick would never be found.
 */
void bp_real_cause_due(struct bp_real *r)
{
	if (r->awaits_cause)
		bp_real_unproven(r, "after power-on the console never said '%s'", r->product->marks.power_on);
	r->awaits_cause = false;
}

/* ---- what runs? --------------------------------------------------------------------------- */

int bp_real_ask_images(struct bp_real *r, struct bp_err *err)
{
	const struct bp_link *l = &r->board.link;
	struct bp_smp_reply reply;
	int rc = l->ops->images(l->self, bp_world_now(&r->board.world) + r->product->reply_budget_ns, &reply, err);

	if (rc)
		return bp_link_device_trouble(rc) ? 0 : rc;
	bp_real_cause_due(r);
	r->seen.idle = true;
	for (unsigned s = 0; s < BP_SLOTS; s++) {
		if (!reply.image[s].present || !reply.image[s].active)
			continue;
		r->seen.slot = s;
		r->seen.artifact = BP_OBSERVED_UNKNOWN;
		for (unsigned i = 0; i < r->product->n_artifacts; i++)
			if (r->product->artifact[i].image[s].len && !memcmp(r->product->artifact[i].digest[s], reply.image[s].hash, 32))
				r->seen.artifact = (int)i;
	}
	return 0;
}

/* ---- the start state ------------------------------------------------------------------------ */

static int write_files(const struct bp_real *r, const char *dir, const uint8_t *flash, struct bp_err *err)
{
	char path[128], list[DUT_AREA_COUNT * 48];
	size_t n = 0;
	int rc = 0;

	for (unsigned i = DUT_AREA_BOOT + 1; i < DUT_AREA_COUNT && !rc; i++) {
		const struct dut_area *area = &r->product->board.dut.area[i];

		if (!area->size)
			continue;
		snprintf(path, sizeof(path), "%s/%s.bin", dir, r->product->area_name[i]);
		rc = bp_write_file(path, flash + area->addr, area->size, err);
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s 0x%x %u\n", r->product->area_name[i], area->addr, area->size);
	}
	snprintf(path, sizeof(path), "%s/areas", dir);
	return rc ? rc : bp_write_file(path, list, n, err);
}

static void remove_files(const struct bp_real *r, const char *dir)
{
	char path[128];

	for (unsigned i = DUT_AREA_BOOT + 1; i < DUT_AREA_COUNT; i++) {
		snprintf(path, sizeof(path), "%s/%s.bin", dir, r->product->area_name[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/areas", dir);
	unlink(path);
	rmdir(dir);
}

static int run(struct bp_real *r, const char *dir, struct bp_err *err)
{
	char board[96], product[96], folder[96];
	const char *const env[] = {board, product, folder, NULL};

	snprintf(board, sizeof(board), "BRICKPROOF_BOARD=%s", r->bench->name);
	snprintf(product, sizeof(product), "BRICKPROOF_PRODUCT=%s", r->product->name);
	snprintf(folder, sizeof(folder), "BRICKPROOF_DIR=%s", dir);
	return bp_hook_run(&r->provision, "provision command", r->bench->name, env, bp_deadline_in(r->provision.timeout_ns), err);
}

int bp_real_provision(struct bp_real *r, const uint8_t *flash, struct bp_err *err)
{
	char dir[] = "/tmp/brickproof-start-XXXXXX";
	int rc = r->on ? 0 : r->power.ops->on(r->power.self, err), off;

	if (rc)
		return rc;
	r->on = true;
	poll(NULL, 0, RISE_MS);
	if (!mkdtemp(dir))
		return bp_fail(err, BP_EIO, "board %s: cannot make a folder for its start state: %s", r->bench->name, strerror(errno));
	rc = write_files(r, dir, flash, err);
	if (!rc)
		rc = run(r, dir, err);
	remove_files(r, dir);
	off = bp_real_power_down(r, rc ? NULL : err);
	return rc ? rc : off;
}
