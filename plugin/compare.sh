#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sh plugin/compare.sh CAPTURE CAPTURE [JOINED.pcapng]
#
# Joins two captures of the same traffic, taken at two points, into one file with a named interface for each, and prints
# its triage report: what was seen at one point and not at the other. Clocks that differ by a second or more are set
# right in the joined file. Where the captures do not name their interface, or both the same, the files' names are taken;
# a capture of several interfaces keeps them all as they are.
# A file that is there already is not overwritten, unless it bears the name that a joined file is given here.
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
# shellcheck source=plugin/packages.sh
. "$root/plugin/packages.sh"

little_endian() {
    [ "$(printf '\001\000' | od -An -tu2 | tr -d ' ')" = 1 ]
}

# $1 as a number of $2 bytes in the machine's order, which editcap writes too.
number() {
    value=$1
    bytes=''
    count=0
    while [ "$count" -lt "$2" ]; do
        byte=$(printf '\\%03o' $((value % 256)))
        if little_endian; then bytes=$bytes$byte; else bytes=$byte$bytes; fi
        value=$((value / 256))
        count=$((count + 1))
    done
    # shellcheck disable=SC2059 # octal escapes
    printf "$bytes"
}

# The 32-bit number at byte $2 of file $1.
number_at() {
    od -An -tu4 -j "$2" -N 4 "$1" | tr -d ' '
}

# Write pcapng file $1 with its first interface named $2 to $3: an if_name option (2) in front of the others.
name_interface() {
    section=$(number_at "$1" 4)
    block=$(number_at "$1" $((section + 4)))
    length=$(printf %s "$2" | wc -c)
    padding=$(((4 - length % 4) % 4))
    grown=$((block + 4 + length + padding))
    {
        head -c "$section" "$1"
        number 1 4
        number "$grown" 4
        tail -c +$((section + 9)) "$1" | head -c 8 # link-layer type, snapshot length
        number 2 2
        number "$length" 2
        printf %s "$2"
        head -c "$padding" /dev/zero
        tail -c +$((section + 17)) "$1" | head -c $((block - 20))
        number "$grown" 4
        tail -c +$((section + block + 1)) "$1"
    } >"$3" || tcpt_die "\"$3\" cannot be written"
}

# Names of a capture's interfaces, one per line.
interface_names() {
    capinfos -I "$1" 2>/dev/null | sed -n 's/^ *Name = //p'
}

# File $2 in format $1 as $3. What could not be read of it is said; false when that is all.
convert() {
    editcap -F "$1" "$2" "$3" 2>"$work/complaints"
    status=$?
    complaint=$(sed -n 's/^editcap: //p' "$work/complaints" | head -n 1)
    [ "$status" -eq 0 ] || return 1
    [ -z "$complaint" ] || printf 'tcptriage: %s\n' "$complaint" >&2
}

# Whether packets of more than one interface are in file $1.
has_several_interfaces() {
    [ "$(capinfos -I "$1" 2>/dev/null | grep -c '^ *Number of packets = [1-9]')" -gt 1 ]
}

# $1 as pcapng in $2, its interface named $4 unless it has a name that $3 (names in the other file) lacks.
prepare() {
    names=$(interface_names "$1")
    if has_several_interfaces "$1" || { [ -n "$names" ] && ! printf '%s\n' "$3" | grep -qxF "$names"; }; then
        convert pcapng "$1" "$2" || tcpt_die "the file \"$1\" cannot be read as a capture: $complaint"
        return
    fi
    # By way of the older format, which has no names.
    if ! { convert nsecpcap "$1" "$2.plain" && convert pcapng "$2.plain" "$2.unnamed"; }; then
        tcpt_die "the file \"$1\" cannot be read as a capture of one kind of interface: $complaint"
    fi
    name_interface "$2.unnamed" "$4" "$2"
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

# How far the second clock is ahead, in seconds, by what the report of the joined file $1 says; empty when they agree.
clock_ahead() {
    sh "$report" "$1" >"$work/report" || exit 1
    sed -n 's/.*[Tt]he clock of .* is \([0-9][0-9.]*\) s \(ahead of\|behind\) that of .*/\2 \1/p' "$work/report" |
        sed -n '1{s/^ahead of //p;s/^behind /-/p;}'
}

# Handshakes tell the clocks, and are few. False when there are none.
handshakes() {
    tshark -n -r "$1" -Y 'tcp.flags.syn == 1' -w "$2" 2>/dev/null &&
        [ -n "$(tshark -n -r "$2" -c 1 -T fields -e frame.number 2>/dev/null)" ]
}

join() {
    mergecap -I none -w "$3" "$1" "$2" 2>/dev/null || tcpt_die "the captures cannot be joined"
}

# A name that begins with a dash is no option.
guarded() {
    case $1 in
    -*) printf './%s' "$1" ;;
    *) printf '%s' "$1" ;;
    esac
}

[ $# -eq 2 ] || [ $# -eq 3 ] || tcpt_die "two captures are needed: sh plugin/compare.sh CAPTURE CAPTURE [JOINED.pcapng]"
for capture in "$1" "$2"; do
    if [ ! -f "$capture" ] || [ ! -r "$capture" ]; then
        tcpt_die "the file \"$capture\" cannot be read"
    fi
    [ -s "$capture" ] || tcpt_die "the file \"$capture\" is empty"
done
joined=${3:-$(bare_name "$1")+$(bare_name "$2").pcapng}
[ $# -eq 2 ] || [ ! -e "$joined" ] || tcpt_die "there is a file \"$joined\" already; give the joined one another name"
[ -w "$(dirname -- "$joined")" ] || tcpt_die "the joined file \"$joined\" cannot be written"
set -- "$(guarded "$1")" "$(guarded "$2")"
joined=$(guarded "$joined")
# shellcheck disable=SC2086 # a list of words
tcpt_ensure_packages $TCPT_PACKAGES
tcpt_ensure_tools tshark mergecap editcap capinfos od

report=${TCPT_REPORT:-$root/plugin/quickstart.sh} # prints the report of a capture
work=$(mktemp -d) || tcpt_die "no temporary folder can be made"
trap 'rm -rf "$work"' EXIT
prepare "$1" "$work/a" "$(interface_names "$2")" "$(file_name "$1" "$2")"
prepare "$2" "$work/b" "$(interface_names "$1")" "$(file_name "$2" "$1")"
if handshakes "$work/a" "$work/a.syn" && handshakes "$work/b" "$work/b.syn"; then
    join "$work/a.syn" "$work/b.syn" "$work/clocks.pcapng"
else
    join "$work/a" "$work/b" "$work/clocks.pcapng"
fi
ahead=$(clock_ahead "$work/clocks.pcapng") || exit 1
case $ahead in
'' | 0.* | -0.*) ;; # what is left is told in the report
*)
    case $ahead in
    -*) back=${ahead#-} ;;
    *) back=-$ahead ;;
    esac
    printf 'tcptriage: the clock of "%s" is %s s ahead; its times are set right in the joined file\n' "$2" "$ahead" >&2
    editcap -t "$back" "$work/b" "$work/b.right" 2>/dev/null || tcpt_die "the times of \"$2\" cannot be changed"
    mv "$work/b.right" "$work/b"
    ;;
esac
join "$work/a" "$work/b" "$joined"
sh "$report" "$joined"
