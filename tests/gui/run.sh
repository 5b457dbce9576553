#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sh tests/gui/run.sh [--pictures FOLDER] [--only WORDS]
#
# Builds the plugin in build-tests/plain (or TCPT_BUILD/plain), then runs real Wireshark with it and the profile on a screen of
# its own (Xvfb), as nobody where we are root: windows open without a complaint, what must be read can be read off the screen,
# buttons and menus lead where they should, and Wireshark ends well. Prints TAP. The pictures lie in
# build-tests/plain/pictures, for those who look; readme.png is what captures/screenshot.png is made of (picture.sh).
# Status 2 when a program is missing.
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd) || exit 2
build=${TCPT_BUILD:-$root/build-tests}/plain

missing=
for need in wireshark:wireshark Xvfb:xvfb openbox:openbox xdotool:xdotool import:imagemagick tesseract:tesseract-ocr \
    cmake:cmake python3:python3; do
    command -v "${need%%:*}" >/dev/null || missing="$missing ${need#*:}"
done
if [ -n "$missing" ]; then
    echo "tests/gui: not there:$missing (sudo apt-get install --no-install-recommends$missing)" >&2
    exit 2
fi
mkdir -p "$build" || exit 2
if ! { cmake -S "$root" -B "$build" -DTCPT_WERROR=ON && cmake --build "$build" --target tcptriage; } >"$build/gui.log" 2>&1; then
    tail -n 15 "$build/gui.log" >&2
    exit 2
fi
exec python3 "$root/tests/gui/gui.py" "$build" "$root" "$@"
