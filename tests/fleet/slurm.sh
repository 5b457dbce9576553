#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sh tests/fleet/slurm.sh BUILD
#
# plugin/fleet/examples/slurm.sh on a Slurm of one machine: as root, with Debian's packages slurm-wlm and munge, which it does not
# install. Its daemons run with a configuration in a temporary folder and end with it.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
build=$(CDPATH='' cd -- "$1" && pwd)
for tool in slurmctld slurmd munged sbatch sqlite3; do
    command -v "$tool" >/dev/null || { echo "SKIPPED: $tool is missing"; exit 0; }
done
[ "$(id -u)" -eq 0 ] || { echo 'SKIPPED: needs root'; exit 0; }
work=$(mktemp -d)
chmod 755 "$work"
started=
finish() {
    for each in $started; do
        kill "$each" 2>/dev/null || :
        wait "$each" 2>/dev/null || :
    done
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

mkdir "$work/spool" "$work/state" "$work/munge"
dd if=/dev/urandom of="$work/munge/key" bs=128 count=1 2>/dev/null
chmod 400 "$work/munge/key"
chmod 711 "$work/munge"
host=$(uname -n)
cat >"$work/slurm.conf" <<END
ClusterName=tcptriage
SlurmctldHost=$host
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
SlurmUser=root
SlurmdUser=root
SlurmctldPort=26817
SlurmdPort=26818
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1
ReturnToService=2
NodeName=$host CPUs=$(getconf _NPROCESSORS_ONLN) State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF="$work/slurm.conf"
munged --foreground --force --key-file="$work/munge/key" --socket="$work/munge/socket" --pid-file="$work/munge/pid" \
    --seed-file="$work/munge/seed" --log-file="$work/munge/log" >"$work/munge.out" 2>&1 &
started=$!
slurmctld -D >"$work/ctld.out" 2>&1 &
started="$! $started"
slurmd -D -N "$host" >"$work/slurmd.out" 2>&1 &
started="$! $started" # the last one ends first
left=60
until sinfo -h -o %t 2>/dev/null | grep -q idle; do
    left=$((left - 1))
    if [ "$left" -eq 0 ]; then
        tail -n 5 "$work"/*.log "$work"/*.out "$work/munge/log"
        exit 1
    fi
    sleep 1
done

captures=$root/captures/lab
status=0
TCPTRIAGE_HELPERS=$build/libexec/tcptriage sh "$root/plugin/fleet/examples/slurm.sh" "$work/out" "$captures" || status=$?
read_by_slurm=$(sqlite3 "$work/out/tcptriage.db" "SELECT count(*) FROM captures WHERE state = 'read'")
wanted=$(find "$captures" -name '*.pcap*' | wc -l)
echo "status $status, $read_by_slurm of $wanted captures read"
[ "$status" -eq 3 ] && [ "$read_by_slurm" -eq "$wanted" ]
