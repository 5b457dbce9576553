#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
set -u

usage() {
    cat <<'END'
sh plugin/quickstart.sh [OPTION] [CAPTURE...]

Builds and installs the plugin and its Wireshark profile, then prints the triage report of the captures given, by
default of the captures of the stories. Installs the Debian packages that are missing, as root or by sudo without a
password. Run again it brings all that up to date: only what has changed is built, and files of the profile that were
changed by hand stay as they are, which it says.

  --json[=min=SEVERITY]  print the report of one capture for programs, and nothing else; with min=warn or min=note
                         only what is at least that severe
  --html PAGE            write the report of one capture as a page for browsers; no file is overwritten
  --uninstall            take the plugin and the profile away again, but for files of the profile that were changed
                         by hand; Debian packages and the folder of the build stay
  -h, --help             print this

Root installs and uninstalls for everybody, another user for itself, into the folders that "tshark -G folders" names.

Exit status: 0 when all was done; 1 when something was in the way, and one sentence on standard error says what. All
files are looked at first; when one cannot be read to its end or has no TCP, the others are reported all the same.
END
}

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
# shellcheck source=plugin/packages.sh
. "$root/plugin/packages.sh"
# shellcheck source=plugin/install.sh
. "$root/plugin/install.sh"
story_captures='tfo-storm rst-off-by-one-ignored fin-lost-client-60s fin-lost-server accept-queue-overflow two-points-fin-dropped'

quoted() {
    printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"
}

# ---- Build.

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

# A sum over all that the plugin is made of: when it stays, nothing is to be built.
ingredients() {
    {
        (cd "$root" && find CMakeLists.txt include plugin \( -name profile -o -name package \) -prune -o -name '*.md' -o -name '*.sh' -o -type f -exec cksum {} +) |
            LC_ALL=C sort
        printf '%s\n' "$full"
        dpkg-query -W -f '${Package} ${Version}\n' gcc libglib2.0-dev libwireshark-dev 2>/dev/null
    } | cksum
}

# Version of the Wireshark headers that cmake has found.
headers_version() {
    config=$(sed -n 's/^Wireshark_DIR:PATH=//p' "$build/CMakeCache.txt" 2>/dev/null)/WiresharkConfig.cmake
    sed -n 's/^set(Wireshark_VERSION "\([0-9.]*\)").*/\1/p' "$config" 2>/dev/null
}

# Runs a step of the build; when it fails, its last words and the end.
build_step() {
    "$@" >>"$log" 2>&1 && return 0
    tail -n 15 "$log" >&2
    tcpt_die "the plugin could not be built; all that was said is in $log"
}

build_plugin() {
    choose_build_folder
    plugin=$build/plugins/$wireshark_version/epan/tcptriage.so
    built=$(ingredients)
    if [ -f "$plugin" ] && [ "$(cat "$build/quickstart.built" 2>/dev/null)" = "$built" ]; then
        return 0
    fi
    log=$build/quickstart.log
    : >"$log" || tcpt_die "the folder \"$build\" cannot be written to"
    say "tcptriage: building in $build, which takes a minute the first time"
    build_step cmake -S "$root" -B "$build"
    headers=$(headers_version)
    case $headers in
    "$wireshark_version" | "$wireshark_version".* | '') ;;
    *) tcpt_die "the Wireshark headers (package wireshark-dev) are those of $headers, but tshark is $full; install both from one source" ;;
    esac
    build_step cmake --build "$build" --target tcptriage --parallel "$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)"
    [ -f "$plugin" ] || tcpt_die "the build made no plugin for tshark $full; all that was said is in $log"
    printf '%s\n' "$built" >"$build/quickstart.built"
}

# For the captures given.
build_and_install() {
    tcpt_check_files "$@"
    # shellcheck disable=SC2086 # a list of words
    tcpt_ensure_packages $TCPT_PACKAGES
    tcpt_ensure_tools tshark capinfos cmake cc pkg-config
    tcpt_ensure_wireshark
    tcpt_check_captures "$@"
    build_plugin
    install_plugin
}

# ---- Reports.

# tshark over capture $1 with the option $2; what it complains of stays in complaint. Its warning that it runs as root is
# no news here.
triage() {
    complaints=$(mktemp) || tcpt_die "no temporary file can be made in ${TMPDIR:-/tmp}"
    tshark -n --enable-protocol tcptriage -r "$(tcpt_guarded "$1")" -q -z "$2" 2>"$complaints"
    status=$?
    complaint=$(grep -v 'Running as user' "$complaints" | grep . | head -n 1 | sed 's/^tshark: //')
    rm -f "$complaints"
    return $status
}

