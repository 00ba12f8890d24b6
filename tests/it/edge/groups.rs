//! Groups of users: whatever belongs to a pool of another group does not exist for a key, by whichever way it is looked
//! for, and in the same words as what was never there.

mod streams;

use futures_util::StreamExt;
use scrip::{
    domain::{
        access::Role,
        global_id::GlobalId,
        group::{GroupId, Groups},
        id::{CouponId, PoolId},
    },
    graphql::{Moment, Rules, asked_by},
    service::{Caller, Rights},
};
use serde_json::{Value, json};

use super::{
    App,
    app::{items, text},
    rights::DEMANDS,
};

const GROUP: &str = "mutation($input: UserGroupCreateInput!) { userGroupCreate(input: $input) { userGroup { id name } \
    userErrors { code field } } }";
const KEY: &str = "mutation($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) { secret apiKey { id groups { name } } \
    userErrors { code field } } }";

/// What tells of the pool of the north, of its codes or its coupons' customers' use of them.
const MARKS: [&str; 4] = ["Northern", "NORTH", "north-pool-1", "GENN"];

/// A programme with two groups: the pools of the north, those of the south, and one that is there for all.
struct Divided {
    app: App,
    north: String,
    south: String,
    /// A pool of the north, a coupon of it that ann holds, and a purchase that it paid a part of.
    pool: String,
    coupon: String,
    /// Keys of the south, by role.
    keys: Vec<(Role, String, String)>,
}

impl App {
    async fn group(&self, name: &str) -> String {
        text(&self.data(GROUP, json!({ "input": { "name": name } })).await["userGroupCreate"]["userGroup"]["id"])
    }

    /// A key with a role in groups; its secret and its id.
    async fn key_in(&self, role: &str, groups: &[&str]) -> (String, String) {
        let input = json!({ "name": format!("{role} of {}", groups.len()), "role": role, "groupIds": groups });
        let made = self.data(KEY, json!({ "input": input })).await["apiKeyCreate"].clone();
        assert_eq!(made["userErrors"], json!([]), "{made}");
        (text(&made["secret"]), text(&made["apiKey"]["id"]))
    }
}

impl Divided {
    async fn new() -> Self {
        let app = App::start().await;
        app.ok("settingsUpdate", json!({ "autoRedeem": true })).await;
        let (north, south) = (app.group("north").await, app.group("south").await);
        let pool = json!({ "name": "Northern lights", "externalId": "north-pool-1", "type": "AMOUNT", "value": "5",
            "userGroupId": north });
        let pool = app.pool(pool, &["NORTH-1", "NORTH-2", "NORTH-3"]).await;
        let made = json!({ "name": "Northern made", "source": "GENERATED", "pattern": "GENN-#####", "type": "AMOUNT",
            "value": "5", "userGroupId": north });
        let made = text(&app.ok("poolCreate", made).await["id"]);
        app.claim(&made, "ann").await;
        let own = json!({ "name": "South sun", "type": "AMOUNT", "value": "5", "userGroupId": south });
        let own = app.pool(own, &["SOUTH-1", "SOUTH-2"]).await;
        app.pool(json!({ "name": "Open air", "type": "AMOUNT", "value": "5" }), &["OPEN-1"]).await;
        let coupon = text(&app.claim(&pool, "ann").await["id"]);
        app.claim(&own, "ann").await;
        let lines = json!([{ "productId": "shoe", "quantity": 1, "unitPrice": "50" }]);
        let bought = json!({ "transactionId": "t-1", "customerId": "ann", "basket": { "currency": "EUR", "lines": lines },
            "coupons": [{ "code": "NORTH-2" }, { "code": "SOUTH-2" }] });
        app.ok("checkoutComplete", bought).await;
        let mut keys = Vec::new();
        for (role, name) in [(Role::Manager, "MANAGER"), (Role::Service, "SERVICE"), (Role::Viewer, "VIEWER")] {
            let (secret, id) = app.key_in(name, &[&south]).await;
            keys.push((role, secret, id));
        }
        Self { app, north, south, pool, coupon, keys }
    }

