/* SPDX-License-Identifier: Apache-2.0 */
/* own_group.c - SMP group 64, ours: manifest, status, reason names (README.md, "SMP"). */
#include "agent/config.h"
#include "agent/hold.h"
#include "agent/smp_server.h"
#include "agent/update.h"
#include "boot/handover.h"

#define STATUS_KEYS 13u
#define CONFIG_KEYS 2u /* of the status, in an image that has a configuration */

/* The bytes of "m". */
static int read_manifest(struct cbor_reader *in, struct cbor_item *m)
{
	struct cbor_item key;
	uint32_t left;
	int more, found = 0;

	if (smp_map(in, &left))
		return -1;
	while ((more = smp_next_key(in, &left, &key)) > 0) {
		if (!cbor_text_is(&key, "m")) {
			if (cbor_skip(in))
				return -1;
			continue;
		}
		if (cbor_next(in, m) || m->type != CBOR_BYTES)
			return -1;
		found = 1;
	}
	return more < 0 || !found ? -1 : 0;
}

enum smp_rc own_manifest(struct cbor_reader *in, struct smp_answer *answer)
{
	struct cbor_item m;
	uint32_t slot, off;
	enum reason why;

	if (read_manifest(in, &m))
		return SMP_EINVAL;
	why = update_offer(m.bytes, m.count, &slot, &off);
	if (why != REASON_NONE)
		return smp_refused(answer, why);
	cbor_put_map(&answer->out, 3);
	smp_put_uint(&answer->out, "rc", 0);
	smp_put_uint(&answer->out, "slot", slot);
	smp_put_uint(&answer->out, "off", off);
	return SMP_OK;
}

enum smp_rc own_status(struct cbor_reader *in, struct smp_answer *answer)
{
	struct cbor_writer *w = &answer->out;
	struct update_status s;
	struct config c;
	int no_config = config_read(&c);

	(void)in;
	update_status(&s);
	cbor_put_map(w, STATUS_KEYS + (no_config ? 0 : CONFIG_KEYS));
	smp_put_uint(w, "step", s.step);
	smp_put_uint(w, "off", s.off);
	smp_put_uint(w, "running", s.running);
	smp_put_uint(w, "active", s.state->active);
	smp_put_uint(w, "pending", s.state->pending);
	smp_put_uint(w, "attempts", s.state->attempts);
	smp_put_uint(w, "state", s.state->phase);
	smp_put_uint(w, "counter", s.counter);
	smp_put_uint(w, "reason", (uint32_t)s.reason);
	smp_put_uint(w, "transitions", s.state->transitions);
	smp_put_uint(w, "boots", handover_boots());
	smp_put_uint(w, "held", hold_state());
	smp_put_version(w, &s.version);
	if (!no_config) {
		smp_put_uint(w, "schema", c.schema);
		smp_put_uint(w, "interval", c.interval_s);
	}
	return SMP_OK;
}

enum smp_rc own_reasons(struct cbor_reader *in, struct smp_answer *answer)
{
	(void)in;
	cbor_put_map(&answer->out, 1);
	cbor_put_text(&answer->out, "reasons");
	cbor_put_array(&answer->out, REASON_COUNT);
	for (int i = 0; i < REASON_COUNT; i++)
		cbor_put_text(&answer->out, reason_name((enum reason)i));
	return SMP_OK;
}

enum smp_rc own_config(struct cbor_reader *in, struct smp_answer *answer)
{
	struct cbor_item key, v;
	uint32_t left, interval_s = 0;
	int more;

	if (smp_map(in, &left))
		return SMP_EINVAL;
	while ((more = smp_next_key(in, &left, &key)) > 0) {
		if (!cbor_text_is(&key, "interval")) {
			if (cbor_skip(in))
				return SMP_EINVAL;
			continue;
		}
		if (cbor_next(in, &v) || v.type != CBOR_UINT || v.value > CONFIG_INTERVAL_MAX_S)
			return SMP_EINVAL;
		interval_s = (uint32_t)v.value;
	}
	if (more < 0 || !interval_s)
		return SMP_EINVAL;
	if (config_write(interval_s))
		return smp_refused(answer, REASON_FLASH_FAILED);
	cbor_put_map(&answer->out, 1);
	smp_put_uint(&answer->out, "rc", 0);
	return SMP_OK;
}

/* What an application does by itself, for a host that tests it. */
enum smp_rc own_hold(struct cbor_reader *in, struct smp_answer *answer)
{
	struct cbor_item key, v;
	uint32_t left;
	int more, hold = -1;

	if (smp_map(in, &left))
		return SMP_EINVAL;
	while ((more = smp_next_key(in, &left, &key)) > 0) {
		if (!cbor_text_is(&key, "hold")) {
			if (cbor_skip(in))
				return SMP_EINVAL;
			continue;
		}
		if (cbor_next(in, &v) || v.type != CBOR_BOOL)
			return SMP_EINVAL;
		hold = v.value != 0;
	}
	if (more < 0 || hold < 0)
		return SMP_EINVAL;
	if (hold)
		hold_reset();
	else
		answer->reset = hold_release();
	cbor_put_map(&answer->out, 1);
	smp_put_uint(&answer->out, "rc", 0);
	return SMP_OK;
}
