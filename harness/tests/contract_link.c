/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "scenario/execute.h"
#include "tests/contract_link.h"

#define S UINT64_C(1000000000)

static struct bp_scenario scenario;
static struct bp_exec x;
static struct bp_err err;

static int artifact(const struct contract_link *c, const char *name)
{
	return (int)(bp_product_artifact(c->board->product, name) - c->board->product->artifact);
}

static uint64_t soon(const struct contract_link *c)
{
	return bp_world_now(&c->board->world) + 5 * S;
}

/* On, and settled. */
static void begin(const struct contract_link *c)
{
	memset(&scenario, 0, sizeof(scenario));
	scenario.start[0] = artifact(c, "from");
	scenario.start[1] = -1;
	bp_exec_begin(&x, c->board, &scenario);
	if (bp_exec_power_on(&x, &err))
		fail_msg("%s: power on: %s", c->name, err.text);
	if (bp_exec_settle(&x, &err) != BP_SETTLED)
		fail_msg("%s: it does not settle: %s", c->name, err.text);
}

static void runs(const struct contract_link *c, const char *name)
{
	const struct bp_link *l = &c->board->link;
	int want = artifact(c, name);
	struct bp_smp_reply status, images;

	if (l->ops->status(l->self, soon(c), &status, &err))
		fail_msg("%s: status: %s", c->name, err.text);
	assert_true(status.has_status && status.has_reason);
	assert_in_range(status.running, 0, BP_SLOTS - 1);
	if (l->ops->images(l->self, soon(c), &images, &err))
		fail_msg("%s: images: %s", c->name, err.text);
	assert_true(images.image[status.running].present && images.image[status.running].active);
	if (memcmp(images.image[status.running].hash, c->board->product->artifact[want].digest[status.running], 32))
		fail_msg("%s: it does not run '%s'", c->name, name);
}

static void update(const struct contract_link *c, const char *name)
{
	struct bp_step step = {.kind = BP_STEP_UPDATE, .artifact = artifact(c, name), .wait = true, .until_percent = 100, .refused = -1};

	x.owed.end_running = 1u << step.artifact;
	if (bp_exec_update(&x, &step, &err))
		fail_msg("%s: update to %s: %s", c->name, name, err.text);
	if (x.update.code || x.update.manifest_refused || x.update.payload_refused || x.update.test_refused)
		fail_msg("%s: update to %s: refused for reason %u, or trouble: %s", c->name, name, x.update.reason, x.update.text);
	if (x.owed.stage != BP_STAGE_CONFIRMED)
		fail_msg("%s: update to %s: it ended at stage '%s'", c->name, name, bp_stage_names[x.owed.stage]);
}

static void refuses(const struct contract_link *c)
{
	const struct bp_link *l = &c->board->link;
	const struct bp_artifact *to = &c->board->product->artifact[artifact(c, "to")];
	uint8_t digest[32] = {1}, bytes[64];
	struct bp_smp_reply r;

	memcpy(bytes, to->manifest_cose.data, sizeof(bytes)); /* cut short */
	assert_int_equal(l->ops->offer(l->self, bytes, sizeof(bytes), soon(c), &r, &err), BP_EREFUSED);
	assert_true(r.has_reason && r.reason);
	assert_int_equal(l->ops->send(l->self, 0, bytes, sizeof(bytes), true, (uint32_t)to->image[1].len, to->sha256[1], soon(c), &r, &err),
			 BP_EREFUSED);
	assert_int_equal(l->ops->test(l->self, digest, soon(c), &r, &err), BP_EREFUSED);
}

void contract_link(const struct contract_link *c)
{
	const struct bp_link *l = &c->board->link;
	struct bp_smp_reply r;
	int rc;

	begin(c);
	runs(c, "from");
	if (!l->ops->deliver) {
		refuses(c);
		runs(c, "from");
	}
	update(c, "to");
	runs(c, "to");
	update(c, "followup");
	runs(c, "followup");
	if (bp_exec_power_off(&x, &err))
		fail_msg("%s: power off: %s", c->name, err.text);
	rc = l->ops->status(l->self, soon(c), &r, &err);
	if (!bp_link_device_trouble(rc))
		fail_msg("%s: status of a board that is off: %d (%s)", c->name, rc, rc ? err.text : "");
}
