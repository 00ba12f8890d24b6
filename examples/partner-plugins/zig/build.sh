#!/bin/sh
# Builds minimum-items-zig.wasm with Zig, which PyPI has (ziglang).
set -eu
cd "$(dirname "$0")"
# shellcheck source=../tools.sh
. ../tools.sh

mkdir -p build
# A stack of 256 KiB: 16 MiB, which is Zig's choice, is all the memory that a plugin has unless it asks for more.
zig build-exe -target wasm32-wasi -mexec-model=reactor -O ReleaseSmall -fno-entry -rdynamic --stack 262144 -lc -I../c/generated \
  src/main.zig ../c/generated/restriction.c ../c/generated/restriction_component_type.o \
  -femit-bin=build/module.wasm --cache-dir build/cache
scrip plugin pack build/module.wasm
