#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Input that is damaged, missing or not what it says: refused with its place, and nothing is written.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/tap.sh"

run=(run --control none --quiet --budget 3)
good=scenarios/power-cut-confirm.yaml
product=fixtures/products/small.yaml
release=fixtures/keys/release.pem
image=$work/a.img
token='' # of a case that passes

begin "prepare: a run that is there already"
try "${run[@]}" --reports "$work/kept" power-cut-confirm
want_status 0
kept=$(fingerprint "$work/kept")
token=$(json_value token <"$work/kept/latest/journal.jsonl" | sed -n 2p)
want "no token" test -n "$token"

# Run with what is wrong: refused, no new folder of reports, and the old ones as they were.
refused_run() { # ARGUMENTS... -- TEXT...
	local arguments=()
	while [ "$1" != -- ]; do
		arguments+=("$1")
		shift
	done
	shift
	try_as "$tool" "${run[@]}" --reports "$work/none" "${arguments[@]}"
	want_refused "$@"
	try_as "$tool" "${run[@]}" --reports "$work/kept" --junit "$work/junit.xml" "${arguments[@]}"
	want_status 2
	want "reports were written" test ! -e "$work/none" -a ! -e "$work/junit.xml"
	want "earlier reports have changed" test "$(fingerprint "$work/kept")" = "$kept"
}

# As refused_run, with the place of the mistake and the caret below it.
refused_at() { # FILE LINE:COLUMN: TEXT ARGUMENTS...
	local file=$1 at=$2 text=$3 errors
	shift 3
	refused_run "$@" -- "$text"
	errors=$(grep -c ' error: ' "$err")
	want_lines "$err" 1 "$file:$at"
	want_lines "$err" "$errors" ':[0-9]+:[0-9]+: error: '
	# The caret stands below the line, and there is none in an empty file.
	[ "$text" = 'the document is empty; expected a map or a list' ] || want_lines "$err" "$errors" '^[^[:alnum:]]*\^$'
}

# FILE and what is wrong with it, in as many files as there are mistakes.
spoil() { # ORIGINAL WHERE
	mkdir -p "$2"
	: >"$2/empty.yaml"
	printf '\n# nothing but this\n' >"$2/comment.yaml"
	head -c 60 "$1" >"$2/truncated.yaml"
	(cat "$1" && echo 'title: again') >"$2/duplicate.yaml"
	(sed "s@\.\./keys@$PWD/fixtures/keys@g" "$1" && echo 'titel: misspelt') >"$2/unknown.yaml"
	(cat "$1" && head -c 1100000 /dev/zero | tr '\0' '#') >"$2/large.yaml"
	head -c 4096 build/firmware/reference.so >"$2/binary.yaml"
	(head -n 3 "$1" && printf 'title: \377\376\n') >"$2/encoding.yaml"
	echo '- a list' >"$2/list.yaml"
	echo 'only words' >"$2/words.yaml"
	(cat "$1" && echo 'a: &x 1') >"$2/anchor.yaml"
	(cat "$1" && echo '---' && cat "$1") >"$2/second.yaml"
	awk 'BEGIN { for (i = 0; i < 100; i++) printf "["; print "" }' >"$2/deep.yaml"
	printf 'a: "unclosed\n' >"$2/unclosed.yaml"
	mkdir -p "$2/folder.yaml"
}

end_of() { # FILE: number of its last line and one
	echo $(($(wc -l <"$1") + 1))
}

files_of() { # WHAT ORIGINAL BEFORE...: arguments that stand before the file
	local dir=$work/$1 original=$2 end title what=$1 file rest=()
	shift 2
	[ "$what" = scenario ] || rest=(power-cut-confirm)
	spoil "$original" "$dir"
	end=$(end_of "$original")
	title=$(grep -n '^title:' "$original" | cut -d : -f 1)
	while read -r file at text; do
		begin "$label: $what: $file"
		refused_at "$dir/$file.yaml" "$at" "$text" "$@" "$dir/$file.yaml" "${rest[@]}"
	done <<-END
		empty 1:1: the document is empty; expected a map or a list
		comment 1:1: the document is empty; expected a map or a list
		duplicate $end:1: duplicate key 'title'; expected it once, and line $title has it
		unknown $end:1: unknown key 'titel'; did you mean 'title'?
		binary 1:1: unprintable character
		encoding 4:8: UTF-8
		list 1:1: expected a map
		words 1:1: expected a map
		anchor $end:4: anchors
		second $end:1: a second document
		deep 1:17: too deep
		unclosed 1:4: never ends
	END
	begin "$label: $what: truncated"
	refused_run "$@" "$dir/truncated.yaml" "${rest[@]}" -- "$dir/truncated.yaml:" ': error: '
	begin "$label: $what: larger than a mebibyte"
	refused_run "$@" "$dir/large.yaml" "${rest[@]}" -- "$dir/large.yaml is larger than 1 MiB"
	begin "$label: $what: a folder"
	refused_run "$@" "$dir/folder.yaml" "${rest[@]}" -- "no $what" "$dir/folder.yaml" 'Is a directory'
	begin "$label: $what: a file that is not there"
	refused_run "$@" "$dir/nowhere.yaml" "${rest[@]}" -- "no $what" "$dir/nowhere.yaml" 'No such file'
}