    fn key(&self, role: Role) -> &str {
        let found = self.keys.iter().find(|(known, ..)| *known == role);
        &found.expect("a key").1
    }

    /// The whole answer as text.
    async fn told(&self, key: &str, query: &str, variables: Value) -> String {
        self.app.send(key, query, variables).await.to_string()
    }
}

fn assert_unmarked(what: &str, answer: &str) {
    for mark in MARKS {
        assert!(!answer.contains(mark), "{what} tells of {mark}: {answer}");
    }
}

/// Questions that would show a pool, its coupons or its events, were they there.
const QUESTIONS: &[&str] = &[
    "{ pools(first: 100) { edges { node { name externalId codes { pattern } userGroup { name } stats { total } } } } }",
    "{ pools(first: 100, orderBy: NAME) { edges { node { name } } } }",
    "{ pools(last: 100, filter: {nameContains: \"orth\"}) { edges { node { name } } } }",
    "{ pool(externalId: \"north-pool-1\") { name } }",
    "{ couponsByCode(code: \"NORTH-1\") { edges { node { code pool { name } } } } }",
    "{ couponsByCode(code: \"north 1\") { edges { node { code } } } }",
    "{ customer(id: \"ann\") { coupons(first: 100) { edges { node { code pool { name } } } } } }",
    "{ customer(id: \"ann\") { events(first: 100) { edges { node { type coupon { code pool { name } } } } } } }",
    "{ events(first: 100) { edges { node { type transactionId coupon { code pool { name } } } } } }",
    "{ events(filter: {poolId: \"POOL\"}) { edges { node { coupon { code } } } } }",
    "{ events(filter: {couponId: \"COUPON\"}) { edges { node { coupon { code } } } } }",
    "{ events(filter: {transactionId: \"t-1\"}) { edges { node { coupon { code } } } } }",
    "{ events(filter: {customerId: \"ann\"}) { edges { node { coupon { code } } } } }",
    "{ purchase(transactionId: \"t-1\") { verdict { coupons { code coupon { code } trace { check detail } } \
     lines { allocations { code } } } events { edges { node { coupon { code } } } } } }",
    "{ eligibleCoupons(input: {customerId: \"ann\", basket: {currency: \"EUR\", \
     lines: [{productId: \"shoe\", quantity: 1, unitPrice: \"50\"}]}}) { best coupons { code } } }",
    "{ checkoutPreview(input: {transactionId: \"p\", customerId: \"ann\", coupons: [{code: \"NORTH-1\"}], \
     basket: {currency: \"EUR\", lines: []}}) { coupons { coupon { code pool { name } } reasons { message } } } }",
    "{ patternPreview(input: {pattern: \"GENN-#####\"}) { samples userErrors { message } } }",
    "{ patternPreview(input: {pattern: \"NORTH-#\", source: GENERATED}) { userErrors { message } } }",
    "{ patternPreview(input: {pattern: \"B##\", poolId: \"POOL\"}) { userErrors { message } } }",
    "{ node(id: \"POOL\") { ... on CouponPool { name } } }",
    "{ nodes(ids: [\"POOL\", \"COUPON\"]) { ... on Coupon { code } ... on CouponPool { name } } }",
    "{ userGroups { name pools { edges { node { name } } } } viewer { groups { name } } }",
    "mutation { couponsAdd(input: {poolId: \"OWN\", codes: [\"GENN-12345\", \"NORTH-1\"]}) \
     { skipped { reason { message } } userErrors { message } } }",
    "mutation { poolCreate(input: {name: \"x\", source: GENERATED, type: FREE_SHIPPING, pattern: \"GENN-####1\"}) \
     { pool { name } userErrors { message } } }",
    "mutation { poolCreate(input: {name: \"x\", source: GENERATED, type: FREE_SHIPPING, pattern: \"GENX\", \
     userGroupId: \"NORTHGROUP\"}) { pool { name } userErrors { code message } } }",
    "mutation { couponRedeem(input: {coupon: {code: \"NORTH-1\"}, customerId: \"ann\"}) { coupon { code } \
     userErrors { message } } }",
    "mutation { checkoutReturn(input: {transactionId: \"t-1\"}) { purchase { verdict { coupons { code coupon { code } } } \
     returns { coupons { code } } } userErrors { message } } }",
];

