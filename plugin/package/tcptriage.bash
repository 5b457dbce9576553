# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of the command tcptriage for bash.

_tcptriage() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}

    case $before in
    --min) mapfile -t COMPREPLY < <(compgen -W 'chat note warn' -- "$word") ;;
    --fail-on) mapfile -t COMPREPLY < <(compgen -W 'note warn never' -- "$word") ;;
    --filter | --width | -o | --option) COMPREPLY=() ;;
    *)
        if [[ $word == -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W "$(tcptriage --help 2>/dev/null | grep -oE -- '--[a-z-]+' | sort -u)" -- "$word")
        else
            compopt -o filenames
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
        fi
        ;;
    esac
}
complete -F _tcptriage tcptriage
