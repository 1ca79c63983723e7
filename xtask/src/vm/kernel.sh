#!/bin/sh
# The first process of the guest: makes sockets and file systems that this builder's own kernel
# may not have, asks the programs about them, and switches off.
/bin/busybox mkdir -p /tmp
/bin/busybox --install -s /bin
export PATH=/bin:/usr/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs run /run
dmesg -n 1
for name in MODULES; do modprobe $name; done
ip link set lo up

# A question: its name, then the program. What has not ended after a minute hangs.
ask() {
    echo "=== $1"
    shift
    rm -f /run/code
    ( "$@" >/run/out 2>/run/err </dev/null; echo $? >/run/code ) &
    tenths=0
    while [ ! -s /run/code ] && [ $tenths -lt 600 ]; do
        usleep 100000
        tenths=$((tenths + 1))
    done
    cat /run/out
    sed 's/^/! /' /run/err
    if [ -s /run/code ]; then echo "--- $(cat /run/code)"; else echo "--- hangs"; fi
}

# A double: what the stage has to say of it is one line.
double() {
    count=$((count + 1))
    echo "=== double $count $1"
    stage double "$@" >/run/made.$count 2>&1 &
    tenths=0
    while [ ! -s /run/made.$count ] && [ $tenths -lt 300 ]; do
        usleep 100000
        tenths=$((tenths + 1))
    done
    cat /run/made.$count
    echo "--- 0"
}

double vsock 9999 pair
double sctp 127.0.0.1:5000 pair
double tcp 127.0.0.1:4444
double kinds xdp
ask ss-vsock ss -H -a -n -p -f vsock
ask vsock rnetstat --json -ap --vsock
ask vsock-all rnetstat -a
ask vsock-listening rnetstat -lp --vsock
ask vsock-rlsof rlsof -nP -c stage
ask ss-sctp ss -H -a -n -p -S
ask sctp-text rnetstat --json -ap --sctp
ask sctp-netlink rnetstat --json -ap --sctp --via netlink
ask xdp rnetstat -a --xdp
double hungfs /run/hung
ask hung-rlsof rlsof -nP
ask hung-rlsof-ends rlsof -nPE
ask hung-rnetstat rnetstat -anp
ask hung-rfuser-port rfuser -v 4444/tcp
ask hung-rfuser-mount rfuser -vm /run/hung
ask hung-rlsof-file rlsof /run/hung/file
ask hung-rfuser-file rfuser -v /run/hung/file
double hungfs /run/taken taken
ask taken-rlsof rlsof -nP
ask taken-rnetstat rnetstat -anp
ask taken-rfuser-mount rfuser -vm /run/taken
ask taken-rlsof-file rlsof /run/taken/file
ask taken-rfuser-file rfuser -v /run/taken/file
ask taken-left sh -c 'cat /proc/[0-9]*/stat | grep -cE "^[0-9]+ .(rlsof|rfuser). D 1 "'
echo "=== done"
poweroff -f
