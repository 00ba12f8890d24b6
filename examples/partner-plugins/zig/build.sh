#!/bin/sh
# Builds minimum-items-zig.wasm with Zig, which PyPI has (ziglang).
set -eu
cd "$(dirname "$0")"
# shellcheck source=../tools.sh
. ../tools.sh

mkdir -p build
# The bindings free what they are given; nothing here is handed back to them, because memory goes with the call.
zig build-exe -target wasm32-wasi -mexec-model=reactor -O ReleaseSmall -fno-entry -rdynamic -lc -I../c/generated \
  src/main.zig ../c/generated/restriction.c ../c/generated/restriction_component_type.o \
  -femit-bin=build/module.wasm --cache-dir build/cache
scrip plugin pack build/module.wasm
