/* SPDX-License-Identifier: Apache-2.0 */
/* os_group.c - SMP group 0: echo and reset (Zephyr, "Default / OS Management Group"). */
#include "agent/hold.h"
#include "agent/smp_server.h"
#include "boot/handover.h"

/* Longest text that is echoed: one line of a terminal. */
#define ECHO_BYTES 96u

enum smp_rc os_echo(struct cbor_reader *in, struct smp_answer *answer)
{
	struct cbor_item key, value;
	char text[ECHO_BYTES + 1];
	uint32_t left;
	int more;

	text[0] = '\0';
	if (smp_map(in, &left))
		return SMP_EINVAL;
	while ((more = smp_next_key(in, &left, &key)) > 0) {
		if (!cbor_text_is(&key, "d")) {
			if (cbor_skip(in))
				return SMP_EINVAL;
			continue;
		}
		if (cbor_next(in, &value) || value.type != CBOR_TEXT || value.count > ECHO_BYTES)
			return SMP_EINVAL;
		for (uint32_t i = 0; i < value.count; i++)
			text[i] = (char)value.bytes[i];
		text[value.count] = '\0';
	}
	if (more < 0)
		return SMP_EINVAL;
	cbor_put_map(&answer->out, 1);
	cbor_put_text(&answer->out, "r");
	cbor_put_text(&answer->out, text);
	return SMP_OK;
}

/* "boot_mode": what the bootloader is to do. "force" and the like change nothing here. */
enum smp_rc os_reset(struct cbor_reader *in, struct smp_answer *answer)
{
	struct cbor_item key, value;
	uint32_t left, mode = HANDOVER_BOOT_NORMAL;
	int more;

	if (smp_map(in, &left))
		return SMP_EINVAL;
	while ((more = smp_next_key(in, &left, &key)) > 0) {
		if (!cbor_text_is(&key, "boot_mode")) {
			if (cbor_skip(in))
				return SMP_EINVAL;
			continue;
		}
		if (cbor_next(in, &value) || value.type != CBOR_UINT || value.value > HANDOVER_BOOT_RECOVERY)
			return SMP_EINVAL;
		mode = (uint32_t)value.value;
	}
	if (more < 0)
		return SMP_EINVAL;
	handover_ask(mode);
	cbor_put_map(&answer->out, 0);
	answer->reset = !hold_back();
	return SMP_OK;
}
