#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Debian's stock kernel into build/kernel/root, as vmlinuz and the modules that the tests need. Nothing is installed: the
# package is downloaded and taken apart. Done once; 77 and a reason where it cannot be.
set -u
dest=build/kernel
[ -e "$dest/root/vmlinuz" ] && exit 0
cannot() {
	echo "kernel: $1" >&2
	exit 77
}

[ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] || cannot "only amd64 has what is emulated"
mkdir -p "$dest" && cd "$dest" || exit 1
rm -rf new && mkdir new
package() {
	apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1
}
# A bare system has no package lists.
name=$(package)
[ -n "$name" ] || { [ "$(id -u)" = 0 ] && apt-get update -qq >apt.log 2>&1 && name=$(package); }
[ -n "$name" ] || cannot "no package linux-image-amd64 in apt's lists: run apt-get update"
echo "kernel: downloading $name" >&2
(cd new && apt-get download -qq "$name") >apt.log 2>&1 || cannot "$name cannot be downloaded: $(grep '^E:' apt.log | head -n 1)"
version=${name#linux-image-}
modules=lib/modules/$version
dpkg-deb --fsys-tarfile new/*.deb | tar -x -C new --wildcards "./boot/vmlinuz-*" "./$modules/modules.builtin" \
	"./$modules/modules.order" "./$modules/kernel/drivers/usb/*" "./$modules/kernel/drivers/mfd/*" \
	"./$modules/kernel/drivers/gpio/*" || exit 1
rm new/*.deb
mkdir -p new/root/$modules
mv new/boot/vmlinuz-* new/root/vmlinuz
for m in usb/common/usb-common usb/core/usbcore usb/host/xhci-hcd usb/host/xhci-pci usb/serial/usbserial \
	usb/serial/ftdi_sio usb/usbip/usbip-core usb/usbip/vhci-hcd mfd/mfd-core mfd/viperboard gpio/gpio-viperboard; do
	grep -q "/$m\.ko$" "new/$modules/modules.builtin" && continue
	mv "new/$modules/kernel/drivers/$m".ko* "new/root/$modules/" || cannot "$name has no ${m##*/}"
done
mv new/$modules/modules.* "new/root/$modules/"
find new/root -name '*.ko.xz' -exec busybox unxz {} +
busybox depmod -b new/root "$version" || exit 1
rm -rf root && mv new/root root && rm -rf new
