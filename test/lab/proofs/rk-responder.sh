#!/bin/bash
# payload: lab rk [OPTIONS] proofs/rk-responder.sh TREE - TREE has package.json, dist, native/build/Release/okeanid.node, node_modules
set -eu
cd tree
exec node dist/test/lab/proofs/rk-responder.js
