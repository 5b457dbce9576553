#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
set -u

usage() {
    cat <<'END'
sh plugin/compare.sh [--html PAGE] CAPTURE CAPTURE [JOINED.pcapng]

Joins two captures of the same traffic, taken at two points, into one file with a named interface for each, and prints
its triage report: what was seen at one point and not at the other. Clocks that differ by a second or more are set
right in the joined file: the second capture's times are moved. Interfaces without a name, or with one that the other
capture has too, are called as their file is; a capture of several interfaces keeps their names where all have one.
The joined file is CAPTURE+CAPTURE.pcapng in the current folder unless it is named. No file is overwritten.

  --html PAGE  write the report as a page for browsers, instead of printing it
  -h, --help   print this

The report is made by plugin/quickstart.sh, which builds and installs the plugin where that is needed.

Exit status: 0 when the captures were joined and the report was printed; 1 when something was in the way, and one
sentence on standard error says what: nothing is written then, or all but the report.
END
}

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
# shellcheck source=plugin/packages.sh
. "$root/plugin/packages.sh"
# shellcheck source=plugin/fleet/interface-name.sh
. "$root/plugin/fleet/interface-name.sh"

# Names of a capture's interfaces, one per line.
interface_names() {
    capinfos -I "$1" 2>/dev/null | sed -n 's/^ *Name = //p'
}

# How many interfaces a capture has, those without packets too.
interface_count() {
    count=$(capinfos -I "$1" 2>/dev/null | sed -n 's/^Number of interfaces in file: \([0-9][0-9]*\)$/\1/p' | head -n 1)
    printf %s "${count:-0}"
}

# Interfaces that have packets in a capture, by their numbers.
interfaces() {
    capinfos -I "$1" 2>/dev/null |
        awk '/^Interface #[0-9]+ info:/ { id = substr($2, 2) } /^ *Number of packets = [1-9]/ { print id }'
}

# File $2 in format $1 as $3. What could not be read of it is said; false when that is all.
convert() {
    editcap -F "$1" "$2" "$3" 2>"$work/complaints"
    status=$?
    complaint=$(sed -n 's/^editcap: //p' "$work/complaints" | head -n 1)
    [ "$status" -eq 0 ] || return 1
    [ -z "$complaint" ] || printf 'tcptriage: %s\n' "$(tcpt_printable "$complaint")" >&2
}

# Capture $1 as pcapng in $2.
keep_names() {
    convert pcapng "$1" "$2" || tcpt_die "the file \"$1\" cannot be read as a capture: $complaint"
}

# Capture $1, of one interface, as pcapng in $2 with that named $3; $4 is the file that it comes from. By way
# of the older format, which has no names.
rename() {
    if ! { convert nsecpcap "$1" "$2.plain" && convert pcapng "$2.plain" "$2.unnamed"; }; then
        tcpt_die "the file \"$4\" cannot be read as a capture of one kind of interface: $complaint"
    fi
    name_interface "$2.unnamed" "$3" "$2" || tcpt_die "\"$2\" cannot be written"
    rm -f "$2.plain" "$2.unnamed"
}

# Capture $1 as pcapng files in folder $2, with names for all interfaces: $4, unless it has names that $3 (names in the
# other capture) lacks.
prepare() {
    mkdir "$2" || exit 1
    names=$(interface_names "$1")
    ids=$(interfaces "$1")
    if [ "$(printf '%s\n' "$ids" | grep -c .)" -le 1 ]; then
        if [ -n "$names" ] && ! printf '%s\n' "$3" | grep -qxF "$names"; then
            keep_names "$1" "$2/all"
        else
            rename "$1" "$2/all" "$4" "$1"
        fi
        return
    fi
    keep_names "$1" "$work/whole"
    if [ "$(printf '%s\n' "$names" | grep -c .)" -ge "$(interface_count "$1")" ]; then
        mv "$work/whole" "$2/all"
        return
    fi
    for id in $ids; do
        tshark -n -r "$work/whole" -Y "frame.interface_id == $id" -w "$work/one" 2>/dev/null ||
            tcpt_die "the file \"$1\" cannot be read as a capture"
        rename "$work/one" "$2/$(printf %06d "$id")" "$4, interface $id" "$1"
    done
}

# What file $1 is called, without ending; files of the same name (that of file $2) by their folders too.
file_name() {
    name=$(bare_name "$1")
    if [ "$name" = "$(bare_name "$2")" ]; then
        name=$(basename -- "$(cd -- "$(dirname -- "$1")" && pwd)")/$name
    fi
    printf %s "$name"
}

bare_name() {
    bare=$(basename -- "$1")
    bare=${bare%.gz}
    printf %s "${bare%.*}"
}

