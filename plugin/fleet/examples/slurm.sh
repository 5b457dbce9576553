#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sh slurm.sh OUT CAPTURE...
#
# The worker of tcptriage-fleet as a Slurm array: a task for each batch. Captures and OUT are on a shared path. Submitted
# again after a failure it reads what is missing.
set -eu

helpers=${TCPTRIAGE_HELPERS:-/usr/libexec/tcptriage}
mkdir -p "$1"
out=$(CDPATH='' cd -- "$1" && pwd)
shift
rm -rf "$out/batches" "$out/work"
mkdir -p "$out/results" "$out/pages" "$out/work" "$out/batches"
count=$("$helpers/tcptriage-plan" --out "$out" --how slurm --batch 16 -- "$@" | wc -l)

# The first task is number 0, as the first batch is. Slurm takes so many at a time as there is room for.
after=
if [ "$count" -gt 0 ]; then
    array=$(sbatch --parsable --array="0-$((count - 1))" --output=/dev/null --job-name=tcptriage \
        --wrap="exec '$helpers/tcptriage-worker' --seconds 3600 '$out' \"\$(printf %08d \"\$SLURM_ARRAY_TASK_ID\")\"")
    after=--dependency=afterany:$array
fi
# Whatever became of the tasks: what was not read is named.
# shellcheck disable=SC2086 # nothing, or a word
sbatch --quiet --wait $after --output="$out/collected" --job-name=tcptriage-collect --wrap="exec '$helpers/tcptriage-collect' '$out' Slurm" ||
    status=$?
cat "$out/collected"
exit "${status:-0}"
