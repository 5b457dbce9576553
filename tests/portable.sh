#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
set -u

usage() {
    cat <<'END'
sh tests/portable.sh [--cache FOLDER] [TARGET...]

Builds for other machines and runs there what needs no Wireshark: unit, finding, scenario, tracker, receiver, stow and
lone tests.
Targets, by default all:
  plain   this machine, without what only gcc and clang know (TCPT_PLAIN_C)
  i386    32 bits
  s390x   big-endian, emulated by qemu
  mingw   Windows: every source, the plugin's too, is compiled by MinGW; plugin and command are linked. Import libraries
          are made from the names that this machine's GLib and Wireshark export; nothing is run
  wine    Windows: the tests, built by MinGW, run by Wine. GLib is the one in libvips' DLL, from npm's registry
Installs the compilers that are missing, as root or by sudo; GLib for other machines comes from Debian's registry as the
sources of apt name it, unpacked in the user's cache. What cannot be had is said in a line that begins with "SKIPPED:".
END
}

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
# shellcheck source=plugin/packages.sh
. "$root/plugin/packages.sh"
# shellcheck source=tests/debian.sh
. "$root/tests/debian.sh"
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/tcptriage/portable
programs='unit finding scenario tracker receiver stow lone'

# apt for machine $1, with folders of its own below $2: this system's packages stay as they are.
foreign_apt() {
    machine=$1 folder=$2
    shift 2
    apt-get -o "APT::Architecture=$machine" -o "APT::Architectures=$machine" -o "Dir::Etc::sourcelist=$folder/sources.list" \
        -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$folder/lists" -o "Dir::State::status=$folder/status" \
        -o "Dir::Cache=$folder/cache" -o APT::Sandbox::User=root "$@"
}

# shellcheck disable=SC2317 # called by name
fetch() {
    (cd "$2" && foreign_apt "$1" "$2" update && foreign_apt "$1" "$2" download libglib2.0-dev &&
        glib=$(dpkg-deb -f libglib2.0-dev_*.deb Depends | grep -o 'libglib2\.0-0[a-z0-9]*' | head -n 1) &&
        foreign_apt "$1" "$2" download "$glib" libpcre2-8-0 libc6 libgcc-s1) >"$2/log" 2>&1
}

