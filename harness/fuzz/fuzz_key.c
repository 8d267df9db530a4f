/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PEM keys: any text. A key that is read is ended by a NUL in its name and
 * consistent: its secret half makes its public half.
 */
#include "image/key.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bp_key key, again;
	struct bp_err err;

	if (bp_key_parse((const char *)data, size, "fuzz", &key, &err) < 0)
		return 0;
	if (strcmp(key.name, "fuzz") != 0)
		abort();
	if (!key.has_secret)
		return 0;
	bp_key_from_seed(key.secret, "fuzz", &again);
	if (memcmp(key.pub, again.pub, sizeof(key.pub)) != 0)
		abort();
	return 0;
}
