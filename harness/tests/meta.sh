#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The test of the test: the harness itself gets one defect, and a control must notice. Each meta/NAME.patch says
#
#	Defect: what is wrong with this harness, in one sentence
#	Control: run|mutants ARGUMENTS...   # the command of brickproof that must fail
#	Says: a text that it must print
#
# and the same command must pass with the harness as it is. Output is TAP.
#
#	harness/tests/meta.sh [NAME...]
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
home=$PWD
jobs=${JOBS:-2}
number=0 failed=0
log=build/meta/log

header() { # FILE KEY
	sed -n "s/^$2: *//p" "$1" | head -n 1
}

result() { # ok|'not ok' NAME
	number=$((number + 1))
	[ "$1" = ok ] || failed=$((failed + 1))
	echo "$1 $number - $2"
	[ "$1" = ok ] || tail -n 15 "$log" | cut -c 1-200 | sed 's/^/# /'
}

# A harness of its own, with all objects that the patch leaves as they are.
build() { # NAME PATCH
	tree=build/meta/$1
	rm -rf "$tree"
	mkdir -p "$tree/build/release" || return 1
	cp -a Makefile make harness reports "$tree/"
	rm -rf "${tree:?}/reports"/run-* "$tree/reports/latest"
	for d in scenarios fixtures firmware-under-test; do ln -s "$home/$d" "$tree/$d"; done
	ln -s "$home/build/firmware" "$tree/build/firmware"
	cp -a build/release/harness build/release/libbrickproof.a build/release/brickproof "$tree/build/release/"
	patch -p1 --fuzz=0 -s -d "$tree" <"$2" && make -s -C "$tree" -j"$jobs" build/release/brickproof
}

# The control's command in a folder: its status and what it printed, in $status and $log.
control() { # FOLDER COMMAND ARGUMENTS...
	local folder=$1 command=$2 out=()
	shift 2
	[ "$command" != run ] || out=(--quiet --reports "$home/build/meta/reports")
	(cd "$folder" && timeout -k 5 300 build/release/brickproof "$command" "${out[@]}" "$@") >"$log" 2>&1 </dev/null
	status=$?
}

mkdir -p build/meta
rm -f build/meta/passed
patches=()
for name in "$@"; do patches+=("harness/tests/meta/$name.patch"); done
[ $# -gt 0 ] || patches=(harness/tests/meta/*.patch)
for patch in "${patches[@]}"; do
	name=$(basename "$patch" .patch)
	read -r -a command <<<"$(header "$patch" Control)"
	says=$(header "$patch" Says)
	if [ ${#command[@]} = 0 ] || [ -z "$says" ] || [ -z "$(header "$patch" Defect)" ]; then
		echo "$patch: expected 'Defect:', 'Control:' and 'Says:'" >"$log"
		result 'not ok' "$name"
		continue
	fi
	# As it is: once for each command.
	if ! grep -qxF "${command[*]}" build/meta/passed 2>/dev/null; then
		control . "${command[@]}"
		if [ $status != 0 ]; then
			result 'not ok' "${command[*]}, harness as it is"
			continue
		fi
		result ok "${command[*]}, harness as it is"
		echo "${command[*]}" >>build/meta/passed
	fi
	if ! build "$name" "$patch" >"$log" 2>&1; then
		result 'not ok' "$name: it does not build"
		continue
	fi
	control "$tree" "${command[@]}"
	if [ $status = 0 ] || [ $status -ge 124 ] || ! grep -qF -- "$says" "$log"; then
		echo "status $status; expected a failure that says: $says" >>"$log"
		result 'not ok' "$name: $(header "$patch" Defect)"
	else
		result ok "$name: noticed by ${command[*]}"
	fi
	rm -rf "${tree:?}"
done
rm -rf build/meta
echo "1..$number"
[ $failed = 0 ] && [ $number -gt 0 ]
