//! A thousand guesses, by whichever way, meet a limit: aliases, a socket's operations, filters of lists and of exports, codes
//! that are added, patterns that are drafted. And what each key may ask for is bounded and told.

use scrip::http::{Budget, BudgetRules, Options};
use serde_json::{Value, json};

use super::{App, app::text};

/// How often somebody guesses.
const GUESSES: usize = 1_000;

impl App {
    /// A programme with a pool of another group, whose codes are guessed; a key of a role that is in no group.
    async fn guessed(&self, role: &str) -> String {
        let group = "mutation { userGroupCreate(input: {name: \"north\"}) { userGroup { id } } }";
        let group = self.data(group, json!({})).await["userGroupCreate"]["userGroup"]["id"].clone();
        let codes: Vec<String> = (0..GUESSES).map(|number| format!("N-{number:04}")).collect();
        let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
        self.pool(json!({ "type": "AMOUNT", "value": "5", "userGroupId": group }), &codes).await;
        self.key_of(role).await.0
    }

    /// Asks with a key who that is; the headers that tell of budgets, and the body.
    async fn ask_as(&self, key: &str) -> ([Option<String>; 3], String) {
        let request = self.client.post(format!("{}/graphql", self.url)).bearer_auth(key);
        let answer = request.json(&json!({ "query": "{ viewer { name } }" })).send().await.expect("an answer");
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
        let told = ["ratelimit-policy", "ratelimit", "retry-after"].map(header);
        (told, answer.text().await.expect("a body"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sees_no_codes_cannot_look_for_them() {
    let app = App::start().await;
    let viewer = app.guessed("VIEWER").await;
    let mut open = 0;
    for part in 0..GUESSES / 50 {
        let aliases: String = (0..50)
            .map(|number| {
                format!("a{number}: couponsByCode(code: \"N-{:04}\") {{ edges {{ cursor }} }} ", part * 50 + number)
            })
            .collect();
        let answer = app.send(&viewer, &format!("{{ {aliases} }}"), json!({})).await;
        // One that is refused has no answer to the others either.
        open += if answer["data"].is_null() { 0 } else { 50 };
    }
    assert!(open <= 20, "{open} guesses were answered");
    // By how codes begin, and in files, they cannot be looked for at all.
    let own = app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["OPEN-1"]).await;
    let listed =
        format!("{{ pool(id: \"{own}\") {{ coupons(filter: {{codePrefix: \"O\"}}) {{ edges {{ cursor }} }} }} }}");
    assert!(app.send(&viewer, &listed, json!({})).await.to_string().contains("FORBIDDEN"));
    let url = format!("{}/pools/{own}/coupons.csv?codePrefix=O", app.url);
    let file = app.client.get(url).bearer_auth(&viewer).send().await.expect("an answer");
    assert_eq!(file.status(), 403);
    // Later there are some more.
    app.set_clock("2026-01-31T10:01:00Z");
    let again = app.send(&viewer, "{ couponsByCode(code: \"OPEN-1\") { edges { node { code } } } }", json!({})).await;
    assert!(again.to_string().contains("****"), "{again}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_of_another_group_cannot_be_guessed_by_what_is_taken() {
    let app = App::start().await;
    let manager = app.guessed("MANAGER").await;
    let own = app.pool(json!({ "type": "AMOUNT", "value": "5" }), &[]).await;
    let mut taken = 0;
    for number in 0..GUESSES / 10 {
        let codes: Vec<String> = (0..10).map(|last| format!("N-{:04}", number * 10 + last)).collect();
        let payload = app.mutate_as(&manager, "couponsAdd", json!({ "poolId": own, "codes": codes })).await;
        taken += payload["skipped"].as_array().map_or(0, Vec::len);
    }
    assert!((10..=30).contains(&taken), "{taken} codes were found out");
    // Patterns meet the same limit.
    let preview = "query($input: PatternInput!) { patternPreview(input: $input) { userErrors { code message } } }";
    let drafted = app.send(&manager, preview, json!({ "input": { "pattern": "N-0001" } })).await;
    assert_eq!(drafted["errors"][0]["extensions"]["code"], "LIMIT_EXCEEDED", "{drafted}");
    let pool = json!({ "name": "x", "source": "GENERATED", "type": "FREE_SHIPPING", "pattern": "N-0001" });
    let made = app.mutate_as(&manager, "poolCreate", pool).await;
    assert_eq!(made["userErrors"][0]["code"], "LIMIT_EXCEEDED", "{made}");
    // Whoever sees all pools guesses nothing, and adds as many as they like.
    let payload = app.mutate("couponsAdd", json!({ "poolId": own, "codes": vec!["N-0001"; 100] })).await;
    assert_eq!(payload["skipped"].as_array().map(Vec::len), Some(100), "{payload}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customers_guesses_are_counted_however_they_come() {
    let app = App::start().await;
    let service = app.guessed("SERVICE").await;
    let make = "mutation { customerTokenCreate(input: {customerId: \"ann\"}) { token } }";
    let token = text(&app.send(&service, make, json!({})).await["data"]["customerTokenCreate"]["token"]);
    let aliases: String = (0..50)
        .map(|number| {
            format!(
                "a{number}: couponRedeem(input: {{coupon: {{code: \"N-{number:04}\"}}}}) {{ userErrors {{ code }} }} "
            )
        })
        .collect();
    let answer = app.send(&token, &format!("mutation {{ {aliases} }}"), json!({})).await;
    let refused = answer.to_string();
    assert!(refused.matches("NOT_REDEEMABLE").count() <= 20, "{refused}");
    assert!(refused.contains("LIMIT_EXCEEDED"), "{refused}");
    let own = app.pool(json!({ "type": "AMOUNT", "value": "5" }), &[]).await;
    for other in [
        "{ patternPreview(input: {pattern: \"N-0001\"}) { combinations } }".to_owned(),
        format!(
            "mutation {{ couponsAdd(input: {{poolId: \"{own}\", codes: [\"N-0001\"]}}) {{ userErrors {{ code }} }} }}"
        ),
    ] {
        assert!(app.send(&token, &other, json!({})).await.to_string().contains("FORBIDDEN"), "{other}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_key_may_ask_for_is_bounded_and_told() {
    let key = Budget { requests: Some(1), cost: None };
    let budgets = BudgetRules { key, ..BudgetRules::default() };
    let app = App::with(Options { budgets, ..Options::default() }).await;
    let ([policy, left, wait], _) = app.ask_as(&app.key).await;
    assert_eq!(policy.as_deref(), Some("\"requests\";q=10;w=10"));
    assert!(left.is_some_and(|left| left.starts_with("\"requests\";r=9;t=1")), "after one");
    assert_eq!(wait, None);
    let mut refused = None;
    for _ in 0..30 {
        let ([.., wait], body) = app.ask_as(&app.key).await;
        if body.contains("LIMIT_EXCEEDED") {
            refused = wait;
        }
    }
    assert_eq!(refused.as_deref(), Some("1"), "after ten and a few that came back");
    // Another key has its own.
    let other = app.another_key("other").await;
    assert!(!app.ask_as(&other).await.1.contains("LIMIT_EXCEEDED"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_may_have_a_budget_of_its_own() {
    let key = Budget { requests: Some(100), cost: None };
    let app = App::with(Options { budgets: BudgetRules { key, ..BudgetRules::default() }, ..Options::default() }).await;
    let create = "mutation($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) { secret apiKey { id \
        requestsPerMinute costPerMinute } userErrors { code field } } }";
    let input = json!({ "name": "till", "role": "SERVICE", "requestsPerMinute": 3 });
    let made = app.data(create, json!({ "input": input })).await["apiKeyCreate"].clone();
    let (till, id) = (made["secret"].as_str().expect("a secret"), made["apiKey"]["id"].clone());
    assert_eq!((&made["apiKey"]["requestsPerMinute"], &made["apiKey"]["costPerMinute"]), (&json!(3), &json!(null)));
    for left in [2, 1, 0] {
        let ([policy, told, _], _) = app.ask_as(till).await;
        assert_eq!(policy.as_deref(), Some("\"requests\";q=3;w=60"));
        assert!(told.is_some_and(|told| told.starts_with(&format!("\"requests\";r={left};"))), "{left}");
    }
    let ([.., wait], body) = app.ask_as(till).await;
    assert!(
        body.contains("LIMIT_EXCEEDED") && wait.is_some_and(|wait| wait.parse::<u64>().is_ok_and(|wait| wait > 10))
    );
    // It is changed, and taken away, at once.
    let update = "mutation($input: ApiKeyUpdateInput!) { apiKeyUpdate(input: $input) { apiKey { requestsPerMinute } \
        userErrors { code field message } } }";
    let changed = async |number: Value| {
        let input = json!({ "id": id, "requestsPerMinute": number });
        app.data(update, json!({ "input": input })).await["apiKeyUpdate"].clone()
    };
    assert_eq!(changed(json!(600)).await["apiKey"]["requestsPerMinute"], 600);
    assert_eq!(app.ask_as(till).await.0[0].as_deref(), Some("\"requests\";q=600;w=60"));
    assert_eq!(changed(Value::Null).await["apiKey"]["requestsPerMinute"], Value::Null);
    assert_eq!(app.ask_as(till).await.0[0].as_deref(), Some("\"requests\";q=1000;w=10"));
    for wrong in [0, -1] {
        let error = changed(json!(wrong)).await["userErrors"][0].clone();
        assert_eq!(
            (&error["code"], &error["field"]),
            (&json!("VALUE_INVALID"), &json!(["requestsPerMinute"])),
            "{error}"
        );
    }
    app.stop().await;
}
