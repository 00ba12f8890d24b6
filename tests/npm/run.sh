#!/usr/bin/env bash
# Outside suites against the binary: tests/npm/run.sh BINARY. Needs node and npm.
set -euo pipefail
binary=$(realpath "$1")
cd "$(dirname "$0")"
work=$(mktemp -d)
key=scrip_suite_$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
trap 'kill "$gateway" 2>/dev/null || true; wait "$gateway" || true; rm -rf "$work"' EXIT
cp -r package.json package-lock.json relay.config.json relay ./*.mjs "$work"
"$binary" schema > "$work/schema.graphql"
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

cd "$work"
npx eslint --max-warnings 0 schema.graphql
echo "graphql-eslint: the schema is as it should be"
npx relay-compiler relay.config.json > relay.log || { cat relay.log >&2; exit 1; }
echo "relay-compiler: $(find relay/__generated__ -name '*.graphql.js' | wc -l) artifacts"

# What the comparison of two versions finds: nothing between equal ones, and a field that is gone.
node compare.mjs schema.graphql schema.graphql
awk '/^type Viewer /,/^}/ { if (/^\tname:/) { print "\talias: String"; next } } { print }' schema.graphql > changed.graphql
if said=$(node compare.mjs schema.graphql changed.graphql); then
    echo "compare.mjs did not find that Viewer.name is gone: $said" >&2
    exit 1
fi
grep -q 'FIELD_REMOVED: Viewer.name' <<< "$said" || { echo "$said" >&2; exit 1; }
echo "compare.mjs: names what breaks"
