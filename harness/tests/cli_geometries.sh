#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The reference firmware on flash of every kind: no failure in any of them. GEOMETRY_BUDGET: cut points a scenario, "all" for every one.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/tap.sh"

budget=${GEOMETRY_BUDGET:-25}
limit=(--budget "$budget")
[ "$budget" != all ] || limit=()
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

finish
