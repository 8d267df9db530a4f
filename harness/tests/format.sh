#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The mechanical part of the house style: format.sh FILE... (clang-format 14 breaks tables and aligned comments, so it is not used.)
set -u
awk '
	FNR == 1 && !/SPDX-License-Identifier: Apache-2.0/ { bad("first line has no SPDX-License-Identifier: Apache-2.0") }
	/[ \t]$/ { bad("white space at the end of the line") }
	/^ {8}/ { bad("indented with spaces, expected tabs") }
	/^\t* +\t/ { bad("spaces before a tab") }
	/\r/ { bad("carriage return") }
	/^$/ && last == "" && FNR > 1 { bad("two empty lines") }
	/^[ \t]*\/\// { bad("// comment, expected /* */") }
	{ wide = $0; gsub(/\t/, "        ", wide); if (length(wide) > 150) bad("wider than 150 columns") }
	/^\t*(if|for|while|switch)\(/ { bad("no blank before the parenthesis") }
	{ last = $0 }
	function bad(what) { printf "%s:%d: error: %s\n", FILENAME, FNR, what; n++ }
	END { exit n > 0 }' "$@" || exit 1
for f in "$@"; do
	[ -z "$(tail -c 1 "$f")" ] || { echo "$f: error: no newline at the end"; exit 1; }
done
