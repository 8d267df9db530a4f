# shellcheck shell=dash
# SPDX-License-Identifier: Apache-2.0
# Served boards on this bench: their supply behind a relay or a hub's port, their console a USB cable, their probe
# OpenOCD's. The bench files are pasted from what `bench discover` prints.

all_pass() { # NAME REGEX: no fault, before, torn and after
	bench_of "$1" "$2" && run "$1" 3 && [ "$(verdicts pass)" = 4 ] && return
	why
	return 1
}
fit() { # NAME REGEX
	bench_of "$1" "$2" && says 0 "1 of 1 boards are fit to be cut" -- ./brickproof bench check --bench "/run/$1.yaml"
}

# ---- the same cuts by each switch. The pin of channel 1, of line 0: what discover proposes.
serve_at board BPCON01 3
plug ftdi BPREL03 0 --relay /run/board/power 0 high
check "bench check of what discover proposed: FTDI relay" fit ftdi 'driver: ftdi, serial: "BPREL03"'
check "cuts by libftdi1's relay" all_pass ftdi 'driver: ftdi, serial: "BPREL03"'
unplug BPREL03
plug ftdi BPGPIO3 0 --relay /run/board/power 8 high
check "cuts by libgpiod, a CBUS line of an FTDI chip" all_pass cbus 'chip: "ftdi-cbus", usb-serial: "BPGPIO3"'
unplug BPGPIO3
plug viperboard BPVIPER3 0 --relay /run/board/power 16 high
check "bench check of what discover proposed: GPIO line" fit viper 'chip: "viperboard gpio b"'
check "cuts by libgpiod, a Viperboard's line" all_pass viper 'chip: "viperboard gpio b"'
unplug BPVIPER3
await tty_of BPHUB01
hub=$(usb_place BPHUB01)
hub=${hub%.*}
./hub_wire "$hub" 1 /run/board/power 2>>/run/devices.log &
wire=$!
check "cuts by libusb, a hub's port" all_pass hub "driver: usbhub, hub: \"$hub\""
kill $wire
unplug BPCON01
stop_serving board
