#!/bin/bash
# payload: lab rk [OPTIONS] proofs/rk-firewall.sh TREE - TREE has package.json, dist, native/build/Release/okeanid.node
set -eu
cd tree
exec node dist/test/lab/proofs/rk-firewall.js
