#!/usr/bin/env bash
# A Slurm of two nodes on this machine, all of it in one folder: start.sh FOLDER
#
# Wants Debian's slurmctld, slurmd, slurm-client and munge, and root. Jobs get the cores and the
# niceness that this script is started with. Then: export SLURM_CONF=FOLDER/slurm.conf
set -euo pipefail
folder=$(realpath "$1")
mkdir -p "$folder"/{state,spool-n1,spool-n2,log}
cd "$folder"

cat >slurm.conf <<CONF
ClusterName=fer
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=16817
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SlurmdParameters=config_overrides
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool-%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd-%n.log
ReturnToService=2
KillWait=45
MinJobAge=3600
SchedulerParameters=sched_interval=1,batch_sched_delay=0,requeue_delay=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName=n1 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=16818 CPUs=1 RealMemory=8000
NodeName=n2 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=16819 CPUs=1 RealMemory=8000
PartitionName=night Nodes=n1,n2 Default=YES MaxTime=60 PriorityTier=1 GraceTime=120
PartitionName=day Nodes=n1,n2 MaxTime=60 PriorityTier=2 PreemptMode=OFF
CONF
echo 'CgroupPlugin=cgroup/v1' >cgroup.conf

export SLURM_CONF=$folder/slurm.conf
head -c 1024 /dev/urandom >munge.key
chmod 400 munge.key
munged --force --socket="$folder/munge.socket" --key-file="$folder/munge.key" \
  --pid-file="$folder/munged.pid" --log-file="$folder/log/munged.log" \
  --seed-file="$folder/munge.seed"
slurmctld -c
for node in n1 n2; do slurmd -N "$node"; done

for _ in $(seq 60); do
  [ "$(sinfo --noheader --Node --states=idle --partition=night --format=%N 2>/dev/null | wc -l)" = 2 ] && exit 0
  sleep 0.5
done
echo "the nodes do not come up; see $folder/log" >&2
exit 1
