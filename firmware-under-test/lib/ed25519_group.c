/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ed25519_group.c - points of -x^2 + y^2 = 1 + d x^2 y^2 modulo 2^255 - 19.
 *
 * Addition and doubling are those of RFC 8032 section 5.1.4, which are complete:
 * no point needs a special case.
 */
#include "lib/ed25519_group.h"

#include <stddef.h>
#include <string.h>

/* d = -121665/121666 (RFC 8032 section 5.1), 2d, and sqrt(-1) = 2^((p-1)/4) (section 5.1.3). */
static const struct fe curve_d = { {
	0x35978a3, 0x0d37284, 0x3156ebd, 0x06a0a0e, 0x001c029,
	0x179e898, 0x3a03cbb, 0x1ce7198, 0x2e2b6ff, 0x1480db3,
} };
static const struct fe curve_2d = { {
	0x2b2f159, 0x1a6e509, 0x22add7a, 0x0d4141d, 0x0038052,
	0x0f3d130, 0x3407977, 0x19ce331, 0x1c56dff, 0x0901b67,
} };
static const struct fe sqrt_minus_1 = { {
	0x20ea0b0, 0x186c9d2, 0x08f189d, 0x035697f, 0x0bd0c60,
	0x1fbd7a7, 0x2804c9e, 0x1e16569, 0x004fc1d, 0x0ae0c92,
} };

/* A ready point with any Z: 2Z beside it. */
struct ge_ready_z {
	struct ge_ready p;
	struct fe z2;
};

/*
 * r = p + q, or p - q when negative; dd = 2 Z1 Z2, tight. Subtracting swaps q's
 * y + x with y - x and turns the sign of its T, which swaps F with G. T is only
 * computed when asked for: a doubling does not read it.
 */
static void add(struct ge *r, const struct ge *p, const struct ge_ready *q, const struct fe *dd, int negative,
		int want_t)
{
	struct fe a, b, c, e, f, g, h;

	fe_sub(&a, &p->y, &p->x);
	fe_mul(&a, &a, negative ? &q->yp : &q->ym);
	fe_add(&b, &p->y, &p->x);
	fe_mul(&b, &b, negative ? &q->ym : &q->yp);
	fe_mul(&c, &p->t, &q->t2d);
	fe_sub(&e, &b, &a);
	fe_add(&h, &b, &a);
	fe_sub(negative ? &g : &f, dd, &c);
	fe_add(negative ? &f : &g, dd, &c);
	fe_mul(&r->x, &e, &f);
	fe_mul(&r->y, &g, &h);
	fe_mul(&r->z, &f, &g);
	if (want_t)
		fe_mul(&r->t, &e, &h);
}

/* q with Z = 1. */
static void add_base(struct ge *r, const struct ge *p, const struct ge_ready *q, int negative, int want_t)
{
	struct fe dd;

	fe_add_carry(&dd, &p->z, &p->z);
	add(r, p, q, &dd, negative, want_t);
}

static void add_any(struct ge *r, const struct ge *p, const struct ge_ready_z *q, int negative, int want_t)
{
	struct fe dd;

	fe_mul(&dd, &p->z, &q->z2);
	add(r, p, &q->p, &dd, negative, want_t);
}

/* r = 2p; p's T is not read. */
static void twice(struct ge *r, const struct ge *p, int want_t)
{
	struct fe a, b, c, e, f, g, h;

	fe_sqr(&a, &p->x);
	fe_sqr(&b, &p->y);
	fe_sqr(&c, &p->z);
	fe_add(&c, &c, &c);
	fe_add(&h, &a, &b);
	fe_add(&e, &p->x, &p->y);
	fe_sqr(&e, &e);
	fe_sub_carry(&e, &h, &e);
	fe_sub(&g, &a, &b);
	fe_add_carry(&f, &c, &g);
	fe_mul(&r->x, &e, &f);
	fe_mul(&r->y, &g, &h);
	fe_mul(&r->z, &f, &g);
	if (want_t)
		fe_mul(&r->t, &e, &h);
}

/*
 * One of the square roots of (y^2 - 1) / (d y^2 + 1), RFC 8032 section 5.1.3
 * steps 2 and 3. 1, or 0 when there is none.
 */
static int root_of_x(struct fe *x, const struct fe *y)
{
	struct fe u, v, v3, t;

	fe_sqr(&t, y);
	fe_sub(&u, &t, &fe_one);
	fe_mul(&t, &t, &curve_d);
	fe_add(&v, &t, &fe_one);
	fe_sqr(&v3, &v);
	fe_mul(&v3, &v3, &v);
	fe_sqr(&t, &v3);
	fe_mul(&t, &t, &v);
	fe_mul(&t, &t, &u);
	fe_pow_p58(&t, &t);
	fe_mul(&t, &t, &v3);
	fe_mul(x, &t, &u); /* u v^3 (u v^7)^((p-5)/8) */

	fe_sqr(&v3, x);
	fe_mul(&v3, &v3, &v);
	fe_sub_carry(&t, &v3, &u);
	if (fe_is_zero(&t))
		return 1;
	fe_add_carry(&t, &v3, &u);
	fe_mul(x, x, &sqrt_minus_1);
	return fe_is_zero(&t);
}

