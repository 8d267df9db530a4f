#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Power cycles without end: one rig, one OpenOCD, a served board. Every power-up must be caught by the probe and proven a
# loss of power, and neither memory nor descriptors may grow. CYCLES=500 takes some seven minutes; the default a few seconds.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/tap.sh"

cycles=${CYCLES:-12}
board=$work/board serve_pid='' run_pid=''
at_exit=stop_all

stop_all() {
	[ -z "$run_pid" ] || kill "$run_pid" 2>/dev/null
	[ -z "$serve_pid" ] || kill "$serve_pid" 2>/dev/null
	wait
	rm -rf "$board"
}

truth() { # KEY
	perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or exit; $s->autoflush(1); print $s "truth\n"; print scalar <$s>' \
		"$board/power" 2>/dev/null | json_value "$1"
}

descendants() { # PID
	local child
	for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
		echo "$child"
		descendants "$child"
	done
}

# Resident KiB and open descriptors of the rig: the parent, the board's worker, its guardian, OpenOCD.
usage() {
	local pid rss=0 fds=0 n
	for pid in $run_pid $(descendants $run_pid); do
		n=$(awk '/^VmRSS:/ { print $2 }' "/proc/$pid/status" 2>/dev/null)
		rss=$((rss + ${n:-0}))
		n=$(find "/proc/$pid/fd" -mindepth 1 2>/dev/null | wc -l)
		fds=$((fds + n))
	done
	echo "$rss $fds"
}

# What is used once the board has lost its power so often.
usage_after() { # LOSSES
	local deadline=$((SECONDS + 30 + 3 * $1)) losses
	while kill -0 "$run_pid" 2>/dev/null && [ $SECONDS -lt $deadline ]; do
		losses=$(truth losses)
		[ "${losses:-0}" -ge "$1" ] && usage && return
		sleep 0.2
	done
	fail "the board has lost its power ${losses:-0} times, not $1"
}

if ! command -v openocd >/dev/null; then
	skip "power cycles with OpenOCD attached" "openocd is not installed"
	finish
fi

begin "$cycles power cycles: each is caught and proven"
cat >"$work/bench.yaml" <<-YAML
	bench: endurance-$$
	boards:
	  - name: served
	    product: small
	    power: {driver: socket, path: $board/power}
	    console: {driver: serial, path: $board/console, baud: 115200}
	    debug: {driver: openocd, interface: $board/openocd-stlink.cfg, core: vb.cpu, flash: nrf, page: 1 KiB, start: 30 s, answer: 30 s}
	    calibration: {dead: 1.03 ms, jitter: 0.1 ms}
	    elf: $board/board.elf
YAML
cat >"$work/cycles.yaml" <<-YAML
	scenario: cycles
	title: Power cycles without end
	covers: [C-20]
	steps:
	  - power-cycle: {times: $cycles, after: 100 ms}
	end: {running: from, reasons: [NONE]}
YAML
# The rig's OpenOCD, by pid.
openocds() {
	local p name
	for p in $(descendants $run_pid); do
		read -r name <"/proc/$p/comm" 2>/dev/null && [ "$name" = openocd ] && printf '%s ' "$p"
	done
}

"$program" board serve --product small --dir "$board" >"$work/serve.out" 2>"$work/serve.err" </dev/null &
serve_pid=$!
for ((i = 0; i < 600; i++)); do
	[ -e "$board/ready" ] && break
	sleep 0.05
done
timeout -k 5 $((60 + 3 * cycles)) "$program" run --quiet --bench "$work/bench.yaml" --control none --reports "$work/reports" "$work/cycles.yaml" >"$out" 2>"$err" </dev/null &
run_pid=$!
tried="run of $cycles power cycles" began=$SECONDS
# A third of the cycles is for whatever is set up once and kept.
first=$(usage_after $((cycles / 3)))
openocd=$(openocds)
last=$(usage_after $((cycles - 1)))
openocd_last=$(openocds)
wait $run_pid
status=$? run_pid=''
want_status 0
want_lines "$work/reports/latest/journal.jsonl" 1 '"t":"case".*"verdict":"pass"'
losses=$(truth losses)
[ "${losses:-0}" -ge "$cycles" ] || fail "the board has lost its power ${losses:-0} times"

begin "one OpenOCD is attached to all of them"
[ -n "$openocd" ] && [ "$openocd" = "$openocd_last" ] || fail "OpenOCD was ${openocd:-nothing}, and is ${openocd_last:-nothing} now"

begin "neither memory nor descriptors grow"
read -r rss fds <<<"$first"
read -r rss_last fds_last <<<"$last"
[ -n "$rss" ] && [ -n "$rss_last" ] || fail "nothing was measured"
# OpenOCD's heap breathes by some pages; one byte a cycle and command would be more over hundreds of cycles.
[ "${rss_last:-0}" -le $((${rss:-0} + 512)) ] || fail "memory grew from $rss to $rss_last KiB"
[ "${fds_last:-0}" = "${fds:-0}" ] || fail "descriptors went from $fds to $fds_last"
echo "# $losses losses of power in $((SECONDS - began)) s; memory $rss KiB, then $rss_last; descriptors $fds, then $fds_last"
finish
