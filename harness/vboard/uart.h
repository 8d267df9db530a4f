/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uart.h - the board's serial port: 8N1, a byte takes ten bit times each way.
 *
 * Towards the board, bytes carry the time at which they have arrived; from it,
 * the time of the newest byte is kept (the host is woken at each line's end).
 */
#ifndef BP_VBOARD_UART_H
#define BP_VBOARD_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BP_UART_RX_BYTES 8192u
#define BP_UART_TX_BYTES 16384u
#define BP_UART_BURSTS 64u

struct bp_burst {
	uint64_t first_ns;      /* arrival of the byte at offset `from` */
	uint32_t from;          /* offset in rx[] */
};

struct bp_uart {
	uint64_t byte_ns;
	uint8_t rx[BP_UART_RX_BYTES];
	uint32_t rx_head, rx_len;          /* unread bytes: rx[rx_head .. rx_len) */
	struct bp_burst burst[BP_UART_BURSTS];
	uint32_t n_bursts;
	uint64_t wire_free_ns;             /* when the host's last byte has arrived */
	bool rx_news;                      /* bytes came since the board last looked */
	uint8_t tx[BP_UART_TX_BYTES];
	uint32_t tx_len;
	uint64_t tx_at_ns;                 /* end of the newest byte */
};

void bp_uart_init(struct bp_uart *u, uint32_t baud);
void bp_uart_clear_rx(struct bp_uart *u);
void bp_uart_clear(struct bp_uart *u);

/* Host side: bytes go on the wire at now_ns or behind what is on it. Returns the arrival of the last; what does not fit is lost (overrun). */
uint64_t bp_uart_send(struct bp_uart *u, uint64_t now_ns, const uint8_t *bytes, size_t len);
size_t bp_uart_receive(struct bp_uart *u, uint8_t *bytes, size_t cap, uint64_t *at_ns);

/* Board side: number of unread bytes up to and with `stop`, at most cap; *done when stop or cap was met; *at_ns: arrival of the last of them. */
uint32_t bp_uart_peek(const struct bp_uart *u, uint8_t stop, uint32_t cap, bool *done, uint64_t *at_ns);
/* Of the unread bytes, how many (at most cap) have arrived by now_ns. */
uint32_t bp_uart_arrived(const struct bp_uart *u, uint32_t cap, uint64_t now_ns);
void bp_uart_take(struct bp_uart *u, uint8_t *out, uint32_t n);
void bp_uart_put(struct bp_uart *u, const uint8_t *bytes, uint32_t n, uint64_t end_ns);

#endif
