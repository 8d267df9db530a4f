#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages named, as far as they are missing. With nothing missing it needs neither root nor network.
# Where it cannot install, it prints the exact command and stops with status 2.
set -u
missing=()
if ! command -v dpkg-query >/dev/null; then
	echo "setup: this is no Debian; install the counterparts of: $*" >&2
	exit 2
fi
for package in "$@"; do
	# A compiler or tool that is there by other means will do.
	status=$(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null)
	[ "${status:0:2}" = ii ] || missing+=("$package")
done
[ ${#missing[@]} = 0 ] && exit 0

sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
command="${sudo:+sudo }apt-get install -y --no-install-recommends ${missing[*]}"
give_up() {
	printf 'setup: %s\nsetup: run this, then try again:\n\n    %sapt-get update && %s\n\n' "$1" "${sudo:+sudo }" "$command" >&2
	exit 2
}
if [ -n "$sudo" ]; then
	command -v sudo >/dev/null || give_up "packages are missing, and this user may not install them"
	if ! sudo -n true 2>/dev/null && ! [ -t 0 ]; then
		give_up "packages are missing, and sudo would ask for a password"
	fi
fi
echo "setup: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
$sudo apt-get update -qq >"$log" 2>&1 || { cat "$log" >&2; give_up "apt-get update failed"; }
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$log" 2>&1 ||
	{ tail -n 20 "$log" >&2; give_up "apt-get install failed"; }
