# shellcheck shell=sh
# What cargo needs to build a plugin for wasm32-unknown-unknown, found or fetched. To be sourced:
#
#   . plugins/toolchain.sh
#   cargo build --release --target wasm32-unknown-unknown $SCRIP_CARGO_ARGS
#
# or run, `sh plugins/toolchain.sh`, which prints NAME=VALUE lines for other programs to set. A value may
# hold the byte 0x1f, none holds the end of a line. Messages go to stderr.
#
# It takes the installed toolchain where that has the target, or where rustup can add it; otherwise it
# builds the standard library from Debian's source. Those packages conflict with rustup's, so they are
# unpacked beside the system, under SCRIP_WASM (${XDG_CACHE_HOME:-~/.cache}/scrip-wasm). SCRIP_TOOLCHAIN=debian
# takes them even where rustup could do it, SCRIP_TOOLCHAIN=none leaves it at the functions below.

SCRIP_WASM=${SCRIP_WASM:-${XDG_CACHE_HOME:-$HOME/.cache}/scrip-wasm}
SCRIP_CARGO_ARGS=

scrip_say() { printf 'toolchain: %s\n' "$*" >&2; }

# Whether the rustc that is used has the standard library for the target.
scrip_has_target() {
  if [ "${SCRIP_TOOLCHAIN:-}" = debian ]; then return 1; fi
  libdir=$("${RUSTC:-rustc}" --print target-libdir --target wasm32-unknown-unknown 2>/dev/null) &&
    ls "$libdir"/libstd-*.rlib >/dev/null 2>&1
}

scrip_add_target() {
  if [ "${SCRIP_TOOLCHAIN:-}" = debian ] || ! command -v rustup >/dev/null; then return 1; fi
  scrip_say "adding wasm32-unknown-unknown with rustup"
  if command -v timeout >/dev/null; then set -- timeout 120; else set --; fi
  "$@" rustup target add wasm32-unknown-unknown >&2 || return 1
  scrip_has_target
}

# The newest package of a name with a number, `scrip_newest lld` is lld-22.
scrip_newest() { apt-cache --names-only search "^$1-[0-9]+\$" | cut -d' ' -f1 | sort -t- -k2 -n | tail -n 1; }

scrip_depends() { apt-cache depends --important "$1" | sed -n 's/^ *Depends: \([^<]*\)$/\1/p'; }

# The named packages, and the libraries below them that are the compiler's own or not installed.
scrip_closure() {
  for package in "$@"; do
    echo "$package"
    for below in $(scrip_depends "$package"); do
      case $below in
      libstd-rust-* | libllvm* | libclang*) scrip_closure "$below" ;;
      libz3-* | libedit* | libxml2* | libffi* | libzstd* | libicu* | libbsd* | libmd*)
        dpkg -s "$below" >/dev/null 2>&1 || scrip_closure "$below"
        ;;
      esac
    done
  done
}

# Unpacks Debian packages, with the libraries they need, under $SCRIP_WASM/$1.
scrip_unpack() {
  folder=$SCRIP_WASM/$1
  shift
  rm -rf "$folder.part"
  mkdir -p "$folder.part/debs"
  for package in $(scrip_closure "$@" | sort -u); do
    scrip_say "fetching $package"
    (cd "$folder.part/debs" && apt-get download -q -o APT::Sandbox::User=root "$package") >&2 || return 1
  done
  for deb in "$folder.part"/debs/*.deb; do dpkg -x "$deb" "$folder.part" || return 1; done
  rm -rf "$folder.part/debs" "$folder"
  mv "$folder.part" "$folder"
}

# A program of an unpacked package, with its own libraries: `scrip_wrap debian usr/bin/rustc`.
scrip_wrap() {
  root=$SCRIP_WASM/$1
  mkdir -p "$root/bin"
  libraries=$(echo "$root"/usr/lib/*-linux-gnu*)
  cat >"$root/bin/${2##*/}" <<WRAPPER
#!/bin/sh
LD_LIBRARY_PATH='$libraries'\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH} exec '$root/$2' "\$@"
WRAPPER
  chmod +x "$root/bin/${2##*/}"
}

scrip_can_fetch() {
  if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then return 1; fi
  if [ "$(id -u)" = 0 ]; then apt-get update -q >&2; else sudo -n apt-get update -q >&2; fi ||
    scrip_say "the package lists could not be brought up to date: going on with those that are here"
}

scrip_debian() {
  root=$SCRIP_WASM/debian
  if ! [ -x "$root/bin/rustc" ]; then
    scrip_can_fetch || return 1
    scrip_unpack debian rustc-web rust-web-src libstd-rust-web-dev "$(scrip_newest lld)" || return 1
    linker=$(cd "$root" && ls usr/lib/llvm-*/bin/wasm-ld) || return 1
    scrip_wrap debian "$linker" && scrip_wrap debian usr/bin/rustc
  fi
  RUSTC=$root/bin/rustc
  RUSTC_BOOTSTRAP=1
  CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$root/bin/wasm-ld
  SCRIP_CARGO_ARGS=-Zbuild-std=std,panic_abort
  export RUSTC RUSTC_BOOTSTRAP CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER
}

scrip_hide() {
  if [ -n "$1" ]; then
    CARGO_ENCODED_RUSTFLAGS=${CARGO_ENCODED_RUSTFLAGS:+$CARGO_ENCODED_RUSTFLAGS$(printf '\037')}--remap-path-prefix=$1=$2
  fi
}

# No path of this machine in what is built from folder $1, and the same bytes wherever that is.
scrip_remap() {
  sysroot=$("${RUSTC:-rustc}" --print sysroot) || return 1
  std=$sysroot/lib/rustlib/src/rust
  registries=${CARGO_HOME:-$HOME/.cargo}/registry/src
  # The folder's name in which crates are unpacked depends on where they come from.
  if ! ls -d "$registries"/*/ >/dev/null 2>&1; then (cd "$1" && cargo fetch --quiet) >&2; fi
  CARGO_ENCODED_RUSTFLAGS=
  # Where several match, the last counts.
  scrip_hide "$HOME" /home
  scrip_hide "$sysroot" /rust
  scrip_hide "$std" /rust/src
  if [ -d "$std" ]; then scrip_hide "$(cd "$std" && pwd -P)" /rust/src; fi
  for registry in "$registries"/*/; do
    if [ -d "$registry" ]; then scrip_hide "${registry%/}" /crates; fi
  done
  scrip_hide "$1" /plugins
  export CARGO_ENCODED_RUSTFLAGS
}

scrip_toolchain() {
  if ! command -v cargo >/dev/null; then
    scrip_say "no cargo: install Rust first"
    return 1
  fi
  if ! scrip_has_target && ! scrip_add_target && ! scrip_debian; then
    scrip_say "no toolchain for wasm32-unknown-unknown: install it with 'rustup target add wasm32-unknown-unknown',"
    scrip_say "or, on Debian, make 'apt-get update' work and try again"
    return 1
  fi
  scrip_remap "${SCRIP_PLUGINS:-$PWD}" || return 1
  export SCRIP_CARGO_ARGS
}

# shellcheck disable=SC2317 # `return` fails where this is run, not sourced
if [ "${SCRIP_TOOLCHAIN:-}" != none ]; then scrip_toolchain || { return 1 2>/dev/null || exit 1; }; fi
case ${0##*/} in
toolchain.sh)
  env | grep -E '^(RUSTC|RUSTC_BOOTSTRAP|CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER|CARGO_ENCODED_RUSTFLAGS|SCRIP_CARGO_ARGS)='
  ;;
esac
