#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sh tests/gui/picture.sh [PICTURE]
#
# Makes captures/screenshot.png, README.md's picture, of what tests/gui/run.sh has taken: without the empty margin of its screen,
# and with a palette, as a repository keeps each version of it for ever. Needs imagemagick and pngquant.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
picture=${1:-${TCPT_BUILD:-$root/build-tests}/plain/pictures/readme.png}
kb=200

convert "$picture" -bordercolor black -border 1 -fuzz 2% -trim +repage png:- |
    pngquant --speed 1 --strip --nofs 128 - >"$root/captures/screenshot.png"
size=$(wc -c <"$root/captures/screenshot.png")
[ "$size" -le "$((kb * 1024))" ] || {
    echo "captures/screenshot.png has $size bytes, more than $kb KB" >&2
    exit 1
}
