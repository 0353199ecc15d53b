#!/bin/bash
# payload: lab rk [OPTIONS] proofs/rk-queueing.sh TREE - TREE has package.json, dist, native/build/Release/okeanid.node
set -eu
cd tree
exec node dist/test/lab/proofs/rk-queueing.js "$(cat ../mode 2>/dev/null || true)"
