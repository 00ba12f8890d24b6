//! What each use case demands. A field of the schema that is not in the table fails the test, and so does one that answers
//! whoever may not do what the table says.

use std::collections::BTreeSet;

use async_graphql::parser::{
    parse_schema,
    types::{TypeKind, TypeSystemDefinition},
};
use futures_util::StreamExt;
use scrip::{
    domain::{access::Role, id::CustomerId},
    graphql::{Moment, Rules, asked_by, definition},
    service::{Action, Caller, Failure, Rights},
};
use serde_json::{Value, json};

use super::App;

/// Every field of the schema's roots, what it demands, and how it is asked for: `POOL` and `COUPON` are ids.
pub(super) const DEMANDS: &[(&str, Option<Action>, &str)] = &[
    ("node", Some(Action::ReadPools), "{ node(id: \"POOL\") { id } }"),
    ("nodes", Some(Action::ReadCoupons), "{ nodes(ids: [\"COUPON\"]) { id } }"),
    ("pool", Some(Action::ReadPools), "{ pool(id: \"POOL\") { name } }"),
    ("pools", Some(Action::ReadPools), "{ pools { edges { cursor } } }"),
    ("coupon", Some(Action::ReadCoupons), "{ coupon(id: \"COUPON\") { code } }"),
    ("couponsByCode", Some(Action::ReadCoupons), "{ couponsByCode(code: \"A\") { edges { cursor } } }"),
    ("customer", Some(Action::ReadCustomers), "{ customer(id: \"ann\") { email } }"),
    ("customers", Some(Action::ReadCustomers), "{ customers { edges { cursor } } }"),
    ("events", Some(Action::ReadEvents), "{ events { edges { cursor } } }"),
    ("latestCursor", Some(Action::ReadEvents), "{ latestCursor }"),
    ("checkoutPreview", Some(Action::PreviewCheckouts), "{ checkoutPreview(input: CHECKOUT) { payable } }"),
    (
        "eligibleCoupons",
        Some(Action::PreviewCheckouts),
        "{ eligibleCoupons(input: {customerId: \"ann\", basket: {currency: \"EUR\", lines: []}}) { exact } }",
    ),
    ("purchase", Some(Action::ReadPurchases), "{ purchase(transactionId: \"t\") { id } }"),
    ("patternPreview", Some(Action::PreviewPatterns), "{ patternPreview(input: {pattern: \"B##\"}) { combinations } }"),
    ("jobs", Some(Action::ReadJobs), "{ jobs { edges { cursor } } }"),
    ("plugins", Some(Action::ReadPlugins), "{ plugins { id } }"),
    ("settings", Some(Action::ReadSettings), "{ settings { autoRedeem } }"),
    ("database", Some(Action::ReadOperations), "{ database { bytes } }"),
    ("tasks", Some(Action::ReadOperations), "{ tasks { name } }"),
    ("apiKeys", Some(Action::ManageKeys), "{ apiKeys { id } }"),
    ("userGroups", Some(Action::ReadPools), "{ userGroups { id } }"),
    ("auditLog", Some(Action::ReadAudit), "{ auditLog { edges { cursor } } }"),
    ("auditVerification", Some(Action::ReadAudit), "{ auditVerification { faults } }"),
    ("viewer", None, "{ viewer { name } }"),
    (
        "poolCreate",
        Some(Action::ChangePools),
        "mutation { poolCreate(input: {name: \"B\", source: GENERATED, pattern: \"B####\", type: FREE_SHIPPING}) ERRORS }",
    ),
    (
        "poolUpdate",
        Some(Action::ChangePools),
        "mutation { poolUpdate(input: {id: \"POOL\", name: \"C\", apply: NONE}) ERRORS }",
    ),
    (
        "poolArchive",
        Some(Action::ChangePools),
        "mutation { poolArchive(input: {id: \"POOL\", archived: false}) ERRORS }",
    ),
    (
        "couponsAdd",
        Some(Action::AddCoupons),
        "mutation { couponsAdd(input: {poolId: \"POOL\", codes: [\"B\"]}) ERRORS }",
    ),
    (
        "couponsGenerate",
        Some(Action::AddCoupons),
        "mutation { couponsGenerate(input: {poolId: \"POOL\", count: 1}) ERRORS }",
    ),
    (
        "customerUpsert",
        Some(Action::ChangeCustomers),
        "mutation { customerUpsert(input: {customerId: \"bob\"}) ERRORS }",
    ),
    ("customerErase", Some(Action::EraseCustomers), "mutation { customerErase(customerId: \"none\") ERRORS }"),
    ("settingsUpdate", Some(Action::ChangeSettings), "mutation { settingsUpdate(input: {autoRedeem: false}) ERRORS }"),
    (
        "couponClaim",
        Some(Action::ClaimCoupons),
        "mutation { couponClaim(input: {poolId: \"POOL\", customerId: \"bob\"}) ERRORS }",
    ),
    (
        "couponRedeem",
        Some(Action::RedeemCoupons),
        "mutation { couponRedeem(input: {coupon: {id: \"COUPON\"}}) ERRORS }",
    ),
    (
        "couponUnredeem",
        Some(Action::UnredeemCoupons),
        "mutation { couponUnredeem(input: {coupon: {id: \"COUPON\"}}) ERRORS }",
    ),
    (
        "couponUnassign",
        Some(Action::ChangeCoupons),
        "mutation { couponUnassign(input: {coupon: {id: \"COUPON\"}}) ERRORS }",
    ),
    (
        "couponTransfer",
        Some(Action::ChangeCoupons),
        "mutation { couponTransfer(input: {coupon: {id: \"COUPON\"}, toCustomerId: \"bob\"}) ERRORS }",
    ),
    (
        "couponInvalidate",
        Some(Action::ChangeCoupons),
        "mutation { couponInvalidate(input: {coupon: {id: \"COUPON\"}}) ERRORS }",
    ),
    (
        "couponReinstate",
        Some(Action::ChangeCoupons),
        "mutation { couponReinstate(input: {coupon: {id: \"COUPON\"}}) ERRORS }",
    ),
    (
        "couponExtend",
        Some(Action::ChangeCoupons),
        "mutation { couponExtend(input: {coupon: {id: \"COUPON\"}, expiresAt: \"2027-01-01T00:00:00Z\"}) ERRORS }",
    ),
    (
        "giftCardAdjust",
        Some(Action::ChangeCoupons),
        "mutation { giftCardAdjust(input: {coupon: {id: \"COUPON\"}, amount: \"1\", reason: \"x\"}) ERRORS }",
    ),
    ("checkoutComplete", Some(Action::CompleteCheckouts), "mutation { checkoutComplete(input: CHECKOUT) ERRORS }"),
    (
        "checkoutHold",
        Some(Action::CompleteCheckouts),
        "mutation { checkoutHold(input: {transactionId: \"h\", customerId: \"ann\", coupons: [], \
         basket: {currency: \"EUR\", lines: []}}) ERRORS }",
    ),
    ("checkoutRelease", Some(Action::CompleteCheckouts), "mutation { checkoutRelease(transactionId: \"h\") ERRORS }"),
    (
        "checkoutReturn",
        Some(Action::ReturnPurchases),
        "mutation { checkoutReturn(input: {transactionId: \"t\"}) ERRORS }",
    ),
    ("pluginTest", Some(Action::ManagePlugins), "mutation { pluginTest(input: {plugin: \"none\"}) ERRORS }"),
    ("pluginReload", Some(Action::ManagePlugins), "mutation { pluginReload(id: \"none\") ERRORS }"),
    ("apiKeyCreate", Some(Action::ManageKeys), "mutation { apiKeyCreate(input: {name: \"b\", role: VIEWER}) ERRORS }"),
    ("apiKeyUpdate", Some(Action::ManageKeys), "mutation { apiKeyUpdate(input: {id: \"none\"}) ERRORS }"),
    ("apiKeyRotate", Some(Action::ManageKeys), "mutation { apiKeyRotate(input: {id: \"none\"}) ERRORS }"),
    ("apiKeyRevoke", Some(Action::ManageKeys), "mutation { apiKeyRevoke(id: \"none\") ERRORS }"),
    ("userGroupCreate", Some(Action::ManageGroups), "mutation { userGroupCreate(input: {name: \"north\"}) ERRORS }"),
    (
        "userGroupUpdate",
        Some(Action::ManageGroups),
        "mutation { userGroupUpdate(input: {id: \"none\", name: \"south\"}) ERRORS }",
    ),
    (
        "customerTokenCreate",
        Some(Action::MakeCustomerTokens),
        "mutation { customerTokenCreate(input: {customerId: \"ann\"}) ERRORS }",
    ),
    (
        "importStart",
        Some(Action::ManageJobs),
        "mutation { importStart(input: {uploadId: \"none\", poolId: \"POOL\"}) ERRORS }",
    ),
    (
        "couponsBulk",
        Some(Action::ManageJobs),
        "mutation { couponsBulk(input: {action: INVALIDATE, codes: [{code: \"none\"}], dryRun: true}) ERRORS }",
    ),
    ("exportStart", Some(Action::ManageJobs), "mutation { exportStart(input: {poolId: \"POOL\"}) ERRORS }"),
    ("jobUndo", Some(Action::ManageJobs), "mutation { jobUndo(id: \"none\") ERRORS }"),
    ("jobCancel", Some(Action::ManageJobs), "mutation { jobCancel(id: \"none\") ERRORS }"),
    ("jobProgress", Some(Action::ReadJobs), "subscription { jobProgress(id: \"none\") { id } }"),
    ("couponEvents", Some(Action::ReadEvents), "subscription { couponEvents(after: \"CURSOR\") { __typename } }"),
];

