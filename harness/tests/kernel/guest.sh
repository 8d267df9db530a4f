#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# First process of the virtual machine (../kernel.sh): sets it up, runs the checks, prints TAP, and ends the machine.
export PATH=/bin HOME=/
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
ifconfig lo 127.0.0.1 up
for module in xhci-pci vhci-hcd ftdi_sio gpio-viperboard viperboard; do modprobe $module || echo "# no module $module"; done
cd /work || exit 1
variant=$1 scenarios=${2:-}
number=0 failed=0

end() { # its byte becomes QEMU's status: 16 → 33, 17 → 35
	echo "1..$number"
	code=020
	[ $failed = 0 ] && [ $number -gt 0 ] || code=021
	printf "\\$code" | dd of=/dev/port bs=1 seek=1281 2>/dev/null
	poweroff -f
}

# A command that must succeed.
check() { # NAME COMMAND...
	name=$1
	shift
	number=$((number + 1))
	began=$(cut -d' ' -f1 /proc/uptime)
	if "$@" >/tmp/log 2>&1 </dev/null; then
		echo "ok $number - $name"
	else
		status=$?
		failed=$((failed + 1))
		echo "not ok $number - $name"
		echo "# status $status"
		tail -n 40 /tmp/log | sed 's/^/# /'
	fi
	echo "took $began to $(cut -d' ' -f1 /proc/uptime)"
}

# Poll until the command succeeds, 20 s at most.
await() {
	i=0
	until "$@" >/dev/null 2>&1; do
		i=$((i + 1))
		[ $i -lt 400 ] || { echo "never: $*"; return 1; }
		usleep 50000
	done
}

usb_place() { # SERIAL: as in /sys/bus/usb/devices
	grep -lx "$1" /sys/bus/usb/devices/*/serial 2>/dev/null | sed 's,.*/devices/\(.*\)/serial,\1,' | grep .
}

tty_of() { # SERIAL
	ls "/sys/bus/usb/devices/$(usb_place "$1")":1.0/ 2>/dev/null | grep '^ttyUSB'
}

# A device and its pid in $device. Its pins are in /run/SERIAL.
plug() { # KIND SERIAL PORT OPTIONS...
	kind=$1 serial=$2 port=$3
	shift 3
	./usb_device "$kind" "$serial" "$port" "/run/$serial" "$@" 2>>/run/devices.log &
	device=$!
	await usb_place "$serial" || cat /run/devices.log
}

unplug() { # PID SERIAL
	kill "$1"
	wait "$1"
	i=0
	while usb_place "$2" >/dev/null && [ $i -lt 400 ]; do i=$((i + 1)); usleep 50000; done
}

# One role's contract suite against a device: each of N tests is passed, none but the allowed is skipped.
contract() { # N SUITE FILTER
	timeout 120 "./$2" "$3" >/tmp/suite 2>&1
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

# A command that must fail, with all the texts on its stderr.
refused() { # TEXT... -- COMMAND...
	set -f
	texts=
	while [ "$1" != -- ]; do
		texts="$texts$1
"
		shift
	done
	shift
	"$@" 2>/tmp/refused && { echo "it succeeded: $*"; return 1; }
	cat /tmp/refused
	printf '%s' "$texts" | while read -r text; do
		grep -qF -- "$text" /tmp/refused || { echo "not said: $text"; exit 1; }
	done
}

as_nobody() { su nobody -s /bin/sh -c "$*"; }


# ---- relays on an FT232R, data bus and CBUS
plug ftdi BPREL01 0
relay=$device
pin='cut -c$((BP_PIN + 1)) /run/BPREL01'
check "power by libftdi1: bit-bang" with BP_FTDI_SERIAL=BPREL01 BP_FTDI_BIT=3 BP_FTDI_BIT2=5 BP_PIN_OBSERVE="$pin" -- \
	contract 6 test_power 'ftdi: *'
check "power by libftdi1: bit-bang, active low" with BP_FTDI_SERIAL=BPREL01 BP_FTDI_BIT=0 BP_FTDI_BIT2=7 BP_FTDI_ACTIVE=low \
	BP_PIN_OBSERVE="$pin" -- contract 6 test_power 'ftdi: *'
check "power by libftdi1: CBUS" with BP_FTDI_SERIAL=BPREL01 BP_FTDI_MODE=cbus BP_FTDI_BIT=1 BP_FTDI_BIT2=2 \
	BP_PIN_OBSERVE='cut -c$((BP_PIN + 9)) /run/BPREL01' -- contract 6 test_power 'ftdi: *'

# The proof that these can fail: a pin that is stuck.
stuck() { # a suite that must find it
	contract "$@"
	grep -q '^\[  FAILED  \].* on and off' /tmp/suite
}
plug ftdi BPREL02 1 --stuck 2 low
check "a stuck pin fails the suite" with BP_FTDI_SERIAL=BPREL02 BP_FTDI_BIT=2 BP_PIN_OBSERVE='cut -c3 /run/BPREL02' -- \
	stuck 6 test_power 'ftdi: *'
unplug $device BPREL02

# ---- libgpiod: ftdi_sio's chip of CBUS lines, and a Viperboard
plug ftdi BPGPIO1 1
check "power by libgpiod: ftdi-cbus" with BP_GPIO_CHIP=ftdi-cbus BP_GPIO_LINE=2 \
	BP_PIN_OBSERVE='cut -c$((BP_PIN + 9)) /run/BPGPIO1' -- contract 5 test_power 'gpio: *'
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
[ -n "$scenarios" ] || end

# ---- a board on the bench: its supply behind a relay, its console a USB cable, its probe OpenOCD's
export BRICKPROOF_HOME=/work OPENOCD_SCRIPTS=/usr/share/openocd/scripts
cat >/run/cut.yaml <<YAML
scenario: kernel-cut
title: Power is cut by the emulated relay while the trial is requested
covers: [C-2]
steps:
  - update: {to: to}
end: {running: to, reasons: [OK]}
sweep:
  - {event: flash, phases: [install], positions: [before, torn 50%, after]}
YAML
bench() { # NAME POWER; a second, as everything here is emulated
	cat >"/run/$1.yaml" <<YAML
bench: kernel
boards:
  - name: $1
    product: small
    power: $2
    console: {driver: serial, usb-serial: BPCON01, baud: 115200}
    debug: {driver: openocd, interface: /run/board/openocd-stlink.cfg, core: vb.cpu, flash: nrf, page: 1 KiB, start: 60 s, answer: 60 s}
    elf: /run/board/board.elf
    calibration: {dead: 1.5 ms, jitter: 1 ms}
YAML
}
unplug $relay BPREL01
./brickproof board serve --product small --dir /run/board >/run/serve.log 2>&1 &
await test -e /run/board/ready
plug ftdi BPREL03 0 --relay /run/board/power 3 high
plug ftdi BPCON01 3 --uart /run/board/console
bench ftdi '{driver: ftdi, serial: BPREL03, bit: 3}'
check "cuts by libftdi1's relay, console by libserialport, probe by OpenOCD" \
	./brickproof run --quiet --bench /run/ftdi.yaml --budget 3 --control none --reports /tmp/ftdi /run/cut.yaml
unplug $device BPCON01
end
