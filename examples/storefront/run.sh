#!/usr/bin/env bash
# Starts Scrip and the shop on free ports and does what the page does. The binary is the argument. Needs node 20, bash
# and curl.
set -euo pipefail

binary=$(realpath "${1:?name the binary, such as target/debug/scrip}")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'kill $(jobs -p) 2> /dev/null || true; wait; rm -rf "$work"' EXIT

# wait_for FILE WORDS: the rest of the line in the file that begins with the words.
wait_for() {
    local line
    for _ in $(seq 300); do
        line=$(grep -m 1 "$2" "$1" 2> /dev/null) && { printf '%s' "${line#*"$2"}"; return; }
        sleep 0.1
    done
    cat "$1" >&2
    return 1
}

cd "$work"
export SCRIP_ADMIN_KEY=admin-key-of-the-storefront
# The shop's port is known before the gateway starts, which has to be told of its origin.
port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
"$binary" --listen 127.0.0.1:0 --database mem:// --origins "http://localhost:$port" > scrip.log 2>&1 &
url=$(wait_for scrip.log 'Scrip listens on ')
url=${url%% *}
made=$(curl --silent --fail "$url/graphql" --header "Authorization: Bearer $SCRIP_ADMIN_KEY" --header 'Content-Type: application/json' \
    --data '{"query":"mutation { apiKeyCreate(input: {name: \"shop\", role: SERVICE}) { secret } }"}')
key=$(sed 's/.*"secret":"\([^"]*\)".*/\1/' <<< "$made")
SCRIP_URL=$url SCRIP_KEY=$key PORT=$port node "$here/server.mjs" > shop.log 2>&1 &
wait_for shop.log 'The shop is at ' > /dev/null
SCRIP_URL=$url ADMIN_KEY=$SCRIP_ADMIN_KEY SHOP_URL=http://localhost:$port node "$here/check.mjs"
