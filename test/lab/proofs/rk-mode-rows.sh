#!/bin/bash
# payload: lab rk [OPTIONS] proofs/rk-mode-rows.sh TREE - TREE has package.json, dist, native/build/Release/okeanid.node, node_modules
set -eu
cd tree
modprobe nf_conntrack_bridge
exec node dist/test/lab/proofs/mode-rows.js bridged