/// Fields of objects that lead to others, what reading the other demands, and how they are asked for.
const NESTED: &[(&str, &[Action], Action)] = &[
    ("{ coupon(id: \"COUPON\") { pool { name } } }", &[Action::ReadCoupons], Action::ReadPools),
    ("{ coupon(id: \"COUPON\") { customer { email } } }", &[Action::ReadCoupons], Action::ReadCustomers),
    ("{ coupon(id: \"COUPON\") { events { edges { cursor } } } }", &[Action::ReadCoupons], Action::ReadEvents),
    ("{ pool(id: \"POOL\") { coupons { edges { cursor } } } }", &[Action::ReadPools], Action::ReadCoupons),
    ("{ customer(id: \"ann\") { coupons { edges { cursor } } } }", &[Action::ReadCustomers], Action::ReadCoupons),
    ("{ customer(id: \"ann\") { events { edges { cursor } } } }", &[Action::ReadCustomers], Action::ReadEvents),
    ("{ events { edges { node { coupon { code } } } } }", &[Action::ReadEvents], Action::ReadCoupons),
    ("{ events { edges { node { customer { email } } } } }", &[Action::ReadEvents], Action::ReadCustomers),
];

/// A Scrip with a pool and a coupon of ann's, and what stands for their ids.
struct Asked {
    app: App,
    pool: String,
    coupon: String,
    /// The place before all that happened.
    cursor: String,
}

