/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_debug.c - an update through the debug port: the image is written into the
 * slot of a board that is off, then whatever asks the bootloader to try it.
 *
 *     link:
 *       driver: debug
 *       request: [request-trial]    # prints what to write, a line each: ADDRESS HEXBYTES
 *       timeout: 10 s
 *
 * Words that never change, as MCUboot's magic at the slot's end, stand in the
 * product file (`link`, `request`) and need no command. The command as in hook.h,
 * its environment as in link_parts.h; in $BRICKPROOF_DIR stands AREA.bin of each
 * area of the board's flash, as it is. A bootloader that tries what it finds needs
 * neither. The rest of the slot is blank, as a programmer leaves it.
 */
#include "bench/link_parts.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define TIMEOUT_NS (10 * BP_NS_PER_S)
#define OUTPUT_BYTES 16384u
#define BLOCK 4096u

struct by_debug {
	struct bp_link_smp smp;       /* first: what the device runs is asked over SMP */
	struct bp_board *board;
	struct bp_hook request;       /* argv[0] NULL: none */
	char said[OUTPUT_BYTES];
};

static const struct dut_area *area(const struct bp_board *b, unsigned id)
{
	return &b->product->board.dut.area[id];
}

/* ---- the image ------------------------------------------------------------------------------ */

static int write_slot(const struct bp_board *b, const struct bp_delivery *d, struct bp_err *err)
{
	const struct dut_area *slot = area(b, DUT_AREA_SLOT_A + d->slot);
	uint8_t block[BLOCK];
	int rc = 0;

	if (d->image.len > slot->size)
		return bp_fail(err, BP_ECONFIG, "board %s: %s has %zu bytes, its slot %u", b->name, d->artifact, d->image.len, slot->size);
	for (uint32_t at = 0, n; at < slot->size && !rc; at += n) {
		uint32_t left = at < d->image.len ? (uint32_t)d->image.len - at : 0;

		n = slot->size - at < BLOCK ? slot->size - at : BLOCK;
		memset(block, b->product->board.flash.erased, n);
		memcpy(block, d->image.data + at, left < n ? left : n);
		rc = b->debug.ops->write(b->debug.self, slot->addr + at, block, n, err);
	}
	return rc;
}

/* ---- the request ---------------------------------------------------------------------------- */

/* Only what a device could write itself: not the bootloader, and within one area. */
static int write_words(const struct bp_board *b, uint32_t addr, const uint8_t *bytes, size_t n, struct bp_err *err)
{
	for (unsigned i = DUT_AREA_BOOT + 1; i < DUT_AREA_COUNT; i++)
		if (addr >= area(b, i)->addr && addr - area(b, i)->addr < area(b, i)->size && n <= area(b, i)->size - (addr - area(b, i)->addr))
			return b->debug.ops->write(b->debug.self, addr, bytes, (uint32_t)n, err);
	return bp_fail(err, BP_EIO, "board %s: its request command wants %zu bytes at 0x%x, which is no place within an area of product %s", b->name,
		       n, addr, b->product->name);
}

int bp_link_write_line(char *line, uint32_t *addr, uint8_t bytes[BP_LINK_WRITE_BYTES], size_t *n, struct bp_err *err)
{
	char shown[64], *blank, *end = line + strlen(line);
	uint64_t value;
	int got;

	while (end > line && (end[-1] == ' ' || end[-1] == '\r'))
		*--end = '\0';
	if (!*line || *line == '#')
		return 0;
	blank = strchr(line, ' ');
	if (!blank)
		return bp_fail(err, BP_EPROTO, "%s is no 'ADDRESS HEXBYTES'", bp_quote(shown, sizeof(shown), line));
	*blank = '\0';
	if (bp_parse_u64(line, 0, UINT32_MAX, &value, NULL))
		return bp_fail(err, BP_EPROTO, "%s is no address", bp_quote(shown, sizeof(shown), line));
	got = bp_unhex(blank + 1, bytes, BP_LINK_WRITE_BYTES, NULL);
	if (got <= 0)
		return bp_fail(err, BP_EPROTO, "at 0x%x: %s is no hex of 1 to %u bytes", (unsigned)value, bp_quote(shown, sizeof(shown), blank + 1),
			       BP_LINK_WRITE_BYTES);
	*addr = (uint32_t)value;
	*n = (size_t)got;
	return 1;
}

