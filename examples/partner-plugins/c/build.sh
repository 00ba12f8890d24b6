#!/bin/sh
# Builds minimum-items-c.wasm: a core module that carries the contract. Takes clang and wasm-ld where they are
# installed, and otherwise unpacks Debian's beside the system (see plugins/toolchain.sh).
set -eu
cd "$(dirname "$0")"

if ! command -v clang >/dev/null || ! command -v wasm-ld >/dev/null; then
  export SCRIP_TOOLCHAIN=none
  # shellcheck source=../../../plugins/toolchain.sh
  . ../../../plugins/toolchain.sh
  tools=$SCRIP_WASM/clang
  if ! [ -x "$tools/bin/wasm-ld" ]; then
    scrip_can_fetch || { scrip_say "no clang and wasm-ld: install the packages clang and lld"; exit 1; }
    scrip_unpack clang "$(scrip_newest clang)" "$(scrip_newest lld)"
    (cd "$tools" && ls usr/lib/llvm-*/bin/clang usr/lib/llvm-*/bin/wasm-ld) | while read -r program; do
      scrip_wrap clang "$program"
    done
  fi
  PATH=$tools/bin:$PATH
fi

objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT
for source in src/minimum_items.c src/tiny.c generated/restriction.c; do
  # stdlib.h and string.h are those in src: no C library is needed.
  clang --target=wasm32 -std=c11 -Wall -Wextra -Werror -Os -flto -ffreestanding -mbulk-memory -Isrc \
    -c "$source" -o "$objects/$(basename "$source" .c).o"
done
wasm-ld --no-entry --gc-sections --strip-all --lto-O2 -z stack-size=65536 -o minimum-items-c.wasm \
  "$objects"/*.o generated/restriction_component_type.o
echo "minimum-items-c.wasm: $(($(wc -c <minimum-items-c.wasm))) bytes"