#[tokio::test]
async fn what_belongs_to_another_group_is_told_of_nowhere() {
    let divided = Divided::new().await;
    let app = &divided.app;
    let own = app.data("{ pools { edges { node { id name } } } }", json!({})).await["pools"].clone();
    let own = items(&own).into_iter().find(|pool| pool["name"] == "South sun").expect("a pool");
    for question in QUESTIONS {
        let document = question.replace("POOL", &divided.pool).replace("COUPON", &divided.coupon);
        let document = document.replace("NORTHGROUP", &divided.north).replace("OWN", &text(&own["id"]));
        for (role, key, _) in &divided.keys {
            let answer = divided.told(key, &document, json!({})).await;
            // What was asked is not told back.
            assert!(!answer.contains("Unknown field"), "{question}: {answer}");
            for mark in ["Northern", "north-pool-1"] {
                assert!(!answer.contains(mark), "{role:?} {question} tells of {mark}: {answer}");
            }
            let echoes =
                ["checkoutPreview", "couponsAdd", "patternPreview"].iter().any(|field| question.contains(field));
            if !echoes {
                assert!(!answer.contains("NORTH-") && !answer.contains("GENN-"), "{role:?} {question}: {answer}");
            }
        }
    }
    // What is theirs, and what is there for all, is.
    for (_, key, _) in &divided.keys {
        let pools = app.send(key, "{ pools { edges { node { name userGroup { name } } } } }", json!({})).await;
        let names: Vec<_> = items(&pools["data"]["pools"]).iter().map(|pool| text(&pool["name"])).collect();
        assert!(names.contains(&"South sun".to_owned()) && names.contains(&"Open air".to_owned()), "{names:?}");
        let groups = app.send(key, "{ viewer { groups { name } } userGroups { name } }", json!({})).await;
        assert_eq!(groups["data"]["viewer"]["groups"], json!([{ "name": "south" }]), "{groups}");
        assert_eq!(groups["data"]["userGroups"], json!([{ "name": "south" }]), "{groups}");
    }
    divided.app.finish().await;
}

/// Every field of the schema, for every role that is out of the group: the answer is that of an id which names nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_field_answers_as_if_there_was_nothing() {
    let divided = Divided::new().await;
    let scrip = divided.app.scrip();
    let ids = scrip.ids();
    let nothing = CouponId { pool: PoolId(999), index: 0 };
    let nothing = (ids.encode(&GlobalId::Pool(nothing.pool)), ids.encode(&GlobalId::Coupon(nothing)));
    let mut asked = 0;
    for role in Role::ALL.into_iter().filter(|role| ![Role::Admin, Role::Customer].contains(role)) {
        for (field, _, document) in
            DEMANDS.iter().filter(|(_, _, document)| document.contains("POOL") || document.contains("COUPON"))
        {
            let mut answers = Vec::new();
            for (pool, coupon) in [(&divided.pool, &divided.coupon), (&nothing.0, &nothing.1)] {
                let caller = Caller {
                    role,
                    rights: Rights::of(role),
                    groups: Groups::only([GroupId(2)]),
                    ..Caller::admin("some", "some")
                };
                let document = document.replace("POOL", pool).replace("COUPON", coupon);
                let document = document.replace("ERRORS", "{ userErrors { code message field } }");
                let request = async_graphql::Request::new(document).data(Moment(scrip.now()));
                let schema = scrip::graphql::schema(&Rules::default());
                let mut stream = schema.execute_stream(asked_by(request, scrip.session(caller)));
                let answer = stream.next().await.expect("an answer");
                answers.push(serde_json::to_value(&answer).expect("JSON").to_string());
            }
            assert_eq!(answers[0], answers[1], "{role:?} {field}");
            assert_unmarked(field, &answers[0]);
            asked += 1;
        }
    }
    assert!(asked > 40, "{asked} questions");
    divided.app.finish().await;
}

