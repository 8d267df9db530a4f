#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# brickproof image: keys, images and manifests through files, and every way to damage them.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/tap.sh"

release=fixtures/keys/release.pem
release_pub=fixtures/keys/release.pub.pem
unknown=fixtures/keys/unknown.pem
image=$work/a.img manifest=$work/update.cose

# The line that sign, keygen and corrupt print about a file that they wrote.
want_told() { # FILE
	want_status 0
	want_empty "$err"
	want_out "$1: $(wc -c <"$1") bytes, sha256 $(sha256sum <"$1" | cut -d ' ' -f 1)"
}

begin "keygen writes a key pair, the private one for its owner only"
try image keygen -o "$work/new.pem" --pub "$work/new.pub"
want_status 0
want_empty "$err"
want_out 'test only'
want "the private key may be read by others" test "$(stat -c %a "$work/new.pem")" = 600
want_lines "$work/new.pem" 1 'BEGIN PRIVATE KEY'
want_lines "$work/new.pub" 1 'BEGIN PUBLIC KEY'

begin "two keys differ"
try image keygen -o "$work/other.pem"
want_status 0
want "the same key twice" bash -c "! cmp -s '$work/new.pem' '$work/other.pem'"

begin "a seed makes the same key each time"
seed=$(printf '%064x' 7)
try image keygen -o "$work/one.pem" --seed "$seed"
want_status 0
try image keygen -o "$work/two.pem" --seed "$seed"
want_status 0
want "the keys differ" cmp -s "$work/one.pem" "$work/two.pem"

for s in 00 "$(printf '%063x' 7)" "$(printf '%066x' 7)" "$(printf '%064d' 7 | tr 0 x)"; do
	begin "keygen --seed of ${#s} characters, '${s:0:4}…', is refused"
	try image keygen -o "$work/bad.pem" --seed "$s"
	want_refused '--seed'
	want "a key was written" test ! -e "$work/bad.pem"
done

begin "show of both halves of a key agrees, and shows no secret"
try image show "$work/new.pem"
want_status 0
want_empty "$err"
want_out 'Ed25519 private key'
want_lines "$out" 1 '^  public       [0-9a-f]{64}$'
want_lines "$out" 1 '^  key id       [0-9a-f]{16}$'
want_lines "$out" 1 '^  key hash     [0-9a-f]{64}$'
want_lines "$out" 4 .
sed 1d "$out" >"$work/private"
try image show "$work/new.pub"
want_out 'Ed25519 public key'
want "other numbers" cmp -s "$work/private" <(sed 1d "$out")

begin "sign an image"
try image sign fixtures/manifests/image-a.yaml -o "$image"
want_told "$image"

begin "sign a manifest"
try image sign fixtures/manifests/update.yaml -o "$manifest"
want_told "$manifest"

begin "the same again is the same"
try image sign fixtures/manifests/update.yaml -o "$work/again"
want "the bytes differ" cmp -s "$manifest" "$work/again"

begin "show an image"
try image show "$image"
want_status 0
want_empty "$err"
want_lines "$out" 1 '^MCUboot image, 32956 bytes$'
for text in 'version      1.1.0' 'load address 0x00004000' 'body         32768 bytes' \
	'counter      11' 'hash         ok' 'signature    not checked; give a key' \
	"file sha256  $(sha256sum <"$image" | cut -d ' ' -f 1)"; do
	want_out "  $text"
done

begin "show a manifest: its payload is the image that was signed"
try image show "$manifest"
want_status 0
want_empty "$err"
want_lines "$out" 1 '^signed manifest, 199 bytes, format 1$'
for text in 'product      reference' 'hardware     2' 'bootloader   3 or later' 'rollback     11' 'version      1.1.0' \
	"payload      slot a, 32956 bytes, sha256 $(sha256sum <"$image" | cut -d ' ' -f 1)" 'payload      slot b, 32956 bytes'; do
	want_out "  $text"
done

for f in "$image" "$manifest"; do
	begin "the signature of ${f##*/}: the right key, either half"
	for key in $release $release_pub; do
		try image show "$f" --key "$key"
		want_status 0
		want_lines "$out" 1 '^  signature    ok$'
	done

	begin "the signature of ${f##*/}: another key"
	try image show "$f" --key "$unknown"
	want_status 1
	want_empty "$err"
	want_lines "$out" 1 '^  signature    BAD: '
done

begin "sign with a key of our own"
try image sign fixtures/manifests/image-a.yaml -o "$work/own.img" --key "$work/new.pem"
want_told "$work/own.img"
try image show "$work/own.img" --key "$work/new.pub"
want_status 0
try image show "$work/own.img" --key $release_pub
want_status 1

begin "a public key cannot sign"
try image sign fixtures/manifests/image-a.yaml -o "$work/none.img" --key $release_pub
want_refused
want "an image was written" test ! -e "$work/none.img"