# A word of the good file replaced: place and text of the message.
wrong_word() { # WHAT ORIGINAL SED LINE:COLUMN TEXT BEFORE...
	local what=$1 file=$work/word.yaml rest=()
	[ "$what" = scenario ] || rest=(power-cut-confirm)
	begin "$label: $what: $3"
	sed "$3" "$2" >"$file"
	# Keys count from the file that names them.
	sed -i "s,\.\./keys,$home/fixtures/keys,g" "$file"
	refused_at "$file" "$4" "$5" "${@:6}" "$file" "${rest[@]}"
}

scenario_words() {
	wrong_word scenario $good 's/^covers:.*/covers: C-1/' 4:9: "'covers' is text; expected a list"
	wrong_word scenario $good 's/^title:.*/title: [a]/' 3:8: "'title' is a list; expected text"
	wrong_word scenario $good 's/^steps:/stages:/' 5:1: "unknown key 'stages'"
	wrong_word scenario $good 's/- update/- upgrade/' 6:5: "'upgrade'"
	wrong_word scenario $good 's/event: flash/event: flush/' 9:13: "did you mean 'flash'?"
	wrong_word scenario $good 's/torn 10%/torn 100%/' 9:59: "'torn 100%' is no position"
	wrong_word scenario $good 's/OK/OKAY/' 7:30: "no reason 'OKAY'"
	wrong_word scenario $good 's/\[confirm\]/[conform]/' 9:29: "did you mean 'confirm'?"
	wrong_word scenario scenarios/corrupted-payload.yaml 's/op: one-byte/op: one-bite/' 12:10: "no corruption operator 'one-bite'"
	wrong_word scenario scenarios/power-cycles-idle.yaml 's/times: 20/times: 0/' 5:26: 'expected 1 to 1000'
	wrong_word scenario scenarios/power-cycles-idle.yaml 's/times: 20/times: many/' 5:26: "'many'"
	begin "$label: scenario: an artifact that the product lacks"
	sed 's/to: to/to: nothing/' $good >"$work/word.yaml"
	refused_run "$work/word.yaml" -- "$work/word.yaml" "no artifact 'nothing'"
}

product_words() {
	local at
	for row in 's/page: 1 KiB/page: 1/;page:;a unit' 's/page: 1 KiB/page: 1000 B/;size: 32;no whole number of pages' 's/erased: 0xff/erased: 0x1ff/;erased:;expected' \
		's/ecc: true/ecc: maybe/;ecc:;true or false' 's/watchdog: 4 s/watchdog: 4/;watchdog:;unit' \
		's/battery: 80%/battery: 180%/;battery:;expected 0%' 's/chunk: 512 B/chunk: 512 KiB/;chunk:;expected' \
		's/seed: 2,/seed: two,/;seed: two;number' \
		's/manifest: required/manifest: maybe/;manifest: maybe;required' 's/UNSIGNED, UNKNOWN_KEY/NONE, UNKNOWN_KEY/;UNKNOWN_KEY;already'; do
		IFS=';' read -r change where text <<<"$row"
		at=$(sed "$change" $product | grep -n -- "$where" | head -n 1 | cut -d : -f 1)
		wrong_word product $product "$change" "$at:" "$text" --product
	done
	begin "$label: product: an entry that the firmware lacks"
	sed "s,\.\./keys,$home/fixtures/keys,g; s/runs: crash/runs: crush/" $product >"$work/word.yaml"
	refused_run --product "$work/word.yaml" power-cut-confirm -- "$work/word.yaml" "'crush'" 'reference.so'
	begin "$label: product: a key file that is none"
	sed "s,\.\./keys/release.pem,$home/Makefile," $product >"$work/word.yaml"
	sed -i "s,\.\./keys,$home/fixtures/keys,g" "$work/word.yaml"
	refused_run --product "$work/word.yaml" power-cut-confirm -- "$work/word.yaml:"
}

