#!/bin/sh
# Builds minimum-items-cpp.wasm with the C++ compiler and library of Zig, which PyPI has (ziglang). Its library imports
# WASI; `scrip plugin pack` gives it a stub.
set -eu
cd "$(dirname "$0")"
# shellcheck source=../tools.sh
. ../tools.sh

mkdir -p build
zig cc -target wasm32-wasi -Os -c ../c/generated/restriction.c -o build/restriction.o
# A stack of 256 KiB: 16 MiB, which is Zig's choice, is all the memory that a plugin has unless it asks for more.
zig c++ -target wasm32-wasi -mexec-model=reactor -std=c++20 -Os -fno-exceptions -Wl,-z,stack-size=262144 -Wall -Wextra \
  src/minimum_items.cpp build/restriction.o ../c/generated/restriction_component_type.o -o build/module.wasm -s
scrip plugin pack build/module.wasm
