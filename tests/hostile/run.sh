#!/usr/bin/env bash
# Hostile plugins in JavaScript, Python and Go: tests/hostile/run.sh BINARY. Each is skipped where its tools are not here.
set -euo pipefail
binary=$(realpath "$1")
cd "$(dirname "$0")"
examples=$(realpath ../../examples/partner-plugins)
wit=$(realpath ../../plugins/wit/1.0.0)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Packs a component, and runs its fixtures.
try() {
  (cd "$1" && "$binary" plugin pack "$work/$1.wasm" >/dev/null)
  "$binary" plugin test "$1" >"$work/test.log" 2>/dev/null || { cat "$work/test.log" >&2; exit 1; }
  echo "hostile $1: $(tail -1 "$work/test.log")"
}

if command -v npm >/dev/null; then
  tools=$examples/typescript
  [ -d "$tools/node_modules" ] || (cd "$tools" && npm ci --no-audit --no-fund --silent)
  "$tools/node_modules/.bin/componentize-js" javascript/hostile.js --wit "$wit" --world-name restriction \
    --disable http --disable fetch-event --out "$work/javascript.wasm" >/dev/null
  try javascript
else
  echo "hostile javascript: skipped, no npm here"
fi
if command -v python3 >/dev/null; then
  # shellcheck source=../../examples/partner-plugins/tools.sh
  . "$examples/tools.sh"
  python_tool componentize-py 0.25.1
  (cd python && componentize-py --wit-path "$wit" --world restriction componentize app -o "$work/python.wasm" >/dev/null)
  try python
  (cd go && wasm_go build -buildmode=c-shared -trimpath -ldflags='-s -w' -o "$work/go.wasm" .)
  try go
else
  echo "hostile python, go: skipped, no python3 here"
fi