# GLib for machine $1 in folder $2: what its packages hold.
unpack_glib() {
    [ ! -e "$2/made" ] || return 0
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || skip "$1: the sources of apt name no Debian registry"
    # shellcheck source=/dev/null
    release=$(. /etc/os-release && echo "$VERSION_CODENAME")
    rm -rf "$2" && mkdir -p "$2/lists/partial" "$2/cache/archives/partial" && : >"$2/status" || exit 1
    printf 'deb %s %s main\n' "$mirror" "$release" >"$2/sources.list"
    say "tcptriage: GLib for $1 to $2"
    try fetch "$1" "$2" || skip "$1: GLib cannot be had ($(grep '^E:' "$2/log" | tail -n 1))"
    for package in "$2"/*.deb; do
        dpkg-deb -x "$package" "$2/root" || exit 1
    done
    touch "$2/made"
}

# configure NAME OPTION...: into $cache/NAME
configure() {
    build=$cache/$1
    shift
    rm -rf "$build"
    cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG=-O1 -DTCPT_PLUGIN=OFF -DTCPT_WERROR=ON "$@" >"$build.log" 2>&1
}

# run NAME EMULATOR...: the programs of $cache/NAME
run() {
    name=$1
    build=$cache/$name
    shift
    targets=$(for program in $programs; do printf ' %s-test' "$program"; done)
    # shellcheck disable=SC2086 # words
    cmake --build "$build" --parallel "$(getconf _NPROCESSORS_ONLN)" --target $targets >>"$build.log" 2>&1 || {
        grep -E 'error|Error' "$build.log" | head -n 10
        printf '%s: FAILED, all that was said is in %s\n' "$name" "$build.log"
        return 1
    }
    status=0
    for program in $programs; do
        test=$build/$program-test
        [ -e "$test" ] || test=$test.exe
        # What takes a million flows takes too long when emulated, and tells nothing more.
        long=$("$@" "$test" -l | tr -d '\r' | grep -E '/(million|storms)/' | sed 's|^|-s |')
        # shellcheck disable=SC2086 # words
        "$@" "$test" --tap -k $long >"$build/$program.tap" 2>"$build/$program.err" || status=1
        grep -q '^ok ' "$build/$program.tap" || status=1 # one that ran nothing has not passed
        printf '%s: %s: %s passed, %s failed\n' "$name" "$program" "$(grep '^ok ' "$build/$program.tap" | grep -vc '# SKIP')" \
            "$(grep -c '^not ok ' "$build/$program.tap")"
        grep -A 5 '^not ok ' "$build/$program.tap" | head -n 20
    done
    return "$status"
}

on_plain() {
    configure plain -DCMAKE_C_FLAGS=-DTCPT_PLAIN_C && run plain env
}

# on_foreign NAME DEBIAN COMPILER EMULATOR
on_foreign() {
    tcpt_ensure_packages "$3" "libc6-dev-$2-cross" qemu-user-static
    compiler=${3#gcc-}-gcc
    glib=$cache/glib-$2
    unpack_glib "$2" "$glib"
    libraries=$(dirname "$(find "$glib/root/usr/lib" -name 'libglib-2.0.so' | head -n 1)")
    configure "$1" -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_C_COMPILER="$compiler" -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON \
        -DGLIB_LIBRARY="$libraries/libglib-2.0.so" -DGLIB_INCLUDE_DIR="$glib/root/usr/include/glib-2.0" \
        -DCMAKE_EXE_LINKER_FLAGS="-Wl,-rpath-link,$libraries:$glib/root/lib/${3#gcc-}" || {
        tail -n 5 "$build.log"
        return 1
    }
    # Emulated programs find the loader and the libraries below -L.
    run "$1" "$4" -L "$glib/root"
}

# Debian has no GLib for Windows: its headers with the sizes of 64-bit Windows.
windows_glib() {
    headers=$(pkg-config --variable=includedir glib-2.0)/glib-2.0
    config=$(pkg-config --variable=libdir glib-2.0)/glib-2.0/include/glibconfig.h
    rm -rf "$1" && mkdir -p "$1" && ln -s "$headers" "$1/glib" || exit 1
    sed -e 's/G_OS_UNIX/G_OS_WIN32/' -e 's/signed long gint64/signed long long gint64/' \
        -e 's/signed long \(gs*size\|gssize\|goffset\|gintptr\)/signed long long \1/' \
        -e 's/unsigned long \(guint64\|gsize\|guintptr\)/unsigned long long \1/' \
        -e 's/\(GINT64_[MF][A-Z]*T*\) "l"/\1 "ll"/' -e 's/_MODIFIER "l"/_MODIFIER "ll"/' -e 's/_FORMAT *"l\([iu]\)"/_FORMAT "ll\1"/' \
        -e 's/(val##L)/(val##LL)/' -e 's/(val##UL)/(val##ULL)/' -e 's/SIZEOF_LONG *8/SIZEOF_LONG 4/' \
        -e 's/\(G_M[AI][XN]S*SIZE\t\)G_M\([AI][XN]\)LONG/\1G_M\2INT64/' -e 's/typedef int GPid/typedef void *GPid/' \
        "$config" >"$1/glibconfig.h"
}

# The import library of a DLL that exports what this machine's library $1 does.
import_library() {
    so=$(cc -print-file-name="lib$1.so")
    {
        printf 'LIBRARY "lib%s.dll"\nEXPORTS\n' "$1"
        nm -D --defined-only "$so" | sed -n 's/^[0-9a-f]* T \([A-Za-z_0-9]*\).*/\1/p; s/^[0-9a-f]* [BDR] \([A-Za-z_0-9]*\).*/\1 DATA/p'
    } >"$build/$1.def"
    x86_64-w64-mingw32-dlltool -d "$build/$1.def" -l "$build/lib$1.a"
}

# The import library in folder $2 of a DLL that exports GLib and much more, as far as this machine's GLib knows the names.
glib_in_dll() {
    {
        printf 'LIBRARY "%s"\nEXPORTS\n' "$(basename "$1")"
        x86_64-w64-mingw32-objdump -p "$1" | sed -n 's/^.*\] \(g_[A-Za-z_0-9]*\)$/\1/p' | sort -u >"$2/in_dll"
        nm -D --defined-only "$(cc -print-file-name=libglib-2.0.so)" |
            sed -n 's/^[0-9a-f]* T \([A-Za-z_0-9]*\).*/\1/p; s/^[0-9a-f]* [BDR] \([A-Za-z_0-9]*\).*/\1 DATA/p' | sort |
            join - "$2/in_dll"
    } >"$2/glib.def"
    x86_64-w64-mingw32-dlltool -d "$2/glib.def" -l "$2/libglib-2.0.a"
}

# Debian has no GLib for Windows; libvips' DLL of this version has all of it but its regular expressions, and exports it.
vips=@img/sharp-win32-x64@0.33.0

