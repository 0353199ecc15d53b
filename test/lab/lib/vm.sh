# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables are shared with the other parts
# vm.sh - guests: Ganeti instances without disks whose kernel and initrd are ours. What they print for tests goes to a
# file on the node where they run, /var/log/lab/NAME.con.

console_files() { # NAME
  local n
  for n in $(nodes); do echo "$(root "$n")/var/log/lab/$1.con"; done
}
vm_node() { on_master gnt-instance list --no-headers -o pnode "$1.$DOMAIN" | cut -d. -f1; }

vm_add() { # NAME [OPTIONS]
  local name=$1 node='' mode=bridged ip=pool mac='' guest=bb nics=1 mem=160 extra='' start=() i net nic args=() begin
  begin=$(now_ms)
  shift
  while (($#)); do
    case $1 in
      --node) node=$2 && shift 2 ;;
      --mode) mode=$2 && shift 2 ;;
      --ip) ip=$2 && shift 2 ;;
      --mac) mac=$2 && shift 2 ;;
      --guest) guest=$2 && shift 2 ;;
      --nics) nics=$2 && shift 2 ;;
      --mem) mem=$2 && shift 2 ;;
      --append) extra=" $2" && shift 2 ;;
      --no-start) start=(--no-start) && shift ;;
      *) die "vm add: what is $1?" ;;
    esac
  done
  [[ $node ]] || node=$(master)
  case $mode in
    bridged) net=pub ;;
    routed) net=rt ;;
    *) die "vm add: mode bridged or routed" ;;
  esac
  for ((i = 0; i < nics; i++)); do
    case $ip in
      none) nic="$i:mode=$mode,link=br0" ;;
      pool) nic="$i:network=$net,ip=pool" ;;
      *) nic="$i:network=$net,ip=$([[ $i == 0 ]] && echo "$ip" || echo pool)" ;;
    esac
    [[ ! $mac || $i != 0 ]] || nic+=",mac=$mac"
    args+=(--net "$nic")
  done
  [[ $HYPERVISOR == fake ]] || args+=(-H "$(vm_parameters "$name" "$guest" "$extra")")
  # shellcheck disable=SC2046
  rm -f $(console_files "$name")
  on_master gnt-instance add -t diskless -o noop+default "${start[@]}" -n "$node.$DOMAIN" -B "memory=$mem,vcpus=1" \
    "${args[@]}" "$name.$DOMAIN"
  took "vm add $name" "$begin"
}
vm_parameters() { # NAME GUEST KERNELARGS: a second serial port into a file, for the first one loses what nobody reads
  echo "kvm:initrd_path=/srv/ganeti/boot/initrd-$2,kernel_args=console=ttyS1 console=ttyS0 quiet labname=$1$3,\
kvm_extra=-chardev file\\,id=labcon\\,path=/var/log/lab/$1.con\\,append=on -device isa-serial\\,chardev=labcon"
}
vm_log() { cat "$(root "$(vm_node "$1")")/var/log/lab/$1.con"; }
vm_wait() { # NAME REGEX [SECONDS]: until it says so, on whichever node
  local i said
  for ((i = 0; i < ${3:-30} * 5; i++)); do
    # shellcheck disable=SC2046
    said=$(grep -shaE -- "$2" $(console_files "$1") || true) # its status is 2 when only one of the files is there
    [[ ! $said ]] || { echo "$said" && return 0; }
    sleep 0.2
  done
  return 1
}
vm_shell() { # NAME CMD..: on the guest's serial shell, print what it says
  local name=$1 n
  shift
  n=$(vm_node "$name")
  # shellcheck disable=SC2016
  sh_in "$n" sh -c 'sock=/run/ganeti/kvm-hypervisor/ctrl/$1.serial; m=LABEOF$$
    { printf "\n%s; echo %s\n" "$2" "LAB\"\"EOF$$"; sleep "$3"; } | timeout 30 socat -t1 - "UNIX-CONNECT:$sock" |
      awk -v m="$m" "index(\$0,m){exit}{print}"' sh "$name.$DOMAIN" "$*" "${LAB_SH_SEC:-3}"
}
vm_console() { # NAME
  local n options=STDIO
  n=$(vm_node "$1")
  if [[ -t 0 ]]; then
    say "leave with ^]"
    options+=,raw,echo=0,escape=0x1d
  fi
  sh_in "$n" socat "$options" "UNIX-CONNECT:/run/ganeti/kvm-hypervisor/ctrl/$1.$DOMAIN.serial"
}
vm() {
  local sub=${1:-} name=${2:-}
  shift 2 || die "vm add|rm|start|stop|info|log|wait|sh|console NAME .."
  load_options
  case $sub in
    add) vm_add "$name" "$@" ;;
    rm) on_master gnt-instance remove -f --shutdown-timeout=0 "$name.$DOMAIN" ;;
    start) on_master gnt-instance startup "$name.$DOMAIN" ;;
    stop) on_master gnt-instance shutdown --timeout=0 "$name.$DOMAIN" ;;
    info) on_master gnt-instance info "$name.$DOMAIN" ;;
    log) vm_log "$name" ;;
    wait) vm_wait "$name" "$@" ;;
    sh) vm_shell "$name" "$@" ;;
    console) vm_console "$name" ;;
    *) die "vm: what is $sub?" ;;
  esac
}