# ---- nothing is written over
kept() { # NAME ARGUMENTS...
	begin "$1 does not write over a file"
	shift
	echo precious >"$work/kept"
	try image "$@"
	want_refused "$work/kept exists" '--force'
	want "the file has changed" test "$(cat "$work/kept")" = precious
	want "half of the result was written" test ! -e "$work/fresh"
}
kept 'sign' sign fixtures/manifests/image-a.yaml -o "$work/kept"
kept 'corrupt' corrupt "$image" --op body-bit -o "$work/kept"
kept 'keygen' keygen -o "$work/kept" --pub "$work/fresh"
kept 'keygen --pub' keygen -o "$work/fresh" --pub "$work/kept"

begin "nor follows a link that leads nowhere"
ln -s "$work/elsewhere" "$work/dangling"
try image sign fixtures/manifests/image-a.yaml -o "$work/dangling"
want_refused 'exists'
want "the link was followed" test ! -e "$work/elsewhere"

begin "--force writes over it"
try image sign fixtures/manifests/image-a.yaml -o "$work/kept" --force
want_told "$work/kept"
want "not the image" cmp -s "$image" "$work/kept"

begin "a failed sign leaves no file, and with --force the old one"
cp "$image" "$work/kept"
try image sign "$work/nowhere.yaml" -o "$work/none.img"
want_refused 'nowhere.yaml'
try image sign "$work/nowhere.yaml" -o "$work/kept" --force
want_refused 'nowhere.yaml'
want "a file was written" test ! -e "$work/none.img"
want "the old file has changed" cmp -s "$image" "$work/kept"

begin "keygen: both halves into one file"
try image keygen -o "$work/same" --pub "$work/same"
want_refused 'same file'
want "a file was written" test ! -e "$work/same"

begin "an output folder that is not there is the rig's trouble"
try image sign fixtures/manifests/image-a.yaml -o "$work/nowhere/a.img"
want_status 99
want_empty "$out"
want_err "$work/nowhere/a.img"

# ---- every operator, in release and under sanitizers
corrupt_all() { # PROGRAM LABEL
	local op target when rest from shown
	"$program" image corrupt --list >"$work/list"
	while read -r op target when rest; do
		begin "corrupt $op ($2)"
		from=$image
		[ "$target" = payload ] || from=$manifest
		try_as "$1" image corrupt "$from" --op "$op" --key $release --other-key $unknown --slot-size '36 KiB' -o "$work/$2-$op"
		want_told "$work/$2-$op"
		want "nothing has changed" bash -c "! cmp -s '$from' '$work/$2-$op'"
		try_as "$1" image show "$work/$2-$op" --key $release_pub
		shown=$status
		case $status in
		0 | 1) want_empty "$err" ;;
		2) want_refused "$2-$op" ;;
		*) fail "show: status $status" ;;
		esac
		# Whoever holds the release key signs what he likes; all else shows. Bytes behind an image are no part of it.
		case $when,$op in
		source,*) ;;
		*,append-one | *,oversize-slot-by-one) want_out 'behind it' ;;
		*) [ $shown != 0 ] || fail "show: nothing is wrong with it" ;;
		esac
	done <"$work/list"
}
corrupt_all "$program" release
if [ -x "$program_san" ]; then
	corrupt_all "$program_san" san
	begin "release and sanitizer builds do the same damage"
	while read -r op _; do
		want "$op differs" cmp -s "$work/release-$op" "$work/san-$op"
	done <"$work/list"
else
	skip "every operator under sanitizers" "no sanitizer build"
fi

begin "a seed picks the place, the same each time"
try image corrupt "$image" --op body-bit --seed 1 -o "$work/s1"
try image corrupt "$image" --op body-bit --seed 1 -o "$work/s1-again"
try image corrupt "$image" --op body-bit --seed 2 -o "$work/s2"
want "the same seed, other damage" cmp -s "$work/s1" "$work/s1-again"
want "another seed, the same damage" bash -c "! cmp -s '$work/s1' '$work/s2'"
want "more than one byte" test "$(cmp -l "$image" "$work/s1" | wc -l)" = 1

begin "an operator that signs needs a key"
try image corrupt "$image" --op counter-lower-resigned -o "$work/none"
want_refused 'counter-lower-resigned' 'key'

begin "an operator for manifests refuses an image, and the other way round"
try image corrupt "$image" --op manifest-sig-flip -o "$work/none"
want_refused
try image corrupt "$manifest" --op tlv-magic -o "$work/none"
want_refused
want "a file was written" test ! -e "$work/none"

begin "no such operator"
try image corrupt "$image" --op body-bits -o "$work/none"
want_refused "no operator 'body-bits'" "did you mean 'body-bit'?"
finish