impl Asked {
    async fn new() -> Self {
        let app = App::start().await;
        let pool = app.pool(json!({ "name": "A", "type": "PERCENTAGE", "value": "10" }), &["A1", "A2"]).await;
        let cursor =
            app.data("{ latestCursor }", json!({})).await["latestCursor"].as_str().expect("a cursor").to_owned();
        let coupon = app.claim(&pool, "ann").await["id"].as_str().expect("an id").to_owned();
        Self { app, pool, coupon, cursor }
    }

    /// The answer to whoever has these rights alone.
    async fn ask(&self, document: &str, rights: Rights) -> String {
        self.ask_as(document, Caller { rights, ..Caller::admin("some", "some") }).await
    }

    async fn ask_as(&self, document: &str, caller: Caller) -> String {
        let checkout =
            "{transactionId: \"t\", customerId: \"ann\", coupons: [], basket: {currency: \"EUR\", lines: []}}";
        let document = document.replace("POOL", &self.pool).replace("COUPON", &self.coupon);
        let document = document
            .replace("CURSOR", &self.cursor)
            .replace("CHECKOUT", checkout)
            .replace("ERRORS", "{ userErrors { code } }");
        let scrip = self.app.scrip();
        let session = scrip.session(caller);
        let request = async_graphql::Request::new(document).data(Moment(scrip.now()));
        let schema = scrip::graphql::schema(&Rules::default());
        let mut answers = schema.execute_stream(asked_by(request, session));
        let answer = answers.next().await.expect("an answer");
        let answer: Value = serde_json::to_value(&answer).expect("JSON");
        answer.to_string()
    }
}

