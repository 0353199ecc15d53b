#!/bin/bash
# payload: lab rk [OPTIONS] proofs/rk-mode-rows.sh TREE "$(lab ovs)" MODES - TREE has package.json, dist with nic.cjs,
# native/build/Release/okeanid.node, node_modules; the file MODES has words of dist/test/lab/proofs/modes.js
set -eu
cp -a ovs/. /
ln -sf /usr/lib/openvswitch-switch/ovs-vswitchd /usr/sbin/ # its package does it when it is installed
modprobe -a nf_conntrack_bridge openvswitch 8021q
cd tree
# shellcheck disable=SC2046 # words
exec node dist/test/lab/proofs/mode-rows.js $(cat ../modes)