firmware_files() {
	local what
	mkdir -p "$work/fw"
	echo 'no object' >"$work/fw/text.so"
	: >"$work/fw/empty.so"
	head -c 5000 build/firmware/reference.so >"$work/fw/truncated.so"
	cp "$(ldd "$program" | awk '/libsodium/ { print $3 }')" "$work/fw/library.so"
	begin "$label: firmware: truncated"
	refused_run --firmware "$work/fw/truncated.so" power-cut-confirm -- "$work/fw/truncated.so is cut short"
	for what in text empty; do
		begin "$label: firmware: $what"
		refused_run --firmware "$work/fw/$what.so" power-cut-confirm -- 'cannot load firmware' "$work/fw/$what.so"
	done
	begin "$label: firmware: another library"
	refused_run --firmware "$work/fw/library.so" power-cut-confirm -- "$work/fw/library.so" 'dut_firmware'
	begin "$label: firmware: a folder"
	refused_run --firmware "$work/fw" power-cut-confirm -- 'no firmware' 'Is a directory'
	begin "$label: firmware: replay refuses it, too"
	try_as "$tool" replay --firmware "$work/fw/text.so" "$token"
	want_refused 'cannot load firmware'
}

bad_token() { # TOKEN TEXT...
	begin "$label: token: ${1:0:70}"
	try_as "$tool" replay "$1"
	shift
	want_refused "$@"
}

