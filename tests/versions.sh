#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
set -u

usage() {
    cat <<'END'
sh tests/versions.sh [--quick | --fields] [--cache FOLDER] RELEASE...

Builds and tests the plugin on the Wireshark of other Debian releases, each in a folder of its own that debootstrap
fills: trixie has Wireshark 4.4, sid the newest; none has 4.2. In each: tests/run.sh, then plugin/quickstart.sh and plugin/compare.sh as
root and as a user. With --quick what run.sh --quick runs. With --fields nothing is tested, but what all our fields show of
every frame of captures/ is compared with what they show on this system. Needs root, Debian, and its registry in the
sources of apt; what cannot be had is said in a line that begins with "SKIPPED:". The folders are kept for a week, by
default in the user's cache.
END
}

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
# shellcheck source=plugin/packages.sh
. "$root/plugin/packages.sh"
# shellcheck source=tests/debian.sh
. "$root/tests/debian.sh"
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/tcptriage/releases
kept_minutes=$((7 * 24 * 60))

# The command in release $1, with what a system has; what it starts ends with it. Its root is a mount of its own: the
# tests that install for everybody put a layer over it.
inside() {
    folder=$cache/$1
    shift
    # shellcheck disable=SC2016 # a script of its own
    unshare --mount --pid --fork --kill-child sh -c '
        folder=$1
        shift
        mount --make-rprivate / && mount --bind "$folder" "$folder" && mount --rbind /dev "$folder/dev" &&
            mount --rbind /sys "$folder/sys" && mount -t proc proc "$folder/proc" || exit 125
        exec chroot "$folder" "$@"' sh "$folder" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive ${http_proxy:+"http_proxy=$http_proxy"} "$@"
}

# shellcheck disable=SC2317 # called by name
unpack() {
    rm -rf --one-file-system "${cache:?}/$1"
    mkdir -p "$cache/archives"
    debootstrap --variant=minbase --cache-dir="$cache/archives" "$1" "$cache/$1" "$mirror" >"$cache/$1.log" 2>&1
}

# shellcheck disable=SC2317 # called by name
install_packages() {
    cp /etc/resolv.conf "$cache/$1/etc/resolv.conf" 2>/dev/null
    # Sid's lists are valid for a week: a mirror that stands still serves as well. They are signed all the same.
    printf 'Acquire::Check-Valid-Until "no";\nAcquire::Retries "3";\n' >"$cache/$1/etc/apt/apt.conf.d/80tests"
    # shellcheck disable=SC2086 # a list of words
    inside "$1" sh -c 'apt-get update && apt-get install -y --no-install-recommends "$@"' sh \
        $TCPT_PACKAGES $TCPT_TEST_PACKAGES >>"$cache/$1.log" 2>&1
}

# A release that was filled a short while ago serves again.
prepare() {
    [ -z "$(find "$cache/$1.made" -mmin "-$kept_minutes" 2>/dev/null)" ] || return 0
    say "tcptriage: filling $cache/$1"
    rm -f "$cache/$1.made"
    try unpack "$1" && try install_packages "$1" && touch "$cache/$1.made" && return
    rm -rf --one-file-system "${cache:?}/$1"
    skip "$1 cannot be had: $(grep -v '^I:' "$cache/$1.log" | tail -n 1) (all that was said is in $cache/$1.log)"
}

# shellcheck disable=SC2016 # a script of its own
test_scripts='set -eu
useradd --create-home visitor 2>/dev/null || :
cd /tmp
echo "# quickstart.sh as root"
sh /source/plugin/quickstart.sh | tee /tmp/stories | grep -c "^=== "
grep -q "tfo_retransmit_storm" /tmp/stories
sh /source/plugin/quickstart.sh --uninstall
cat >/tmp/as-user <<"END"
set -eu
cd
rm -f joined.pcapng
echo "# quickstart.sh as a user"
sh /source/plugin/quickstart.sh /source/captures/lab/rst-off-by-one-ignored.pcap | tee report
grep -q rst_ignored report
echo "# compare.sh"
cd /source/captures/two-files
sh /source/plugin/compare.sh near-client.pcap near-server.pcap ~/joined.pcapng | tee ~/report
cd
grep -q vantage_loss report
END
setpriv --reuid=visitor --regid=visitor --init-groups env HOME=/home/visitor sh /tmp/as-user'

