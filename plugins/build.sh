#!/bin/sh
# Builds the shipped plugins: plugins/build.sh [ID...], all of them where none is named. Each becomes
# plugins/ID/ID.wasm, a core module that carries the contract and the digest of its sources.
# Needs cargo and a C compiler for it; toolchain.sh finds or fetches the rest.
set -eu
cd "$(dirname "$0")"

[ $# -gt 0 ] || set -- http-callback first-purchase weekdays-and-hours customer-segment
# shellcheck source=toolchain.sh
. ./toolchain.sh
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$SCRIP_WASM/target}"

sha256() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d' ' -f1; }

# The digest of what a plugin is made from: for each file, in the byte order of their paths, the path, a zero
# byte, the file's length in decimal, a zero byte, and its content.
sources() {
  find "$1/Cargo.toml" "$1/src" sdk/Cargo.toml sdk/src wit Cargo.toml Cargo.lock -type f | LC_ALL=C sort |
    while IFS= read -r file; do
      printf '%s\0%d\0' "$file" "$(wc -c <"$file")"
      cat "$file"
    done | sha256
}

for id in "$@"; do
  # shellcheck disable=SC2086 # several arguments, or none
  cargo build --locked --release --target wasm32-unknown-unknown -p "$id" $SCRIP_CARGO_ARGS
  built=$CARGO_TARGET_DIR/wasm32-unknown-unknown/release/$(echo "$id" | tr - _).wasm
  # A custom section: its kind (0), the length of what follows (78), the name's length (13), name and digest.
  { cat "$built" && printf '\000\116\015scrip-sources%s' "$(sources "$id")"; } >"$id/$id.wasm.part"
  mv "$id/$id.wasm.part" "$id/$id.wasm"
  echo "$id/$id.wasm: $(($(wc -c <"$id/$id.wasm"))) bytes"
done
