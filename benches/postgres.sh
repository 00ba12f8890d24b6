#!/usr/bin/env bash
# What a team would build instead: a table of coupons and one of events in PostgreSQL, with its durable
# defaults, measured on this machine beside `cargo bench --profile dev`. Needs PostgreSQL's programs (initdb,
# pg_ctl, psql, pgbench; on Debian: apt-get install postgresql). The data is in a folder that is removed.
#
#   benches/postgres.sh            CODES=1000000 and SECONDS_EACH=5 unless you set them
set -euo pipefail

CODES=${CODES:-1000000}
SECONDS_EACH=${SECONDS_EACH:-5}
newest=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
[ -d "$newest" ] && PATH=$newest:$PATH
for program in initdb pg_ctl psql pgbench; do
    command -v "$program" > /dev/null || { echo "postgres.sh needs $program: install PostgreSQL" >&2; exit 1; }
done

work=$(mktemp -d "${TMPDIR:-/var/tmp}/scrip-postgres.XXXXXX")
as=()
if [ "$(id -u)" = 0 ]; then
    # PostgreSQL does not run as root.
    chown postgres "$work"
    as=(runuser -u postgres --)
fi
cd "$work"
run() { "${as[@]}" env PATH="$PATH" PGHOST="$work" PGUSER=postgres PGDATABASE=postgres "$@"; }
trap 'run pg_ctl -D "$work/data" stop -m immediate > /dev/null 2>&1 || true; rm -rf "$work"' EXIT

row() { printf '%-58s %14s\n' "$1" "$2"; }
# timed WORDS NUMBER SQL: how many a second a statement does.
timed() {
    local start end
    start=$(date +%s%N)
    run psql -qAt -v ON_ERROR_STOP=1 -c "$3" > /dev/null
    end=$(date +%s%N)
    row "$1" "$(awk -v n="$2" -v t=$((end - start)) 'BEGIN { printf "%.0f /s", n / t * 1e9 }')"
}

run initdb -D data -U postgres --auth=trust > /dev/null
run pg_ctl -D data -w -o "-k $work -c listen_addresses='' -c max_connections=100" -l log start > /dev/null
run psql -qAt -v ON_ERROR_STOP=1 > /dev/null << 'SQL'
CREATE TABLE coupon (id bigserial PRIMARY KEY, pool int NOT NULL, code text NOT NULL UNIQUE,
    status smallint NOT NULL DEFAULT 0, customer text, claimed_at timestamptz, version int NOT NULL DEFAULT 0);
CREATE INDEX free ON coupon (pool, id) WHERE status = 0;
CREATE TABLE event (id bigserial PRIMARY KEY, coupon bigint NOT NULL, customer text, kind text NOT NULL, at timestamptz NOT NULL);
SQL
printf 'version: %s\n' "$(run psql -qAt -c 'SHOW server_version')"
timed "generating $CODES random codes" "$CODES" \
    "INSERT INTO coupon (pool, code) SELECT 1, upper(substr(md5(random()::text || i), 1, 16)) FROM generate_series(1, $CODES) i ON CONFLICT DO NOTHING"
timed "exporting them as CSV" "$CODES" "COPY (SELECT code, status, customer, claimed_at FROM coupon ORDER BY id) TO STDOUT CSV"
cat > claim.sql << 'SQL'
\set customer random(1, 1000000)
BEGIN;
WITH free AS (SELECT id FROM coupon WHERE pool = 1 AND status = 0 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED),
    claimed AS (UPDATE coupon SET status = 1, customer = 'customer-' || :customer, claimed_at = now(), version = version + 1
        FROM free WHERE coupon.id = free.id RETURNING coupon.id, coupon.customer)
INSERT INTO event (coupon, customer, kind, at) SELECT id, customer, 'COUPON_CLAIM', now() FROM claimed;
COMMIT;
SQL
for clients in 1 16 64; do
    said=$(run pgbench -n -M prepared -c "$clients" -j 2 -T "$SECONDS_EACH" -f claim.sql 2>&1)
    if [ "$clients" = 1 ]; then
        row "claims, 1 at once, mean" "$(awk '/latency average/ { printf "%.0f us", $4 * 1000 }' <<< "$said")"
    else
        row "claims, $clients at once" "$(awk '/^tps/ { printf "%.0f /s", $3 }' <<< "$said")"
    fi
done
