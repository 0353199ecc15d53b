#!/bin/bash
# payload: lab rk [OPTIONS] proofs/rk-packets.sh TREE - TREE has package.json, dist, native/build/Release/okeanid.node
set -eu
cd tree
exec node dist/test/lab/proofs/rk-packets.js