fetch_vips() {
    (cd "$1" && npm pack "$vips" && tar -xzf ./*.tgz package/lib/libvips-42.dll) >"$1/log" 2>&1
}

on_wine() {
    command -v npm >/dev/null 2>&1 || skip "wine: npm is missing, and with it a GLib for Windows"
    tcpt_ensure_packages gcc-mingw-w64-x86-64 libglib2.0-dev wine64
    dll=$cache/vips/package/lib/libvips-42.dll
    windows_glib "$cache/glib-windows"
    mkdir -p "$cache/vips" || return 1
    [ -e "$dll" ] || try fetch_vips "$cache/vips" || skip "wine: npm's registry did not give $vips"
    glib_in_dll "$dll" "$cache/glib-windows" || return 1
    configure wine -DCMAKE_SYSTEM_NAME=Windows -DCMAKE_C_COMPILER=x86_64-w64-mingw32-gcc -DCMAKE_C_FLAGS=-D__USE_MINGW_ANSI_STDIO=1 \
        -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON -DGLIB_LIBRARY="$cache/glib-windows/libglib-2.0.a" \
        -DGLIB_INCLUDE_DIR="$cache/glib-windows/glib" -DGLIB_CONFIG_INCLUDE_DIR="$cache/glib-windows" || {
        tail -n 5 "$build.log"
        return 1
    }
    cp "$dll" "$build" || return 1
    # A Windows of its own, without windows on a screen, and silent about what it lacks.
    WINEPREFIX=$cache/wine-prefix WINEDEBUG=-all DISPLAY='' run wine /usr/lib/wine/wine64
}

# link_windows OUTPUT ROOM OPTION...: all that was compiled but that room's.
link_windows() {
    output=$1 others=$2
    shift 2
    # shellcheck disable=SC2046 # words
    (cd "$build" && x86_64-w64-mingw32-gcc "$@" -o "$output" $(find . -maxdepth 1 -name '*.o' ! -name "$others-*") -L. \
        -lwireshark -lwiretap -lwsutil -lglib-2.0) >>"$build/log" 2>&1 || {
        printf 'mingw: %s does not link\n' "$output"
        grep -oE 'undefined reference to .*|multiple definition of .*' "$build/log" | sort | uniq -c | head -n 10
        return 1
    }
}

on_mingw() {
    tcpt_ensure_packages gcc-mingw-w64-x86-64 wireshark-dev libglib2.0-dev
    build=$cache/mingw
    rm -rf "$build" && mkdir -p "$build" || exit 1
    windows_glib "$build/include"
    wireshark=$(pkg-config --variable=includedir wireshark)/wireshark
    cmake -S "$root" -B "$build/host" -DTCPT_TESTS=OFF >"$build/log" 2>&1 || return 1 # lists the sources, and makes those that are made
    python3 -c 'import json, sys
for one in json.load(open(sys.argv[1])): print(one["file"])' "$build/host/compile_commands.json" | sort -u |
        grep -v /plugin/fleet/ >"$build/sources" # it lives by a shell and GNU parallel
    failed=0
    while read -r source; do
        object=$build/$(printf %s "${source#"$root/plugin/"}" | tr / -).o
        x86_64-w64-mingw32-gcc -std=gnu11 -O1 -Wall -Wextra -Werror -D__USE_MINGW_ANSI_STDIO=1 -I"$root/include" -I"$root/plugin" \
            -I"$root/plugin/report" -I"$build/host/generated" -isystem "$build/include" -isystem "$build/include/glib" \
            -isystem "$wireshark" -DTCPTRIAGE_VERSION='"0"' -DTCPTRIAGE_WIRESHARK_MAJOR=4 -DTCPTRIAGE_WIRESHARK_MINOR=0 \
            -DTCPTRIAGE_WIRESHARK_PATCH=0 -c "$source" -o "$object" >>"$build/log" 2>&1 || {
            printf 'mingw: %s does not compile\n' "${source#"$root/"}"
            failed=$((failed + 1))
        }
    done <"$build/sources"
    [ "$failed" -eq 0 ] || {
        grep 'error' "$build/log" | head -n 10
        return 1
    }
    for library in glib-2.0 wireshark wiretap wsutil; do
        import_library "$library" || return 1
    done
    link_windows tcptriage.dll reader -shared && link_windows tcptriage.exe epan || return 1
    printf 'mingw: %s sources compiled, tcptriage.dll and tcptriage.exe linked; nothing was run\n' "$(wc -l <"$build/sources")"
}

while [ $# -gt 0 ]; do
    case $1 in
    --cache)
        [ $# -ge 2 ] || tcpt_die "--cache takes a folder"
        cache=$2
        shift
        ;;
    -h | --help)
        usage
        exit
        ;;
    -*) tcpt_die "there is no option \"$1\"; sh tests/portable.sh --help names them" ;;
    *) break ;;
    esac
    shift
done
[ $# -gt 0 ] || set -- plain i386 s390x mingw wine
mkdir -p "$cache" || tcpt_die "the folder \"$cache\" cannot be made"
cache=$(cd "$cache" && pwd)
tcpt_ensure_tools cmake pkg-config cc
failed=0
for target in "$@"; do
    case $target in
    plain) (on_plain) ;;
    i386) (on_foreign i386 i386 gcc-i686-linux-gnu qemu-i386-static) ;;
    s390x) (on_foreign s390x s390x gcc-s390x-linux-gnu qemu-s390x-static) ;;
    mingw) (on_mingw) ;;
    wine) (on_wine) ;;
    *) tcpt_die "there is no target \"$target\"; sh tests/portable.sh --help names them" ;;
    esac || failed=1
done
exit "$failed"
