//! What operations cost.

use async_graphql::parser::parse_query;
use serde_json::json;

use super::*;

fn found(text: &str, variables: serde_json::Value) -> Cost {
    let document = parse_query(text).expect("a document");
    let (_, operation) = document.operations.iter().next().expect("an operation");
    cost(&document, &operation.node, &Variables::from_json(variables))
}

#[test]
fn costs() {
    assert!(matches!(&SHAPES["Query"]["pools"], Shape::Objects { of, list: false } if of == "CouponPoolConnection"));
    let level = "coupons(first: 500) { edges { node { pool { ";
    let endless = format!("pool(id: \"x\") {{ {} id {} }}", level.repeat(7), "} } } }".repeat(7));
    let pages = "pools(first: 2147483647) { edges { node { coupons(first: 2147483647) { edges { node { \
                 events(first: 2147483647) { edges { node { id } } } } } } } } }";
    for (text, variables, expected) in [
        // A read and its fields.
        ("{ viewer { name } }", json!({}), 10 + 1 + 1),
        ("{ __typename }", json!({}), 1),
        ("{ coupon(id: 1) { id pool { name } } }", json!({}), 10 + 1 + 1 + 2),
        // A page: what each item costs, times the items.
        ("{ pools(first: 3) { edges { node { id name } } pageInfo { hasNextPage } } }", json!({}), 10 + 3 * 4 + 2),
        ("{ pools { edges { node { id } } } }", json!({}), 10 + 50 * 3),
        ("{ pools(last: 7) { edges { node { id } } } }", json!({}), 10 + 7 * 3),
        ("query($n: Int) { pools(first: $n) { edges { cursor } } }", json!({ "n": 4 }), 10 + 4 * 2),
        ("query($n: Int = 6) { pools(first: $n) { edges { cursor } } }", json!({}), 10 + 6 * 2),
        ("query($n: Int) { pools(first: $n) { edges { cursor } } }", json!({ "n": null }), 10 + 50 * 2),
        ("query($n: Int) { pools(first: $n) { edges { cursor } } }", json!({ "n": "many" }), 10 + 50 * 2),
        ("{ pools(first: -5) { edges { cursor } } }", json!({}), 10 + 2),
        (
            "{ pools(first: 2) { edges { node { coupons(first: 3) { edges { cursor } } } } } }",
            json!({}),
            10 + 2 * (2 + 10 + 3 * 2),
        ),
        ("{ pools(first: 2, filter: {}) { edges { cursor } } }", json!({}), 100 + 2 * 2),
        (&format!("{{ {pages} }}"), json!({}), 378_006_010),
        (&format!("{{ {endless} }}"), json!({}), MOST),
        // A list: as long as its ids, or ten.
        ("{ nodes(ids: [1, 2, 3]) { id } }", json!({}), 11 + 3 * 2),
        ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": [1, 2] }), 11 + 2 * 2),
        (
            "{ checkoutPreview(input: {coupons: [1]}) { coupons { code trace { check } } } }",
            json!({}),
            11 + 60 + 20 + 1 + (1 + 1 + 1 + 10 * 2),
        ),
        (
            "{ eligibleCoupons(input: {basket: {lines: [1]}}) { best exact coupons { code } } }",
            json!({}),
            9_000 + 8 + 1 + 51 + 1 + (1 + 100 * 2) + 1,
        ),
        // Changes and patterns.
        ("mutation { couponClaim { coupon { id } } }", json!({}), 150 + 1 + 1 + 1),
        ("{ patternPreview { combinations } }", json!({}), 500 + 1 + 1),
        ("{ database { bytes tables { name rows bytes } } }", json!({}), 1_000 + 3 + 10 * (3 + 1)),
        // Fragments count where they are spread, the items of a page too.
        (
            "{ pools(first: 5) { ...F } } fragment F on CouponPoolConnection { edges { ...G } } fragment G on CouponPoolEdge { node { id } }",
            json!({}),
            10 + 5 * 3,
        ),
        ("{ viewer { ... on Viewer { name } ...F ...F } } fragment F on Viewer { id }", json!({}), 10 + 1 + 3),
        // What there is not, and what spreads itself, ends here as well.
        ("{ nothing { at { all } } ...H }", json!({}), 11),
        ("{ viewer { ...F } } fragment F on Viewer { id ...F }", json!({}), 10 + 1 + 1),
    ] {
        assert_eq!(found(text, variables.clone()).requested, expected, "{text} {variables}");
    }
}

#[test]
fn purchases_cost_what_the_largest_takes() {
    for (text, variables, expected) in [
        // A purchase may be as large as the largest checkout, and have a hundred returns.
        (
            "{ purchase(transactionId: 1) { verdict { coupons { code } lines { total } } returns { lines { amount } } } }",
            json!({}),
            1_000 + 1 + (1 + (1 + 50 * 2) + (1 + 1_000 * 2)) + (1 + 101 * (1 + 1 + 70 * 2 / 5)),
        ),
        (
            "{ node(id: 1) { ... on Purchase { verdict { shipping { allocations { line } } } } } }",
            json!({}),
            10 + 1 + 1_000 + 1 + 1 + (1 + 50 * 2 / 5),
        ),
        (
            "{ nodes(ids: [1, 2]) { id ...F } } fragment F on Node { ... on Purchase { at } }",
            json!({}),
            11 + 2 * (1 + 1 + 1_000 + 1),
        ),
        (
            "{ purchase(transactionId: 1) { ... on Purchase { at } ...F } } fragment F on Purchase { id }",
            json!({}),
            1_003,
        ),
        ("mutation { checkoutRelease(transactionId: 1) { heldUntil } }", json!({}), 4_000 + 1 + 1),
    ] {
        assert_eq!(found(text, variables).requested, expected, "{text}");
    }
    assert!(found("{ node(id: 1) { ...F } } fragment F on Node { ... on Purchase { at } }", json!({})).opens_purchases);
    assert!(!found("{ nodes(ids: [1]) { id ... on Coupon { code } } }", json!({})).opens_purchases);
}