#[tokio::test]
async fn files_and_replays_are_of_the_own_groups() {
    let divided = Divided::new().await;
    let app = &divided.app;
    for (_, key, _) in &divided.keys {
        for id in [divided.pool.as_str(), "north-pool-1"] {
            let url = format!("{}/pools/{id}/coupons.csv", app.url);
            let answer = app.client.get(url).bearer_auth(key).send().await.expect("an answer");
            assert_eq!(answer.status(), 404, "{id}");
        }
    }
    // A kept answer is of a pool that was there when it was given, and is not any more.
    let (key, id) = app.key_in("SERVICE", &[&divided.north]).await;
    let claim = json!({ "poolId": divided.pool, "customerId": "bob", "idempotencyKey": "k" });
    let made = app.mutate_as(&key, "couponClaim", claim.clone()).await;
    assert_eq!(made["coupon"]["code"], "NORTH-3", "{made}");
    assert_eq!(app.mutate_as(&key, "couponClaim", claim.clone()).await, made);
    let update = "mutation($input: ApiKeyUpdateInput!) { apiKeyUpdate(input: $input) { apiKey { groups { name } } \
                  userErrors { code } } }";
    let changed = app.data(update, json!({ "input": { "id": id, "groupIds": [divided.south] } })).await;
    assert_eq!(changed["apiKeyUpdate"]["apiKey"]["groups"], json!([{ "name": "south" }]));
    let again = app.mutate_as(&key, "couponClaim", claim).await;
    assert_eq!((&again["coupon"], &again["userErrors"][0]["code"]), (&Value::Null, &json!("NOT_FOUND")), "{again}");
    divided.app.finish().await;
}

#[tokio::test]
async fn a_customers_token_sees_what_its_maker_sees() {
    let divided = Divided::new().await;
    let app = &divided.app;
    let make = "mutation { customerTokenCreate(input: {customerId: \"ann\"}) { token userErrors { code } } }";
    let held = "{ viewer { customer { coupons(first: 100) { edges { node { code } } } } } \
                couponsByCode(code: \"NORTH-1\") { edges { node { code } } } \
                events(first: 100) { edges { node { coupon { code } } } } }";
    let token = app.send(divided.key(Role::Service), make, json!({})).await;
    let token = text(&token["data"]["customerTokenCreate"]["token"]);
    let told = divided.told(&token, held, json!({})).await;
    assert_unmarked("a token of the south", &told);
    assert!(told.contains("SOUTH-1"), "{told}");
    let redeem =
        "mutation { couponRedeem(input: {coupon: {code: \"NORTH-1\"}}) { coupon { code } userErrors { code } } }";
    assert!(divided.told(&token, redeem, json!({})).await.contains("NOT_REDEEMABLE"));
    // A key that is moved takes its tokens along.
    let (key, id) = app.key_in("SERVICE", &[&divided.north]).await;
    let token = app.send(&key, make, json!({})).await;
    let token = text(&token["data"]["customerTokenCreate"]["token"]);
    assert!(divided.told(&token, held, json!({})).await.contains("NORTH-1"));
    let update = "mutation($input: ApiKeyUpdateInput!) { apiKeyUpdate(input: $input) { userErrors { code } } }";
    app.data(update, json!({ "input": { "id": id, "groupIds": [] } })).await;
    assert_unmarked("a token of a key that was moved", &divided.told(&token, held, json!({})).await);
    divided.app.finish().await;
}