# Handshakes tell the clocks, and are few: those of the files in folder $1 into folder $2. False when there are none.
handshakes() {
    mkdir "$2" || exit 1
    for file in "$1"/*; do
        tshark -n -r "$file" -Y 'tcp.flags.syn == 1' -w "$2/$(basename "$file")" 2>/dev/null || return 1
    done
    for file in "$2"/*; do
        [ -z "$(tshark -n -r "$file" -c 1 -T fields -e frame.number 2>/dev/null)" ] || return 0
    done
    return 1
}

# The files of folders $1 and $2 as file $3.
join() {
    mergecap -I none -w "$3" "$1"/* "$2"/* 2>/dev/null || {
        rm -f "$3"
        tcpt_die "the captures cannot be joined"
    }
}

# By how many microseconds the clocks of the files in folder $2 are ahead of those in folder $1, "" when nothing tells.
# Of the paths between the two, that of the most connections; interfaces are numbered in the order of the files.
clock_ahead() {
    join "$1" "$2" "$work/clocks.pcapng"
    first=0
    for file in "$1"/*; do
        first=$((first + $(interface_count "$file")))
    done
    sh "$report" --json=min=warn "$work/clocks.pcapng" >"$work/clocks.json" || exit 1
    # shellcheck disable=SC2016 # variables of jq
    jq -r --argjson first "$first" '.capture | [.capture_points[].interface >= $first] as $second |
        [.paths[] | select(.clock_offset_seconds != null and $second[.points[0]] != $second[.points[1]])] |
        max_by(.connections) // empty |
        .clock_offset_seconds * (if $second[.points[1]] then 1000000 else -1000000 end) | round' \
        "$work/clocks.json" || tcpt_die "the report of the clocks cannot be read"
}

# Microseconds as seconds.
seconds() {
    printf '%d.%06d' $(($1 / 1000000)) $(($1 % 1000000))
}

# The times of all files in folder $1, which is capture $2, by $3 microseconds back.
set_right() {
    case $3 in
    -*) said="$(seconds "${3#-}") s behind" by=$(seconds "${3#-}") ;;
    *) said="$(seconds "$3") s ahead" by=-$(seconds "$3") ;;
    esac
    printf 'tcptriage: the clock of "%s" is %s; its times are set right in the joined file\n' "$(tcpt_printable "$2")" "$said" >&2
    for file in "$1"/*; do
        editcap -t "$by" "$file" "$work/right" 2>/dev/null || tcpt_die "the times of \"$2\" cannot be changed"
        mv "$work/right" "$file"
    done
}

page=
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
    --html)
        [ "$left" -gt 0 ] || tcpt_die "--html needs the name of the file to write"
        page=$1
        shift
        left=$((left - 1))
        tcpt_check_target "$page"
        ;;
    -*)
        [ -e "$word" ] || tcpt_die "there is no option \"$word\"; sh plugin/compare.sh --help tells what there is"
        set -- "$@" "$word"
        ;;
    *) set -- "$@" "$word" ;;
    esac
done
[ $# -eq 2 ] || [ $# -eq 3 ] || tcpt_die "two captures are needed: sh plugin/compare.sh CAPTURE CAPTURE [JOINED.pcapng]"
tcpt_check_files "$1" "$2"
joined=${3:-$(bare_name "$1")+$(bare_name "$2").pcapng}
tcpt_check_target "$joined"
set -- "$(tcpt_guarded "$1")" "$(tcpt_guarded "$2")"
joined=$(tcpt_guarded "$joined")
# shellcheck disable=SC2086 # a list of words
tcpt_ensure_packages $TCPT_PACKAGES jq
tcpt_ensure_tools tshark mergecap editcap capinfos od awk jq
tcpt_check_captures "$1" "$2"
for capture in "$1" "$2"; do
    tcpt_has_packets "$capture" || tcpt_die "the file \"$capture\" has no packets: there is nothing to compare"
    tcpt_has_tcp "$capture" || tcpt_die "there is no TCP in \"$capture\" (encapsulation: $(tcpt_kind "$capture")): nothing to compare"
done

report=${TCPT_REPORT:-$root/plugin/quickstart.sh} # prints the report of a capture, or with --json the same for programs
work=$(mktemp -d) || tcpt_die "no temporary folder can be made"
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
prepare "$1" "$work/a" "$(interface_names "$2")" "$(file_name "$1" "$2")"
prepare "$2" "$work/b" "$(interface_names "$1")" "$(file_name "$2" "$1")"
if handshakes "$work/a" "$work/a.syn" && handshakes "$work/b" "$work/b.syn"; then
    ahead=$(clock_ahead "$work/a.syn" "$work/b.syn") || exit 1
else
    ahead=$(clock_ahead "$work/a" "$work/b") || exit 1
fi
if [ -n "$ahead" ] && [ "${ahead#-}" -ge 1000000 ]; then # what is less is told in the report
    set_right "$work/b" "$2" "$ahead"
fi
join "$work/a" "$work/b" "$joined"
if [ -n "$page" ]; then
    sh "$report" --html "$page" "$joined"
else
    sh "$report" "$joined"
fi
