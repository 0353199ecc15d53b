#!/bin/bash
# payload: lab rk [OPTIONS] proofs/rk-nic-modes.sh TREE "$(lab ovs)" - TREE has package.json, dist, native/build/Release/okeanid.node
set -eu
cp -a ovs/. /
ln -sf /usr/lib/openvswitch-switch/ovs-vswitchd /usr/sbin/ # its package does it when it is installed
cd tree
cp dist/test/lab/proofs/nic.cjs dist/test/lab/proofs/nic-* dist/ # script and bytecode beside it; the addon is looked for from there
exec node dist/test/lab/proofs/rk-nic-modes.js
