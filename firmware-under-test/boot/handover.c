/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/handover.h"

#include "dut.h"

#define MAGIC 0x4250u /* "BP" */

enum { WORD_WHO, WORD_BOOTS, WORD_MODE };

void handover_set(uint32_t slot, int trial)
{
	dut_retained_set(WORD_WHO, MAGIC << 16 | (trial ? 1u << 8 : 0) | (slot & 0xff));
}

int handover_get(struct handover *out)
{
	uint32_t word = dut_retained(WORD_WHO);

	*out = (struct handover){0, 0};
	if (word >> 16 != MAGIC || (word & 0xff) > 1)
		return -1;
	out->slot = word & 0xff;
	out->trial = (word >> 8 & 0xff) != 0;
	return 0;
}

uint32_t handover_boots(void)
{
	return dut_retained(WORD_BOOTS);
}

void handover_count_boot(void)
{
	dut_retained_set(WORD_BOOTS, dut_retained(WORD_BOOTS) + 1);
}

void handover_ask(uint32_t boot_mode)
{
	dut_retained_set(WORD_MODE, boot_mode == HANDOVER_BOOT_NORMAL ? 0 : MAGIC << 16 | boot_mode);
}

uint32_t handover_asked(void)
{
	uint32_t word = dut_retained(WORD_MODE);

	dut_retained_set(WORD_MODE, 0);
	return word >> 16 == MAGIC ? word & 0xffff : HANDOVER_BOOT_NORMAL;
}
