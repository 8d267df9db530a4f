# shellcheck shell=dash
# SPDX-License-Identifier: Apache-2.0
# The roles' contract suites against emulated devices, what discover finds of them, and what a user is told who may not
# open them.

# ---- relays on an FT232R, data bus and CBUS
plug ftdi BPREL01 0
pin='cut -c$((BP_PIN + 1)) /run/BPREL01 | head -n 1'
check "power by libftdi1: bit-bang" with BP_FTDI_SERIAL=BPREL01 BP_FTDI_BIT=3 BP_FTDI_BIT2=5 BP_PIN_OBSERVE="$pin" -- \
	contract 6 test_power 'ftdi: *'
check "power by libftdi1: bit-bang, active low" with BP_FTDI_SERIAL=BPREL01 BP_FTDI_BIT=0 BP_FTDI_BIT2=7 BP_FTDI_ACTIVE=low \
	BP_PIN_OBSERVE="$pin" -- contract 6 test_power 'ftdi: *'
check "power by libftdi1: CBUS" with BP_FTDI_SERIAL=BPREL01 BP_FTDI_MODE=cbus BP_FTDI_BIT=1 BP_FTDI_BIT2=2 \
	BP_PIN_OBSERVE='cut -c$((BP_PIN + 9)) /run/BPREL01 | head -n 1' -- contract 6 test_power 'ftdi: *'

# The proof that these can fail: a pin that is stuck.
stuck() { # a suite that must find it
	contract "$@"
	grep -q '^\[  FAILED  \].* on and off' /tmp/suite
}
plug ftdi BPREL02 1 --stuck 2 low
check "a stuck pin fails the suite" with BP_FTDI_SERIAL=BPREL02 BP_FTDI_BIT=2 BP_PIN_OBSERVE='cut -c3 /run/BPREL02 | head -n 1' -- \
	stuck 6 test_power 'ftdi: *'
unplug BPREL02

# ---- libgpiod: ftdi_sio's chip of CBUS lines, and a Viperboard
plug ftdi BPGPIO1 1
check "power by libgpiod: ftdi-cbus" with BP_GPIO_CHIP=ftdi-cbus BP_GPIO_SERIAL=BPGPIO1 BP_GPIO_LINE=2 \
	BP_PIN_OBSERVE='cut -c$((BP_PIN + 9)) /run/BPGPIO1 | head -n 1' -- contract 5 test_power 'gpio: *'
plug viperboard BPVIPER 2
for chip in a b; do
	check "power by libgpiod: Viperboard, chip $chip" with BP_GPIO_CHIP="viperboard gpio $chip" BP_GPIO_LINE=6 BP_GPIO_ACTIVE=low \
		BP_PIN_OBSERVE="cut -c\$((BP_PIN + $([ $chip = a ] && echo 1 || echo 17))) /run/BPVIPER" -- contract 5 test_power 'gpio: *'
done

# ---- QEMU's hub, observed by uhubctl
hub=$(usb_place BPHUB01)
hub=${hub%.*}
check "power by libusb: a hub's port, as uhubctl sees it" with BP_HUB_LOCATION="$hub" BP_HUB_PORT=1 \
	BP_PIN_OBSERVE="uhubctl -l $hub -p 1 | grep -q 'Port 1: .*power' && echo 1 || echo 0" -- contract 5 test_power 'usbhub: *'
# The suite leaves it off. A kernel that was busy with it as it went has not noticed, and does when it comes back.
was=$(node_of BPHUB01)
uhubctl -l "$hub" -p 1 -a on >/dev/null
again() { [ -n "$(tty_of BPHUB01)" ] && [ "$(node_of BPHUB01)" != "$was" ]; }
await again

# ---- consoles by libserialport: an FT232R's terminal, and QEMU's own USB serial port on that hub, whose far end is ttyS1.
# Scripts, as the suite calls them: the port goes and comes back, each time under another name.
cat >/run/vanish <<'SH'
. ./guest_lib.sh
if [ "$1" = BPCON02 ]; then unplug BPCON02; else uhubctl -l "$2" -p 1 -a off; fi
await isnt usb_place "$1"
SH
cat >/run/return <<'SH'
. ./guest_lib.sh
if usb_place BPOTHER; then unplug BPOTHER; else plug ftdi BPOTHER 4; await tty_of BPOTHER; fi
if [ "$1" = BPCON02 ]; then plug ftdi BPCON02 3 --uart /run/far; else uhubctl -l "$2" -p 1 -a on; fi
await tty_of "$1"
await test -c /dev/"$(tty_of "$1")"
tty_of "$1" >>"/run/names.$1"
SH
plug ftdi BPCON02 3 --uart /run/far
await tty_of BPCON02
console() { # N SERIAL FAR LATENCY [SKIP]
	with BP_TTY_SERIAL="$2" BP_TTY_FAR="$3" BP_TTY_LATENCY="$4" BP_TTY_VANISH="sh /run/vanish $2 $hub" \
		BP_TTY_RETURN="sh /run/return $2 $hub" -- contract "$1" test_console 'usb: *' "${5:-none}"
	code=$?
	sort -u "/run/names.$2"
	[ $code = 0 ] && [ "$(sort -u "/run/names.$2" | wc -l)" = 2 ]
}
check "console by libserialport: an FT232R" console 10 BPCON02 /run/far 'tail -n 1 /run/BPCON02'
# Its far end is a port that loses what nobody reads: it never stalls.
check "console by libserialport: QEMU's USB serial port" console 9 BPHUB01 /dev/ttyS1 \
	"cat /sys/bus/usb/devices/\$(grep -lx BPHUB01 /sys/bus/usb/devices/*/serial | cut -d/ -f6):1.0/ttyUSB*/latency_timer" 'usb: stall'

