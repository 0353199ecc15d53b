# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables are shared with the other parts
# build.sh - the cache: base tree, guest kernel with initrds, real-kernel disk, ready-made clusters.
# An item is a directory <kind>-<key>; the key is a digest of what it was made from. It is made in tmp.<pid>.<start>.*
# under one lock and renamed into place, so it is there entirely or not at all.

digest() { grep -vE '^ *#' | sha256sum | cut -c1-12; } # a better comment is no other tree
base_key() { digest <"$HERE/lib/base.sh"; }
guest_key() { { base_key; cat "$HERE"/guest/*; } | digest; }
base_root() { echo "$CACHE/base-$(base_key)/root"; }
guest_dir() { echo "$CACHE/guest-$(guest_key)"; }

# ---- what the host must have
TOOLS=(systemd-nspawn:systemd-container ip:iproute2 nsenter:util-linux setpriv:util-linux flock:util-linux
  findmnt:util-linux find:findutils awk:mawk)
BUILD_TOOLS=(debootstrap:debootstrap gcc:gcc dpkg-deb:dpkg)
missing() { # one line a reason why there can be no lab here, nothing when there can
  local t packages=() tools=("${TOOLS[@]}")
  [[ $EUID == 0 ]] || echo "not root"
  if [[ ! -d $(base_root) || ! -d $(guest_dir) ]]; then
    [[ -x /usr/lib/apt/apt-helper ]] || { echo "no apt: the lab is built with debootstrap from apt's mirror" && return; }
    tools+=("${BUILD_TOOLS[@]}")
    [[ -e $(gcc -print-file-name=libc.a 2>/dev/null) ]] || packages+=(libc6-dev)
  fi
  for t in "${tools[@]}"; do command -v "${t%%:*}" >/dev/null || packages+=("${t##*:}"); done
  if ((${#packages[@]})); then
    echo "programs are missing: apt-get install $(printf '%s\n' "${packages[@]}" | sort -u | xargs)"
  elif [[ $EUID == 0 ]]; then
    [[ $(hierarchies) ]] || echo "no cgroup hierarchy is mounted (cgroup2, or v1 name=systemd)"
    [[ -c /dev/net/tun ]] || echo "no /dev/net/tun"
    overlay_works || echo "no overlay mounts in $STATES (a container, or itself an overlay?): set LAB_STATE"
  fi
}
overlay_works() {
  local dir
  mkdir -p "$STATES" && dir=$(mktemp -d "$STATES/.check.XXXXXX") && mkdir "$dir"/{lower,upper,work,root} || return 1
  # shellcheck disable=SC2016
  unshare --mount sh -c 'mount -t overlay check -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" "$1/root" &&
    : >"$1/root/file"' sh "$dir" 2>/dev/null
  local status=$?
  rm -rf "$dir"
  return $status
}
need_host() {
  local why
  why=$(missing)
  [[ ! $why ]] || die "$why"
}

# ---- where packages come from: only what apt on this host is configured with
apt_proxy() { apt-config dump --format '%v%n' Acquire::http::Proxy | head -n 1; }
apt_uris() { # URIs that serve a Debian suite's main, our suite's first; apt itself reads its one-line and deb822 files
  local uri release file
  apt-get update --print-uris | sed -nE "s#^'([^']+)/dists/([^/-]+)/main/binary-.*#\1 \2#p" | while read -r uri release; do
    case $uri in
      mirror+file:*)
        file=/${uri#mirror+file:}
        grep -oE '^[a-z]+:[^[:space:]]+' "/${file##+(/)}" 2>/dev/null | sed "s/^/$release /" || true
        ;;
      *) echo "$release $uri" ;;
    esac
  done | awk -v s="$SUITE" '{print ($1==s ? 0 : 1), NR, $2}' | sort -n | cut -d' ' -f3 | awk '!seen[$0]++'
}
mirror() { # the first of them that serves our suite
  local uri tmp
  tmp=$(mktemp)
  while read -r uri; do
    if /usr/lib/apt/apt-helper download-file "${uri%/}/dists/$SUITE/InRelease" "$tmp" >/dev/null 2>&1 &&
      grep -qx 'Origin: Debian' "$tmp"; then # others have suites of that name too
      rm -f "$tmp"
      echo "${uri%/}"
      return
    fi
  done < <(apt_uris)
  rm -f "$tmp"
  die "no source in the apt configuration serves $SUITE (looked at: $(apt_uris | xargs))"
}

# ---- making an item
# contained LOG STAGE ARGS..: `lab __stage ..` in a mount and pid namespace of its own. Waited for with `wait`, so that a
# signal ends us at once, and with us (pdeathsig, kill-child) everything in there.
contained() {
  local log=$1
  shift
  LAB_SAY_FD=3 setpriv --pdeathsig KILL unshare --mount --propagation private --pid --fork --kill-child=KILL --mount-proc \
    bash "$HERE/lab" __stage "$@" 3>&2 >"$log" 2>&1 </dev/null &
  wait $!
}
# make KIND KEY ARGS..: the item KIND-KEY, by KIND_stage ARGS.. in a contained shell, if it is not there yet
make() {
  local kind=$1 key=$2 tmp log=$CACHE/log/$1
  shift 2
  [[ ! -d $CACHE/$kind-$key ]] || return 0
  mkdir -p "$CACHE/log"
  lock "$CACHE/.lock"
  if [[ ! -d $CACHE/$kind-$key ]]; then
    sweep_builds
    tmp=$(mktemp -d "$CACHE/tmp.$$.$(start_time $$).XXXXXX")
    chmod 755 "$tmp"
    if ! contained "$log" "$kind" "$tmp" "$@"; then
      tail -n 20 "$log" >&2
      drop_build "$tmp"
      die "building $kind failed, see $log"
    fi
    mv -T "$tmp" "$CACHE/$kind-$key"
  fi
  unlock
}
sweep_builds() { # what dead builders left: directories and cgroups (mounts and processes died with their namespaces)
  local d pid start
  for d in "$CACHE"/tmp.*; do
    IFS=. read -r _ pid start _ <<<"$(basename "$d")"
    alive "$pid" "$start" || drop_build "$d"
  done
}
drop_build() { # DIR
  (CGROUP=okeanid-$(basename "$1") && cgroup_kill '')
  rm -rf --one-file-system "$1"
}
make_base() {
  local uri
  [[ ! -d $(base_root) ]] || return 0
  need_host
  uri=$(mirror)
  make base "$(base_key)" "$uri" "$(apt_proxy)"
}
make_guest() {
  make_base
  make guest "$(guest_key)" "$(base_root)"
}
guest_stage() { # DIR BASE
  local start
  start=$(now_ms)
  "$HERE/guest/mkguest" "$2" "$1"
  took "guest kernel and initrds" "$start"
}
make_rkdisk() {
  make_guest
  make rkdisk "$(guest_key)" "$(base_root)" "$(guest_dir)"
}
rkdisk_stage() { # DIR BASE GUEST: the base tree with kernel modules as a disk for `lab rk`
  local start
  start=$(now_ms)
  mount --bind "$1" "$2/srv"
  mount -t overlay rkdisk -o "lowerdir=$3/kernel:$2" "$2/mnt"
  inside "$2" mke2fs -q -t ext4 -O ^has_journal -d /mnt /srv/rk.img 2500M
  took "disk for the real kernel" "$start"
}
build() {
  local item
  if [[ ${1:-} == --force ]]; then
    for item in "$CACHE"/@(image-$(image_inputs)-*|ovs-$(ovs_key)|rkdisk-$(guest_key)|guest-$(guest_key)|base-$(base_key)); do
      ! in_use "$item" || die "$item is used by a run: lab list"
      rm -rf --one-file-system "$item"
    done
  fi
  make_guest
  say "cache: $CACHE ($(du -sh "$CACHE" | cut -f1))"
}
check() { # can there be a lab here? says what is missing
  local why
  why=$(missing)
  [[ ! $why ]] || { echo "$why" && return 1; }
}
prune() { # items that are neither made from what is here now nor used by a run
  local item keep
  keep="$CACHE/@(base-$(base_key)|guest-$(guest_key)|rkdisk-$(guest_key)|ovs-$(ovs_key)|image-$(image_inputs)-*)"
  lock "$CACHE/.lock"
  sweep_builds
  for item in "$CACHE"/*-*/; do
    item=${item%/}
    # shellcheck disable=SC2053
    [[ $item == $keep ]] || in_use "$item" || { say "prune $(basename "$item")" && rm -rf --one-file-system "$item"; }
  done
  unlock
}
