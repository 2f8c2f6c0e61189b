#!/bin/bash
# The emulated machine's second step, in its whole file system: what a boot would set up, then the job.
# Ports: vport…p1 takes the job's output, vport…p2 its exit code.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
mount -t sysfs sys /sys
mount -t cgroup2 cgroup /sys/fs/cgroup
mkdir -p /dev/pts /dev/shm
mount -t devpts pts /dev/pts
mount -t tmpfs shm /dev/shm
ip link set lo up
ports=(/dev/vport*p1)
cd "$(</run/job/folder)" || exit
mapfile -d '' -t argv </run/job/argv
"${argv[@]}" </dev/null >"${ports[0]}" 2>&1
echo $? >"${ports[0]%p1}p2"
# everything of the job's is gone with the machine
echo o >/proc/sysrq-trigger
sleep 60
