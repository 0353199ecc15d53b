# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables are shared with the other parts
# base.sh - the base tree: one Debian with all programs that a node, the broker or the API's machine need.
# A change in this file rebuilds the base tree (about a minute); what can be done later is done in image.sh.
# Runs contained: own mount and pid namespace, everything in it dies with the builder.

SUITE=trixie
PACKAGES=(ganeti qemu-system-x86 qemu-utils openssh-server iproute2 nftables iptables nodejs rabbitmq-server
  busybox-static isc-dhcp-client udhcpc dhcpcd-base ndisc6 tcpdump jq curl socat cron kmod procps iputils-ping
  dnsmasq-base conntrack bridge-utils net-tools python3 psmisc lsof strace radvd xz-utils zstd cpio less
  ethtool file libmnl0 e2fsprogs)

inside() { # ROOT CMD..: run in a tree, with the host's network, without services
  local root=$1
  shift
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"
}

# base_stage DIR MIRROR [PROXY]: DIR/root is the tree, DIR/packages.txt says what is in it
base_stage() {
  local dir=$1 root=$1/root mirror=$2 proxy=${3:-} start
  start=$(now_ms)
  [[ ! $proxy ]] || export http_proxy=$proxy https_proxy=$proxy
  debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,iproute2,ca-certificates "$SUITE" "$root" "$mirror"
  took debootstrap "$start"

  start=$(now_ms)
  base_apt "$root" "$proxy"
  took packages "$start"
  base_tidy "$root"
  # shellcheck disable=SC2016
  inside "$root" dpkg-query -W -f '${Package} ${Version}\n' >"$dir/packages.txt"
  say "base tree: $(du -sh "$root" | cut -f1)"
}

base_apt() { # ROOT PROXY
  local root=$1
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  {
    echo 'Acquire::Languages "none";'
    echo 'Acquire::Check-Valid-Until "false";' # snapshots of the archive are old by design
    echo 'APT::Install-Recommends "false";'
    [[ ! $2 ]] || printf 'Acquire::http::Proxy "%s";\nAcquire::https::Proxy "%s";\n' "$2" "$2"
  } >"$root/etc/apt/apt.conf.d/90lab"
  printf 'path-exclude=%s\n' '/usr/share/doc/*' '/usr/share/man/*' '/usr/share/locale/*' >"$root/etc/dpkg/dpkg.cfg.d/lab"
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
  cp -L /etc/hosts "$root/etc/hosts"
  mount -t proc proc "$root/proc"
  inside "$root" apt-get -q update
  inside "$root" apt-get -q -y -o Dpkg::Options::=--force-unsafe-io install "${PACKAGES[@]}"
  inside "$root" apt-get clean
  umount "$root/proc"
}

base_tidy() { # ROOT: no identity, no services but those a role asks for
  local root=$1
  rm -f "$root/usr/sbin/policy-rc.d" "$root"/etc/ssh/ssh_host_* "$root/etc/hostname" "$root/var/lib/rabbitmq/.erlang.cookie"
  : >"$root/etc/machine-id"
  : >"$root/etc/resolv.conf"
  inside "$root" systemctl disable -q rabbitmq-server radvd nftables epmd.service epmd.socket || true
  inside "$root" systemctl mask -q getty@.service console-getty.service systemd-udevd.service systemd-networkd.service \
    systemd-resolved.service systemd-timesyncd.service e2scrub_all.timer apt-daily.timer apt-daily-upgrade.timer \
    fstrim.timer dhcpcd.service || true
}
