#!/usr/bin/env bash
# Ends what start.sh began, and its jobs: stop.sh FOLDER
set -uo pipefail
folder=$(realpath "$1")
export SLURM_CONF=$folder/slurm.conf
scancel --user="$(id -un)" 2>/dev/null
for _ in $(seq 180); do  # KillWait and a little more
  [ -z "$(squeue --noheader --states=RUNNING,COMPLETING 2>/dev/null)" ] && break
  sleep 0.5
done
for name in slurmd-n1 slurmd-n2 slurmctld munged; do
  pid=$(cat "$folder/$name.pid" 2>/dev/null) && kill "$pid" 2>/dev/null || continue
  for _ in $(seq 40); do kill -0 "$pid" 2>/dev/null || break; sleep 0.25; done
  kill -KILL "$pid" 2>/dev/null
done
exit 0
