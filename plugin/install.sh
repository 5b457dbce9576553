# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2154
# Where the plugin and its profile go, how they get there, are brought up to date and taken away again. To be sourced
# (POSIX sh) by quickstart.sh, behind packages.sh; `root` is the repository, `plugin` what was built.
#
# Beside a profile lies a record of all that was ever shipped to it: checksum and name, a line for each version of a file.
# A file that a line fits is as it was shipped, and follows the new version; any other one is its user's.

tcpt_profile='TCP Triage'
shipped=$root/plugin/profile/$tcpt_profile
tcpt_record=.tcptriage # Wireshark neither shows nor copies it

# Sets everybody and personal to the folders of this tshark's plugins, profiles_* to those of profiles.
find_folders() {
    folders=$(tshark -G folders 2>/dev/null)
    everybody=$(folder 'Global Plugins')/epan
    personal=$(folder 'Personal Plugins')/epan
    profiles_everybody=$(folder 'Global configuration')/profiles
    profiles_personal=$(folder 'Personal configuration')/profiles
    [ "$everybody" != /epan ] || tcpt_die "tshark does not say where its plugins are (tshark -G folders)"
}

folder() {
    printf '%s\n' "$folders" | sed -n "s|^$1:[[:space:]]*||p"
}

# The Debian package that file $1 belongs to, if any.
package_of() {
    dpkg-query -S "$1" 2>/dev/null | sed -n '1s/:.*//p'
}

refuse_packaged() {
    package=$(package_of "$1")
    [ -z "$package" ] ||
        tcpt_die "$1 belongs to the package $package; to have another build, remove that first: apt-get remove $package"
}

# Whether file $1 belongs to a package, which is said then.
leave_to_package() {
    package=$(package_of "$1")
    [ -n "$package" ] || return 1
    say "tcptriage: $1 stays: it belongs to the package $package (apt-get remove $package)"
}

install_file() {
    if ! { mkdir -p "$2" && cp -- "$1" "$2/.tcptriage.new" && chmod 644 "$2/.tcptriage.new" &&
        mv -f -- "$2/.tcptriage.new" "$2/$(basename -- "$1")"; } 2>/dev/null; then
        tcpt_die "the folder \"$2\" cannot be written to"
    fi
}

remove_file() {
    rm -f -- "$1" 2>/dev/null || tcpt_die "\"$1\" cannot be removed by this user"
}

# ---- The profile.

# What a record says of file $1.
record_line() {
    printf '%s %s\n' "$(cksum <"$1")" "$(basename -- "$1")"
}

# Whether file $1 is as it was shipped: to its own folder, or to everybody's, from where Wireshark copies it.
as_shipped() {
    cmp -s "$1" "$shipped/$(basename -- "$1")" || record_line "$1" |
        grep -qxF -f - "$(dirname -- "$1")/$tcpt_record" "$profiles_everybody/$tcpt_profile/$tcpt_record" 2>/dev/null
}

# Note that file $1 was shipped to folder $2, or offered. False when that stands there already.
record() {
    if record_line "$1" | grep -qxF -f - "$2/$tcpt_record" 2>/dev/null; then return 1; fi
    record_line "$1" 2>/dev/null >>"$2/$tcpt_record" || tcpt_die "the folder \"$2\" cannot be written to"
}

# Names of the files of the profile in folder $1, those of earlier versions too: words.
profile_files() {
    {
        ls "$shipped"
        sed 's/^[0-9]* [0-9]* //' "$1/$tcpt_record" 2>/dev/null
    } | sort -u
}

# The profile into folder $1. Nothing is said of "recent", the widths of columns: Wireshark itself rewrites it.
install_profile() {
    target=$1/$tcpt_profile
    renewed=
    for name in $(profile_files "$target"); do
        if [ ! -e "$shipped/$name" ]; then
            if [ -e "$target/$name" ] && as_shipped "$target/$name"; then remove_file "$target/$name"; fi
            continue
        elif [ ! -e "$target/$name" ]; then
            install_file "$shipped/$name" "$target"
        elif cmp -s "$shipped/$name" "$target/$name"; then
            :
        elif as_shipped "$target/$name"; then
            install_file "$shipped/$name" "$target"
            renewed="$renewed $name"
        elif record "$shipped/$name" "$target" && [ "$name" != recent ]; then
            say "tcptriage: \"$target/$name\" was changed by hand and stays; what is new is in \"$shipped/$name\""
        fi
        record "$shipped/$name" "$target"
    done
    [ -z "$renewed" ] || say "tcptriage: the profile \"$tcpt_profile\" has new versions of:$renewed"
}