# ---- what discover prints of all this: lines that a bench file takes as they are
found() {
	says 0 \
		"power: {driver: ftdi, serial: \"BPREL01\", channel: 1}   # to 8" "power: {driver: ftdi, serial: \"BPCON02\", channel: 1}" \
		"power: {driver: gpio, chip: \"ftdi-cbus\", usb-serial: \"BPGPIO1\", line: 0}   # to 3" \
		"power: {driver: gpio, chip: \"viperboard gpio a\", usb-serial: \"BPVIPER\", line: 0}   # to 15" \
		"power: {driver: gpio, chip: \"viperboard gpio b\", usb-serial: \"BPVIPER\", line: 0}" \
		"power: {driver: usbhub, hub: \"$hub\", port: 1}" "USB hub at $hub, 4 ports" \
		"console: {driver: serial, usb-serial: \"BPCON02\", baud: 115200}" "console: {driver: serial, usb-serial: \"BPHUB01\", baud: 115200}" \
		"console: {driver: serial, path: /dev/ttyS1, baud: 115200}" -- ./brickproof bench discover
}
pasted() { # each power line a board, with some console
	./brickproof bench discover >/tmp/found || return
	console=$(grep -m 1 '^    console:' /tmp/found)
	echo 'bench: pasted
boards:' >/tmp/pasted.yaml
	grep '^    power:' /tmp/found | awk -v console="$console" '{ printf "  - name: b%d\n    product: small\n%s\n%s\n", NR, $0, console }' >>/tmp/pasted.yaml
	says 2 "no board 'none'" -- ./brickproof bench check --bench /tmp/pasted.yaml --board none
}
check "discover finds relays, GPIO chips, the hub and consoles" found
check "what it prints is taken by a bench file" pasted

# ---- who may not open them is told what to do; what they are called needs no right
chgrp dialout /dev/ttyUSB*
chmod 660 /dev/ttyUSB*
may_not() { # VARIABLES SUITE FILTER TEXT...
	variables=$1 suite=$2 filter=$3
	shift 3
	says 1 "$@" -- as_nobody "$variables ./$suite '$filter'"
}
check "no permission: FTDI relay" may_not 'BP_FTDI_SERIAL=BPREL01 BP_FTDI_BIT=3 BP_PIN_OBSERVE=true' test_power 'ftdi: on and off' \
	"board left: FTDI chip BPREL01 bit 3: not among the FTDI chips that could be opened" "install 60-brickproof.rules" "join the group plugdev"
check "no permission: GPIO chip" may_not 'BP_GPIO_CHIP=ftdi-cbus BP_GPIO_LINE=2 BP_PIN_OBSERVE=true' test_power 'gpio: on and off' \
	"board left: power: GPIO chips: no permission: install 60-brickproof.rules" "join the group plugdev"
check "no permission: hub" may_not "BP_HUB_LOCATION=$hub BP_HUB_PORT=1 BP_PIN_OBSERVE=true" test_power 'usbhub: on and off' \
	"board left: hub $hub: no permission: install 60-brickproof.rules" "join the group plugdev"
check "no permission: console" may_not 'BP_TTY_SERIAL=BPCON02 BP_TTY_FAR=/dev/ptmx' test_console 'usb: silence' \
	"board bench-1: console of USB device BPCON02 cannot be opened: no permission for /dev/ttyUSB" 'usermod -aG dialout $USER' "60-brickproof.rules"
check "no permission: discover says so, and shows the lines all the same" says 0 \
	"not usable yet: permission denied; install harness/doc/60-brickproof.rules" "join the group that owns it (usually dialout)" \
	"serial: \"BPREL01\"" "usb-serial: \"BPCON02\"" -- as_nobody ./brickproof bench discover

# ---- two chips of one name are not one
twins() {
	BP_GPIO_CHIP=ftdi-cbus BP_GPIO_LINE=2 BP_PIN_OBSERVE=true says 1 "GPIO chips are called 'ftdi-cbus'" "give the 'usb-serial'" -- \
		./test_power 'gpio: on and off'
}
check "two GPIO chips of one name: which of them must be said" twins

unplug BPREL01 BPGPIO1 BPVIPER BPCON02
usb_place BPOTHER >/dev/null && unplug BPOTHER
