# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables are shared with the other parts
# common.sh - names, places, messages, locks, processes and cgroups: what every other part of the lab uses.
# Sourced by `lab`; expects HERE (the directory of `lab`).

CACHE=${LAB_CACHE:-/var/cache/okeanid-lab}
STATES=${LAB_STATE:-/var/lib/okeanid-lab}
RUN=${LAB_RUN:-lab}

say() { printf '%(%T)T %s\n' -1 "$*" >&"${LAB_SAY_FD:-2}"; }
die() {
  echo "lab: $*" >&2
  exit 1
}

# now_ms: milliseconds, without a fork
now_ms() { local t=${EPOCHREALTIME/[.,]/}; echo $((t / 1000)); }
# took WHAT START_MS: one progress line with the time since START_MS
took() { local ms=$(($(now_ms) - $2)); say "$1: $((ms / 1000)).$((ms % 1000 / 100)) s"; }

# use_run NAME: all names of a run derive from its own. A machine name may have 64 characters.
use_run() {
  [[ $1 =~ ^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$ ]] || die "run name '$1': 1 to 40 of a-z 0-9 -"
  RUN=$1
  S=$STATES/$RUN
  PREFIX=okeanid-$RUN
  CGROUP=$PREFIX.$(cat "$S/id" 2>/dev/null || true)
}

# lock FILE [FLOCK-OPTION]: holds FILE until this shell ends. Daemons are started with `daemon`, which lets go of it.
LOCKS=()
lock() {
  local fd
  mkdir -p "$(dirname "$1")"
  while :; do
    exec {fd}>>"$1"
    flock "${@:2}" "$fd" || { exec {fd}>&- && return 1; }
    [[ $1 -ef /proc/self/fd/$fd ]] && break # else it was removed while we waited
    exec {fd}>&-
  done
  LOCKS+=("$fd")
}
unlock() { # the newest lock
  local fd=${LOCKS[-1]}
  exec {fd}>&-
  unset 'LOCKS[-1]'
}
let_go() { # of all locks, in a subshell that may outlive us
  local fd
  for fd in "${LOCKS[@]}"; do exec {fd}>&-; done
}
# lock_run: one lab command at a time changes a run
lock_run() {
  lock "$STATES/.$RUN.lock" -n && return
  [[ ${1:-} != -n ]] || return 1
  say "run $RUN: waiting for another lab command"
  lock "$STATES/.$RUN.lock"
}
# each FUNCTION ITEMS..: for all at the same time; fails when one does
each() {
  local f=$1 item p pids=() status=0
  shift
  for item; do
    (let_go && "$f" "$item") &
    pids+=($!)
  done
  for p in "${pids[@]}"; do wait "$p" || status=1; done
  return $status
}
# stop_all STATUS: end with what was started in the background; a shell's background ignores ^C
stop_all() {
  local pids
  mapfile -t pids < <(jobs -p)
  ((!${#pids[@]})) || kill "${pids[@]}" 2>/dev/null || true
  exit "$1"
}

# ---- processes: always known by pid AND start time, so that a reused pid is never taken for ours
start_time() { # PID: its start time in ticks, nothing when there is no such process
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  stat=${stat##*) }
  # shellcheck disable=SC2086
  set -- $stat
  [[ $1 != [ZX] ]] || return 1 # a zombie is no more
  echo "${20}"
}
ident() { echo "$1 $(start_time "$1")"; }            # PID -> "PID START"
alive() { [[ ${2:-} && $(start_time "$1") == "$2" ]]; } # PID START
alive_file() {                                       # FILE with "PID START"
  local pid start
  read -r pid start 2>/dev/null <"$1" && alive "$pid" "$start"
}
children() { cat "/proc/$1/task/$1/children" 2>/dev/null || pgrep -P "$1" || true; }
gone() { # DECISECONDS PID START: wait for the end of a process
  local i
  for ((i = 0; i < $1 * 2; i++)); do
    alive "$2" "$3" || return 0
    sleep 0.05
  done
  return 1
}

# ---- cgroups: every process of a run lives below <hierarchy>/$CGROUP, which nobody but the lab fills. That makes the
# kernel keep our list of pids, and two machines never share (and stop!) each other's system.slice. The name ends with a
# random id: the cgroup tree is one for the whole host, also where a lab runs in a chroot or a pid namespace.
hierarchies() {
  findmnt -rno TARGET,FSTYPE,OPTIONS | awk '$2=="cgroup2" || ($2=="cgroup" && $3~/name=systemd/) {print $1}' | sort -u
}
cgroup_enter() { # NAME: this shell goes there
  local h
  while read -r h; do
    mkdir -p "$h/$CGROUP/$1"
    echo "$BASHPID" >"$h/$CGROUP/$1/cgroup.procs"
  done < <(hierarchies)
}
cgroup_pids() { # NAME: all processes below
  local h
  while read -r h; do
    h=$h/$CGROUP/$1
    [[ ! -d $h ]] || find "$h" -name cgroup.procs -exec cat {} + 2>/dev/null
  done < <(hierarchies) | sort -un | sed '/^0$/d' # 0 is a process of another pid namespace
}
cgroup_kill() { # NAME: kill what is left there, remove the groups
  local h i pids
  [[ $CGROUP == *.?* ]] || return 0 # nothing was started yet
  for ((i = 0; i < 100; i++)); do
    mapfile -t pids < <(cgroup_pids "$1")
    ((${#pids[@]})) || break
    kill -KILL "${pids[@]}" 2>/dev/null || true
    sleep 0.05
  done
  while read -r h; do
    h=$h/$CGROUP/$1
    [[ ! -d $h ]] || find "$h" -depth -type d -exec rmdir {} + 2>/dev/null || true
  done < <(hierarchies)
}
# daemon CGROUP LOG CMD..: start CMD in its own session and cgroup, holding none of our locks
daemon() {
  local group=$1 log=$2
  shift 2
  (
    let_go
    cgroup_enter "$group"
    exec setsid "$@"
  ) </dev/null >>"$log" 2>&1 &
  DAEMON=$!
  disown
}