#[tokio::test]
async fn who_is_in_a_group_sees_and_moves_its_pools() {
    let divided = Divided::new().await;
    let app = &divided.app;
    let (both, _) = app.key_in("MANAGER", &[&divided.north, &divided.south]).await;
    let pools = "{ userGroups { name pools { edges { node { name } } } } \
                 pools(first: 2) { edges { node { name } } pageInfo { hasNextPage endCursor } } }";
    let found = app.send(&both, pools, json!({})).await["data"].clone();
    assert_eq!(found["userGroups"][0]["pools"]["edges"].as_array().expect("pools").len(), 2, "{found}");
    assert_eq!(found["pools"]["pageInfo"]["hasNextPage"], true);
    let rest = "query($after: Cursor) { pools(first: 10, after: $after) { edges { node { name } } } }";
    let rest = app.send(&both, rest, json!({ "after": found["pools"]["pageInfo"]["endCursor"] })).await;
    let names: Vec<_> = items(&found["pools"])
        .into_iter()
        .chain(items(&rest["data"]["pools"]))
        .map(|pool| text(&pool["name"]))
        .collect();
    assert_eq!(names, ["Northern lights", "Northern made", "South sun", "Open air"], "each once, in order");
    // A manager of the south cannot put anything into the north, nor get anything out of it.
    let manager = divided.key(Role::Manager);
    let moved = json!({ "id": divided.pool, "apply": "NONE", "userGroupId": divided.south });
    let refused = app.mutate_as(manager, "poolUpdate", moved.clone()).await;
    assert_eq!(refused["userErrors"][0]["code"], "NOT_FOUND", "{refused}");
    let made = json!({ "name": "mine", "source": "UPLOADED", "type": "AMOUNT", "value": "5",
        "userGroupId": divided.north });
    let refused = app.mutate_as(manager, "poolCreate", made).await;
    assert_eq!(refused["userErrors"][0]["field"], json!(["userGroupId"]), "{refused}");
    app.mutate_as(&both, "poolUpdate", moved).await;
    assert!(
        divided.told(manager, "{ pools { edges { node { name } } } }", json!({})).await.contains("Northern lights")
    );
    // Null leaves it to all.
    app.mutate_as(&both, "poolUpdate", json!({ "id": divided.pool, "apply": "NONE", "userGroupId": null })).await;
    let (none, _) = app.key_in("VIEWER", &[]).await;
    assert!(divided.told(&none, "{ pools { edges { node { name } } } }", json!({})).await.contains("Northern lights"));
    divided.app.finish().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_group_is_told() {
    let app = App::start().await;
    app.group("north").await;
    let long = "x".repeat(1_000_000);
    for (name, code) in
        [("", "VALUE_INVALID"), ("a\u{7}b", "VALUE_INVALID"), ("north", "DUPLICATE"), (&long, "VALUE_INVALID")]
    {
        let refused = app.data(GROUP, json!({ "input": { "name": name } })).await["userGroupCreate"].clone();
        assert_eq!(refused["userErrors"][0]["code"], code, "{refused}");
    }
    let key = json!({ "name": "a", "role": "VIEWER", "groupIds": ["none"] });
    let refused = app.data(KEY, json!({ "input": key })).await["apiKeyCreate"].clone();
    assert_eq!(refused["userErrors"][0], json!({ "code": "NOT_FOUND", "field": ["groupIds"] }));
    let unknown = app.data(
        "mutation { userGroupUpdate(input: {id: \"none\", name: \"x\"}) { userErrors { code field } } }",
        json!({}),
    );
    assert_eq!(unknown.await["userGroupUpdate"]["userErrors"][0]["code"], "NOT_FOUND");
    app.finish().await;
}
