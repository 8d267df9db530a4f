#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Nested cuts from outside: depth, budget, replay. CLOSED=all: the searches on the small product end by themselves (minutes).
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/tap.sh"

search_of() { # KEY: of the latest run's search line
	grep '"t":"search"' "$work/reports/latest/journal.jsonl" | json_value "$1"
}

want_search() { # KEY VALUE
	local value
	value=$(search_of "$1")
	[ "$value" = "$2" ] || fail "$tried: $1 of the search is '$value', expected '$2'"
}

run=(run --quiet --control none --product small --reports "$work/reports")

begin "two cuts, all of them"
try "${run[@]}" --depth 2 --exact power-cut-confirm
want_status 0
want_out "nested cuts, power-cut-confirm: "
want_out "deeper was not asked for"
want_search end depth
want_search open 0
grep -o '"token":"[^"]*+[^"]*"' "$work/reports/latest/journal.jsonl" | cut -d '"' -f 4 >"$work/tokens"
[ "$(wc -l <"$work/tokens")" -gt 100 ] || fail "few nested cases"

begin "a token of two cuts is replayed from the start"
try replay "$(sed -n '50p' "$work/tokens")"
want_status 0
want_lines "$out" 5 'power on$'

begin "a cut in what the host does then is replayed from the start"
try "${run[@]}" power-cut-twice-with-host
want_status 0
want_search unproven 0
token=$(grep -o '"token":"[^"]*@restart+flash:[0-9]*/after@another:[^"]*"' "$work/reports/latest/journal.jsonl" | cut -d '"' -f 4 | sed -n '5p')
try replay "$token"
want_status 0
want_lines "$out" 1 'the host: restart$'
want_lines "$out" 1 'the host: another$'

begin "one cut is what a scenario gets that does not ask for more"
try "${run[@]}" power-cut-confirm
want_status 0
want_not_in "$out" "nested cuts"

begin "a budget ends the search, and says how much is open"
try "${run[@]}" --depth closed --budget 200 power-cut-twice-with-host
want_status 0
want_search end budget-ended
want_out "budget-ended, "
want_out "states open"

if [ "${CLOSED:-}" = all ]; then
	for scenario in power-cut-twice-update power-cut-twice-rollback power-cut-number-wraps power-cut-twice-with-host; do
		begin "$scenario: no cut leads to a new state any more"
		timeout 1200 "$program" "${run[@]}" --depth closed $scenario >"$out" 2>"$err" ||
			fail "$scenario: $(tail -n 3 "$out" "$err")"
		tried=$scenario
		want_search end closed
	done
fi
finish
