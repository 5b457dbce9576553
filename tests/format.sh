#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sh tests/format.sh [--fix]
#
# Every C file is as .clang-format 14 writes it (other versions differ); with --fix it is written so. Prints TAP.
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
# shellcheck source=tests/clang.sh
. "$root/tests/clang.sh"

clang_format=$(clang_tool clang-format) || { skip_all format; exit 0; }
if [ "${1-}" = --fix ]; then
    c_files | xargs "$clang_format" -i
    exit
fi
c_files | while read -r file; do
    if said=$("$clang_format" --dry-run -Werror "$file" 2>&1); then
        echo "ok 0 /format/${file#"$root/"}"
    else
        echo "not ok 0 /format/${file#"$root/"}"
        printf '%s\n' "$said" | head -n 6 | sed 's/^/# /'
    fi
done | numbered
