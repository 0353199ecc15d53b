# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables are shared with the other parts
# world.sh - names and addresses. A run lives in namespaces of its own, so they are the same in each.

DOMAIN=lab.example
CLUSTER=cluster.$DOMAIN
SECRET=lab-secret # RAPI's and RabbitMQ's password: nothing of a lab can be reached from outside the machine
MGMT=198.51.100   # management: n1..n9 .1-.9, cluster .100, mq .210, api .220, hub .254
PUB4=192.0.2 PUB6=2001:db8:1: # Ganeti network `pub`, bridged
RT4=203.0.113 RT6=2001:db8:2: # Ganeti network `rt`, routed

addr() {
  case $1 in
    n[1-9]) echo "$MGMT.${1#n}" ;;
    mq) echo "$MGMT.210" ;;
    api) echo "$MGMT.220" ;;
    *) die "no machine is called $1" ;;
  esac
}
hosts_file() { # all possible names
  local c
  echo "127.0.0.1 localhost"
  echo "$MGMT.100 $CLUSTER cluster"
  for c in n{1..9} mq api; do echo "$(addr "$c") $c.$DOMAIN $c"; done
}
