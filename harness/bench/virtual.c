/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/virtual.h"

#include <string.h>

static int image_table(struct bp_arena *a, const struct bp_product *p, struct bp_image_table *out)
{
	struct bp_image_row *row = bp_arena_array(a, (size_t)p->n_artifacts * BP_SLOTS, sizeof(*row));
	unsigned n = 0;

	if (!row)
		return BP_ENOMEM;
	for (unsigned i = 0; i < p->n_artifacts; i++) {
		const struct bp_artifact *art = &p->artifact[i];

		for (unsigned s = 0; s < BP_SLOTS; s++, n++) {
			row[n] = (struct bp_image_row){
				.name = art->name, .runs = art->runs, .slot = s, .size = (uint32_t)art->image[s].len,
				.artifact = (int)i, .released = art->released,
			};
			memcpy(row[n].sha256, art->sha256[s], sizeof(row[n].sha256));
		}
	}
	*out = (struct bp_image_table){row, n};
	return 0;
}

static int check_entries(const struct bp_product *p, const struct bp_firmware *fw, struct bp_err *err)
{
	for (unsigned i = 0; i < p->n_artifacts; i++)
		if (!bp_firmware_entry(fw, p->artifact[i].runs))
			return bp_fail(err, BP_ECONFIG, "%s: artifact '%s' runs '%s', which firmware %s does not have",
				       p->path, p->artifact[i].name, p->artifact[i].runs, fw->path);
	return 0;
}

static int sense(void *self, const struct bp_around *around, struct bp_err *err)
{
	struct bp_virtual *v = self;

	(void)err;
	bp_vboard_surround(v->vboard, around);
	return 0;
}

int bp_virtual_open(struct bp_arena *a, const struct bp_product *product, const char *firmware, enum bp_accel accel,
		    uint64_t seed, struct bp_virtual **out, struct bp_err *err)
{
	struct bp_virtual *v = bp_arena_alloc(a, sizeof(*v));
	struct bp_vboard_setup setup;
	int rc;

	if (!v || image_table(a, product, &v->images))
		return bp_fail(err, BP_ENOMEM, "no memory for a virtual board");
	rc = bp_firmware_load(a, firmware, &v->firmware, err);
	if (rc)
		return rc;
	rc = check_entries(product, &v->firmware, err);
	if (rc)
		goto err_unload;
	setup = (struct bp_vboard_setup){&product->board, &v->firmware, &v->images, accel, seed};
	rc = bp_vboard_new(a, &setup, &v->vboard, err);
	if (rc)
		goto err_unload;
	v->wear = bp_arena_array(a, bp_vboard_flash(v->vboard)->n_pages, sizeof(*v->wear));
	if (!v->wear) {
		rc = bp_fail(err, BP_ENOMEM, "no memory for a virtual board");
		goto err_board;
	}
	v->smp.wire = &v->board.wire;
	v->board.name = "virtual";
	v->board.product = product;
	v->board.world = (struct bp_world){&bp_world_virtual_ops, v};
	v->board.power = (struct bp_power){&bp_power_virtual_ops, v};
	v->board.console = (struct bp_console){&bp_console_virtual_ops, v};
	v->board.debug = (struct bp_debug){&bp_debug_virtual_ops, v};
	v->board.senses = (struct bp_senses){sense, v};
	v->board.link = (struct bp_link){&bp_link_smp_ops, &v->smp};
	bp_wire_init(&v->board.wire, &v->board.world, &v->board.console, NULL);
	*out = v;
	return 0;

err_board:
	bp_vboard_free(v->vboard);
err_unload:
	bp_firmware_unload(&v->firmware);
	return rc;
}

void bp_virtual_close(struct bp_virtual *v)
{
	if (!v)
		return;
	bp_vboard_free(v->vboard);
	bp_firmware_unload(&v->firmware);
}
