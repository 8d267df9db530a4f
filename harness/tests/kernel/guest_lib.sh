# shellcheck shell=dash
# SPDX-License-Identifier: Apache-2.0
# What the virtual machine's parts share, and the scripts that suites call: devices, commands, served boards.

# Poll until the command succeeds, 20 s at most.
await() {
	local i=0
	until "$@" >/dev/null 2>&1; do
		i=$((i + 1))
		[ $i -lt 400 ] || { echo "never: $*"; return 1; }
		usleep 50000
	done
}

isnt() { ! "$@"; }

# ---- devices

usb_place() { # SERIAL: as in /sys/bus/usb/devices
	grep -lx "$1" /sys/bus/usb/devices/*/serial 2>/dev/null | sed 's,.*/devices/\(.*\)/serial,\1,' | grep .
}

tty_of() { # SERIAL: ttyUSBn
	ls "/sys/bus/usb/devices/$(usb_place "$1")":1.0/ 2>/dev/null | grep '^ttyUSB'
}

node_of() { # SERIAL: what libusb opens
	printf '/dev/bus/usb/%03d/%03d' "$(cat "/sys/bus/usb/devices/$(usb_place "$1")/busnum")" \
		"$(cat "/sys/bus/usb/devices/$(usb_place "$1")/devnum")"
}

# A device; its pins are in /run/SERIAL.
plug() { # KIND SERIAL PORT OPTIONS...
	local kind=$1 serial=$2 port=$3
	shift 3
	rm -f "/run/$serial"
	./usb_device "$kind" "$serial" "$port" "/run/$serial" "$@" >/dev/null 2>>/run/devices.log </dev/null &
	echo $! >"/run/$serial.pid"
	await usb_place "$serial" || cat /run/devices.log
}

unplug() { # SERIAL...
	local serial
	for serial in "$@"; do kill "$(cat "/run/$serial.pid")"; done
	for serial in "$@"; do await isnt usb_place "$serial"; done
}

# ---- commands

# One role's contract suite against a device: each of N tests is passed, none is skipped.
contract() { # N SUITE FILTER [WITHOUT]
	local code
	timeout 300 "./$2" "$3" "${4:-none}" >/tmp/suite 2>&1
	code=$?
	cat /tmp/suite
	[ $code = 0 ] && [ "$(grep -c '^\[ *OK \]' /tmp/suite)" = "$1" ]
}

with() { # NAME=VALUE... -- COMMAND...
	(
		while [ "$1" != -- ]; do
			export "$1"
			shift
		done
		shift
		"$@"
	)
}

# A command that must end with STATUS and say all the texts, on either stream.
says() { # STATUS TEXT... -- COMMAND...
	local want=$1 code text
	shift
	: >/tmp/texts
	while [ "$1" != -- ]; do
		printf '%s\n' "$1" >>/tmp/texts
		shift
	done
	shift
	"$@" >/tmp/said 2>&1
	code=$?
	cat /tmp/said
	[ $code = "$want" ] || { echo "status $code, expected $want: $*"; return 1; }
	while read -r text; do
		grep -qF -- "$text" /tmp/said || { echo "not said: $text"; return 1; }
	done </tmp/texts
}

as_nobody() { su nobody -s /bin/sh -c "$*"; }

# ---- a board on the bench: its console a USB cable, its probe OpenOCD's
export BRICKPROOF_HOME=/work OPENOCD_SCRIPTS=/usr/share/openocd/scripts

serve() { # NAME OPTIONS...: a board in /run/NAME, started anew
	local board=$1
	shift
	stop_serving "$board"
	./brickproof board serve --product small --dir "/run/$board" "$@" >"/run/serve.$board" 2>&1 </dev/null &
	echo $! >"/run/$board.pid"
	await test -e "/run/$board/ready" || cat "/run/serve.$board"
}

stop_serving() { # NAME
	[ -e "/run/$1.pid" ] || return 0
	kill "$(cat "/run/$1.pid")" 2>/dev/null
	await isnt test -e "/run/$1/ready"
	rm -rf "/run/$1" "/run/$1.pid"
}

# A board anew, and its console's cable.
serve_at() { # NAME CONSOLE-SERIAL PORT OPTIONS...
	local name=$1 console=$2 port=$3
	shift 3
	! usb_place "$console" >/dev/null || unplug "$console"
	serve "$name" "$@"
	plug ftdi "$console" "$port" --uart "/run/$name/console"
	await tty_of "$console"
}

# An entry of a bench file, power and console as lines. 1 ms to die and another to stray: everything here is emulated.
board_entry() { # NAME DIR CONSOLE POWER
	cat <<YAML
  - name: $1
    product: small
$4
$3
    debug: {driver: openocd, interface: $2/openocd-stlink.cfg, core: vb.cpu, flash: nrf, page: 1 KiB, start: 60 s, answer: 60 s}
    elf: $2/board.elf
    calibration: {dead: 1.5 ms, jitter: 1 ms}
YAML
}

# The same from discover's own lines: those that match, of which there must be one each.
paste() { # NAME DIR CONSOLE-SERIAL POWER-REGEX
	local console power
	./brickproof bench discover >/tmp/discovered
	console=$(grep -E "^    console: .*\"$3\"" /tmp/discovered)
	power=$(grep -E "^    power: .*$4" /tmp/discovered)
	[ "$(echo "$console" | grep -c .) $(echo "$power" | grep -c .)" = "1 1" ] && board_entry "$1" "$2" "$console" "$power" && return
	cat /tmp/discovered >&2
	echo "not one line each for '$3' and '$4'" >&2
	return 1
}

bench_of() { # NAME POWER-REGEX: /run/NAME.yaml, of the board in /run/board with the console BPCON01
	printf 'bench: kernel-%s\nboards:\n' "$1" >"/run/$1.yaml"
	paste "$1" /run/board BPCON01 "$2" >>"/run/$1.yaml"
}

# ---- runs on it
[ -e /run/cut.yaml ] || cat >/run/cut.yaml <<YAML
scenario: kernel-cut
title: Power is cut by an emulated switch while the trial is requested
covers: [C-2]
steps:
  - update: {to: to}
end: {running: to, reasons: [OK]}
sweep:
  - {event: flash, phases: [install], positions: [before, torn 50%, after]}
YAML

run() { # NAME BUDGET OPTIONS...: its status
	local bench=$1 budget=$2
	shift 2
	rm -rf "/tmp/reports"
	./brickproof run --bench "/run/$bench.yaml" --budget "$budget" --control none --reports /tmp/reports "$@" /run/cut.yaml
}
verdicts() { # VERDICT: how many cases came to it
	grep -c '"t":"case".*"verdict":"'"$1"'"' /tmp/reports/latest/journal.jsonl
}
why() { grep -E '"t":"case"|"t":"cut"' /tmp/reports/latest/*.jsonl; }