int ge_decode(struct ge *r, const uint8_t bytes[32])
{
	uint8_t canonical[32];
	int sign = bytes[31] >> 7;

	fe_from_bytes(&r->y, bytes);
	fe_to_bytes(canonical, &r->y);
	canonical[31] |= (uint8_t)(sign << 7);
	if (memcmp(canonical, bytes, sizeof(canonical)) != 0 || !root_of_x(&r->x, &r->y))
		return 0;
	if (fe_is_odd(&r->x) != sign) {
		if (fe_is_zero(&r->x))
			return 0;
		fe_sub_carry(&r->x, &fe_zero, &r->x);
	}
	r->z = fe_one;
	fe_mul(&r->t, &r->x, &r->y);
	return 1;
}

void ge_encode(uint8_t bytes[32], const struct ge *p)
{
	struct fe inverse, x, y;

	fe_invert(&inverse, &p->z);
	fe_mul(&x, &p->x, &inverse);
	fe_mul(&y, &p->y, &inverse);
	fe_to_bytes(bytes, &y);
	bytes[31] |= (uint8_t)(fe_is_odd(&x) << 7);
}

int ge_is_small_order(const struct ge *p)
{
	struct ge q;
	struct fe t;

	twice(&q, p, 0);
	twice(&q, &q, 0);
	twice(&q, &q, 0);
	fe_sub(&t, &q.y, &q.z);
	return fe_is_zero(&q.x) && fe_is_zero(&t); /* 8p is (0, 1) */
}

static void make_ready(struct ge_ready_z *r, const struct ge *p)
{
	fe_add(&r->p.yp, &p->y, &p->x);
	fe_sub(&r->p.ym, &p->y, &p->x);
	fe_mul(&r->p.t2d, &p->t, &curve_2d);
	fe_add(&r->z2, &p->z, &p->z);
}

static void make_table(struct ge_ready_z table[GE_TABLE], const struct ge *p)
{
	struct ge_ready_z two;
	struct ge q;
	unsigned i;

	twice(&q, p, 1);
	make_ready(&two, &q);
	q = *p;
	make_ready(&table[0], &q);
	for (i = 1; i < GE_TABLE; i++) {
		add_any(&q, &q, &two, 0, 1);
		make_ready(&table[i], &q);
	}
}

#define SCALAR_BITS 256
#define WINDOW 5 /* digits are 0 or odd, up to +-15: what GE_TABLE entries can serve */

static int bit(const uint8_t s[32], unsigned i)
{
	return i < SCALAR_BITS ? s[i / 8] >> (i % 8) & 1 : 0;
}

/*
 * s = sum of digit[i] 2^i, with at most one digit that is not 0 in any WINDOW
 * in a row: about 42 additions instead of 126. s is below 2^253, so that the
 * last carry still finds a place.
 */
static void recode(int8_t digit[SCALAR_BITS], const uint8_t s[32])
{
	unsigned i = 0, k;
	int carry = 0;

	memset(digit, 0, SCALAR_BITS);
	while (i < SCALAR_BITS) {
		int window = carry;

		if (bit(s, i) == carry) { /* bit plus carry is even: no digit, same carry */
			i++;
			continue;
		}
		for (k = 0; k < WINDOW; k++)
			window += bit(s, i + k) * (1 << k);
		carry = window >> (WINDOW - 1);
		digit[i] = (int8_t)(window - carry * (1 << WINDOW));
		i += WINDOW;
	}
}

static unsigned entry(int digit)
{
	return (unsigned)(digit < 0 ? -digit : digit) / 2;
}

void ge_sub_products(struct ge *r, const uint8_t s[32], const uint8_t h[32], const struct ge *a)
{
	struct ge_ready_z table[GE_TABLE];
	int8_t s_digit[SCALAR_BITS], h_digit[SCALAR_BITS];
	unsigned i = SCALAR_BITS;

	recode(s_digit, s);
	recode(h_digit, h);
	make_table(table, a);
	*r = (struct ge){ .y = fe_one, .z = fe_one };
	while (i && !s_digit[i - 1] && !h_digit[i - 1])
		i--;
	while (i-- > 0) {
		int ds = s_digit[i], dh = h_digit[i]; /* NOLINT(bugprone-signed-char-misuse): digits have signs */

		twice(r, r, ds || dh);
		if (dh)
			add_any(r, r, &table[entry(dh)], dh > 0, ds != 0);
		if (ds)
			add_base(r, r, &ge_base_table[entry(ds)], ds < 0, 0);
	}
}
