#!/usr/bin/env bash
# Outside suites against the binary: tests/npm/run.sh BINARY. Needs node and npm.
set -euo pipefail
binary=$(realpath "$1")
cd "$(dirname "$0")"
work=$(mktemp -d)
key=scrip_suite_$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
trap 'kill "$gateway" 2>/dev/null || true; rm -rf "$work"' EXIT
cp package.json package-lock.json ./*.mjs "$work"
npm ci --prefix "$work" --no-audit --no-fund --loglevel=error
SCRIP_ADMIN_KEY=$key "$binary" serve --listen 127.0.0.1:0 --database mem:// --log warn 2> "$work/said" &
gateway=$!
for _ in $(seq 100); do
    url=$(sed -n 's|^Scrip listens on \(http://[^ ]*\).*|\1|p' "$work/said")
    [ -n "$url" ] && break
    sleep 0.1
done
[ -n "$url" ] || { cat "$work/said" >&2; exit 1; }
node "$work/audit.mjs" "$url/graphql" "$key"
node "$work/streams.mjs" "$binary" "$work"