# The profile out of folder $1, but for what its user has made of it.
remove_profile() {
    target=$1/$tcpt_profile
    [ -d "$target" ] || return 0
    found=yes
    if leave_to_package "$target"; then return 0; fi
    changed=
    for name in $(profile_files "$target"); do
        if [ ! -e "$target/$name" ] || [ "$name" = recent ]; then
            continue
        elif as_shipped "$target/$name"; then
            remove_file "$target/$name"
        else
            changed="$changed $name"
        fi
    done
    if [ -n "$changed" ]; then
        say "tcptriage: these files of \"$target\" were changed by hand and stay:$changed"
        return 0
    fi
    remove_file "$target/recent"
    remove_file "$target/$tcpt_record"
    if rmdir "$target" 2>/dev/null; then
        say "tcptriage: removed $target"
    else
        say "tcptriage: removed what came with the profile \"$target\"; other files in it stay"
    fi
}

# ---- The plugin.

# Version of plugin $1 as tshark tells it; the list of plugins would start every extcap program, but that there are none.
plugin_version() {
    WIRESHARK_EXTCAP_DIR=/nonexistent tshark -G plugins 2>/dev/null |
        awk -F '\t' -v path="$1" '$4 == path { sub(/ *$/, "", $2); print $2; exit }'
}

# Plugin $1 into folder $2. What it takes the place of is told.
put_plugin() {
    there=$2/tcptriage.so
    if [ ! -e "$there" ]; then
        install_file "$1" "$2"
    elif ! cmp -s "$1" "$there"; then
        old=$(plugin_version "$there")
        install_file "$1" "$2"
        new=$(plugin_version "$there")
        if [ -z "$old" ]; then
            say "tcptriage: version $new in place of one that tshark does not load"
        elif [ "$old" = "$new" ]; then
            say "tcptriage: another build of version $new in place of the one installed"
        else
            say "tcptriage: version $new in place of version $old"
        fi
    fi
    plugin_folder=$2
}

# Root's tshark ignores personal plugins, so root installs for everybody.
install_for_everybody() {
    refuse_packaged "$everybody/tcptriage.so"
    put_plugin "$plugin" "$everybody"
    profile_folder=$profiles_everybody
}

# The same plugin in two places makes Wireshark complain at every start.
install_for_user() {
    if [ ! -e "$everybody/tcptriage.so" ]; then
        put_plugin "$plugin" "$personal"
    elif cmp -s "$everybody/tcptriage.so" "$plugin"; then
        remove_plugin "$personal" # one of an earlier day
        plugin_folder=$everybody
    else
        refuse_packaged "$everybody/tcptriage.so"
        tcpt_die "another build is installed for everybody; remove $everybody/tcptriage.so, or run this as root"
    fi
    profile_folder=$profiles_personal
}

# The file $plugin and the profile, where this user's tshark finds them. Sets plugin_folder and profile_folder.
install_plugin() {
    find_folders
    if [ "$(id -u)" -eq 0 ]; then
        install_for_everybody
    else
        install_for_user
    fi
    install_profile "$profile_folder"
    # Name, short name, filter name; what follows differs between versions.
    protocols=$(tshark -G protocols 2>&1)
    printf '%s\n' "$protocols" | cut -f 3 | grep -qx tcptriage && return 0
    complaint=$(printf '%s\n' "$protocols" | sed -n "s/^tshark: \(.*'tcptriage.so'.*\)/\1/p" | head -n 1)
    tcpt_die "tshark does not load $plugin_folder/tcptriage.so${complaint:+: $complaint}"
}

# The plugin out of the folder $1 of one version of Wireshark; and folders that may be of our making, if they are empty then.
remove_plugin() {
    [ -e "$1/tcptriage.so" ] || [ -L "$1/tcptriage.so" ] || return 0
    found=yes
    if leave_to_package "$1/tcptriage.so"; then return 0; fi
    remove_file "$1/tcptriage.so"
    say "tcptriage: removed $1/tcptriage.so"
    emptied=$1
    for _ in epan version plugins wireshark; do
        rmdir "$emptied" 2>/dev/null || break
        emptied=$(dirname -- "$emptied")
    done
}

# What install_plugin() has installed as this user, for other versions of Wireshark too.
uninstall() {
    find_folders
    found=
    if [ "$(id -u)" -eq 0 ]; then
        ours=$everybody
        profile_folder=$profiles_everybody
    else
        ours=$personal
        profile_folder=$profiles_personal
    fi
    for folder in "$(dirname -- "$(dirname -- "$ours")")"/*/epan; do
        remove_plugin "$folder"
    done
    remove_profile "$profile_folder"
    [ -n "$found" ] || say "tcptriage: nothing is installed for this user"
    if [ "$ours" != "$everybody" ] && [ -e "$everybody/tcptriage.so" ]; then
        say "tcptriage: $everybody/tcptriage.so stays: it is installed for everybody, by root"
    fi
}
