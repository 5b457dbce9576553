# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of the command tcptriage-fleet for bash.

_tcptriage_fleet() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}

    case $before in
    --jobs | --seconds | --memory) COMPREPLY=() ;;
    *)
        if [[ $word == -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W "$(tcptriage-fleet --help 2>/dev/null | grep -oE -- '--[a-z-]+' | sort -u)" -- "$word")
        else
            compopt -o filenames
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
        fi
        ;;
    esac
}
complete -F _tcptriage_fleet tcptriage-fleet
