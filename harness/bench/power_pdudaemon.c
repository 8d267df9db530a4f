/* SPDX-License-Identifier: Apache-2.0 */
/*
 * power_pdudaemon.c - power through a pdudaemon, over its HTTP interface.
 *
 *     power:
 *       driver: pdudaemon
 *       daemon: 127.0.0.1:16421      # the port may be left out
 *       hostname: pdu05              # the PDU, as pdudaemon.conf calls it
 *       port: 4                      # its outlet
 *       timeout: 5 s
 *
 * or `alias: NAME` instead of hostname and port. One GET a command (pdudaemon
 * README, "Making a power control request"): 200 is yes, anything else no. The
 * daemon of Debian 12 answers once its PDU driver has returned, and says 200 even
 * when all its retries failed: that the rail really moved is for the bench's
 * proof of power loss to show.
 */
#include "bench/power_parts.h"
#include "bench/safe.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h> /* POLLIN */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEFAULT_PORT "16421"     /* pdudaemon README */
#define ANSWER_BYTES 4096        /* the daemon's own answers have some 150 bytes */

struct pdudaemon {
	const char *board, *host, *port;
	const char *query;       /* what follows '?' */
	uint64_t timeout_ns;
};

/* RFC 3986 section 2.1: everything but section 2.3's unreserved characters as %XX. */
static void put_encoded(struct bp_text *out, const char *name, const char *value)
{
	bp_text_printf(out, "%s%s=", out->len ? "&" : "", name);
	for (const char *p = value; *p; p++) {
		if ((isalnum((unsigned char)*p) && (unsigned char)*p < 0x80) || strchr("-._~", *p))
			bp_text_add(out, p, 1);
		else
			bp_text_printf(out, "%%%02X", (unsigned char)*p);
	}
}

/* All that comes until the other side closes, NUL-terminated. The length or a negative error. */
static int read_all(int fd, char *out, size_t cap, uint64_t deadline_ns, struct bp_err *err)
{
	size_t len = 0;

	while (len < cap - 1) {
		ssize_t n = read(fd, out + len, cap - 1 - len);

		if (!n)
			break;
		if (n > 0) {
			len += (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return bp_fail(err, BP_EIO, "read: %s", strerror(errno));
		n = bp_clock_poll_fd(fd, POLLIN, deadline_ns);
		if (n < 0)
			return bp_fail(err, BP_EIO, "poll: %s", strerror(errno));
		if (!n)
			return bp_fail(err, BP_ETIMEOUT, len ? "only half an answer in time" : "no answer in time");
	}
	if (len == cap - 1)
		return bp_fail(err, BP_EPROTO, "answer of more than %zu bytes", cap - 1);
	out[len] = '\0';
	return (int)len;
}

/* RFC 1945 section 6: "HTTP/1.x NNN words", header lines, an empty line, the body. */
static int judge(const char *answer, struct bp_err *err)
{
	const char *body = strstr(answer, "\r\n\r\n");
	unsigned long status;
	char line[120], shown[200];

	if (!*answer)
		return bp_fail(err, BP_EPROTO, "closed the connection without an answer");
	if (strncmp(answer, "HTTP/1.", 7) || strlen(answer) < 12 || answer[8] != ' ' || !isdigit((unsigned char)answer[9])) {
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(answer, "\r\n"), answer);
		return bp_fail(err, BP_EPROTO, "answered %s; expected HTTP: is it a pdudaemon with \"listener\": \"http\"?",
			       bp_quote(shown, sizeof(shown), line));
	}
	if (!body)
		return bp_fail(err, BP_EPROTO, "closed the connection in the middle of its answer");
	status = strtoul(answer + 9, NULL, 10);
	if (status == 200)
		return 0;
	body += 4;
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(body, "\r\n"), body);
	return bp_fail(err, BP_EIO, "refused with status %lu %s: are PDU and port in its pdudaemon.conf?", status,
		       bp_quote(shown, sizeof(shown), line));
}

