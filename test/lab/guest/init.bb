#!/bin/busybox sh
# shellcheck shell=dash disable=SC2013,SC2012
# init of the busybox guest: modules in order, every eth*: udhcpc (kept running), IPv6 by the kernel, shell on ttyS0.
# Lines for tests go to ttyS0 and, if there, ttyS1 (a file on the node): LABxxx {json}
[ $$ = 1 ] || { echo "only init of a virtual machine" >&2; exit 1; }
/bin/busybox mkdir -p /bin /sbin /usr/bin /usr/sbin
/bin/busybox --install -s /bin
export PATH=/bin:/sbin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mkdir -p /dev/pts; mount -t devpts pts /dev/pts
while read -r m; do insmod "/lib/modules/$m" 2>/dev/null; done </lib/modules/order
name=guest; for w in $(cat /proc/cmdline); do case $w in labname=*) name=${w#labname=} ;; labmode=*) mode=${w#labmode=} ;; esac; done
hostname "$name"
cat >/bin/say <<'E'
#!/bin/sh
echo "$*" >/dev/ttyS0
[ -e /sys/class/tty/ttyS1/device ] && [ "$(cat /sys/class/tty/ttyS1/type)" != 0 ] && echo "$*" >/dev/ttyS1
:
E
chmod 755 /bin/say
stty -F /dev/ttyS1 -opost 2>/dev/null
say "LABBOOT {\"name\":\"$name\",\"kernel\":\"$(uname -r)\",\"uptime\":\"$(cut -d' ' -f1 /proc/uptime)\",\"ifaces\":\"$(ls /sys/class/net | tr '\n' ' ')\"}"
ip link set lo up
sysctl -qw net.ipv6.conf.all.accept_ra=1 net.ipv6.conf.default.accept_ra=1
( seen=' '; while :; do # also interfaces that are hot-plugged later
    for d in /sys/class/net/eth*; do
      i=${d##*/}; case $seen in *" $i "*) continue ;; esac
      seen="$seen$i "; ip link set "$i" up
      # -t 3 -T 2 -A 5: three DISCOVERs two seconds apart, "leasefail", five seconds, again
      [ "$mode" = static ] || udhcpc -i "$i" -f -S -t 3 -T 2 -A 5 -x "hostname:$name" -O staticroutes -O mtu -O ntpsrv -O search -s /etc/udhcpc.script >/dev/null 2>&1 &
    done
    sleep 1; done ) &
# IPv6: report each new global address and the default route
( last=; while :; do
    now=$(ip -6 addr show scope global | awk '/inet6/{printf "%s ", $2}'); gw=$(ip -6 route show default | awk '{printf "%s ", $3}')
    [ "$now$gw" != "$last" ] && [ -n "$now$gw" ] && { last=$now$gw; say "LAB6 {\"name\":\"$name\",\"addr\":\"$now\",\"gw\":\"$gw\",\"uptime\":\"$(cut -d' ' -f1 /proc/uptime)\"}"; }
    sleep 1; done ) &
( sleep 8; ip a >/dev/ttyS0; say "LABIPA begin"; ip a >/dev/ttyS1 2>/dev/null; ip route >/dev/ttyS1 2>/dev/null; say "LABIPA end" ) &
while :; do setsid -c sh -l </dev/ttyS0 >/dev/ttyS0 2>&1; sleep 1; done
