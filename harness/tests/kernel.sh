#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The drivers against a real kernel with emulated devices: Debian's stock kernel in QEMU, without acceleration, so that it
# runs wherever QEMU runs. Inside it kernel/guest.sh is the first process. Output is the guest's TAP.
#
#	harness/tests/kernel.sh release|san [PART...]
#
# Parts: suites (when none is given): the roles' contract suites against the devices; cuts: scenarios on served boards,
# through all of it; faults: the same with what breaks and is pulled; worlds-SWITCH: the virtual board's verdicts against
# those that this bench comes to (worlds.sh; SWITCH: ftdi, cbus, viperboard, hub). All but the first take minutes, as every
# instruction is emulated.
#
# KERNEL_BUILD names another build tree than build/, KERNEL_SYSTEM the root of the system whose programs and libraries go
# into the machine (make/trixie.mk); without it, this one's.
#
# Status 0: all passed; 1: something failed; 77: it cannot run here, and why.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
variant=${1:?release or san}
shift
[ $# -gt 0 ] || set -- suites
trees=${KERNEL_BUILD:-build}
build=$trees/$variant
system=${KERNEL_SYSTEM:+$PWD/$KERNEL_SYSTEM}
dest=$trees/kernel/$variant-$(echo "$*" | tr ' /' '--')
root=$dest/root
kernel=build/kernel/root
cannot() {
	echo "kernel: skipped: $1 (make check-kernel installs and fetches what is missing)" >&2
	exit 77
}
command -v qemu-system-x86_64 >/dev/null || cannot "qemu-system-x86_64 is not installed"
tools='busybox openocd uhubctl'
for f in $tools; do
	[ -x "$system/usr/bin/$f" ] || [ -x "$system/usr/sbin/$f" ] || cannot "$f is not installed${system:+ in $system}"
done
[ -e "$kernel/vmlinuz" ] || cannot "Debian's kernel is not in $kernel"
programs='tests/test_power tests/test_console kernel/usb_device kernel/hub_wire'
for f in brickproof $programs; do
	[ -x "$build/$f" ] || { echo "kernel: $build/$f is not built" >&2; exit 1; }
done

# ---- its root: busybox, the project as far as it is needed, programs with their libraries
loader=/lib64/ld-linux-x86-64.so.2
put() { # PROGRAM [WHERE]
	local library
	install -D "$1" "$root/${2:-$1}"
	strip --strip-debug "$root/${2:-$1}"
	"$system$loader" --library-path "$system/usr/lib/x86_64-linux-gnu" --list "$1" 2>/dev/null |
		sed -n 's/.*=> \(\/[^ ]*\).*/\1/p' | while read -r library; do
		[ -e "$root${library#"$system"}" ] || install -D "$library" "$root${library#"$system"}"
	done
}
rm -rf "$dest"
mkdir -p "$root"/{bin,dev,etc,proc,run,sys,tmp,usr/share,work/build/firmware}
cp -r "$kernel/lib" "$root/"
install -D "$system$loader" "$root$loader"
for f in $tools; do put "$(PATH=$system/usr/bin:$system/usr/sbin command -v $f)" bin/$f; done
cp -r "$system/usr/share/openocd" "$root/usr/share/"
put "$build/brickproof" work/brickproof
for f in $programs; do put "$build/$f" "work/${f##*/}"; done
cp "$trees"/firmware/*.so "$root/work/build/firmware/"
cp -r scenarios fixtures "$root/work/"
if [ "${1%%-*}" = worlds ]; then
	program=$PWD/build/release/brickproof work=$PWD/$dest
	. harness/tests/worlds.sh
	for row in $worlds; do
		IFS=: read -r firmware scenario seen <<<"$row"
		[ -n "$seen" ] || worlds_plan "$firmware" "$scenario" before torn after
	done >"$root/work/worlds.plan" 2>"$dest/worlds.err"
fi
install harness/tests/kernel/guest.sh "$root/init"
install harness/tests/kernel/guest_*.sh "$root/work/"
printf 'root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\ntty:x:5:\ndialout:x:20:\nplugdev:x:46:\n' >"$root/etc/group"
(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null) >"$dest/initrd" || exit 1

# ---- the machine. ttyS0: the guest's output. ttyS1: the far end of a serial port that hangs on a USB hub.
memory=384
[ "$variant" = release ] || memory=1024
socket=$(mktemp -d) || exit 1
trap 'rm -rf "$socket"' EXIT
timeout -k 5 "${KERNEL_LIMIT:-2400}" qemu-system-x86_64 -M pc -accel tcg -cpu max -smp 1 -m $memory \
	-nodefaults -no-user-config -display none -no-reboot \
	-chardev "socket,id=far,path=$socket/tty,server=on,wait=off" -chardev "socket,id=near,path=$socket/tty" \
	-serial stdio -serial chardev:far -device isa-debug-exit,iobase=0x501,iosize=1 \
	-device qemu-xhci,id=x -device usb-hub,port-power=on,ports=4,bus=x.0,port=1 \
	-device usb-serial,chardev=near,bus=x.0,port=1.1,always-plugged=on,serial=BPHUB01 \
	-kernel $kernel/vmlinuz -initrd "$dest/initrd" \
	-append "console=ttyS0 quiet loglevel=1 panic=-1 mitigations=off usbcore.autosuspend=-1 -- $variant $*" \
	</dev/null 2>"$dest/qemu.log" | sed -u 's,\r,,' | tee "$dest/log" | grep --line-buffered -E '^(ok|not ok) |^# |^1\.\.'
status=${PIPESTATUS[0]}
# isa-debug-exit: twice the byte that the guest wrote, and one
[ "$status" = 33 ] && exit 0
[ "$status" = 35 ] && exit 1
echo "kernel: the machine ended with status $status: see $dest/log and $dest/qemu.log" >&2
tail -n 15 "$dest/log" "$dest/qemu.log" >&2
exit 1
