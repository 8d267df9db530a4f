#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs one fuzz target for SECONDS_EACH seconds from its seeds: fuzz.sh PROGRAM NAME SECONDS. New inputs are kept in build/fuzz/corpus.
set -eu
program=$1 name=$2 seconds=$3
corpus=build/fuzz/corpus/$name
mkdir -p "$corpus"
seeds=harness/fuzz/seeds/$name
[ -d "$seeds" ] || seeds=
# shellcheck disable=SC2086
exec "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
	-artifact_prefix="build/fuzz/$name-" "$corpus" $seeds
