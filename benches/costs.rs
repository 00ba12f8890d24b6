//! What operations cost, held against what they take: `cargo bench --profile dev --bench costs`. The real binary runs with a
//! large database; each operation is sent again and again by one client, and the processor's time that the process took is
//! shared out. A line an operation tells its cost, its time in microseconds beside that of the smallest request, and how
//! many of them a unit is. A unit is to be about 2.5 (docs/bounds.md); `!` marks what is beyond a factor of three.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on has nothing better to do than end")]

#[path = "attacks/gateway.rs"]
#[expect(dead_code, reason = "the attacks look at memory as well")]
mod gateway;
#[path = "attacks/stock.rs"]
#[expect(dead_code, reason = "the attacks take pools of more kinds")]
mod stock;

use std::{
    fs,
    time::{Duration, Instant},
};

use gateway::Gateway;
use reqwest::Client;
use serde_json::{Value, json};
use stock::{PRODUCTS, Stock};

/// What a unit is to be, in microseconds.
const UNIT: f64 = 2.5;
/// How much processor time is taken for a figure: the system counts hundredths of a second.
const ENOUGH: Duration = Duration::from_millis(400);
/// How long one may take at most.
const LONGEST: Duration = Duration::from_secs(10);

/// An operation: its name, and its body, made anew for each request.
type Operation = (&'static str, Box<dyn Fn(u64) -> Value>);

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    tokio::runtime::Runtime::new().expect("a runtime").block_on(run(quick));
}

async fn run(quick: bool) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let gateway = Gateway::start(folder.path()).await;
    let stock = Stock::fill(&gateway, if quick { 20 } else { 1 }).await;
    let enough = if quick { Duration::from_millis(20) } else { ENOUGH };
    let least = measure(&gateway, &|_| json!({ "query": "{ __typename }" }), enough).await.1;
    println!("{:<60} {:>9} {:>11} {:>8}", "operation", "cost", "us", "us/unit");
    for (name, body) in operations(&stock) {
        let (cost, took) = measure(&gateway, &*body, enough).await;
        let micros = (took - least).max(0.0);
        let unit = micros / cost;
        // Of less than a hundred there is no telling.
        let beyond = micros > 100.0 && !(UNIT / 3.0..=UNIT * 3.0).contains(&unit);
        println!("{name:<60} {cost:>9} {micros:>11.0} {unit:>8.2} {}", if beyond { "!" } else { "" });
    }
}

/// An operation's cost, and its processor time in microseconds.
async fn measure(gateway: &Gateway, body: &dyn Fn(u64) -> Value, enough: Duration) -> (f64, f64) {
    let (client, began, before) = (Client::new(), Instant::now(), processor(gateway));
    let (mut cost, mut sent) = (0.0, 0_u32);
    loop {
        let request = client.post(format!("{}/graphql", gateway.url)).bearer_auth(&gateway.key);
        let request = request.json(&body(u64::from(sent) + 1));
        let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
        assert!(answer["errors"].is_null(), "{}", answer["errors"]);
        cost = answer["extensions"]["cost"]["requested"].as_f64().unwrap_or(cost);
        sent += 1;
        let took = processor(gateway) - before;
        if took >= enough || began.elapsed() > LONGEST {
            return (cost, took.as_secs_f64() * 1e6 / f64::from(sent));
        }
    }
}

/// How much of the processors' time the gateway has taken.
fn processor(gateway: &Gateway) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", gateway.id())).expect("a running process on Linux");
    // Fields 14 and 15; the second, in parentheses, may have blanks.
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = rest.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// A query's body.
fn query(text: String) -> Box<dyn Fn(u64) -> Value> {
    Box::new(move |_| json!({ "query": text }))
}

/// The body of a mutation with an input.
fn change(
    mutation: &'static str,
    of: &'static str,
    input: impl Fn(u64) -> Value + 'static,
) -> Box<dyn Fn(u64) -> Value> {
    let text = format!("mutation($input: {of}!) {{ {mutation}(input: $input) {{ userErrors {{ code message }} }} }}");
    Box::new(move |number| json!({ "query": text, "variables": { "input": input(number) } }))
}

fn operations(stock: &Stock) -> Vec<Operation> {
    let mut all = reads(stock);
    all.extend(computing(stock));
    all.extend(changes(stock));
    all
}

