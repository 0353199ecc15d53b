# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables are shared with the other parts
# containers.sh - the hub's network, and machines as systemd-nspawn containers: mount, boot, enter, stop.
# A machine's root is an overlay: own upper layer / ready-made cluster (image.sh) / guest kernels / base tree.

# ---- network: all links are made inside namespaces, the host's own sees nothing
netns() { echo "$PREFIX-$1"; }
has_netns() { [[ -e /run/netns/$(netns "$1") ]]; }
hub_up() {
  local h
  h=$(netns hub)
  ! has_netns hub || return 0
  ip netns add "$h"
  ip -n "$h" -batch - <<END
link set lo up
link add br-mgmt type bridge forward_delay 0
link set br-mgmt up
addr add $MGMT.254/24 dev br-mgmt
link add br-pub type bridge forward_delay 0 mcast_snooping 0
link set br-pub up
addr add $PUB4.1/24 dev br-pub
addr add $PUB6:1/64 dev br-pub nodad
addr add $RT4.1/24 dev br-pub
addr add $RT6:1/64 dev br-pub nodad
END
  ip netns exec "$h" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}
machine_netns_up() { # eth0 (management) and, for nodes, eth1 (public segment)
  local c=$1 n h
  n=$(netns "$c")
  h=$(netns hub)
  ! has_netns "$c" || return 0
  ip netns add "$n"
  ip -n "$h" -batch - <<END
link add m-$c type veth peer name eth0 netns $n
link set m-$c master br-mgmt up
END
  [[ $c == n* ]] || return 0
  ip -n "$h" -batch - <<END
link add p-$c type veth peer name eth1 netns $n
link set p-$c master br-pub up
END
}
link_state() { # MACHINE up|down: pull the management cable, or plug it in
  ip -n "$(netns hub)" link set dev "m-$1" "$2"
}

