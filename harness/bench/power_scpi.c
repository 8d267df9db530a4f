/* SPDX-License-Identifier: Apache-2.0 */
/*
 * power_scpi.c - power from a programmable supply that speaks SCPI-99, on a
 * serial port or over TCP.
 *
 *     power:
 *       driver: scpi
 *       tcp: 192.168.1.20:5025       # or: serial: /dev/serial/by-id/…
 *       baud: 9600                   # serial only
 *       on: "OUTP ON"                # these five are what stands when they are left out
 *       off: "OUTP OFF"
 *       query: "OUTP?"               # answers 1 or ON, 0 or OFF; "" when the supply has none
 *       level: "VOLT {v}"            # {v}: volts with three decimals
 *       error: "SYST:ERR?"           # answers 0 when all is well; "" when it has none
 *       timeout: 1 s
 *
 * The command goes out first and alone, questions follow. After any trouble the
 * port is closed, so that a late answer never stands for the next question.
 */
#include "bench/power_parts.h"
#include "bench/safe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

struct scpi {
	const char *board, *serial;      /* serial NULL: TCP */
	const char *host, *port;
	const char *on, *off, *query, *level, *error;
	speed_t speed;
	uint64_t timeout_ns;
	struct bp_power_lines lines;
};

static int where(const struct scpi *s, struct bp_err *err)
{
	if (err && err->code != BP_ECONFIG)
		bp_advise(err, "is it switched on, in remote mode, and %s?", s->serial ? "its cable and speed right" : "at this address");
	if (s->serial)
		return bp_prefix(err, "board %s: supply on %s", s->board, s->serial);
	return bp_prefix(err, "board %s: supply at %s:%s", s->board, s->host, s->port);
}

static void hang_up(struct scpi *s)
{
	if (s->lines.fd >= 0)
		close(s->lines.fd);
	s->lines = (struct bp_power_lines){.fd = -1};
}

/* 8 data bits, no parity, 1 stop bit, raw: what SCPI supplies come with. */
static int open_serial(const struct scpi *s, struct bp_err *err)
{
	struct termios t;
	int fd = open(s->serial, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == EACCES)
		return bp_fail(err, BP_EIO, "no permission: add yourself to the group dialout and log in again");
	if (fd < 0)
		return bp_fail(err, BP_EIO, "%s%s", strerror(errno), errno == ENOENT ? ": is it plugged in and switched on?" : "");
	if (ioctl(fd, TIOCEXCL) || tcgetattr(fd, &t))
		goto err_close;
	cfmakeraw(&t);
	t.c_cflag = (t.c_cflag & ~(tcflag_t)(CSTOPB | CRTSCTS)) | CLOCAL | CREAD;
	if (cfsetspeed(&t, s->speed) || tcsetattr(fd, TCSANOW, &t) || tcflush(fd, TCIOFLUSH))
		goto err_close;
	return fd;
err_close:
	bp_fail(err, BP_EIO, "cannot be set up as a serial port: %s", strerror(errno));
	close(fd);
	return BP_EIO;
}

static int call(struct scpi *s, uint64_t deadline_ns, struct bp_err *err)
{
	int fd;

	if (s->lines.fd >= 0) {
		bp_power_drop_input(&s->lines);
		return 0;
	}
	fd = s->serial ? open_serial(s, err) : bp_power_connect_tcp(s->host, s->port, deadline_ns, err);
	if (fd < 0)
		return fd;
	s->lines = (struct bp_power_lines){.fd = fd};
	return 0;
}

static int send_line(struct scpi *s, const char *command, uint64_t deadline_ns, struct bp_err *err)
{
	char line[128];
	int len = snprintf(line, sizeof(line), "%s\n", command);

	if (len >= (int)sizeof(line))
		return bp_fail(err, BP_ECONFIG, "'%s': command of more than %zu characters", command, sizeof(line) - 2);
	if (bp_power_write(s->lines.fd, line, (size_t)len, deadline_ns, err))
		return bp_prefix(err, "'%s'", command);
	return 0;
}

static int ask(struct scpi *s, const char *question, char **answer, uint64_t deadline_ns, struct bp_err *err)
{
	int rc = send_line(s, question, deadline_ns, err);

	if (rc)
		return rc;
	rc = bp_power_read_line(&s->lines, answer, deadline_ns, err);
	return rc ? bp_prefix(err, "'%s'", question) : 0;
}

/* Is the output in the state that was commanded? */
static int check_output(struct scpi *s, bool on, uint64_t deadline_ns, struct bp_err *err)
{
	char *answer, shown[120];
	int rc = ask(s, s->query, &answer, deadline_ns, err);

	if (rc)
		return rc;
	if (!strcmp(answer, on ? "1" : "0") || !strcasecmp(answer, on ? "ON" : "OFF"))
		return 0;
	if (!strcmp(answer, on ? "0" : "1") || !strcasecmp(answer, on ? "OFF" : "ON"))
		return bp_fail(err, BP_EIO, "its output stays %s: is it in remote mode, or tripped by its own protection?",
			       on ? "off" : "on");
	return bp_fail(err, BP_EPROTO, "answered %s to '%s'; expected 0, 1, ON or OFF", bp_quote(shown, sizeof(shown), answer),
		       s->query);
}

