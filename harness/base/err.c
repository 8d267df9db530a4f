/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

int bp_vfail(struct bp_err *err, int code, const char *fmt, va_list ap)
{
	if (err) {
		err->code = code;
		vsnprintf(err->text, sizeof(err->text), fmt, ap);
	}
	return code;
}

int bp_report(struct bp_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	bp_vfail(err, code, fmt, ap);
	va_end(ap);
	return code;
}

int bp_prefix(struct bp_err *err, const char *fmt, ...)
{
	char old[BP_ERR_TEXT_BYTES];
	va_list ap;
	int n;

	if (!err)
		return BP_EINTERNAL;
	memcpy(old, err->text, sizeof(old));
	va_start(ap, fmt);
	n = vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	/* What no longer fits is cut; asking for the count tells the compiler that this is meant. */
	if (n >= 0 && (size_t)n < sizeof(err->text) && snprintf(err->text + n, sizeof(err->text) - (size_t)n, ": %s", old) < 0)
		err->text[n] = '\0';
	return err->code;
}

int bp_advise(struct bp_err *err, const char *fmt, ...)
{
	size_t len = err ? strlen(err->text) : 0;
	va_list ap;

	if (!err)
		return BP_EINTERNAL;
	if (len + 3 > sizeof(err->text) || (len && err->text[len - 1] == '?'))
		return err->code;
	memcpy(err->text + len, "; ", 3);
	va_start(ap, fmt);
	vsnprintf(err->text + len + 2, sizeof(err->text) - len - 2, fmt, ap);
	va_end(ap);
	return err->code;
}

const char *bp_code_name(int code)
{
	switch (code) {
	case BP_OK: return "ok";
	case BP_ENOMEM: return "out of memory";
	case BP_ECONFIG: return "configuration";
	case BP_EUSAGE: return "usage";
	case BP_EIO: return "input/output";
	case BP_ETIMEOUT: return "timeout";
	case BP_EPOWER: return "board is off";
	case BP_EPROTO: return "protocol";
	case BP_EREFUSED: return "refused";
	case BP_ENOENT: return "not found";
	default: return "internal";
	}
}
