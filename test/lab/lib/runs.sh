# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables are shared with the other parts
# runs.sh - a run is one laboratory: up, down, destroy; list and sweep look at all of them.
# Its state is $S: id (of its cgroup), options, uses (items of the cache), owner (pid and start time), hosts, c/<machine>, broker.

NODES=2 HYPERVISOR=kvm SHORT='' ASIDE='' SPARE='' BROKER=yes API=yes
options() { printf '%s=%q\n' NODES "$NODES" HYPERVISOR "$HYPERVISOR" SHORT "$SHORT" ASIDE "$ASIDE" SPARE "$SPARE" BROKER "$BROKER" API "$API"; }
load_options() {
  # shellcheck source=/dev/null
  [[ ! -e $S/options ]] || . "$S/options"
}
node_name() { [[ $1 =~ ^n[1-9]$ ]] || die "'$1' is no node: n1..n9"; echo "$1"; }

up() { # [N] [OPTIONS]: idempotent; without options as it was made
  local start owner='' before reuse='' c all=() waiting=()
  start=$(now_ms)
  lock_run
  load_options
  before=$(options)
  while (($#)); do
    case $1 in
      [1-9]) NODES=$1 && shift ;;
      --nodes) NODES=$2 && shift 2 ;;
      --hypervisor) HYPERVISOR=$2 && shift 2 ;;
      --short-name) SHORT=$(node_name "$2") && shift 2 ;;
      --non-candidate) ASIDE=$(node_name "$2") && shift 2 ;;
      --spare) SPARE=$(node_name "$2") && shift 2 ;;
      --no-broker) BROKER='' && shift ;;
      --no-api) API='' && shift ;;
      --owner) owner=$2 && shift 2 ;;
      --reuse) reuse=yes && shift ;;
      *) die "up: what is $1?" ;;
    esac
  done
  [[ ! $reuse ]] || load_options
  [[ $NODES == [1-9] ]] || die "up: 1 to 9 nodes"
  [[ $HYPERVISOR == kvm || $HYPERVISOR == fake ]] || die "up: hypervisor kvm or fake"
  [[ $ASIDE != n1 && $SPARE != n1 ]] || die "up: n1 is the first master"
  for c in $SHORT $ASIDE $SPARE; do ((${c#n} <= NODES)) || die "up: there is no $c among $NODES nodes"; done
  [[ ! -e $S/options || $before == "$(options)" ]] || die "up: run $RUN has other options: lab destroy first"
  need_host

  if [[ ! -e $S/options ]]; then
    own_run "$owner"
    [[ $HYPERVISOR == fake ]] || make_guest
    make_image
    uses
    hosts_file >"$S/hosts"
    options >"$S/options"
  fi
  hub_up
  for ((c = 1; c <= NODES; c++)); do all+=("n$c"); done
  [[ ! $BROKER ]] || all+=(mq)
  [[ ! $API ]] || all+=(api)
  for c in "${all[@]}"; do
    running "$c" && continue
    machine_netns_up "$c"
    machine_mount "$c" "$(layers "$c")"
    machine_start "$c"
    waiting+=("$c")
  done
  if ((${#waiting[@]})); then
    each machine_wait "${waiting[@]}" || die "not all machines are up"
    cluster_wait
  fi
  took "run $RUN is up" "$start"
}
own_run() { # OWNER-PID: state begins here, so that sweep and destroy know of us from the first moment
  mkdir -p "$S/c"
  [[ -e $S/id ]] || printf '%04x%04x\n' "$RANDOM" "$RANDOM" >"$S/id"
  CGROUP=$PREFIX.$(cat "$S/id")
  [[ ! $1 ]] || ident "$1" >"$S/owner"
}
uses() { # what a run needs of the cache, as absolute paths: base, guest, image
  {
    echo "BASE=$(base_root)"
    [[ $HYPERVISOR == fake ]] || echo "GUEST=$(guest_dir)/layer"
    echo "IMAGE=$(image_dir)"
  } >"$S/uses"
}
layers() { # MACHINE
  local BASE='' GUEST='' IMAGE=''
  # shellcheck source=/dev/null
  . "$S/uses"
  echo "$IMAGE/$1${GUEST:+:$GUEST}:$BASE"
}
in_use() { # ITEM: some run needs it
  grep -qsF "$1" "$STATES"/*/uses
}

down() { # stop everything, keep the disks
  local start
  start=$(now_ms)
  lock_run
  load_options
  [[ -d $S ]] || return 0
  broker_kill
  # shellcheck disable=SC2046
  each machine_stop $(machines)
  clear_run
  took "run $RUN is down" "$start"
}
destroy() { # leave nothing: no orderly stop
  local start
  start=$(now_ms)
  lock_run "$@" || return 1
  clear_run
  if [[ -d $S ]]; then
    rm -rf --one-file-system "$S"
    took "run $RUN is gone" "$start"
  fi
  rm -f "$STATES/.$RUN.lock"
  unlock
}
clear_run() { # processes, cgroups, mounts and networks, also those of a run that died while it came up
  local c
  cgroup_kill ''
  # shellcheck disable=SC2046
  each machine_clear $(machines)
  for c in n{1..9} mq api hub; do ! has_netns "$c" || ip netns del "$(netns "$c")"; done
}

runs() { local d; for d in "$STATES"/*/; do basename "$d"; done; }
owner_state() { # of the run
  if [[ ! -e $S/owner ]]; then echo -; elif alive_file "$S/owner"; then echo "pid $(cut -d' ' -f1 "$S/owner")"; else echo dead; fi
}
list() {
  local r c up
  printf '%-30s %-10s %-12s %s\n' RUN HYPERVISOR OWNER 'RUNNING'
  for r in $(runs); do
    (
      use_run "$r"
      load_options
      up=()
      for c in $(machines); do ! running "$c" || up+=("$c"); done
      ! broker_running || up+=("broker:$(cut -d' ' -f1 "$(B)/ports")")
      printf '%-30s %-10s %-12s %s\n' "$r" "$([[ -e $S/options ]] && echo "$HYPERVISOR" || echo -)" "$(owner_state)" "${up[*]:--}"
    )
  done
}
sweep() { # runs whose owner is dead, builds whose builder is dead
  local r
  for r in $(runs); do
    (
      use_run "$r"
      if [[ $(owner_state) == dead ]]; then destroy -n || say "run $r is being worked on"; fi
    )
  done
  for r in "$STATES"/.*.lock; do # of runs that are no more
    if [[ ! -d $STATES/$(basename "${r#"$STATES"/.}" .lock) ]] && lock "$r" -n; then
      rm -f "$r"
      unlock
    fi
  done
  if lock "$CACHE/.lock" -n; then
    sweep_builds
    unlock
  fi
}
status() {
  local c pid
  load_options
  for c in $(machines); do
    pid=$(leader "$c" || echo -)
    printf '%-5s %-15s init %-8s disk %-7s mem(rss) %s\n' "$c" "$(addr "$c")" "$pid" "$(du -sh "$S/c/$c/upper" 2>/dev/null | cut -f1)" \
      "$([[ $pid == - ]] || sh_in "$c" ps -eo rss= | awk '{s+=$1} END{printf "%d MiB", s/1024}')"
  done
  ! broker_running || broker env
  du -sh "$CACHE"/*-* 2>/dev/null || true
}

# ---- the cluster of a run
master() {
  local n
  for n in $(nodes); do
    running "$n" && cut -d. -f1 "$(root "$n")/var/lib/ganeti/ssconf_master_node" 2>/dev/null && return
  done
  die "run $RUN has no cluster that is up"
}
on_master() {
  local m
  m=$(master)
  sh_in "$m" "$@"
}
cluster_wait() { # until luxid answers
  local i start
  start=$(now_ms)
  for ((i = 0; i < 150; i++)); do
    ! on_master gnt-cluster getmaster >/dev/null 2>&1 || ! on_master gnt-job list --no-headers -o id >/dev/null 2>&1 || break
    sleep 0.1
  done
  ((i < 150)) || die "the cluster does not answer"
  took "cluster answers" "$start"
}
