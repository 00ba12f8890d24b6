#!/usr/bin/env bash
# Builds the example in each language from its source, tests it with the same fixtures, and has a gateway load it and a
# pool bind it: run.sh BINARY [LANGUAGE...]. A language whose tools are not here is skipped, and that is told.
# Needs curl; python3 brings Python, C++ and Zig (by PyPI), node and npm bring the others.
set -euo pipefail
binary=$(realpath "$1")
shift
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- c cpp zig assemblyscript go js typescript python source/assemblyscript source/go source/typescript source/python
work=$(mktemp -d)
gateway=
# The gateway writes to the folder until it has ended.
trap 'if [ -n "$gateway" ]; then kill "$gateway" 2>/dev/null || true; wait "$gateway" || true; fi; rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/plugins"
ln -s "$binary" "$work/bin/scrip"
export PATH=$work/bin:$PATH

# What a language's build needs.
needs() {
  case $1 in
  c) ;;
  cpp | zig | *python | *go) echo python3 ;;
  *) echo npm ;;
  esac
}

built=()
for language in "$@"; do
  tool=$(needs "$language")
  if [ -n "$tool" ] && ! command -v "$tool" >/dev/null; then
    echo "$language: skipped, no $tool here"
    continue
  fi
  began=$SECONDS
  # C is kept built: its compiler is the one that others bring.
  if [ "$language" != c ] && ! "$language/build.sh" >"$work/build.log" 2>&1; then
    cat "$work/build.log" >&2
    exit 1
  fi
  took=$((SECONDS - began))
  scrip plugin test "$language" >"$work/test.log" || { cat "$work/test.log" >&2; exit 1; }
  id=$(sed -n 's/^id = "\(.*\)"$/\1/p' "$language/plugin.toml")
  size=$(wc -c <"$language/$id.wasm")
  echo "$language: built in $took s, $((size / 1024)) KiB, $(tail -1 "$work/test.log")"
  mkdir "$work/plugins/$id"
  cp "$language/plugin.toml" "$language/$id.wasm" "$work/plugins/$id"
  built+=("$id")
done

key=scrip_example_$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
# What the tests have compiled is good for the gateway too.
mkdir -m 700 "$work/data.plugins"
cp "${XDG_CACHE_HOME:-$HOME/.cache}"/scrip/plugins/*.cwasm "$work/data.plugins"
: >"$work/said"
SCRIP_ADMIN_KEY=$key scrip serve --listen 127.0.0.1:0 --database "surrealkv://$work/data" --plugins "$work/plugins" --log warn 2>"$work/said" &
gateway=$!
url=
for _ in $(seq 100); do
  url=$(sed -n 's|^Scrip listens on \(http://[^ ]*\).*|\1|p' "$work/said")
  [ -n "$url" ] && break
  sleep 0.1
done
[ -n "$url" ] || { cat "$work/said" >&2; exit 1; }
ask() { curl -sS "$url/graphql" -H "authorization: Bearer $key" -H 'content-type: application/json' -d "$1"; }

for id in "${built[@]}"; do
  case $id in
  minimum-items-*) binding="source: GENERATED, pattern: \\\"$id-####\\\", checks: [{plugin: \\\"$id\\\", config: {items: 3}}]" ;;
  *) binding="source: REMOTE, remote: {plugin: \\\"$id\\\", config: {campaign: \\\"spring\\\"}}" ;;
  esac
  create="mutation { poolCreate(input: {name: \\\"$id\\\", type: PERCENTAGE, value: \\\"10\\\", $binding}) { pool { id } userErrors { code message } } }"
  answer=
  # An engine of some MB is compiled first.
  for _ in $(seq 60); do
    answer=$(ask "{\"query\":\"$create\"}")
    case $answer in *"is being loaded"*) sleep 2 ;; *) break ;; esac
  done
  case $answer in *'"pool":{"id"'*) echo "$id: bound to a pool" ;; *) echo "$id: $answer" >&2; exit 1 ;; esac
done
