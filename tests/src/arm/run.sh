#!/bin/sh
# Runs a program for 64-bit ARM, and all that it starts, on this machine: run.sh ROOT PROGRAM WORDS. ROOT has its libraries.
# The kernel hands such programs to qemu-aarch64 in namespaces of their own and nowhere else, which Linux 6.7 can; the program
# itself runs as an ordinary user, under the number of the process that called this.
QEMU_LD_PREFIX=$1
export QEMU_LD_PREFIX
shift
exec unshare --user --map-root-user --mount sh -c '
    mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc &&
        printf "%s" ":aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:$0:PF" \
            >/proc/sys/fs/binfmt_misc/register &&
        exec unshare --user --map-user=1000 --map-group=1000 "$@"
' "$(command -v qemu-aarch64)" "$@"
