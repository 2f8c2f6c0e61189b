#!/bin/busybox sh
# First process of the emulated machine. Its root is the real machine's file system, read-only, under a layer of memory
# that takes whatever is written and is gone with the machine.
PATH=/bin
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t devtmpfs dev /dev
$b insmod /overlay.ko
$b mount -t virtiofs root /lower
$b mount -t tmpfs memory /upper
$b mkdir /upper/files /upper/work /upper/root
root=/upper/root
$b mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work root $root
$b mkdir -p $root/usr/lib/modules
$b mount --bind "/lower$($b cat /job/modules)" $root/usr/lib/modules
$b mount -t tmpfs -o mode=755 run $root/run
$b cp -r /job $root/run/job
$b mount --move /proc $root/proc
$b mount --move /dev $root/dev
exec $b switch_root $root /bin/bash "$($b cat /job/start)"
