# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# A name for the interface of a pcapng file: no tool of Wireshark gives one. To be sourced (POSIX sh).

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
    } >"$3"
}
