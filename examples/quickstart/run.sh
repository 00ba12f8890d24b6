#!/usr/bin/env bash
# A first day with Scrip: pools of all four types, 10,000 codes, claims, a checkout, redemptions, a
# reversal, a transfer and the statistics. Each step says what it does, shows what came back, and ends
# the script where that is not what it should be. Needs bash, curl, awk and sed.
set -euo pipefail

SCRIP_URL=${SCRIP_URL:-http://127.0.0.1:8080}
SCRIP_KEY=${SCRIP_KEY:?set SCRIP_KEY to the admin key that the first start has shown}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What a coupon and what was wrong look like in the answers below.
coupon='coupon { id code status value balance expiresAt customer { externalId } }'
errors='userErrors { code field message }'

stop() {
    printf '\nThe quickstart ends here: %s\n' "$*" >&2
    exit 1
}

# post FILE: sends a request's body; the answer is in $answer.
post() {
    local status
    status=$(curl --silent --show-error --output "$work/answer" --write-out '%{http_code}' \
        --header "Authorization: Bearer $SCRIP_KEY" --header 'Content-Type: application/json' \
        --data-binary "@$1" "$SCRIP_URL/graphql") || stop "nothing answers at $SCRIP_URL: is Scrip running there?"
    answer=$(cat "$work/answer")
    [ "$status" = 200 ] || stop "HTTP status $status: $answer"
}

# ask WORDS QUERY [VARIABLES]: says what is done, sends it, shows what came back.
ask() {
    local query variables=${3:-'{}'}
    query=$(printf '%s' "$2" | sed 's/\\/\\\\/g; s/"/\\"/g')
    printf '{"query":"%s","variables":%s}' "$query" "$variables" > "$work/request"
    printf '\n== %s\n' "$1"
    post "$work/request"
    printf '%s\n' "$answer"
}

# expect TEXT: the answer has to contain it, and no error of the request itself.
expect() {
    case $answer in *'"errors"'*) stop "the request failed" ;; esac
    case $answer in *"$1"*) ;; *) stop "expected $1 in the answer" ;; esac
}

