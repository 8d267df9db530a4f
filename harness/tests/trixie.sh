#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs a command in Debian 13 (trixie), whose libgpiod is of the 2.x line, with this folder as /work and a build/ of its own
# (build/trixie/build here). Its root is made once by debootstrap, in build/trixie/root.
#
#	harness/tests/trixie.sh PACKAGE... -- COMMAND...
#
# Status: the command's; 77 and a reason where such a root cannot be made.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
dest=build/trixie
root=$dest/root
cannot() {
	echo "trixie: skipped: $1" >&2
	exit 77
}
packages=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	packages+=("$1")
	shift
done
shift

[ "$(id -u)" = 0 ] || cannot "needs root (debootstrap, chroot)"
unshare --mount true 2>/dev/null || cannot "no mounts of its own are allowed here"
command -v debootstrap >/dev/null || cannot "debootstrap is not installed"
mkdir -p $dest/build
if ! [ -d $root ]; then
	# The mirror that this machine's own packages come from.
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 2>/dev/null | head -n 1)
	echo "trixie: debootstrap from ${mirror:=http://deb.debian.org/debian}" >&2
	rm -rf $root.new
	timeout -k 5 1500 debootstrap --variant=minbase trixie $root.new "$mirror" >$dest/debootstrap.log 2>&1 ||
		cannot "debootstrap: $(tail -n 1 $dest/debootstrap.log)"
	mkdir -p $root.new/work
	echo "127.0.0.1 localhost" >$root.new/etc/hosts
	mv $root.new $root
fi
if [ "${packages[*]}" != "$(cat $root/packages 2>/dev/null)" ]; then
	install="apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ${packages[*]}"
	timeout -k 5 1500 chroot $root sh -c "$install" >$dest/apt.log 2>&1 </dev/null || cannot "apt-get: $(grep '^E:' $dest/apt.log | head -n 1)"
	echo "${packages[*]}" >$root/packages
fi

# Mounts are seen by this command alone and end with it.
# shellcheck disable=SC2016
exec unshare --mount sh -c '
	root=$1 dest=$2
	shift 2
	mount --bind . "$root/work" && mount --bind "$dest/build" "$root/work/build" && mount --rbind /dev "$root/dev" &&
		mount -t proc proc "$root/proc" && mount -t sysfs sysfs "$root/sys" && mount -t tmpfs tmp "$root/tmp" || exit 77
	exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin HOME=/root LC_ALL=C sh -c "cd /work && exec \"\$@\"" sh "$@"' sh $root $dest "$@"
