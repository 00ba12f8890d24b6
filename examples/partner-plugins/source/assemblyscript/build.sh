#!/bin/sh
# Builds partner-codes-assemblyscript.wasm. Needs node and npm.
set -eu
cd "$(dirname "$0")"

npm ci --no-audit --no-fund --silent
mkdir -p build
# No runtime that collects: memory goes with the call. abort is our own, so that nothing is imported.
node_modules/.bin/asc assembly/index.ts --optimize --runtime stub --use abort=assembly/index/abort \
  -o build/plain.wasm
# The contract's name of the function, which is none that AssemblyScript can write.
node rename.mjs build/plain.wasm build/module.wasm
scrip plugin pack build/module.wasm
