#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One scenario file, one token, several worlds: what the virtual board comes to within the program, a served board must
# come to through its serial console, its power line and the unmodified OpenOCD. For `before`, a torn erase and `after`,
# on the reference and on mutants that fail there. A third world takes the same tokens: kernel.sh, part worlds.
#
# WORLDS=all takes every mutant and both debug adapters (a quarter of an hour); else the reference and one mutant
# through the ST-LINK, and one case through the Bus Pirate. ONLY=TEXT keeps to the firmware whose name has TEXT in it.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/tap.sh"
# shellcheck source-path=SCRIPTDIR
. "$home/harness/tests/worlds.sh"
# shellcheck source-path=SCRIPTDIR
. "$home/harness/tests/served.sh"

bench_file() { # ADAPTER
	# The board's rail takes 2 ms from 3.3 V to 0; its core stops at 1.6 V (fixtures/products/small.yaml).
	cat >"$work/bench.yaml" <<-YAML
		bench: worlds-$$
		boards:
		  - name: served
		    product: small
		    power: {driver: socket, path: $board/power}
		    console: {driver: serial, path: $board/console, baud: 115200}
		    debug: {driver: openocd, interface: $board/openocd-$1.cfg, core: vb.cpu, flash: nrf, page: 1 KiB, start: 30 s, answer: 30 s}
		    calibration: {dead: 1.03 ms, jitter: 0.1 ms}
		    elf: $board/board.elf
	YAML
}

# The first token of a position that this bench can be brought to; its verdict must be the virtual board's.
same_in() { # WORLD POSITION OPTIONS...
	local world=$1 position=$2 at token verdict invariant missed=0
	shift 2
	while read -r _ at token verdict invariant; do
		[ "$at" = "$position" ] || continue
		timeout -k 5 300 "$program" replay "$@" --bench "$work/bench.yaml" "$token" >"$out" 2>"$err" </dev/null
		status=$?
		# A busy host may miss an erase four times over, and says so: then another one.
		grep -q '^verdict  not-exercised' "$out" && missed=$((missed + 1)) && [ $missed -lt 4 ] && continue
		tried="replay on $world: $token"
		want_out "verdict  $verdict"
		[ "$seen" = same ] || invariant=$seen
		[ "$verdict" != fail ] || grep -qE "^broken   ($invariant):" "$out" || fail "$tried: not broken: $invariant"
		[ -z "$tap_trouble" ] || fail "$(grep -E '^(try|verdict|broken|detail)' "$out"; head -n 5 "$err")"
		return
	done <"$work/plan"
	fail "no token of '$position' that the bench can be brought to"
}

# All positions of one firmware in one world. SEEN: the invariants, an extended regular expression, one of which a bench
# finds broken where the virtual board looks into the running core and finds the first one there; or "same".
firmware_in() { # WORLD FIRMWARE SCENARIO SEEN POSITIONS...
	local world=$1 firmware=$2 scenario=$3 seen=$4
	shift 4
	[[ $firmware == *${ONLY:-}* ]] || return 0
	begin "$firmware, $scenario: $world comes to what the virtual board comes to"
	worlds_plan "$firmware" "$scenario" "$@" >"$work/plan" 2>"$err"
	start_board --firmware "$firmware"
	bench_file "$world"
	for position in "$@"; do
		[ -n "$tap_trouble" ] || same_in "$world" "$position" --firmware "$firmware"
	done
	stop_board
}

# A board that loses no power is found out, whatever it does.
no_power_loss() { # OPTION
	begin "a board with a bad relay ($1) never passes"
	"$program" run --quiet --product small --control none --reports "$work/reports" power-cut-install >"$out" 2>"$err"
	start_board "$1"
	bench_file stlink
	timeout -k 5 300 "$program" run --quiet --bench "$work/bench.yaml" --budget 1 --control none --reports "$work/bad" power-cut-install >"$out" 2>"$err"
	status=$? tried="run on a board served with $1"
	want_status 99
	want_out "no power loss"
	want_lines "$work/bad/latest/journal.jsonl" 0 '"t":"case".*"verdict":"(pass|fail)"'
	stop_board
}

if ! command -v openocd >/dev/null; then
	skip "the served board through OpenOCD" "openocd is not installed"
	finish
fi
for row in $worlds; do
	row=${row%%:*}
	[ "$row" = reference ] || have_mutant "${row#mutant-}" && continue
	skip "the served board's mutants" "the mutants are not built"
	finish
done

adapters=stlink
if [ "${WORLDS:-}" = all ]; then
	adapters='stlink buspirate'
else
	worlds=$(echo $worlds | cut -d' ' -f 1-2)
	firmware_in buspirate reference power-cut-install same before
fi
for adapter in $adapters; do
	for row in $worlds; do
		IFS=: read -r firmware scenario seen <<<"$row"
		firmware_in $adapter "$firmware" "$scenario" "${seen:-same}" before torn after
	done
done
heard='line:app%3a%20confirmed#1 time:250ms'
[ "${WORLDS:-}" != all ] || heard+=' line:agent%3a%20written#1+100ms line:app%3a%20healthy#1+120ms line:boot%3a%20cause%20software#1 time:1.25s'
# shellcheck disable=SC2086
firmware_in stlink mutant-confirmed-before-written power-cut-console $heard
[ "${WORLDS:-}" != all ] || firmware_in stlink reference power-cut-console $heard
no_power_loss --reset-only
no_power_loss --stuck-on
finish