# pick NAME: the text of the first field with this name in the answer; pick 'one":{"id' goes by the path.
pick() {
    [[ $answer =~ "\"$1\":\""([^\"]*) ]] || stop "the answer has no $1"
    printf '%s' "${BASH_REMATCH[1]}"
}

# make_pool WORDS INPUT: makes a pool; its id is in $pool.
make_pool() {
    ask "$1" "mutation(\$input: PoolCreateInput!) { poolCreate(input: \$input) { pool { id name source type value } $errors } }" "{\"input\":$2}"
    expect '"userErrors":[]'
    pool=$(pick id)
}

# add_codes WORDS POOL FILE: adds the codes of a CSV file, one a row under a header.
add_codes() {
    printf '\n== %s\n' "$1"
    {
        printf '{"query":"mutation($input: CouponsAddInput!) { couponsAdd(input: $input) { added skipped { code } %s } }",' "$errors"
        printf '"variables":{"input":{"poolId":"%s","codes":[' "$2"
        awk 'NR > 1 { sub(/\r$/, ""); printf "%s\"%s\"", (NR > 2 ? "," : ""), $0 }' "$3"
        printf ']}}}'
    } > "$work/request"
    post "$work/request"
    printf '%s\n' "$answer"
}

# claim WORDS POOL CUSTOMER
claim() {
    ask "$1" "mutation(\$input: CouponClaimInput!) { couponClaim(input: \$input) { $coupon $errors } }" \
        "{\"input\":{\"poolId\":\"$2\",\"customerId\":\"$3\",\"reason\":\"REWARD\"}}"
    expect '"status":"CLAIMED"'
}

ask 'Who am I? And has this day been lived before?' '{ viewer { name } pool(externalId: "quickstart-spring") { id } }'
case $answer in *'"pool":null'*) ;; *) stop "the quickstart has run here before: start Scrip on a fresh database (--database mem://)" ;; esac

ask 'Two customers, known by our own ids; both pay in euros' \
    "mutation { ann: customerUpsert(input: { customerId: \"ann\", email: \"ann@example.com\", currency: \"EUR\" }) { $errors } ben: customerUpsert(input: { customerId: \"ben\", email: \"ben@example.com\", currency: \"EUR\" }) { $errors } }"
expect '{"ann":{"userErrors":[]},"ben":{"userErrors":[]}}'

make_pool 'A pool of 5 euros off from 20 euros on, valid for two months; its codes come from a list' \
    '{"name":"Spring","externalId":"quickstart-spring","source":"UPLOADED","type":"AMOUNT","value":"5","currency":"EUR","restrictions":{"purchaseMinimum":"20","expirationPeriod":"P2M"}}'
spring=$pool
make_pool 'A pool of 10 percent off with one code for everyone' \
    '{"name":"Welcome","source":"GENERATED","pattern":"WELCOME","type":"PERCENTAGE","value":"10"}'
welcome=$pool
make_pool 'A pool of free shipping' '{"name":"Shipping","source":"UPLOADED","type":"FREE_SHIPPING"}'
shipping=$pool
make_pool 'A pool of gift cards of 50 euros' '{"name":"Gift cards","source":"UPLOADED","type":"GIFT_CARD","value":"50","currency":"EUR"}'
cards=$pool

add_codes 'The 10,000 codes of codes.csv' "$spring" "$here/codes.csv"
expect '"added":10000,"skipped":[]'
printf 'code\nSHIP-FREE-1\nship-free-1\nSHIP-FREE-2\n' > "$work/shipping.csv"
add_codes 'Two codes for free shipping; a third differs in case only, so it is the same code and is skipped' "$shipping" "$work/shipping.csv"
expect '"added":2,"skipped":[{"code":"ship-free-1"}]'
printf 'code\nGIFT-2026-0001\nGIFT-2026-0002\n' > "$work/cards.csv"
add_codes 'Two gift cards' "$cards" "$work/cards.csv"
expect '"added":2'

claim 'Ann claims a spring coupon' "$spring" ann
spring_code=$(pick code)
claim 'Ann claims the welcome code' "$welcome" ann
expect '"code":"WELCOME"'
claim 'Ann gets a gift card' "$cards" ann
expect '"balance":"50.00"'
card=$(pick id)
card_code=$(pick code)

typed=$(printf '  %s ' "$spring_code" | awk '{ print tolower($0) }')
ask "Somebody types \"$typed\": which coupon is that?" \
    'query($code: String!) { couponsByCode(code: $code) { edges { node { code status pool { name } customer { email } } } } }' "{\"code\":\"$typed\"}"
expect '"pool":{"name":"Spring"},"customer":{"email":"ann@example.com"}'

basket='{"currency":"EUR","shipping":"4.90","lines":[{"productId":"shirt","quantity":2,"unitPrice":"30.00"}]}'
ask 'At the checkout: 60 euros and the shipping, with all four coupons. What is left to be paid?' \
    'query($input: CheckoutInput!) { checkoutPreview(input: $input) { total discount payable coupons { code redeemable discount reasons { code message } } } }' \
    "{\"input\":{\"transactionId\":\"order-1\",\"customerId\":\"ann\",\"basket\":$basket,\"coupons\":[{\"code\":\"$card_code\",\"amount\":\"20\"},{\"code\":\"$spring_code\"},{\"code\":\"WELCOME\"},{\"code\":\"SHIP-FREE-1\"}]}}"
expect '"total":"64.90","discount":"35.90","payable":"29.00"'

redeem="mutation(\$input: CouponRedeemInput!) { couponRedeem(input: \$input) { $coupon ledgerEntry { id amount balanceAfter } $errors } }"
once="{\"input\":{\"coupon\":{\"code\":\"$spring_code\"},\"customerId\":\"ann\",\"basket\":$basket,\"transactionId\":\"order-1\",\"idempotencyKey\":\"order-1-spring\"}}"
ask 'Redeem the spring coupon' "$redeem" "$once"
expect '"status":"REDEEMED"'
first=$answer
ask 'The network failed, so the till sends the same again: it gets the first answer again' "$redeem" "$once"
[ "$answer" = "$first" ] || stop "expected the first answer again"
ask 'Another purchase with the same code is refused' "$redeem" "{\"input\":{\"coupon\":{\"code\":\"$spring_code\"},\"customerId\":\"ann\",\"transactionId\":\"order-2\"}}"
expect '"code":"ALREADY_REDEEMED"'
ask 'Redeem 20 euros of the gift card' "$redeem" "{\"input\":{\"coupon\":{\"id\":\"$card\"},\"amount\":\"20\",\"transactionId\":\"order-1\"}}"
expect '"balance":"30.00"'
entry=$(pick 'ledgerEntry":{"id')

ask 'A part of the order comes back: 5 euros of that redemption return to the card' \
    "mutation(\$input: CouponUnredeemInput!) { couponUnredeem(input: \$input) { $coupon $errors } }" \
    "{\"input\":{\"coupon\":{\"id\":\"$card\"},\"ledgerEntryId\":\"$entry\",\"amount\":\"5\"}}"
expect '"balance":"35.00"'
ask 'The ledger of the gift card: its amounts always sum up to the balance' \
    'query($id: ID!) { coupon(id: $id) { balance ledger { edges { node { kind amount balanceAfter transactionId } } } } }' "{\"id\":\"$card\"}"
expect '{"kind":"REVERSE","amount":"5.00","balanceAfter":"35.00","transactionId":"order-1"}'

claim 'Ann claims another spring coupon' "$spring" ann
given=$(pick code)
ask 'and gives it to Ben, known by his e-mail address' \
    "mutation(\$input: CouponTransferInput!) { couponTransfer(input: \$input) { $coupon $errors } }" \
    "{\"input\":{\"coupon\":{\"code\":\"$given\"},\"toCustomerEmail\":\"ben@example.com\"}}"
expect '"customer":{"externalId":"ben"}'

ask 'The statistics of the spring pool' \
    'query($id: ID!) { pool(id: $id) { name stats { total unassigned claimed redeemed expired invalid usages } } }' "{\"id\":\"$spring\"}"
expect '"stats":{"total":10000,"unassigned":9998,"claimed":1,"redeemed":1,"expired":0,"invalid":0,"usages":1}'
ask 'What happened to the coupons of Ben' '{ customer(id: "ben") { events { edges { node { type at actor coupon { code } counterpart { externalId } } } } } }'
expect '"type":"COUPON_RECEIVE"'

printf '\nThat was the first day.\n'