# A report on a capture without TCP says no more than that; here it is told with what the file is.
report() {
    text=$build/report.txt
    triage "$1" tcptriage >"$text"
    status=$?
    if [ "$status" -eq 0 ] && [ "$(wc -l <"$text")" -le 2 ] && grep -q 'no TCP segment was seen' "$text"; then
        say "tcptriage: there is no TCP in \"$1\" (encapsulation: $(tcpt_kind "$1"))"
        return 1
    fi
    [ -n "$openable" ] || openable=$1
    printf '\n=== %s ===\n\n' "$(tcpt_printable "$1")"
    cat "$text"
    [ "$status" -eq 0 ] && return 0
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

run() {
    build_and_install "$@"
    failed=0
    openable=
    for capture in "$@"; do
        report "$capture" || failed=1
    done
    printf '\nInstalled: %s/tcptriage.so (version %s)\n' "$plugin_folder" "$(plugin_version "$plugin_folder/tcptriage.so")"
    printf 'Profile:   %s/%s\n' "$profile_folder" "$tcpt_profile"
    [ -n "$openable" ] || return $failed
    case $openable in
    /*) ;;
    *) openable=$(pwd)/$openable ;;
    esac
    printf 'Look:      wireshark -C "%s" %s\n' "$tcpt_profile" "$(quoted "$openable")"
    command -v wireshark >/dev/null 2>&1 || printf '           (the package "wireshark" is not installed)\n'
    return $failed
}

# $1 is the report's form, the capture comes behind it.
print_json() {
    [ $# -eq 2 ] || tcpt_die "--json takes one capture"
    build_and_install "$2"
    triage "$2" "tcptriage,$1" || tcpt_die "tshark could not read all of \"$2\": ${complaint:-status $status}"
}

# $1 is the file to write, the capture comes behind it. Made under a name that fits into an option of tshark.
write_page() {
    [ $# -eq 2 ] || tcpt_die "--html takes a file to write and one capture"
    tcpt_check_target "$1"
    build_and_install "$2"
    folder=$(mktemp -d) || tcpt_die "no temporary folder can be made"
    trap 'rm -rf "$folder"' EXIT
    trap 'exit 1' HUP INT TERM
    triage "$2" "tcptriage,html,$folder/page.html" || tcpt_die "no page could be made of \"$2\": ${complaint:-status $status}"
    (set -C && cat "$folder/page.html" >"$1") 2>/dev/null || tcpt_die "the page \"$1\" cannot be written"
    say "tcptriage: the page is $1"
}

# ---- Options, anywhere among the captures.

action=
choose() {
    [ -z "$action" ] || tcpt_die "$action and $1 do not go together"
    action=$1
}

left=$#
while [ "$left" -gt 0 ]; do
    word=$1
    shift
    left=$((left - 1))
    case $word in
    -h | --help)
        usage
        exit
        ;;
    --uninstall) choose --uninstall ;;
    --json)
        choose --json
        form=json
        ;;
    --json=min=chat | --json=min=note | --json=min=warn)
        choose --json
        form=json,${word#--json=}
        ;;
    --html)
        choose --html
        [ "$left" -gt 0 ] || tcpt_die "--html needs the name of the file to write"
        target=$1
        shift
        left=$((left - 1))
        ;;
    --html=*)
        choose --html
        target=${word#--html=}
        ;;
    --)
        while [ "$left" -gt 0 ]; do
            set -- "$@" "$1"
            shift
            left=$((left - 1))
        done
        ;;
    -*)
        [ -e "$word" ] || tcpt_die "there is no option \"$word\"; sh plugin/quickstart.sh --help lists them"
        set -- "$@" "$word"
        ;;
    *) set -- "$@" "$word" ;;
    esac
done

case $action in
--uninstall)
    [ $# -eq 0 ] || tcpt_die "--uninstall takes no capture"
    tcpt_ensure_tools tshark
    uninstall
    ;;
--json) print_json "$form" "$@" ;;
--html) write_page "$target" "$@" ;;
*) if [ $# -eq 0 ]; then run_stories; else run "$@"; fi ;;
esac
