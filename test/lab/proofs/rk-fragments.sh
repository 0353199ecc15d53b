#!/bin/bash
# payload: lab rk proofs/rk-fragments.sh - a fault of the kernel, with nothing of ours in it: br_netfilter and a bridge that filters VLANs lose
# fragments once anything is tracked. Prints a claim a line; ends with 1 when the kernel no longer has the fault (then docs/queueing.md and the
# doctor say too much).
#
#     guest eth0 ── tap0 (untagged: VLAN 100) ─ br0 ─ uplink (tagged) ── pub, pub.100 router
#
# br_netfilter sees a frame on its way in, where it has no tag yet, and shows it to IPv4, where conntrack puts the fragments together. On its way
# out it has its tag, which br_netfilter takes for another protocol (bridge-nf-filter-vlan-tagged is 0): nobody takes it apart again, and the
# bridge drops what is longer than the MTU.
set -u
modprobe -a nf_conntrack_bridge 8021q
failed=0
for name in host guest router; do ip netns add "$name" && ip -n "$name" link set lo up; done
ip -n router link add pub type veth peer name uplink netns host
ip -n router link set pub up
ip -n host link add br0 type bridge forward_delay 0 mcast_snooping 0 vlan_filtering 1
ip -n host link add tap0 type veth peer name eth0 netns guest
for port in uplink tap0; do ip -n host link set "$port" master br0 up; done
ip -n host link set br0 up
ip netns exec host bridge vlan del dev tap0 vid 1
ip netns exec host bridge vlan add dev tap0 vid 100 pvid untagged
ip netns exec host bridge vlan add dev uplink vid 100
ip -n router link add link pub name pub.100 type vlan id 100
ip -n router link set pub.100 up
ip -n guest link set eth0 up
for end in router:pub.100:1 guest:eth0:2; do
  IFS=: read -r space device number <<<"$end"
  ip -n "$space" addr add "192.0.2.$number/24" dev "$device"
  ip -n "$space" addr add "2001:db8::$number/64" dev "$device" nodad
done

claim() { # WHAT 4|6 SIZE WANT: a guest's pings of so many bytes come through or not
  local address=192.0.2.1 got=lost
  [ "$2" = 4 ] || address=2001:db8::1
  for _ in 1 2 3; do # a busy machine may lose one
    ip netns exec guest ping -c 1 -W 2 -s "$3" -q "$address" >/dev/null && got=through && break
  done
  if [ "$got" = "$4" ]; then echo "ok $1: IPv$2, $3 bytes: $got"; else
    failed=1
    echo "not ok $1: IPv$2, $3 bytes: $got"
  fi
}
both() { # WHAT WANT: small ones come through, large ones as said
  for family in 4 6; do
    claim "$1" "$family" 56 through
    claim "$1" "$family" 4000 "$2"
  done
}
track() { # FAMILY
  ip netns exec host nft "add table $1 t; add chain $1 t f { type filter hook forward priority 0; }; add rule $1 t f ct state established accept"
}

both 'nothing is tracked' through
track bridge
both 'conntrack in bridge' through
modprobe br_netfilter # sets its sysctls to 1 everywhere
both 'conntrack in bridge, br_netfilter' lost
ip netns exec host nft delete table bridge t
both 'br_netfilter, nothing is tracked' through
track inet
both 'conntrack in inet, br_netfilter' lost
ip netns exec host sysctl -qw net.bridge.bridge-nf-filter-vlan-tagged=1
both 'the same, where tagged frames are filtered as well' lost
ip netns exec host sysctl -qw net.bridge.bridge-nf-filter-vlan-tagged=0 net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0
both 'conntrack in inet, br_netfilter off again' through
exit $failed
