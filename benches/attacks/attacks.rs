//! The attacks, each as so many attackers who do the same again and again.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use reqwest::Client;
use serde_json::{Value, json};

use super::{
    gateway::Gateway,
    idle,
    stock::{PRODUCTS, Stock},
};

type Attacker = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) attackers: Vec<Attacker>,
    /// How often they were answered.
    pub(crate) answered: Arc<AtomicU64>,
}

/// All of them.
pub(crate) fn attacks(gateway: &Gateway, stock: &Stock) -> Vec<Attack> {
    let mut all = vec![Attack { name: "none", attackers: Vec::new(), answered: Arc::default() }];
    all.extend(reads(gateway, stock));
    all.extend(answers(gateway, stock));
    all.extend(changes(gateway, stock));
    all.extend(connections(gateway, stock));
    all
}

/// Attackers who send a document with its variables, made anew for each request.
fn asking(
    gateway: &Gateway,
    name: &'static str,
    attackers: usize,
    body: impl Fn(u64) -> Value + Send + Sync + 'static,
) -> Attack {
    let (body, answered, number) = (Arc::new(body), Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let attacker = |_| {
        let (url, key) = (format!("{}/graphql", gateway.url), gateway.hostile.clone());
        let (body, answered, number) = (Arc::clone(&body), Arc::clone(&answered), Arc::clone(&number));
        Box::pin(async move {
            let client = Client::new();
            while answered.load(Ordering::Relaxed) < u64::MAX {
                let sent = client.post(&url).bearer_auth(&key).json(&body(number.fetch_add(1, Ordering::Relaxed)));
                if let Ok(answer) = sent.send().await
                    && answer.bytes().await.is_ok()
                {
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            }
        }) as Attacker
    };
    Attack { name, attackers: (0..attackers).map(attacker).collect(), answered: Arc::clone(&answered) }
}

/// A query's body.
fn query(text: String) -> impl Fn(u64) -> Value + Send + Sync + 'static {
    move |_| json!({ "query": text })
}

/// The same field many times under names of its own.
fn again(times: usize, field: &str) -> String {
    (0..times).map(|number| format!("f{number}: {field} ")).collect()
}

/// Reads that compute or look at much.
fn reads(gateway: &Gateway, stock: &Stock) -> Vec<Attack> {
    let Stock { large, many, card, codes, .. } = stock;
    // As many of each as the bound on costs admits.
    let prefix = again(2, "coupons(first: 1, filter: {codePrefix: \"L-ZZZZZ\"}) { edges { cursor } }");
    let prefix = query(format!("{{ pool(id: \"{large}\") {{ {prefix} }} }}"));
    let preview = again(
        90,
        "patternPreview(input: {pattern: \"$$$$$$$$$$$$\", excludedPhrases: [\"DAMN\", \"HELL\"]}) { combinations }",
    );
    let held = again(20, &format!("coupons(first: 1, filter: {{poolId: \"{large}\"}}) {{ edges {{ cursor }} }}"));
    let held = query(format!("{{ customer(id: \"whale\") {{ {held} }} }}"));
    let history =
        again(20, "events(first: 1, filter: {customerId: \"whale\", types: [COUPON_EXPIRE]}) { edges { cursor } }");
    let payments =
        format!("events(first: 1, filter: {{couponId: \"{card}\", types: [COUPON_EXPIRE]}}) {{ edges {{ cursor }} }}");
    let list = "coupons(first: 500) { edges { node { id code status value expiresAt version } } }";
    let list = query(format!("{{ pool(id: \"{many}\") {{ {list} }} }}"));
    let used: Vec<Value> = codes.iter().take(50).map(|code| json!({ "code": code })).collect();
    let lines: Vec<Value> = (0..1_000)
        .map(|number| json!({ "productId": format!("product-{:08}", number * 7 % PRODUCTS), "quantity": 1, "unitPrice": "9.95" }))
        .collect();
    let checkout = json!({ "transactionId": "attack", "customerId": "whale", "coupons": used, "basket": { "currency": "EUR", "lines": lines } });
    let checkout = move |_| json!({ "query": "query($input: CheckoutInput!) { checkoutPreview(input: $input) { total coupons { redeemable } } }", "variables": { "input": checkout } });
    let lookup = format!("{{ coupon(id: \"{card}\") {{ id code status balance }} }}");
    let export = exports(gateway, large);
    vec![
        asking(gateway, "codePrefix x2 without a hit, 64 clients", 64, prefix),
        export,
        asking(gateway, "patternPreview x90, 16 clients", 16, query(format!("{{ {preview} }}"))),
        asking(gateway, "a customer's coupons, nothing found, x20, 16 clients", 16, held),
        asking(gateway, "a customer's events, nothing found, x20, 16 clients", 16, query(format!("{{ {history} }}"))),
        asking(
            gateway,
            "a card's events, nothing found, x20, 16 clients",
            16,
            query(format!("{{ {} }}", again(20, &payments))),
        ),
        asking(gateway, "pages of 500 coupons, 64 clients", 64, list),
        asking(gateway, "lookups of one coupon, 256 clients", 256, query(lookup)),
        asking(gateway, "checkoutPreview, 50 coupons, 1,000 lines, 64 clients", 64, checkout),
    ]
}

/// Filtered exports that find nothing.
fn exports(gateway: &Gateway, large: &str) -> Attack {
    let answered = Arc::new(AtomicU64::new(0));
    let attacker = |_| {
        let url = format!("{}/pools/{large}/coupons.csv?codePrefix=L-ZZZZZ", gateway.url);
        let (key, answered) = (gateway.hostile.clone(), Arc::clone(&answered));
        Box::pin(async move {
            let client = Client::new();
            while answered.load(Ordering::Relaxed) < u64::MAX {
                if let Ok(mut answer) = client.get(&url).bearer_auth(&key).send().await {
                    while let Ok(Some(_)) = answer.chunk().await {}
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            }
        }) as Attacker
    };
    let attackers = (0..64).map(attacker).collect();
    Attack { name: "exports that find nothing, 64 clients", attackers, answered: Arc::clone(&answered) }
}

/// Reads whose answers are large.
fn answers(gateway: &Gateway, stock: &Stock) -> Vec<Attack> {
    let products = &stock.products;
    let values: String = (0..190).map(|number| format!("v{number}: value ")).collect();
    let values =
        format!("{{ pool(id: \"{products}\") {{ coupons(first: 500) {{ edges {{ node {{ {values} }} }} }} }} }}");
    let ids = format!(
        "{{ pool(id: \"{products}\") {{ coupons(first: 500) {{ edges {{ node {{ restrictions {{ products }} }} }} }} }} }}"
    );
    let attributes = format!("{{ {} }}", again(1, "customers(first: 500) { edges { node { attributes } } }"));
    vec![
        asking(gateway, "190 values of 500 coupons, 2 clients", 2, query(values)),
        asking(gateway, "10,000 products of 500 coupons, 2 clients", 2, query(ids)),
        asking(gateway, "attributes of 500 customers, 2 clients", 2, query(attributes)),
    ]
}

/// Changes, and documents and inputs that are large.
fn changes(gateway: &Gateway, stock: &Stock) -> Vec<Attack> {
    let many = "x".repeat(2_000_000);
    let long = move |_| {
        json!({ "query": "query($input: CheckoutInput!) { checkoutPreview(input: $input) { total } }", "variables": { "input": {
        "transactionId": "attack", "customerId": "whale", "coupons": [{ "code": many }],
        "basket": { "currency": "EUR", "lines": [{ "productId": "a", "quantity": 1, "unitPrice": "9.95" }] } } } })
    };
    let edit =
        "mutation($input: PoolUpdateInput!) { poolUpdate(input: $input) { pool { version } userErrors { message } } }";
    let pool = stock.products.clone();
    let products = move |number: u64| {
        let products: Vec<String> = (0..PRODUCTS).map(|product| format!("product-{number}-{product:08}")).collect();
        json!({ "query": edit, "variables": { "input": { "id": pool, "apply": "NONE", "restrictions": { "products": products } } } })
    };
    let pool = stock.generic.clone();
    let generic = move |number: u64| json!({ "query": edit, "variables": { "input": { "id": pool, "apply": "NONE", "pattern": format!("GENERIC{number}") } } });
    let pool = stock.uploaded.clone();
    let add = "mutation($input: CouponsAddInput!) { couponsAdd(input: $input) { added userErrors { message } } }";
    let added = move |number: u64| {
        let codes: Vec<String> = (0..10_000).map(|code| format!("UP-{number}-{code}")).collect();
        json!({ "query": add, "variables": { "input": { "poolId": pool, "codes": codes } } })
    };
    let documents = |number: u64| {
        let names: String = (0..9_000).map(|name| format!("a{number}_{name}: __typename ")).collect();
        json!({ "query": format!("{{ {names} }}") })
    };
    vec![
        asking(gateway, "checkoutPreview with a code of 2 MB, 60 clients", 60, long),
        asking(gateway, "edits of a pool with 10,000 products, 8 clients", 8, products),
        asking(gateway, "edits of a generic code that 11,000 have, 8 clients", 8, generic),
        asking(gateway, "10,000 codes added at once, 8 clients", 8, added),
        asking(gateway, "documents of 200 kB, each another, 16 clients", 16, documents),
    ]
}

/// Connections that hold what they got.
fn connections(gateway: &Gateway, stock: &Stock) -> Vec<Attack> {
    let (address, key, answered) = (&gateway.address, &gateway.hostile, Arc::<AtomicU64>::default);
    let products = format!(
        "{{ pool(id: \"{}\") {{ coupons(first: 50) {{ edges {{ node {{ restrictions {{ products }} }} }} }} }} }}",
        stock.products
    );
    let body = json!({ "query": products }).to_string();
    let deaf = (0..12).map(|_| Box::pin(idle::deaf(address.clone(), key.clone(), body.clone())) as Attacker);
    let pings = (0..8).map(|_| Box::pin(idle::pings(address.clone())) as Attacker);
    let silent = std::iter::once(Box::pin(idle::silent(address.clone(), 900)) as Attacker);
    vec![
        Attack {
            name: "answers of 10 MB that 12 clients do not read",
            attackers: deaf.collect(),
            answered: answered(),
        },
        Attack { name: "pings whose pongs 8 sockets do not read", attackers: pings.collect(), answered: answered() },
        Attack { name: "900 connections that say nothing", attackers: silent.collect(), answered: answered() },
    ]
}
