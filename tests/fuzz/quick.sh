#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sh tests/fuzz/quick.sh BUILD
#
# The scenarios as seeds, and a fixed lot of inputs made of them, through the fuzz target of a build (tests/fuzz/run.sh searches
# for new ones). Prints TAP.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
build=$1
inputs=20000

mkdir -p "$build/seeds"
"$build/fuzz-seeds" "$build/seeds" "$root"/captures/scenarios/*.pkt
exec "$build/fuzz-core" "$inputs" "$build"/seeds/*
