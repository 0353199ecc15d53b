#!/bin/bash
# payload: lab rk proofs/node-nfq.sh "$(lab nfqdhcp)" - nft's queue in the bridge family, with the nodes' whole userland
set -eu
ip netns add g
ip link add br0 type bridge forward_delay 0
ip link set br0 up
ip link add tap0 type veth peer name eth0 netns g
ip link set tap0 master br0 up
ip -n g link set eth0 up
nft add table bridge t
nft 'add chain bridge t p { type filter hook prerouting priority -300; }'
nft 'add rule bridge t p iifname "tap*" udp dport 67 counter queue flags bypass to 42'
./nfqdhcp -q 42 "$(ip -n g -br link show eth0 | awk '{print $3}')=192.0.2.77/24,192.0.2.1" &
for _ in {1..50}; do
  ! grep -q '^ *42 ' /proc/net/netfilter/nfnetlink_queue || break
  sleep 0.1
done
ip netns exec g dhclient -1 -v eth0 2>&1 | tail -n 3
ip netns exec g ip -br a show eth0 | grep 192.0.2.77
