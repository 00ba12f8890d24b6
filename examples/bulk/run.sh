#!/usr/bin/env bash
# A hundred million codes: draft a pattern, generate, look codes up, search, and write some of them to a
# file. Each step says what it does, shows what came back, and ends the script where that is not what it
# should be. Needs bash and curl.
set -euo pipefail

SCRIP_URL=${SCRIP_URL:-http://127.0.0.1:8080}
SCRIP_KEY=${SCRIP_KEY:?set SCRIP_KEY to the admin key that the first start has shown}
COUNT=${COUNT:-100000000}
FILE=${FILE:-claimed.csv}

stop() {
    printf '\nThe example ends here: %s\n' "$*" >&2
    exit 1
}

# ask WORDS QUERY: says what is done, sends it, shows what came back; the answer is in $answer.
ask() {
    printf '\n== %s\n' "$1"
    local query=${2//\\/\\\\}
    answer=$(curl --silent --show-error --header "Authorization: Bearer $SCRIP_KEY" \
        --header 'Content-Type: application/json' --data-binary "{\"query\":\"${query//\"/\\\"}\"}" \
        "$SCRIP_URL/graphql") || stop "nothing answers at $SCRIP_URL: is Scrip running there?"
    printf '%s\n' "$answer"
    case $answer in *'"errors":'*) stop "the request failed" ;; esac
}

# expect TEXT: the answer has to contain it.
expect() {
    case $answer in *"$1"*) ;; *) stop "expected $1 in the answer" ;; esac
}

# pick NAME: the text of the first field with this name in the answer.
pick() {
    [[ $answer =~ "\"$1\":\""([^\"]*) ]] || stop "the answer has no $1"
    printf '%s' "${BASH_REMATCH[1]}"
}

codes='pattern: "BULK-$$$$$$$$$$", excludedCharacters: ["0", "O", "1", "I"], excludedPhrases: ["DAMN", "HELL"]'

ask 'what can this pattern make?' \
    "{ patternPreview(input: {$codes}) { combinations bulkLimit samples exclusionCosts { exclusion cost } userErrors { code message } } }"
expect '"userErrors":[]'

ask 'a pool of it' \
    "mutation { poolCreate(input: {name: \"Bulk\", source: BULK_GENERATED, type: PERCENTAGE, value: \"10\", $codes}) { pool { id } userErrors { code message } } }"
expect '"userErrors":[]'
pool=$(pick id)

ask "$COUNT codes" \
    "mutation { couponsGenerate(input: {poolId: \"$pool\", count: $COUNT, idempotencyKey: \"first run of $pool\"}) { generated userErrors { code message } } }"
expect "\"generated\":$COUNT"

ask 'three of them, from the end' "{ pool(id: \"$pool\") { coupons(last: 3) { edges { node { code status } } } } }"
expect UNASSIGNED
code=$(pick code)

ask 'one of them is printed wrongly: take it out of use before anyone has it' \
    "mutation { couponInvalidate(input: {coupon: {code: \"$code\"}}) { coupon { code status } userErrors { code } } }"
expect INVALID

ask 'a customer claims one' \
    "mutation { couponClaim(input: {poolId: \"$pool\", customerId: \"ann\"}) { coupon { code status } userErrors { code } } }"
expect CLAIMED
claimed=$(pick code)

ask 'what is this, that somebody typed in lower case?' \
    "{ couponsByCode(code: \" ${claimed,,} \") { edges { node { code status customer { externalId } } } } }"
expect "$claimed"

ask 'which codes begin like this?' \
    "{ pool(id: \"$pool\") { coupons(first: 5, filter: {codePrefix: \"${claimed:0:12}\"}) { edges { node { code status } } } } }"
expect "$claimed"

ask 'how many are there, and how likely does a guess hit one?' \
    "{ pool(id: \"$pool\") { stats { total unassigned claimed invalid } codes { combinations generated guessProbability } } }"
expect "\"total\":$COUNT"

printf '\n== all that are not unassigned, to %s\n' "$FILE"
curl --silent --show-error --fail --header "Authorization: Bearer $SCRIP_KEY" --output "$FILE" \
    "$SCRIP_URL/pools/$pool/coupons.csv?statuses=CLAIMED,INVALID" || stop "the export failed"
cat "$FILE"
grep -q "^$claimed,CLAIMED," "$FILE" || stop "$claimed is not in $FILE"

printf '\nAll of them: curl -H "Authorization: Bearer $SCRIP_KEY" -o all.csv %s/pools/%s/coupons.csv\n' "$SCRIP_URL" "$pool"