/// The names of the fields of the schema's roots.
fn root_fields() -> BTreeSet<String> {
    let document = parse_schema(definition()).expect("the schema");
    let mut fields = BTreeSet::new();
    for definition in document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let is_root = ["Query", "Mutation", "Subscription"].contains(&definition.node.name.node.as_str());
        if let (true, TypeKind::Object(object)) = (is_root, definition.node.kind) {
            fields.extend(object.fields.into_iter().map(|field| field.node.name.node.to_string()));
        }
    }
    fields
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_field_demands_what_the_table_says() {
    let named: BTreeSet<String> = DEMANDS.iter().map(|(field, ..)| (*field).to_owned()).collect();
    assert_eq!(root_fields(), named, "each field of the schema says here what it demands");
    let asked = Asked::new().await;
    for (field, action, document) in DEMANDS {
        let Some(action) = action else {
            assert!(!asked.ask(document, Rights::NONE).await.contains("FORBIDDEN"), "{field}");
            continue;
        };
        let without = asked.ask(document, Rights::ALL.without(*action)).await;
        assert!(without.contains("FORBIDDEN"), "{field} answers whoever may not {action:?}: {without}");
        let with = asked.ask(document, Rights::only(&[*action])).await;
        assert!(!with.contains("FORBIDDEN"), "{field} demands more than {action:?}: {with}");
        assert!(!with.contains("DOCUMENT_INVALID") && !with.contains("Unknown"), "{field}: {with}");
    }
    asked.app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_objects_lead_to_demands_its_own() {
    let asked = Asked::new().await;
    for (document, first, second) in NESTED {
        let without = asked.ask(document, Rights::only(first)).await;
        assert!(without.contains("FORBIDDEN"), "{document} answers whoever may not {second:?}: {without}");
        let both: Vec<_> = first.iter().chain([second]).copied().collect();
        let with = asked.ask(document, Rights::only(&both)).await;
        assert!(!with.contains("errors") || with.contains("\"errors\":[]"), "{document}: {with}");
    }
    asked.app.finish().await;
}

/// The routes beside GraphQL, each with what it demands: those that are not here are open to all, or have no session.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_demands_what_the_table_says() {
    let source = include_str!("../../../src/http/mod.rs");
    let routes: Vec<_> = source.split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(
        routes,
        [
            "/",
            "/graphql",
            "/pools/{id}/{file}",
            "/customers/{id}/data.json",
            "/jobs/{id}/refusals.csv",
            "/jobs/{id}/file",
            "/uploads",
            "/backup",
            "/healthz",
            "/readyz"
        ]
    );
    let asked = Asked::new().await;
    let scrip = asked.app.scrip();
    let nobody = scrip.session(Caller { rights: Rights::NONE, ..Caller::admin("some", "some") });
    let is_forbidden = |failure: Failure| failure.to_string().contains("may not");
    assert!(nobody.backup(None).is_err_and(is_forbidden));
    assert!(nobody.personal_data(&CustomerId::parse("ann").expect("an id")).await.is_err_and(is_forbidden));
    assert!(nobody.upload(None).await.is_err_and(is_forbidden));
    assert!(nobody.job(scrip::domain::job::JobId(1)).await.is_err_and(is_forbidden));
    let pools = scrip.operator();
    let job = json!({ "action": "INVALIDATE", "codes": [{ "code": "A2" }] });
    let job = asked
        .app
        .data(
            "mutation($input: CouponsBulkInput!) { couponsBulk(input: $input) { job { id } } }",
            json!({ "input": job }),
        )
        .await;
    assert!(job["couponsBulk"]["job"]["id"].is_string(), "{job}");
    let job = pools.job(scrip::domain::job::JobId(1)).await.expect("an answer").expect("a job");
    for without in [Action::ExportCoupons, Action::ManageJobs] {
        let some = scrip.session(Caller { rights: Rights::ALL.without(without), ..Caller::admin("some", "some") });
        assert!(some.exported(&job).await.is_err_and(is_forbidden), "{without:?}");
    }
    let GlobalPool(pool) = GlobalPool::of(&pools, &asked.pool);
    let pool = pools.pool(pool).expect("an answer").expect("a pool");
    assert!(nobody.export(&pool, Default::default()).await.is_err_and(is_forbidden));
    drop((nobody, pools));
    asked.app.finish().await;
}

/// A pool's id, from the one that the API gives.
struct GlobalPool(scrip::domain::id::PoolId);

impl GlobalPool {
    fn of(session: &scrip::service::Session, id: &str) -> Self {
        match session.ids().decode(id) {
            Some(scrip::domain::global_id::GlobalId::Pool(id)) => Self(id),
            other => panic!("expected a pool, found {other:?}"),
        }
    }
}

