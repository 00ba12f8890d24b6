//! Scrip over a real socket on a port of the system's choice, and what a test says to it in a line.

use std::sync::Arc;

use scrip::{
    domain::period::Instant,
    http::Options,
    plugins::{Lookup, PluginSettings, Plugins},
    service::{Clock, Scrip},
    storage::Address,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// When every test begins: the end of a month, so that calendars matter.
const START: &str = "2026-01-31T10:00:00Z";

/// What the tests look at of a coupon.
pub(super) const COUPON: &str = "id code status type value currency balance claims usages transfers version \
    claimedAt expiresAt redeemedAt invalidatedAt customer { externalId } originalCustomer { externalId } \
    restrictions { purchaseMinimum stores products } pool { id }";
/// What the tests look at of a pool.
pub(super) const POOL: &str = "id externalId name source type value currency caseSensitive aggregated archivedAt version \
    restrictions { minimumValue minimumRedemptionValue purchaseMinimum expirationPeriod stores products } \
    codes { pattern excludedCharacters excludedPhrases combinations bulkLimit generated guessProbability } \
    stats { total unassigned claimed partiallyRedeemed redeemed expired invalid usages }";
/// What the tests look at of an event.
pub(super) const EVENT: &str = "id cursor type at actor reason reference statusBefore statusAfter amount balanceAfter transactionId \
    coupon { id code } customer { externalId } counterpart { externalId }";
/// What the tests look at of a ledger entry.
pub(super) const ENTRY: &str = "id kind amount balanceAfter transactionId at reverses";
/// What the tests look at of a checkout.
pub(super) const VERDICT: &str = "total discount payable coupons { code redeemable discount redeemed coupon { id status balance } \
    allocations { code line amount } ledgerEntry { id kind amount balanceAfter transactionId at reverses } \
    reasons { code message } trace { check passed detail } } \
    lines { total discount payable allocations { code line amount } } \
    shipping { total discount payable allocations { code line amount } }";

/// What the tests look at of a purchase.
pub(super) const PURCHASE: &str = "id transactionId at returned customer { externalId } \
    verdict { total discount payable lines { total payable } coupons { code redeemed discount } } \
    returns { at actor reason shipping total refund lines { line quantity amount } \
    coupons { code amount ledgerEntry { kind amount balanceAfter transactionId } } } \
    events { edges { node { type transactionId amount reason coupon { code } } } }";

/// A running Scrip and a client of it.
pub(super) struct App {
    pub(super) url: String,
    pub(super) key: String,
    pub(super) client: reqwest::Client,
    pub(super) clock: Clock,
    scrip: Option<Arc<Scrip>>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
}

impl App {
    /// One whose clock stands still at the start until a test sets it.
    pub(super) async fn start() -> Self {
        Self::with(Options::default()).await
    }

    /// One that behaves in another way.
    pub(super) async fn with(options: Options) -> Self {
        Self::on(&Address::parse("mem://").expect("an address"), options).await
    }

    /// One on a database.
    pub(super) async fn on(address: &Address, options: Options) -> Self {
        Self::open(address, options, None).await
    }

    /// One with the shipped plugins, and what an operator says of them.
    pub(super) async fn with_plugins(settings: PluginSettings) -> Self {
        Self::with_options_and_plugins(Options::default(), settings).await
    }

    /// The same at an edge with these options.
    pub(super) async fn with_options_and_plugins(options: Options, settings: PluginSettings) -> Self {
        let settings = PluginSettings { bounds: crate::plugins::patient(), ..settings };
        let plugins = Plugins::open(settings, Lookup::default()).await.expect("plugins");
        Self::open(&Address::parse("mem://").expect("an address"), options, Some(plugins)).await
    }

    async fn open(address: &Address, options: Options, plugins: Option<Arc<Plugins>>) -> Self {
        let clock = Clock::manual(START.parse().expect("an instant"));
        let scrip = Scrip::open(address, clock.clone(), plugins).await.expect("a database");
        let key = scrip.operator().create_key(scrip::service::KeyDraft::admin("till")).await.expect("a key").secret;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async { drop(stopped.await) };
        let served = tokio::spawn(scrip::http::serve(listener, Arc::clone(&scrip), options, shutdown));
        Self { url, key, client: reqwest::Client::new(), clock, scrip: Some(scrip), stop, served }
    }

    /// Scrip itself.
    pub(super) fn scrip(&self) -> &Arc<Scrip> {
        self.scrip.as_ref().expect("a running Scrip")
    }

    /// Makes another key.
    pub(super) async fn another_key(&self, name: &str) -> String {
        self.scrip().operator().create_key(scrip::service::KeyDraft::admin(name)).await.expect("a key").secret
    }

    /// Sets the clock.
    pub(super) fn set_clock(&self, at: &str) {
        self.clock.set(at.parse::<Instant>().expect("an instant"));
    }

    /// Sends a document with a key; the whole answer.
    pub(super) async fn send(&self, key: &str, query: &str, variables: Value) -> Value {
        let request = self.client.post(format!("{}/graphql", self.url)).bearer_auth(key);
        let response =
            request.json(&json!({ "query": query, "variables": variables })).send().await.expect("an answer");
        assert_eq!(response.status(), 200, "{query}");
        response.json().await.expect("JSON")
    }

    /// Sends a document; the whole answer.
    pub(super) async fn gql(&self, query: &str, variables: Value) -> Value {
        self.send(&self.key, query, variables).await
    }

    /// Sends a document that has to succeed; its data.
    pub(super) async fn data(&self, query: &str, variables: Value) -> Value {
        let answer = self.gql(query, variables).await;
        assert_eq!(answer.get("errors"), None, "{query}: {answer}");
        answer["data"].clone()
    }

    /// A query that has to be refused: its code and field.
    pub(super) async fn query_refused(&self, query: &str, variables: Value) -> (String, String) {
        let answer = self.gql(query, variables.clone()).await;
        let error = &answer["errors"][0]["extensions"];
        assert!(error["code"].is_string(), "{query} {variables}: {answer}");
        (text(&error["code"]), path(&error["field"]))
    }

    /// Sends a mutation with a key; its payload.
    pub(super) async fn mutate_as(&self, key: &str, mutation: &str, input: Value) -> Value {
        let answer = self.send(key, &document(mutation), json!({ "input": input })).await;
        assert_eq!(answer.get("errors"), None, "{mutation} {input}: {answer}");
        answer["data"][mutation].clone()
    }

    /// Sends a mutation; its payload.
    pub(super) async fn mutate(&self, mutation: &str, input: Value) -> Value {
        self.mutate_as(&self.key, mutation, input).await
    }

    /// A mutation that has to be carried out; the object of its payload.
    pub(super) async fn ok(&self, mutation: &str, input: Value) -> Value {
        let payload = self.mutate(mutation, input.clone()).await;
        assert_eq!(payload["userErrors"], json!([]), "{mutation} {input}");
        payload[object_of(mutation)].clone()
    }

    /// A mutation that has to be refused: the codes and fields of all its user errors.
    pub(super) async fn refusals(&self, mutation: &str, input: Value) -> Vec<(String, String)> {
        let payload = self.mutate(mutation, input).await;
        assert_eq!(payload[object_of(mutation)], Value::Null, "{payload}");
        let errors = payload["userErrors"].as_array().expect("user errors");
        errors.iter().map(|error| (text(&error["code"]), path(&error["field"]))).collect()
    }

    /// A mutation that has to be refused with one code.
    pub(super) async fn refused(&self, mutation: &str, input: Value, code: &str, field: &str) {
        let found = self.refusals(mutation, input.clone()).await;
        assert_eq!(found, [(code.to_owned(), field.to_owned())], "{mutation} {input}");
    }

    /// Makes a pool of uploaded codes with some codes in it; its id.
    pub(super) async fn pool(&self, pool: Value, codes: &[&str]) -> String {
        let mut input = json!({ "name": "a pool", "source": "UPLOADED" });
        let fields = pool.as_object().expect("fields").clone();
        input.as_object_mut().expect("fields").extend(fields);
        let id = text(&self.ok("poolCreate", input).await["id"]);
        if !codes.is_empty() {
            let payload = self.mutate("couponsAdd", json!({ "poolId": id, "codes": codes })).await;
            assert_eq!(payload["added"], codes.len(), "{payload}");
        }
        id
    }

    /// Makes a bulk pool with this many codes of a pattern; its id.
    pub(super) async fn bulk(&self, pattern: &str, count: u32) -> String {
        let pool = json!({ "name": pattern, "source": "BULK_GENERATED", "type": "FREE_SHIPPING", "pattern": pattern });
        let pool = text(&self.ok("poolCreate", pool).await["id"]);
        let payload = self.mutate("couponsGenerate", json!({ "poolId": pool, "count": count })).await;
        assert_eq!(payload["generated"], count, "{payload}");
        pool
    }

    /// A page of a pool's coupons: `arguments` as in a document, such as `first: 2`.
    pub(super) async fn coupons(&self, pool: &str, arguments: &str) -> Value {
        let query = format!(
            "query($id: ID!) {{ pool(id: $id) {{ coupons({arguments}) {{ edges {{ cursor node {{ {COUPON} }} }}
            pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }}"
        );
        self.data(&query, json!({ "id": pool })).await["pool"]["coupons"].clone()
    }

    /// Claims a coupon.
    pub(super) async fn claim(&self, pool: &str, customer: &str) -> Value {
        self.ok("couponClaim", json!({ "poolId": pool, "customerId": customer })).await
    }

    /// The one coupon with a code.
    pub(super) async fn by_code(&self, code: &str) -> Value {
        let query =
            format!("query($code: String!) {{ couponsByCode(code: $code) {{ edges {{ node {{ {COUPON} }} }} }} }}");
        let found = items(&self.data(&query, json!({ "code": code })).await["couponsByCode"]);
        assert_eq!(found.len(), 1, "{code}: {found:?}");
        found.into_iter().next().expect("a coupon")
    }

    /// A pool.
    pub(super) async fn read_pool(&self, id: &str) -> Value {
        self.data(&format!("query($id: ID!) {{ pool(id: $id) {{ {POOL} }} }}"), json!({ "id": id })).await["pool"]
            .clone()
    }

    /// A pool's counts that are not zero.
    pub(super) async fn stats(&self, id: &str) -> Value {
        let mut stats = self.read_pool(id).await["stats"].clone();
        stats.as_object_mut().expect("counts").retain(|_, count| *count != json!(0));
        stats
    }

    /// Whether it is ready: the status and what it says.
    pub(super) async fn readiness(&self) -> (u16, String) {
        let response = self.client.get(format!("{}/readyz", self.url)).send().await.expect("an answer");
        (response.status().as_u16(), response.text().await.expect("text"))
    }

    /// All events of a coupon.
    pub(super) async fn events(&self, coupon: &Value) -> Vec<Value> {
        let query = format!("query($id: ID!) {{ coupon(id: $id) {{ events {{ edges {{ node {{ {EVENT} }} }} }} }} }}");
        items(&self.data(&query, json!({ "id": coupon["id"] })).await["coupon"]["events"])
    }

    /// The whole ledger of a gift card.
    pub(super) async fn ledger(&self, coupon: &Value) -> Vec<Value> {
        let query = format!(
            "query($id: ID!) {{ coupon(id: $id) {{ ledger(first: 500) {{ edges {{ node {{ {ENTRY} }} }} }} }} }}"
        );
        items(&self.data(&query, json!({ "id": coupon["id"] })).await["coupon"]["ledger"])
    }

    /// Audits the books and stops.
    pub(super) async fn finish(self) {
        self.audit().await;
        self.stop().await;
    }

    /// Stops, whatever is going on.
    pub(super) async fn stop(mut self) {
        self.scrip = None;
        drop(self.client);
        self.stop.send(()).expect("a running server");
        self.served.await.expect("an end").expect("a clean end");
    }
}

