/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_fw_agent.c - the firmware's update agent on any input: raw console bytes,
 * or bytes framed as SMP messages, so that manifests, uploads and image groups are
 * reached. Whatever comes, it may not break a flash rule and never writes the
 * slot that runs.
 */
#include "agent/agent.h"
#include "tests/fake_dut.h"
#include "tests/fake_manifest.h"
#include "tests/fake_wire.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES 3000u
#define POLLS 64u

static void serve(void *ctx)
{
	(void)ctx;
	agent_init(AGENT_APP, 0, 0);
	for (unsigned i = 0; i < POLLS && fake.in_len; i++)
		agent_poll(1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char wire[4 * FAKE_WIRE_BYTES];
	uint8_t slot[1024];
	uint32_t n = 0;

	if (size < 1 || size > MAX_BYTES)
		return 0;
	fake_new(4, 0xff);
	fake_manifest_key();
	fake_power_on(0);
	fake.accel = data[0] & 2 ? 1 : -1; /* every signature is good: what stands behind the check is reached */
	memcpy(slot, fake.flash + fake.board.area[DUT_AREA_SLOT_A].addr, sizeof(slot));
	if (data[0] & 1) { /* messages: a length byte pair each, then the bytes */
		for (size_t at = 1; at + 2 <= size && n + FAKE_WIRE_BYTES <= sizeof(wire);) {
			uint32_t len = ((uint32_t)data[at] << 8 | data[at + 1]) % (FAKE_WIRE_MAX_MESSAGE + 1);

			at += 2;
			if (len > size - at)
				len = (uint32_t)(size - at);
			if (len)
				n += fake_wire(data + at, len, 93, wire + n);
			at += len;
		}
		fake.in = (const uint8_t *)wire;
		fake.in_len = n;
	} else {
		fake.in = data + 1;
		fake.in_len = (uint32_t)size - 1;
	}
	fake_run(serve, NULL);
	if (fake.rule_breaks || memcmp(slot, fake.flash + fake.board.area[DUT_AREA_SLOT_A].addr, sizeof(slot)))
		abort();
	return 0;
}
