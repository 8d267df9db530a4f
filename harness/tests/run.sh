#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs test programs, JOBS at a time, and counts. Each argument is KIND:NAME:COMMAND:
#   unit  a cmocka program, asked for TAP
#   tap   any program that prints TAP
#   step  a command that is one test: it passes when it exits with 0, is skipped with 77
# A program that prints no plan, or dies after its last test, counts as one failure more.
# The last line is "N passed, N failed, N skipped"; the status is 0 when nothing failed.
set -u
logs=${LOGS:-build/logs}
jobs=${JOBS:-2}
limit=${LIMIT:-600}
rm -rf "$logs"
mkdir -p "$logs"
export logs limit

one() { # number, item
	local kind rest name command log status
	kind=${2%%:*} rest=${2#*:}
	name=${rest%%:*} command=${rest#*:}
	log="$logs/$1"
	if [ "$kind" = unit ]; then
		CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 5 "$limit" bash -c "$command" >"$log.out" 2>"$log.err" </dev/null
	else
		timeout -k 5 "$limit" bash -c "$command" >"$log.out" 2>"$log.err" </dev/null
	fi
	status=$?
	if [ "$kind" = step ]; then
		case $status in
		0) set -- 1 0 0 ;;
		77) set -- 0 0 1 ;;
		*) set -- 0 1 0 ;;
		esac
	else
		# shellcheck disable=SC2046
		set -- $(awk '
			/^(not )?ok .*# *SKIP/ { s++; n++; next } # cmocka says "not ok" of a skipped test
			/^ok / { p++; n++ }
			/^not ok / { f++; n++ }
			/^1\.\.[0-9]+/ { split($1, a, "[.][.]"); want += a[2] }
			END { if (n != want || want == 0) f++; print p + 0, f + 0, s + 0 }' "$log.out")
		if [ "$2" = 0 ] && [ "$status" != 0 ]; then set -- "$1" 1 "$3"; fi
	fi
	printf '%s %s %s\n' "$1" "$2" "$3" >"$log.count"
	if [ "$2" = 0 ]; then
		printf '  ok    %-44s %s passed%s\n' "$name" "$1" "$([ "$3" = 0 ] || printf ', %s skipped' "$3")"
	else
		{
			printf '  FAIL  %-44s %s failed, status %s\n' "$name" "$2" "$status"
			grep -aE '^not ok|^#' "$log.out" | head -20
			tail -n 25 "$log.err"
		} | sed '2,$s/^/        /'
	fi
}
export -f one

number=0
for item in "$@"; do
	number=$((number + 1))
	printf '%03d\0%s\0' "$number" "$item"
done | xargs -0 -n 2 -P "$jobs" bash -c 'one "$1" "$2"' _

awk '{ p += $1; f += $2; s += $3 } END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 }' "$logs"/*.count
