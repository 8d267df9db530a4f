#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# First process of the virtual machine (../kernel.sh): sets it up, runs the parts that it is told, prints TAP, and ends
# the machine.
#
#	init VARIANT PART...       # each a guest_PART.sh; PART-X: the same, told X
export PATH=/bin HOME=/
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
chmod 1777 /tmp
ifconfig lo 127.0.0.1 up
for module in xhci-pci vhci-hcd ftdi_sio gpio-viperboard viperboard; do modprobe $module || echo "# no module $module"; done
cd /work || exit 1
# A finding of a sanitizer ends its program with 23, which no brickproof ends with.
export ASAN_OPTIONS=exitcode=23:detect_leaks=1 UBSAN_OPTIONS=exitcode=23:print_stacktrace=1
. ./guest_lib.sh
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
	checked=$1
	shift
	number=$((number + 1))
	began=$(cut -d' ' -f1 /proc/uptime)
	if "$@" >/tmp/log 2>&1 </dev/null; then
		echo "ok $number - $checked"
	else
		status=$?
		failed=$((failed + 1))
		echo "not ok $number - $checked"
		echo "# status $status"
		tail -n 40 /tmp/log | sed 's/^/# /'
	fi
	echo "took $began to $(cut -d' ' -f1 /proc/uptime)"
}

variant=$1
shift
for part in "$@"; do
	only=${part#*-} part=${part%%-*}
	. "./guest_$part.sh"
done
end
