# shellcheck shell=dash
# SPDX-License-Identifier: Apache-2.0
# Runs on a bench that is not as it should be: never a pass, never the device's failure; what can go on goes on.

# ---- switches that do not switch: never a pass, never the device's failure
never() { # TEXT NAME REGEX
	text=$1
	bench_of "$2" "$3" || return
	run "$2" 1 >/tmp/ran 2>&1
	code=$?
	cat /tmp/ran
	why
	[ $code = 99 ] || { echo "status $code, expected 99"; return 1; }
	[ "$(verdicts '\(pass\|fail\)')" = 0 ] || { echo "a case passed or failed"; return 1; }
	cat /tmp/ran /tmp/reports/latest/journal.jsonl | grep -qF "$text" || { echo "not said: $text"; return 1; }
}
serve_at board BPCON01 3 --reset-only
plug ftdi BPREL04 0 --relay /run/board/power 0 high
check "a relay that only resets is found out" never 'no power loss' reset 'driver: ftdi, serial: "BPREL04"'
unplug BPREL04
serve_at board BPCON01 3 --stuck-on
plug viperboard BPVIPER4 0 --relay /run/board/power 0 high
check "a relay whose contact is welded is found out" never 'no power loss' welded 'chip: "viperboard gpio a"'
unplug BPVIPER4
serve_at board BPCON01 3
plug ftdi BPREL05 0 --relay /run/board/power 0 high --stuck 0 high
check "a pin that is stuck is the rig's trouble" never 'bit 0 stays high' stuck 'driver: ftdi, serial: "BPREL05"'
unplug BPREL05

# ---- plugs that are pulled. A switch goes on and off as its board is opened, on as it is provisioned, off and on as its
# first case begins, off at the first cut or power cycle.
switched() { tail -n 1 "/run/$1" | awk '{ print $2 }'; } # RELAY-SERIAL: how often it went so far
has_switched() { [ "$(($(switched "$1") - $2))" -ge "$3" ]; } # RELAY-SERIAL SINCE TIMES
run_and() { # NAME RELAY-SERIAL TIMES COMMAND...: two cases or more; COMMAND once the relay went so often; its status in $code
	bench=$1 relay=$2 times=$3 since=$(switched "$2")
	shift 3
	run "$bench" "${budget_of:-1}" >/tmp/ran 2>&1 &
	running=$!
	await has_switched "$relay" "$since" "$times" && "$@"
	wait $running
	code=$?
	cat /tmp/ran
	why
}
expect() { # STATUS RIG PASS TEXT...
	[ "$code $(verdicts rig) $(verdicts pass)" = "$1 $2 $3" ] || { echo "status, rig, pass: $code $(verdicts rig) $(verdicts pass)"; return 1; }
	shift 3
	for text in "$@"; do
		cat /tmp/ran /tmp/reports/latest/journal.jsonl | grep -qF -- "$text" || { echo "not said: $text"; return 1; }
	done
}

plug ftdi BPREL06 0 --relay /run/board/power 0 high
replugged() {
	was=$(tty_of BPCON01)
	unplug BPCON01
	plug ftdi BPOTHER 4
	await tty_of BPOTHER
	plug ftdi BPCON01 3 --uart /run/board/console
	await tty_of BPCON01
	echo "$was is $(tty_of BPCON01)"
	[ "$was" != "$(tty_of BPCON01)" ]
}
console_pulled() {
	bench_of console 'driver: ftdi, serial: "BPREL06"' && run_and console BPREL06 5 replugged &&
		expect 99 1 1 "board console: a serial port of it went away during this case"
}
check "a console that is gone costs its case; it comes back under another name, and the next case passes" console_pulled
unplug BPOTHER
# While the board is off nothing is written: the rig notices only that the port went, when it is back already.
blink() {
	pgrep -f 'brickproof run' | xargs kill -STOP
	replugged
	pgrep -f 'brickproof run' | xargs kill -CONT
}
console_blinks() {
	run_and console BPREL06 6 blink && expect 99 1 1 "board console: a serial port of it went away during this case"
}
check "a console that went and came back unnoticed costs its case, too" console_blinks
unplug BPOTHER

serve_at second BPCON07 5
plug viperboard BPVIPER7 6 --relay /run/second/power 0 high
relay_pulled() {
	bench_of two 'driver: ftdi, serial: "BPREL06"' && paste second /run/second BPCON07 'chip: "viperboard gpio a"' >>/run/two.yaml &&
		budget_of=3 run_and two BPREL06 5 unplug BPREL06 &&
		expect 99 1 3 "board two is out of use" "board two: FTDI chip BPREL06 bit 0"
}
check "a relay that is pulled costs its case; the run goes on with the other board" relay_pulled
unplug BPCON01 BPCON07 BPVIPER7
stop_serving board
stop_serving second