# The source as it is now, at /source.
copy_source() {
    rm -rf "$cache/$1/source" "$cache/$1/var/tests"
    mkdir "$cache/$1/source" "$cache/$1/var/tests" || exit 1
    tar -C "$root" --exclude=./.git --exclude='./build*' -cf - . | tar -C "$cache/$1/source" --no-same-owner -xf - ||
        tcpt_die "the source cannot be copied to $cache/$1"
}

# For a shell, with SOURCE and BUILD.
# shellcheck disable=SC2016
build_plugin='cmake -S "$1" -B "$2" && cmake --build "$2" --target tcptriage --parallel "$(getconf _NPROCESSORS_ONLN)"'

compare_fields() {
    release=$1
    prepare "$release"
    copy_source "$release"
    here=$cache/here
    if [ ! -e "$here/fields" ] && ! { # once for all releases
        sh -c "$build_plugin" sh "$root" "$here" >"$here.log" 2>&1 &&
            python3 "$root/tests/golden/fields.py" "$here" "$root" >"$here/fields"
    }; then
        tcpt_die "no fields here; see $here.log"
    fi
    if ! { inside "$release" sh -c "$build_plugin" sh /source /var/tests >"$cache/$release.log" 2>&1 &&
        inside "$release" python3 /source/tests/golden/fields.py /var/tests /source >"$cache/$release.fields"; }; then
        tcpt_die "no fields in $release; see $cache/$release.log"
    fi
    if diff "$here/fields" "$cache/$release.fields" >"$cache/$release.diff"; then
        printf '%s: the same fields in %s frames\n' "$release" "$(grep -vc '^# ' "$here/fields")"
    else
        printf '%s: FAILED, fields differ: %s has the lines, these are the first\n' "$release" "$cache/$release.diff"
        head -n 6 "$cache/$release.diff"
        return 1
    fi
}

test_release() {
    release=$1
    prepare "$release"
    copy_source "$release"
    status=0
    # shellcheck disable=SC2086 # words
    inside "$release" env TCPT_BUILD=/var/tests sh /source/tests/run.sh $quick || status=1
    inside "$release" sh -c "$test_scripts" >"$cache/$release.scripts" 2>&1 || {
        status=1
        printf 'FAILED quickstart.sh or compare.sh:\n'
        tail -n 15 "$cache/$release.scripts"
    }
    printf '%s: %s: %s\n' "$release" "$(inside "$release" tshark --version 2>/dev/null | sed -n 1p)" \
        "$([ "$status" -eq 0 ] && echo passed || echo FAILED)"
    return "$status"
}

quick=
fields=
while [ $# -gt 0 ]; do
    case $1 in
    --quick) quick=--quick ;;
    --fields) fields=yes ;;
    --cache)
        [ $# -ge 2 ] || tcpt_die "--cache takes a folder"
        cache=$2
        shift
        ;;
    -h | --help)
        usage
        exit
        ;;
    -*) tcpt_die "there is no option \"$1\"; sh tests/versions.sh --help names them" ;;
    *) break ;;
    esac
    shift
done
[ $# -gt 0 ] || {
    usage >&2
    exit 1
}
[ "$(id -u)" -eq 0 ] || skip "other releases of Debian can be made by root only"
mirror=$(debian_mirror)
[ -n "$mirror" ] || skip "the sources of apt name no Debian registry"
command -v debootstrap >/dev/null 2>&1 || (tcpt_ensure_packages debootstrap) || skip "debootstrap cannot be installed"
mkdir -p "$cache" || tcpt_die "the folder \"$cache\" cannot be made"
cache=$(cd "$cache" && pwd)
exec 9>"$cache/lock"
flock 9
unshare --mount true 2>/dev/null || skip "nothing can be mounted here"
rm -rf --one-file-system "$cache/here"
mkdir "$cache/here"
failed=0
for release in "$@"; do
    if [ -n "$fields" ]; then
        (compare_fields "$release") || failed=1
    else
        (test_release "$release") || failed=1
    fi
done
exit "$failed"