static int request(const struct pdudaemon *p, const char *command, struct bp_err *err)
{
	uint64_t deadline = bp_power_deadline(p->timeout_ns);
	char text[1024], answer[ANSWER_BYTES] = "";
	int len, rc, fd = bp_power_connect_tcp(p->host, p->port, deadline, err);

	if (fd < 0)
		return bp_prefix(err, "board %s: pdudaemon %s:%s", p->board, p->host, p->port);
	len = snprintf(text, sizeof(text), "GET /power/control/%s?%s HTTP/1.0\r\nHost: %s:%s\r\nConnection: close\r\n\r\n", command,
		       p->query, p->host, p->port);
	rc = len >= (int)sizeof(text) ? bp_fail(err, BP_ECONFIG, "names are too long") :
					bp_power_write(fd, text, (size_t)len, deadline, err);
	if (!rc)
		rc = read_all(fd, answer, sizeof(answer), deadline, err);
	close(fd);
	if (rc >= 0)
		rc = judge(answer, err);
	if (rc)
		bp_advise(err, "does its log say that it reaches the PDU?");
	return rc ? bp_prefix(err, "board %s: pdudaemon %s:%s: '%s'", p->board, p->host, p->port, command) : 0;
}

static int pdudaemon_on(void *self, struct bp_err *err)
{
	return request(self, "on", err);
}

static int pdudaemon_off(void *self, struct bp_err *err)
{
	return request(self, "off", err);
}

static void pdudaemon_close(void *self)
{
	bp_power_hurry(true);
	bp_safe_drop(self, !pdudaemon_off(self, NULL));
	bp_power_hurry(false);
}

static void read_outlet(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, struct pdudaemon *p)
{
	const struct bp_node *alias = bp_map_get(config, "alias");
	const char *text = NULL;
	struct bp_text query;
	uint32_t port = 0;
	char number[16];

	bp_text_init(&query, a);
	if (alias) {
		if (!bp_node_text(d, alias, &text))
			put_encoded(&query, "alias", text);
		if (bp_map_get(config, "hostname") || bp_map_get(config, "port"))
			bp_diag_at(d, alias, "'alias' stands for 'hostname' and 'port': give it or them, not both");
	} else {
		if (!bp_node_text(d, bp_map_need(d, config, "hostname", "the PDU, as pdudaemon.conf calls it"), &text))
			put_encoded(&query, "hostname", text);
		if (!bp_node_u32(d, bp_map_need(d, config, "port", "the outlet of the PDU"), 0, 1000000, &port)) {
			snprintf(number, sizeof(number), "%u", (unsigned)port);
			put_encoded(&query, "port", number);
		}
	}
	p->query = query.failed ? NULL : query.bytes;
}

static int pdudaemon_open(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, const char *board, void **self,
			  struct bp_err *err)
{
	struct pdudaemon *p = bp_arena_alloc(a, sizeof(*p));
	const char *where = "127.0.0.1";
	const struct bp_node *at;
	unsigned before = d->count;
	int fd, rc;

	if (!p)
		return bp_fail(err, BP_ENOMEM, "board %s: power: out of memory", board);
	p->board = board;
	p->timeout_ns = 5 * BP_NS_PER_S;
	at = bp_map_get(config, "daemon");
	bp_node_text(d, at, &where);
	if (bp_power_split_host(a, where, DEFAULT_PORT, &p->host, &p->port, err))
		bp_diag_at(d, at, "%s", err->text);
	read_outlet(a, d, config, p);
	bp_power_timeout(d, config, &p->timeout_ns);
	bp_map_done(d, config);
	if (d->count != before)
		return bp_diag_result(d, err);
	if (!p->query)
		return bp_fail(err, BP_ENOMEM, "board %s: power: out of memory", board);
	/* Is anybody there? Without a request, as the switch stays as it is. */
	fd = bp_power_connect_tcp(p->host, p->port, bp_power_deadline(p->timeout_ns < BP_NS_PER_S ? p->timeout_ns : BP_NS_PER_S), err);
	if (fd < 0)
		return bp_prefix(err, "board %s: pdudaemon %s:%s does not answer (is it running, with \"listener\": \"http\"?)", board,
				 p->host, p->port);
	close(fd);
	rc = bp_safe_add(&bp_power_pdudaemon_ops, p, board, config, err);
	if (rc)
		return bp_prefix(err, "board %s: power", board);
	*self = p;
	return 0;
}

const struct bp_power_ops bp_power_pdudaemon_ops = {
	.name = "pdudaemon",
	.help = "a PDU behind pdudaemon: daemon: HOST:PORT, hostname: PDU, port: OUTLET",
	.open = pdudaemon_open, .close = pdudaemon_close, .on = pdudaemon_on, .off = pdudaemon_off,
};
