# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What versions.sh and portable.sh need of Debian's registry. To be sourced (POSIX sh), behind plugin/packages.sh.

tries=3 # mirrors have their moments

# One that suite.sh takes for a test that could not run here.
skip() {
    printf 'SKIPPED: %s\n' "$*"
    exit 0
}

# Where this machine has its Debian packages from.
debian_mirror() {
    # shellcheck disable=SC2016 # apt's variables
    apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        sed -n 's|^Debian \(http.*\)|\1|p' | grep -v security | head -n 1
}

# Until it succeeds, with a while between tries.
try() {
    left=$tries
    until "$@"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep $((20 * (tries - left)))
    done
}
