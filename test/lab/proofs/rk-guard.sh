#!/bin/bash
# payload: lab rk [OPTIONS] proofs/rk-guard.sh TREE dist/test/attacks dist/test/nic - TREE has package.json and dist
set -eu
cp -a attacks nic tree/dist/test/
cd tree
exec node dist/test/lab/proofs/rk-guard.js