fn reads(stock: &Stock) -> Vec<Operation> {
    let Stock { large, many, card, products, .. } = stock;
    let fields = "edges { node { id code status value balance expiresAt version } }";
    let page = |first: u32| format!("{{ pool(id: \"{many}\") {{ coupons(first: {first}) {{ {fields} }} }} }}");
    let filtered =
        |on: &str, filter: &str| format!("{{ {on} {{ coupons(first: 1, filter: {{{filter}}}) {{ {fields} }} }} }}");
    let events = |filter: &str| {
        format!("{{ events(first: 1, filter: {{{filter}, types: [COUPON_EXPIRE]}}) {{ edges {{ cursor }} }} }}")
    };
    let whale = "customer(id: \"whale\")";
    vec![
        ("a coupon", query(format!("{{ coupon(id: \"{card}\") {{ id code status balance }} }}"))),
        ("100 coupons, each with its pool", query(page_of_pools(many))),
        ("a page of 50", query(page(50))),
        ("a page of 500", query(page(500))),
        ("10,000 products of 1 coupon", query(products_of(products, 1))),
        ("10,000 products of 20 coupons", query(products_of(products, 20))),
        (
            "claimed coupons of a hundred million",
            query(filtered(&format!("pool(id: \"{large}\")"), "statuses: [CLAIMED]")),
        ),
        ("a customer's coupons, all", query(format!("{{ {whale} {{ coupons(first: 50) {{ {fields} }} }} }}"))),
        ("a customer's coupons, nothing found", query(filtered(whale, &format!("poolId: \"{large}\"")))),
        ("a customer's events, nothing found", query(events("customerId: \"whale\""))),
        ("a card's events, nothing found", query(events(&format!("couponId: \"{card}\"")))),
        (
            "a page of 500 customers with attributes",
            query("{ customers(first: 500) { edges { node { id attributes } } } }".into()),
        ),
        ("all pools by name", query("{ pools(first: 50, orderBy: NAME) { edges { node { id name } } } }".into())),
        ("sizes of the tables", query("{ database { bytes tables { name rows bytes } } }".into())),
        ("the schema", query(INTROSPECTION.into())),
    ]
}

fn page_of_pools(many: &str) -> String {
    format!("{{ pool(id: \"{many}\") {{ coupons(first: 100) {{ edges {{ node {{ id pool {{ id name }} }} }} }} }} }}")
}

fn products_of(pool: &str, coupons: u32) -> String {
    format!(
        "{{ pool(id: \"{pool}\") {{ coupons(first: {coupons}) {{ edges {{ node {{ restrictions {{ products }} }} }} }} }} }}"
    )
}

/// The schema, as tools ask for it.
const INTROSPECTION: &str = "{ __schema { types { kind name fields { name args { name type { ...T } } type { ...T } } \
     inputFields { name type { ...T } } enumValues { name } } } } \
     fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

fn computing(stock: &Stock) -> Vec<Operation> {
    let Stock { large, codes, .. } = stock;
    let prefix = format!(
        "{{ pool(id: \"{large}\") {{ coupons(first: 1, filter: {{codePrefix: \"L-ZZZZZ\"}}) {{ edges {{ cursor }} }} }} }}"
    );
    let preview = |phrases: usize| {
        let phrases: Vec<String> = (0..phrases).map(|number| format!("P{number:04}")).collect();
        let text = "query($input: PatternInput!) { patternPreview(input: $input) { combinations } }";
        let input = json!({ "pattern": "$$$$$$$$$$$$", "excludedPhrases": phrases });
        Box::new(move |_| json!({ "query": text, "variables": { "input": input } })) as Box<dyn Fn(u64) -> Value>
    };
    let checkout = |coupons: usize, lines: u64| {
        let used: Vec<Value> = codes.iter().take(coupons).map(|code| json!({ "code": code })).collect();
        let line = |number: u64| json!({ "productId": format!("product-{:08}", number * 7 % PRODUCTS), "quantity": 1, "unitPrice": "9.95" });
        let lines: Vec<Value> = (0..lines).map(line).collect();
        let input = json!({ "transactionId": "costs", "customerId": "whale", "coupons": used,
            "basket": { "currency": "EUR", "lines": lines } });
        let text = "query($input: CheckoutInput!) { checkoutPreview(input: $input) { total coupons { redeemable } } }";
        Box::new(move |_| json!({ "query": text, "variables": { "input": input } })) as Box<dyn Fn(u64) -> Value>
    };
    vec![
        ("a prefix that no code has, of a hundred million", query(prefix)),
        ("a pattern", preview(0)),
        ("a pattern without 100 phrases", preview(100)),
        ("a pattern without 1,000 phrases", preview(1_000)),
        ("a checkout of 1 coupon, 1 line", checkout(1, 1)),
        ("a checkout of 5 coupons, 50 lines", checkout(5, 50)),
        ("a checkout of 50 coupons, 1,000 lines", checkout(50, 1_000)),
    ]
}

fn changes(stock: &Stock) -> Vec<Operation> {
    let (victims, uploaded, products) = (stock.victims.clone(), stock.uploaded.clone(), stock.products.clone());
    let claim = move |number| json!({ "poolId": victims, "customerId": format!("costs-{number}") });
    let add = move |number| {
        let codes: Vec<String> = (0..1_000).map(|code| format!("COST-{number}-{code}")).collect();
        json!({ "poolId": uploaded, "codes": codes })
    };
    let edit = move |number| {
        let ids: Vec<String> = (0..PRODUCTS).map(|product| format!("cost-{number}-{product:08}")).collect();
        json!({ "id": products, "apply": "NONE", "restrictions": { "products": ids } })
    };
    vec![
        ("a claim", change("couponClaim", "CouponClaimInput", claim)),
        ("1,000 codes added", change("couponsAdd", "CouponsAddInput", add)),
        ("an edit of 10,000 products", change("poolUpdate", "PoolUpdateInput", edit)),
        (
            "a customer",
            change(
                "customerUpsert",
                "CustomerUpsertInput",
                |number| json!({ "customerId": format!("cost-{number}"), "attributes": { "size": "x".repeat(1_000) } }),
            ),
        ),
    ]
}