# ---- which machines there are
root() { echo "$S/c/$1/root"; }
machines() {
  local d
  for d in "$S"/c/*/; do basename "$d"; done
}
nodes() { machines | grep -E '^n[1-9]$' || true; }
leader() { # pid of a machine's init
  local pid start kids
  read -r pid start 2>/dev/null <"$S/c/$1/pid" || return 1
  alive "$pid" "$start" || return 1
  kids=$(children "$pid")
  [[ $kids ]] || return 1
  echo "${kids%% *}"
}
inner() { # MACHINE: a path to its files as it sees them, tmpfs included, while it runs
  local pid
  if pid=$(leader "$1"); then echo "/proc/$pid/root"; else root "$1"; fi
}
running() { leader "$1" >/dev/null; }
hostname_of() { # a short name where the run's options ask for it
  if [[ ${SHORT:-} == "$1" ]]; then echo "$1"; else echo "$1.$DOMAIN"; fi
}

# ---- inside
CLEAN=(/usr/bin/env -i HOME=/root USER=root LC_ALL=C.UTF-8 "TERM=${TERM:-dumb}"
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
enter() { # MACHINE: sets ENTER, the command line that gets there
  local c=$1 pid net=(-n)
  if [[ $c == hub ]]; then # a machine's programs, the hub's network
    for c in $(machines) ''; do [[ ! $c ]] || ! running "$c" || break; done
    net=("--net=/run/netns/$(netns hub)")
  fi
  pid=$([[ ! $c ]] || leader "$c") || true
  [[ $pid ]] || die "$1 does not run (run $RUN)"
  ENTER=(nsenter -t "$pid" -m -u "${net[@]}" -p -i -C -r -w -- "${CLEAN[@]}")
}
sh_in() { # MACHINE CMD..
  local ENTER
  enter "$1"
  "${ENTER[@]}" "${@:2}"
}
exec_in() { # the same, in place of this shell: signals and exit status are the command's
  local ENTER
  enter "$1"
  # when nsenter is ended, so is what it started
  exec "${ENTER[@]}" setpriv --pdeathsig TERM "${@:2}"
}
hub_exec() { # CMD..: a program of the host in the hub's network, where the lab's names resolve
  has_netns hub || die "run $RUN is not up"
  # shellcheck disable=SC2016
  exec nsenter "--net=/run/netns/$(netns hub)" unshare -m --propagation private \
    /bin/sh -c 'mount --bind "$1" /etc/hosts && shift && exec "$@"' sh "$S/hosts" "$@"
}

# ---- life
machine_mount() { # MACHINE LOWERDIRS
  local d=$S/c/$1
  mkdir -p "$d"/{upper,work,root}
  mountpoint -q "$d/root" || mount -t overlay "$PREFIX-$1" -o "lowerdir=$2,upperdir=$d/upper,workdir=$d/work" "$d/root"
}
# machine_keep PREFIX STATE SHORT MACHINE: runs nspawn; again when the machine reboots (exit 133: --keep-unit leaves it to us)
machine_keep() {
  local c=$4 d=$2/c/$4 status pid
  PREFIX=$1 S=$2 SHORT=${3#-}
  export SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
  while :; do
    systemd-nspawn -q -M "$PREFIX-$c" -D "$d/root" --register=no --keep-unit -b \
      --network-namespace-path="/run/netns/$(netns "$c")" --capability=all --bind=/dev/net/tun \
      --bind="$S/shared:/srv/ganeti/shared-file-storage" --hostname="$(hostname_of "$c")" --resolv-conf=off \
      --timezone=off --link-journal=no </dev/null &
    pid=$!
    ident "$pid" >"$d/pid"
    status=0
    wait "$pid" || status=$?
    [[ $status == 133 ]] || break
  done
  rm -f "$d/pid"
}
machine_start() { # MACHINE: does not wait
  running "$1" && return
  rm -f "$S/c/$1/pid"
  mkdir -p "$S/shared"
  daemon "$1" "$S/c/$1/boot.log" bash "$HERE/lab" __keep "$PREFIX" "$S" "${SHORT:--}" "$1"
  ident "$DAEMON" >"$S/c/$1/keeper"
}
machine_wait() { # MACHINE [OLD-LEADER]: until its systemd has started everything
  local c=$1 i state start now
  start=$(now_ms)
  for ((i = 0; i < 600; i++)); do
    now=$(leader "$c" || true)
    if [[ $now && $now != "${2:-}" ]]; then
      state=$(sh_in "$c" systemctl is-system-running --wait 2>/dev/null || true)
      case $state in running | degraded) break ;; esac
    elif ! alive_file "$S/c/$c/keeper"; then
      tail -n 5 "$S/c/$c/boot.log" >&2
      die "$c did not boot"
    fi
    sleep 0.1
  done
  ((i < 600)) || die "$c did not come up in 60 s"
  took "$c ${3:-booted}$([[ $state == running ]] || echo " ($state: $(sh_in "$c" systemctl --failed --plain --no-legend | cut -d' ' -f1 | xargs))")" "$start"
}
machine_stop() { # MACHINE: orderly power-off; disk and network stay
  local pid start
  if read -r pid start 2>/dev/null <"$S/c/$1/pid" && alive "$pid" "$start"; then
    kill -TERM "$pid" || true # nspawn hands SIGRTMIN+3 to the machine's init
    gone 300 "$pid" "$start" || say "$1 does not stop; killing it"
  fi
  machine_kill "$1"
}
machine_kill() { # MACHINE: as a power cut
  cgroup_kill "$1"
  rm -f "$S/c/$1/pid" "$S/c/$1/keeper"
}
machine_clear() { # MACHINE: what is left of it: processes, cgroups, root mount, network
  local c=$1 i
  machine_kill "$c"
  for ((i = 0; i < 100; i++)); do # the mount is busy as long as a dying process has its root there
    ! mountpoint -q "$S/c/$c/root" || umount "$S/c/$c/root" 2>/dev/null || { sleep 0.05 && continue; }
    break
  done
  ((i < 100)) || say "$(root "$c") is still busy: fuser -vm $(root "$c")"
  ! has_netns "$c" || ip netns del "$(netns "$c")"
}
machine_reboot() { # MACHINE: and wait for its new init
  local old
  old=$(leader "$1") || die "$1 does not run"
  sh_in "$1" systemctl reboot || true
  machine_wait "$1" "$old" rebooted
}
stop() { # MACHINE [--kill]
  if [[ ${2:-} == --kill ]]; then machine_kill "$1"; else machine_stop "$1"; fi
}
