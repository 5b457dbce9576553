#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sh tests/tidy.sh BUILD [FILE...]
#
# What clang-tidy 14 says of the checks in .clang-tidy, for the files of a build or those that are named (from the project's
# folder on); as many side by side as there are processors. Prints TAP.
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
# shellcheck source=tests/clang.sh
. "$root/tests/clang.sh"
build=$1
shift

clang_tidy=$(clang_tool clang-tidy) || { skip_all tidy; exit 0; }
[ -e "$build/compile_commands.json" ] || { echo "tidy.sh: $build is no build" >&2; exit 2; }
commands=$(mktemp -d) || exit 2
trap 'rm -rf "$commands"' EXIT
# gcc's options for optimisation are nothing that clang need know; some it takes for errors.
sed -E '/"command"/ s/ (-fno-tree-[a-z-]+|-mmemset-strategy=[^ ]+|--param=[^ ]+)//g' "$build/compile_commands.json" \
    >"$commands/compile_commands.json"
export root build clang_tidy commands

compiled() {
    sed -n 's/^ *"file": "\(.*\)",*$/\1/p' "$build/compile_commands.json" | sort -u
}

{ if [ $# -gt 0 ]; then printf '%s\n' "$@"; else compiled; fi; } |
    xargs -P "$(getconf _NPROCESSORS_ONLN)" -n 1 sh -c '
        case $1 in /*) ;; *) set -- "$root/$1" ;; esac
        grep -qF "\"file\": \"$1\"" "$build/compile_commands.json" || {
            echo "ok 0 /tidy/${1#"$root/"} # SKIP no file of this build"
            exit 0
        }
        said=$("$clang_tidy" -p "$commands" --quiet --extra-arg=-Wno-ignored-optimization-argument "$1" 2>/dev/null)
        status=$?
        if [ "$status" -eq 0 ]; then
            echo "ok 0 /tidy/${1#"$root/"}"
        else
            printf "not ok 0 /tidy/%s\n%s\n" "${1#"$root/"}" "$(printf "status %s\n%s\n" "$status" "$said" | head -n 30 | cut -c 1-120 | sed "s/^/# /")"
        fi' sh | numbered
