#!/bin/sh
# Builds partner-codes-typescript.wasm: checked by TypeScript, made a component with the SpiderMonkey engine inside by
# componentize-js. The engine imports WASI; `scrip plugin pack` gives it a stub. Needs node and npm.
set -eu
cd "$(dirname "$0")"

npm ci --no-audit --no-fund --silent
mkdir -p build
node_modules/.bin/tsc --strict --target es2022 --module es2022 --moduleResolution bundler --lib es2022 --outDir build \
  partner-codes.ts host.d.ts
node_modules/.bin/componentize-js build/partner-codes.js --wit ../../../../plugins/wit/1.0.0 --world-name source \
  --disable http --disable fetch-event --out build/component.wasm >/dev/null
scrip plugin pack build/component.wasm
