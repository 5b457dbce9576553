#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
set -u

usage() {
    cat <<'END'
sh plugin/quickstart.sh [--json[=min=SEVERITY]] [CAPTURE...]

Builds and installs the plugin and its Wireshark profile, then prints the triage report of the captures given, by
default of the captures of the stories. Installs the Debian packages that are missing, as root or by sudo without a
password. Ends with status 1 and one sentence when something is in the way. With --json prints the report of one
capture for programs, and nothing else; with --json=min=warn only what is at least that severe.
END
}

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
# shellcheck source=plugin/packages.sh
. "$root/plugin/packages.sh"
profile='TCP Triage'
story_captures='tfo-storm rst-off-by-one-ignored fin-lost-client-60s fin-lost-server accept-queue-overflow two-points-fin-dropped'

say() {
    printf '%s\n' "$(tcpt_printable "$*")" >&2
}

quoted() {
    printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"
}

# The folder is kept between runs; a repository that cannot be written to is built in the user's cache.
choose_build_folder() {
    build=$root/build
    if ! { mkdir -p "$build" && [ -w "$build" ] && { [ ! -e "$build/CMakeCache.txt" ] || [ -w "$build/CMakeCache.txt" ]; }; } \
        2>/dev/null; then
        build=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/tcptriage/build
        mkdir -p "$build" 2>/dev/null || tcpt_die "no folder to build in: neither $root/build nor $build can be written"
    fi
    # A cache of a repository that has moved since is of no use.
    if [ -e "$build/CMakeCache.txt" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$build/CMakeCache.txt"; then
        rm -rf "$build/CMakeCache.txt" "$build/CMakeFiles"
    fi
}

build_plugin() {
    choose_build_folder
    log=$build/quickstart.log
    say "tcptriage: building in $build"
    if ! cmake -S "$root" -B "$build" >"$log" 2>&1 ||
        ! cmake --build "$build" --target tcptriage --parallel "$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)" \
            >>"$log" 2>&1; then
        tail -n 15 "$log" >&2
        tcpt_die "the plugin could not be built; all that was said is in $log"
    fi
    plugin=$build/plugins/$wireshark_version/epan/tcptriage.so
    [ -f "$plugin" ] ||
        tcpt_die "the Wireshark headers (package wireshark-dev) are not those of tshark $wireshark_version; install both from one source"
}

# A folder as tshark sees it: $1 is its name in `tshark -G folders`.
folder() {
    tshark -G folders 2>/dev/null | sed -n "s|^$1:[[:space:]]*||p"
}

install_file() {
    if ! { mkdir -p "$2" && cp -- "$1" "$2/.tcptriage.new" && chmod 644 "$2/.tcptriage.new" &&
        mv -f -- "$2/.tcptriage.new" "$2/$(basename -- "$1")"; } 2>/dev/null; then
        tcpt_die "the folder \"$2\" cannot be written to"
    fi
}

# A profile in use belongs to its user: files that are there already are kept.
install_profile() {
    for file in "$root/plugin/profile/$profile"/*; do
        if [ "$2" = replace ] || [ ! -e "$1/$profile/$(basename -- "$file")" ]; then
            install_file "$file" "$1/$profile"
        fi
    done
}

# Root's tshark ignores personal plugins, so root installs for everybody.
install_for_everybody() {
    plugin_folder=$everybody
    profile_folder=$(folder 'Global configuration')/profiles
    install_file "$plugin" "$plugin_folder"
    install_profile "$profile_folder" replace
}

# The same plugin in two places makes Wireshark complain at every start.
install_for_user() {
    plugin_folder=$(folder 'Personal Plugins')/epan
    profile_folder=$(folder 'Personal configuration')/profiles
    if [ ! -e "$everybody/tcptriage.so" ]; then
        install_file "$plugin" "$plugin_folder"
    elif cmp -s "$everybody/tcptriage.so" "$plugin"; then
        plugin_folder=$everybody
    else
        tcpt_die "another build is installed for everybody; remove $everybody/tcptriage.so, or run this as root"
    fi
    install_profile "$profile_folder" keep
}

install_plugin() {
    everybody=$(folder 'Global Plugins')/epan
    [ "$everybody" != /epan ] || tcpt_die "tshark does not say where its plugins are (tshark -G folders)"
    if [ "$(id -u)" -eq 0 ]; then
        install_for_everybody
    else
        install_for_user
    fi
    # Asked for the protocol: the list of plugins would start every extcap program as well.
    # Name, short name, filter name; what follows differs between versions.
    tshark -G protocols 2>/dev/null | cut -f 3 | grep -qx tcptriage ||
        tcpt_die "tshark does not load $plugin_folder/tcptriage.so; \"tshark -G plugins\" may say why"
}

# tshark's warning that it runs as root is no news here.
report() {
    complaints=$build/complaints.txt
    printf '\n=== %s ===\n\n' "$(tcpt_printable "$1")"
    tshark -n --enable-protocol tcptriage -r "$(tcpt_guarded "$1")" -q -z tcptriage 2>"$complaints"
    status=$?
    [ "$status" -eq 0 ] && return 0
    complaint=$(grep -v 'Running as user' "$complaints" | grep . | head -n 1 | sed 's/^tshark: //')
    say "tcptriage: tshark could not read all of \"$1\": ${complaint:-status $status}"
    return 1
}

# The captures of the stories as arguments of this script's main part.
run_stories() {
    set --
    for name in $story_captures; do
        for capture in "$root/captures/lab/$name.pcap" "$root/captures/lab/$name.pcapng"; do
            [ -f "$capture" ] && set -- "$@" "$capture"
        done
    done
    [ $# -gt 0 ] || tcpt_die "the captures of the stories are missing from $root/captures; name a capture file"
    run "$@"
}

# For the captures given.
build_and_install() {
    tcpt_check_files "$@"
    # shellcheck disable=SC2086 # a list of words
    tcpt_ensure_packages $TCPT_PACKAGES
    tcpt_ensure_tools tshark cmake cc pkg-config
    tcpt_ensure_wireshark
    tcpt_check_captures "$@"
    build_plugin
    install_plugin
}

# $1 is the report's form, the capture comes behind it.
print_json() {
    form=$1
    shift
    [ $# -eq 1 ] || tcpt_die "--json takes one capture"
    build_and_install "$1"
    tshark -n --enable-protocol tcptriage -r "$(tcpt_guarded "$1")" -q -z "tcptriage,$form" 2>/dev/null ||
        tcpt_die "tshark could not read all of \"$1\""
}

run() {
    build_and_install "$@"
    failed=0
    for capture in "$@"; do
        report "$capture" || failed=1
    done
    case $1 in
    /*) first=$1 ;;
    *) first=$(pwd)/$1 ;;
    esac
    printf '\nInstalled: %s/tcptriage.so\n' "$plugin_folder"
    printf 'Profile:   %s/%s\n' "$profile_folder" "$profile"
    printf 'Look:      wireshark -C "%s" %s\n' "$profile" "$(quoted "$first")"
    command -v wireshark >/dev/null 2>&1 || printf '           (the package "wireshark" is not installed)\n'
    return $failed
}

case ${1-} in
'') run_stories ;;
-h | --help) usage ;;
--json)
    shift
    print_json json "$@"
    ;;
--json=min=chat | --json=min=note | --json=min=warn)
    least=${1#--json=}
    shift
    print_json "json,$least" "$@"
    ;;
*) run "$@" ;;
esac