static int write_what_it_said(struct by_debug *l, struct bp_err *err)
{
	static uint8_t bytes[BP_LINK_WRITE_BYTES];
	struct bp_err why;
	char *save = NULL;
	int rc = 0;

	for (char *line = strtok_r(l->said, "\n", &save); line && rc >= 0; line = strtok_r(NULL, "\n", &save)) {
		uint32_t addr = 0;
		size_t n = 0;

		rc = bp_link_write_line(line, &addr, bytes, &n, &why);
		if (rc > 0)
			rc = write_words(l->board, addr, bytes, n, err);
		else if (rc < 0) /* the command's doing, not the device's */
			rc = bp_fail(err, BP_EIO, "board %s: request command '%s' said %s", l->board->name, l->request.argv[0], why.text);
	}
	return rc < 0 ? rc : 0;
}

/* The board's flash as it is, for a command that must know what stands there. */
static int save_areas(const struct by_debug *l, struct bp_link_files *f, struct bp_err *err)
{
	struct bp_arena *a = bp_arena_new((size_t)64 * 1024 * 1024);
	const struct bp_board *b = l->board;
	char path[128];
	int rc = a ? 0 : bp_fail(err, BP_ENOMEM, "board %s: no memory for its flash", b->name);

	f->areas = true;
	for (unsigned i = DUT_AREA_BOOT + 1; i < DUT_AREA_COUNT && !rc; i++) {
		uint8_t *bytes = area(b, i)->size ? bp_arena_alloc(a, area(b, i)->size) : NULL;

		if (!area(b, i)->size)
			continue;
		rc = bytes ? b->debug.ops->read(b->debug.self, area(b, i)->addr, bytes, area(b, i)->size, err)
			   : bp_fail(err, BP_ENOMEM, "board %s: no memory for its flash", b->name);
		snprintf(path, sizeof(path), "%s/%s.bin", f->dir, b->product->area_name[i]);
		if (!rc)
			rc = bp_write_file(path, bytes, area(b, i)->size, err);
	}
	bp_arena_free(a);
	return rc;
}

static int ask_command(struct by_debug *l, const struct bp_delivery *d, struct bp_err *err)
{
	struct bp_link_files f;
	int rc = bp_link_files_make(&f, l->board, d, err);

	if (!rc)
		rc = save_areas(l, &f, err);
	if (!rc)
		rc = bp_hook_ask(&l->request, "request command", l->board->name, f.env, bp_deadline_in(l->request.timeout_ns), l->said,
				 sizeof(l->said), err);
	bp_link_files_remove(&f);
	return rc ? rc : write_what_it_said(l, err);
}

static int write_request(const struct bp_board *b, uint32_t slot, struct bp_err *err)
{
	int rc = 0;

	for (unsigned i = 0; i < b->product->n_request && !rc; i++) {
		const struct bp_request_words *w = &b->product->request[i];
		const struct dut_area *in = area(b, w->area == BP_REQUEST_SLOT ? DUT_AREA_SLOT_A + slot : (unsigned)w->area);

		rc = write_words(b, in->addr + (w->from_end ? in->size - w->at : w->at), w->bytes, w->n, err);
	}
	return rc;
}

static int deliver(void *self, const struct bp_delivery *d, struct bp_err *err)
{
	struct by_debug *l = self;
	int rc = write_slot(l->board, d, err);

	if (!rc)
		rc = write_request(l->board, d->slot, err);
	if (!rc && l->request.argv[0])
		rc = ask_command(l, d, err);
	/* The device does not run: a probe, a switch or a command that hangs is not its doing. */
	if (bp_link_device_trouble(rc)) {
		rc = BP_EIO;
		if (err)
			err->code = rc;
	}
	return rc;
}

/* ---- open ------------------------------------------------------------------------------------- */

static int open_debug(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, struct bp_board *board, void **self,
		      struct bp_err *err)
{
	struct by_debug *l = bp_arena_alloc(a, sizeof(*l));

	if (!l)
		return bp_fail(err, BP_ENOMEM, "board %s: no memory for a link", board->name);
	l->smp.wire = &board->wire;
	l->board = board;
	l->request.timeout_ns = TIMEOUT_NS;
	*self = l;
	if (!config)
		return 0;
	bp_hook_read(a, d, bp_map_get(config, "request"), &l->request);
	bp_hook_timeout(d, config, &l->request.timeout_ns);
	return bp_map_done(d, config);
}

const struct bp_link_ops bp_link_debug_ops = {
	.name = "debug",
	.help = "the image is written into its slot through the debug port: request: [PROGRAM, ARG...]",
	.open = open_debug, .offline = true, .deliver = deliver,
	.reset = bp_link_smp_reset, .images = bp_link_smp_images, .status = bp_link_smp_status,
};
