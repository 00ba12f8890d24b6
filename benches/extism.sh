#!/usr/bin/env bash
# What one would build plugins with instead: a check through Scrip's host, and then the same through the crate `extism`.
# Needs cargo alone; plugins/toolchain.sh finds or fetches the target wasm32-unknown-unknown. The first build of extism
# takes five to ten minutes.
#
#   benches/extism.sh            arguments go to both benchmarks (--quick)
set -euo pipefail

cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
# In a shell of its own: what the toolchain sets is for the guest alone.
(
    cd benches/extism
    # shellcheck source=../plugins/toolchain.sh
    . ../../plugins/toolchain.sh
    # shellcheck disable=SC2086 # several arguments, or none
    cargo build --locked --release --target wasm32-unknown-unknown -p scrip-extism-guest $SCRIP_CARGO_ARGS
)
# Its wasmtime asks for a newer Rust than Scrip does, and is built with Scrip's all the same.
cargo build --locked --ignore-rust-version --manifest-path benches/extism/Cargo.toml
cargo bench --profile dev --bench plugins -- "$@"
"$CARGO_TARGET_DIR/debug/scrip-extism" "$CARGO_TARGET_DIR/wasm32-unknown-unknown/release/scrip_extism_guest.wasm" "$@"
