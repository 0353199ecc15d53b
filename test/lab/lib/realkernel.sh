# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables are shared with the other parts
# realkernel.sh - the same Debian on Debian's own kernel, in QEMU: for what this machine's kernel or a container cannot do
# (nft's queue, module loading, VLANs). Needs the cache only, no run.

SYSTEMD_APPEND='labinit=systemd systemd.mask=serial-getty@ttyS0.service systemd.mask=ssh.service systemd.show_status=false'
# base tree's QEMU, in namespaces that die with us; TCG, as a /dev/kvm may be there and yet run no kernel; -snapshot keeps the disk unchanged (its temporary file is in /tmp)
# shellcheck disable=SC2016
QEMU_IN_BASE='base=$1 mnt=$2 srv=$3; shift 3
  mount --bind "$mnt" "$base/mnt"; mount --bind "$srv" "$base/srv"; mount --rbind /dev "$base/dev"; mount -t tmpfs tmpfs "$base/var/tmp"
  exec timeout --foreground "${LAB_RK_SEC:-300}" chroot "$base" qemu-system-x86_64 -display none -no-reboot -nodefaults -serial stdio "$@"'

qemu_in_base() { # BASE MNT SRV QEMU-OPTIONS..: MNT and SRV are /mnt and /srv. Ends this (sub)shell
  exec setpriv --pdeathsig KILL unshare --mount --propagation private --pid --fork --kill-child=KILL \
    bash -c "$QEMU_IN_BASE" qemu "$@" </dev/null 2>&1
}

rk() { # [--systemd] [--net] [--mem MIB] SCRIPT [FILE..]: the script's exit status is ours
  local mem=1024 append='' net=(-nic none) dir status file
  while [[ ${1:-} == --* ]]; do
    case $1 in
      --systemd) append=$SYSTEMD_APPEND && shift ;;
      --mem) mem=$2 && shift 2 ;;
      --net) net=(-netdev 'user,id=u,restrict=on' -device 'virtio-net-pci,netdev=u') && shift ;;
      *) die "rk: what is $1?" ;;
    esac
  done
  (($#)) || die "rk SCRIPT [FILE..]"
  make_rkdisk
  dir=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$dir'" EXIT
  mkdir -p "$dir/t/payload"
  cp "$1" "$dir/t/payload/run"
  shift
  for file; do cp -r "$file" "$dir/t/payload/"; done
  cp "$(guest_dir)/initrd-rkroot" "$dir/initrd"
  truncate -s %4 "$dir/initrd"
  # no_timer_check: on a busy machine TCG is late, and the kernel takes its timer for broken ("IO-APIC + timer doesn't work")
  # the base tree has cpio, the host need not
  # shellcheck disable=SC2016
  unshare -m bash -c 'mount --bind "$2" "$1/mnt"; exec chroot "$1" sh -c "cd /mnt/t && find payload | cpio -o -H newc --quiet"' \
    sh "$(base_root)" "$dir" >>"$dir/initrd"
  qemu_in_base "$(base_root)" "$CACHE" "$dir" -accel tcg,thread=multi -m "$mem" -smp 2 "${net[@]}" \
    -snapshot -drive "file=/mnt/rkdisk-$(guest_key)/rk.img,format=raw,if=virtio" \
    -kernel "/mnt/guest-$(guest_key)/layer/srv/ganeti/boot/vmlinuz" -initrd /srv/initrd \
    -append "console=ttyS0 quiet panic=-1 no_timer_check $append" | sed -u 's/\r//g' | tee "$dir/log" | sed -un '/^RKRC/!p' &
  wait $!
  status=$(sed -n 's/^RKRC //p' "$dir/log" | tail -n 1)
  [[ $status =~ ^[0-9]+$ ]] || { say "no result" && return 125; }
  return "$status"
}

realkernel() { # [LOG]: is nft's bridge-family queue usable on Debian's stock kernel? RK lines
  local start
  make_guest
  start=$(now_ms)
  qemu_in_base "$(base_root)" "$(guest_dir)" /tmp -accel tcg -m 384 -smp 1 -nic none \
    -kernel /mnt/layer/srv/ganeti/boot/vmlinuz -initrd /mnt/initrd-rk -append "console=ttyS0 quiet panic=-1" |
    tr -d '\r' | tee "${1:-/dev/null}" | grep -aE 'RK |panic|BUG:' &
  wait $!
  took "real kernel" "$start"
}

# Open vSwitch is not in the base tree: what its packages add to that lies beside, for the few scripts that ask for it
ovs_key() { { base_key; declare -f ovs_stage; } | digest; }
ovs_dir() { echo "$CACHE/ovs-$(ovs_key)/ovs"; }
make_ovs() {
  make_base
  make ovs "$(ovs_key)" "$(base_root)" "$(apt_proxy)"
}
ovs_stage() { # DIR BASE: DIR/ovs is a tree to copy over /
  local dir=$1 deb
  mkdir "$dir/upper" "$dir/work" "$dir/ovs"
  mount -t overlay ovs -o "lowerdir=$2,upperdir=$dir/upper,workdir=$dir/work" "$2/mnt"
  cp -L /etc/resolv.conf "$2/mnt/etc/resolv.conf"
  inside "$2/mnt" apt-get -q update
  inside "$2/mnt" apt-get -q -y --download-only install openvswitch-switch
  for deb in "$dir"/upper/var/cache/apt/archives/*.deb; do dpkg-deb -x "$deb" "$dir/ovs"; done
  umount "$2/mnt"
  rm -rf "$dir/upper" "$dir/work" "$dir"/ovs/usr/share/{doc,man}
}
