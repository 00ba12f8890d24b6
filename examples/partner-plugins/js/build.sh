#!/bin/sh
# Builds minimum-items-js.wasm: a component with the QuickJS engine inside, which imports nothing but the
# contract. Needs node and npm; installs componentize-qjs from npm beside this script.
set -eu
cd "$(dirname "$0")"

npm ci --no-audit --no-fund --silent
# --stub-wasi: the sandbox has no WASI; --sync: and calls are plain calls.
node_modules/.bin/componentize-qjs --wit ../../../plugins/wit/1.0.0 --world restriction --js minimum-items.js \
  --stub-wasi --sync --minify --opt-size --output minimum-items-js.wasm >/dev/null
echo "minimum-items-js.wasm: $(($(wc -c <minimum-items-js.wasm))) bytes"
