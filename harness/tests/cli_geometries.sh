#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The reference firmware and the example on flash of every kind: no failure in any of them. GEOMETRY_BUDGET: cut points a scenario, "all" for
# every one. The example's are few: all of them are cut.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/tap.sh"

budget=${GEOMETRY_BUDGET:-25}
limit=(--budget "$budget")
[ "$budget" != all ] || limit=()
single=(single-slot-crash single-slot-damaged single-slot-power-cut single-slot-refused)
core=(power-cut-download power-cut-install power-cut-first-boot power-cut-confirm power-cut-rollback resume-after-cut supply-brown-out worn-flash)

begin "there are geometries of all kinds"
files=(fixtures/products/geometry-*.yaml)
want "at least eight" test ${#files[@]} -ge 8
for unit in '1 B' '4 B' '8 B' '16 B' '32 B'; do
	want "write unit $unit" grep -q "write-unit: $unit" "${files[@]}"
done
for page in '1 KiB' '4 KiB' '128 KiB'; do
	want "pages of $page" grep -q "page: $page" "${files[@]}"
done
want "erased to 0x00" grep -q 'erased: 0x00' "${files[@]}"
want "unequal sectors" grep -q 'sectors:' "${files[@]}"
for f in "${files[@]}"; do
	other=${f/geometry-/single-}
	want "the example has no $other" grep -qx "geometry: $(basename "$f" .yaml)" "$other"
	want "$f: its source" sh -c "head -n 1 '$f' | grep -Eq 'manual|specification|W25Q64JV'"
done

for f in "${files[@]}"; do
	name=$(basename "$f" .yaml)
	begin "$name: $(sed -n 's/^title: //p' "$f")"
	try run --quiet --control none --product "$name" "${limit[@]}" --reports "$work/$name" "${core[@]}"
	want_status 0
	want_out "All ${#core[@]} scenarios passed"
	want "cases on $name" grep -q "\"token\":\"bp1:$name:power-cut-download:" "$work/$name/latest/journal.jsonl"
	rm -rf "${work:?}/$name"
done

for f in fixtures/products/single-*.yaml; do
	name=$(basename "$f" .yaml)
	begin "$name: $(sed -n 's/^title: "\(.*\)"$/\1/p' "$f")"
	try run --quiet --control none --product "$name" --reports "$work/$name" "${single[@]}"
	want_status 0
	want_out "All ${#single[@]} scenarios passed"
	want "cases on $name" grep -q "\"token\":\"bp1:$name:single-slot-power-cut:" "$work/$name/latest/journal.jsonl"
	rm -rf "${work:?}/$name"
done

begin "a product runs the scenarios of the one that it is like, and its tokens find it again"
try run --quiet --control none --product single-nrf52 --budget 3 --reports "$work/bound" single-slot-power-cut high-counters
want_status 0
want "no other product keeps its own" grep -q '"token":"bp1:high-counters:high-counters:' "$work/bound/latest/journal.jsonl"
token=$(grep -o 'bp1:single-nrf52:single-slot-power-cut:[^"]*flash:[^"]*' "$work/bound/latest/journal.jsonl" | head -n 1)
try replay "$token"
want_status 0
want_out 'verdict  pass'
try replay "${token/single-nrf52/single-stm32l0}"
want_status 2
want_err hash8
try explain single-slot-power-cut --product single-nrf52
want_out "On product 'single-nrf52'"
try explain single-slot-power-cut --product geometry-nrf52
want_out "On product 'single'"

begin "without areas for a configuration, what stores one is uncovered, and says why"
for name in config-rollback config-update; do
	try run --quiet --control none --product geometry-stm32f401 --reports "$work/none" "$name"
	want_status 2
	want_err "scenarios/$name.yaml:6:13: error: product 'geometry-stm32f401' has no area 'config-a', so this scenario is uncovered"
	try explain "$name" --product geometry-stm32f401
	want_out "It is not run on this product, which has no area 'config-a': the cell stays uncovered."
done
want "something was run" test ! -e "$work/none"

finish
