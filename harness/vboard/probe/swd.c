/* SPDX-License-Identifier: Apache-2.0 */
#include "vboard/probe/swd.h"

#define RESET_ONES 50u
#define TO_SWD 0xe79eu   /* B5.3.2, sent lowest bit first */
#define TO_JTAG 0xe73cu

/* Header bits, in the order they come: start, APnDP, RnW, A2, A3, parity, stop, park. */
#define H_AP (1u << 1)
#define H_READ (1u << 2)

void bp_swd_init(struct bp_swd *s, struct bp_dap *dap)
{
	*s = (struct bp_swd){.dap = dap, .state = BP_SWD_OTHER};
}

static void enter(struct bp_swd *s, enum bp_swd_state state)
{
	s->state = state;
	s->n = 0;
}

static uint32_t reg_of(const struct bp_swd *s)
{
	return (s->header >> 3 & 3) << 2;
}

static bool odd(uint32_t v)
{
	return __builtin_parity(v) != 0;
}

/* All eight bits are in: a well-formed header leads to an acknowledge, anything else to silence. */
static void take_header(struct bp_swd *s)
{
	bool ap = s->header & H_AP, read = s->header & H_READ;
	bool well_formed = odd(s->header >> 1 & 15) == (s->header >> 5 & 1) && !(s->header & 0x40) && (s->header & 0x80);

	if (!well_formed || (s->identify && (ap || !read || reg_of(s) != 0))) {
		enter(s, BP_SWD_LOST);
		return;
	}
	s->identify = false;
	s->ack = bp_dap_ack(s->dap, ap, read, reg_of(s));
	s->data = 0;
	if (s->ack == BP_ACK_OK && read)
		bp_dap_read(s->dap, ap, reg_of(s), &s->data);
	enter(s, BP_SWD_ACK);
}

/* Edges 9 to 11 of a transaction put the acknowledge on the line. */
static bool acknowledge(struct bp_swd *s)
{
	bool level = (unsigned)s->ack >> s->n & 1;

	if (++s->n < 3)
		return level;
	if (s->ack != BP_ACK_OK && bp_dap_overrun_detect(s->dap))
		bp_dap_overrun(s->dap); /* and the data phase comes all the same */
	enter(s, s->header & H_READ ? BP_SWD_READ : BP_SWD_WRITE);
	if (s->ack != BP_ACK_OK && !bp_dap_overrun_detect(s->dap)) {
		enter(s, BP_SWD_READ);
		s->n = 34; /* no data: one turnaround, then idle */
	}
	return level;
}

/* Edges 12 to 43 bring the data, 44 its parity, 45 and 46 turn the line around. */
static bool read_data(struct bp_swd *s)
{
	uint32_t n = s->n++;
	bool driven = s->ack == BP_ACK_OK;

	if (n < 32)
		return driven ? s->data >> n & 1 : 1;
	if (n == 32)
		return driven ? odd(s->data) : 1;
	if (n == 34)
		enter(s, BP_SWD_IDLE);
	return 1;
}

/* Edges 12 and 13 turn the line around, 14 to 45 take the data, 46 its parity. */
static bool write_data(struct bp_swd *s, bool level)
{
	uint32_t n = s->n++;

	if (n >= 2 && n < 34)
		s->data |= (uint32_t)level << (n - 2);
	if (n == 34 && s->ack == BP_ACK_OK && level == odd(s->data))
		bp_dap_write(s->dap, s->header & H_AP, reg_of(s), s->data);
	if (n >= 34)
		enter(s, BP_SWD_IDLE);
	return 1;
}

/* Rows of ones and what follows them, whatever else goes on. */
static void watch_line(struct bp_swd *s, bool level)
{
	if (s->in_sequence) {
		s->sequence |= (uint32_t)level << s->n_sequence;
		if (++s->n_sequence == 16) {
			s->in_sequence = false;
			if (s->sequence == TO_SWD)
				enter(s, BP_SWD_LOST); /* SWD from now on, once the line was reset */
			else if (s->sequence == TO_JTAG)
				enter(s, BP_SWD_OTHER);
		}
	} else if (!level && s->ones >= RESET_ONES) {
		s->in_sequence = true;
		s->sequence = 0;
		s->n_sequence = 1;
	}
	s->ones = level ? s->ones + 1 : 0;
	if (s->ones == RESET_ONES)
		s->in_sequence = false;
	if (s->ones == RESET_ONES && s->state != BP_SWD_OTHER) {
		enter(s, BP_SWD_RESET);
		s->identify = true;
	}
}

bool bp_swd_edge(struct bp_swd *s, bool level)
{
	bool out = 1, driven = s->state == BP_SWD_ACK || s->state == BP_SWD_READ;

	if (!s->dap->powered) {
		bp_swd_init(s, s->dap);
		return 1;
	}
	switch (s->state) {
	case BP_SWD_OTHER:
	case BP_SWD_LOST:
		break;
	case BP_SWD_RESET:
		if (!level)
			enter(s, BP_SWD_IDLE);
		break;
	case BP_SWD_IDLE:
		if (level) {
			enter(s, BP_SWD_HEADER);
			s->header = 1;
			s->n = 1;
		}
		break;
	case BP_SWD_HEADER:
		s->header |= (uint32_t)level << s->n;
		if (++s->n == 8)
			take_header(s);
		break;
	case BP_SWD_ACK: out = acknowledge(s); break;
	case BP_SWD_READ: out = read_data(s); break;
	case BP_SWD_WRITE: out = write_data(s, level); break;
	}
	watch_line(s, driven ? out : level);
	return out;
}
