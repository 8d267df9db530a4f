/* SPDX-License-Identifier: Apache-2.0 */
#include "vboard/uart.h"

#include <string.h>

#define BITS_PER_BYTE 10u /* start, 8 data, stop */

void bp_uart_init(struct bp_uart *u, uint32_t baud)
{
	bp_uart_clear(u);
	u->byte_ns = BITS_PER_BYTE * UINT64_C(1000000000) / baud;
}

void bp_uart_clear_rx(struct bp_uart *u)
{
	u->rx_head = u->rx_len = u->n_bursts = 0;
	u->rx_news = false;
}

void bp_uart_clear(struct bp_uart *u)
{
	bp_uart_clear_rx(u);
	u->tx_len = 0;
	u->wire_free_ns = u->tx_at_ns = 0;
}

uint64_t bp_uart_send(struct bp_uart *u, uint64_t now_ns, const uint8_t *bytes, size_t len)
{
	uint64_t start = u->wire_free_ns > now_ns ? u->wire_free_ns : now_ns;
	uint32_t n = len < BP_UART_RX_BYTES - u->rx_len ? (uint32_t)len : BP_UART_RX_BYTES - u->rx_len;
	const struct bp_burst *last;

	u->wire_free_ns = start + len * u->byte_ns;
	if (!n)
		return u->wire_free_ns;
	last = u->n_bursts ? &u->burst[u->n_bursts - 1] : NULL;
	/* Back to back with the burst before it, no new one is needed. */
	if (!last || last->first_ns + (u->rx_len - last->from) * u->byte_ns != start + u->byte_ns) {
		if (u->n_bursts == BP_UART_BURSTS)
			return u->wire_free_ns;
		u->burst[u->n_bursts++] = (struct bp_burst){start + u->byte_ns, u->rx_len};
	}
	memcpy(u->rx + u->rx_len, bytes, n);
	u->rx_len += n;
	u->rx_news = true;
	return u->wire_free_ns;
}

size_t bp_uart_receive(struct bp_uart *u, uint8_t *bytes, size_t cap, uint64_t *at_ns)
{
	uint32_t n = u->tx_len < cap ? u->tx_len : (uint32_t)cap;

	memcpy(bytes, u->tx, n);
	memmove(u->tx, u->tx + n, u->tx_len - n);
	u->tx_len -= n;
	*at_ns = u->tx_at_ns;
	return n;
}

static uint64_t arrival(const struct bp_uart *u, uint32_t at)
{
	uint32_t i = u->n_bursts - 1;

	while (i && u->burst[i].from > at)
		i--;
	return u->burst[i].first_ns + (at - u->burst[i].from) * u->byte_ns;
}

uint32_t bp_uart_peek(const struct bp_uart *u, uint8_t stop, uint32_t cap, bool *done, uint64_t *at_ns)
{
	uint32_t have = u->rx_len - u->rx_head, n = have < cap ? have : cap;
	const uint8_t *hit = n ? memchr(u->rx + u->rx_head, stop, n) : NULL;

	if (hit)
		n = (uint32_t)(hit - (u->rx + u->rx_head)) + 1;
	*done = hit || (n && n == cap);
	*at_ns = n ? arrival(u, u->rx_head + n - 1) : 0;
	return n;
}

uint32_t bp_uart_arrived(const struct bp_uart *u, uint32_t cap, uint64_t now_ns)
{
	uint32_t have = u->rx_len - u->rx_head, n = have < cap ? have : cap;

	while (n && arrival(u, u->rx_head + n - 1) > now_ns)
		n--;
	return n;
}

void bp_uart_take(struct bp_uart *u, uint8_t *out, uint32_t n)
{
	memcpy(out, u->rx + u->rx_head, n);
	u->rx_head += n;
	if (u->rx_head == u->rx_len)
		bp_uart_clear_rx(u);
}

void bp_uart_put(struct bp_uart *u, const uint8_t *bytes, uint32_t n, uint64_t end_ns)
{
	if (n > BP_UART_TX_BYTES - u->tx_len)
		n = BP_UART_TX_BYTES - u->tx_len; /* nobody listened: lost, as on a wire */
	memcpy(u->tx + u->tx_len, bytes, n);
	u->tx_len += n;
	u->tx_at_ns = end_ns;
}
