#!/usr/bin/env bash
# What a team would build instead for its API: PostGraphile over PostgreSQL with its durable defaults, measured by the
# load generator of `cargo bench --profile dev --bench http`. Needs node, npm and PostgreSQL's programs (initdb, pg_ctl,
# psql; on Debian: apt-get install postgresql). Data and packages are in a folder that is removed.
#
#   benches/postgraphile.sh            COUPONS=200000 unless you set it; more arguments go to the benchmark (--quick)
set -euo pipefail

COUPONS=${COUPONS:-200000}
# Version 5 needs a newer node than is commonly there.
POSTGRAPHILE=4.14.1
newest=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
[ -d "$newest" ] && PATH=$newest:$PATH
for program in initdb pg_ctl psql node npm cargo; do
    command -v "$program" > /dev/null || { echo "postgraphile.sh needs $program" >&2; exit 1; }
done

project=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d "${TMPDIR:-/var/tmp}/scrip-postgraphile.XXXXXX")
as=()
if [ "$(id -u)" = 0 ]; then
    # PostgreSQL does not run as root.
    chown postgres "$work"
    as=(runuser -u postgres --)
fi
cd "$work"
run() { "${as[@]}" env PATH="$PATH" PGHOST="$work" PGUSER=postgres PGDATABASE=postgres "$@"; }
gateway=
cleanup() {
    [ -n "$gateway" ] && kill "$gateway" 2> /dev/null
    run pg_ctl -D "$work/data" stop -m immediate > /dev/null 2>&1
    rm -rf "$work"
}
trap cleanup EXIT

run initdb -D data -U postgres --auth=trust > /dev/null
run pg_ctl -D data -w -o "-k $work -c listen_addresses='' -c max_connections=100" -l log start > /dev/null
run psql -qAt -v ON_ERROR_STOP=1 -v coupons="$COUPONS" > /dev/null << 'SQL'
CREATE SCHEMA api;
SET search_path = api;
CREATE TABLE coupon (id bigserial PRIMARY KEY, pool int NOT NULL, code text NOT NULL UNIQUE, type text NOT NULL DEFAULT 'PERCENTAGE',
    value numeric NOT NULL DEFAULT 10, currency text, status text NOT NULL DEFAULT 'UNASSIGNED', customer text, claimed_at timestamptz,
    expires_at timestamptz, version int NOT NULL DEFAULT 0);
CREATE INDEX free ON coupon (pool, id) WHERE status = 'UNASSIGNED';
CREATE TABLE event (id bigserial PRIMARY KEY, coupon bigint NOT NULL, customer text, kind text NOT NULL, at timestamptz NOT NULL);
CREATE FUNCTION claim(of_pool int, by_customer text) RETURNS coupon LANGUAGE sql VOLATILE AS $$
    WITH free AS (SELECT id FROM api.coupon WHERE pool = of_pool AND status = 'UNASSIGNED' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED),
        claimed AS (UPDATE api.coupon SET status = 'CLAIMED', customer = by_customer, claimed_at = now(), version = version + 1
            FROM free WHERE coupon.id = free.id RETURNING coupon.*),
        told AS (INSERT INTO api.event (coupon, customer, kind, at) SELECT id, customer, 'COUPON_CLAIM', now() FROM claimed)
    SELECT * FROM claimed
$$;
INSERT INTO coupon (pool, code) SELECT 1, 'BENCH-' || lpad(i::text, 8, '0') FROM generate_series(0, :coupons - 1) i;
ANALYZE;
SQL
npm install --prefix "$work/node" --no-audit --no-fund --loglevel=error "postgraphile@$POSTGRAPHILE" > /dev/null
(cd node && exec env PGHOST="$work" PGUSER=postgres PGDATABASE=postgres NODE_ENV=production GRAPHILE_TURBO=1 \
    node_modules/.bin/postgraphile -c "socket://postgres@$work/?db=postgres" -s api -n 127.0.0.1 -p 0 \
    --disable-query-log --max-pool-size 20 --no-setof-functions-contain-nulls) > said 2>&1 &
gateway=$!
for _ in $(seq 300); do
    address=$(sed -n 's|.*http://\([0-9a-z.]*:[0-9]*\).*|\1|p' said | head -n 1)
    [ -n "$address" ] && break
    sleep 0.1
done
[ -n "$address" ] || { cat said >&2; exit 1; }
printf 'PostGraphile %s, PostgreSQL %s\n' "$POSTGRAPHILE" "$(run psql -qAt -c 'SHOW server_version')"
lookup='{"query":"query Coupon($code: String!) { couponByCode(code: $code) { id code status type value currency expiresAt version } }","variables":{"code":"BENCH-########"}}'
claim='{"query":"mutation Claim($input: ClaimInput!) { claim(input: $input) { coupon { id code status claimedAt } } }","variables":{"input":{"ofPool":1,"byCustomer":"customer-########"}}}'
(cd "$project" && cargo bench --profile dev --bench http -- --url "$address" --coupons "$COUPONS" --lookup "$lookup" --claim "$claim" "$@")