/// The shipped plugins, with `[plugin.ID]` of a configuration file.
pub(super) fn operator(plugin: &str, settings: &str) -> PluginSettings {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins");
    let settings = toml::from_str(settings).expect("settings");
    PluginSettings {
        folder: Some(folder),
        cache: Some(std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugins")),
        bounds: crate::plugins::patient(),
        operators: [(plugin.to_owned(), settings)].into_iter().collect(),
        ..PluginSettings::default()
    }
}

/// The nodes of a connection.
pub(super) fn items(connection: &Value) -> Vec<Value> {
    let edges = connection["edges"].as_array().unwrap_or_else(|| panic!("no connection: {connection}"));
    edges.iter().map(|edge| edge["node"].clone()).collect()
}

/// One field of many objects.
pub(super) fn field(objects: &[Value], name: &str) -> Vec<Value> {
    objects.iter().map(|object| object[name].clone()).collect()
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// A refusal's field as one text; empty where there is none.
fn path(field: &Value) -> String {
    let parts = field.as_array().map(|parts| parts.iter().map(text).collect::<Vec<_>>());
    parts.unwrap_or_default().join(".")
}

fn object_of(mutation: &str) -> &'static str {
    match mutation {
        "poolCreate" | "poolUpdate" | "poolArchive" | "couponsAdd" | "couponsGenerate" => "pool",
        "customerUpsert" => "customer",
        "checkoutComplete" | "checkoutHold" => "verdict",
        "settingsUpdate" => "settings",
        "checkoutReturn" => "purchase",
        _ => "coupon",
    }
}

fn document(mutation: &str) -> String {
    let input = match mutation {
        "checkoutComplete" => "CheckoutInput".to_owned(),
        _ => format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]),
    };
    let selection = match mutation {
        "poolCreate" | "poolArchive" => format!("pool {{ {POOL} }}"),
        "poolUpdate" => format!("pool {{ {POOL} }} updated"),
        "couponsGenerate" => format!("pool {{ {POOL} }} generated"),
        "couponsAdd" => format!("pool {{ {POOL} }} added skipped {{ code reason {{ code message }} }}"),
        "customerUpsert" => "customer { id externalId email currency attributes }".to_owned(),
        "checkoutComplete" => format!("verdict {{ {VERDICT} }}"),
        "settingsUpdate" => "settings { autoRedeem }".to_owned(),
        "checkoutHold" => format!("heldUntil verdict {{ {VERDICT} }}"),
        "checkoutReturn" => format!("purchase {{ {PURCHASE} }}"),
        "couponRedeem" => format!("coupon {{ {COUPON} }} ledgerEntry {{ {ENTRY} }}"),
        _ => format!("coupon {{ {COUPON} }}"),
    };
    format!(
        "mutation($input: {input}!) {{ {mutation}(input: $input) {{ {selection} userErrors {{ code field message }} }} }}"
    )
}