#[test]
fn what_is_looked_through_and_inputs_cost_what_they_take() {
    let pool = |filter: &str| {
        format!(
            "query($p: String) {{ pool(id: 1) {{ coupons(first: 1, filter: {filter}) {{ edges {{ cursor }} }} }} }}"
        )
    };
    let events = "query($f: F) { events(first: 1, filter: $f) { edges { cursor } } }";
    let basket = json!({ "lines": [1, 2, 3, 4, 5, 6, 7, 8] });
    let checkout = json!({ "i": { "coupons": [{ "code": "A" }, { "code": "B" }], "basket": basket } });
    let verdict = "query($i: I!) { checkoutPreview(input: $i) { ...V } } fragment V on CheckoutVerdict {
        coupons { code allocations { amount } } lines { total allocations { code amount } } shipping { allocations { code } } }";
    let decided = 10 + 60 + 2 * 20 + 2 * 8 / 12 + 16 / 4 + 1;
    // Of allocations five count as one, and the two of the shipping as none.
    let listed = (1 + 2 * (1 + 1 + 9 * 2 / 5 + 1)) + (1 + 8 * (1 + 1 + 2 * 3 / 5 + 1)) + (1 + 1);
    for (text, variables, expected) in [
        (verdict, checkout.clone(), decided + listed),
        (pool("{statuses: [CLAIMED]}").as_str(), json!({}), 10 + 1 + 100 + 2),
        (&pool("{codePrefix: \"A\"}"), json!({}), 10 + 1 + 30_000 + 2),
        (&pool("{codePrefix: $p}"), json!({ "p": "A" }), 10 + 1 + 30_000 + 2),
        // What is not given makes what stands beside it no cheaper.
        (&pool("{codePrefix: \"A\", customerId: $p}"), json!({}), 10 + 1 + 30_000 + 2),
        (&pool("{customerId: \"a\"}"), json!({}), 10 + 1 + 4_000 + 2),
        (events, json!({ "f": { "customerId": "a" } }), 6_000 + 2),
        (events, json!({ "f": { "customerId": null } }), 100 + 2),
        ("{ customer(id: 1) { coupons(first: 1) { edges { cursor } } } }", json!({}), 10 + 1 + 100 + 2),
        (
            "{ customer(id: 1) { coupons(first: 1, filter: {statuses: [CLAIMED]}) { edges { cursor } } } }",
            json!({}),
            10 + 1 + 1_500 + 2,
        ),
        ("{ customer(id: 1) { attributes } }", json!({}), 10 + 1 + 1 + 15),
        ("{ pool(id: 1) { restrictions { products } } }", json!({}), 10 + 1 + 1 + 1 + 50),
        (
            "query($i: I!) { checkoutPreview(input: $i) { total } }",
            checkout,
            10 + 60 + 2 * 20 + 2 * 8 / 12 + 16 / 4 + 2,
        ),
        (
            "mutation($i: I!) { couponsAdd(input: $i) { added } }",
            json!({ "i": { "codes": ["a", "b", "c"] } }),
            150 + 3 * 3 + 5 / 4 + 2,
        ),
        (
            "{ patternPreview(input: {excludedPhrases: [\"a\", \"b\"]}) { combinations } }",
            json!({}),
            500 + 2 * 25 + 4 / 4 + 2,
        ),
    ] {
        assert_eq!(found(text, variables.clone()).requested, expected, "{text} {variables}");
    }
    assert!(found("{ customer(id: 1) { attributes } }", json!({})).lists_texts);
    assert!(!found("{ customer(id: 1) { email } }", json!({})).lists_texts);
    let refused = "mutation { couponClaim(input: {}) { userErrors { field message } } }";
    assert!(!found(refused, json!({})).lists_texts);
}

#[test]
fn asking_about_the_schema_is_cheap_until_it_goes_round() {
    assert!(!found("{ viewer { __typename } }", json!({})).introspects);
    assert!(found("query A { ...F } fragment F on Query { __type(name: 1) { name } }", json!({})).introspects);
    let round = |times: usize| {
        let inner = (0..times).fold("name".to_owned(), |inner, _| format!("fields {{ type {{ {inner} }} }}"));
        found(&format!("{{ __schema {{ types {{ {inner} }} }} }}"), json!({})).requested
    };
    assert!(round(1) < 200, "{}", round(1));
    assert!(round(6) > MAX_COST, "{}", round(6));
}

#[test]
fn a_fragment_is_counted_once() {
    let mut bomb = "{ viewer { ...F0 } } ".to_owned();
    for number in 0..60 {
        let spreads = format!("...F{} ", number + 1).repeat(8);
        bomb.push_str(&format!("fragment F{number} on Viewer {{ {spreads} }} "));
    }
    bomb.push_str("fragment F60 on Viewer { name }");
    assert_eq!(found(&bomb, json!({})).requested, MOST);
}