tokens() {
	local head=${token%%:flash:*} hash8 other
	hash8=${head##*:}
	bad_token '' token
	bad_token x token bp1:product:scenario
	bad_token bp1 token
	bad_token bp2:reference:power-cut-confirm:"$hash8":-:-:1 "'bp2'" bp1
	bad_token bp1:::::: 'the product'
	bad_token bp1:reference 'the product'
	bad_token bp1:reference:power-cut-confirm 'the scenario'
	bad_token bp1:reference:power-cut-confirm:"$hash8" hash8
	bad_token "$head:-:1" 'cuts, edit or seed'
	bad_token "$head:-:-:" seed
	bad_token "$head:-:-:-1" seed "'-1'"
	bad_token "$head:-:-:1x" seed "'1x'"
	bad_token "$head:-:-:18446744073709551616" seed
	bad_token "$head:-:-:1:" seed
	bad_token "$head:everywhere:-:1" "'everywhere' is no cut point"
	bad_token "$head:flash:0/before:-:1" "'flash:0/before' is no cut point"
	bad_token "$head:flash:1/during:-:1" "'flash:1/during' is no cut point"
	bad_token "$head:flash:01/before:-:1" "'flash:01/before' is no cut point"
	bad_token "$head:flash:1/torn=0%.0:-:1" 'is no cut point'
	bad_token "$head:flash:1/torn=100%.0:-:1" 'is no cut point'
	bad_token "$head:flash:1/torn=50%.256:-:1" 'is no cut point'
	bad_token "$head:flash:4294967295/before:-:1" 'is no cut point'
	bad_token "$head:flash:1000000/before:-:1" 'no such cut point' 'flash operations'
	bad_token "$head:link:0:-:1" 'is no cut point'
	bad_token "$head:link:10000000:-:1" 'no such cut point' 'link bytes'
	bad_token "$head:link:frame=100000:-:1" 'no such cut point'
	bad_token "$head:-:body-bit:1" "no edit 'body-bit'"
	bad_token "$head:flash:1/before:body-bit:1" 'a cut and an edit'
	bad_token "$head:-:damage=1:1" 'damage rows'
	bad_token "$head:-:damage=0:1" "'damage=0'"
	bad_token "bp1:reference:power-cut-conform:$hash8:-:-:1" "no scenario 'power-cut-conform'" "'power-cut-confirm'"
	bad_token "bp1:nothing:power-cut-confirm:$hash8:-:-:1" "no product 'nothing'"
	bad_token "$(printf 'bp1:%03000d:x:y:-:-:1' 0)" 'longer than'
	other=$(tr 0-9a-f 1-9a-f0 <<<"$hash8")
	bad_token "bp1:reference:power-cut-confirm:$other:-:-:1" "$other" "$hash8" "the scenario's text" 'flash geometry' "artifact's version"
	bad_token "bp1:small:power-cut-confirm:$hash8:-:-:1" "$hash8" 'product small'
}

# Every length of a short file, and many of a long one: whatever is shown, it ends by itself.
damaged_images() {
	local size n
	try image sign fixtures/manifests/update.yaml --force -o "$work/whole.cose"
	try image sign fixtures/manifests/image-a.yaml --force -o "$image"
	size=$(wc -c <"$image")
	begin "$label: image show: an image cut short, at many lengths"
	for n in 0 1 3 4 8 16 20 31 32 33 1000 $((size - 156)) $((size - 145)) $((size - 144)) $((size - 140)) $((size - 100)) $((size - 64)) \
		$((size - 1)); do
		head -c "$n" "$image" >"$work/cut"
		try_as "$tool" image show "$work/cut" --key $release
		want_refused "$work/cut"
	done
	begin "$label: image show: a manifest cut short, at many lengths"
	size=$(wc -c <"$work/whole.cose")
	for ((n = 0; n < size; n += 7)); do
		head -c "$n" "$work/whole.cose" >"$work/cut"
		try_as "$tool" image show "$work/cut" --key $release
		want_refused "$work/cut"
	done
	begin "$label: image show: a manifest with one byte wrong, at many places"
	for ((n = 0; n < size; n += 7)); do
		cp "$work/whole.cose" "$work/bad"
		printf '\377' | dd of="$work/bad" bs=1 seek=$n conv=notrunc status=none
		cmp -s "$work/whole.cose" "$work/bad" && continue
		try_as "$tool" image show "$work/bad" --key $release
		[ "$status" = 1 ] || want_refused "$work/bad"
	done
	begin "$label: image show: no image"
	for f in Makefile build/firmware/reference.so "$work" /dev/null "$work/nowhere"; do
		try_as "$tool" image show "$f"
		want_refused "$f"
	done
	begin "$label: image corrupt: no image"
	for f in Makefile /dev/null "$work" "$work/nowhere"; do
		try_as "$tool" image corrupt "$f" --op tlv-magic -o "$work/none.img"
		want_refused "$f"
	done
	want "a file was written" test ! -e "$work/none.img"
	begin "$label: image sign: a description that is none"
	for f in "$work/scenario"/{empty,binary,unknown,duplicate,deep,folder}.yaml $good "$work/nowhere.yaml"; do
		try_as "$tool" image sign "$f" -o "$work/none.img"
		want_refused "$f"
	done
	want "a file was written" test ! -e "$work/none.img"
}

# A run's journal, damaged: the reports that were built before stay as they are.
bad_journal() { # NAME TEXT FILTER...
	local name=$1 text=$2 before
	shift 2
	begin "$label: report: $name"
	rm -rf "$work/run"
	cp -r "$work/kept/latest/" "$work/run"
	"$@" <"$work/kept/latest/journal.jsonl" >"$work/run/journal.jsonl"
	before=$(fingerprint "$work/run")
	try_as "$tool" report "$work/run"
	want_refused "$work/run/journal.jsonl" "$text"
	want "something was written" test "$(fingerprint "$work/run")" = "$before"
}

reports() {
	bad_journal 'an empty journal' "no 'run' line" head -c 0
	bad_journal 'the first line is cut' "no 'run' line" head -c 40
	bad_journal 'a line within is cut' ':3: error: ' sed '3s/.....$//'
	bad_journal 'a line is no object' ':3: error: ' sed '3s/.*/[1]/'
	bad_journal 'another verdict' ':3: error: ' sed '3s/"verdict":"[a-z]*"/"verdict":"maybe"/'
	bad_journal 'a case is gone' ': error: ' sed 3d
	bad_journal 'a case is there twice' ': error: ' sed 3p
	bad_journal 'sums that do not add up' ': error: ' sed -E 's/"pass":[0-9]+/"pass":99/'
	bad_journal 'another format' ':1: error: ' sed '1s/"format":1/"format":2/'
	bad_journal 'no first line' ':1: error: ' sed 1d
	bad_journal 'another file altogether' ':1: error: ' cat Makefile
	begin "$label: report: the last line is cut: built, and told"
	rm -rf "$work/run"
	cp -r "$work/kept/latest/" "$work/run"
	head -c -10 "$work/kept/latest/journal.jsonl" >"$work/run/journal.jsonl"
	try_as "$tool" report "$work/run"
	want_status 0
	want_err 'cut short'
}

all() { # PROGRAM LABEL
	tool=$1 label=$2
	files_of scenario $good
	files_of product $product --product
	scenario_words
	product_words
	firmware_files
	tokens
	damaged_images
	reports
	rm -rf "$work/scenario" "$work/product"
}
all "$program" release
if [ -x "$program_san" ]; then
	all "$program_san" san
else
	skip "the same under sanitizers" "no sanitizer build"
fi

begin "the run that was there is as it was"
want "it has changed" test "$(fingerprint "$work/kept")" = "$kept"
finish
