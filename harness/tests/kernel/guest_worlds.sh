# shellcheck shell=dash
# SPDX-License-Identifier: Apache-2.0
# The third world of ../worlds.sh: each of its tokens, on a served board behind this switch, must come to what the virtual
# board comes to. Told SWITCH as worlds-SWITCH: ftdi, cbus, viperboard or hub.

case $only in
ftdi) plugged=BPREL08 lines="driver: ftdi, serial: \"BPREL08\"" relay='ftdi BPREL08 0 --relay /run/board/power 0 high' ;;
cbus) plugged=BPGPIO8 lines="usb-serial: \"BPGPIO8\"" relay='ftdi BPGPIO8 0 --relay /run/board/power 8 high' ;;
viperboard) plugged=BPVIPER8 lines="chip: \"viperboard gpio a\"" relay='viperboard BPVIPER8 0 --relay /run/board/power 0 high' ;;
hub)
	await tty_of BPHUB01
	hub=$(usb_place BPHUB01)
	hub=${hub%.*} lines="driver: usbhub, hub: \"${hub%.*}\""
	;;
esac

# The first token that is not missed: a busy host may miss an erase.
same_as_virtual() { # FIRMWARE POSITION
	grep "^$1 $2 " worlds.plan >/tmp/rows
	while read -r _ _ token verdict invariant; do
		timeout 400 ./brickproof replay --firmware "$1" --bench /run/world.yaml "$token" >/tmp/replayed 2>&1 </dev/null
		grep -q '^verdict  not-exercised' /tmp/replayed && continue
		break
	done </tmp/rows
	cat /tmp/replayed
	echo "expected of $token: $verdict $invariant"
	grep -q "^verdict  $verdict" /tmp/replayed || return
	[ -z "$invariant" ] || grep -q "^broken   $invariant" /tmp/replayed
}

for firmware in $(cut -d' ' -f1 worlds.plan | uniq); do
	serve_at board BPCON01 3 --firmware "$firmware"
	if [ "$only" = hub ]; then
		./hub_wire "$hub" 1 /run/board/power 2>>/run/devices.log &
		wire=$!
	else
		plug $relay
	fi
	bench_of world "$lines" || cat /tmp/discovered
	for position in before torn after; do
		check "$firmware, $position, by $only: what the virtual board comes to" same_as_virtual "$firmware" $position
	done
	if [ "$only" = hub ]; then kill $wire; else unplug $plugged; fi
done
unplug BPCON01
stop_serving board
