#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `brickproof run --bench` on two boards at once: trouble with one of them, and the end of the rig itself.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/tap.sh"

pids=()
at_exit=stop_boards

stop_boards() {
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
	for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null; done
	pids=()
	rm -rf "$work/one" "$work/two"
}

start_boards() {
	for name in one two; do
		"$program" board serve --product small --dir "$work/$name" >"$work/serve.$name" 2>&1 </dev/null &
		pids+=($!)
	done
	for ((i = 0; i < 600; i++)); do
		[ -e "$work/one/ready" ] && [ -e "$work/two/ready" ] && return
		sleep 0.05
	done
	fail "boards are not served: $(cat "$work"/serve.*)"
}

{
	echo "bench: boards-$$"
	echo boards:
	for name in one two; do
		cat <<-YAML
			  - name: $name
			    product: small
			    power: {driver: socket, path: $work/$name/power, timeout: 3 s}
			    console: {driver: serial, path: $work/$name/console, baud: 115200, patience: 2 s}
			    debug: {driver: openocd, interface: $work/$name/openocd-stlink.cfg, core: vb.cpu, flash: nrf, page: 1 KiB}
			    elf: $work/$name/board.elf
		YAML
	done
} >"$work/bench.yaml"

run_bench() { # BUDGET REPORTS; in the background, $run_pid
	"$program" run --bench "$work/bench.yaml" --budget "$1" --control none --reports "$work/$2" power-cut-install \
		>"$work/run.out" 2>"$work/run.err" </dev/null &
	run_pid=$!
}

ask() { # BOARD COMMAND KEY
	perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or exit; $s->autoflush(1); print $s "$ARGV[1]\n"; print scalar <$s>' \
		"$work/$1/power" "$2" 2>/dev/null | json_value "$3"
}

truth_of() { ask "$1" truth "$2"; }

power_of() { truth_of "$1" power; }

wait_for_power() { # BOARD
	for ((i = 0; i < 1200; i++)); do
		[ "$(power_of "$1")" = on ] && return
		kill -0 $run_pid 2>/dev/null || break
		sleep 0.05
	done
	fail "board $1 was never on: $(head -n 5 "$work/run.err")"
}

# Power is lost twice while a board is opened and provisioned: then it runs its case.
wait_for_case() { # BOARD LOSSES
	local losses
	for ((i = 0; i < 1200; i++)); do
		losses=$(truth_of "$1" losses)
		[ "${losses:-0}" -ge "$2" ] && [ "$(power_of "$1")" = on ] && return
		kill -0 $run_pid 2>/dev/null || break
		sleep 0.05
	done
	fail "board $1 never ran a case: $(head -n 5 "$work/run.err")"
}

wait_for_run() { # WHAT
	wait $run_pid
	status=$? tried=$1
	cp "$work/run.out" "$out"
	cp "$work/run.err" "$err"
}

if ! command -v openocd >/dev/null; then
	skip "runs on two boards" "openocd is not installed"
	finish
fi

begin "two boards share the cases, and are locked meanwhile"
start_boards
run_bench 3 both
wait_for_power one
wait_for_power two
try run --bench "$work/bench.yaml" --control none --reports "$work/second" power-cut-install
want_status 99
want_err "is in use"
wait_for_run "run on two boards"
want_status 0
want_lines "$work/both/latest/journal.jsonl" 4 '"t":"case".*"verdict":"pass"'
want_lines "$work/both/latest/timing.jsonl" 3 '"t":"cut".*"hit":true'

begin "a cut that the host was late with does not count, and is tried again"
"$program" run --quiet --product small --control none --reports "$work/points" power-cut-console >"$out" 2>"$err"
token=$(grep -o '"token":"[^"]*:time:1.25s:-:1"' "$work/points/latest/journal.jsonl" | json_value token)
losses=$(truth_of one losses)
"$program" replay --bench "$work/bench.yaml" --board one "$token" >"$work/run.out" 2>"$work/run.err" </dev/null &
run_pid=$!
wait_for_case one $((losses + 2))
before=$(ask one status ops)
for ((i = 0; i < 1200; i++)); do # until the update is under way
	ops=$(ask one status ops)
	[ "${ops:-0}" -gt $((before + 40)) ] && kill -STOP $run_pid && break
	kill -0 $run_pid 2>/dev/null || break
done
sleep 2
kill -CONT $run_pid
wait_for_run "replay on a host that stood still for two seconds"
want_status 0
want_lines "$out" 1 "^try 1 .*the host was late by"
want_lines "$out" 1 "^verdict  pass"

begin "a board that goes away costs its case; the run goes on with the other"
losses=$(truth_of two losses)
run_bench 5 away
wait_for_case two $((losses + 2))
kill -9 "${pids[1]}"
wait_for_run "run while a board went away"
want_status 99
want_err "board two is out of use"
want_lines "$work/away/latest/journal.jsonl" 1 '"t":"case".*"verdict":"rig"'
want_lines "$work/away/latest/journal.jsonl" 5 '"t":"case".*"verdict":"pass"'

begin "the rig is killed: its boards lose their power"
stop_boards
start_boards
run_bench 5 killed
wait_for_power one
kill -9 $run_pid
wait $run_pid 2>/dev/null
for ((i = 0; i < 400; i++)); do
	[ "$(power_of one)" = off ] && [ "$(power_of two)" = off ] && break
	sleep 0.05
done
[ "$(power_of one) $(power_of two)" = "off off" ] || fail "boards are left $(power_of one) and $(power_of two)"
stop_boards
finish
