# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2034
# What the scripts have in common: packages, files, sentences. To be sourced (POSIX sh) by quickstart.sh, compare.sh and
# tests/run.sh.

# To build the plugin and to use it from the command line.
TCPT_PACKAGES="gcc make cmake pkg-config libglib2.0-dev wireshark-dev tshark"

# To test it, besides.
TCPT_TEST_PACKAGES="wireshark-common libsqlite3-dev sqlite3 parallel rsync openssh-client jq python3-jsonschema python3-yaml python3 binutils dpkg-dev file util-linux iproute2 nftables valgrind"

say() {
    printf '%s\n' "$(tcpt_printable "$*")" >&2
}

# Say one sentence and give up.
tcpt_die() {
    say "tcptriage: $*"
    exit 1
}

# $1 without what steers a terminal: names of files come from anywhere.
tcpt_printable() {
    printf '%s' "$1" | LC_ALL=C tr '\000-\037\177' '?'
}

# A name that begins with a dash is no option.
tcpt_guarded() {
    case $1 in
    -*) printf './%s' "$1" ;;
    *) printf '%s' "$1" ;;
    esac
}

# End unless every file can be read.
tcpt_check_files() {
    for file in "$@"; do
        [ -e "$file" ] || [ -L "$file" ] || tcpt_die "there is no file \"$file\""
        [ -e "$file" ] || tcpt_die "\"$file\" is a link to a file that does not exist"
        [ ! -d "$file" ] || tcpt_die "\"$file\" is a folder, not a capture file"
        [ -f "$file" ] || tcpt_die "\"$file\" is no ordinary file: it has to be read more than once"
        [ -r "$file" ] || tcpt_die "the file \"$file\" may not be read by this user"
        [ -s "$file" ] || tcpt_die "the file \"$file\" is empty"
    done
}

# End unless a file can be made there; none is overwritten.
tcpt_check_target() {
    [ -n "$1" ] || tcpt_die "the file to write has no name"
    if [ -e "$1" ] || [ -L "$1" ]; then tcpt_die "there is a file \"$1\" already; give it another name"; fi
    [ -w "$(dirname -- "$1")" ] || tcpt_die "the file \"$1\" cannot be written"
}

# End unless tshark takes every file for a capture. One that was cut short is none the less.
tcpt_check_captures() {
    for file in "$@"; do
        complaint=$(LC_ALL=C tshark -n -r "$(tcpt_guarded "$file")" -c 1 2>&1 >/dev/null | grep 'a capture file in a format')
        [ -z "$complaint" ] || tcpt_die "the file \"$file\" is not a capture file"
    done
}

# What a capture file without TCP is: Wireshark opens pictures and programs, too.
tcpt_kind() {
    kind=$(LC_ALL=C capinfos -tE "$(tcpt_guarded "$1")" 2>/dev/null |
        sed -n 's/^File encapsulation: *\(.*\)$/\1/p' | head -n 1)
    printf %s "${kind:-unknown}"
}

# Whether there is any packet in a capture.
tcpt_has_packets() {
    [ -n "$(tshark -n -r "$1" -c 1 -T fields -e frame.number 2>/dev/null)" ]
}

# Whether there is TCP in a capture: its first frame of that tells.
tcpt_has_tcp() {
    [ -n "$(tshark -n -l -r "$1" -Y tcp -T fields -e frame.number 2>/dev/null | head -n 1)" ]
}

# Those of the packages that are not installed.
tcpt_missing_packages() {
    for package in "$@"; do
        case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
        installed) ;;
        *) printf '%s ' "$package" ;;
        esac
    done
}

# Install the packages that are missing, or end with the one line that has to be run.
tcpt_ensure_packages() {
    command -v dpkg-query >/dev/null 2>&1 || return 0 # not Debian: tcpt_ensure_tools has the last word
    missing=$(tcpt_missing_packages "$@")
    missing=${missing% }
    [ -n "$missing" ] || return 0

    if [ "$(id -u)" -eq 0 ]; then
        as_root=
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        as_root=sudo
    elif command -v sudo >/dev/null 2>&1; then
        tcpt_die "packages are missing; run this line, then try again: sudo apt-get install -y $missing"
    else
        tcpt_die "packages are missing; run this line, then try again: su -c 'apt-get install -y $missing'"
    fi

    log=$(mktemp) || tcpt_die "no temporary file can be made in ${TMPDIR:-/tmp}"
    # The names are words of the list above: splitting is meant.
    # shellcheck disable=SC2086
    set -- $missing
    say "tcptriage: packages are missing, and installed now (1 of 3: the list of what there is): $missing"
    tcpt_apt update || say "tcptriage: the list could not be brought up to date; going on with the old one"
    say "tcptriage: installing packages (2 of 3: download)"
    tcpt_apt install -y --no-install-recommends --download-only "$@" || tcpt_apt_failed
    say "tcptriage: installing packages (3 of 3: unpack and set up)"
    tcpt_apt install -y --no-install-recommends "$@" || tcpt_apt_failed
    rm -f "$log"
}

tcpt_apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get "$@" >>"$log" 2>&1
}

tcpt_apt_failed() {
    tail -n 15 "$log" >&2
    tcpt_die "these packages could not be installed: $missing (all that was said is in $log)"
}

# End unless every command is there.
tcpt_ensure_tools() {
    for tool in "$@"; do
        command -v "$tool" >/dev/null 2>&1 || tcpt_die "the program \"$tool\" is missing; install it and try again"
    done
}

# Sets wireshark_version to the major.minor of tshark, or ends when it is too old.
tcpt_ensure_wireshark() {
    full=$(tshark --version 2>/dev/null | sed -n '1s/^[^0-9]*\([0-9][0-9]*\(\.[0-9][0-9]*\)*\).*/\1/p')
    [ -n "$full" ] || tcpt_die "tshark does not say its version"
    major=${full%%.*}
    minor=${full#*.}
    minor=${minor%%.*}
    [ "$major" -ge 4 ] || tcpt_die "Wireshark 4.0 or later is needed, but this tshark is $full"
    wireshark_version=$major.$minor
}