/* SCPI-99 volume 2 section 21.8: number, comma, text in quotes; number 0 is no error. */
static int check_error(struct scpi *s, uint64_t deadline_ns, struct bp_err *err)
{
	char *answer, *end, shown[120];
	long number;
	int rc = ask(s, s->error, &answer, deadline_ns, err);

	if (rc)
		return rc;
	number = strtol(answer, &end, 10);
	if (end == answer || (*end && *end != ','))
		return bp_fail(err, BP_EPROTO, "answered %s to '%s'; expected a number and a text",
			       bp_quote(shown, sizeof(shown), answer), s->error);
	return number ? bp_fail(err, BP_EIO, "reports error %s", bp_quote(shown, sizeof(shown), answer)) : 0;
}

enum state { OFF, ON, EITHER };

static int run(struct scpi *s, const char *text, enum state then, uint64_t deadline_ns, struct bp_err *err)
{
	int rc = call(s, deadline_ns, err);

	if (!rc)
		rc = send_line(s, text, deadline_ns, err);
	if (!rc && then != EITHER && *s->query)
		rc = check_output(s, then == ON, deadline_ns, err);
	if (!rc && *s->error)
		rc = check_error(s, deadline_ns, err);
	if (rc)
		hang_up(s);
	return rc;
}

static int command(struct scpi *s, const char *text, enum state then, struct bp_err *err)
{
	uint64_t deadline = bp_power_deadline(s->timeout_ns);
	bool stale = s->lines.fd >= 0;
	int rc = run(s, text, then, deadline, err);

	/* A supply or adapter that was away in the meantime; all commands may be repeated. */
	if (rc == BP_EIO && stale)
		rc = run(s, text, then, deadline, err);
	return rc ? where(s, err) : 0;
}

static int scpi_on(void *self, struct bp_err *err)
{
	struct scpi *s = self;

	return command(s, s->on, ON, err);
}

static int scpi_off(void *self, struct bp_err *err)
{
	struct scpi *s = self;

	return command(s, s->off, OFF, err);
}

static int scpi_level(void *self, uint32_t mv, struct bp_err *err)
{
	struct scpi *s = self;
	const char *at = strstr(s->level, "{v}");
	char text[128];

	snprintf(text, sizeof(text), "%.*s%u.%03u%s", (int)(at - s->level), s->level, (unsigned)(mv / 1000), (unsigned)(mv % 1000),
		 at + 3);
	return command(s, text, EITHER, err);
}

static void scpi_close(void *self)
{
	bp_power_hurry(true);
	bp_safe_drop(self, !scpi_off(self, NULL));
	bp_power_hurry(false);
	hang_up(self);
}

static void read_port(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, struct scpi *s)
{
	static const struct {
		const char *name;
		speed_t speed;
	} rates[] = {{"1200", B1200}, {"2400", B2400}, {"4800", B4800}, {"9600", B9600}, {"19200", B19200},
		     {"38400", B38400}, {"57600", B57600}, {"115200", B115200}};
	const char *names[sizeof(rates) / sizeof(rates[0])], *text;
	const struct bp_node *tcp = bp_map_get(config, "tcp"), *serial = bp_map_get(config, "serial");
	struct bp_err err;
	unsigned rate = 3;

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		names[i] = rates[i].name;
	bp_node_enum(d, bp_map_get(config, "baud"), names, sizeof(rates) / sizeof(rates[0]), &rate);
	s->speed = rates[rate].speed;
	if (!tcp == !serial)
		bp_diag_at(d, config, "a supply needs 'serial: PATH' or 'tcp: HOST:PORT'%s", tcp ? ", not both" : "");
	bp_node_text(d, serial, &s->serial);
	if (!bp_node_text(d, tcp, &text) && bp_power_split_host(a, text, NULL, &s->host, &s->port, &err))
		bp_diag_at(d, tcp, "%s", err.text);
}

static int scpi_open(struct bp_arena *a, struct bp_diag *d, const struct bp_node *config, const char *board, void **self,
		     struct bp_err *err)
{
	struct scpi *s = bp_arena_alloc(a, sizeof(*s));
	unsigned before = d->count;
	int rc;

	if (!s)
		return bp_fail(err, BP_ENOMEM, "board %s: power: out of memory", board);
	*s = (struct scpi){.board = board, .on = "OUTP ON", .off = "OUTP OFF", .query = "OUTP?", .level = "VOLT {v}",
			   .error = "SYST:ERR?", .timeout_ns = BP_NS_PER_S, .lines.fd = -1};
	read_port(a, d, config, s);
	bp_node_text(d, bp_map_get(config, "on"), &s->on);
	bp_node_text(d, bp_map_get(config, "off"), &s->off);
	bp_node_text(d, bp_map_get(config, "query"), &s->query);
	bp_node_text(d, bp_map_get(config, "level"), &s->level);
	bp_node_text(d, bp_map_get(config, "error"), &s->error);
	if (!strstr(s->level, "{v}"))
		bp_diag_at(d, bp_map_get(config, "level"), "expected {v} where the volts go, as in \"VOLT {v}\"");
	bp_power_timeout(d, config, &s->timeout_ns);
	bp_map_done(d, config);
	if (d->count != before)
		return bp_diag_result(d, err);
	rc = call(s, bp_power_deadline(s->timeout_ns < BP_NS_PER_S ? s->timeout_ns : BP_NS_PER_S), err);
	if (rc)
		return where(s, err);
	rc = bp_safe_add(&bp_power_scpi_ops, s, board, config, err);
	if (rc) {
		hang_up(s);
		return where(s, err);
	}
	*self = s;
	return 0;
}

const struct bp_power_ops bp_power_scpi_ops = {
	.name = "scpi",
	.help = "a programmable supply: serial: PATH or tcp: HOST:PORT; its level is for brown-outs",
	.open = scpi_open, .close = scpi_close, .on = scpi_on, .off = scpi_off, .level = scpi_level,
};
