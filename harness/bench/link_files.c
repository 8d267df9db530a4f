/* SPDX-License-Identifier: Apache-2.0 */
/* link_files.c - an update's files for a command of the user's. */
#include "bench/link_parts.h"

#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((format(printf, 3, 4)))
static void set(struct bp_link_files *f, unsigned i, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->text[i], sizeof(f->text[i]), fmt, ap);
	va_end(ap);
	f->env[i] = f->text[i];
}

static void set_all(struct bp_link_files *f, const struct bp_board *b, const struct bp_delivery *d)
{
	char hex[65];

	for (unsigned i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", d->sha256[i]);
	set(f, 0, "BRICKPROOF_BOARD=%s", b->name);
	set(f, 1, "BRICKPROOF_ARTIFACT=%s", d->artifact);
	set(f, 2, "BRICKPROOF_VERSION=%s", d->version);
	set(f, 3, "BRICKPROOF_SLOT=%c", 'a' + (char)d->slot);
	set(f, 4, "BRICKPROOF_IMAGE=%s", f->image);
	set(f, 5, "BRICKPROOF_MANIFEST=%s", f->manifest);
	set(f, 6, "BRICKPROOF_SHA256=%s", hex);
	set(f, 7, "BRICKPROOF_DIR=%s", f->dir);
}

int bp_link_files_make(struct bp_link_files *f, const struct bp_board *b, const struct bp_delivery *d, struct bp_err *err)
{
	int rc;

	*f = (struct bp_link_files){.product = b->product, .dir = "/tmp/brickproof-update-XXXXXX"};
	if (!mkdtemp(f->dir)) {
		f->dir[0] = '\0';
		return bp_fail(err, BP_EIO, "board %s: cannot make a folder for an update's files: %s", b->name, strerror(errno));
	}
	snprintf(f->image, sizeof(f->image), "%s/image.bin", f->dir);
	snprintf(f->manifest, sizeof(f->manifest), "%s/manifest.cose", f->dir);
	set_all(f, b, d);
	rc = bp_write_file(f->image, d->image.data, d->image.len, err);
	return rc ? rc : bp_write_file(f->manifest, d->manifest.data, d->manifest.len, err);
}

void bp_link_files_remove(struct bp_link_files *f)
{
	char path[128];

	if (!f->dir[0])
		return;
	unlink(f->image);
	unlink(f->manifest);
	for (unsigned i = 0; f->areas && i < DUT_AREA_COUNT; i++) {
		snprintf(path, sizeof(path), "%s/%s.bin", f->dir, f->product->area_name[i]);
		unlink(path);
	}
	rmdir(f->dir);
}