/// Every role, at every field: what the table of roles says, and the page for operators.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_role_may_do_what_the_table_says() {
    let asked = Asked::new().await;
    for role in Role::ALL {
        let rights = Rights::of(role);
        let customer = (role == Role::Customer).then(|| CustomerId::parse("ann").expect("an id"));
        let caller = Caller { role, rights, customer, ..Caller::admin("some", "some") };
        for (field, action, document) in DEMANDS {
            let answer = asked.ask_as(document, caller.clone()).await;
            let allowed = action.is_none_or(|action| rights.allow(action));
            assert_eq!(!answer.contains("FORBIDDEN"), allowed, "{role:?} {field}: {answer}");
        }
    }
    let page = include_str!("../../../docs/operating.md");
    for action in Action::ALL.iter().filter(|action| **action != Action::KeepBooks && **action != Action::ConfirmClock)
    {
        let has = |role| if Rights::of(role).allow(*action) { "yes" } else { "" };
        let cells = Role::ALL.map(|role| format!("| {}", has(role)).trim_end().to_owned() + " ").concat();
        let line = format!("| `{}` {cells}|", action.name());
        assert!(page.contains(&line), "docs/operating.md lacks: {line}");
    }
    asked.app.finish().await;
}

/// The introspection shows each role the fields of the roots that it may use.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_role_is_shown_what_it_may_use() {
    let asked = Asked::new().await;
    let document = "{ __schema { queryType { fields { name } } mutationType { fields { name } } \
                    subscriptionType { fields { name } } } }";
    for role in Role::ALL {
        let rights = Rights::of(role);
        let customer = (role == Role::Customer).then(|| CustomerId::parse("ann").expect("an id"));
        let caller = Caller { role, rights, customer, ..Caller::admin("some", "some") };
        let answer: Value = serde_json::from_str(&asked.ask_as(document, caller).await).expect("JSON");
        let roots = answer["data"]["__schema"].as_object().expect("the roots").values();
        let fields = roots.filter_map(|root| root["fields"].as_array()).flatten();
        let shown: BTreeSet<&str> = fields.filter_map(|field| field["name"].as_str()).collect();
        let may = |action: &Option<Action>, field: &str| {
            // What a node is, says what it demands.
            field == "node" || field == "nodes" || action.is_none_or(|action| rights.allow(action))
        };
        let expected = DEMANDS.iter().filter(|(field, action, _)| may(action, field)).map(|(field, ..)| *field);
        assert_eq!(shown, expected.collect(), "{role:?}");
    }
    asked.app.finish().await;
}

/// Every route, for every role, in and out of the group of a pool.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_answers_whoever_may_have_it() {
    let asked = Asked::new().await;
    let app = &asked.app;
    let group =
        app.data("mutation { userGroupCreate(input: {name: \"north\"}) { userGroup { id } } }", json!({})).await;
    let group = group["userGroupCreate"]["userGroup"]["id"].clone();
    app.ok("poolUpdate", json!({ "id": asked.pool, "apply": "NONE", "userGroupId": group })).await;
    let create = "mutation($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) { secret } }";
    let token = "mutation { customerTokenCreate(input: {customerId: \"ann\"}) { token } }";
    let pool = format!("/pools/{}/coupons.jsonl", asked.pool);
    let routes = [
        (pool.as_str(), Action::ExportCoupons),
        ("/customers/ann/data.json", Action::EraseCustomers),
        ("/backup", Action::TakeBackups),
    ];
    for role in Role::ALL {
        for is_in in [true, false] {
            let groups = if is_in { json!([group]) } else { json!([]) };
            let of = if role == Role::Customer { Role::Service } else { role };
            let input = json!({ "name": "k", "role": format!("{of:?}").to_uppercase(), "groupIds": groups });
            let made = app.data(create, json!({ "input": input })).await;
            let mut key = made["apiKeyCreate"]["secret"].as_str().expect("a secret").to_owned();
            if role == Role::Customer {
                let made = app.send(&key, token, json!({})).await;
                key = made["data"]["customerTokenCreate"]["token"].as_str().expect("a token").to_owned();
            }
            for (route, action) in routes {
                let url = format!("{}{route}", app.url);
                let answer = app.client.get(url).bearer_auth(&key).send().await.expect("an answer");
                let sees = is_in || role == Role::Admin || !route.starts_with("/pools");
                // Whoever may not read pools is told so, whether there is such a pool or not.
                let expected = match (Rights::of(role).allow(action), sees) {
                    (true, true) => vec![200],
                    (true, false) => vec![404],
                    (false, _) => vec![403, 404],
                };
                let status = answer.status().as_u16();
                drop(answer.bytes().await.expect("a whole answer"));
                assert!(expected.contains(&status), "{role:?} {route}, in the group: {is_in}: {status}");
            }
        }
    }
    asked.app.finish().await;
}
